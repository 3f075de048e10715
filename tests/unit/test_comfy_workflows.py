"""Workflows of ComfyUI: which node does what, by titles and by links, and what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from aquatint.domain.errors import Misconfigured, ModelCannot
from aquatint.engines.comfy import missing
from aquatint.engines.comfy.workflow import Roles, check_inputs, filled, parse, roles
from fake_comfy import INPUTS

EXAMPLES = Path(__file__).parents[2] / "examples/comfyui"
KNOWN: dict[str, Any] = {kind: {"input": {"required": inputs}} for kind, inputs in INPUTS.items()}
Graph = dict[str, Any]


def node(kind: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, **({"_meta": {"title": title}} if title else {})}


def example(name: str) -> Graph:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))


def untitled(name: str) -> Graph:
    graph = example(name)
    for one in graph.values():
        del one["_meta"]
    return graph


def read(graph: Graph) -> Roles:
    return roles(parse(json.dumps(graph), "mine"), "mine")


def refusal(graph: Graph | str) -> str:
    text = graph if isinstance(graph, str) else json.dumps(graph)
    with pytest.raises(Misconfigured) as caught:
        roles(parse(text, "mine"), "mine")
    assert "mine" in caught.value.message
    assert caught.value.fix
    assert caught.value.reason == "comfy_workflow"
    return str(caught.value)


@pytest.mark.parametrize("name", ["generate", "edit", "edit-with-reference", "without-a-model"])
def test_the_examples_are_read_by_their_titles_and_can_be_run(name: str) -> None:
    graph = parse((EXAMPLES / f"{name}.json").read_text("utf-8"), name)
    found = roles(graph, name)
    missing.check(graph, found, KNOWN, name)
    assert [graph[one]["class_type"] for one in found.prompts] == (
        [] if name == "without-a-model" else ["CLIPTextEncode"]
    )
    assert graph[found.output]["class_type"] == "SaveImage"
    assert len(found.images) == {"generate": 0, "edit-with-reference": 2}.get(name, 1)


def test_without_titles_the_samplers_links_say_the_same() -> None:
    assert read(untitled("generate")) == read(example("generate"))
    assert read(untitled("generate")).prompts == ("6",), "the positive one"
    found, titled = read(untitled("edit-with-reference")), read(example("edit-with-reference"))
    assert (found.prompts, found.seeds, found.images, found.mask, found.output) == (
        titled.prompts, titled.seeds, titled.images, titled.mask, titled.output
    )  # fmt: skip
    assert titled.titled
    assert not found.titled


def test_a_guider_a_control_net_and_a_linked_text_are_followed_on_their_positive_side() -> None:
    graph = untitled("generate")
    graph["20"] = node("PrimitiveString", value="a fox")
    graph["6"]["inputs"]["text"] = ["20", 0]
    graph["21"] = node(
        "ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0], control_net=["22", 0]
    )
    graph["22"] = node("ControlNetLoader", control_net_name="x")
    graph["23"] = node("CFGGuider", model=["4", 0], positive=["21", 0], negative=["21", 1], cfg=7.0)
    graph["24"] = node("RandomNoise", noise_seed=7)
    graph["3"] = node(
        "SamplerCustomAdvanced", noise=["24", 0], guider=["23", 0], latent_image=["5", 0]
    )
    found = read(graph)
    assert found.prompts == ("20",)
    assert found.seeds == ("24",)
    assert found.size == "5"
    graph["23"]["inputs"] |= {"positive": ["6", 0], "negative": ["7", 0]}
    assert read(graph).prompts == ("20",)


def test_two_samplers_with_one_prompt_get_one_prompt_and_two_seeds() -> None:
    graph = untitled("generate")
    graph["30"] = copy.deepcopy(graph["3"])
    graph["30"]["inputs"]["latent_image"] = ["3", 0]
    graph["8"]["inputs"]["samples"] = ["30", 0]
    found = read(graph)
    assert (found.prompts, found.seeds, found.size) == (("6",), ("3", "30"), "5")


def test_what_could_be_two_things_is_refused_with_both_ids_and_what_to_title() -> None:
    graph = untitled("generate")
    graph["10"] = node("SaveImage", "The small one", images=["8", 0], filename_prefix="x")
    assert "node 9 (SaveImage), node 10 (The small one)" in refusal(graph)
    assert "aquatint:output" in refusal(graph)
    graph = untitled("generate")
    graph["30"] = copy.deepcopy(graph["3"])
    graph["31"] = node("CLIPTextEncode", "Details", text="", clip=["4", 1])
    graph["30"]["inputs"] |= {"latent_image": ["3", 0], "positive": ["31", 0]}
    graph["8"]["inputs"]["samples"] = ["30", 0]
    assert "prompt could be node 6 (CLIPTextEncode), node 31 (Details)" in refusal(graph)
    graph["31"]["_meta"]["title"] = "aquatint:prompt"
    assert read(graph).prompts == ("31",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no nodes"),
        ('{"a": 1}', "no nodes"),
        ('{"1": {"class_type": "X"}}', "no nodes"),
        ('{"nodes": [], "links": [], "version": 0.4}', "Export (API)"),
    ],
)
def test_what_is_no_workflow_is_refused(text: str, words: str) -> None:
    assert words in refusal(text)


def test_titles_are_checked() -> None:
    graph = example("generate")
    graph["7"]["_meta"]["title"] = "aquatint:prompt"
    assert "prompt is node 6 (aquatint:prompt) and node 7 too" in refusal(graph)
    graph["7"]["_meta"]["title"] = "Aquatint: promt"
    assert "there is no such role; there are prompt, negative" in refusal(graph)
    graph = example("generate")
    graph["8"]["_meta"]["title"] = "aquatint:size"
    del graph["5"]["_meta"]
    assert "node 8 (aquatint:size) has no width and height" in refusal(graph)
    graph = example("generate")
    graph["8"]["_meta"]["title"], graph["3"]["_meta"]["title"] = "aquatint:seed", ""
    assert "node 8 (aquatint:seed) has no seed" in refusal(graph)
    graph = example("edit-with-reference")
    graph["4"]["inputs"]["image"] = ["6", 0]
    assert "node 4 (aquatint:image1) loads no picture" in refusal(graph)
    graph = example("generate")
    graph["6"]["inputs"]["text"] = ["7", 0]
    assert "node 6 (aquatint:prompt) has no text to set" in refusal(graph)


def test_a_workflow_that_saves_nothing_or_reads_no_text_is_refused() -> None:
    graph = untitled("generate")
    del graph["9"]
    assert "no node saves a picture" in refusal(graph)
    graph = untitled("generate")
    graph["3"]["inputs"]["positive"] = ["4", 1]
    assert "no text leads to node 3" in refusal(graph)


def test_a_preview_is_an_output_where_nothing_is_saved() -> None:
    graph = untitled("generate")
    graph["9"] = node("PreviewImage", images=["8", 0])
    assert read(graph).output == "9"


def test_a_graph_is_filled_and_the_file_stays_as_it_was() -> None:
    graph = parse(json.dumps(example("edit-with-reference")), "mine")
    before = json.dumps(graph)
    drawn = filled(
        graph,
        roles(graph, "mine"),
        prompt="a red door",
        size=(640, 480),
        seed=5,
        images=("a.png", "b.png"),
        mask="m.png",
        prefix="aquatint/job-1",
    )
    assert json.dumps(graph) == before
    assert drawn["7"]["inputs"]["text"] == "a red door"
    assert [drawn[one]["inputs"]["image"] for one in ("4", "5", "6")] == ["a.png", "b.png", "m.png"]
    assert drawn["15"]["inputs"]["seed"] == 5
    assert drawn["17"]["inputs"]["filename_prefix"] == "aquatint/job-1"


def test_several_pictures_are_several_prompts_so_a_batch_becomes_one() -> None:
    graph = example("generate")
    graph["5"]["inputs"]["batch_size"] = 4
    whole = parse(json.dumps(graph), "mine")
    drawn = filled(
        whole, roles(whole, "mine"), prompt="x", size=(512, 768), seed=1, images=(), mask=None,
        prefix="p",
    )  # fmt: skip
    assert drawn["5"]["inputs"] == {"width": 512, "height": 768, "batch_size": 1}


def cannot(graph: Graph, images: int, *, mask: bool = False, size: bool = False) -> str:
    with pytest.raises(ModelCannot) as caught:
        check_inputs(read(graph), "mine", images, mask=mask, size_chosen=size)
    return str(caught.value)


def test_a_request_that_does_not_fit_the_workflow_is_refused_before_anything_runs() -> None:
    assert "takes no picture, and 1 were given" in cannot(example("generate"), 1)
    assert "takes 2, and 3 were given" in cannot(example("edit-with-reference"), 3)
    assert "needs 2 picture(s), and 1 were given" in cannot(example("edit-with-reference"), 1)
    assert "needs 2 picture(s), and 0 were given" in cannot(example("edit-with-reference"), 0)
    graph = untitled("edit-with-reference")
    graph["15"]["inputs"]["latent_image"] = ["8", 0]
    assert "takes no mask" in cannot(graph, 1, mask=True)
    graph = untitled("generate")
    graph["5"]["inputs"]["width"] = ["40", 0]
    assert "decides the size by itself" in cannot(graph, 0, size=True)
    said = check_inputs(read(graph), "mine", 0, mask=False, size_chosen=False)
    assert said == ["The workflow mine decides the size by itself."]
    said = check_inputs(read(example("without-a-model")), "mine", 1, mask=True, size_chosen=True)
    assert said == ["The workflow mine reads no prompt."]


def test_untitled_pictures_beyond_those_given_stay_the_workflows_own() -> None:
    found = read(untitled("edit-with-reference"))
    assert check_inputs(found, "mine", 1, mask=False, size_chosen=False) == []


def test_the_mask_may_be_the_transparency_of_the_picture() -> None:
    graph = untitled("edit-with-reference")
    del graph["6"]
    graph["14"]["inputs"]["mask"] = ["4", 1]
    found = read(graph)
    assert (found.mask, found.alpha) == (None, True)


def test_missing_nodes_and_models_are_named_with_what_is_there() -> None:
    graph = example("generate")
    graph["4"]["inputs"]["ckpt_name"] = "sd_xl_base_0.9.safetensors"
    graph["8"]["class_type"] = "VAEDecodeTiled"
    whole = parse(json.dumps(graph), "mine")
    with pytest.raises(Misconfigured) as caught:
        missing.check(whole, roles(whole, "mine"), KNOWN, "mine")
    said = caught.value.message
    assert "node 8 (VAE Decode) is of the kind VAEDecodeTiled, which is not installed" in said
    assert "ckpt_name='sd_xl_base_0.9.safetensors', and there is sd_xl_base_1.0" in said
    nothing: Graph = KNOWN | {
        "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [[]]}}}
    }
    with pytest.raises(Misconfigured, match="and there is nothing"):
        missing.check(whole, roles(whole, "mine"), nothing, "mine")

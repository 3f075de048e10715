"""Workflows in ComfyUI's API format: which node does what, and a graph for an order. Pure.

`{"3": {"class_type": "KSampler", "inputs": {"seed": 1, "model": ["4", 0]}, "_meta": {..}}}`
An input is a value, or a link to an output of another node.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...domain.errors import Misconfigured, ModelCannot
from ...domain.json_values import as_list, as_object

PREFIX = "aquatint:"  # of the titles that say what a node is
TEXTS = ("text", "prompt", "string", "value", "text_g", "text_l", "clip_l", "t5xxl")
SEEDS = ("seed", "noise_seed")
ROLES = ("prompt", "negative", "size", "seed", "mask", "output")  # and image1 to image16
MOST_IMAGES = 16
UNUSABLE = "comfy_workflow"  # the code of an error: the file is to be changed
HOW = "docs/comfyui.md says where to click"

Node = Mapping[str, Any]
Graph = Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Roles:
    """Node ids by what they do. `alpha`: the mask is the transparency of the first picture.

    `titled` images must all be given; others are the workflow's own where an order has fewer.
    """

    prompts: tuple[str, ...]
    size: str | None
    seeds: tuple[str, ...]
    images: tuple[str, ...]
    titled: bool
    mask: str | None
    alpha: bool
    output: str


def parse(text: str, name: str) -> Graph:
    """The graph of a file. Raises Misconfigured, also for the format of ComfyUI's own editor."""
    try:
        graph = json.loads(text)
    except ValueError as exc:
        raise _unusable(name, f"it is not JSON: {exc}") from exc
    rows = as_object(graph)
    if "nodes" in rows and "links" in rows:
        raise Misconfigured(
            f"The workflow {name} is saved as ComfyUI's editor opens it, which cannot be run.",
            "Open it in ComfyUI and export it with Workflow > Export (API); in old versions switch "
            "on the developer mode and use Save (API Format).",
            code=UNUSABLE,
        )
    rows = as_object(rows.get("prompt")) or rows  # as it is posted
    nodes = {key: node for key, node in rows.items() if _is_node(as_object(node))}
    if not nodes or len(nodes) != len(rows):
        raise _unusable(name, "its parts are no nodes with class_type and inputs")
    return nodes


def _is_node(node: Node) -> bool:
    return isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)


def called(graph: Graph, node: str) -> str:
    """A node as an error names it: its id, and the title that it has in the editor."""
    return f"node {node} ({title(graph[node]) or graph[node]['class_type']})"


def title(node: Node) -> str:
    found = as_object(node.get("_meta")).get("title")
    return found.strip() if isinstance(found, str) else ""


def roles(graph: Graph, name: str) -> Roles:
    """Which node is which: by titles, and what has none by the links of the sampler.

    Raises Misconfigured with the ids in question and what to title.
    """
    named = _titled(graph, name)
    output = named.get("output") or _output(graph, name)
    near = {output, *_upstream(graph, [output])}  # what the output is made of
    samplers = [node for node in near if _is_sampler(graph[node])]
    prompt = named.get("prompt")
    prompts = (prompt,) if prompt else _prompts(graph, samplers, name)
    for node in prompts:
        if not _set_by(graph[node], TEXTS, str):
            raise _unusable(name, f"{called(graph, node)} has no text to set")
    seeds = _seeds(graph, named, near, name)
    size = named.get("size")
    if size is None:
        size = _size(graph, samplers)
    elif not _has_size(graph[size]):
        raise _unusable(name, f"{called(graph, size)} has no width and height to set")
    images, titled = _images(graph, named, near)
    mask = named.get("mask") or _one(
        graph, (node for node in near if graph[node]["class_type"] == "LoadImageMask"), "mask", name
    )
    alpha = mask is None and bool(images) and _gives_mask(graph, images[0])
    for node in (*images, *([mask] if mask else [])):
        if not isinstance(graph[node]["inputs"].get("image"), str):
            raise _unusable(name, f"{called(graph, node)} loads no picture")
    return Roles(prompts, size, seeds, images, titled, mask, alpha, output)


def check_inputs(
    found: Roles, name: str, images: int, *, mask: bool, size_chosen: bool
) -> list[str]:
    """Notes on what the workflow leaves out. Raises ModelCannot for what it cannot take."""
    if images > len(found.images):
        can = f"takes {len(found.images)}" if found.images else "takes no picture"
        raise ModelCannot(
            f"The workflow {name} {can}, and {images} were given.",
            f"Give fewer, name another workflow, or add nodes Load Image titled {PREFIX}image1 and "
            "so on to it.",
        )
    if found.titled and images < len(found.images):
        raise ModelCannot(
            f"The workflow {name} needs {len(found.images)} picture(s), and {images} were given.",
            "Use edit_image with that many, or name another workflow.",
        )
    if mask and found.mask is None and not found.alpha:
        raise ModelCannot(
            f"The workflow {name} takes no mask.",
            f"Edit without a mask, or add a node Load Image (as Mask) titled {PREFIX}mask to it.",
        )
    notes: list[str] = []
    if not found.prompts:
        notes.append(f"The workflow {name} reads no prompt.")
    if found.size is None and not images:
        if size_chosen:
            raise ModelCannot(
                f"The workflow {name} decides the size by itself.",
                f"Leave size out, or title its node that has width and height {PREFIX}size.",
            )
        notes.append(f"The workflow {name} decides the size by itself.")
    return notes


def filled(
    graph: Graph,
    found: Roles,
    *,
    prompt: str,
    size: tuple[int, int] | None,
    seed: int,
    images: tuple[str, ...],
    mask: str | None,
    prefix: str,
) -> dict[str, Any]:
    """The graph that draws one picture; `images` and `mask` are names of uploaded files."""
    drawn: dict[str, Any] = json.loads(json.dumps(graph))

    def put(node: str, names: tuple[str, ...], kind: type, value: object) -> None:
        for name in _set_by(graph[node], names, kind):
            drawn[node]["inputs"][name] = value

    for node in found.prompts:
        put(node, TEXTS, str, prompt)
    for node in found.seeds:
        put(node, SEEDS, int, seed)
    if found.size is not None and size is not None:
        drawn[found.size]["inputs"] |= {"width": size[0], "height": size[1]}
        put(found.size, ("batch_size",), int, 1)  # several pictures are several prompts
    for node, name in zip(found.images, images, strict=False):
        drawn[node]["inputs"]["image"] = name
    if found.mask is not None and mask is not None:
        drawn[found.mask]["inputs"]["image"] = mask
    put(found.output, ("filename_prefix",), str, prefix)
    return drawn


def _titled(graph: Graph, name: str) -> dict[str, str]:
    """Node ids by the role that their titles name."""
    known = {*ROLES, *(f"image{number}" for number in range(1, MOST_IMAGES + 1))}
    named: dict[str, str] = {}
    for key, node in graph.items():
        words = title(node).lower()
        if not words.startswith(PREFIX):
            continue
        role = words.removeprefix(PREFIX).strip()
        if role not in known:
            raise _unusable(
                name, f"{called(graph, key)}: there is no such role; there are {', '.join(ROLES)}, "
                f"image1 to image{MOST_IMAGES}"
            )  # fmt: skip
        if role in named:
            raise _unusable(name, f"{role} is {called(graph, named[role])} and node {key} too")
        named[role] = key
    return named


def _links(node: Node) -> Iterator[tuple[str, str, int]]:
    """The inputs of a node that are links: their name, the other node, which of its outputs."""
    for name, value in node["inputs"].items():
        link = as_list(value)
        if len(link) == 2 and isinstance(link[1], int):
            yield name, str(link[0]), link[1]


def _upstream(graph: Graph, nodes: Iterable[str]) -> set[str]:
    """Every node that these are made of."""
    seen: set[str] = set()
    waiting = list(nodes)
    while waiting:
        for _, other, _ in _links(graph[waiting.pop()]):
            if other in graph and other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def _set_by(node: Node, names: tuple[str, ...], kind: type) -> list[str]:
    """Inputs of these names whose values stand in the node itself."""
    values = node["inputs"]
    return [name for name in names if type(values.get(name)) is kind]


def _has_size(node: Node) -> bool:
    return len(_set_by(node, ("width", "height"), int)) == 2


def _is_sampler(node: Node) -> bool:
    links = {name for name, _, _ in _links(node)}
    return "latent_image" in links and bool(links & {"positive", "guider"})


def _output(graph: Graph, name: str) -> str:
    for kind in ("SaveImage", "PreviewImage"):
        found = [key for key, node in graph.items() if node["class_type"] == kind]
        one = _one(graph, found, "output", name)
        if one is not None:
            return one
    raise _unusable(name, f"no node saves a picture; title the one that does {PREFIX}output")


def _prompts(graph: Graph, samplers: list[str], name: str) -> tuple[str, ...]:
    """The texts that the samplers' positive input comes from; none where nothing samples."""
    if not samplers:
        return ()
    found: set[str] = set()
    for sampler in samplers:
        for link, other, output in _links(graph[sampler]):
            if link in {"positive", "guider"}:
                found |= set(_texts(graph, other, output, set()))
    if not found:
        raise _unusable(
            name, f"no text leads to {called(graph, samplers[0])}; title the one {PREFIX}prompt"
        )
    one = _one(graph, found, "prompt", name)
    return (one,) if one else ()


def _texts(graph: Graph, node: str, output: int, seen: set[str]) -> Iterator[str]:
    """The nearest nodes upstream with a text of their own; of the positive side, where two are."""
    if node not in graph or node in seen:
        return
    seen.add(node)
    if _set_by(graph[node], TEXTS, str):
        yield node
        return
    links = list(_links(graph[node]))
    two_sided = {"positive", "negative"} <= {name for name, _, _ in links}
    skipped = "negative" if output == 0 else "positive"
    for name, other, of in links:
        if name in {"clip", "model", "vae", "image", "pixels", "control_net"}:
            continue
        if not (two_sided and name == skipped):
            yield from _texts(graph, other, of, seen)


def _seeds(graph: Graph, named: Mapping[str, str], near: set[str], name: str) -> tuple[str, ...]:
    if "seed" not in named:
        return tuple(sorted(node for node in near if _set_by(graph[node], SEEDS, int)))
    node = named["seed"]
    if not _set_by(graph[node], SEEDS, int):
        raise _unusable(name, f"{called(graph, node)} has no seed to set")
    return (node,)


def _size(graph: Graph, samplers: list[str]) -> str | None:
    """What the samplers' empty latent says, else what a picture is scaled to on its way there."""
    found: set[str] = set()
    for sampler in samplers:
        for link, other, _ in _links(graph[sampler]):
            if link == "latent_image" and other in graph:
                found |= {n for n in (other, *_upstream(graph, [other])) if _has_size(graph[n])}
    found -= set(samplers)
    return found.pop() if len(found) == 1 else None


def _images(graph: Graph, named: Mapping[str, str], near: set[str]) -> tuple[tuple[str, ...], bool]:
    numbered = [f"image{number}" for number in range(1, MOST_IMAGES + 1)]
    titled = tuple(named[role] for role in numbered if role in named)
    if titled:
        return titled, True
    loads = [key for key in near if graph[key]["class_type"] == "LoadImage"]
    free = [key for key in loads if key not in named.values()]
    return tuple(sorted(free, key=lambda key: (len(key), key))), False


def _gives_mask(graph: Graph, image: str) -> bool:
    """Whether something takes the mask that Load Image reads from a picture's transparency."""
    return any(
        other == image and output == 1
        for node in graph.values()
        for _, other, output in _links(node)
    )


def _one(graph: Graph, nodes: Iterable[str], role: str, name: str) -> str | None:
    found = sorted(nodes, key=lambda key: (len(key), key))
    if len(found) > 1:
        which = ", ".join(called(graph, key) for key in found)
        raise _unusable(
            name, f"{role} could be {which}; title the one that is meant {PREFIX}{role}"
        )
    return found[0] if found else None


def _unusable(name: str, why: str) -> Misconfigured:
    return Misconfigured(
        f"The workflow {name} cannot be used: {why}.",
        f"Change it in ComfyUI and export it again (API); {HOW}.",
        code=UNUSABLE,
    )

"""The ComfyUI engine over real sockets: drawn, watched, refused, cancelled, taken up again."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from aquatint.domain import errors
from aquatint.domain.engine import Event, Finished, Inputs, Partial, Progress
from aquatint.domain.errors import AquatintError
from aquatint.domain.types import Order
from aquatint.engines.comfy.engine import ComfyEngine
from aquatint.engines.comfy.waiting import LOOK, prefix_of, prompt_of, seed_of
from contract.test_openai import TempPart
from fake_comfy import FakeComfy, serve
from ledger import until

EXAMPLES = Path(__file__).parents[2] / "examples/comfyui"
JOB = "job-abcdefgh"


def png(colour: str = "white", size: tuple[int, int] = (640, 480), mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def left_half() -> bytes:
    """A mask that says: change the left half."""
    image = Image.new("RGBA", (640, 480), "white")
    image.paste((0, 0, 0, 0), (0, 0, 320, 480))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


class Bench:
    """A ComfyUI in a thread, and engines that talk to it."""

    def __init__(self, folder: Path, fake: FakeComfy, url: str) -> None:
        self.folder, self.fake, self.url = folder, fake, url
        self.events: list[Event] = []
        self.engines: list[ComfyEngine] = []
        self._made = 0

    def engine(self, name: str = "generate", **more: Any) -> ComfyEngine:
        said: dict[str, Any] = {"url": self.url, "workflow": EXAMPLES / f"{name}.json"} | more
        self.engines.append(ComfyEngine(**said))
        return self.engines[-1]

    def part(self) -> TempPart:
        self._made += 1
        return TempPart(self.folder / f"{self._made}.part")

    def parts(self) -> int:
        return len(list(self.folder.glob("*.part")))

    async def draw(
        self, engine: ComfyEngine | None = None, inputs: Inputs | None = None, **order: Any
    ) -> Finished:
        said: dict[str, Any] = {
            "prompt": "a fox",
            "model": "comfy",
            "size": "512x512",
            "quality": "auto",
        }
        one = engine or self.engine()
        return await self.all(
            one.render(Order(**said | order), inputs or Inputs(), self.part, job=JOB)
        )

    async def all(self, events: AsyncIterator[Event]) -> Finished:
        self.events = []
        with anyio.fail_after(30):
            async for event in events:
                self.events.append(event)
        finished = self.events[-1]
        assert isinstance(finished, Finished)
        return finished

    async def fail(self, engine: ComfyEngine | None = None, **order: Any) -> AquatintError:
        with pytest.raises(AquatintError) as caught:
            await self.draw(engine, **order)
        assert caught.value.spent == "no"
        assert caught.value.fix
        assert caught.value.__cause__ is None or isinstance(caught.value, errors.Misconfigured)
        return caught.value


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    fake = FakeComfy(tmp_path / "comfy")
    parts = tmp_path / "parts"
    parts.mkdir()
    with serve(fake) as url:
        bench = Bench(parts, fake, url)
        yield bench
        for engine in bench.engines:
            await engine.aclose()


def opened(finished: Finished, index: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(finished.parts[index].read())).convert("RGB")


async def test_a_picture_is_drawn_by_the_workflow_and_its_seed_is_told(bench: Bench) -> None:
    finished = await bench.draw(prompt="ein Fuchs 狐狸 ثعلب", size="768x512")
    assert opened(finished).size == (768, 512)
    (posted,) = bench.fake.posted
    assert posted["prompt_id"] == prompt_of(JOB, 0)
    assert posted["prompt"]["6"]["inputs"]["text"] == "ein Fuchs 狐狸 ثعلب"
    assert posted["prompt"]["7"]["inputs"]["text"] == "blurry, watermark, text"
    assert posted["prompt"]["3"]["inputs"]["seed"] == seed_of(JOB, 0)
    assert finished.notes == (f"seed: {seed_of(JOB, 0)}.",)
    assert finished.cost_usd == 0
    assert (bench.fake.folder / "output" / f"{prefix_of(JOB, 0)}_00001_.png").is_file()


async def test_its_steps_and_early_looks_are_told_while_it_draws(bench: Bench) -> None:
    bench.fake.seconds = 0.05
    began = anyio.current_time()
    await bench.draw()
    took = anyio.current_time() - began
    kinds = [type(event).__name__ for event in bench.events]
    assert kinds[0] == "Sent"
    steps = [event.words for event in bench.events if isinstance(event, Progress)]
    assert "step 3 of 25" in steps
    looks = [event for event in bench.events if isinstance(event, Partial)]
    assert 1 <= len(looks) <= 1 + took / LOOK, "one a second, however long it took"
    assert Image.open(io.BytesIO(looks[0].part.read())).format == "JPEG"


async def test_without_the_websocket_it_is_drawn_all_the_same(bench: Bench) -> None:
    bench.fake.mode, bench.fake.seconds = "mute", 0.05
    assert opened(await bench.draw()).size == (512, 512)


async def test_several_pictures_are_several_prompts_with_seeds_of_their_own(bench: Bench) -> None:
    bench.fake.seconds = 0.01
    finished = await bench.draw(n=3)
    assert len(finished.parts) == 3
    assert len({part.read() for part in finished.parts}) == 3
    seeds = [body["prompt"]["3"]["inputs"]["seed"] for body in bench.fake.posted]
    assert seeds == [seed_of(JOB, 0), seed_of(JOB, 1), seed_of(JOB, 2)]
    assert "picture 3 of 3, step 25 of 25" in {
        event.words for event in bench.events if isinstance(event, Progress)
    }


async def test_of_several_pictures_those_that_came_are_kept(bench: Bench) -> None:
    bench.fake.fails_at = {1}
    finished = await bench.draw(n=3)
    assert len(finished.parts) == 2
    assert "Picture 2 of 3 did not come: ComfyUI failed in node 3" in finished.notes[-1]
    assert bench.parts() == 2
    bench.fake.fails_at = {0}
    bench.fake.posted.clear()
    later = bench.engine().render(
        Order(prompt="x", model="comfy", size="512x512", quality="auto", n=2),
        Inputs(),
        bench.part,
        job="job-later",
    )
    assert len((await bench.all(later)).parts) == 1, "the first one failed, the second came"


async def test_an_edit_sends_pictures_and_mask_under_names_of_the_job(bench: Bench) -> None:
    inputs = Inputs((png("white"), png("teal")), left_half())
    finished = await bench.draw(
        bench.engine("edit-with-reference"), inputs, size="640x480", images=("a", "b"), mask="m"
    )
    image = opened(finished)
    assert image.getpixel((600, 240)) == (255, 255, 255)
    assert image.getpixel((40, 240)) != (255, 255, 255)
    names = sorted(path.name for path in (bench.fake.folder / "input/aquatint").iterdir())
    assert names == [f"{JOB}-image1.png", f"{JOB}-image2.png", f"{JOB}-mask.png"]
    assert bench.fake.posted[0]["prompt"]["4"]["inputs"]["image"] == f"aquatint/{JOB}-image1.png"


async def test_the_workflow_without_a_model_paints_red_where_the_mask_says(bench: Bench) -> None:
    finished = await bench.draw(
        bench.engine("without-a-model"),
        Inputs((png("white"),), left_half()),
        size="640x480",
        images=("a",),
        mask="m",
    )
    image = opened(finished)
    assert (image.getpixel((100, 100)), image.getpixel((500, 100))) == (
        (204, 51, 51), (255, 255, 255)
    )  # fmt: skip
    assert finished.notes == ("The workflow without-a-model reads no prompt.",)


async def test_without_a_mask_the_whole_picture_may_change(bench: Bench) -> None:
    finished = await bench.draw(
        bench.engine("without-a-model"), Inputs((png("white"),)), size="640x480", images=("a",)
    )
    assert opened(finished).getpixel((500, 100)) == (204, 51, 51)


async def test_a_mask_may_travel_in_the_pictures_transparency(bench: Bench, tmp_path: Path) -> None:
    graph = json.loads((EXAMPLES / "without-a-model.json").read_text())
    del graph["2"]
    graph["5"]["inputs"]["mask"] = ["1", 1]
    file = tmp_path / "alpha.json"
    file.write_text(json.dumps(graph))
    finished = await bench.draw(
        bench.engine(workflow=file),
        Inputs((png("white"),), left_half()),
        size="640x480",
        images=("a",),
        mask="m",
    )
    image = opened(finished)
    assert image.getpixel((100, 100)) == (204, 51, 51)
    assert image.getpixel((500, 100)) == (255, 255, 255)


async def test_one_of_several_workflows_is_named_and_the_usual_one_is_not(
    bench: Bench, tmp_path: Path
) -> None:
    folder = bench.engine(workflow=EXAMPLES)
    await bench.draw(folder)
    inputs = Inputs((png(),), left_half())
    await bench.draw(
        folder, inputs, model="comfy:without-a-model", size="640x480", images=("a",), mask="m"
    )
    said = await bench.fail(folder, model="comfy:generat")
    assert "There is no workflow generat" in str(said)
    assert "comfy:generate" in str(said)
    (tmp_path / "one").mkdir()
    (tmp_path / "one/a.json").write_text((EXAMPLES / "generate.json").read_text())
    (tmp_path / "one/b.json").write_text("{}")
    several = bench.engine(workflow=tmp_path / "one")
    assert "comfy means generate.json here, and there are comfy:a, comfy:b" in str(
        await bench.fail(several)
    )
    for place in (None, tmp_path / "nowhere"):
        nowhere = bench.engine(workflow=place)
        assert "AQUATINT_COMFY_WORKFLOW" in str(await bench.fail(nowhere))
    assert not [one for one in bench.fake.asked if one.startswith("POST")][5:], "nothing more ran"


@pytest.mark.parametrize(
    ("mode", "kind", "code", "words"),
    [
        ("fails", errors.Unavailable, "comfy_failed", "node 3 (aquatint:seed): mat1 and mat2"),
        ("memory", errors.Unavailable, "comfy_failed", "Ask for a smaller size"),
        ("refuses", errors.Misconfigured, "comfy_workflow", "Value not in list (x)"),
        ("forbids", errors.Misconfigured, "comfy_forbidden", "let nobody in (401)"),
        ("html", errors.Misconfigured, "no_comfy", "is no ComfyUI"),
        ("renames", errors.Unavailable, "unavailable", "another id"),
    ],
)
async def test_what_comfyui_says_becomes_an_error_with_what_to_do(
    bench: Bench, mode: str, kind: type[AquatintError], code: str, words: str
) -> None:
    bench.fake.mode = mode
    error = await bench.fail()
    assert type(error) is kind
    assert error.reason == code
    assert words in str(error)
    assert bench.parts() <= 1, "early looks are their reader's to discard"


async def test_where_prompts_are_not_kept_no_word_of_one_comes_back(bench: Bench) -> None:
    bench.fake.mode = "fails"
    error = await bench.fail(
        bench.engine(keep_prompts=False), prompt="mat1 and mat2 shapes cannot be multiplied"
    )
    assert "mat1" not in str(error)
    assert "mat1" in str(await bench.fail(prompt="mat1 and mat2 shapes cannot be multiplied"))


async def test_no_secret_of_the_address_is_told(bench: Bench) -> None:
    url = bench.url.replace("://", "://ann:hunter22@")
    engine = bench.engine(url=url)
    await bench.draw(engine)
    bench.fake.mode = "forbids"
    assert "hunter22" not in str(await bench.fail(engine))
    nobody = bench.engine(url="http://ann:hunter22@127.0.0.1:9")
    error = await bench.fail(nobody)
    assert "does not answer" in str(error)
    assert "hunter22" not in str(error)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8188", "ftp://x", "http://[::1", "http://"])
async def test_an_address_that_is_none_is_named(bench: Bench, url: str) -> None:
    engine = bench.engine(url=url)
    assert "AQUATINT_COMFY_URL" in str(await bench.fail(engine))


async def test_a_connection_that_breaks_costs_no_picture(bench: Bench) -> None:
    bench.fake.mode = "hangs up"
    finished = await bench.draw()
    assert opened(finished).size == (512, 512)
    assert bench.fake.asked.count("GET /view") == 2
    assert bench.parts() == 1


async def test_the_deadline_takes_it_out_of_the_queue(bench: Bench) -> None:
    bench.fake.seconds = 1.0
    error = await bench.fail(bench.engine(deadline=2))
    assert error.reason == "timeout"
    assert "AQUATINT_DEADLINE" in error.fix
    assert bench.fake.interrupted == {prompt_of(JOB, 0)}


async def test_cancel_stops_its_own_prompts_and_nobody_elses(bench: Bench) -> None:
    bench.fake.seconds = 0.2
    order = Order(prompt="a fox", model="comfy", size="512x512", quality="auto", n=2)
    engine = bench.engine()
    told: list[AquatintError] = []

    async def drawing() -> None:
        told.append(await bench.fail(engine, n=2))

    async with anyio.create_task_group() as group:
        group.start_soon(drawing)
        await anyio.to_thread.run_sync(until, lambda: bench.fake.running and bench.fake.pending)
        bench.fake.pending.append([99, "another's", {}, {"client_id": "x"}, []])
        assert not await engine.cancel(order, job="job-of-nobody")
        assert not bench.fake.interrupted
        assert await engine.cancel(order, job=JOB)
    assert told[0].reason == "cancelled"
    assert "nothing was paid" in told[0].message
    await anyio.to_thread.run_sync(until, lambda: "another's" in bench.fake.history)
    assert bench.fake.interrupted == {prompt_of(JOB, 0)}
    assert prompt_of(JOB, 1) not in bench.fake.history
    assert not await engine.cancel(order, job=JOB), "it has ended"


async def resumed(bench: Bench, n: int = 1) -> Finished:
    order = Order(prompt="a fox", model="comfy", size="512x512", quality="auto", n=n)
    return await bench.all(bench.engine().resume(order, bench.part, job=JOB, ticket=""))


async def test_another_process_fetches_what_one_that_is_gone_has_sent(bench: Bench) -> None:
    first = await bench.draw(n=2)
    posts = len(bench.fake.posted)
    again = await resumed(bench, 2)
    assert [part.read() for part in again.parts] == [part.read() for part in first.parts]
    assert len(bench.fake.posted) == posts, "nothing was sent"
    assert "fetched afterwards" in again.notes[0]


async def test_a_comfyui_that_was_started_again_still_has_the_file(bench: Bench) -> None:
    first = await bench.draw()
    bench.fake.history.clear()
    again = await resumed(bench)
    assert again.parts[0].read() == first.parts[0].read()
    (bench.fake.folder / "output" / f"{prefix_of(JOB, 0)}_00001_.png").unlink()
    with pytest.raises(errors.Unavailable, match="started again"):
        await resumed(bench)


async def test_the_doctor_hears_of_version_nodes_and_what_is_missing(bench: Bench) -> None:
    (first, *workflows) = await bench.engine(workflow=EXAMPLES).check()
    assert (first.level, "0.3.64" in first.text, "Fake 4090 with 24 GB" in first.text) == (
        "ok", True, True
    )  # fmt: skip
    assert [one.name for one in workflows] == [
        "workflow edit", "workflow edit-with-reference", "workflow generate",
        "workflow without-a-model",
    ]  # fmt: skip
    assert {one.level for one in workflows} == {"ok"}
    assert "prompt 7" in workflows[0].text
    asked = len(bench.fake.asked)
    assert len(await bench.engine().check(online=False)) == 1
    assert len(bench.fake.asked) == asked, "offline asks nobody"
    nobody = bench.engine(url="http://127.0.0.1:9", workflow=EXAMPLES)
    assert [one.level for one in await nobody.check()] == ["fail"]


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("status", None),
        ("status", {"messages": [1, [], ["x"], {"y": 1}]}),
        ("outputs", {"x": None, "y": {"images": None}, "z": {"images": [1]}}),
    ],
)
async def test_a_history_of_other_shapes_crashes_nothing(
    bench: Bench, part: str, other: dict[str, Any] | None
) -> None:
    first = await bench.draw()
    history = bench.fake.history[prompt_of(JOB, 0)]
    history[part] = {**history["outputs"], **(other or {})} if part == "outputs" else other
    assert (await resumed(bench)).parts[0].read() == first.parts[0].read()
    bench.fake.history[prompt_of(JOB, 0)]["outputs"] = 7
    with pytest.raises(errors.Misconfigured, match="without a picture"):
        await resumed(bench)


async def test_a_seed_that_was_asked_for_is_taken_and_told(bench: Bench) -> None:
    finished = await bench.draw(n=2, seed=2**53 - 1)
    seeds = [body["prompt"]["3"]["inputs"]["seed"] for body in bench.fake.posted]
    assert seeds == [2**53 - 1, 0]
    assert f"seed: {2**53 - 1}, 0." in finished.notes


async def test_a_workflow_without_a_seed_takes_none(bench: Bench) -> None:
    with pytest.raises(errors.ModelCannot, match="has no seed"):
        await bench.draw(bench.engine("without-a-model"), Inputs((png("white"),)), seed=1)
    assert not bench.fake.posted

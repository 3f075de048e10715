"""The one suite that every engine passes: what it says, what it leaves, what it never does."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import httpx2
import pytest
from PIL import Image

from aquatint.domain.conversation import Conversation
from aquatint.domain.engine import Accepted, Engine, Event, Finished, Inputs, Partial, Sent
from aquatint.domain.errors import AquatintError, ModelCannot
from aquatint.domain.types import Finding, Order
from aquatint.engines.comfy import ComfyEngine
from aquatint.engines.draft import DraftEngine
from aquatint.engines.openai import Connection, OpenAIEngine, ResponsesEngine
from contract.test_openai import TempPart
from fake_comfy import FakeComfy, serve
from fake_openai import fake_openai
from plain_engine import NoFetch

EXAMPLES = Path(__file__).parents[2] / "examples/comfyui"
JOB = "job-contract"


@dataclass
class Bench:
    """An engine, the model and quality that it takes, and a folder for its parts."""

    engine: Engine
    model: str
    folder: Path
    edits: str  # the model for edits
    fails: Any = None  # makes the next call fail
    asked: list[str] = field(default_factory=list[str])
    talks: Conversation | None = None  # it draws what a conversation is about, one a turn
    made: int = 0

    def part(self) -> TempPart:
        self.made += 1
        return TempPart(self.folder / f"{self.made}.part")

    def order(self, **more: Any) -> Order:
        quality = "auto" if self.model == "comfy" else "low"
        said: dict[str, Any] = {"prompt": "a fox", "model": self.model, "size": "1024x1024"}
        said |= {"quality": quality, "conversation": self.talks}
        return Order.model_validate(said | more)

    async def draw(self, inputs: Inputs | None = None, **order: Any) -> list[Event]:
        events: list[Event] = []
        given = inputs or Inputs((png(),) if self.talks else ())
        drawing = self.engine.render(self.order(**order), given, self.part, job=JOB)
        with anyio.fail_after(30):
            async for event in drawing:
                if isinstance(event, Partial):
                    event.part.discard()
                events.append(event)
        return events

    def left(self) -> int:
        return len(list(self.folder.iterdir()))


@pytest.fixture(params=["draft", "openai", "responses", "comfy"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Bench]:
    folder = tmp_path / "parts"
    folder.mkdir()
    if request.param == "draft":
        yield Bench(DraftEngine(), "draft", folder, "draft")
    elif request.param in ("openai", "responses"):
        fake = fake_openai()

        def refuse() -> None:
            fake.mode = "rate_limit"

        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=fake)) as http:
            there = Connection(api_key="sk-test", http_client=http)
            engine: Engine = OpenAIEngine(there, fetch=NoFetch(), sleep=_at_once)
            model = "gpt-image-2.5-flare"
            if request.param == "responses":
                engine = ResponsesEngine(there, sleep=_at_once)
            bench = Bench(engine, model, folder, model, refuse)
            if request.param == "responses":
                bench.talks = Conversation(mainline="gpt-5.6-terra")
            yield bench
    else:
        comfy = FakeComfy(tmp_path / "comfy")

        def fail() -> None:
            comfy.mode = "fails"

        with serve(comfy) as url:
            engine = ComfyEngine(url=url, workflow=EXAMPLES)
            yield Bench(engine, "comfy", folder, "comfy:without-a-model", fail, comfy.asked)
            await engine.aclose()


async def _at_once(seconds: float) -> None:
    """Pauses are not waited for."""


def png(mode: str = "RGB", colour: Any = "white") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (1024, 1024), colour).save(file, "PNG")
    return file.getvalue()


async def test_it_says_that_it_sends_first_and_ends_with_the_pictures(bench: Bench) -> None:
    events = await bench.draw()
    assert isinstance(events[0], Sent)
    assert [isinstance(event, Finished) for event in events] == [False] * (len(events) - 1) + [True]
    finished = events[-1]
    assert isinstance(finished, Finished)
    (part,) = finished.parts
    with Image.open(io.BytesIO(part.read())) as image:
        image.load()
        assert image.size == (1024, 1024)
    assert bench.left() == 1, "nothing but the picture is left"


async def test_it_draws_as_many_as_are_asked_for(bench: Bench) -> None:
    if bench.talks:
        pytest.skip("a conversation draws one picture a turn")
    finished = (await bench.draw(n=2))[-1]
    assert isinstance(finished, Finished)
    assert len(finished.parts) == 2
    assert bench.left() == 2


async def test_it_takes_a_picture_and_a_mask(bench: Bench) -> None:
    inputs = Inputs((png(),), png("RGBA", (0, 0, 0, 0)))
    finished = (await bench.draw(inputs, model=bench.edits, images=("a",), mask="m"))[-1]
    assert isinstance(finished, Finished)
    with Image.open(io.BytesIO(finished.parts[0].read())) as image:
        assert image.size == (1024, 1024)


async def test_it_raises_our_errors_only_and_leaves_nothing_behind(bench: Bench) -> None:
    if bench.fails is None:
        with pytest.raises(ModelCannot):
            await bench.draw(format="svg")
    else:
        bench.fails()
        with pytest.raises(AquatintError) as caught:
            await bench.draw()
        assert caught.value.fix
    assert bench.left() == 0


async def test_whoever_stops_listening_leaves_no_part_behind(bench: Bench) -> None:
    drawing = cast(
        "AsyncGenerator[Event, None]",
        bench.engine.render(bench.order(n=2), Inputs(), bench.part, job=JOB),
    )
    async with aclosing(drawing):
        assert isinstance(await anext(drawing), Sent)
    assert bench.left() == 0


async def test_a_check_offline_asks_no_network_and_costs_nothing(bench: Bench) -> None:
    found = await bench.engine.check((), online=False)
    assert all(isinstance(line, Finding) for line in found)
    assert not bench.asked


async def test_what_cannot_be_stopped_or_found_again_says_so(bench: Bench) -> None:
    assert not await bench.engine.cancel(bench.order(), job="job-of-nobody")
    with pytest.raises(AquatintError):
        async for _ in bench.engine.resume(
            bench.order(), bench.part, job="job-of-nobody", ticket="resp-of-nobody"
        ):
            pass
    assert bench.left() == 0


async def test_what_can_be_found_again_is_the_same_picture(bench: Bench) -> None:
    events, again = await bench.draw(), None
    ticket = "".join(event.ticket for event in events if isinstance(event, Accepted))
    if not bench.engine.resumes(ticket):
        pytest.skip("nothing is known of another process's call")
    first = events[-1]
    async for event in bench.engine.resume(bench.order(), bench.part, job=JOB, ticket=ticket):
        assert not isinstance(event, Sent)
        again = event
    assert isinstance(first, Finished)
    assert isinstance(again, Finished)
    assert again.parts[0].read() == first.parts[0].read()


async def test_it_may_be_closed_twice(bench: Bench) -> None:
    await bench.engine.aclose()
    await bench.engine.aclose()

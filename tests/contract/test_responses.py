"""The engine of conversations against a provider that draws in the background."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from aquatint.domain import errors
from aquatint.domain.conversation import Conversation
from aquatint.domain.engine import (
    Accepted,
    Event,
    Finished,
    Inputs,
    Partial,
    Progress,
    Sent,
    Waiting,
)
from aquatint.domain.errors import AquatintError
from aquatint.domain.types import Order
from aquatint.engines.openai import Connection, ResponsesEngine
from contract.test_openai import TempPart
from fake_openai import FakeOpenAI, encoded, fake_openai, serve

TALK = Conversation(mainline="gpt-5.6-terra")
MODEL = "gpt-image-2.5-sunburst"


class Desk:
    """A provider on a real socket, an engine that talks to it, and a folder for parts."""

    def __init__(self, folder: Path, fake: FakeOpenAI, url: str) -> None:
        self.folder, self.fake, self.url = folder, fake, url
        self.turns = fake.conversations
        self.pauses: list[float] = []
        self._made = 0

    def engine(self, quiet: float = 20, **options: Any) -> ResponsesEngine:
        shared: dict[str, Any] = {"base_url": self.url, "api_key": "sk-test", **options}
        return ResponsesEngine(Connection(**shared), quiet=quiet, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await anyio.sleep(0.02)

    def part(self) -> TempPart:
        self._made += 1
        return TempPart(self.folder / f"{self._made}.part")

    def left(self) -> int:
        return len(list(self.folder.iterdir()))

    async def draw(
        self,
        engine: ResponsesEngine | None = None,
        inputs: Inputs | None = None,
        talk: Conversation = TALK,
        **more: Any,
    ) -> list[Event]:
        engine = engine or self.engine()
        given = inputs or Inputs((png(),))
        return await self.all(engine, engine.render(order(talk, **more), given, self.part, job="j"))

    async def fetch(self, ticket: str, engine: ResponsesEngine | None = None) -> list[Event]:
        engine = engine or self.engine()
        going_on = engine.resume(order(TALK), self.part, job="j", ticket=ticket)
        return await self.all(engine, going_on)

    async def all(self, engine: ResponsesEngine, rendering: Any) -> list[Event]:
        with anyio.fail_after(20):
            try:
                return [event async for event in rendering]
            finally:
                await engine.aclose()

    async def fail(self, **more: Any) -> AquatintError:
        with pytest.raises(AquatintError) as caught:
            await self.draw(**more)
        assert caught.value.fix
        assert caught.value.__cause__ is None
        assert self.left() == 0
        return caught.value


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    (tmp_path / "parts").mkdir()
    fake = fake_openai()
    with serve(fake) as url:
        yield Desk(tmp_path / "parts", fake, f"{url}/v1")


def png(mode: str = "RGB", colour: Any = "white", size: tuple[int, int] = (1024, 1024)) -> bytes:
    return encoded(Image.new(mode, size, colour), "png")


def order(talk: Conversation, **more: Any) -> Order:
    said: dict[str, Any] = {"prompt": "warmer", "model": MODEL, "size": "1024x1024"}
    said |= {"quality": "low", "images": ("a",), "conversation": talk}
    return Order.model_validate(said | more)


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def ticket_of(events: list[Event]) -> str:
    (accepted,) = (event for event in events if isinstance(event, Accepted))
    return accepted.ticket


async def test_the_id_is_told_before_all_else_and_the_picture_comes_once(desk: Desk) -> None:
    events = await desk.draw()
    assert [type(event) for event in events[:2]] == [Sent, Accepted]
    assert any(isinstance(event, Progress) for event in events)
    last = finished(events)
    assert last.parts[0].read() == desk.fake.last
    assert last.revised_prompt == "Revised: warmer"
    assert desk.left() == 1, "the same picture came twice; one is kept"


async def test_what_is_sent(desk: Desk) -> None:
    await desk.draw(partials=1, background="opaque", moderation="low", complexity="high")
    (got,) = desk.fake.paid
    sent = got.fields
    assert (sent["model"], sent["background"], sent["store"]) == ("gpt-5.6-terra", True, True)
    assert sent["metadata"] == {"aquatint_job": "j"}
    assert sent["max_tool_calls"] == 1
    assert "previous_response_id" not in sent
    (tool,) = sent["tools"]
    assert tool == {
        "type": "image_generation",
        "action": "edit",
        "model": MODEL,
        "size": "1024x1024",
        "quality": "low",
        "output_format": "png",
        "background": "opaque",
        "moderation": "low",
        "complexity": "high",
        "partial_images": 1,
    }
    words, image = sent["input"][0]["content"]
    assert words == {"type": "input_text", "text": "warmer"}
    assert base64.b64decode(image["image_url"].partition(",")[2]) == png()


async def test_early_looks_are_whole_pictures(desk: Desk) -> None:
    events = await desk.draw(partials=2)
    looks = [event for event in events if isinstance(event, Partial)]
    assert [look.index for look in looks] == [0, 1]
    for look in looks:
        with Image.open(io.BytesIO(look.part.read())) as image:
            image.load()


async def test_both_models_are_counted(desk: Desk) -> None:
    usage = finished(await desk.draw()).usage
    assert usage
    assert (usage.mainline, usage.mainline_in, usage.mainline_out) == ("gpt-5.6-terra", 2000, 150)
    assert usage.image_out == 196
    assert usage.image_in == 1100


async def test_a_turn_goes_on_with_the_one_before_and_sends_no_picture_that_it_drew(
    desk: Desk,
) -> None:
    first = ticket_of(await desk.draw())
    talk = Conversation(mainline="gpt-5.6-terra", after=first, turns=2, remembered=True)
    events = await desk.draw(talk=talk)
    sent = desk.fake.paid[-1].fields
    assert sent["previous_response_id"] == first
    assert [piece["type"] for piece in sent["input"][0]["content"]] == ["input_text"]
    assert any("turn 2" in note for note in finished(events).notes)


async def test_a_conversation_that_is_gone_begins_anew_with_the_picture_and_says_so(
    desk: Desk,
) -> None:
    first = ticket_of(await desk.draw())
    desk.turns.forget()
    talk = Conversation(mainline="gpt-5.6-terra", after=first, turns=2, remembered=True)
    events = await desk.draw(talk=talk)
    assert any("begins anew" in note for note in finished(events).notes)
    sent = desk.fake.paid[-1].fields
    assert "previous_response_id" not in sent
    assert sent["input"][0]["content"][1]["type"] == "input_image"
    assert not any(isinstance(event, Waiting) for event in events)


async def test_an_id_of_a_gateway_is_hundreds_of_letters_and_kept_as_it_is(desk: Desk) -> None:
    desk.turns.ids = "resp_bGl0ZWxsbTpjdXN0b21f" + "bGxtX3Byb3ZpZGVyOm9wZW5haTttb2RlbF9pZDo" * 8
    events = await desk.draw()
    assert ticket_of(events).startswith(desk.turns.ids)
    assert finished(await desk.fetch(ticket_of(events))).parts


@pytest.mark.parametrize("ids", ["../files", "a b", "resp?x=", "\u202e"])
async def test_an_id_that_is_none_is_never_asked_by(desk: Desk, ids: str) -> None:
    desk.turns.ids = ids
    error = await desk.fail()
    assert type(error) is errors.BadReply
    assert [got.path for got in desk.fake.requests] == ["responses"]


async def test_a_mask_goes_along_as_the_service_reads_it(desk: Desk) -> None:
    await desk.draw(inputs=Inputs((png(),), png("RGBA", (255, 255, 255, 0))), mask="m")
    (tool,) = desk.fake.paid[-1].fields["tools"]
    data = base64.b64decode(tool["input_image_mask"]["image_url"].partition(",")[2])
    with Image.open(io.BytesIO(data)) as mask:
        assert mask.getpixel((0, 0)) == (255, 255, 255, 0)


@pytest.mark.parametrize("behind", [1, 3, 5, 7])
async def test_a_stream_that_breaks_off_is_fetched_and_never_sent_again(
    desk: Desk, behind: int
) -> None:
    desk.turns.breaks = behind
    desk.turns.seconds = 0.1
    events = await desk.draw()
    assert finished(events).parts[0].read() == desk.fake.last
    assert finished(events).usage
    assert len(desk.fake.paid) == 1
    assert desk.fake.drawn == 1
    assert desk.left() == 1


async def test_a_picture_that_came_is_kept_where_its_turn_is_gone_before_its_end(
    desk: Desk,
) -> None:
    desk.turns.breaks, desk.turns.gone = 7, True  # behind the picture
    last = finished(await desk.draw())
    assert last.parts[0].read() == desk.fake.last
    assert last.usage is None
    assert any("Its end was not heard" in note for note in last.notes)
    assert desk.left() == 1


async def test_a_picture_may_take_longer_to_come_than_silence_is_waited(desk: Desk) -> None:
    desk.turns.breaks, desk.turns.drip = 1, 0.1
    engine = desk.engine(quiet=0.3)  # twenty pieces, a tenth of a second each
    assert finished(await desk.draw(engine)).parts[0].read() == desk.fake.last


async def test_without_a_key_a_turn_that_was_sent_is_never_called_free(desk: Desk) -> None:
    ticket = ticket_of(await desk.draw())
    with pytest.raises(errors.Misconfigured) as caught:
        await desk.fetch(ticket, desk.engine(api_key="", base_url="https://api.openai.com/v1"))
    assert caught.value.spent == "unknown"


async def test_a_stream_that_falls_silent_is_left(desk: Desk) -> None:
    desk.turns.silent = True
    assert finished(await desk.draw(desk.engine(quiet=0.3))).parts[0].read() == desk.fake.last


async def test_looks_that_fail_are_made_again(desk: Desk) -> None:
    desk.turns.breaks, desk.turns.down = 1, 3
    assert finished(await desk.draw()).parts
    assert len(desk.pauses) >= 3
    assert desk.pauses == sorted(desk.pauses)


async def test_whoever_comes_next_fetches_it_by_its_id(desk: Desk) -> None:
    events = await desk.draw()
    fetched = finished(await desk.fetch(ticket_of(events)))
    assert fetched.parts[0].read() == finished(events).parts[0].read()
    assert fetched.usage == finished(events).usage
    assert fetched.revised_prompt == "Revised: warmer"
    assert any("while aquatint was stopped" in note for note in fetched.notes)
    assert len(desk.fake.paid) == 1


async def test_one_that_has_expired_says_so(desk: Desk) -> None:
    ticket = ticket_of(await desk.draw())
    desk.turns.forget()
    with pytest.raises(errors.Unavailable, match="no longer has resp_") as caught:
        await desk.fetch(ticket)
    assert (caught.value.reason, caught.value.spent) == ("expired", "unknown")


async def test_at_the_deadline_it_is_cancelled_at_the_provider(desk: Desk) -> None:
    desk.turns.hold()
    engine = desk.engine(deadline=1.0)
    error = await desk.fail(engine=engine)
    assert (error.reason, error.spent) == ("timeout", "unknown")
    assert "it was cancelled there" in error.message
    (turn,) = desk.turns.turns.values()
    assert turn.state == "cancelled"


@pytest.mark.parametrize(
    ("ends", "kind", "words"),
    [
        ("blocked", errors.Refused, "safety system"),
        ("filtered", errors.Refused, "safety system"),
        ("declined", errors.Refused, "I can't help with that"),
        ("failed", errors.Unavailable, "hiccup"),
        ("incomplete", errors.BadReply, "max_output_tokens"),
        ("words", errors.BadReply, "Which of the two doors"),
    ],
)
async def test_how_a_turn_ends_without_a_picture(
    desk: Desk, ends: str, kind: type[AquatintError], words: str
) -> None:
    desk.turns.ends = ends
    error = await desk.fail()
    assert type(error) is kind
    assert words in error.message
    assert error.spent == "unknown", "the text model has read it"
    assert len(desk.fake.paid) == 1


async def test_without_a_count_the_cost_is_an_estimate(desk: Desk) -> None:
    desk.turns.ends = "uncounted"
    last = finished(await desk.draw())
    assert last.usage is None
    assert any("the cost is an estimate" in note for note in last.notes)


async def test_what_was_not_begun_is_sent_again_and_what_may_have_been_is_not(desk: Desk) -> None:
    desk.fake.script = ["rate_limit", "ok"]
    events = await desk.draw()
    assert any(isinstance(event, Waiting) for event in events)
    assert finished(events).parts
    finished(events).parts[0].discard()
    desk.fake.script = ["500"]
    error = await desk.fail()
    assert error.spent == "unknown"
    assert len(desk.fake.paid) == 3


async def test_an_answer_that_is_no_response_is_refused_in_words(desk: Desk) -> None:
    desk.fake.script = ["html200"]
    error = await desk.fail()
    assert type(error) is errors.BadReply
    assert "Leave refine out" in error.fix


async def test_a_service_without_conversations_is_asked_nothing(desk: Desk) -> None:
    error = await desk.fail(engine=desk.engine(service="together"))
    assert type(error) is errors.ModelCannot
    assert error.fix == "Leave refine out."
    assert not desk.fake.paid


async def test_what_the_provider_says_is_not_kept_where_prompts_are_not(desk: Desk) -> None:
    desk.turns.ends = "echoed"
    assert "SECRET HERON" in (await desk.fail(prompt="SECRET HERON")).message
    engine = desk.engine(keep_prompts=False)
    error = await desk.fail(engine=engine, prompt="SECRET HERON")
    assert "HERON" not in error.message

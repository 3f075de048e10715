"""Whatever a service says for the Responses API, it ends in a picture or in our words."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from aquatint.domain.conversation import Conversation
from aquatint.domain.engine import Finished, Inputs, Partial
from aquatint.domain.errors import AquatintError
from aquatint.domain.redaction import Gate
from aquatint.domain.types import Order
from aquatint.engines.openai import Connection, ResponsesEngine
from aquatint.engines.openai.responses.answer import understand, usage_of, without_picture
from contract.test_openai import TempPart, image

NAMES = st.sampled_from(
    ["response", "object", "status", "output", "item", "error", "usage", "tool_usage", "image_gen",
     "result", "type", "content", "text", "refusal", "revised_prompt", "incomplete_details",
     "reason", "id", "input_tokens", "output_tokens_details", "partial_image_index"]
)  # fmt: skip
WORDS = st.sampled_from(["response", "image_generation_call", "message", "completed", "failed", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["", "error", "response.output_item.done", "x.partial_image"]))
def test_any_document_is_understood(value: object, event: str) -> None:
    answer = understand(value, Gate(()), event)
    assert isinstance(without_picture(answer), AquatintError)
    usage_of(answer, "gpt-5.6-terra", 9, 1)


def stream() -> bytes:
    """A turn as it comes, with a picture of eight pixels."""
    picture = image(size=(8, 8))
    text = base64.b64encode(picture).decode()
    whole: dict[str, Any] = {"id": "resp_1", "object": "response", "status": "in_progress"}
    item = {"type": "image_generation_call", "status": "completed", "result": text}
    used = {"input_tokens": 9, "output_tokens": 9}
    done = whole | {"status": "completed", "output": [item], "usage": used}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": whole}),
        ("response.image_generation_call.partial_image", {"partial_image_b64": text}),
        ("response.output_item.done", {"item": item}),
        ("response.completed", {"response": done | {"tool_usage": {"image_gen": used}}}),
    ]
    lines = [
        f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n" for kind, more in events
    ]
    return "".join(lines).encode()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """With some bytes changed, some left out, some doubled, or the end cut off."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case _:
                changed = changed[: max(at, 1)]
    return bytes(changed)


@pytest.mark.parametrize("seed", range(8))
async def test_a_stream_of_any_bytes_ends_in_a_picture_or_in_our_words(
    seed: int, tmp_path: Path
) -> None:
    chance, good = random.Random(seed), stream()
    made = 0

    def part() -> TempPart:
        nonlocal made
        made += 1
        return TempPart(tmp_path / f"{made}.part")

    async def at_once(seconds: float) -> None:
        await anyio.sleep(0)

    said: bytes = good

    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and scope["path"].endswith("/responses"):
            response = Response(said, media_type="text/event-stream")
        else:
            response = JSONResponse({"error": {"message": "not found"}}, 404)
        await response(scope, receive, send)

    order = Order(
        prompt="x",
        model="gpt-image-2",
        size="1024x1024",
        quality="low",
        images=("a",),
        conversation=Conversation(mainline="gpt-5.6-terra"),
    )
    ends = {"picture": 0, "words": 0}
    errors: list[AquatintError] = []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=service)) as http:
        engine = ResponsesEngine(
            Connection(api_key="sk-test", http_client=http, deadline=5), sleep=at_once
        )
        for number in range(60):
            said = good if not number else mutated(good, chance)
            kept = 0
            try:
                async for event in engine.render(order, Inputs((image(),)), part, job="j"):
                    if isinstance(event, Partial):
                        event.part.discard()
                    if isinstance(event, Finished):
                        kept = len(event.parts)
                        event.parts[0].discard()
                ends["picture"] += kept
            except AquatintError as error:
                errors.append(error)
                ends["words"] += 1
            assert not list(tmp_path.iterdir()), "no part is left"
    assert all(error.fix and error.spent != "no" for error in errors)
    assert min(ends.values()) > 3, ends

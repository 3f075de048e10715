"""OpenAI's Responses API on loopback: turns that are drawn in the background, whoever listens.

    fake.conversations.hold()        # nothing is drawn before `release()`
    fake.conversations.breaks = 1    # the next stream breaks off behind its first event
    fake.conversations.ends = "..."  # how turns end: see ENDS

A turn is checked as an edit of the Images API is, and drawn as one. Shapes: the openai package's
types/responses, and facts/engines.md.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
from starlette.responses import JSONResponse, Response, StreamingResponse

from fake_openai import BLOCKED, SAFETY, STAGE, Bad, File, Got, b64, check, usage

if TYPE_CHECKING:
    from fake_openai import FakeOpenAI

MAINLINE = {"gpt-5.6-terra", "gpt-5.5", "gpt-5.4-mini", "gpt-6-luna", "gpt-6-astra"}
KNOWN = {
    "model", "instructions", "input", "tools", "tool_choice", "max_tool_calls", "background",
    "store", "stream", "metadata", "previous_response_id", "safety_identifier",
}  # fmt: skip
TOOL = {
    "type", "action", "model", "size", "quality", "output_format", "background",
    "output_compression", "moderation", "complexity", "frame_count", "frame_duration_ms",
    "input_fidelity", "partial_images", "svg", "input_image_mask",
}  # fmt: skip
ENDS = {
    "drawn", "blocked", "failed", "incomplete", "filtered", "words", "echoed", "declined",
    "uncounted",
}  # fmt: skip


@dataclass
class Turn:
    """One response, as the service keeps it."""

    id: str
    got: Got  # as an edit of the Images API
    fields: dict[str, Any]
    done: float  # when it will have been drawn
    state: str = "queued"
    picture: bytes = b""
    looks: list[bytes] = field(default_factory=list[bytes])
    used: dict[str, Any] = field(default_factory=dict[str, Any])
    deleted: bool = False


class Conversations:
    """The part of the fake provider below /v1/responses."""

    def __init__(self, fake: FakeOpenAI) -> None:
        self.fake = fake
        self.turns: dict[str, Turn] = {}
        self.seconds = 0.0  # that drawing takes
        self.ends = "drawn"
        self.ids = "resp_"  # how they begin
        self.breaks = 0  # events behind which a stream breaks off; 0 for none
        self.silent = False  # streams say nothing behind their first event
        self.gone = False  # no turn is found by its name
        self.drip = 0.0  # seconds between the pieces of a whole response
        self.down = 0  # so many of the next looks fail with 503
        self._held = threading.Event()

    def hold(self) -> None:
        self._held.set()

    def release(self) -> None:
        self._held.clear()

    def forget(self) -> None:
        """All that was stored has expired."""
        for turn in self.turns.values():
            turn.deleted = True

    async def answer(self, got: Got) -> Response:
        _, _, rest = got.path.partition("/")
        if not rest:
            if got.method != "POST":
                raise Bad(404, "Invalid URL")
            return self._created(got)
        turn = self.turns.get(rest.partition("/")[0])
        if turn is None or turn.deleted or self.gone:
            raise Bad(404, f"Response with id '{rest}' not found.", code=None)
        if rest.endswith("/cancel") and got.method == "POST":
            if self._moved(turn) in ("queued", "in_progress"):
                turn.state = "cancelled"
            return JSONResponse(self._whole(turn))
        if self.down:
            self.down -= 1
            raise Bad(503, "overloaded", code="server_is_overloaded")
        if self.drip:
            whole = json.dumps(self._whole(turn)).encode()
            return StreamingResponse(self._dripping(whole), media_type="application/json")
        return JSONResponse(self._whole(turn))

    async def _dripping(self, data: bytes) -> AsyncIterator[bytes]:
        step = len(data) // 20 + 1
        for at in range(0, len(data), step):
            await anyio.sleep(self.drip)
            yield data[at : at + step]

    def _created(self, got: Got) -> Response:
        fields = got.fields
        for name in fields:
            if name not in KNOWN:
                text = f"Unknown parameter: '{name}'."
                raise Bad(400, text, code="unknown_parameter", param=name)
        if fields.get("model") not in MAINLINE:
            text = f"The model '{fields.get('model')}' does not exist"
            raise Bad(404, text, code="model_not_found", param="model")
        if fields.get("background") and not fields.get("store"):
            raise Bad(400, "Background mode requires 'store' to be true.", param="store")
        before = self._before(fields.get("previous_response_id"))
        edit = _as_edit(got, before)
        if not edit.files.get("image"):
            raise Bad(400, "No image in context to edit.", param="tools[0].action")
        check(edit)
        turn = Turn(
            f"{self.ids}{len(self.turns) + 1:04d}", edit, fields, time.monotonic() + self.seconds
        )
        self.turns[turn.id] = turn
        if not fields.get("stream"):
            return JSONResponse(self._whole(turn))
        return StreamingResponse(self._stream(turn), media_type="text/event-stream")

    def _before(self, id: str | None) -> Turn | None:
        if id is None:
            return None
        turn = self.turns.get(id)
        if turn is None or turn.deleted or self._moved(turn) != "completed":
            text = f"Previous response with id '{id}' not found."
            names: dict[str, Any] = {"param": "previous_response_id"}
            raise Bad(400, text, code="previous_response_not_found", **names)
        return turn

    def _moved(self, turn: Turn) -> str:
        """Its state now: it is drawn when its time has come, whoever listens."""
        assert self.ends in ENDS
        if turn.state not in ("queued", "in_progress"):
            return turn.state
        turn.state = "in_progress"
        if self._held.is_set() or time.monotonic() < turn.done:
            return turn.state
        count = int(turn.got.fields.get("partial_images") or 0)
        if self.ends in ("drawn", "uncounted"):
            turn.looks = [self.fake.draw(turn.got, "png") for _ in range(count)]
            turn.picture = self.fake.draw(turn.got)
        turn.used = usage(turn.got, 1)
        turn.state = {"failed": "failed", "incomplete": "incomplete", "filtered": "incomplete"}.get(
            self.ends, "completed"
        )
        return turn.state

    def _item(self, turn: Turn) -> dict[str, Any]:
        item: dict[str, Any] = {
            "type": "image_generation_call",
            "id": f"ig_{turn.id}",
            "status": "completed" if turn.picture else "failed",
            "result": b64(turn.picture) if turn.picture else None,
            "revised_prompt": f"Revised: {turn.got.fields['prompt']}",
        }
        if self.ends == "blocked":
            item["error"] = {
                "message": SAFETY, "param": None, "moderation_details": STAGE, **BLOCKED,
            }  # fmt: skip
        return item

    def _output(self, turn: Turn) -> list[dict[str, Any]]:
        if self.ends in ("words", "echoed", "declined"):
            said = {"type": "output_text", "text": "Which of the two doors do you mean?"}
            if self.ends == "echoed":
                said["text"] = f"What do you mean by {turn.got.fields['prompt']}?"
            if self.ends == "declined":
                said = {"type": "refusal", "refusal": "I can't help with that."}
            return [{"type": "message", "id": "msg_1", "role": "assistant", "content": [said]}]
        return [{"type": "reasoning", "id": "rs_1", "summary": []}, self._item(turn)]

    def _whole(self, turn: Turn, state: str = "") -> dict[str, Any]:
        state = state or self._moved(turn)
        ended = state in ("completed", "failed", "incomplete")
        whole: dict[str, Any] = {
            "id": turn.id,
            "object": "response",
            "created_at": 1795000000,
            "status": state,
            "model": f"{turn.fields['model']}-2026-09-01",
            "background": True,
            "metadata": turn.fields.get("metadata"),
            "tools": turn.fields["tools"],  # as the service does, a mask's data URL included
            "output": self._output(turn) if ended and state != "failed" else [],
            "error": None,
            "incomplete_details": None,
            "usage": None,
        }
        if ended and self.ends != "uncounted":
            read, written = 900 + 1100 * len(self.turns), 150
            whole["usage"] = {
                "input_tokens": read,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": written,
                "output_tokens_details": {"reasoning_tokens": 64},
                "total_tokens": read + written,
            }
            whole["tool_usage"] = {"image_gen": turn.used, "web_search": {"num_requests": 0}}
        if state == "failed":
            whole["error"] = {"code": "server_error", "message": "The model had a hiccup."}
        if state == "incomplete":
            reason = "content_filter" if self.ends == "filtered" else "max_output_tokens"
            whole["incomplete_details"] = {"reason": reason}
        return whole

    async def _stream(self, turn: Turn) -> AsyncIterator[bytes]:
        sent = 0
        async for kind, payload in self._events(turn):
            event = {"type": kind, "sequence_number": sent, **payload}
            yield f"event: {kind}\ndata: {json.dumps(event)}\n\n".encode()
            sent += 1
            if sent == self.breaks:
                self.breaks = 0
                raise ConnectionError("the stream breaks off")
            while self.silent:
                await anyio.sleep(0.02)

    async def _events(self, turn: Turn) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        yield "response.created", {"response": self._whole(turn, "queued")}
        yield "response.queued", {"response": self._whole(turn, "queued")}
        yield "response.in_progress", {"response": self._whole(turn, "in_progress")}
        call = {"item_id": f"ig_{turn.id}", "output_index": 1}
        yield "response.image_generation_call.in_progress", call
        yield "response.image_generation_call.generating", call
        while self._moved(turn) in ("queued", "in_progress"):
            await anyio.sleep(0.02)
        for index, look in enumerate(turn.looks):
            early = {"partial_image_b64": b64(look), "partial_image_index": index}
            yield "response.image_generation_call.partial_image", {**call, **early}
        if turn.state in ("completed", "incomplete"):
            for item in self._output(turn):
                yield "response.output_item.done", {"item": item, "output_index": 1}
        yield f"response.{turn.state}", {"response": self._whole(turn)}


def _as_edit(got: Got, before: Turn | None) -> Got:
    """The request as one of the Images API, with what the turn before drew as its picture."""
    tools: list[dict[str, Any]] = got.fields.get("tools") or []
    if [tool.get("type") for tool in tools] != ["image_generation"]:
        raise Bad(400, "One image_generation tool is expected here.", param="tools")
    tool = dict(tools[0])
    for name in tool:
        if name not in TOOL:
            where = f"tools[0].{name}"
            text = f"Unknown parameter: '{where}'."
            raise Bad(400, text, code="unknown_parameter", param=where)
    content = [piece for turn in got.fields["input"] for piece in turn["content"]]
    words = "\n".join(piece["text"] for piece in content if piece["type"] == "input_text")
    if not words.strip():
        raise Bad(400, "The input has no words.", param="input")
    images = [_file(one["image_url"]) for one in content if one["type"] == "input_image"]
    if before is not None:
        images += [File("before.png", before.picture, "image/png")]
    files = {"image": images} if images else {}
    if mask := tool.pop("input_image_mask", None):
        files["mask"] = [_file(mask["image_url"])]
    fields = {name: value for name, value in tool.items() if name not in ("type", "action", "svg")}
    return Got(
        "POST", got.origin, got.host, "images/edits", "", {}, {"prompt": words, **fields}, files
    )


def _file(url: str) -> File:
    head, _, body = url.partition(",")
    mime = head.removeprefix("data:").removesuffix(";base64")
    try:
        return File("input", base64.b64decode(body, validate=True), mime)
    except binascii.Error:
        text = "Invalid base64 image_url."
        raise Bad(400, text, code="invalid_base64_image", param="input") from None

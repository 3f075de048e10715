"""A provider on loopback: as strict as OpenAI's Images API, and failing on command.

    fake = fake_openai()                      # an ASGI app that records what it gets
    fake.mode = "rate_limit"                  # every call fails so, until changed
    fake.script = ["rate_limit", "ok"]        # or one after the other
    with serve(fake) as url: ...              # url + "/<mode>/v1" forces a mode
    python -m fake_openai --port 0            # prints its URL, for demos and benches

The rules are those of facts/openai-images.md; what it draws is cheap, real and of the asked size.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import gzip
import io
import json
import math
import os
import re
import socket
import struct
import textwrap
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import uvicorn
from PIL import Image, ImageDraw, ImageFont
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

FLEXIBLE = {
    "gpt-image-2",
    "gpt-image-2-2026-04-21",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-sunburst-2026-09-08",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-flare-2026-09-08",
    "gpt-image-2.6-sunburst",
    "gpt-image-2.6-flare",
}
FIXED = {"gpt-image-1-mini", "gpt-image-1.5", "gpt-image-1.5-2025-12-16", "chatgpt-image-latest"}
RETIRED = {"gpt-image-1", "dall-e-2", "dall-e-3"}
FIXED_SIZES = {"1024x1024", "1536x1024", "1024x1536", "auto"}
SHARED_FIELDS = {
    "prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression",
    "moderation", "complexity", "frame_count", "frame_duration_ms", "partial_images", "stream",
    "safety_identifier", "user", "svg",
}  # fmt: skip
EDIT_FIELDS = SHARED_FIELDS | {"input_fidelity"}
MIMES = {"image/jpeg", "image/png", "image/webp"}
PAID = {"images", "images/generations", "images/edits", "responses"}
EXPENSIVE = {"xhigh", "max"}
CHUNK = 65536
REDIRECT = "https://elsewhere.test/v1/images/generations"
SAFETY = (
    "Your request was rejected by the safety system. If you believe this is an error, contact us "
    "at help.openai.com and include the request ID req-1. safety_violations=[sexual]."
)
VERIFY = (
    "Your organization must be verified to use the model `gpt-image-2.5-flare`. Please go to: "
    "https://platform.openai.com/settings/organization/general and click on Verify Organization. "
    "If you just verified, it can take up to 15 minutes for access to propagate."
)


@dataclass(frozen=True, slots=True)
class File:
    name: str
    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it arrived: form values are strings, JSON values what they are."""

    method: str
    origin: str
    host: str
    path: str
    mode: str
    headers: dict[str, str]
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    files: dict[str, list[File]] = field(default_factory=dict[str, "list[File]"])


class Bad(Exception):
    """What the provider answers instead of a picture."""

    def __init__(
        self, status: int, message: str, headers: dict[str, str] | None = None, **names: Any
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}
        self.error = {"message": message, "type": "invalid_request_error", "param": None}
        self.error |= {"code": None, **names}

    def response(self) -> Response:
        return JSONResponse({"error": self.error}, self.status, self.headers)


class FakeOpenAI:
    """The app. `keys` are the bearer tokens it takes, None takes any."""

    def __init__(self, *, delay: float = 0.0, size_bytes: int = 0) -> None:
        self.mode = "ok"
        self.script: list[str] = []
        self.requests: list[Got] = []
        self.keys: set[str] | None = {"sk-test"}
        self.delay, self.size_bytes = delay, size_bytes
        self._held: threading.Semaphore | None = None
        self.picture_host: str | None = None  # where `url` mode says the pictures are
        self.bomb_bytes = 80_000_000
        self.images: dict[int, bytes] = {}
        self.drawn = 0
        self.takes: frozenset[str] = frozenset()  # fields that only another service takes
        self.rejects: frozenset[str] = frozenset()  # and OpenAI's that it does not
        self.wire = ""  # of another service: its requests and replies are other ones
        self.lettering = ""  # what stands on each picture
        self.headers: dict[str, str] = {}  # of every answer, besides the usual ones
        self.pages: dict[str, str] = {}  # what stands beside the API, by path
        from fake_responses import Conversations  # it builds on this module

        self.conversations = Conversations(self)

    @property
    def paid(self) -> list[Got]:
        """The requests that would have cost money, in order."""
        return [got for got in self.requests if got.fields and got.path in PAID]

    @property
    def last(self) -> bytes:
        """The picture that was drawn last, byte for byte."""
        return self.images[self.drawn]

    def hold(self) -> threading.Semaphore:
        """From now on no request is answered before a `release()`, which lets one through."""
        self._held = threading.Semaphore(0)
        return self._held

    async def let_go(self) -> None:
        while self._held is not None and not self._held.acquire(blocking=False):
            await anyio.sleep(0.005)  # a test lets it go from another thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        got = await _read(request)
        paid = got.path in PAID
        mode = got.mode or (self.script.pop(0) if self.script and paid else self.mode)
        self.requests.append(got)
        try:
            response = await self._route(got, mode, request)
        except Bad as bad:
            response = bad.response()
        response.headers["x-request-id"] = f"req-{len(self.requests)}"
        response.headers.update(self.headers)
        return response

    async def _route(self, got: Got, mode: str, request: Request) -> Response:
        paid = got.path in PAID
        if got.path in self.pages:
            return Response(self.pages[got.path])
        if found := re.fullmatch(r"(?:images|pictures)/(\d+)(?:/content|\.\w+)", got.path):
            if got.path.startswith("images/"):
                self._authorise(got)
            return Response(self.images[int(found[1])], media_type="image/png")
        if mode == "no_models" and got.path.startswith("models"):
            raise Bad(404, "Not found")
        if mode in ("unauthorized", "401", "html200", "hang"):
            return await MODES[mode](self, got)
        self._authorise(got)
        if got.path == "models" or got.path.startswith("models/"):
            return self._models(got, mode)
        if got.path.partition("/")[0] == "responses" and mode == "ok":
            return await self.conversations.answer(got)
        if not paid or got.method != "POST":
            raise Bad(404, f"Invalid URL (POST /v1/{got.path})")
        if self.delay:
            await anyio.sleep(self.delay)
        if mode != "early_then_held":
            await self.let_go()
        if mode.startswith("reject_param:"):
            name = mode.partition(":")[2]
            if name in got.fields:
                raise Bad(
                    400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name
                )
            mode = "ok"
        if mode != "ok" and mode in MODES:
            return await MODES[mode](self, got)
        if mode != "ok":
            raise AssertionError(f"fake_openai has no mode {mode!r}")
        if self.wire:
            from fake_wires import told, understood  # they build on this module

            reply = told(self.reply(understood(got, self.wire)), self.wire)
            return _pieces(json.dumps(reply).encode(), "application/json")
        check(got, self.takes, self.rejects)
        if _true(got.fields.get("stream")):
            return _events([*self.partials(got), ("completed", self.completed(got))], got)
        return _pieces(json.dumps(self.reply(got)).encode(), "application/json")

    def _authorise(self, got: Got) -> None:
        token = got.headers.get("authorization", "").removeprefix("Bearer ")
        if self.keys is not None and token not in self.keys:
            raise Bad(
                401,
                f"Incorrect API key provided: {token}. You can find your API key at "
                "https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
            )

    def _models(self, got: Got, mode: str) -> Response:
        if mode == "models_403":
            raise Bad(403, "You have insufficient permissions. Missing scopes: api.model.read.")
        wanted = got.path.partition("/")[2]
        names = sorted(FIXED if mode == "few_models" else FLEXIBLE | FIXED)
        rows = [{"id": n, "object": "model", "created": 1, "owned_by": "system"} for n in names]
        if mode == "litellm_models":
            rows = [row | {"created": 1677610602, "mode": "image_generation"} for row in rows]
        if mode == "shutdown":
            rows = [row | {"shutdown_date": "2027-03-01"} for row in rows]
        if not wanted:
            return JSONResponse({"object": "list", "data": rows})
        if wanted not in names:
            raise Bad(404, f"The model '{wanted}' does not exist", code="model_not_found")
        return JSONResponse(rows[names.index(wanted)])

    def draw(self, got: Got, fmt: str | None = None) -> bytes:
        """A new picture for this request; kept, so that tests can compare bytes."""
        self.drawn += 1
        fmt = fmt or str(got.fields.get("output_format") or "png")
        width, height = size_of(got)
        inputs = got.files.get("image") or got.files.get("image[]") or []
        data = (
            changed(inputs[0].data, fmt, width, height, self.drawn)
            if inputs
            else flat(fmt, width, height, self.drawn % 64, clear="transparent" in _values(got))
        )
        if self.lettering:
            data = lettered(data, fmt, self.lettering)
        if fmt == "png":
            filler = os.urandom(self.size_bytes - len(data)) if self.size_bytes > len(data) else b""
            data = with_chunk(data, b"caBX", b"fake c2pa %d " % self.drawn + filler)
        self.images[self.drawn] = data
        return data

    def reply(self, got: Got, **changes: Any) -> dict[str, Any]:
        count = int(got.fields.get("n") or 1)
        data = [{"b64_json": b64(self.draw(got))} for _ in range(count)]
        reply = {"created": 1795000000, **_echo(got), "data": data, "usage": usage(got, count)}
        if reply["output_format"] == "svg":
            reply["svg_usage"] = {
                "model": got.fields.get("svg[model]") or "gpt-6-luna",
                "input_tokens": 900,
                "output_tokens": 2500,
                "reasoning_tokens": 400,
                "total_tokens": 3400,
            }
        return reply | changes

    def partials(self, got: Got) -> list[tuple[str, dict[str, Any]]]:
        count = int(got.fields.get("partial_images") or 0)
        return [
            ("partial_image", {"b64_json": b64(self.draw(got)), "partial_image_index": at})
            for at in range(count)
        ]

    def completed(self, got: Got) -> dict[str, Any]:
        return {"b64_json": b64(self.draw(got)), "usage": usage(got, 1)}


def fake_openai(*, delay: float = 0.0, size_bytes: int = 0) -> FakeOpenAI:
    return FakeOpenAI(delay=delay, size_bytes=size_bytes)


# What it checks, in the order OpenAI does.


def check(
    got: Got, takes: frozenset[str] = frozenset(), rejects: frozenset[str] = frozenset()
) -> None:
    fields, edits = got.fields, got.path.endswith("edits")
    known = ({*EDIT_FIELDS} if edits else {*SHARED_FIELDS}) | takes
    for name in fields:
        if re.split(r"\[", name)[0] not in known - rejects:
            raise Bad(400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    prompt = fields.get("prompt")
    if not prompt or len(str(prompt)) > 32000:
        raise Bad(400, "Invalid 'prompt': 1 to 32000 characters.", param="prompt", **INVALID)
    model = str(fields.get("model") or "dall-e-2")
    if model in RETIRED:
        text = f"The model `{model}` has been deprecated. Use another model."
        raise Bad(404, text, code="model_not_found", param="model")
    if model not in FLEXIBLE | FIXED:
        raise Bad(404, f"The model '{model}' does not exist", code="model_not_found", param="model")
    count = int(fields.get("n") or 1)
    if not 1 <= count <= 10:
        raise Bad(400, f"Invalid n: {count}. Must be between 1 and 10.", param="n", **INVALID)
    _check_size(model, str(fields.get("size") or "auto"), str(fields.get("output_format")))
    _check_options(model, fields, count)
    if edits:
        _check_files(got)


INVALID: dict[str, Any] = {"code": "invalid_value", "type": "image_generation_user_error"}


def _check_size(model: str, size: str, fmt: str) -> None:
    if size == "auto":
        return
    wrong = f"Invalid size '{size}'."
    found = re.fullmatch(r"(\d+)x(\d+)", size)
    if not found:
        raise Bad(400, wrong, param="size", **INVALID)
    width, height = int(found[1]), int(found[2])
    if model in FIXED and size not in FIXED_SIZES:
        raise Bad(400, f"{wrong} Supported: {sorted(FIXED_SIZES)}", param="size", **INVALID)
    if width % 16 or height % 16:
        text = f"{wrong} Width and height must both be divisible by 16."
        raise Bad(400, text, param="size", **INVALID)
    if max(width, height) > 3840:
        text = f"{wrong} The longest edge must be less than or equal to 3840."
        raise Bad(400, text, param="size", **INVALID)
    if max(width, height) > 3 * min(width, height):
        text = f"{wrong} The aspect ratio must be between 1:3 and 3:1."
        raise Bad(400, text, param="size", **INVALID)
    if width * height < 655_360 and fmt != "gif":
        text = f"{wrong} Requested resolution is below the current minimum pixel budget."
        raise Bad(400, text, param="size", **INVALID)
    if width * height > 8_294_400:
        text = f"{wrong} Requested resolution is above the current maximum pixel budget."
        raise Bad(400, text, param="size", **INVALID)


def _check_options(model: str, fields: dict[str, Any], count: int) -> None:
    fmt = str(fields.get("output_format") or "png")
    quality = str(fields.get("quality") or "auto")
    streams = _true(fields.get("stream")) or int(fields.get("partial_images") or 0) > 0
    if fmt not in ("png", "jpeg", "webp", "gif", "svg"):
        raise Bad(400, f"Invalid output_format '{fmt}'.", param="output_format", **INVALID)
    if quality not in {"low", "medium", "high", "auto"} | EXPENSIVE:
        raise Bad(400, f"Invalid quality '{quality}'.", param="quality", **INVALID)
    if quality in EXPENSIVE and not re.search(r"2\.[56]", model):
        text = f"The model '{model}' does not support quality '{quality}'"
        raise Bad(400, text, type=INVALID["type"])
    if "input_fidelity" in fields and model in FLEXIBLE:
        text = f"The model '{model}' does not support the 'input_fidelity' parameter."
        names: dict[str, Any] = {"code": "invalid_input_fidelity_model", "param": "input_fidelity"}
        raise Bad(400, text, type=INVALID["type"], **names)
    if fields.get("background") == "transparent" and fmt not in ("png", "webp"):
        text = "Transparent background needs output_format png or webp."
        raise Bad(400, text, param="background", **INVALID)
    if fields.get("background") == "transparent" and model.startswith("gpt-image-2-"):
        text = "Transparent background is not supported for this model."
        raise Bad(400, text, param="background", **INVALID)
    if "output_compression" in fields and fmt not in ("jpeg", "webp"):
        text = "Compression is only supported with jpeg and webp."
        raise Bad(400, text, param="output_compression", **INVALID)
    if fmt in ("gif", "svg") and streams:
        raise Bad(400, f"{fmt} output does not support streaming.", param="stream", **INVALID)
    if fmt == "svg" and count != 1:
        raise Bad(400, "svg output requires n=1.", param="n", **INVALID)
    if int(fields.get("partial_images") or 0) > 3:
        raise Bad(400, "partial_images must be 0 to 3.", param="partial_images", **INVALID)


def _check_files(got: Got) -> None:
    if "image" in got.files and "image[]" in got.files:
        raise Bad(400, "Duplicate parameter: 'image'.", param="image", **INVALID)
    images = got.files.get("image") or got.files.get("image[]") or []
    if not 1 <= len(images) <= 16:
        raise Bad(400, "1 to 16 images are required.", param="image", **INVALID)
    for name, files in got.files.items():
        for at, file in enumerate(files, 1):
            if file.mime not in MIMES:
                text = (
                    f"Invalid file '{name}': unsupported mimetype ('{file.mime}'). Supported file "
                    "formats are 'image/jpeg', 'image/png', and 'image/webp'."
                )
                raise Bad(400, text, code="unsupported_file_mimetype", param="image")
            _check_picture(file, at)
    first = _opened(images[0].data)
    for name in ("mask", "markup"):
        for file in got.files.get(name, []):
            overlay = _opened(file.data)
            if overlay.format != "PNG" or overlay.mode not in ("RGBA", "LA"):
                raise Bad(400, f"Invalid {name} image format - {name} image missing alpha channel")
            if overlay.size != first.size:
                raise Bad(
                    400, f"Invalid {name} image format - {name} size does not match image size"
                )
    if "mask" in got.files and "markup" in got.files:
        raise Bad(400, "markup cannot be combined with mask.", param="markup", **INVALID)
    if "mask" in got.files and got.fields.get("output_format") == "gif":
        raise Bad(400, "GIF output does not support masks.", param="output_format", **INVALID)


def _check_picture(file: File, at: int) -> None:
    text = f"Invalid image file or mode for image {at}, please check your image file."
    try:
        usable = _opened(file.data).mode in ("RGB", "RGBA", "L", "LA")
    except OSError:
        usable = False
    if not usable:
        raise Bad(400, text, code="invalid_image_file", type=INVALID["type"], param="image")


# How it fails on command.

Mode = Callable[[FakeOpenAI, Got], "Any"]


def _bad(status: int, message: str, headers: dict[str, str] | None = None, **names: Any) -> Mode:
    async def answer(_: FakeOpenAI, __: Got) -> Response:
        raise Bad(status, message, headers, **names)

    return answer


def _body(body: str | bytes, status: int = 200, mime: str = "application/json") -> Mode:
    async def answer(_: FakeOpenAI, __: Got) -> Response:
        return Response(body, status, media_type=mime)

    return answer


def _changed(change: Callable[[dict[str, Any]], object], mime: str = "application/json") -> Mode:
    """A good reply, changed in place or replaced, as JSON or as the text that `change` gives."""

    async def answer(fake: FakeOpenAI, got: Got) -> Response:
        reply = fake.reply(got)
        new = change(reply)
        if isinstance(new, bytes):
            return _pieces(new, mime)
        return _pieces(json.dumps(reply if new is None else new).encode(), mime)

    return answer


def _echoing(status: int) -> Mode:
    """A service that says the caller's key back to it, wherever a word fits."""

    async def answer(fake: FakeOpenAI, got: Got) -> Response:
        key = got.headers.get("authorization", "").removeprefix("Bearer ")
        if status == 200:
            reply = fake.reply(got, model=f"model-{key}")
            reply["data"][0]["revised_prompt"] = f"a fox {key}"
            return JSONResponse(reply)
        names: dict[str, Any] = {"code": f"code_{key}", "param": f"param-{key}", "type": key}
        raise Bad(status, f"Your key {key} (Bearer {key}) is wrong", **names)

    return answer


async def _echo_page(_: FakeOpenAI, got: Got) -> Response:
    return Response(f"<html>{got.headers}</html>", 502, media_type="text/html")


def _b64(dress: Callable[[str], str]) -> Mode:
    def change(reply: dict[str, Any]) -> None:
        for row in reply["data"]:
            row["b64_json"] = dress(row["b64_json"])

    return _changed(change)


def _no_palette(_: str) -> str:
    """A whole PNG whose pixels are numbers of colours that are nowhere."""
    file = io.BytesIO()
    Image.new("P", (640, 480), 1).save(file, "png")
    data = file.getvalue()
    return b64(data[: data.index(b"PLTE") - 4] + data[data.index(b"IDAT") - 4 :])


def _hanging(change: Callable[[bytes], bytes]) -> Mode:
    """Some of a good reply, and then nothing, on an open connection."""

    async def answer(fake: FakeOpenAI, got: Got) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield change(json.dumps(fake.reply(got)).encode())
            await anyio.sleep_forever()

        return StreamingResponse(pieces(), media_type="application/json")

    return answer


async def _stream_hanging(fake: FakeOpenAI, got: Got) -> Response:
    """The whole picture as an event, without the end of its line."""
    row = {"type": "image_generation.completed", **fake.completed(got)}

    async def pieces() -> AsyncIterator[bytes]:
        yield b"event: image_generation.completed\ndata: " + json.dumps(row).encode()
        await anyio.sleep_forever()

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def _early_then_held(fake: FakeOpenAI, got: Got) -> Response:
    """The early looks at once; the picture when the test lets it go (`fake.hold`)."""

    async def pieces() -> AsyncIterator[bytes]:
        yield _event_bytes([*fake.partials(got)], got)
        await fake.let_go()
        yield _event_bytes([("completed", fake.completed(got))], got)

    return StreamingResponse(pieces(), media_type="text/event-stream")


def _without_usage(body: bytes) -> bytes:
    """A reply that ends with the last quote of its last picture."""
    return body[: body.rindex(b'"}], "usage"') + 1]


def _cut_last(body: bytes) -> bytes:
    """A reply that ends in the middle of its last picture."""
    start = body.rindex(b'"b64_json"')
    return body[: (start + len(_without_usage(body))) // 2]


def _usage(**figures: object) -> Mode:
    return _changed(lambda reply: reply["usage"].update(figures))


def _usage_digits(reply: dict[str, Any]) -> bytes:
    """As no JSON writer of Python's would write it."""
    reply["usage"]["output_tokens"] = "long"
    return json.dumps(reply).replace('"long"', "9" * 5000).encode()


def _litellm(status: int, message: str, **names: Any) -> Mode:
    """As LiteLLM 1.106.12 says it: the code is the status, as text."""
    return _bad(status, message, None, **{"type": None, "code": str(status), **names})


def _escaped(reply: dict[str, Any]) -> bytes:
    """As PHP and Go write it: every slash and plus escaped."""
    return json.dumps(reply).replace("/", "\\/").replace("+", "\\u002b").encode()


def _stream(shape: Callable[[FakeOpenAI, Got], list[Any]]) -> Mode:
    async def answer(fake: FakeOpenAI, got: Got) -> Response:
        return _events(shape(fake, got), got)

    return answer


def _urls(relative: bool) -> Mode:
    async def answer(fake: FakeOpenAI, got: Got) -> Response:
        reply = fake.reply(got)
        host = fake.picture_host or got.origin
        for at, row in enumerate(reply["data"], fake.drawn - len(reply["data"]) + 1):
            del row["b64_json"]
            row["url"] = f"/v1/images/{at}/content" if relative else f"{host}/pictures/{at}.png"
        return JSONResponse(reply)

    return answer


def _partials_and(*more: Any) -> Mode:
    return _stream(lambda fake, got: [*fake.partials(got), *more])


def _duplicate(fake: FakeOpenAI, got: Got) -> list[Any]:
    first = fake.completed(got)
    return [("completed", first), ("completed", {**first, "b64_json": b64(b"second")})]


async def _hang(_: FakeOpenAI, __: Got) -> Response:
    await anyio.sleep_forever()
    raise AssertionError


async def _drip(_: FakeOpenAI, __: Got) -> Response:
    async def drops() -> AsyncIterator[bytes]:
        yield b'{"created": 1, "data": [{"b64_json": "'
        while True:
            yield b"AAAA"
            await anyio.sleep(0.02)

    return StreamingResponse(drops(), media_type="application/json")


def _bomb(status: int) -> Mode:
    async def answer(fake: FakeOpenAI, _got: Got) -> Response:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        body = packer.compress(b'{"data": [{"b64_json": "')
        for _ in range(fake.bomb_bytes // 1_000_000):
            body += packer.compress(b"A" * 1_000_000)
        body += packer.compress(b'"}]}') + packer.flush()
        return Response(body, status, {"content-encoding": "gzip"}, "application/json")

    return answer


async def _gzip(fake: FakeOpenAI, got: Got) -> Response:
    body = gzip.compress(json.dumps(fake.reply(got)).encode(), 1)
    return Response(body, 200, {"content-encoding": "gzip"}, "application/json")


async def _redirect(_: FakeOpenAI, __: Got) -> Response:
    return Response(status_code=307, headers={"location": REDIRECT})


async def _wrong_format(fake: FakeOpenAI, got: Got) -> Response:
    reply = fake.reply(got)
    reply["data"] = [{"b64_json": b64(fake.draw(got, "jpeg"))}]
    return JSONResponse(reply)


async def _own_way(fake: FakeOpenAI, got: Got) -> Response:
    """As a local service: any model, sizes rounded up to 64, nothing transparent."""
    width, height = (-(-edge // 64) * 64 for edge in size_of(got))
    fake.drawn += 1
    fake.images[fake.drawn] = flat("png", width, height, fake.drawn % 64)
    return JSONResponse({"created": 1, "data": [{"b64_json": b64(fake.last)}]})


def _truncated_png(reply: dict[str, Any]) -> None:
    whole = base64.b64decode(reply["data"][0]["b64_json"])
    reply["data"][0]["b64_json"] = b64(whole[: len(whole) // 2])


def _drop(reply: dict[str, Any], *names: str) -> None:
    for name in names:
        reply.pop(name, None)


def _chat(reply: dict[str, Any]) -> dict[str, Any]:
    uri = "data:image/png;base64," + reply["data"][0]["b64_json"]
    images = [{"type": "image_url", "image_url": {"url": uri}}]
    return {"choices": [{"message": {"role": "assistant", "content": "", "images": images}}]}


BLOCKED: dict[str, Any] = {"code": "moderation_blocked", "type": "image_generation_user_error"}
STAGE: dict[str, Any] = {"moderation_stage": "input", "categories": ["sexual"]}
LATE: dict[str, Any] = {"moderation_stage": "output", "categories": ["violence"]}
OVERLOADED = "The engine is currently overloaded, please try again later."
SERVER = "The server had an error while processing your request."
RATE: dict[str, Any] = {"code": "rate_limit_exceeded", "type": "requests"}
QUOTA: dict[str, Any] = {"code": "credit_balance_exhausted", "type": "insufficient_quota"}
HTML = "<!doctype html><html><title>502 Bad Gateway</title><h1>nginx</h1></html>"

MODES: dict[str, Mode] = {
    "401": _bad(401, "Incorrect API key provided: sk-te*st.", code="invalid_api_key"),
    "403": _bad(403, VERIFY),
    "403_country": _bad(403, "Country, region, or territory not supported"),
    "404": _bad(404, "The model `gone` has been deprecated.", code="model_not_found"),
    "404_route": _bad(404, "Not Found"),
    "405": _bad(405, "Method Not Allowed"),
    "409": _bad(409, "Conflict"),
    "413": _bad(413, "Payload too large"),
    "moderation": _bad(400, SAFETY, moderation_details=STAGE, **BLOCKED),
    "moderation_output": _bad(400, SAFETY, moderation_details=LATE, **BLOCKED),
    "billing_400": _bad(400, "Billing hard limit reached", code="billing_hard_limit_reached"),
    "rate_limit": _bad(429, "Rate limit reached", **RATE),
    "retry_after": _bad(429, "Rate limit reached", {"retry-after": "2"}, **RATE),
    "retry_after_ms": _bad(429, "Rate limit reached", {"retry-after-ms": "1500"}, **RATE),
    "retry_after_soon": _bad(429, "Rate limit reached", {"retry-after-ms": "200"}, **RATE),
    "retry_after_date": _bad(
        429, "Slow down", {"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}, code="slow_down"
    ),
    "retry_after_3600": _bad(429, "Rate limit reached", {"retry-after": "3600"}, **RATE),
    "quota": _bad(429, "You have run out of credits.", **QUOTA),
    "spend_limit": _bad(429, "Spend limit.", code="project_spend_limit_exceeded"),
    "500": _bad(500, SERVER, type="server_error"),
    "503": _bad(503, OVERLOADED, code="server_is_overloaded"),
    "503_plain": _bad(503, "no healthy upstream"),
    "500_retry_after": _bad(500, SERVER, {"retry-after": "1"}, type="server_error"),
    "503_retry_after": _bad(503, OVERLOADED, {"retry-after": "1"}),
    "504": _bad(504, "upstream request timeout"),
    "html200": _body(HTML, 200, "text/html"),
    "html502": _body(HTML, 502, "text/html"),
    "data_null": _changed(lambda reply: reply.update(data=None)),
    "data_empty": _changed(lambda reply: reply.update(data=[])),
    "b64_null": _changed(lambda reply: reply.update(data=[{"b64_json": None}])),
    "b64_bad": _b64(lambda text: text[:100] + "*?*" + text[103:]),
    "b64_urlsafe": _b64(lambda text: text.replace("+", "-").replace("/", "_")),
    "b64_unpadded": _b64(lambda text: text.rstrip("=")),
    "b64_lines": _b64(lambda text: "\r\n".join(textwrap.wrap(text, 76))),
    "b64_data_uri": _b64(lambda text: "data:image/png;base64," + text),
    "b64_escaped": _changed(_escaped),
    "b64_text": _b64(lambda text: b64(b"this is not a picture at all")),
    "no_palette": _b64(_no_palette),
    "truncated_png": _changed(_truncated_png),
    "truncated_json": _changed(lambda reply: json.dumps(reply).encode()[:-200]),
    "cut_in_picture": _changed(lambda reply: json.dumps(reply).encode()[:600]),
    "cut_behind_pictures": _changed(lambda reply: _without_usage(json.dumps(reply).encode())),
    "cut_in_last": _changed(lambda reply: _cut_last(json.dumps(reply).encode())),
    "junk_behind": _changed(lambda reply: json.dumps(reply).encode() + b"\n<html>}]junk"),
    "hang_behind": _hanging(lambda body: body),
    "hang_behind_pictures": _hanging(_without_usage),
    "hang_in_last": _hanging(_cut_last),
    "usage_huge": _usage(output_tokens=10**399),
    "usage_digits": _changed(_usage_digits),
    "usage_negative": _usage(output_tokens=-5),
    "usage_absurd": _usage(output_tokens=10**9, output_tokens_details={}),
    "usage_nan": _usage(output_tokens=math.nan),
    "empty": _body(""),
    "list": _body("[1, 2, 3]"),
    "error_in_200": _body(json.dumps({"error": {"message": "went wrong", "code": "oops"}})),
    "moderation_in_200": _body(
        json.dumps({"error": {"message": SAFETY, **BLOCKED, "moderation_details": LATE}})
    ),
    "string_error": _body(json.dumps({"error": "prompt required"}), 400),
    "detail": _body(
        json.dumps({"detail": [{"loc": ["body", "seed"], "msg": "field required"}]}), 422
    ),
    "detail_200": _body(json.dumps({"detail": "queue is full"})),
    "url": _urls(relative=False),
    "relative_url": _urls(relative=True),
    "missing_url": _body(json.dumps({"data": [{"url": "https://cdn.test/v1/nothing"}]})),
    "plain_http_url": _body(json.dumps({"data": [{"url": "http://169.254.169.254/latest"}]})),
    "chat_images": _changed(_chat),
    "no_usage": _changed(lambda reply: _drop(reply, "usage", "size", "quality")),
    "fewer": _changed(lambda reply: reply.update(data=[*reply["data"][:-1], {"b64_json": None}])),
    "wrong_content_type": _changed(lambda _: None, "text/html"),
    "wrong_format": _wrong_format,
    "own_way": _own_way,
    "stream_partials_then_end": _partials_and(),
    "stream_cut_in_completed": _partials_and(b'data: {"type": "image_generation.completed", "b64'),
    "stream_error_event": _partials_and(
        b'event: error\ndata: {"error": {"message": "The server had an error", "code": null}}\n\n'
    ),
    "stream_flat_error": _partials_and(
        b'data: {"type": "error", "code": "rate_limit_exceeded", "message": "slow"}\n\n'
    ),
    "stream_garbage_then_ok": _stream(
        lambda fake, got: [
            b": keepalive\n\ndata: not json\n\n",
            b'data: {"type": "oops", "b64_json": "iVBOR\n\n',
            b'data: {"type": "image_generation.heartbeat"}\n\n',
            ("completed", fake.completed(got)),
            b"data: [DONE]\n\n",
        ]
    ),
    "stream_duplicate": _stream(_duplicate),
    "stream_other_type": _stream(
        lambda fake, got: [("draft", fake.completed(got)), ("heartbeat", fake.completed(got))]
    ),
    "stream_cut_behind_picture": _stream(
        lambda fake, got: [
            b'data: {"type": "image_generation.completed", "b64_json": "'
            + b64(fake.draw(got)).encode()
            + b'", "usage": {"input_tok'
        ]
    ),
    "early_then_held": _early_then_held,
    "stream_hang": _stream_hanging,
    "stream_plain_json": _changed(lambda _: None, "text/event-stream"),
    "stream_untyped": _stream(
        lambda fake, got: [b"data: " + json.dumps(fake.reply(got)).encode() + b"\n\n"]
    ),
    "litellm_moderation": _litellm(
        400, f"litellm.ContentPolicyViolationError: OpenAIException - {SAFETY}"
    ),
    "litellm_unverified": _litellm(400, f"litellm.BadRequestError: OpenAIException - {VERIFY}"),
    "litellm_key": _litellm(400, "No connected db.", type="no_db_connection"),
    "litellm_quota": _litellm(429, "litellm.RateLimitError: You have run out of credits."),
    "litellm_rate_limit": _litellm(429, "litellm.RateLimitError: Rate limit reached"),
    "litellm_cooldown": _litellm(429, "No deployments", type="all_deployments_in_cooldown"),
    "litellm_model": _litellm(400, "/images/generations: Invalid model name passed in model=x."),
    "litellm_overloaded": _litellm(
        400, f"litellm.BadRequestError: OpenAIException - {OVERLOADED}"
    ),
    "litellm_timeout": _litellm(408, "litellm.Timeout: APITimeoutError - Request timed out."),
    "litellm_500": _litellm(500, f"litellm.InternalServerError: OpenAIException - {SERVER}"),
    "echo_200": _echoing(200),
    "echo_400": _echoing(400),
    "echo_401": _echoing(401),
    "echo_429": _echoing(429),
    "echo_500": _echoing(500),
    "echo_page": _echo_page,
    "hang": _hang,
    "drip": _drip,
    "redirect": _redirect,
    "gzip": _gzip,
    "gzip_bomb": _bomb(200),
    "gzip_bomb_500": _bomb(500),
}  # fmt: skip
MODES["unauthorized"] = MODES["401"]


# What it draws.


@functools.lru_cache(maxsize=256)
def flat(fmt: str, width: int, height: int, number: int, clear: bool = False) -> bytes:
    """One colour (another for each number); transparent with a disc-less middle where asked."""
    hue = (number * 47 % 256, number * 91 % 256, 200 - number * 13 % 200)
    if fmt == "svg":
        text = '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}"><rect width="100%" '
        return (text + 'height="100%" fill="rgb{}"/></svg>').format(width, height, hue).encode()
    if clear:
        image = Image.new("RGBA", (width, height), (*hue, 0))
        image.paste((*hue, 255), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
        return encoded(image, fmt)
    return encoded(Image.new("RGB", (width, height), hue), fmt)


def changed(data: bytes, fmt: str, width: int, height: int, number: int) -> bytes:
    """The input at the asked size with every channel of every pixel far from what it was."""
    if fmt == "svg":
        return flat(fmt, width, height, number)
    image = _opened(data).convert("RGB").resize((width, height))  # pyright: ignore[reportUnknownMemberType] numpy is not installed
    table = [(level + 128) % 256 for level in range(256)]
    moved = image.point(table * 3)  # pyright: ignore[reportUnknownMemberType] the same
    return encoded(moved, fmt)


def lettered(data: bytes, fmt: str, words: str) -> bytes:
    """The picture with black words on a white board."""
    image = _opened(data).convert("RGB")
    font = ImageFont.load_default(image.height // 10)
    drawn = ImageDraw.Draw(image)
    drawn.rectangle((0, 0, image.width, image.height // 3), fill="white")
    drawn.text((image.width // 12, image.height // 12), words, fill="black", font=font)
    return encoded(image, fmt)


def encoded(image: Image.Image, fmt: str) -> bytes:
    out = io.BytesIO()
    match fmt:
        case "png":
            image.save(out, "PNG", compress_level=1)
        case "gif":
            frames = [image.convert("RGB"), Image.new("RGB", image.size, "white")]
            frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200)
        case "webp":
            image.save(out, "WEBP", quality=80, method=0)
        case _:
            image.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def with_chunk(png: bytes, name: bytes, payload: bytes) -> bytes:
    """The PNG with one more chunk right after its header, where OpenAI puts its manifest."""
    crc = zlib.crc32(name + payload)
    chunk = struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", crc)
    return png[:33] + chunk + png[33:]


def size_of(got: Got) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", str(got.fields.get("size") or "auto"))
    if found:
        return int(found[1]), int(found[2])
    images = got.files.get("image") or got.files.get("image[]") or []
    return _opened(images[0].data).size if images else (1254, 1254)


def usage(got: Got, count: int) -> dict[str, Any]:
    """Tokens by the calculator's formula of 2 and 2.5, image inputs at a measured guess."""
    tier = str(got.fields.get("quality") or "auto")
    tier = {"auto": "medium"}.get(tier, tier)
    steps = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
    if str(got.fields.get("model")).startswith("gpt-image-2-") or got.fields.get("model") == (
        "gpt-image-2"
    ):
        steps = {"low": 16, "medium": 48, "high": 96}
    width, height = size_of(got)
    longer = steps.get(tier, 24)
    shorter = round(longer * min(width, height) / max(width, height))
    tokens = math.ceil(longer * shorter * (2_000_000 + width * height) / 4_000_000) * count
    tokens += 100 * int(got.fields.get("partial_images") or 0)
    text = len(str(got.fields.get("prompt"))) // 4 + 6
    images = 1100 * sum(len(files) for files in got.files.values())
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": tokens,
        "output_tokens_details": {"image_tokens": tokens, "text_tokens": 0},
        "total_tokens": text + images + tokens,
    }


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def _true(value: object) -> bool:
    return value is True or value == "true"


def _values(got: Got) -> set[str]:
    return {value for value in got.fields.values() if isinstance(value, str)}


def _echo(got: Got) -> dict[str, Any]:
    width, height = size_of(got)
    quality = str(got.fields.get("quality") or "auto")
    return {
        "background": got.fields.get("background") or "opaque",
        "output_format": got.fields.get("output_format") or "png",
        "quality": "low" if quality == "auto" else quality,
        "size": f"{width}x{height}",
    }


def _events(events: list[Any], got: Got) -> Response:
    return _pieces(_event_bytes(events, got), "text/event-stream")


def _event_bytes(events: list[Any], got: Got) -> bytes:
    """Server-sent events; bytes among them go out as they are."""
    kind = "image_edit" if got.path.endswith("edits") else "image_generation"
    out: list[bytes] = []
    for event in events:
        if isinstance(event, bytes):
            out.append(event)
            continue
        name, payload = cast("tuple[str, dict[str, Any]]", event)
        whole = {"type": f"{kind}.{name}", "created_at": 1795000000, **_echo(got), **payload}
        out.append(f"event: {kind}.{name}\ndata: {json.dumps(whole)}\n\n".encode())
    return b"".join(out)


def _pieces(body: bytes, mime: str) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), CHUNK):
            yield body[at : at + CHUNK]

    return StreamingResponse(pieces(), media_type=mime)


async def _read(request: Request) -> Got:
    path = request.url.path
    before, _, after = path.partition("/v1/") if "/v1/" in path else ("", "", path.lstrip("/"))
    prefix = before.strip("/").removesuffix("openai").strip("/")
    fields: dict[str, Any] = {}
    files: dict[str, list[File]] = {}
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    mime = value.content_type or ""
                    file = File(value.filename or "", await value.read(), mime)
                    files.setdefault(name, []).append(file)
                else:
                    fields[name] = value
    elif body := await request.body():
        fields = json.loads(body)
    known = prefix if prefix in MODES or prefix.startswith("reject_param:") else ""
    host = request.headers.get("host", "")
    origin = f"{request.url.scheme}://{host}"
    return Got(request.method, origin, host, after, known, dict(request.headers), fields, files)


# Sockets.


@contextlib.contextmanager
def serve(app: FakeOpenAI, certificate: Path | None = None) -> Generator[str]:
    """Run the app on a free port of loopback in a thread; yields http://127.0.0.1:PORT.

    With a certificate (and its key, one PEM file) it is https.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)  # clients may connect before the server is up
        server = uvicorn.Server(_config(app, certificate))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            scheme = "https" if certificate else "http"
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)


def _config(app: FakeOpenAI, certificate: Path | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="critical",
        lifespan="off",
        ws="none",
        access_log=False,
        ssl_certfile=certificate,
    )


class MemoryPart:
    """A part for what is never kept."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.writes: list[int] = []
        self.discarded = False

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, data: bytes | memoryview, /) -> None:
        self.data += data
        self.writes.append(len(data))

    def read(self, limit: int | None = None) -> bytes:
        return bytes(self.data[:limit])

    def discard(self) -> None:
        assert not self.discarded
        self.discarded = True


class Misbehaving:
    """A raw server: `url`, and how many requests that cost something reached it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.hits = 0


@contextlib.contextmanager
def misbehave(answer: bytes, *, reset: bool = True) -> Generator[Misbehaving]:
    """Read each request, send `answer`, then reset (or just close) the connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        server = Misbehaving(listener.getsockname()[1])

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        _answer(connection, server, answer, reset)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _answer(connection: socket.socket, server: Misbehaving, answer: bytes, reset: bool) -> None:
    connection.settimeout(10)
    request = b""
    while b"\r\n\r\n" not in request and (piece := connection.recv(65536)):
        request += piece
    found = re.search(rb"(?i)content-length: (\d+)", request)
    while found and len(request.partition(b"\r\n\r\n")[2]) < int(found[1]):
        request += connection.recv(65536)
    server.hits += request.startswith(b"POST")
    connection.sendall(answer)
    if reset:  # a zero linger makes close() send RST
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="fake_openai", description="A provider that costs nothing"
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--size-bytes", type=int, default=0, help="pad PNGs to this many bytes")
    parser.add_argument("--any-key", action="store_true", help="take any key, not only sk-test")
    options = parser.parse_args()
    app = fake_openai(delay=options.delay, size_bytes=options.size_bytes)
    app.keys = None if options.any_key else app.keys
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", options.port))
        listener.listen(256)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
        uvicorn.Server(_config(app)).run(sockets=[listener])


if __name__ == "__main__":
    main()

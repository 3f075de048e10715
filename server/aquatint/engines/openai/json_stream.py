"""Reads one JSON document while it arrives: pictures go straight to parts, the rest stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import cast

from ...domain.errors import BadReply
from ...domain.ports import Part
from .base64_text import Base64Part

IMAGE_KEY = b"b64_json"
_DATA_URI = b"data:image"
_MARK = re.compile(rb'["{}\[\]:,]')
_STRING_END = re.compile(rb'["\\]')
_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CUT_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{0,3})?\Z")
_MOST_TEXT = 1024 * 1024  # bytes beside the pictures; the real service sends under one kilobyte


class Document:
    """A push parser that only knows where strings begin and end.

    A string value under `b64_json`, and any that begins with `data:image`, is decoded into a part
    and leaves its number in the text: `{"b64_json":"iVBO..."}` becomes `{"b64_json":0}`.
    `value()` is then the parsed rest, and `take(number)` gives each part once.
    """

    def __init__(self, sink: Callable[[], Base64Part]) -> None:
        self.text = bytearray()
        self.faults: list[str] = []  # why pictures could not be decoded
        self._sink = sink
        self._parts: list[Part | None] = []
        self._depth = 0
        self._image: Base64Part | None = None
        self._in_string = False
        self._escaped = False
        self._judged = False  # whether this string is known to be no data URI
        self._start = 0  # where the current string begins in `text`
        self._last = b""  # the last whole string, a key if a colon follows
        self._key = b""
        self._cut = b""  # the beginning of an escape that the end of a piece cut off

    @property
    def complete(self) -> bool:
        return self._depth == 0 and not self._in_string and bool(self.text.strip())

    def feed(self, data: bytes) -> None:
        data, self._cut = self._cut + data, b""
        at = 0
        while at < len(data):
            if self._image is not None:
                at = self._feed_image(data, at, self._image)
            elif self._in_string:
                at = self._feed_string(data, at)
            else:
                at = self._feed_outside(data, at)
            if len(self.text) > _MOST_TEXT:
                raise BadReply(
                    "The service sent a megabyte of text instead of a picture.",
                    "Check that OPENAI_BASE_URL is the address of an Images API.",
                    code="reply_too_large",
                    spent="unknown",
                )

    def value(self) -> object:
        """The document without its pictures; None when it is no JSON, or cut short."""
        try:
            return cast(object, json.loads(self.text, strict=False))
        except (ValueError, RecursionError):
            return None

    def take(self, number: object) -> Part | None:
        """The part that stood where `number` stands now; None the second time."""
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        if not 0 <= number < len(self._parts):
            return None
        part, self._parts[number] = self._parts[number], None
        return part

    def _feed_outside(self, data: bytes, at: int) -> int:
        found = _MARK.search(data, at)
        if found is None:
            self.text += data[at:]
            return len(data)
        self.text += data[at : found.end()]
        match found.group():
            case b'"':
                self._in_string, self._judged = True, False
                self._start = len(self.text)
                if self._key == IMAGE_KEY:
                    self._begin_image()
            case b":":
                self._key = self._last
            case b"{" | b"[":
                self._depth += 1
                self._key = b""
            case b"}" | b"]":
                self._depth -= 1
                self._key = b""
            case _:
                self._key = b""
        return found.end()

    def _feed_string(self, data: bytes, at: int) -> int:
        if self._escaped:
            self.text += data[at : at + 1]
            self._escaped = False
            return at + 1
        stop = len(data)
        if not self._judged:  # look at no more than tells a data URI from words
            stop = min(stop, at + max(1, self._start + len(_DATA_URI) - len(self.text)))
        found = _STRING_END.search(data, at, stop)
        self.text += data[at : found.end() if found else stop]
        if found and found.group() == b'"':
            self._last = bytes(self.text[self._start : -1])
            self._in_string = False
        elif found:
            self._escaped = True
        elif not self._judged and len(self.text) - self._start >= len(_DATA_URI):
            self._judged = True
            if self.text.endswith(_DATA_URI):
                self._begin_image()
        return found.end() if found else stop

    def _begin_image(self) -> None:
        self._image = self._sink()
        self._image.write(bytes(self.text[self._start :]))
        del self.text[self._start - 1 :]  # its opening quote goes too
        self.text += str(len(self._parts)).encode()

    def _feed_image(self, data: bytes, at: int, image: Base64Part) -> int:
        end = data.find(b'"', at)
        stop = len(data) if end < 0 else end
        if data.find(b"\\", at, stop) < 0:
            image.write(memoryview(data)[at:stop])
        else:
            piece = data[at:stop]
            if end < 0 and (cut := _CUT_ESCAPE.search(piece)):
                self._cut = cut.group()
                piece = piece[: cut.start()]
            image.write(_ESCAPE.sub(_unescaped, piece.replace(b"\\/", b"/")))
        if end < 0:
            return len(data)
        self._parts.append(image.close())
        if image.fault:
            self.faults.append(image.fault)
        self._image, self._in_string = None, False
        return end + 1


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """What a JSON escape stands for, a character foreign to base64 where it is not ASCII."""
    name = escape.group(1)
    if name.startswith(b"u") and len(name) == 5:
        code = int(name[1:], 16)
        return bytes([code]) if code < 128 else b"!"
    return b" " if name in (b"n", b"r", b"t") else b"!"

"""Reads a reply's body while it arrives, JSON or events: pictures go to parts, the rest is text."""

from __future__ import annotations

import json
import re
from typing import Literal, cast

from ...domain.engine import Part
from ...domain.errors import BadReply
from .pictures import Base64Part, Parts

IMAGE_KEYS = frozenset({b"b64_json"})
_DATA_URI = b"data:image"
_MARK = re.compile(rb'["{}\[\]:,]')
_STRING_END = re.compile(rb'["\\]')
_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CUT_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{0,3})?\Z")
_CLOSERS = {b"{": b"}", b"[": b"]"}
_MOST_TEXT = 1024 * 1024  # bytes beside the pictures; the real service sends under one kilobyte
_MOST_DIGITS = 18  # of a number that is read exactly; a longer one counts nothing
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_LONGEST_FIELD = 1024  # bytes of an event line that is not data
_QUOTED = 1024  # bytes of an unusable reply that are kept to be quoted


class Document:
    """A push parser of one JSON document that only knows where strings begin and end.

    A string value under one of `keys`, and any that begins with `data:image`, is decoded into a
    part and leaves its number in the text: `{"b64_json":"iVBO..."}` becomes `{"b64_json":0}`.
    `value()` is the parsed rest, `take(number)` gives each part once, `images` counts those whose
    end has come. `event` is the name that a stream gave it. What follows its end is not read.
    """

    def __init__(self, parts: Parts, keys: frozenset[bytes] = IMAGE_KEYS) -> None:
        self.event = ""
        self.text = bytearray()
        self.faults: list[str] = []  # why pictures could not be decoded
        self._sink, self._keys = parts, keys
        self._parts: list[Part | None] = []
        self._open: list[bytes] = []  # what closes the brackets that are open
        self._whole = (0, b"")  # how much of the text is whole, and what would close it there
        self._image: Base64Part | None = None
        self._in_string = False
        self._escaped = False
        self._judged = False  # whether this string is known to be no data URI
        self._start = 0  # where the current string begins in `text`
        self._last = b""  # the last whole string, a key if a colon follows
        self._key = b""
        self._cut = b""  # the beginning of an escape that the end of a piece cut off

    @property
    def images(self) -> int:
        return len(self._parts)

    @property
    def complete(self) -> bool:
        return not self._open and not self._in_string and bool(self.text.strip())

    def feed(self, data: bytes) -> None:
        data, self._cut = self._cut + data, b""
        at = 0
        while at < len(data):
            if self._image is not None:
                at = self._feed_image(data, at, self._image)
            elif self._in_string:
                at = self._feed_string(data, at)
            elif self.complete:
                return
            else:
                at = self._feed_outside(data, at)
            if len(self.text) > _MOST_TEXT:
                raise BadReply(
                    "The service sent a megabyte of text instead of a picture.",
                    "Check that AQUATINT_BASE_URL is the address of an Images API.",
                    code="reply_too_large",
                    spent="unknown",
                )

    def value(self) -> object:
        """The document without its pictures; of one that was cut short, what of it is whole.

        None when it is not JSON; the pictures alone when it is none for other reasons.
        """
        length, closers = (len(self.text), b"") if self.complete else self._whole
        text = (bytes(self.text[:length]) + closers).decode("utf-8", "replace")
        try:
            return cast(object, json.loads(text, strict=False, parse_int=_number))
        except (ValueError, RecursionError):
            return {"data": list(range(self.images))} if self.images else None

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
        mark = found.group()
        if mark == b'"':
            self._in_string, self._judged = True, False
            self._start = len(self.text)
            if self._key in self._keys:
                self._begin_image()
            return found.end()
        self._key = self._last if mark == b":" else b""
        if mark in _CLOSERS:
            self._open.append(_CLOSERS[mark])
        elif mark == b"," and len(self._open) == 1:
            self._mark_whole(len(self.text) - 1)
        elif mark in b"}]":
            self._open = self._open[:-1]
            if len(self._open) == 1:  # not deeper: half of the usage counts as none
                self._mark_whole(len(self.text))
        return found.end()

    def _mark_whole(self, length: int) -> None:
        self._whole = (length, b"".join(reversed(self._open)))

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
        self._image = Base64Part(self._sink)
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
        self._mark_whole(len(self.text))
        return end + 1


class Body:
    """The body of a reply, whatever its content type says.

    `feed` gives the documents that became whole: the one of a plain body, each of an event stream.
    `document` is the one that is arriving, or the last one. `head` keeps the first kilobyte, to be
    quoted when nothing could be used. More than `total` bytes raise BadReply.
    """

    def __init__(self, parts: Parts, total: int, keys: frozenset[bytes] = IMAGE_KEYS) -> None:
        self.kind: Literal["", "json", "events", "other"] = ""
        self.head = b""
        self.document = Document(parts, keys)
        self._parts, self._total, self._keys = parts, total, keys
        self._seen = 0
        self._waiting = b""  # until it is clear what the body is
        self._line = b""  # the beginning of an event line whose field is not yet known
        self._in_line: Literal["field", "data", "skip"] = "field"

    def feed(self, data: bytes) -> list[Document]:
        self._seen += len(data)
        if self._seen > self._total:
            raise BadReply(
                f"The service sent more than {self._total // 1_000_000} MB; the rest was not read.",
                "Call again with fewer or smaller pictures, or with format jpeg or webp.",
                code="reply_too_large",
                spent="unknown",
            )
        if len(self.head) < _QUOTED:
            self.head += data[: _QUOTED - len(self.head)]
        if not self.kind:
            data = self._waiting = (self._waiting + data).removeprefix(_BOM).lstrip(_SPACE)
            self.kind = _kind(data)
        match self.kind:
            case "json":
                before = self.document.complete
                self.document.feed(data)
                return [self.document] if self.document.complete and not before else []
            case "events":
                return self._events(data)
            case _:
                self._waiting = data[:_QUOTED]
        return []

    def _events(self, data: bytes) -> list[Document]:
        whole: list[Document] = []
        at = 0
        while at < len(data):
            end = data.find(b"\n", at)
            piece = data[at : len(data) if end < 0 else end]
            self._piece(piece)
            if self.document.complete or (end >= 0 and self._ends_event()):
                whole.append(self.document)
                self.document = Document(self._parts, self._keys)
                self._in_line = "skip"
            if end < 0:
                break
            if self._line.startswith(b"event:"):
                self.document.event = self._line[6:].strip().decode("utf-8", "replace")
            self._line, self._in_line = b"", "field"
            at = end + 1
        return whole

    def _piece(self, piece: bytes) -> None:
        if self._in_line == "data":
            self.document.feed(piece)
        elif self._in_line == "field":
            self._line += piece
            if self._line.startswith(b"data:"):
                self._begin_data()
            elif len(self._line) > _LONGEST_FIELD:
                self._in_line = "skip"

    def _begin_data(self) -> None:
        """A data line: the first of a document, or its next."""
        text = self._line.removeprefix(b"data:").lstrip(b" ")
        if not text:
            return
        if self.document.text:
            self.document.feed(b"\n")
        elif not text.startswith(b"{"):  # [DONE], or garbage: no document begins here
            self._in_line = "skip"
            return
        self._in_line = "data"
        self.document.feed(text)

    def _ends_event(self) -> bool:
        """Whether this line ends a document that is not whole: it is blank, or names another."""
        over = self._line.startswith(b"event:") or not self._line.strip()
        return self._in_line == "field" and over and bool(self.document.text)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float("inf")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """What a JSON escape stands for, a character foreign to base64 where it is not ASCII."""
    name = escape.group(1)
    if name.startswith(b"u") and len(name) == 5:
        code = int(name[1:], 16)
        return bytes([code]) if code < 128 else b"!"
    return b" " if name in (b"n", b"r", b"t") else b"!"


def _kind(start: bytes) -> Literal["", "json", "events", "other"]:
    if not start:
        return ""
    if start[:1] in (b"{", b"["):
        return "json"
    if start.startswith(_FIELDS):
        return "events"
    return "" if any(name.startswith(start) for name in (*_FIELDS, _BOM)) else "other"

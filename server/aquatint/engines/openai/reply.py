"""Tells what a service answered (JSON, an event stream, something else) and reads it piecemeal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ...domain.errors import BadReply
from ...domain.ports import Part
from .base64_text import Base64Part
from .json_stream import Document

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_LONGEST_FIELD = 1024  # bytes of an event line that is not data
_QUOTED = 1024  # bytes of an unusable reply that are kept to be quoted


@dataclass(slots=True)
class Parts:
    """Every part a reply opened, until it is handed on: what is left at the end is discarded."""

    open_one: Callable[[], Part]
    held: list[Part] = field(default_factory=list[Part])

    def opened(self) -> Part:
        part = self.open_one()
        self.held.append(part)
        return part

    def hand(self, part: Part) -> Part:
        self.held = [held for held in self.held if held is not part]
        return part

    def drop(self, part: Part) -> None:
        self.hand(part).discard()

    def discard(self) -> None:
        for part in self.held:
            part.discard()
        self.held = []


class Reply:
    """The body of an answer, whatever its content type says.

    `feed` gives the documents of an event stream that became whole, `close` the last one and a
    plain JSON body (`body` is that one before it is whole). `head` keeps the first kilobyte, to
    be quoted when nothing could be used.
    """

    def __init__(self, parts: Parts, *, total: int, each: int) -> None:
        self.kind: Literal["", "json", "events", "other"] = ""
        self.head = b""
        self.body = self._document = Document(self._sink)
        self._parts, self._total, self._each = parts, total, each
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
                self.body.feed(data)
            case "events":
                return self._events(data)
            case _:
                self._waiting = data[:_QUOTED]
        return []

    def close(self) -> list[Document]:
        """A plain body, or the last document of a stream that ended without its empty line."""
        return [self._document] if self._document.complete else []

    def _sink(self) -> Base64Part:
        return Base64Part(self._parts.opened, self._parts.drop, self._each)

    def _events(self, data: bytes) -> list[Document]:
        whole: list[Document] = []
        at = 0
        while at < len(data):
            end = data.find(b"\n", at)
            piece = data[at : len(data) if end < 0 else end]
            self._piece(piece, whole)
            if end < 0:
                break
            self._end_line(whole)
            at = end + 1
        return whole

    def _piece(self, piece: bytes, whole: list[Document]) -> None:
        if self._in_line == "data":
            self._document.feed(piece)
        elif self._in_line == "field":
            self._line += piece
            if self._line.startswith(b"data:"):
                self._begin_data(whole)
            elif len(self._line) > _LONGEST_FIELD:
                self._in_line = "skip"

    def _begin_data(self, whole: list[Document]) -> None:
        """A data line: the next line of this event, or, after a whole document, of the next."""
        text = self._line.removeprefix(b"data:").lstrip(b" ")
        if not text:
            return
        if self._document.complete:
            self._dispatch(whole)
        if self._document.text:
            self._document.feed(b"\n")
        elif not text.startswith(b"{"):  # [DONE], or garbage: no document begins here
            self._in_line = "skip"
            return
        self._in_line = "data"
        self._document.feed(text)

    def _end_line(self, whole: list[Document]) -> None:
        named = self._line.startswith(b"event:")  # begins an event, even without an empty line
        if self._in_line == "field" and (named or not self._line.strip()):
            self._dispatch(whole)
        self._line, self._in_line = b"", "field"

    def _dispatch(self, whole: list[Document]) -> None:
        if self._document.text:
            whole.append(self._document)
            self._document = Document(self._sink)


def _kind(start: bytes) -> Literal["", "json", "events", "other"]:
    if not start:
        return ""
    if start[:1] in (b"{", b"["):
        return "json"
    if start.startswith(_FIELDS):
        return "events"
    return "" if any(name.startswith(start) for name in (*_FIELDS, _BOM)) else "other"

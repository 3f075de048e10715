"""Turns base64 text, however a service dresses it, into bytes in parts while it arrives."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from ...domain.engine import Part
from ...domain.errors import BadReply, NotKept
from ...domain.models.sizes import parse_size
from ...domain.types import Order

LARGEST = 16_000_000  # pixels of a picture whose size is the service's to choose
SLACK = 16_000_000  # bytes beside the pixels: manifests, profiles, a larger size than asked for
MOST_FRAMES = 16  # of an animation whose length is the service's to choose
LARGEST_FILE = 1_000_000_000  # bytes of a picture, whatever size was asked for
SLICE = 256 * 1024  # bytes of base64 decoded at once; a multiple of four
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SPACE = b" \t\r\n\f\v"
_LONGEST_PREFIX = 256  # "data:image/png;charset=...;base64,"


def ceilings(order: Order) -> tuple[int, int]:
    """Bytes of one picture, decoded, and of the whole reply, expanded, by what was asked for."""
    width, height = parse_size(order.size) or (LARGEST, 1)
    frames = order.frames or (MOST_FRAMES if order.format == "gif" else 1)
    each = min(SLACK + 4 * width * height * frames, LARGEST_FILE)
    return each, 2 * each * (order.n + order.partials)  # base64, escaped here and there


class Parts:
    """Every part a reply opened, until it is handed on: what is left at the end is discarded.

    A picture above `ceiling` bytes raises BadReply, a failing disk NotKept.
    """

    def __init__(self, open_one: Callable[[], Part], ceiling: int) -> None:
        self.held: list[Part] = []
        self._open_one, self._ceiling = open_one, ceiling

    def opened(self) -> Part:
        try:
            part = self._open_one()
        except OSError as exc:
            raise _unwritten(exc) from exc
        self.held.append(part)
        return part

    def write(self, part: Part, data: bytes) -> None:
        try:
            part.write(data)
        except OSError as exc:
            raise _unwritten(exc) from exc
        if part.size > self._ceiling:
            raise BadReply(
                f"A picture above {self._ceiling // 1_000_000} MB came; it was dropped.",
                "Call again with a smaller size, or with format jpeg or webp.",
                code="reply_too_large",
                spent="yes",
            )

    def hand(self, part: Part) -> Part:
        self.held = [held for held in self.held if held is not part]
        return part

    def drop(self, part: Part) -> None:
        self.hand(part).discard()

    def discard(self) -> None:
        for part in self.held:
            part.discard()
        self.held = []


class Base64Part:
    """Standard or url-safe, padded or not, broken into lines or not, with or without `data:`.

    `fault` says why the text is not base64 ("" while it is); its part is then gone. `close` gives
    the part, None when there were no bytes.
    """

    def __init__(self, parts: Parts) -> None:
        self.fault = ""
        self._parts = parts
        self._part: Part | None = None
        self._head: bytes | None = b""  # held until it is clear whether a prefix stands there
        self._rest = b""  # up to three characters that do not yet make three bytes
        self._padding = 0

    def write(self, text: bytes | memoryview) -> None:
        for start in range(0, len(text), SLICE):
            if self.fault:
                return
            self._slice(bytes(text[start : start + SLICE]))

    def close(self) -> Part | None:
        if not self.fault and self._head:
            self._decode(self._head)
        if not self.fault and len(self._rest) == 1:
            self._break("its last character stands alone")
        if not self.fault and self._rest:
            self._append(self._rest + b"=" * (4 - len(self._rest)))
        return self._part

    def _slice(self, text: bytes) -> None:
        if self._head is None:
            self._decode(text)
            return
        head = (self._head + text).lstrip(_SPACE)
        if head[:5].lower() != b"data:"[: len(head)]:
            self._head = None
            self._decode(head)
        elif b"," in head:
            self._head = None
            self._decode(head[head.index(b",") + 1 :])
        elif len(head) > _LONGEST_PREFIX:
            self._break("a data: prefix without an end")
        else:
            self._head = head

    def _decode(self, text: bytes) -> None:
        text = text.translate(_URL_SAFE, _SPACE)
        body = text.rstrip(b"=")
        if b"=" in body or (body and self._padding):
            self._break("it goes on after its padding")
            return
        self._padding += len(text) - len(body)
        text = self._rest + body
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        if whole:
            self._append(text[:whole])

    def _append(self, text: bytes) -> None:
        try:
            data = binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error:
            self._break("a character that base64 does not have")
            return
        if self._part is None:
            self._part = self._parts.opened()
        self._parts.write(self._part, data)

    def _break(self, why: str) -> None:
        self.fault = why
        if self._part is not None:
            self._parts.drop(self._part)
            self._part = None


def _unwritten(exc: OSError) -> NotKept:
    return NotKept(
        f"The picture could not be written: {exc.strerror or exc}",
        "Free space or repair AQUATINT_HOME, then call again.",
        spent="unknown",
    )

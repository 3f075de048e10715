"""Sets a caption in type: fonts, directions, lines, and honest boxes for what cannot be set."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil, floor
from threading import Lock

from PIL import Image, ImageDraw, features

from .canvas import RGB, paste, sized
from .fonts import BUNDLED, Face, Font, Fonts
from .letters import PLAIN, Piece, box, note, pieces, side_of, sides

FINE = 3  # letters are drawn this much larger and reduced
NEAR = str.maketrans({
    "ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "ı": "i", "–": "-", "—": "-", "×": "x",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "…": "...",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """A piece on a line, `at` pixels from its left."""

    text: str
    face: Face
    rtl: bool
    box: bool
    at: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """Its runs from left to right as they are seen."""

    runs: tuple[Run, ...]
    width: float


@dataclass(frozen=True, slots=True)
class Caption:
    """Lines that fit what they were set for; pixels. `up` and `down` are from a line's base."""

    lines: tuple[Line, ...]
    size: int
    rtl: bool
    up: float
    down: float
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> float:
        return max((line.width for line in self.lines), default=0)

    @property
    def height(self) -> float:
        return len(self.lines) * (self.up + self.down)


class Typesetter:
    """Sets captions with the fonts of one machine. Safe to share between threads.

    `fonts` are folders or files (None: the usual folders); `shaping` tells whether Pillow can join
    and order letters (False: it must not; else Pillow is asked).
    """

    def __init__(self, fonts: Sequence[str] | None = None, *, shaping: bool | None = None) -> None:
        self.shaping = shaping is not False and bool(features.check("raqm"))
        self.fonts = Fonts(fonts, shaping=self.shaping)
        self.lock = Lock()

    def can(self, script: str, sample: str) -> str | None:
        """The name of the font that sets `sample`, None when none does (or shaping is missing)."""
        if not self.shaping and script not in {*PLAIN, "EMOJI"}:
            return None
        with self.lock:
            face = self.fonts.first(script, sample)
            font = self.fonts.open(face, 24) if face else None
        return font.getname()[0] if font else None

    def set(
        self, text: str, width: float, height: float, sizes: Sequence[int], most: int
    ) -> Caption:
        """The largest of `sizes` (falling) that fits; at the last the end is cut with "…"."""
        with self.lock:
            found, notes = self._faced(pieces(text))
            rtl = next((side == "R" for side in map(side_of, found) if side in {"L", "R"}), False)
            made = Caption((), sizes[-1], rtl, 0, 0, notes)
            for size in sizes:
                up, down = self._reach(found, size)
                rows = self._wrap(found, width, size, rtl=rtl)
                fit = min(most, int(height / (up + down)))
                lines, whole = self._cut(rows, fit, width, size, rtl=rtl)
                made = Caption(tuple(lines), size, rtl, up, down, notes)
                if whole:
                    break
            return made

    def draw(
        self, image: Image.Image, caption: Caption, x: float, y: float, wide: float, fill: RGB
    ) -> None:
        """Paint the lines from (x, y) down; right-aligned in `wide` where the text runs so."""
        with self.lock:
            for i, line in enumerate(caption.lines):
                left = x + (wide - line.width if caption.rtl else 0)
                top = y + i * (caption.up + caption.down)
                for run in line.runs:
                    self._paint(image, run, caption, left + run.at, top, fill)

    def _faced(self, found: list[Piece]) -> tuple[list[Piece], tuple[str, ...]]:
        """Each piece with its face, what no font has in boxes; and what to tell."""
        chosen: dict[str, Face | None] = {}  # one face per script, so that none mixes
        for script in {piece.script for piece in found}:
            whole = "".join(piece.text for piece in found if piece.script == script)
            chosen[script] = self.fonts.first(script, whole)
        missing: dict[str, None] = {}
        faced: list[Piece] = []
        for piece in found:
            face, text = self._face(piece, chosen), piece.text
            if face is None and piece.script in {"LATIN", "COMMON"}:
                marks = unicodedata.normalize("NFKD", text.translate(NEAR))
                near = "".join(c for c in marks if not unicodedata.combining(c))
                if self.fonts.covers(BUNDLED, near):
                    missing |= {"ACCENTS": None} if piece.script == "LATIN" else {}
                    face, text = BUNDLED, near
            missing |= {piece.script: None} if face is None else {}
            faced.append(replace(piece, text=text, face=face))
        if len(missing) > 1:
            missing.pop("COMMON", None)  # the punctuation of what is boxed anyway
        out: list[Piece] = []
        for script, some in groupby(faced, lambda one: one.script if one.face is None else ""):
            passage = list(some)
            out += [box(passage)] if script else passage
        return out, tuple(note(script, shaping=self.shaping) for script in missing)

    def _face(self, piece: Piece, chosen: dict[str, Face | None]) -> Face | None:
        script, text = piece.script, piece.text
        if script not in {*PLAIN, "EMOJI"}:  # all of it or nothing: its letters join
            return chosen[script] if self.shaping else None
        if script == "EMOJI" and not self.shaping and len(text.rstrip("\ufe0f")) > 1:
            return None
        tries = [chosen[script]]
        if script == "COMMON":  # as the letters around it, so that the face changes rarely
            tries = [chosen.get("LATIN"), *tries, *chosen.values()]
        having = (face for face in tries if face is not None and self.fonts.covers(face, text))
        return next(having, None) or self.fonts.first(script, text)

    def _wrap(self, found: list[Piece], width: float, size: int, *, rtl: bool) -> list[list[Piece]]:
        """Greedy lines, as narrow as the same number of lines allows, so that they balance."""
        wide = [
            self._line([piece], size, rtl=rtl).width + size * 0.25 * piece.space for piece in found
        ]

        def fill(limit: float) -> list[list[Piece]]:
            rows: list[list[Piece]] = []
            used = limit
            for piece, needed in zip(found, wide, strict=True):
                if used + needed > limit:
                    rows.append([])
                    used = 0.0
                rows[-1].append(piece)
                used += needed
            return rows

        tried = [fill(width * share / 10) for share in (10, 9, 8, 7, 6, 5)]
        return [rows for rows in tried if len(rows) == len(tried[0])][-1]

    def _cut(
        self, rows: list[list[Piece]], most: int, width: float, size: int, *, rtl: bool
    ) -> tuple[list[Line], bool]:
        """At most so many lines, with dots at the end where more would follow; whether all fit."""
        lines = [self._line(row, size, rtl=rtl) for row in rows]
        fit = next((i for i, line in enumerate(lines) if line.width > width), len(lines))
        if fit == len(rows) <= most:
            return lines, True
        last = min(fit, most - 1)
        body = list(rows[last]) if last >= 0 else []
        dots = Piece("…" if self.fonts.covers(BUNDLED, "…") else "...", "COMMON")
        while body:
            line = self._line([*body, dots], size, rtl=rtl)
            if line.width <= width:
                return [*lines[:last], line], False
            end = body.pop()
            if not body and not end.box and len(end.text) > 1:
                body = [replace(end, text=end.text[:-1])]
        return lines[: max(0, last)], False

    def _line(self, row: Sequence[Piece], size: int, *, rtl: bool) -> Line:
        """The runs as they are seen: right to left where the line or a passage in it is read so."""
        placed = zip(range(len(row)), sides(row, "R" if rtl else "L"), strict=True)
        groups = [list(some) for _, some in groupby(placed, lambda one: one[1])]
        groups = [some[::-1] if some[0][1] == "R" else some for some in groups]
        runs: list[Run] = []
        at, before = 0.0, -1
        for i, side in (one for some in (groups[::-1] if rtl else groups) for one in some):
            piece = row[i]
            at += size * 0.25 * (before >= 0 and row[max(i, before)].space)
            small = size * 0.8 if piece.box else size
            font = self._font(piece.face or BUNDLED, small)
            wide = font.getlength(piece.text, direction=self._way(side == "R")) * small / font.size
            wide += size * 0.9 * piece.box
            runs.append(Run(piece.text, piece.face or BUNDLED, side == "R", piece.box, at, wide))
            at, before = at + wide, i
        return Line(tuple(runs), at)

    def _reach(self, found: list[Piece], size: int) -> tuple[float, float]:
        """How far the letters reach above and below a line's base."""
        faces = {piece.face for piece in found if piece.face and piece.script != "EMOJI"}
        reach = [self._font(face, size).getmetrics() for face in faces]
        up, down = (max((one[i] / FINE for one in reach), default=0) for i in (0, 1))
        return max(up, size * 0.95), max(down, size * 0.35)

    def _font(self, face: Face, size: float) -> Font:
        """Opened larger than asked, so that the reduced letters are smooth and evenly spaced."""
        font = self.fonts.open(face, round(size * FINE))
        assert font is not None  # it covered its text, or is Pillow's own
        return font

    def _way(self, rtl: bool) -> str | None:
        return ("rtl" if rtl else "ltr") if self.shaping else None

    def _paint(
        self, image: Image.Image, run: Run, caption: Caption, x: float, y: float, fill: RGB
    ) -> None:
        size = caption.size
        small = size * 0.8 if run.box else size
        font = self._font(run.face, small)
        scale, pad = font.size / small, size  # pad: for what hangs over its own box
        left, top = floor(x - pad), floor(y - pad)
        wide = ceil(run.width + 2 * pad) + 1
        high = ceil(caption.up + caption.down + 2 * pad) + 1
        art = Image.new("RGBA", (round(wide * scale), round(high * scale)), (*fill, 0))
        pen = ImageDraw.Draw(art)
        at, base = (x - left) * scale, (y + caption.up - top) * scale
        k = size * scale
        if run.box:
            rim = at + k * 0.1, base - k * 0.86, at + run.width * scale - k * 0.1, base + k * 0.24
            pen.rounded_rectangle(rim, k * 0.3, (*fill, 36), (*fill, 190), max(1, round(k * 0.06)))
            at += k * 0.45
        way = self._way(run.rtl)
        pen.text((at, base), run.text, fill, font, "ls", direction=way, embedded_color=True)
        paste(image, sized(art, (wide, high), Image.Resampling.BOX), (left, top))

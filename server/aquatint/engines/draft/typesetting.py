"""Sets a caption in type: scripts, directions, lines, and honest boxes for what cannot be set."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor
from threading import Lock

from PIL import Image, ImageDraw, features

from .canvas import RGB, frame, sized
from .fonts import BUNDLED, Face, Font, Fonts
from .script import LONGEST, PLAIN, SPELLED, URDU, Atom, boxed, clusters, levels, note, script_of

FINE = 3  # letters are drawn this much larger and reduced


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    face: Face
    rtl: bool
    box: bool
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    runs: tuple[Run, ...]
    width: float
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Caption:
    """Lines that fit what they were set for; pixels."""

    lines: tuple[Line, ...]
    size: int
    rtl: bool
    width: float
    height: float
    notes: tuple[str, ...] = ()


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
            face = next(
                (f for f in self.fonts.faces(script, sample) if self.fonts.covers(f, sample)), None
            )
            font = self.fonts.open(face, 24) if face else None
        return font.getname()[0] if font else None

    def set(
        self, text: str, width: float, height: float, sizes: Sequence[int], most: int
    ) -> Caption:
        """The largest of `sizes` (falling) that fits; at the last the end is cut with "…"."""
        with self.lock:
            atoms, notes = self._atoms(text)
            sides = [unicodedata.bidirectional(a.text[0]) for a in atoms if not a.box]
            rtl = next((side != "L" for side in sides if side in {"L", "R", "AL"}), False)
            for size in sizes:
                rows = self._wrap(atoms, width, size, rtl=rtl)
                made = caption([self._line(row, size, rtl=rtl) for row in rows], size, rtl, notes)
                if len(rows) <= most and made.height <= height and made.width <= width:
                    return made
            lines = self._cut(atoms, width, height, sizes[-1], most, rtl=rtl)
            return caption(lines, sizes[-1], rtl, notes)

    def draw(
        self, image: Image.Image, caption: Caption, x: float, y: float, wide: float, fill: RGB
    ) -> None:
        """Paint the lines from (x, y) down; right-aligned in `wide` where the text runs so."""
        with self.lock:
            for line in caption.lines:
                at, base = x + (wide - line.width if caption.rtl else 0), y + line.up
                for run in line.runs:
                    self._paint(image, run, caption.size, at, base, fill)
                    at += run.width
                y += line.up + line.down

    def _atoms(self, text: str) -> tuple[list[Atom], tuple[str, ...]]:
        parts = [(c, script_of(c)) for c in clusters(text)]
        if len(parts) > LONGEST:
            parts = [*parts[:LONGEST], ("…", "COMMON")]
        urdu = any(c[0] in URDU for c, _ in parts)
        parts = [(c, "URDU" if s == "ARABIC" and urdu else s) for c, s in parts]
        chosen = self._choose(parts)
        atoms: list[Atom] = []
        trouble: dict[str, str] = {}
        for c, script in parts:
            before = atoms[-1] if atoms else None
            plain = before is not None and not before.box and before.script != "EMOJI"
            last = before.face if before and plain else None
            near, face = c, self._face(c, script, chosen, last)
            if face is None and script in {"LATIN", "COMMON"}:
                near, face = self._spell(c, trouble)
            if face is None:
                trouble[script] = "font" if self.shaping or script in PLAIN else "shaping"
            atoms.append(Atom(near, script, face or BUNDLED, box=face is None))
        if len(trouble) > 1:
            trouble.pop("COMMON", None)  # the punctuation of what is boxed anyway
        return boxed(atoms), tuple(note(*told) for told in trouble.items())

    def _choose(self, parts: list[tuple[str, str]]) -> dict[str, Face]:
        """One face per script: the first that has all of its letters, so that none mixes."""
        common = "".join(c for c, s in parts if s == "COMMON" and ord(c[0]) < 0x2100)
        chosen: dict[str, Face] = {}
        for script in {s for _, s in parts} | {"COMMON"}:
            text = "".join(c for c, s in parts if s == script)
            if script in {"LATIN", "COMMON"}:
                text = "".join(c for c, s in parts if s == "LATIN")
            faces = self.fonts.faces(script, text)
            for wanted in (text + common, text):
                face = next((f for f in faces if self.fonts.covers(f, wanted)), None)
                if face and script not in chosen:
                    chosen[script] = face
        return chosen

    def _face(self, c: str, script: str, chosen: dict[str, Face], last: Face | None) -> Face | None:
        if script == "EMOJI" and not self.shaping and len(c.rstrip("\ufe0f")) > 1:
            return None
        if script not in {*PLAIN, "EMOJI"}:  # whole words or none: its letters join
            return chosen.get(script) if self.shaping else None
        tries = [chosen[script]] if script in chosen else []
        if script == "COMMON":
            tries = [*([last] if last else []), *tries, *chosen.values()]
        return next(
            (f for f in [*tries, *self.fonts.faces(script, c)] if self.fonts.covers(f, c)), None
        )

    def _spell(self, c: str, trouble: dict[str, str]) -> tuple[str, Face | None]:
        """The nearest letters that Pillow's own face has, where no font has the right ones."""
        marks = unicodedata.normalize("NFKD", c.translate(SPELLED))
        near = "".join(x for x in marks if not unicodedata.combining(x))
        if near and self.fonts.covers(BUNDLED, near):
            if unicodedata.category(c[0])[0] == "L":
                trouble["ACCENTS"] = "font"
            return near, BUNDLED
        return c, None

    def _wrap(self, atoms: list[Atom], width: float, size: int, *, rtl: bool) -> list[list[Atom]]:
        """Greedy lines, then as narrow as the same number of lines allows, so that they balance."""
        words = [(w, self._line(w, size, rtl=rtl).width) for w in self._words(atoms, width, size)]
        gap = size * 0.25

        def fill(limit: float) -> list[list[Atom]]:
            lines: list[list[Atom]] = []
            used = 0.0
            for word, wide in words:
                room = gap if word[0].text == " " else 0
                if lines and used + wide <= limit:
                    lines[-1] += word
                    used += wide
                else:
                    lines.append(word[1:] if room else list(word))
                    used = wide - room
            return [line for line in lines if line]

        best = fill(width)
        low, high = width * 0.4, width
        for _ in range(6 if len(best) > 1 else 0):
            middle = (low + high) / 2
            tried = fill(middle)
            if len(tried) == len(best):
                best, high = tried, middle
            else:
                low = middle
        return best

    def _words(self, atoms: list[Atom], width: float, size: int) -> list[list[Atom]]:
        """What stays on one line, each with the space before it; too long a word is broken."""
        words: list[list[Atom]] = []
        for i, atom in enumerate(atoms):
            before = atoms[i - 1] if i else None
            unsaved = before is not None and (
                atom.text == " "
                or (
                    atom.script == "CJK"
                    and before.script in {"CJK", "COMMON"}
                    and before.text not in "（《「“("
                )
                or (
                    before.script == "CJK"
                    and atom.script not in {"CJK", "COMMON"}
                    and before.text != " "
                )
            )
            wide = len(words[-1]) > 12 if words else False  # too long for a line, perhaps
            if wide and not atom.box:
                wide = self._line(words[-1], size, rtl=False).width > width * 0.85
            if before is None or unsaved or wide:
                words.append([atom])
            else:
                words[-1].append(atom)
        return words

    def _line(self, atoms: Sequence[Atom], size: int, *, rtl: bool) -> Line:
        runs: list[tuple[int, Run]] = []
        up, down = size * 0.95, size * 0.35
        deep = levels(atoms, rtl=rtl)
        for (face, box, level), group in groupby(
            zip(atoms, deep, strict=True), lambda x: (x[0].face, x[0].box, x[1])
        ):
            text, back = "".join(a.text for a, _ in group), level == 1
            if box:
                runs.append(
                    (
                        level,
                        Run(
                            text,
                            face,
                            back,
                            box,
                            self._long(text, face, size * 0.8, back) + size * 0.9,
                        ),
                    )
                )
                continue
            font = self._font(face, size)
            if font.size == size * FINE:
                asc, desc = font.getmetrics()
                up, down = max(up, asc / FINE), max(down, desc / FINE)
            runs.append((level, Run(text, face, back, box, self._long(text, face, size, back))))
        seen = reorder(runs)
        return Line(tuple(seen), sum(r.width for r in seen), up, down)

    def _cut(
        self, atoms: list[Atom], width: float, height: float, size: int, most: int, *, rtl: bool
    ) -> list[Line]:
        rows = self._wrap(atoms, width, size, rtl=rtl)
        dots = Atom("…" if self.fonts.covers(BUNDLED, "…") else "...", "COMMON", BUNDLED)
        kept: list[Line] = []
        for i, row in enumerate(rows):
            line = self._line(row, size, rtl=rtl)
            following = self._line(rows[i + 1], size, rtl=rtl) if i + 1 < len(rows) else None
            used = sum(x.up + x.down for x in kept) + line.up + line.down
            if used > height:
                break
            last = following is not None and (
                i + 1 == most or used + following.up + following.down > height
            )
            body = list(row)
            if last:
                line = self._line([*body, dots], size, rtl=rtl)
            while body and line.width > width:
                body.pop()
                line = self._line([*body, dots], size, rtl=rtl)
            if line.width <= width:
                kept.append(line)
            if last:
                break
        return kept

    def _font(self, face: Face, size: float) -> Font:
        """Opened larger than asked, so that the reduced letters are smooth and evenly spaced."""
        font = self.fonts.open(face, round(size * FINE))
        assert font is not None  # it covered its text, or is Pillow's own
        return font

    def _way(self, back: bool) -> str | None:
        return ("rtl" if back else "ltr") if self.shaping else None

    def _long(self, text: str, face: Face, size: float, back: bool) -> float:
        font = self._font(face, size)
        return font.getlength(text, direction=self._way(back)) * size / font.size

    def _paint(
        self, image: Image.Image, run: Run, size: float, x: float, base: float, fill: RGB
    ) -> None:
        if run.box:
            edge = size * 0.1
            frame(
                image,
                (x + edge, base - size * 0.86, x + run.width - edge, base + size * 0.24),
                size * 0.3,
                fill,
            )
            inner = Run(run.text, run.face, run.rtl, False, run.width - size * 0.9)
            self._paint(image, inner, size * 0.8, x + size * 0.45, base - size * 0.02, fill)
            return
        font = self._font(run.face, size)
        scale = size / font.size
        asc, desc = font.getmetrics()
        pad = round(font.size / 2)  # for what hangs over its own box
        left, top = floor(x - pad * scale), floor(base - (asc + pad) * scale)
        wide, high = ceil(run.width + 2 * pad * scale) + 1, ceil((asc + desc + 2 * pad) * scale) + 1
        art = Image.new("RGBA", (round(wide / scale), round(high / scale)), (*fill, 0))
        at = ((x - left) / scale, (base - top) / scale)
        way = self._way(run.rtl)
        ImageDraw.Draw(art).text(at, run.text, fill, font, "ls", direction=way, embedded_color=True)
        art = sized(art, (wide, high), Image.Resampling.BOX)
        if image.mode == "RGBA":
            part = art.crop((max(0, -left), max(0, -top), wide, high))
            image.alpha_composite(part, (max(0, left), max(0, top)))
        else:
            image.paste(art, (left, top), art)


def caption(lines: list[Line], size: int, rtl: bool, notes: tuple[str, ...]) -> Caption:
    wide, high = max((x.width for x in lines), default=0), sum(x.up + x.down for x in lines)
    return Caption(tuple(lines), size, rtl, wide, high, notes)


def reorder(runs: list[tuple[int, Run]]) -> list[Run]:
    """Runs from left to right as they are seen (UAX 9, rule L2)."""
    seen = list(runs)
    for lowest in (2, 1):
        i = 0
        while i < len(seen):
            j = i
            while j < len(seen) and seen[j][0] >= lowest:
                j += 1
            seen[i:j] = reversed(seen[i:j])
            i = max(j, i + 1)
    return [run for _, run in seen]

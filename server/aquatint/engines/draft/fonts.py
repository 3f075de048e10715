"""Finds fonts by script and asks them which characters they have."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .data import table

MISSING = "\U0010fffe"  # never assigned: every font answers with its empty box

Font = ImageFont.FreeTypeFont
Face = tuple[str, int]  # file and index in it; "" is Pillow's own face
BUNDLED: Face = ("", 0)


class Fonts:
    """The fonts under some folders (or files), opened as needed; not for two threads at once."""

    def __init__(self, places: Sequence[str] | None, *, shaping: bool) -> None:
        self.places = tuple(table("fonts")["folders"] if places is None else places)
        self.layout = ImageFont.Layout.RAQM if shaping else ImageFont.Layout.BASIC
        self.files: dict[str, str] | None = None
        self.opened: dict[tuple[Face, int, int], Font | None] = {}
        self.known: dict[tuple[Face, str], bool] = {}

    def first(self, script: str, text: str) -> Face | None:
        """The best face that has all of a text."""
        return next((face for face in self._faces(script, text) if self.covers(face, text)), None)

    def covers(self, face: Face, text: str) -> bool:
        """Whether every visible character has a glyph: unlike the one of a missing character."""
        hidden = {"Cf", "Zs"}
        shown = [c for c in text if unicodedata.category(c) not in hidden and c != "\ufe0f"]
        return all(self._has(face, c) for c in shown)

    def open(self, face: Face, size: int, layout: ImageFont.Layout | None = None) -> Font | None:
        """At that size, or the nearest of a bitmap font; None for a file that is not a font."""
        layout = self.layout if layout is None else layout
        key = (face, size, int(layout))
        if key not in self.opened:
            if len(self.opened) > 64:
                self.opened.clear()
            self.opened[key] = _open(face, size, layout)
        return self.opened[key]

    def _find(self) -> dict[str, str]:
        """Paths by plain lower-case name; the folders are read once, at the first need."""
        if self.files is None:
            paths: list[Path] = []
            for place in self.places:
                top = Path(os.path.expanduser(place))  # noqa: PTH111 - must not fail without a home
                if top.is_file():
                    paths.append(top)
                for folder, folders, names in os.walk(top):
                    folders.sort()
                    paths += [Path(folder, name) for name in sorted(names)]
            fonts = [path for path in paths if path.suffix.lower() in {".ttf", ".otf", ".ttc"}]
            self.files = {_plain(path): str(path) for path in reversed(fonts)}
        return self.files

    def _faces(self, script: str, text: str) -> list[Face]:
        """Candidates for a script, best first."""
        known, files = table("fonts"), self._find()
        noto = (f"notosans{script.lower()}", f"notoserif{script.lower()}")
        by_hand = [_plain(Path(place)) for place in self.places if Path(place).suffix]
        names = [*known["scripts"].get(script, ()), *noto, *known["any"], *by_hand]
        found = [BUNDLED] if script in {"LATIN", "COMMON"} else []
        for name in dict.fromkeys(name for name in names if name in files):
            index = 0
            if name == "notosanscjk" and files[name].lower().endswith(".ttc"):
                korean, kana = (any(a <= c <= b for c in text) for a, b in ("가힣", "぀ヿ"))
                index = 1 if korean else 0 if kana else 2
            found.append((files[name], index))
        return found

    def _has(self, face: Face, char: str) -> bool:
        key = (face, char)
        if key not in self.known:
            if len(self.known) > 20_000:
                self.known.clear()
            font = self.open(face, 24, ImageFont.Layout.BASIC)
            self.known[key] = font is not None and _drawn(font, char) != _drawn(font, MISSING)
        return self.known[key]


def _open(face: Face, size: int, layout: ImageFont.Layout) -> Font | None:
    if face == BUNDLED:
        own = ImageFont.load_default(size)
        return own.font_variant(layout_engine=layout) if isinstance(own, Font) else None
    for tried in (size, *table("fonts")["strikes"]):  # not truetype(), which would look elsewhere
        try:
            return Font(face[0], tried, face[1], layout_engine=layout)
        except OSError:  # not this size (bitmap emoji), or no font at all
            continue
    return None


def _plain(path: Path) -> str:
    """The name of a font file as fonts.toml writes it."""
    return path.stem.lower().split("[")[0].replace(" ", "").removesuffix("-regular")


def _drawn(font: Font, char: str) -> bytes:
    """The pixels of a character as this font draws it alone."""
    image = Image.new("L", (64, 64) if font.size < 64 else (256, 256))
    ImageDraw.Draw(image).text((8, 8), char, 255, font)
    return image.tobytes()

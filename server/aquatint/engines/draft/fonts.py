"""Finds fonts by script and asks them which characters they have."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# file names without "-Regular", in order of preference
FACES: dict[str, tuple[str, ...]] = {
    "LATIN": (
        "notosans", "inter", "helveticaneue", "segoeui", "arial", "dejavusans", "liberationsans",
    ),
    "URDU": ("notonastaliqurdu", "jameelnoorinastaleeq", "urdtype"),
    "ARABIC": (
        "notonaskharabic", "notosansarabic", "notokufiarabic", "amiri", "geezapro", "sfarabic",
    ),
    "CJK": (
        "notosanscjk", "notosanssc", "notosanscjksc", "sourcehansanssc", "pingfang",
        "hiraginosansgb", "msyh", "simsun", "wqy-microhei", "wqy-zenhei", "droidsansfallbackfull",
    ),
    "DEVANAGARI": ("notosansdevanagari", "kohinoor", "nirmala", "mangal", "lohit-devanagari"),
    "EMOJI": ("notocoloremoji", "applecoloremoji", "seguiemj"),
}  # fmt: skip
ANY = (
    "dejavusans",
    "arialunicode",
    "arial",
    "segoeui",
    "tahoma",
    "freesans",
    "seguisym",
    "unifont",
)
FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts",
    "/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts",
    "C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts",
)  # fmt: skip
STRIKES = (109, 136, 160, 128, 96, 64)  # sizes at which bitmap emoji exist
MISSING = "\U0010fffe"  # never assigned: every font answers with its empty box

Font = ImageFont.FreeTypeFont
Face = tuple[str, int]  # file and index in it; "" is Pillow's own face
BUNDLED: Face = ("", 0)


class Fonts:
    """The fonts under some folders (or files), opened as needed; not for two threads at once."""

    def __init__(self, places: Sequence[str] | None, *, shaping: bool) -> None:
        self.places = FOLDERS if places is None else tuple(places)
        self.layout = ImageFont.Layout.RAQM if shaping else ImageFont.Layout.BASIC
        self.files: dict[str, str] | None = None
        self.opened: dict[tuple[Face, int, int], Font] = {}
        self.known: dict[tuple[Face, str], bool] = {}

    def find(self) -> dict[str, str]:
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
            self.files = {plain(path): str(path) for path in reversed(fonts)}
        return self.files

    def faces(self, script: str, text: str = "") -> list[Face]:
        """Candidates for a script, best first."""
        noto = script.lower()
        names = [*FACES.get(script, ()), f"notosans{noto}", f"notoserif{noto}"]
        if script == "URDU":
            names += FACES["ARABIC"]
        files, found = self.find(), [BUNDLED] if script in {"LATIN", "COMMON"} else []
        if script == "COMMON":
            names += FACES["LATIN"]
        by_hand = [plain(Path(place)) for place in self.places if Path(place).suffix]
        for name in [*names, *ANY, *by_hand]:
            if name in files and (files[name], 0) not in found:
                index = 0
                if files[name].lower().endswith(".ttc") and name == "notosanscjk":
                    index = 2 if not any("぀" <= c <= "ヿ" for c in text) else 0
                    index = 1 if any("가" <= c <= "힣" for c in text) else index
                found.append((files[name], index))
        return found

    def open(self, face: Face, size: int, layout: ImageFont.Layout | None = None) -> Font | None:
        """None when the file is no usable font."""
        layout = self.layout if layout is None else layout
        key = (face, size, int(layout))
        if key not in self.opened:
            if len(self.opened) > 64:
                self.opened.clear()
            font = self._open(face, size, layout)
            if font is None:
                return None
            self.opened[key] = font
        return self.opened[key]

    def _open(self, face: Face, size: int, layout: ImageFont.Layout) -> Font | None:
        if face == BUNDLED:
            own = ImageFont.load_default(size)
            return own.font_variant(layout_engine=layout) if isinstance(own, Font) else None
        for tried in (size, *STRIKES):  # not truetype(), which would look elsewhere too
            try:
                return Font(face[0], tried, face[1], layout_engine=layout)
            except OSError:  # not this size (bitmap emoji), or no font at all
                continue
        return None

    def covers(self, face: Face, text: str) -> bool:
        """Whether every visible character has a glyph: unlike the one of a missing character."""
        return all(
            self._has(face, c)
            for c in text
            if unicodedata.category(c) not in {"Cf", "Zs"} and c != "\ufe0f"
        )

    def _has(self, face: Face, char: str) -> bool:
        key = (face, char)
        if key not in self.known:
            if len(self.known) > 20_000:
                self.known.clear()
            font = self.open(face, 24, ImageFont.Layout.BASIC)
            self.known[key] = font is not None and drawn(font, char) != drawn(font, MISSING)
        return self.known[key]


def plain(path: Path) -> str:
    """The name of a font file as the tables above write it."""
    return path.stem.lower().split("[")[0].replace(" ", "").removesuffix("-regular")


def drawn(font: Font, char: str) -> bytes:
    """The pixels of a character as this font draws it alone."""
    image = Image.new("L", (64, 64) if font.size < 64 else (256, 256))
    ImageDraw.Draw(image).text((8, 8), char, 255, font)
    return image.tobytes()

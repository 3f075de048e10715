"""Pictures in a terminal: which way it can show them, and the bytes that do."""

from __future__ import annotations

import base64
import io
import logging
import math
import os
import select
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from ..settings import Settings

if TYPE_CHECKING:
    from PIL import Image

WAYS = ("kitty", "iterm", "sixel", "blocks", "none")
CELL = (8, 16)  # pixels, where a terminal does not tell
MOST = (80, 24)  # columns and rows of a picture
CHUNK = 4096  # characters of base64 in one kitty escape, by its protocol
KITTY = {"xterm-kitty", "xterm-ghostty"}  # values of TERM
ITERM = {"iTerm.app", "WezTerm", "mintty"}  # values of TERM_PROGRAM, and of LC_TERMINAL over ssh
SIXEL = ("foot", "mlterm", "contour", "yaft")  # beginnings of TERM, for those without the extra
HOW = "For pictures in this terminal: pip install 'aquatint[terminal]' (or --inline none)."
LEVELS = (0, 95, 135, 175, 215, 255)  # of a channel in the cube of 256 colours


def way(asked: str, env: Mapping[str, str], out: TextIO) -> str:
    """How to show pictures on `out`: one of WAYS. Asks the terminal where the names do not tell."""
    if not out.isatty() or env.get("TERM", "") in {"", "dumb"}:
        return "none"
    if asked != "auto":
        return asked
    found = by_name(env)
    if found is None and _can_answer(out):
        found = _by_asking()
    if found is None:
        found = "blocks" if "utf" in (out.encoding or "").lower() else "none"
    return found


def by_name(env: Mapping[str, str]) -> str | None:
    """What the environment tells for sure; None within tmux and screen, which pass nothing on."""
    term = env.get("TERM", "")
    if "TMUX" in env or "STY" in env or term.startswith(("screen", "tmux")):
        return None
    konsole = env.get("KONSOLE_VERSION", "")
    if term in KITTY or "KITTY_WINDOW_ID" in env or konsole >= "220400":
        return "kitty"
    if {env.get("TERM_PROGRAM", ""), env.get("LC_TERMINAL", "")} & (ITERM | {"iTerm2"}):
        return "iterm"
    return None


@dataclass(frozen=True, slots=True)
class Screen:
    """Where pictures are shown, and which of WAYS it takes; `hint` says how it could show more."""

    out: TextIO
    way: str
    true_colour: bool = False
    hint: str = ""

    @classmethod
    def of(cls, settings: Settings, out: TextIO) -> Screen:
        """What `out` can show, by the setting `inline` and the environment."""
        env = settings.inherited
        chosen = way(settings.inline, env, out)
        able = chosen == "sixel" or env.get("TERM", "").startswith(SIXEL) or "WT_SESSION" in env
        lacking = able and chosen in {"sixel", "blocks"} and not has_extra()
        if lacking:
            chosen = "blocks"
        true = env.get("COLORTERM", "") in {"truecolor", "24bit"}
        return cls(out, chosen, true, HOW if lacking and settings.inline != "blocks" else "")

    def draw(self, data: bytes) -> None:
        """Write an encoded picture, on lines of its own; nothing where the way is none."""
        if self.way == "none":
            return
        from PIL import Image, ImageOps

        with Image.open(io.BytesIO(data)) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGBA")
        columns, rows, cell = _extent(self.out)
        columns, rows = fit(image.size, (columns, rows), cell)
        match self.way:
            case "kitty":
                self.out.write(kitty(_png(image), columns) + "\n")
            case "iterm":
                self.out.write(iterm(_png(image), columns) + "\n")
            case "sixel":
                _sixel(image, columns, self.out)
            case _:
                self.out.write(blocks(image, columns, rows, true=self.true_colour))
        self.out.flush()


def fit(size: tuple[int, int], room: tuple[int, int], cell: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of a picture of `size` pixels: never enlarged, and within `room` and MOST.

    Three rows are left for what is said about it.
    """
    width, height = size
    columns = min(MOST[0], room[0], math.ceil(width / cell[0]))
    rows = max(1, min(MOST[1], room[1] - 3))
    tall = columns * cell[0] * height / width / cell[1]
    if tall > rows:
        columns, tall = max(1, int(rows * cell[1] * width / height / cell[0])), rows
    return columns, max(1, round(tall))


def kitty(png: bytes, columns: int) -> str:
    """Shown at once, `columns` wide, and without an answer, which would be read as typed.

    Source: sw.kovidgoyal.net/kitty/graphics-protocol; the same in Ghostty, WezTerm and Konsole.
    """
    text = base64.b64encode(png).decode()
    parts = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    first = f"a=T,f=100,q=2,c={columns},"
    return "".join(
        f"\x1b_G{first * (not index)}m={int(index + 1 < len(parts))};{part}\x1b\\"
        for index, part in enumerate(parts)
    )


def iterm(png: bytes, columns: int) -> str:
    """Source: iterm2.com/documentation-images; the same in WezTerm and mintty."""
    text = base64.b64encode(png).decode()
    return f"\x1b]1337;File=inline=1;size={len(png)};width={columns}:{text}\a"


def blocks(image: Image.Image, columns: int, rows: int, *, true: bool) -> str:
    """Two pixels a cell, the upper half block over a background; on grey where see-through."""
    from PIL import Image

    # its stub names numpy
    small = image.resize((columns, rows * 2))  # pyright: ignore[reportUnknownMemberType]
    flat = Image.new("RGBA", small.size, (128, 128, 128, 255))
    flat.alpha_composite(small)
    data = flat.convert("RGB").tobytes()

    def pixel(x: int, y: int) -> tuple[int, int, int]:
        at = 3 * (y * columns + x)
        return data[at], data[at + 1], data[at + 2]

    colour = _true if true else _indexed
    lines = (
        "".join(
            f"\x1b[38;{colour(pixel(x, y))};48;{colour(pixel(x, y + 1))}m▀" for x in range(columns)
        )
        for y in range(0, rows * 2, 2)
    )
    return "".join(f"{one}\x1b[0m\n" for one in lines)


def _true(rgb: tuple[int, int, int]) -> str:
    return "2;{};{};{}".format(*rgb)


def _indexed(rgb: tuple[int, int, int]) -> str:
    """The nearest of xterm's 256 colours: the cube, or the greys where these are nearer."""
    near = [min(range(6), key=lambda n, value=value: abs(LEVELS[n] - value)) for value in rgb]
    grey = max(0, min(23, round((sum(rgb) / 3 - 8) / 10)))
    off = sum((LEVELS[n] - value) ** 2 for n, value in zip(near, rgb, strict=True))
    if sum((8 + 10 * grey - value) ** 2 for value in rgb) < off:
        return f"5;{232 + grey}"
    return f"5;{16 + 36 * near[0] + 6 * near[1] + near[2]}"


def _png(image: Image.Image) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()


def _extent(out: TextIO) -> tuple[int, int, tuple[int, int]]:
    """Columns, rows and the pixels of a cell; usual values for what the terminal does not tell."""
    size = os.get_terminal_size(out.fileno())
    columns, rows, cell = size.columns or 80, size.lines or 24, CELL
    if sys.platform != "win32":
        import fcntl
        import struct
        import termios

        answer = fcntl.ioctl(out.fileno(), termios.TIOCGWINSZ, bytes(8))
        height, width, wide, tall = struct.unpack("4H", answer)
        if height and width and wide >= width and tall >= height:
            cell = (wide // width, tall // height)
    return columns, rows, cell


def has_extra() -> bool:
    from importlib.util import find_spec

    return find_spec("textual_image") is not None


def _can_answer(out: TextIO) -> bool:
    """Whether a question to the terminal is safe: its answer would come where nothing waits."""
    if not sys.stdin.isatty() or not os.get_terminal_size(out.fileno()).columns:
        return False
    return sys.platform == "win32" or not select.select([sys.stdin], [], [], 0)[0]


def _by_asking() -> str | None:
    """What the terminal itself says, which the library asks when it is imported."""
    if not has_extra():
        return None
    logging.getLogger("textual_image").setLevel(logging.ERROR)  # silence is usual
    from textual_image import renderable

    if renderable.Image is renderable.SixelImage:
        return "sixel"
    return "kitty" if renderable.Image is renderable.TGPImage else None


def _sixel(image: Image.Image, columns: int, out: TextIO) -> None:
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    from rich.console import Console
    from textual_image.renderable import SixelImage
    from textual_image.renderable.sixel import SixelOptions

    options = SixelOptions(quantize="adaptive")  # no bands in skies; two thirds more bytes
    console = Console(file=out, force_terminal=True, width=columns, height=MOST[1])
    console.print(SixelImage(image, width=columns, height="auto", sixel_options=options))

"""Puts the caption and the small DRAFT mark on a draft."""

from __future__ import annotations

from math import ceil

from PIL import Image

from .canvas import Canvas, paste, white
from .colours import Palette
from .typesetting import Caption, Typesetter

CAPTIONED = 200  # pixels of the shorter side, below which a caption would hide the picture


def caption(image: Image.Image, setter: Typesetter, text: str, colours: Palette) -> tuple[str, ...]:
    """The prompt in a panel at the foot, at the side where it begins; returns what to tell."""
    width, height = image.size
    if min(image.size) < CAPTIONED:
        return ()
    unit = (width * height) ** 0.5 * 0.5 + min(image.size) * 0.5
    sizes = [max(9, round(unit * k)) for k in (0.04, 0.035, 0.03, 0.026)]
    made = setter.set(text, width * 0.92 - 2.2 * sizes[0], height * 0.3, sizes, 4)
    edge = round(min(image.size) * 0.04)
    wide, high = ceil(made.width + made.size * 1.7), ceil(made.height + made.size * 0.9)
    if made.lines:
        at = max(0, width - edge - wide) if made.rtl else edge, height - edge - high
        _panel(image, (*at, wide, high), made.size * 0.6, colours, 0.8)
        inner = at[0] + made.size * 0.85, at[1] + made.size * 0.42
        setter.draw(image, made, *inner, wide - made.size * 1.7, (255, 255, 255))
    return made.notes


def mark(
    image: Image.Image, setter: Typesetter, colours: Palette, room: Image.Image | None = None
) -> None:
    """DRAFT at the top right, small and half transparent; with `room`, only inside its white."""
    size = max(8 if min(image.size) >= CAPTIONED else 5, round(min(image.size) * 0.017))
    made: Caption = setter.set("D R A F T", 1e6, 1e6, (size,), 1)
    wide, high = ceil(made.width + size * 1.5), ceil(size * 1.95)
    edge = round(min(image.size) * 0.03)
    at = (image.width - edge - wide, edge) if room is None else _nook(room, wide, high)
    if at is None:
        return
    _panel(image, (*at, wide, high), high / 2, colours, 0.5)
    top = at[1] + (high + size * 0.72) / 2 - made.up
    setter.draw(image, made, at[0] + size * 0.75, top, made.width, (255, 255, 255))


def _panel(
    image: Image.Image,
    box: tuple[int, int, int, int],
    radius: float,
    colours: Palette,
    alpha: float,
) -> None:
    x, y, wide, high = box
    canvas = Canvas((wide, high), clear=True)
    canvas.rect(0, 0, wide, high, radius, colours.tone(0.2, 0.033), alpha)
    paste(image, canvas.image, (x, y))


def _nook(room: Image.Image, wide: int, high: int) -> tuple[int, int] | None:
    """The place nearest to the top right where the box and some air lie wholly in white."""
    region = room.getbbox()
    if region is None:
        return None
    left, top, right, bottom = region
    air = max(3, min(right - left, bottom - top) // 24)
    spare = right - left - wide - 2 * air, bottom - top - high - 2 * air
    for i in range(225 if min(spare) >= 0 else 0):
        x, y = left + spare[0] * (14 - i % 15) // 14, top + spare[1] * (i // 15) // 14
        if white(room.crop((x, y, x + wide + 2 * air, y + high + 2 * air))):
            return x + air, y + air
    return None

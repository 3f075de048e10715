"""Puts the caption and the small DRAFT mark on a draft, without a word outside its panel."""

from __future__ import annotations

from math import ceil

from PIL import Image

from .canvas import RGB, Canvas, white
from .typesetting import Caption, Typesetter
from .vocabulary import Palette


def panel(
    image: Image.Image, x: int, y: int, wide: int, high: int, radius: float, fill: RGB, alpha: float
) -> None:
    canvas = Canvas((wide, high), clear=True)
    canvas.rect(0, 0, wide, high, radius, fill, alpha)
    if image.mode == "RGBA":
        image.alpha_composite(canvas.image, (x, y))
    else:
        image.paste(canvas.image, (x, y), canvas.image)


def caption(text: str, setter: Typesetter, size: tuple[int, int]) -> Caption:
    """The prompt set for the foot of a picture (or region) of that size."""
    width, height = size
    unit = (width * height) ** 0.5 * 0.5 + min(size) * 0.5
    largest = max(10, round(unit * 0.04))
    sizes = sorted({max(9, round(largest * k)) for k in (1, 0.88, 0.76, 0.66)}, reverse=True)
    return setter.set(text, width * 0.92 - 2.2 * largest, height * 0.3, sizes, 4)


def label(
    image: Image.Image,
    setter: Typesetter,
    text: str,
    colours: Palette,
    room: Image.Image | None = None,
) -> tuple[str, ...]:
    """The prompt in a panel at the foot, or where `room` is wholly white; returns what to tell."""
    region = room.getbbox() if room else (0, 0, *image.size)
    if region is None:
        return ()
    made = caption(text, setter, (region[2] - region[0], region[3] - region[1]))
    edge = round(min(image.size) * 0.04)
    wide, high = plate(made)
    x = image.width - edge - wide if made.rtl else edge
    at = (
        (max(0, x), image.height - edge - high)
        if room is None
        else nook(room, wide, high, upwards=True)
    )
    if made.lines and at:
        put(image, setter, made, *at, colours)
    return made.notes if at else ()


def plate(made: Caption) -> tuple[int, int]:
    return ceil(made.width + made.size * 1.7), ceil(made.height + made.size * 0.9)


def put(
    image: Image.Image, setter: Typesetter, made: Caption, x: int, y: int, colours: Palette
) -> None:
    wide, high = plate(made)
    panel(image, x, y, wide, high, made.size * 0.6, colours.tone(0.2, 0.035), 0.8)
    setter.draw(
        image,
        made,
        x + made.size * 0.85,
        y + made.size * 0.42,
        wide - made.size * 1.7,
        (255, 255, 255),
    )


def mark(
    image: Image.Image, setter: Typesetter, colours: Palette, room: Image.Image | None = None
) -> None:
    """DRAFT in a corner, small and half transparent; with `room`, only if it fits in its white."""
    unit = min(image.size)
    size = max(8, round(unit * 0.017))
    made = setter.set("D R A F T", 1e6, 1e6, (size,), 1)
    wide, high = ceil(made.width + size * 1.5), ceil(size * 1.95)
    edge = round(unit * 0.03)
    at = (
        (image.width - edge - wide, edge) if room is None else nook(room, wide, high, upwards=False)
    )
    if at is None:
        return
    panel(image, *at, wide, high, high / 2, colours.tone(0.2, 0.03), 0.5)
    top = at[1] + (high - size * 0.72) / 2 - (made.lines[0].up - size * 0.72)
    setter.draw(image, made, at[0] + size * 0.75, top, made.width, (255, 255, 255))


def nook(room: Image.Image, wide: int, high: int, *, upwards: bool) -> tuple[int, int] | None:
    """A place where the box lies wholly in white: near the top right, or near the bottom middle."""
    region = room.getbbox()
    if region is None:
        return None
    left, top, right, bottom = region
    air = max(3, min(right - left, bottom - top) // 24)
    full = wide + 2 * air, high + 2 * air
    if right - left < full[0] or bottom - top < full[1]:
        return None
    steps = [i / 14 for i in range(15)]
    across = sorted(steps, key=lambda k: abs(k - 0.5)) if upwards else steps[::-1]
    for v in steps[::-1] if upwards else steps:
        for k in across:
            x = left + round((right - left - full[0]) * k)
            y = top + round((bottom - top - full[1]) * v)
            if white(room.crop((x, y, x + full[0], y + full[1]))):
                return x + air, y + air
    return None

"""Draws packaging/mcpb/icon.png: a night in an aquatint's grain, the moon stopped out of it.

`python packaging/icon.py` writes it anew; the same seed gives the same bytes.
"""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from aquatint.imaging.masks.levels import mapped, resized, where

EDGE = 512  # what hosts advise
FINE = 2 * EDGE  # drawn twice as large, so that edges come out smooth
ICON = Path(__file__).parent / "mcpb" / "icon.png"
PAPER = (247, 243, 234)
SKY = ((18, 42, 78), (120, 168, 190))  # from top to bottom, before the grain
HILLS = ((0.60, (32, 74, 104)), (0.76, (16, 44, 70)))  # where each begins, and its ink


def icon() -> Image.Image:
    """The picture in 64 colours, with transparent corners."""
    plate = grained(sky())
    draw = ImageDraw.Draw(plate)
    for start, ink in HILLS:
        draw.polygon(hill(start), ink)
    # Stopped out: what the varnish covered stays paper, without a grain in it.
    draw.ellipse(box(0.655, 0.315, 0.150), PAPER)
    framed = Image.new("RGBA", (FINE, FINE))
    framed.paste(plate, mask=rounded())
    small = resized(framed, (EDGE, EDGE), Image.Resampling.LANCZOS)
    return small.quantize(64, Image.Quantize.FASTOCTREE)  # a sixth of the bytes


def sky() -> Image.Image:
    fall = resized(Image.linear_gradient("L"), (FINE, FINE), Image.Resampling.BICUBIC)
    top, bottom = (Image.new("RGB", (FINE, FINE), ink) for ink in SKY)
    return Image.composite(bottom, top, fall)


def grained(plate: Image.Image) -> Image.Image:
    """Rosin dust: specks of paper, few where the ink is dark and many where it is light."""
    chance = random.Random(1650)  # noqa: S311  # Jan van de Velde's first aquatints; no secret
    dust = Image.frombytes("L", (EDGE // 2, EDGE // 2), chance.randbytes(EDGE * EDGE // 4))
    dust = resized(dust, (FINE, FINE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
    light = ImageChops.add(plate.convert("L"), dust, scale=1, offset=-70)
    specks = mapped(light, where(lambda level: level > 165))
    paper = Image.new("RGB", plate.size, PAPER)
    return Image.composite(Image.blend(plate, paper, 0.45), plate, specks)


def hill(start: float) -> list[tuple[float, float]]:
    """A smooth ridge that begins at the height `start` (of 1) and rises to the other side."""
    turn = 1 if start < HILLS[-1][0] else -1
    ridge = [(x / 16, start + turn * 0.10 * ((x / 16 - 0.5) ** 2 * 4 - x / 16)) for x in range(17)]
    return [(x * FINE, y * FINE) for x, y in [*ridge, (1.0, 1.0), (0.0, 1.0)]]


def box(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    sides = (x - radius, y - radius, x + radius, y + radius)
    left, top, right, bottom = (side * FINE for side in sides)
    return left, top, right, bottom


def rounded() -> Image.Image:
    mask = Image.new("L", (FINE, FINE))
    margin = FINE // 32
    corners = (margin, margin, FINE - margin, FINE - margin)
    ImageDraw.Draw(mask).rounded_rectangle(corners, FINE // 6, 255)
    return mask


if __name__ == "__main__":
    icon().save(ICON, optimize=True)

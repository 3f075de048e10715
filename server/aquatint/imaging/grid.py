"""Draws the grid by which agents and people read places off a picture."""

from __future__ import annotations

from math import ceil, floor, log10

from PIL import Image, ImageDraw, ImageFont

from ..domain.requests.regions import SCALE
from ..domain.types import Units
from .view import View

STEPS = (1, 2, 5, 10)  # between lines, times a power of ten
LINES = 12  # in a span, at most
WHITE, BLACK = (255, 255, 255, 90), (0, 0, 0, 90)  # beside each other: seen on any ground


def gridded(shown: Image.Image, view: View, units: Units) -> Image.Image:
    """An RGB picture of `view` under faint lines; labels in the whole picture's units, on the top
    and left edges."""
    layer = Image.new("RGBA", shown.size)
    draw = ImageDraw.Draw(layer)
    width, height = shown.size
    points = max(9, min(26, min(shown.size) // 40, max(shown.size) // 60))
    font = ImageFont.load_default(points)
    left, top, right, bottom = view.box
    across = marks_of(view.whole[0], units, (left, right))
    along = marks_of(view.whole[1], units, (top, bottom))
    for x in (round(part * width) for part in across):
        draw.line((x, 0, x, height), fill=WHITE)
        draw.line((x + 1, 0, x + 1, height), fill=BLACK)
    for y in (round(part * height) for part in along):
        draw.line((0, y, width, y), fill=WHITE)
        draw.line((0, y + 1, width, y + 1), fill=BLACK)
    wide = max((draw.textlength(label, font) for label in across.values()), default=0)
    tall = points * 1.2
    for part, label in _with_room(across, width, wide, wide / 2 + 2):
        _label(draw, (round(part * width), 2), label, "ma", font)
    for part, label in _with_room(along, height, tall, 1.5 * tall + 2):
        _label(draw, (2, round(part * height)), label, "lm", font)
    return Image.alpha_composite(shown.convert("RGBA"), layer).convert("RGB")


def marks_of(side: int, units: Units, span: tuple[float, float] | None = None) -> dict[float, str]:
    """Where the lines of a side lie, as shares of the span, and what they are called; about ten.

    `span` is the part of the side that is shown, from and to in pixels.
    """
    start, stop = span or (0, side)
    whole = SCALE.get(units, float(side))
    first, last = start / side * whole, stop / side * whole
    step = _step(last - first)
    if units == "pixel":
        step = max(1.0, step)
    numbers = range(floor(round(first / step, 6)) + 1, ceil(round(last / step, 6)))
    return {(n * step - first) / (last - first): f"{n * step:g}" for n in numbers}


def _step(span: float) -> float:
    power = 10.0 ** floor(log10(span / 10))
    return next(power * n for n in STEPS if power * n * LINES >= span)


def _with_room(
    marks: dict[float, str], length: int, size: float, before: float
) -> list[tuple[float, str]]:
    """The labels that do not touch each other, the corner, or the end."""
    every = [
        (part, label)
        for part, label in sorted(marks.items())
        if before <= part * length <= length - size / 2
    ]
    if len(every) < 2:
        return every or list(marks.items())[len(marks) // 2 :][:1]
    apart = (every[1][0] - every[0][0]) * length
    return every[:: max(1, ceil((size + 4) / apart))]


def _label(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    anchor: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    draw.text(
        at,
        text,
        font=font,
        anchor=anchor,
        fill=(255, 255, 255, 255),
        stroke_width=1,
        stroke_fill=(0, 0, 0, 200),
    )

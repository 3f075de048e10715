"""What a picture reads: its lines of text with their boxes, for one reply."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.types import ImageRecord, Units
from ..domain.vision import Box
from ..domain.words import clean
from ..jobs.context import JobContext
from .closeups import refuse_svg

LONGEST = 300  # characters of a line that are told
MOST = 200  # lines


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of text; `box` is left, top, width and height in the units that were asked for."""

    words: str
    box: tuple[float, ...]
    certainty: float  # from 0 to 1


async def lines(
    context: JobContext, image: ImageRecord, data: bytes, units: Units
) -> tuple[ReadLine, ...]:
    """Every line, in rows from the top. Raises Misconfigured where the extra is missing."""
    from ..imaging import reading

    refuse_svg(image)
    async with context.turn(image.bytes):
        spots = await context.pixelwork(reading.lines, data, context.vision, context.max_pixels)
    size = image.width, image.height
    return tuple(
        ReadLine(clean(one.words, LONGEST), _in(units, one.box, size), round(one.certainty, 2))
        for one in spots[:MOST]
    )


def _in(units: Units, box: Box, size: tuple[int, int]) -> tuple[float, ...]:
    """A box of pixels in other units."""
    if units == "pixel":
        return box
    whole, digits = (1, 4) if units == "fraction" else (1000, 1)
    return tuple(
        round(value / full * whole, digits) for value, full in zip(box, size * 2, strict=True)
    )

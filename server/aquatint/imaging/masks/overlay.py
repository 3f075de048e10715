"""Shows a person or a model where a mask lies: the picture, the region in red, a grid to aim by."""

from __future__ import annotations

from PIL import Image, ImageChops

from ...domain.types import Units
from ..colour import to_srgb
from ..grid import gridded
from ..view import View, on_checker, part_of
from .coverage import Coverage, grown, hard, minus, shrunk
from .levels import BOX, mapped, resized, table

RED = (255, 32, 32)
TINT = 0.45  # how much of the picture the red hides where coverage is full
STRIPES = (
    14  # pixels from one thin white-and-black stripe to the next: red on red would not be seen
)


def overlay(
    image: Image.Image, coverage: Coverage, view: View, *, grid: Units | None = None
) -> Image.Image:
    """A view of the picture with the coverage in translucent red. RGB.

    Thin stripes and the region's rim are white beside black, so that they stand out on any ground.
    `grid` adds faint lines, labelled in those units on the top and left edges. The image may have
    been decoded smaller than the coverage.
    """
    shown = on_checker(to_srgb(part_of(image, view)))
    mask = resized(coverage.image, view.size, BOX, view.box)
    red = Image.new("RGB", shown.size, RED)
    shown = Image.composite(red, shown, mapped(mask, table(lambda v: round(v * TINT))))
    for level, colour in enumerate(((255, 255, 255), (0, 0, 0))):
        stripes = ImageChops.multiply(_stripes(shown.size, level), mask)
        shown.paste(colour, mask=mapped(stripes, table(lambda v: v * 0.6)))
    inside = hard(Coverage(mask))
    inner = minus(inside, shrunk(inside, 1)).image
    outer = minus(grown(inside, 1), inside).image
    shown.paste((0, 0, 0), mask=outer)
    shown.paste((255, 255, 255), mask=inner)
    return gridded(shown, view, grid) if grid else shown


def _stripes(size: tuple[int, int], offset: int) -> Image.Image:
    """Diagonal lines one pixel wide, 255 on 0."""
    width, height = size
    row = bytes(255 * ((x + offset) % STRIPES == 0) for x in range(width + STRIPES))
    rows = [row[y % STRIPES : y % STRIPES + width] for y in range(height)]
    return Image.frombytes("L", size, b"".join(rows))

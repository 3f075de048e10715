"""Shows a person or a model where a mask lies: the picture, the region in red, a grid to aim by."""

from __future__ import annotations

from math import floor, log10

from PIL import Image, ImageChops, ImageDraw, ImageFont

from ...domain.requests.regions import SCALE, Units
from .coverage import Coverage, grown, hard, minus, shrunk
from .levels import BICUBIC, BOX, mapped, resized, table

RED = (255, 32, 32)
TINT = 0.45  # how much of the picture the red hides where coverage is full
STRIPES = (
    14  # pixels from one thin white-and-black stripe to the next: red on red would not be seen
)
STEPS = (1, 2, 5)  # of a grid in pixels, times a power of ten
CHECKER = ((104, 104, 104), (152, 152, 152))  # behind what is transparent


def overlay(
    image: Image.Image, coverage: Coverage, *, grid: Units | None = None, edge: int = 768
) -> Image.Image:
    """The picture, at most `edge` on its longest side, with the coverage in translucent red.

    Thin stripes and the region's rim are white beside black, so that they stand out on any ground.
    `grid` adds faint lines, labelled in those units on the top and left edges. RGB.
    """
    shown = _opaque(_fitted(image, edge))
    mask = resized(coverage.image, shown.size, BOX)
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
    return _gridded(shown, image.size, grid) if grid else shown


def _stripes(size: tuple[int, int], offset: int) -> Image.Image:
    """Diagonal lines one pixel wide, 255 on 0."""
    width, height = size
    row = bytes(255 * ((x + offset) % STRIPES == 0) for x in range(width + STRIPES))
    rows = [row[y % STRIPES : y % STRIPES + width] for y in range(height)]
    return Image.frombytes("L", size, b"".join(rows))


def _fitted(image: Image.Image, edge: int) -> Image.Image:
    factor = min(1.0, edge / max(image.size))
    shrink = int(1 / factor / 2)  # coarse steps first: four times faster, and unseen
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return resized(image.reduce(shrink) if shrink > 1 else image, size, BICUBIC)


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, CHECKER[0])
    draw = ImageDraw.Draw(ground)
    for y in range(0, image.height, 8):
        for x in range(y // 8 % 2 * 8, image.width, 16):
            draw.rectangle((x, y, x + 7, y + 7), fill=CHECKER[1])
    return Image.alpha_composite(ground.convert("RGBA"), image.convert("RGBA")).convert("RGB")


def _gridded(shown: Image.Image, size: tuple[int, int], units: Units) -> Image.Image:
    layer = Image.new("RGBA", shown.size)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(size=max(9, min(12, min(shown.size) // 40)))
    width, height = shown.size
    across = {round(part * width): label for part, label in marks_of(size[0], units).items()}
    along = {round(part * height): label for part, label in marks_of(size[1], units).items()}
    for x in across:
        draw.line((x, 0, x, height), fill=(255, 255, 255, 90))
        draw.line((x + 1, 0, x + 1, height), fill=(0, 0, 0, 90))
    for y in along:
        draw.line((0, y, width, y), fill=(255, 255, 255, 90))
        draw.line((0, y + 1, width, y + 1), fill=(0, 0, 0, 90))
    for x, label in _apart(across, width):
        _label(draw, (x, 2), label, "ma", font)
    for y, label in _apart(along, height):
        _label(draw, (2, y), label, "lm", font)
    return Image.alpha_composite(shown.convert("RGBA"), layer).convert("RGB")


def marks_of(side: int, units: Units) -> dict[float, str]:
    """Where the lines of a side lie, as parts of it, and what they are called; about ten."""
    if units == "pixel":
        power = 10 ** floor(log10(max(1, side / 10)))
        step = next(power * n for n in (*STEPS, 10) if power * n >= side / 12)
        return {mark / side: str(mark) for mark in range(step, side, step)}
    whole = SCALE[units]
    return {tenth / 10: f"{tenth / 10 * whole:g}" for tenth in range(1, 10)}


def _apart(marks: dict[int, str], length: int) -> list[tuple[int, str]]:
    """The labels that have room: not at the very end, and one alone where it is small."""
    every = [(at, label) for at, label in sorted(marks.items()) if at < length - 14]
    return every if length >= 240 else every[len(every) // 2 :][:1]


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

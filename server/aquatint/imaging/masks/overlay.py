"""Shows a person or a model where a mask lies: the picture, the region in red, a grid to aim by."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from .coverage import Coverage, grown, hard, minus, shrunk
from .levels import BICUBIC, BOX, mapped, resized, table

RED = (255, 32, 32)
TINT = 0.45  # how much of the picture the red hides where coverage is full
CHECKER = ((104, 104, 104), (152, 152, 152))  # behind what is transparent


def overlay(
    image: Image.Image, coverage: Coverage, *, grid: bool = False, edge: int = 768
) -> Image.Image:
    """The picture, at most `edge` on its longest side, with the coverage in translucent red.

    The region's rim is white beside black, so that it stands out on any ground. `grid` adds faint
    lines every 100 of 0-1000, labelled on the top and left edges. RGB.
    """
    shown = _opaque(_fitted(image, edge))
    mask = resized(coverage.image, shown.size, BOX)
    red = Image.new("RGB", shown.size, RED)
    shown = Image.composite(red, shown, mapped(mask, table(lambda v: round(v * TINT))))
    inside = hard(Coverage(mask))
    inner = minus(inside, shrunk(inside, 1)).image
    outer = minus(grown(inside, 1), inside).image
    shown.paste((0, 0, 0), mask=outer)
    shown.paste((255, 255, 255), mask=inner)
    return _gridded(shown) if grid else shown


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


def _gridded(shown: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", shown.size)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(size=max(9, min(12, min(shown.size) // 40)))
    width, height = shown.size
    for mark in range(100, 1000, 100):
        x, y = round(mark / 1000 * width), round(mark / 1000 * height)
        strength = 120 if mark == 500 else 70
        draw.line((x, 0, x, height), fill=(255, 255, 255, strength))
        draw.line((x + 1, 0, x + 1, height), fill=(0, 0, 0, strength))
        draw.line((0, y, width, y), fill=(255, 255, 255, strength))
        draw.line((0, y + 1, width, y + 1), fill=(0, 0, 0, strength))
    for mark in range(100, 1000, 100):
        x, y = round(mark / 1000 * width), round(mark / 1000 * height)
        if width >= 240 or mark == 500:
            _label(draw, (x, 2), str(mark), "ma", font)
        if height >= 240 or mark == 500:
            _label(draw, (2, y), str(mark), "lm", font)
    return Image.alpha_composite(shown.convert("RGBA"), layer).convert("RGB")


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

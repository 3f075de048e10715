"""A picture on a larger canvas: what stands in the new part, and how that joins the old one."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageFilter, ImageMath, ImageOps

from ...domain.types import Placement
from ..colour import eight_bit
from ..masks.coverage import Coverage
from ..masks.levels import BICUBIC, BOX, LANCZOS, NEAREST, mapped, resized, table, where
from .original import DEEP

SMALL = 256  # longest side, in pixels, of the copies that are blurred and compared
SHIFT = 32  # levels; where a model is further off it drew other things, not another light
LONGEST = 64.0  # pixels of a seam that nobody asked for
WITHIN = table(lambda v: min(max(v, 128 - SHIFT), 128 + SHIFT))
SEEN = where(lambda v: v > 200)


def extended(image: Image.Image, grown: Placement) -> Image.Image:
    """An L, LA, I;16, RGB or RGBA picture on its new canvas, its own pixels untouched.

    Around it the picture is reflected, sharp at its edge and ever softer outwards: what models
    continue best, and what the seam mixes with theirs.
    """
    eight = eight_bit(image)
    around = eight.convert("RGBa") if eight.mode == "RGBA" else eight
    near = _falloff(grown, 0.06 * min(eight.size))
    soft = resized(_softened(around, grown), grown.canvas, BICUBIC)
    canvas = Image.composite(_reflected(around, grown), soft, near).convert(eight.mode)
    if image.mode == DEEP:
        grey = canvas.convert("L").convert("I")
        canvas = ImageMath.lambda_eval(lambda args: args["v"] * 257, v=grey)
        canvas.paste(image.convert("I"), (grown.left, grown.top))
        canvas = canvas.convert(DEEP)
    else:
        canvas = canvas.convert(image.mode)
        canvas.paste(image, (grown.left, grown.top))
    canvas.info = dict(image.info)
    return canvas


def new_part(grown: Placement, overlap: int = 0) -> Coverage:
    """Everything but the old picture; an overlap reaches into that on the sides that grow."""
    left, top = grown.left, grown.top
    right, bottom = left + grown.width, top + grown.height
    coverage = Image.new("L", grown.canvas, 255)
    kept = (
        left + (overlap if left else 0),
        top + (overlap if top else 0),
        right - (overlap if right < grown.canvas[0] else 0),
        bottom - (overlap if bottom < grown.canvas[1] else 0),
    )
    if kept[0] < kept[2] and kept[1] < kept[3]:
        coverage.paste(0, kept)
    return Coverage(coverage)


def sent_part(grown: Placement) -> Coverage:
    """The part that a model is asked to fill: a strip of the old picture lets it join the two."""
    return new_part(grown, min(32, max(2, round(0.02 * min(grown.width, grown.height)))))


def seam_of(grown: Placement) -> float:
    """How many pixels of the new part the old one fades out over."""
    right = grown.canvas[0] - grown.left - grown.width
    bottom = grown.canvas[1] - grown.top - grown.height
    least = min(side for side in (grown.left, grown.top, right, bottom) if side > 0)
    return min(max(8.0, 0.02 * min(grown.canvas)), LONGEST, max(1.0, least / 2))


def toned(drawn: Image.Image, base: Image.Image, grown: Placement) -> Image.Image:
    """The model's picture with the base's light along the old picture's edge; both RGB or RGBA.

    What it is off by there is added in the new part too, less and less outwards.
    """
    box = (grown.left, grown.top, grown.left + grown.width, grown.top + grown.height)
    place = _shrunk(grown)
    size = place.width, place.height
    was, now = resized(base, size, BOX, box), resized(drawn, size, BOX, box)
    off = ImageChops.subtract(was.convert("RGB"), now.convert("RGB"), 1, 128)
    off = mapped(off, WITHIN * 3)
    for image in (was, now):
        if image.mode == "RGBA":  # what is not seen has no light
            off.paste((128, 128, 128), mask=ImageChops.invert(mapped(image.getchannel("A"), SEEN)))
    off = drawn_out(off.filter(ImageFilter.GaussianBlur(2)), place)
    near = _falloff(place, 0.15 * min(place.canvas))
    off = Image.composite(off, Image.new("RGB", off.size, (128, 128, 128)), near)
    result = ImageChops.add(drawn.convert("RGB"), resized(off, grown.canvas, BICUBIC), 1, -128)
    if drawn.mode == "RGBA":
        result.putalpha(drawn.getchannel("A"))
    return result


def drawn_out(image: Image.Image, placement: Placement) -> Image.Image:
    """The canvas filled with the picture's outermost pixels, blurred so that no streaks remain."""
    width, height = image.size
    wide, high = placement.canvas
    right, bottom = wide - placement.left - width, high - placement.top - height
    # edge strips as (from, to, where, how wide): before the picture, the picture, after it
    across = (
        (0, 1, 0, placement.left),
        (0, width, placement.left, width),
        (width - 1, width, placement.left + width, right),
    )
    down = (
        (0, 1, 0, placement.top),
        (0, height, placement.top, height),
        (height - 1, height, placement.top + height, bottom),
    )
    canvas = Image.new(image.mode, placement.canvas)
    for x0, x1, x, span in across:
        for y0, y1, y, rise in down:
            if span > 0 and rise > 0:
                strip = resized(image.crop((x0, y0, x1, y1)), (span, rise), BOX)
                canvas.paste(strip, (x, y))
    return canvas.filter(ImageFilter.GaussianBlur(max(wide, high) / 100))


def _softened(image: Image.Image, grown: Placement) -> Image.Image:
    """The reflected picture, small and blurred."""
    place = _shrunk(grown)
    small = _reflected(resized(image, (place.width, place.height), LANCZOS), place)
    return small.filter(ImageFilter.GaussianBlur(max(place.canvas) / 16))


def _reflected(image: Image.Image, place: Placement) -> Image.Image:
    """The canvas filled by reflecting the picture at its edges, as often as it takes."""
    (wide, high), (width, height) = place.canvas, image.size
    row, other = Image.new(image.mode, (wide, height)), ImageOps.mirror(image)
    for tile in _tiles(place.left, width, wide):
        row.paste(other if tile % 2 else image, (place.left + tile * width, 0))
    canvas, other = Image.new(image.mode, place.canvas), ImageOps.flip(row)
    for tile in _tiles(place.top, height, high):
        canvas.paste(other if tile % 2 else row, (0, place.top + tile * height))
    return canvas


def _tiles(at: int, length: int, whole: int) -> range:
    """The copies of a length that cover a side; 0 is the one that begins at `at`."""
    return range(-math.ceil(at / length), math.ceil((whole - at) / length))


def _shrunk(grown: Placement) -> Placement:
    """The same on a canvas of at most SMALL pixels a side."""
    scale = min(1.0, SMALL / max(grown.canvas))

    def side(at: int, length: int, whole: int) -> tuple[int, int, int]:
        small = max(1, round(whole * scale))
        start = min(round(at * scale), small - 1)
        stop = small if at + length == whole else round((at + length) * scale)
        return start, max(1, stop - start), max(small, start + 1, stop)

    left, width, wide = side(grown.left, grown.width, grown.canvas[0])
    top, height, high = side(grown.top, grown.height, grown.canvas[1])
    return Placement(left=left, top=top, width=width, height=height, canvas=(wide, high))


def _falloff(place: Placement, length: float) -> Image.Image:
    """255 on the picture, falling to 0 at `length` pixels from it."""

    def along(at: int, span: int, whole: int) -> bytes:
        away = (max(at - one, one - (at + span - 1), 0) for one in range(whole))
        return bytes(round(255 * max(0.0, 1 - far / max(length, 1.0))) for far in away)

    size = place.canvas
    across = Image.frombytes("L", (size[0], 1), along(place.left, place.width, size[0]))
    down = Image.frombytes("L", (1, size[1]), along(place.top, place.height, size[1]))
    return ImageChops.multiply(resized(across, size, NEAREST), resized(down, size, NEAREST))

"""Turns a list of regions into coverage; and gathers what the package makes public."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import ceil, cos, floor, radians, sin, tau

from PIL import Image, ImageDraw

from ...domain.errors import BadMask
from ...domain.requests.regions import SCALE, Region, in_pixels, rgb
from ...domain.types import Units
from ...domain.vision import Vision
from .coverage import (
    Coverage,
    Facts,
    blank,
    common,
    describe,
    feathered,
    grown,
    hard,
    inverted,
    is_soft,
    minus,
    scale,
    shrunk,
    smoothed,
    union,
)
from .flood_fill import colour_at, connected, filled, largest, similar
from .levels import NEAREST, resized
from .overlay import overlay
from .png import sent_png, to_png, understand
from .seen import Sight

__all__ = [
    "Coverage",
    "Facts",
    "blank",
    "common",
    "describe",
    "feathered",
    "filled",
    "grown",
    "hard",
    "inverted",
    "is_soft",
    "largest",
    "minus",
    "overlay",
    "render",
    "scale",
    "sent_png",
    "shrunk",
    "to_png",
    "understand",
    "union",
]

Size = tuple[int, int]
Point = tuple[float, float]
REMEMBERED = 12_600_000  # pixels at most, of two coverages; a byte each
ELLIPSE_STEPS = 180  # corners of a turned ellipse


def render(
    regions: Sequence[Region],
    size: Size,
    *,
    units: Units = "pixel",
    image: Image.Image | None = None,
    images: Mapping[str, Image.Image] | None = None,
    vision: Vision | None = None,
    fill_holes: bool = False,
    keep_largest: bool = False,
    smooth: float = 0,
    grow: float = 0,
    shrink: float = 0,
    feather: float = 0,
    invert: bool = False,
) -> Coverage:
    """Regions folded left to right, then the clean-up (holes, largest part, smooth), grow, shrink,
    invert, feather, in that order.

    `regions` have passed `regions.check`. x and width are in `units` of the width, y and height of
    the height, a stroke's width of the shorter side; grow, shrink and feather are always pixels.
    Feather is last so that it runs into what will be edited, never into what is kept. Edges of
    shapes are hard (0 or 255). `image` is the upright image (for colours), `images` the opened
    masks by the reference their region names, `vision` what finds subjects, objects, faces and
    text. Raises BadMask, and what `vision` raises.
    """
    sight = None if image is None or vision is None else Sight(image, vision, units)
    drawn = next((at for at, one in enumerate(regions) if not one.is_drawn), len(regions))
    if size[0] * size[1] > REMEMBERED:
        drawn = 0
    result = _drawn(tuple(regions[:drawn]), size, units)
    for index, region in enumerate(regions[drawn:], drawn):
        part = _part(region, size, units, image, images or {}, sight)
        result = FOLD[region.op](result, _placed(part, index))
    if fill_holes:
        result = Coverage(filled(hard(result).image), result.notes)
    if keep_largest:
        result = Coverage(largest(hard(result).image), result.notes)
    if smooth > 0:
        result = smoothed(result, smooth)
    if grow > 0:
        result = grown(result, grow)
    if shrink > 0:
        result = shrunk(result, shrink)
    result = inverted(result) if invert else result
    return _feathered(result, feather) if feather > 0 else result


@lru_cache(maxsize=2)
def _drawn(regions: tuple[Region, ...], size: Size, units: Units) -> Coverage:
    """Shapes that no picture decides, folded. Who paints adds one at a time, so that all before it
    are still known; and takes one back as often."""
    if not regions:
        return blank(size)
    last = regions[-1]
    part = blank(size, 255) if last.kind == "all" else _shape(last, size, units)
    return FOLD[last.op](_drawn(regions[:-1], size, units), _placed(part, len(regions) - 1))


def _placed(part: Coverage, index: int) -> Coverage:
    return replace(part, notes=tuple(f"regions[{index}] {note}" for note in part.notes))


def _feathered(coverage: Coverage, pixels: float) -> Coverage:
    """Feathered, and said where hardly anything is left that may change wholly."""
    result = feathered(coverage, pixels)
    counts, was = result.image.histogram(), coverage.image.histogram()
    left = counts[255] / (sum(was[1:]) or 1)
    if was[255] < 0.5 * sum(was[1:]) or left > 0.3:
        return result
    note = f"feather {pixels:g} is wide for this region: only {left:.0%} of it may change wholly."
    return replace(result, notes=(*result.notes, note))


FOLD: dict[str, Callable[[Coverage, Coverage], Coverage]] = {
    "add": union,
    "subtract": minus,
    "intersect": common,
}


def _part(
    region: Region,
    size: Size,
    units: Units,
    image: Image.Image | None,
    images: Mapping[str, Image.Image],
    sight: Sight | None,
) -> Coverage:
    match region.kind:
        case "all":
            return blank(size, 255)
        case "subject" | "background" | "object" | "face" | "text":
            assert sight is not None, "checked with the regions"
            return sight.found(region)
        case "image":
            part = _image(region, images[region.image or ""], size, image)
        case "color":
            return _color(region, size, units, image)
        case _:
            part = _shape(region, size, units)
    return sight.snapped(part) if region.expand and sight is not None else part


def _shape(region: Region, size: Size, units: Units) -> Coverage:
    """A shape, drawn by the pixels' centres; what leaves the picture is cut off and said."""
    points = _outline(region, size, units)
    box = _bounds(points, 0)
    drawn = Image.new("L", size)
    if region.kind == "rect" and not region.angle:
        left, top, right, bottom = (round(v) for v in _cut(box, size))
        drawn.paste(255, (left, top, right, bottom))
    elif region.kind in {"ellipse", "circle"} and not region.angle:
        _paint(drawn, box, lambda draw, at: draw.ellipse([at(box[:2]), at(box[2:])], fill=255))
    elif region.kind != "brush":
        _paint(drawn, box, lambda draw, at: draw.polygon([at(p) for p in points], fill=255))
    else:
        _brush(drawn, points, in_pixels(region.width or 0, min(size), units))
    note = _clipping(box, size, drawn, units)
    return Coverage(drawn, (note,) if note else ())


def _outline(region: Region, size: Size, units: Units) -> list[Point]:
    """A shape's points in pixels: the corners of its box, or what it runs through."""
    if region.points:
        return [
            (in_pixels(x, size[0], units), in_pixels(y, size[1], units))
            for x, y, *_ in region.points
        ]
    x, y = in_pixels(region.x or 0, size[0], units), in_pixels(region.y or 0, size[1], units)
    if region.kind == "circle":
        radius = in_pixels(region.radius or 0, min(size), units)
        return [(x - radius, y - radius), (x + radius, y + radius)]
    across = in_pixels(region.width or 0, size[0], units) / 2
    down = in_pixels(region.height or 0, size[1], units) / 2
    if not region.angle:
        return [(x, y), (x + 2 * across, y + 2 * down)]
    around = [(-across, -down), (across, -down), (across, down), (-across, down)]
    if region.kind == "ellipse":
        turns = [step * tau / ELLIPSE_STEPS for step in range(ELLIPSE_STEPS)]
        around = [(across * cos(turn), down * sin(turn)) for turn in turns]
    c, s = cos(radians(region.angle)), sin(radians(region.angle))
    return [(x + across + dx * c - dy * s, y + down + dx * s + dy * c) for dx, dy in around]


def _brush(drawn: Image.Image, points: list[Point], width: float) -> None:
    radius = max(2, round(width))  # on the doubled lattice; thinner would slip between centres

    def stroke(draw: ImageDraw.ImageDraw, at: Callable[[Point], Point]) -> None:
        track = [at(point) for point in points]
        if len(track) > 1:
            draw.line(track, fill=255, width=2 * radius + 1)
        for x, y in track:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

    _paint(drawn, _bounds(points, radius), stroke)


def _paint(
    drawn: Image.Image,
    box: tuple[float, float, float, float],
    paint: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], object],
) -> None:
    """Draw on a lattice twice as fine, whose odd points are the pixels' centres, and take those.

    Pillow draws through whole coordinates, both ends included; so a polygon on a rectangle's
    corners would be a pixel larger than the rectangle.
    """
    left, top, right, bottom = _cut(box, drawn.size)
    left, top, right, bottom = floor(left), floor(top), ceil(right), ceil(bottom)
    if left >= right or top >= bottom:
        return
    fine = Image.new("L", (2 * (right - left), 2 * (bottom - top)))
    paint(ImageDraw.Draw(fine), lambda p: (round(2 * (p[0] - left)), round(2 * (p[1] - top))))
    centres = resized(fine, (right - left, bottom - top), NEAREST)
    drawn.paste(centres, (left, top))


def _bounds(points: list[Point], margin: float) -> tuple[float, float, float, float]:
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across) - margin, min(down) - margin, max(across) + margin, max(down) + margin


def _cut(box: tuple[float, float, float, float], size: Size) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    left, top = max(0, left), max(0, top)
    return left, top, max(left, min(right, size[0])), max(top, min(bottom, size[1]))


def _clipping(
    box: tuple[float, float, float, float], size: Size, drawn: Image.Image, units: Units
) -> str | None:
    left, top, right, bottom = box
    if drawn.getbbox() is None:
        if left >= size[0] or top >= size[1] or right <= 0 or bottom <= 0:
            whole = SCALE.get(units)
            scale_ = f"{whole:g}x{whole:g}" if whole else f"{size[0]}x{size[1]}"
            return f"lies wholly outside the picture, which is {scale_} in units of {units}."
        return f"is smaller than a pixel (its numbers were taken as {units})."
    if left < -0.5 or top < -0.5 or right > size[0] + 0.5 or bottom > size[1] + 0.5:
        return "was clipped to the picture."
    return None


def _color(region: Region, size: Size, units: Units, image: Image.Image | None) -> Coverage:
    if image is None:
        raise BadMask("A color region needs a picture to look in.", "Pass image to make_mask.")
    at = None
    if region.x is not None and region.y is not None:
        x, y = in_pixels(region.x, size[0], units), in_pixels(region.y, size[1], units)
        at = (min(int(x), size[0] - 1), min(int(y), size[1] - 1))
    colour = rgb(region.color) if region.color else colour_at(image, *(at or (0, 0)))
    match = similar(image, colour, region.tolerance)
    if at and region.contiguous:
        if not match.getpixel(at):
            return Coverage(Image.new("L", size), (_other_colour(region, image, at),))
        match = connected(match, *at)
    if match.getbbox() is None:
        return Coverage(match, ("found nothing of that colour: raise tolerance.",))
    return Coverage(match)


def _other_colour(region: Region, image: Image.Image, at: tuple[int, int]) -> str:
    there = "#" + "".join(f"{level:02x}" for level in colour_at(image, *at)[:3])
    return (
        f"found nothing: the point is {there}, which is not {region.color} within a tolerance of "
        f"{region.tolerance:g}. Leave color out to take the point's own, or raise tolerance."
    )


def _image(region: Region, given: Image.Image, size: Size, of: Image.Image | None) -> Coverage:
    coverage, note = understand(given, region.edit, lambda: of)
    notes = (note,) if note else ()
    if coverage.size != size:
        if abs(coverage.size[0] * size[1] - coverage.size[1] * size[0]) > max(size) * 2:
            raise BadMask(
                f"The mask {region.image} is {coverage.size[0]}x{coverage.size[1]} but the picture "
                f"is {size[0]}x{size[1]}.",
                "Draw it in the picture's own shape, or describe the region by other kinds.",
            )
        notes += (f"was scaled from {coverage.size[0]}x{coverage.size[1]} to the picture's size.",)
        coverage = scale(coverage, size)
    return replace(coverage, notes=notes)

"""How much of every pixel may change, and the algebra on that: the value behind each mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from .levels import ANY, BILINEAR, BOX, mapped, resized, table, where

FARTHEST = 250  # a wider 1-D box blur would round a lone pixel away
INWARDS = table(lambda v: max(1, min(255, (v - 128) * 2 + 1)))  # a blurred edge's inner half
SOLID = where(lambda v: v > 190)


@dataclass(frozen=True, slots=True)
class Coverage:
    """An 8-bit grey picture: 0 keeps the pixel exactly, 255 gives it away wholly.

    `notes` tell the agent what was done to its regions on the way (clipped, scaled, read as ...).
    """

    image: Image.Image
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size


@dataclass(frozen=True, slots=True)
class Facts:
    """`share` of the pixels with any coverage (0..1), and their box as x, y, width, height."""

    share: float
    box: tuple[int, int, int, int] | None


def blank(size: tuple[int, int], value: int = 0) -> Coverage:
    return Coverage(Image.new("L", size, value))


def union(a: Coverage, b: Coverage) -> Coverage:
    return Coverage(ImageChops.lighter(a.image, b.image), a.notes + b.notes)


def common(a: Coverage, b: Coverage) -> Coverage:
    return Coverage(ImageChops.darker(a.image, b.image), a.notes + b.notes)


def minus(a: Coverage, b: Coverage) -> Coverage:
    return common(a, inverted(b))


def inverted(a: Coverage) -> Coverage:
    return Coverage(ImageChops.invert(a.image), a.notes)


def hard(a: Coverage) -> Coverage:
    """The form that is sent: 255 wherever there is any coverage, else 0."""
    return Coverage(mapped(a.image, ANY), a.notes)


def is_soft(a: Coverage) -> bool:
    counts = a.image.histogram()
    return any(counts[1:255])


def describe(a: Coverage) -> Facts:
    counts = a.image.histogram()
    box = a.image.getbbox()
    share = sum(counts[1:]) / sum(counts)
    return Facts(share, box and (box[0], box[1], box[2] - box[0], box[3] - box[1]))


def scale(a: Coverage, size: tuple[int, int]) -> Coverage:
    """The same at another size; a hard mask stays hard, and a hair's breadth is never lost."""
    if size == a.size:
        return a
    if is_soft(a):
        return Coverage(resized(a.image, size, BILINEAR), a.notes)
    return Coverage(mapped(averaged(a.image, size), ANY), a.notes)


def averaged(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """At another size, by area. Of a hard mask no pixel is lost, however fine."""
    if size == image.size:
        return image
    # Pillow drops what lies exactly on the edge of two cells; a hair further it does not.
    beside = (0, 0, image.width - 1e-3, image.height - 1e-3)
    return ImageChops.lighter(resized(image, size, BOX), resized(image, size, BOX, box=beside))


def grown(a: Coverage, pixels: float) -> Coverage:
    """Everything within `pixels` of the coverage, hard.

    Exact on a 12-cornered disc: grown then shrunk always contains the original.
    """
    return _near(hard(a), round(pixels) + 1, lambda mask: _dilated(mask, pixels))


def shrunk(a: Coverage, pixels: float) -> Coverage:
    """Only what lies deeper than `pixels` inside, hard; the picture's own edge is not an edge."""

    def erode(mask: Image.Image) -> Image.Image:
        return ImageChops.invert(_dilated(ImageChops.invert(mask), pixels))

    return _near(hard(a), 1, erode)


def feathered(a: Coverage, pixels: float) -> Coverage:
    """A ramp `pixels` long from the edge inwards: 0 stays 0, and nothing covered becomes 0.

    What is too thin for such a ramp gets a shorter one, so that a hair is still edited.
    """
    if pixels <= 0:
        return a

    def soften(mask: Image.Image) -> Image.Image:
        return ImageChops.darker(mask, _ramped(mapped(mask, ANY), pixels))

    return _near(a, 1, soften)


def smoothed(a: Coverage, pixels: float) -> Coverage:
    """The same with its edge rounded: what is narrower than about `pixels` goes, hard."""

    def round_off(mask: Image.Image) -> Image.Image:
        return mapped(mask.filter(ImageFilter.GaussianBlur(pixels)), where(lambda v: v > 127))

    return _near(hard(a), round(3 * pixels) + 1, round_off)


def _ramped(support: Image.Image, pixels: float) -> Image.Image:
    ramp, thin, length = Image.new("L", support.size), support, pixels
    while length >= 1:
        step = mapped(support.filter(ImageFilter.GaussianBlur(length / 2)), INWARDS)
        ramp = ImageChops.lighter(ramp, ImageChops.darker(step, thin))
        reach = round(length) + 1
        served = _spread(mapped(step, SOLID), reach, reach)
        thin = ImageChops.subtract(thin, served)
        if not thin.getbbox():
            return ramp
        length /= 2
    return ImageChops.lighter(ramp, thin)


def _near(a: Coverage, margin: int, change: Callable[[Image.Image], Image.Image]) -> Coverage:
    """Apply a change to the neighbourhood of what is covered: blurring nothing costs as much."""
    box = a.image.getbbox()
    if box is None:
        return a
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    right, bottom = min(a.size[0], box[2] + margin), min(a.size[1], box[3] + margin)
    result = Image.new("L", a.size)
    result.paste(change(a.image.crop((left, top, right, bottom))), (left, top))
    return Coverage(result, a.notes)


def _dilated(mask: Image.Image, pixels: float) -> Image.Image:
    """Dilation by three rectangles with their corners on one circle: a disc with 12 corners."""
    result = mask
    for a, b in ((0.97, 0.26), (0.71, 0.71), (0.26, 0.97)):
        result = ImageChops.lighter(result, _spread(mask, round(pixels * a), round(pixels * b)))
    return result


def _spread(mask: Image.Image, x: int, y: int) -> Image.Image:
    """Exact dilation of a hard mask by a rectangle of (2x+1) by (2y+1) pixels.

    Two 1-D box blurs cost the same at any radius; MaxFilter takes 20 s on a 4K picture.
    """
    while x > 0 or y > 0:
        for radius in ((min(x, FARTHEST), 0), (0, min(y, FARTHEST))):
            if any(radius):
                mask = mapped(mask.filter(ImageFilter.BoxBlur(radius)), ANY)
        x, y = max(0, x - FARTHEST), max(0, y - FARTHEST)
    return mask

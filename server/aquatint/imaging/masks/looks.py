"""Whether a picture that was given as something else looks like a mask."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageChops

from ..decode import inspect, open_upright
from .levels import BOX, extremes, mapped, resized, where
from .png import MID_GREYS, stored_grey

DENSE = 0.25  # bytes a pixel; a file with more holds more than a mask
SMALL = 128  # longest side, in pixels, of the copy on which blobs are told from lines
MOST_SOFT = 0.1  # of the pixels: a mask's feather
MOST_EDGES = 0.15  # of the copy's pixels; drawings and text are edges all over
FEWEST = 0.0005  # of the pixels must be black, and as many white
STRIP = 1_000_000  # pixels
FLAT = 8  # levels between what counts as one colour


def like_a_mask(data: bytes, max_pixels: int) -> str | None:
    """What of a picture file is a mask's look, in words; None for any other. Raises BadImage."""
    seen = inspect(data, max_pixels=max_pixels, deep=False)
    if seen.format == "svg" or len(data) > 4096 + DENSE * seen.width * seen.height:
        return None
    image = open_upright(data, max_pixels)
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        if extremes(alpha) != (255, 255):
            return _with_alpha(image, alpha)
    return "it is only black and white" if _blobs(image) else None


def _with_alpha(image: Image.Image, alpha: Image.Image) -> str | None:
    if stored_grey(image, alpha) is not None:
        return "it has the form of make_mask's own"
    solid = mapped(alpha, where(lambda v: v > 127))
    if not _is_blobs(alpha) or not _framed(solid):
        return None
    one_colour = all(_spread(image.getchannel(band), solid) <= FLAT for band in range(3))
    return "it is one colour with a hole" if one_colour else None


def _blobs(image: Image.Image) -> bool:
    """Whether a picture is a few black and white areas, without a colour."""
    return all(map(_is_grey, _strips(image))) and _is_blobs(image.getchannel(0))


def _strips(image: Image.Image) -> Iterator[Image.Image]:
    """A picture piece by piece: whole copies of 50 megapixels are 200 MB each."""
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(image.height, top + rows)))


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = image.split()[:3]
    return all(extremes(ImageChops.difference(red, other))[1] <= FLAT for other in (green, blue))


def _is_blobs(grey: Image.Image) -> bool:
    counts, pixels = grey.histogram(), grey.width * grey.height
    black, white = sum(counts[: MID_GREYS.start]), sum(counts[MID_GREYS.stop :])
    if min(black, white) < FEWEST * pixels or sum(counts[MID_GREYS]) > MOST_SOFT * pixels:
        return False
    scale = min(1.0, SMALL / max(grey.size))
    size = max(1, round(grey.width * scale)), max(1, round(grey.height * scale))
    small = resized(grey, size, BOX)
    return sum(small.histogram()[MID_GREYS]) <= MOST_EDGES * size[0] * size[1]


def _spread(band: Image.Image, where_: Image.Image) -> int:
    there = [level for level, count in enumerate(band.histogram(where_)) if count]
    return max(there, default=0) - min(there, default=0)


def _framed(solid: Image.Image) -> bool:
    """Whether the rim is mostly solid, as around a hole; around a logo it is clear."""
    width, height = solid.size
    rim = [(0, 0, width, 1), (0, height - 1, width, height)]
    rim += [(0, 0, 1, height), (width - 1, 0, width, height)]
    counts = [solid.crop(box).histogram() for box in rim]
    return sum(one[255] for one in counts) > sum(one[0] for one in counts)

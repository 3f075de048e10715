"""Lifts a thing off its picture: alpha that is soft at the rim alone, and colours of the thing.

Near the rim a pixel is a mixture of the thing and what was behind it. Both are estimated from
what is surely the one or the other nearby (Forte and Pitié's blurs, on a small copy), and what was
behind is taken out of the mixture. Everywhere else the pixels are the picture's own.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from ..imaging.masks.levels import BOX, NONE, mapped, resized, where
from .arrays import Floats, part_of, pixels_of
from .edges import TILE, WORK, sums

SOFT = 1 / 48  # of the longer side: how far from the hard edge a pixel may be half the thing's
LOW, HIGH = 0.1, 0.9  # an alpha beyond these is none, or all
REACHES = (12, 3)  # pixels of the small copy around a pixel from which its colours are estimated
LEAST = 1e-4
RIM = where(lambda level: 0 < level < 255)

Frame = tuple[int, int, int, int]  # left, top, right, bottom in pixels


def lifted(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """An RGB picture as RGBA: exact where alpha comes out as 255, nothing at all where as 0."""
    soft = rim_only(alpha)
    result = image.copy()
    result.paste((0, 0, 0), mask=mapped(soft, NONE))  # what is not to be seen is not in the file
    behind = _Layers(image, soft)
    for top in range(0, image.height, TILE):
        for left in range(0, image.width, TILE):
            place = left, top, min(left + TILE, image.width), min(top + TILE, image.height)
            levels = soft.crop(place)
            rim = mapped(levels, RIM)
            if rim.getbbox() is not None:
                result.paste(behind.without(image.crop(place), levels, place), place, rim)
    result.putalpha(soft)
    return result


def rim_only(alpha: Image.Image) -> Image.Image:
    """The same alpha at its hard edge, fading to 0 and 255 within SOFT: doubt farther off would be
    a veil, or a hole."""
    values = np.asarray(alpha, np.uint8)
    hard = np.where(values > 127, np.uint8(255), np.uint8(0))
    reach = max(2.0, max(alpha.size) * SOFT)
    near = np.asarray(Image.fromarray(hard).filter(ImageFilter.BoxBlur(reach)), np.uint8)
    levels = np.arange(256, dtype=np.float32)
    ramp = np.clip((levels / 255 - LOW) / (HIGH - LOW), 0, 1) * 255
    weight = np.clip(2 - np.abs(levels - 127.5) / 63.75, 0, 1)  # 1 at the edge, 0 at the reach
    weight[[0, 255]] = 0
    result = hard.copy()
    at = np.nonzero((near > 0) & (near < 255))
    share = weight[near[at]]
    result[at] = (share * ramp[values[at]] + (1 - share) * hard[at] + 0.5).astype(np.uint8)
    return Image.fromarray(result)


class _Layers:
    """The colours of the thing and of what is behind it, on a small copy of the picture."""

    def __init__(self, image: Image.Image, alpha: Image.Image) -> None:
        factor = min(1.0, WORK / max(image.size))
        size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
        self._across, self._down = size[0] / image.width, size[1] / image.height
        pixels = pixels_of(resized(image, size, BOX))
        share = pixels_of(resized(alpha, size, BOX))[..., None]
        thing = behind = pixels
        for reach in REACHES:
            thing = _weighed(thing, share, reach)
            behind = _weighed(behind, 1 - share, reach)
            rest = pixels - share * thing - (1 - share) * behind
            thing = np.clip(thing + share * rest, 0, 1).astype(np.float32)
        self._behind, self._thing = behind, thing

    def without(self, part: Image.Image, levels: Image.Image, place: Frame) -> Image.Image:
        """A part of the picture with what is behind it taken out."""
        left, top, right, bottom = place
        across, down = self._across, self._down
        box = left * across, top * down, right * across, bottom * down
        pixels, share = pixels_of(part), pixels_of(levels)[..., None]
        thing, behind = (_part(one, box, part.size) for one in (self._thing, self._behind))
        colours = thing + share * (pixels - share * thing - (1 - share) * behind)
        return Image.fromarray((np.clip(colours, 0, 1) * 255 + 0.5).astype(np.uint8))


def _weighed(pixels: Floats, weight: Floats, reach: int) -> Floats:
    """The mean of the colours around each pixel by weight; a plain mean where there is none."""
    weight = np.square(weight) + np.float32(LEAST)  # what is surely of this layer counts for more
    total = _blurred(weight[..., 0], reach)[..., None]
    parts = [_blurred(pixels[..., band] * weight[..., 0], reach) for band in range(3)]
    return (np.stack(parts, -1) / total).astype(np.float32)


def _blurred(values: Floats, reach: int) -> Floats:
    """Twice a box: near pixels count for more than far ones."""
    return sums(sums(values, reach), reach)


def _part(values: Floats, box: tuple[float, float, float, float], size: tuple[int, int]) -> Floats:
    return np.stack(
        [part_of(np.ascontiguousarray(values[..., b]), box, size) for b in range(3)], -1
    )

"""Carries a coarse answer to the picture's own edges, at the picture's own size.

A guided filter in colour (He, Sun, Tang 2010): near each pixel the answer is a linear function of
the colour, fitted on a small copy and applied to the large picture. Only where the answer is
undecided; the rest is 0 or 1 and costs nothing, so that 12 megapixels take little longer than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..imaging.masks.levels import BOX, resized
from .arrays import Floats, part_of, pixels_of, scaled

WORK = 384  # pixels of the longer side on which the functions are fitted; 768 measures no better
TILE = 256  # pixels of a side of what they are applied to at once
REACH = 1 / 96  # of the longer side: how far around a pixel a function is fitted
FLAT = 3e-4  # variance of colour (0 to 1) below which there is no edge to follow
STEEP = 1.5  # how much steeper the filtered answer is made around its middle
SURE = 0.02  # an answer this near to 0 or 1 is decided


@dataclass(frozen=True, slots=True)
class Fit:
    """For each pixel of a small copy: the answer is `slopes` (3) times the colour, plus `base`."""

    slopes: list[Floats]
    base: Floats

    def at(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> list[Floats]:
        """Slopes and base for a part of the picture, in the small copy's pixels."""
        return [part_of(one, box, size) for one in (*self.slopes, self.base)]


def refined(image: Image.Image, answer: Floats) -> Image.Image:
    """`answer` (0 to 1, of any size, for the whole of the RGB `image`) as its 8-bit alpha."""
    factor = min(1.0, WORK / max(image.size))
    small = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    guide = pixels_of(resized(image, small, BOX))
    fit = fitted(guide, scaled(answer, small), max(2, round(max(small) * REACH)))
    rough = steeper(filtered(guide, [*fit.slopes, fit.base]))
    return _applied(image, fit, rough)


def fitted(guide: Floats, answer: Floats, reach: int) -> Fit:
    """The linear functions within `reach` pixels of each pixel, averaged over those it is in."""
    count = sums(np.ones_like(answer), reach)

    def mean(values: NDArray[Any]) -> Floats:
        return (sums(values, reach) / count).astype(np.float32)

    red, green, blue = (guide[..., band] - np.float32(0.5) for band in range(3))
    bands = (red, green, blue)
    means, middle = [mean(band) for band in bands], mean(answer)
    shared = [mean(band * answer) - m * middle for band, m in zip(bands, means, strict=True)]
    rr = mean(red * red) - means[0] * means[0] + FLAT
    rg = mean(red * green) - means[0] * means[1]
    rb = mean(red * blue) - means[0] * means[2]
    gg = mean(green * green) - means[1] * means[1] + FLAT
    gb = mean(green * blue) - means[1] * means[2]
    bb = mean(blue * blue) - means[2] * means[2] + FLAT
    # The inverse of that symmetric matrix, times what each band shares with the answer.
    a, b, c = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    d, e, f = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    whole = rr * a + rg * b + rb * c
    slopes = [
        (a * shared[0] + b * shared[1] + c * shared[2]) / whole,
        (b * shared[0] + d * shared[1] + e * shared[2]) / whole,
        (c * shared[0] + e * shared[1] + f * shared[2]) / whole,
    ]
    base = middle - sum(slope * m for slope, m in zip(slopes, means, strict=True))
    base = mean(np.asarray(base))
    slopes = [mean(slope) for slope in slopes]
    half = np.float32(0.5)
    return Fit(slopes, (base - half * (slopes[0] + slopes[1] + slopes[2])).astype(np.float32))


def filtered(guide: Floats, parts: list[Floats]) -> Floats:
    """Slopes times the guide's colours, plus base."""
    result = parts[3].copy()
    for band in range(3):
        result += parts[band] * guide[..., band]
    return result


def steeper(answer: Floats) -> Floats:
    return np.clip((answer - 0.5) * STEEP + 0.5, 0, 1).astype(np.float32)


def _applied(image: Image.Image, fit: Fit, rough: Floats) -> Image.Image:
    """The functions on the large picture, tile by tile; decided tiles are filled."""
    height, width = rough.shape
    across, down = width / image.width, height / image.height
    alpha = np.empty((image.height, image.width), np.uint8)
    for top in range(0, image.height, TILE):
        bottom = min(top + TILE, image.height)
        for left in range(0, image.width, TILE):
            right = min(left + TILE, image.width)
            box = left * across, top * down, right * across, bottom * down
            near = rough[
                max(0, int(box[1]) - 2) : int(box[3]) + 3, max(0, int(box[0]) - 2) : int(box[2]) + 3
            ]
            low, high = float(near.min()), float(near.max())
            if high <= SURE or low >= 1 - SURE:
                alpha[top:bottom, left:right] = 255 if low > 0.5 else 0
                continue
            guide = pixels_of(image.crop((left, top, right, bottom)))
            answer = steeper(filtered(guide, fit.at(box, (right - left, bottom - top))))
            alpha[top:bottom, left:right] = (answer * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(alpha)


def sums(values: NDArray[Any], reach: int) -> Floats:
    """The sums over squares of (2 reach + 1) pixels, cut off at the rim."""
    return _sums_along(_sums_along(values, reach, 0), reach, 1)


def _sums_along(values: NDArray[Any], reach: int, axis: int) -> Floats:
    length = values.shape[axis]
    before = [(0, 0), (0, 0)]
    before[axis] = (1, 0)
    running = np.cumsum(np.pad(values, before), axis=axis, dtype=np.float32)
    at = np.arange(length, dtype=np.int32)
    ends = np.minimum(at + reach + 1, length)
    return np.take(running, ends, axis) - np.take(running, np.maximum(at - reach, 0), axis)

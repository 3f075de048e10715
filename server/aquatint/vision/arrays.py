"""Pictures as arrays and back, with types."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..imaging.masks.levels import BILINEAR, resized

Floats = NDArray[np.float32]


def pixels_of(image: Image.Image) -> Floats:
    """An RGB picture as (height, width, 3), or a grey one as (height, width); 0 to 1."""
    return np.asarray(image, np.float32) / np.float32(255)


def scaled(values: Floats, size: tuple[int, int]) -> Floats:
    """Values (height, width) at another size (width, height), bilinear."""
    return part_of(values, (0, 0, values.shape[1], values.shape[0]), size)


def part_of(
    values: Floats, box: tuple[float, float, float, float], size: tuple[int, int]
) -> Floats:
    """The part of values within a box (left, top, right, bottom) at another size, bilinear."""
    return np.asarray(resized(Image.fromarray(values), size, BILINEAR, box), np.float32)


def grey_of(values: Floats) -> Image.Image:
    """Values from 0 to 1 as an 8-bit grey picture."""
    return Image.fromarray((np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8))

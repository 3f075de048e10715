"""The lines of text that a picture holds, from its bytes."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from ..domain.vision import Spot, Vision
from .colour import on_white
from .decode import open_upright


def lines(data: bytes, vision: Vision, max_pixels: int, longest: int = 0) -> tuple[Spot, ...]:
    """Every line, in rows from the top, with its outline in the upright picture's pixels.

    `longest` is the longer side of what is looked at; less is faster and misses small print.
    """
    image = on_white(open_upright(data, max_pixels=max_pixels))
    factor = longest / max(image.size)
    if not 0 < factor < 1:
        return vision.text(image)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    found = vision.text(image.resize(size, Image.Resampling.BOX))
    return tuple(
        replace(spot, outline=tuple((x / factor, y / factor) for x, y in spot.outline))
        for spot in found
    )

"""What may be asked of pictures that are there: to be shown, or written to files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator

from ..errors import BadRequest
from ..models.sizes import Size
from ..types import Frozen, SizeWords, Strings, Units
from .regions import Number, in_pixels
from .spellings import format_name

Written = Literal["png", "jpeg", "webp", "gif", "avif"]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels


class ShowRequest(Frozen):
    """Which picture to show, or which job to wait for; `edge` is its preview's longest side.

    `crop` is left, top, width, height of the part to show, in `units`, which a `grid` counts too;
    `compare` puts it beside the picture that it was edited from, `read` tells its lines of text.
    """

    image: str
    edge: int = 768
    crop: tuple[Number, ...] | None = None
    units: Units = "pixel"
    grid: bool = False
    compare: bool = False
    read: bool = False
    provenance: bool = False

    @property
    def closer(self) -> bool:
        """Whether more than the picture's usual preview is asked for."""
        return self.crop is not None or self.grid or self.compare


class ExportRequest(Frozen):
    """Files to be made of a picture that is there, or a name for it. `crop` is left, top, width,
    height in `units`, `background` a colour to put under what is transparent, or the word
    transparent, which takes the background away."""

    image: str
    save_to: Strings = ()
    exact_size: SizeWords = None
    crop: tuple[Number, ...] | None = None
    units: Units = "pixel"
    background: str | None = None
    format: Annotated[Written | None, BeforeValidator(format_name)] = None
    compression: int | None = None
    overwrite: bool = False
    name: str | None = None


def box_of(crop: Sequence[float], units: Units, size: Size) -> Box:
    """The pixels of a crop, cut at the picture's edges.

    Raises BadRequest for a crop that is not a box, or lies outside the picture.
    """
    if len(crop) != 4 or not all(map(math.isfinite, crop)):
        raise _bad("A crop is four numbers.", size)
    if crop[2] <= 0 or crop[3] <= 0:
        raise _bad("A crop's width and height are above 0.", size)
    if units == "pixel" and max(crop) <= 1 and any(one % 1 for one in crop):
        raise _bad("These numbers look like shares of the picture, and pixels are whole.", size)
    left, top, right, bottom = (round(edge) for edge in _edges(crop, units, size))
    box = (max(0, left), max(0, top), min(size[0], right), min(size[1], bottom))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise _bad("This crop holds no pixel of the picture.", size)
    return box


def is_cut(crop: Sequence[float], units: Units, size: Size) -> bool:
    """Whether a crop reaches over the picture's edge by a pixel or more."""
    left, top, right, bottom = _edges(crop, units, size)
    return max(-left, -top, right - size[0], bottom - size[1]) >= 1


def _edges(crop: Sequence[float], units: Units, size: Size) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels, wherever they lie."""
    x, y, width, height = crop
    return (
        in_pixels(x, size[0], units),
        in_pixels(y, size[1], units),
        in_pixels(x + width, size[0], units),
        in_pixels(y + height, size[1], units),
    )


def _bad(what: str, size: Size) -> BadRequest:
    return BadRequest(
        f"crop: {what}",
        f"Pass [x, y, width, height] inside the picture's {size[0]}x{size[1]} pixels, "
        'or shares of it with units="fraction" (0 to 1) or "permille" (0 to 1000).',
        code="bad_crop",
    )

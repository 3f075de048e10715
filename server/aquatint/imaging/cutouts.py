"""Takes the background away: a picture's subject on nothing, from bytes to bytes."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from ..domain.models.sizes import Size
from ..domain.vision import Vision
from .colour import on_white
from .decode import open_upright
from .limits import MAX_PIXELS

CLEAR_ALREADY = 0.001  # of the pixels: with more of them see-through, a picture has its own cut-out


@dataclass(frozen=True, slots=True)
class CutOut:
    """A PNG with transparency. `kept` is the share of the picture that is left (by alpha).

    `certainty` (0 to 1) is None where the picture was transparent before and stayed as it was.
    """

    data: bytes
    size: Size
    kept: float
    certainty: float | None


def cut_out(
    data: bytes,
    box: tuple[int, int, int, int] | None,
    vision: Vision,
    max_pixels: int = MAX_PIXELS,
) -> CutOut | None:
    """What stands out of a picture, or of a part of it (left, top, right, bottom); first frame.

    None where nothing stands out. Raises BadImage, and Misconfigured where it cannot be looked for.
    """
    image = open_upright(data, max_pixels)
    info = dict(image.info)
    if box is not None:
        image = image.crop(box)
    certainty = None
    if not _is_cut_out(image):
        found = vision.lifted(on_white(image))
        if found is None:
            return None
        image, certainty = found.image, found.certainty
    levels = image.getchannel("A").histogram()
    kept = sum(level * count for level, count in enumerate(levels)) / (255 * sum(levels))
    out = BytesIO()
    image.save(out, "PNG", compress_level=1, icc_profile=info.get("icc_profile"))
    return CutOut(out.getvalue(), image.size, kept, certainty)


def _is_cut_out(image: Image.Image) -> bool:
    """Whether a picture's own alpha says what belongs to it."""
    if image.mode != "RGBA":
        return False
    clear = sum(image.getchannel("A").histogram()[:128])
    return clear > CLEAR_ALREADY * image.width * image.height

"""A mask while it is being painted: the very coverage that would be kept, as a small PNG."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO

from ...domain.requests.regions import MaskRequest
from ...domain.vision import Vision
from ..decode import open_upright
from ..masks import render
from ..masks.coverage import Facts
from ..masks.levels import mapped
from .inputs import selection


@dataclass(frozen=True, slots=True)
class MaskPreview:
    """`data` is a PNG of one bit for each pixel: opaque where anything is covered, else clear."""

    data: bytes
    facts: Facts
    notes: tuple[str, ...]


def preview(
    request: MaskRequest,
    base: bytes | None,
    images: dict[str, bytes],
    *,
    max_pixels: int,
    vision: Vision | None = None,
) -> MaskPreview:
    """What `inputs.draw_mask` would keep of the same arguments. Raises what that raises."""
    image = None if base is None else open_upright(base, max_pixels)
    _, coverage = selection(request, image, images, max_pixels, vision)
    flat = mapped(coverage.image, [0] + [1] * 255)
    flat.putpalette((0, 0, 0, 255, 255, 255))  # which makes levels indices
    out = BytesIO()
    flat.save(out, "PNG", bits=1, transparency=0, compress_level=6, compress_type=zlib.Z_RLE)
    return MaskPreview(out.getvalue(), render.describe(coverage), coverage.notes)

"""From bytes to bytes: what an edit makes of the model's answer; imported lazily (Pillow)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Literal

from PIL import Image

from ...domain.types import Outside, Placement
from ..colour import eight_bit, from_srgb, has_colour, is_opaque, to_rgb, to_srgb
from ..decode import ImageInfo, open_upright
from ..masks import render
from ..masks.coverage import Coverage
from ..masks.levels import resized
from ..previews import Preview, preview_of
from ..sniff import MIME
from .composite import encode_exact, keep_outside, outside_difference, undo
from .extension import extended
from .original import in_mode_of, open_original

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CompositeFile:
    """An edit whose outside was kept: its file, the proof, and what a survey would find.

    `converted` says what the original lost before it was kept, like "from 16-bit to 8-bit"; `notes`
    are sentences for the caller. `seam` is its soft edge in pixels, None for the mask's own.
    """

    data: bytes
    outside: Outside
    seen: ImageInfo
    small: Preview
    sha256: str
    converted: str | None = None
    notes: tuple[str, ...] = ()
    seam: float | None = None


def composite(
    base: bytes,
    mask: bytes,
    drawn: bytes,
    placement: Placement | None,
    format: Literal["png", "webp"],
    *,
    max_pixels: int,
    edge: int,
    budget: int,
    seam: float | None = None,
    grown: Placement | None = None,
) -> CompositeFile:
    """The model's picture inside the mask, the original everywhere else, and the proof of it.

    `base` and `drawn` are files as they came, `mask` is a stored mask of the upright base's size,
    `seam` the length of its soft edge in pixels (None: as `keep_outside` chooses). Where the base
    is `grown`, the mask has the new canvas's size.
    The proof is read off the encoded result, not off what was meant.
    """
    original = open_original(base, max_pixels, depth=16 if format == "png" else 8)
    if grown is not None:
        original = replace(original, image=extended(original.image, grown))
    size = original.image.size
    coverage = _stored(mask)
    model = _aligned(drawn, placement, size, max_pixels)
    coloured = has_colour(model, render.hard(coverage).image)
    model = from_srgb(model, original.profile)
    kept = keep_outside(eight_bit(original.image), model, coverage, feather=seam, grown=grown)
    result, grey = in_mode_of(original.image, kept.image, coverage, coloured=coloured)
    del model  # at 3840x2160 each of these is 25 MB
    data = encode_exact(result, format, original.profile)
    with Image.open(BytesIO(data), formats=("PNG", "WEBP")) as written:
        largest = outside_difference(original.image, written, coverage)
    outside = Outside(
        largest_difference=largest,
        model_mean=round(kept.model_outside_mean, 2),
        model_share=round(kept.model_outside_share, 4),
    )
    shown = to_rgb(result)
    clear = shown.mode == "RGBA" and not is_opaque(shown)
    info = ImageInfo(format, MIME[format], *size, alpha=clear, mode=result.mode)
    small = preview_of(shown, edge=edge, budget=budget)
    notes = (grey,) if grey else ()
    if original.converted:
        changed = f"The first image was converted {original.converted} before it was edited"
        notes += (f"{changed}; what is kept is identical to that.",)
    if original.metadata:
        verb = "is" if len(original.metadata) == 1 else "are"
        notes += (f"The input's {_listed(original.metadata)} {verb} not in the result.",)
    digest = hashlib.sha256(data).hexdigest()
    return CompositeFile(
        data, outside, info, small, digest, original.converted, notes, kept.feather
    )


def _listed(names: tuple[str, ...]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def outside_of(
    base: bytes, mask: bytes, data: bytes, max_pixels: int, grown: Placement | None = None
) -> int:
    """The largest difference between a picture and its original where the mask keeps it."""
    original, copy = open_upright(base, max_pixels), open_upright(data, max_pixels)
    if grown is not None:
        original = extended(original, grown)
    return outside_difference(original, copy, _stored(mask))


def unplaced(
    drawn: bytes, placement: Placement, size: Size, format: Literal["png", "webp"], max_pixels: int
) -> bytes:
    """The model's picture without the padding it was sent with, at the first picture's size."""
    return encode_exact(_aligned(drawn, placement, size, max_pixels), format)


def as_webp(data: bytes, max_pixels: int) -> bytes:
    """The same pixels as lossless WebP."""
    image = open_upright(data, max_pixels)
    return encode_exact(image, "webp", image.info.get("icc_profile"))


def _aligned(drawn: bytes, placement: Placement | None, size: Size, max_pixels: int) -> Image.Image:
    image = to_srgb(open_upright(drawn, max_pixels))
    if placement is not None:
        return undo(image, placement, size)
    # A service may draw another size than it was asked for.
    return image if image.size == size else resized(image, size, Image.Resampling.LANCZOS)


def _stored(data: bytes) -> Coverage:
    with Image.open(BytesIO(data), formats=("PNG",)) as image:
        return render.understand(image.convert("RGBA"))[0]

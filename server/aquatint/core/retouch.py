"""From bytes to bytes: what an edit sends, and what it makes of the answer; imported lazily."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image

from . import masks
from .colour import from_srgb, to_srgb
from .composite import (
    encode_exact,
    keep_outside,
    outside_difference,
    pad_coverage,
    pad_for_sending,
    undo,
)
from .coverage import Coverage
from .errors import BadMask
from .levels import resized
from .masks import Facts
from .pixels import open_upright
from .previews import Preview, preview_of
from .regions import MaskRequest, check
from .types import Outside, Placement

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A mask that was drawn: its stored PNG, the picture with it in red, and what it covers."""

    data: bytes
    overlay: Preview
    facts: Facts
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exact:
    """A finished edit and, where a mask kept the outside, its proof."""

    data: bytes
    outside: Outside | None = None


def size_of(data: bytes, max_pixels: int) -> Size:
    """Width and height of the upright picture; decodes it. Raises BadImage."""
    return open_upright(data, max_pixels).size


def draw_mask(
    request: MaskRequest,
    base: bytes | None,
    images: dict[str, bytes],
    *,
    max_pixels: int,
    edge: int,
    budget: int,
) -> Drawn:
    """Regions to a mask. `images` are the files behind the regions' references.

    Raises BadMask with every problem of the regions at once, BadImage for a file that is none.
    """
    picture = None if base is None else open_upright(base, max_pixels)
    size = _canvas(request) if picture is None else picture.size
    problems = check(request.regions, size, request.units, picture=picture is not None)
    problems += _unsound(request)
    if problems:
        raise BadMask("\n".join(problems), "Call make_mask again with these mended.")
    coverage = masks.render(
        request.regions,
        size,
        units=request.units,
        picture=picture,
        images={name: open_upright(data, max_pixels) for name, data in images.items()},
        grow=request.grow,
        shrink=request.shrink,
        feather=request.feather,
        invert=request.invert,
    )
    ground = picture or Image.new("RGB", size, (128, 128, 128))
    shown = masks.overlay(ground, coverage, grid=request.grid, edge=edge)
    small = preview_of(shown, edge=edge, budget=budget)
    return Drawn(masks.to_png(coverage), small, masks.describe(coverage), coverage.notes)


def _canvas(request: MaskRequest) -> Size:
    if request.width is None or request.height is None:
        raise BadMask(
            "A mask needs a picture, or a size.", "Pass image, or both width and height in pixels."
        )
    if not (1 <= request.width <= 16_384 and 1 <= request.height <= 16_384):
        raise BadMask(
            f"width and height: {request.width}x{request.height} is no canvas.",
            "Pass 1 to 16384 pixels for each.",
        )
    return request.width, request.height


def _unsound(request: MaskRequest) -> list[str]:
    given = {"grow": request.grow, "shrink": request.shrink, "feather": request.feather}
    return [
        f"{name}: {value:g} is out of range: give 0 to 1000 pixels."
        for name, value in given.items()
        if not 0 <= value <= 1000
    ]


def read_mask(
    data: bytes, size: Size, *, scale: bool, label: str, max_pixels: int
) -> tuple[bytes, Facts, tuple[str, ...]]:
    """Any mask picture as a stored mask of `size`, what it covers, and how it was read.

    Raises BadMask when it is none, or has another size and may not be scaled.
    """
    image = open_upright(data, max_pixels)
    coverage, note = masks.understand(image)
    notes = (note,) if note else ()
    if coverage.size != size:
        if not scale:
            raise _other_size("Mask", coverage.size, size, label, 'mask_fit="scale"')
        notes += (f"The mask was scaled from {_text(coverage.size)} to {_text(size)}.",)
        coverage = masks.scale(coverage, size)
    return masks.to_png(coverage), masks.describe(coverage), notes


def read_markup(data: bytes, size: Size, *, label: str, max_pixels: int) -> bytes:
    """A markup overlay as RGBA PNG without metadata. Raises BadMask when it cannot be one."""
    image = open_upright(data, max_pixels)
    if image.size != size:
        raise _other_size("Markup", image.size, size, label, None)
    if image.mode != "RGBA" or image.getchannel("A").getextrema()[0] == 255:
        raise BadMask(
            "The markup has no transparent pixels, so it would hide the whole picture.",
            "Draw it on a transparent ground and pass that PNG; or pass it as mask.",
        )
    return _png(to_srgb(image))


def _other_size(what: str, given: Size, wanted: Size, label: str, option: str | None) -> BadMask:
    again = "Call make_mask again with image=" if what == "Mask" else "Draw it anew over "
    fix = f"{again}{label}" + (f", or pass {option}." if option else ".")
    return BadMask(f"{what} is {_text(given)} but the first image is {_text(wanted)}.", fix)


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def placed(data: bytes, placement: Placement, size: Size, max_pixels: int) -> bytes:
    """The first picture on the canvas that is sent, as PNG without metadata."""
    image = to_srgb(open_upright(data, max_pixels))
    return _png(pad_for_sending(image, placement, size))


def placed_mask(data: bytes, placement: Placement | None, size: Size | None) -> bytes:
    """A stored mask in the hard form that is sent, on the same canvas."""
    coverage = _stored(data)
    if placement is not None and size is not None:
        coverage = pad_coverage(coverage, placement, size)
    return masks.sent_png(coverage)


def placed_markup(data: bytes, placement: Placement, size: Size) -> bytes:
    """A markup on the same canvas; what surrounds it is transparent."""
    with Image.open(BytesIO(data), formats=("PNG",)) as image:
        markup = image.convert("RGBA")
    canvas = Image.new("RGBA", placement.canvas)
    canvas.paste(markup, (placement.left, placement.top))
    return _png(resized(canvas, size, Image.Resampling.LANCZOS))


def composite(
    base: bytes,
    mask: bytes,
    drawn: bytes,
    placement: Placement | None,
    format: Literal["png", "webp"],
    max_pixels: int,
) -> Exact:
    """The model's picture inside the mask, the original everywhere else, and the proof of it.

    `base` and `drawn` are files as they came, `mask` is a stored mask of the upright base's size.
    The proof is read off the encoded result, not off what was meant.
    """
    original = open_upright(base, max_pixels)
    icc: bytes | None = original.info.get("icc_profile")
    model = from_srgb(_aligned(drawn, placement, original.size, max_pixels), icc)
    coverage = _stored(mask)
    kept = keep_outside(original, model, coverage)
    data = encode_exact(kept.image, format, icc)
    with Image.open(BytesIO(data), formats=("PNG", "WEBP")) as written:
        largest = outside_difference(original, written, coverage)
    outside = Outside(
        largest_difference=largest,
        model_mean=round(kept.model_outside_mean, 2),
        model_share=round(kept.model_outside_share, 4),
    )
    return Exact(data, outside)


def unplaced(
    drawn: bytes, placement: Placement, size: Size, format: Literal["png", "webp"], max_pixels: int
) -> Exact:
    """The model's picture without the padding it was sent with, at the first picture's size."""
    return Exact(encode_exact(_aligned(drawn, placement, size, max_pixels), format))


def _aligned(drawn: bytes, placement: Placement | None, size: Size, max_pixels: int) -> Image.Image:
    image = to_srgb(open_upright(drawn, max_pixels))
    if placement is not None:
        return undo(image, placement, size)
    # A service may draw another size than it was asked for.
    return image if image.size == size else resized(image, size, Image.Resampling.LANCZOS)


def _stored(data: bytes) -> Coverage:
    with Image.open(BytesIO(data), formats=("PNG",)) as image:
        return masks.understand(image.convert("RGBA"))[0]


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()

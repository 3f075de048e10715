"""From bytes to bytes: what an edit and a mask make of what they are given; imported lazily."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from ...domain.errors import BadImage, BadMask
from ...domain.requests.existing import box_of
from ...domain.requests.mask_fit import Given, scaled, wrong_size
from ...domain.requests.regions import MaskRequest, check, numbers_of
from ...domain.types import Placement
from ...domain.vision import Vision
from ..closeup import CloseUp, Showing, laid_over
from ..colour import is_opaque, to_srgb
from ..decode import ImageInfo, inspect, open_upright
from ..encode import Prepared, sent_as
from ..limits import MAX_SIDE
from ..masks import render
from ..masks.coverage import Coverage
from ..masks.levels import resized
from ..masks.render import Facts
from ..previews import Preview
from ..sniff import MIME
from .composite import (
    pad_coverage,
    pad_for_sending,
)
from .extension import extended, new_part, sent_part

Size = tuple[int, int]
FROM_GRID = 1500  # pixels; on a smaller image the numbers of a grid select much the same place


@dataclass(frozen=True, slots=True)
class DrawnMask:
    """A mask that was drawn: its stored PNG, the picture with it in red, and what it covers."""

    data: bytes
    seen: ImageInfo
    overlay: Preview
    part: CloseUp | None  # the crop of it that was asked for
    facts: Facts
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenMask:
    """A mask that was handed in: what it covers, and how it was read."""

    coverage: Coverage
    facts: Facts
    notes: tuple[str, ...] = ()

    @property
    def extent(self) -> str:
        box = list(self.facts.box or ())
        share = f"{self.facts.share:.2%} of the first image"
        return f"The mask selects {share}, box (left, top, width, height): {box}."


def size_of(data: bytes, max_pixels: int, *, deep: bool) -> Size:
    """Width and height of the upright picture; `deep` decodes every pixel. Raises BadImage."""
    seen = inspect(data, max_pixels=max_pixels, deep=deep)
    if seen.format == "svg":
        raise BadImage("An SVG has no pixels to edit.", "Export it as PNG and give that file.")
    return seen.width, seen.height


def draw_mask(
    request: MaskRequest,
    base: bytes | None,
    images: dict[str, bytes],
    *,
    max_pixels: int,
    whole: Showing,
    part: Showing,
    vision: Vision | None = None,
) -> DrawnMask:
    """Regions to a mask. `images` are the files behind the regions' references; `whole` says how
    all of it is shown, `part` how the request's crop is.

    Raises BadMask with every problem of the regions at once, BadImage for a file that is none.
    """
    image = None if base is None else open_upright(base, max_pixels)
    size, coverage = selection(request, image, images, max_pixels, vision)
    box = None if request.crop is None else box_of(request.crop, request.units, size)
    grid = request.units if request.grid else None
    small = laid_over(image, coverage, replace(whole, grid=grid)).look
    close = box and laid_over(image, coverage, replace(part, grid=grid, box=box))
    facts = render.describe(coverage)
    notes = (*_frames(base, max_pixels), *coverage.notes, *_grid_numbers(request, size, facts))
    seen = ImageInfo("png", MIME["png"], *size, alpha=facts.box is not None, mode="RGBA")
    return DrawnMask(render.to_png(coverage), seen, small, close, facts, notes)


def selection(
    request: MaskRequest,
    image: Image.Image | None,
    images: dict[str, bytes],
    max_pixels: int,
    vision: Vision | None,
) -> tuple[Size, Coverage]:
    """What a request selects, and of what size; for whatever shows or keeps it.

    Raises BadMask with every problem of the regions at once.
    """
    size = _canvas(request, max_pixels) if image is None else image.size
    problems = check(request.regions, size, request.units, image=image is not None)
    problems += _unsound(request, size)
    if problems:
        raise BadMask("\n".join(problems), "Call make_mask again with these mended.")
    coverage = render.render(
        request.regions,
        size,
        units=request.units,
        image=image,
        images={name: open_upright(data, max_pixels) for name, data in images.items()},
        vision=vision,
        fill_holes=request.fill_holes,
        keep_largest=request.keep_largest,
        smooth=request.smooth,
        grow=request.grow,
        shrink=request.shrink,
        feather=request.feather,
        invert=request.invert,
    )
    return size, coverage


def _frames(base: bytes | None, max_pixels: int) -> tuple[str, ...]:
    count = inspect(base, max_pixels=max_pixels, deep=False).frames if base else 1
    return (f"Only the first of {count} frames was looked at.",) if count > 1 else ()


def _grid_numbers(request: MaskRequest, size: Size, facts: Facts) -> tuple[str, ...]:
    """A hint where numbers were perhaps read off a 0-1000 grid, and given as pixels."""
    if request.units != "pixel" or facts.box is None or max(size) <= FROM_GRID:
        return ()
    numbers = [n for region in request.regions for n in numbers_of(region)]
    x, y, width, height = facts.box
    cornered = x + width <= size[0] / 2 and y + height <= size[1] / 2
    if not numbers or max(numbers) > 1000 or facts.share >= 0.02 or not cornered:
        return ()
    return (
        f"All numbers are at most 1000, and they select {facts.share:.1%} near the top left "
        f"corner of {_text(size)} pixels. If they were read off a 0-1000 grid, pass "
        'units="permille".',
    )


def _canvas(request: MaskRequest, max_pixels: int) -> Size:
    if request.width is None or request.height is None:
        raise BadMask(
            "A mask needs a picture, or a size.", "Pass image, or both width and height in pixels."
        )
    size = request.width, request.height
    if min(size) < 1 or max(size) > MAX_SIDE or size[0] * size[1] > max_pixels:
        raise BadMask(
            f"width and height: {_text(size)} is not a canvas.",
            f"Pass 1 to {MAX_SIDE:,} pixels for each, {max_pixels:,} in all.",
        )
    return size


def _unsound(request: MaskRequest, size: Size) -> list[str]:
    names = ("smooth", "grow", "shrink", "feather")
    given = {name: getattr(request, name) for name in names}
    problems = [
        f"{name}: {value:g} is out of range: give 0 to 1000 pixels."
        for name, value in given.items()
        if not 0 <= value <= 1000
    ]
    numbers = [number for region in request.regions for number in numbers_of(region)]
    if request.units == "pixel" and numbers and max(numbers) <= 1 and any(n % 1 for n in numbers):
        problems.append(
            "All numbers are at most 1, and pixels are whole: for shares of the picture pass "
            'units="fraction".'
        )
    if (request.width or size[0], request.height or size[1]) != size:
        problems.append(f"width and height: a mask has its picture's size, here {_text(size)}.")
    return problems


def read_mask(
    data: bytes,
    size: Size,
    *,
    given: Given | None,
    max_pixels: int,
    base: bytes | None = None,
) -> GivenMask:
    """Any mask picture as coverage of `size`, what it covers, and how it was read.

    A mask of another size is scaled where `given`, the pictures to name in the error, is None.
    `base` is the file of the picture it is for: a copy of that with a hole in it is a mask too.
    Raises BadMask when it is none, selects nothing, or has another size and may not be scaled.
    """
    image = open_upright(data, max_pixels)

    def original() -> Image.Image | None:
        return None if base is None else open_upright(base, max_pixels)

    coverage, note = render.understand(image, of=original)
    notes = (note,) if note else ()
    if coverage.size != size:
        if given is not None:
            raise wrong_size(coverage.size, given)
        notes += (scaled(coverage.size, size),)
        coverage = render.scale(coverage, size)
    facts = render.describe(coverage)
    if facts.box is None:
        raise BadMask(
            "The mask selects nothing, so the edit could change nothing.",
            "Call make_mask with a region inside the picture, or leave mask out.",
        )
    if facts.share == 1:
        notes += ("The mask selects everything, so nothing is kept from the original.",)
    return GivenMask(coverage, facts, notes)


def read_markup(data: bytes, size: Size, *, label: str, max_pixels: int) -> bytes:
    """A markup overlay as RGBA PNG without metadata. Raises BadMask when it cannot be one."""
    image = open_upright(data, max_pixels)
    if image.size != size:
        raise BadMask(
            f"The markup is {_text(image.size)}, but the first image is {_text(size)}.",
            f"Draw it anew over {label}.",
        )
    if is_opaque(image):
        raise BadMask(
            "The markup has no transparent pixels, so it would hide the whole picture.",
            "Draw it on a transparent ground and pass that PNG; or pass it as mask.",
        )
    if image.getchannel("A").getbbox() is None:
        raise BadMask("The markup is wholly transparent, so it marks nothing.", "Draw on it first.")
    return _png(to_srgb(image))


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def placed(
    data: bytes, placement: Placement, size: Size, max_pixels: int, grown: Placement | None = None
) -> Prepared:
    """The first picture on the canvas that is sent, extended before, as PNG without metadata."""
    seen = inspect(data, max_pixels=max_pixels, deep=False)
    image = to_srgb(open_upright(data, max_pixels))
    if grown is not None:
        image = extended(image, grown)
    sent = pad_for_sending(image, placement, size)
    return Prepared(_png(sent), MIME["png"], "png", *size, tuple(sent_as(seen, "png")))


def placed_mask(
    coverage: Coverage | None, placement: Placement, size: Size, grown: Placement | None = None
) -> bytes:
    """A mask, or the new part of a grown picture, in the hard form that is sent on that canvas."""
    coverage = sent_part(grown) if grown is not None else coverage
    assert coverage is not None
    hard = render.hard(coverage)  # first, or scaling would round away what is faint
    return render.sent_png(pad_coverage(hard, placement, size))


def new_mask(grown: Placement) -> bytes:
    """The new part of an extended picture as a mask, in the stored form."""
    return render.to_png(new_part(grown))


def placed_markup(data: bytes, placement: Placement, size: Size) -> bytes:
    """A markup on the same canvas; what surrounds it is transparent."""
    with Image.open(BytesIO(data), formats=("PNG",)) as image:
        markup = image.convert("RGBA")
    if placement.canvas != markup.size:
        canvas = Image.new("RGBA", placement.canvas)
        canvas.paste(markup, (placement.left, placement.top))
        markup = canvas
    return _png(resized(markup, size, Image.Resampling.LANCZOS))


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()

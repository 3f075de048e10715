"""Pictures made for one reply alone: a part enlarged, a grid, a mask over its picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.errors import BadRequest, NoSuchImage
from ..domain.requests.existing import ShowRequest, box_of, is_cut
from ..domain.requests.regions import MaskRequest
from ..domain.types import ImageRecord, Units
from ..jobs.context import JobContext
from ..jobs.postprocess import STORED_BUDGET, STORED_EDGE

if TYPE_CHECKING:
    from ..imaging.closeup import (
        CloseUp,
        Showing,
    )  # these import Pillow, so they come where they are used
    from ..imaging.masks.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Look:
    """A picture that a reply shows in place of a preview, and what it shows, in words."""

    data: bytes
    mime: str
    words: str


async def closer(
    context: JobContext, image: ImageRecord, data: bytes | None, request: ShowRequest, budget: int
) -> Look:
    """A part of a picture or of a mask over its picture, or all of it, with a grid where asked.

    At most `budget` bytes. Raises BadRequest for a crop outside the picture.
    """
    from ..imaging.closeup import Showing

    refuse_svg(image)
    size = image.width, image.height
    box = None if request.crop is None else box_of(request.crop, request.units, size)
    showing = Showing(request.edge, budget, box, request.units if request.grid else None)
    remarks = cut_remark(request, size)
    if image.kind == "mask":
        shown, found = await over_its_picture(context, image, showing)
        if not found:
            remarks.append("The picture that it was made for is gone, so it lies on grey.")
    else:
        shown = await _close_up(context, image, data, showing)
    if shown.frames > 1:
        remarks.append(f"Only the first of {shown.frames} frames is shown.")
    if request.grid:
        remarks.append(
            "The grid counts over the whole picture: give its numbers to make_mask with "
            f'units="{request.units}".'
        )
    return look_of(shown, *remarks)


def cut_remark(request: ShowRequest | MaskRequest, size: tuple[int, int]) -> list[str]:
    if request.crop is None or not is_cut(request.crop, request.units, size):
        return []
    return ["The crop reached over the picture's edge and was cut there."]


def look_of(shown: CloseUp, *remarks: str) -> Look:
    return Look(shown.look.data, shown.look.mime, " ".join([where(shown), *remarks]))


def budget_of(edge: int) -> int:
    """Bytes for a picture of that edge: in proportion to its area, and far below every limit."""
    return min(round(STORED_BUDGET * (edge / STORED_EDGE) ** 2), 700_000)


def refuse_svg(image: ImageRecord) -> None:
    if image.format == "svg":
        raise BadRequest(
            "An svg has no pixels to look at.", "Open the file, or read it as a resource."
        )


async def _close_up(
    context: JobContext, image: ImageRecord, data: bytes | None, showing: Showing
) -> CloseUp:
    from ..imaging import closeup

    async with context.turn(image.bytes):
        if data is None:
            data = await context.blobs.read(image.key)
        return await context.pixelwork(closeup.close_up, data, showing, context.max_pixels)


async def over_its_picture(
    context: JobContext, mask: ImageRecord, showing: Showing
) -> tuple[CloseUp, bool]:
    """A mask of make_mask in red over the picture it was made for; and whether that is there."""
    from ..imaging import closeup

    of = json.loads(mask.arguments or "{}").get("image")
    base = None if of is None else await _picture(context, of, mask.owner)
    drawn = await context.blobs.read(mask.key)
    async with context.turn(len(base or b"")):
        shown = await context.pixelwork(
            closeup.mask_close_up, drawn, base, showing, context.max_pixels
        )
    return shown, of is None or base is not None


async def _picture(context: JobContext, reference: str, owner: str) -> bytes | None:
    record = await context.catalog.image(reference.removeprefix("image://"), owner)
    try:
        return None if record is None else await context.blobs.read(record.key)
    except NoSuchImage:
        return None


def grid_of(mask: ImageRecord) -> Units | None:
    """The units of the grid that a mask was shown with when it was made."""
    made = json.loads(mask.arguments or "{}")
    return made.get("units", "pixel") if made.get("grid") else None


async def covered(
    context: JobContext, data: bytes, coverage: Coverage, edge: int, budget: int
) -> Look:
    """What an edit may change, in red over the first picture."""
    from ..imaging import closeup
    from ..imaging.closeup import Showing

    showing = Showing(edge, budget)
    shown = await context.pixelwork(closeup.covered, coverage, data, showing, context.max_pixels)
    return Look(shown.look.data, shown.look.mime, "Shown: what the edit may change, in red.")


def where(shown: CloseUp) -> str:
    """Which part a close-up shows, in pixels, and how large."""
    view, look = shown.view, shown.look
    left, top, _, _ = view.box
    width, height = view.part
    part = f"x {left}, y {top}, width {width}, height {height}"
    whole = f"of {view.whole[0]}x{view.whole[1]} pixels"
    scale = max(look.width, look.height) / max(view.part)
    if scale == int(scale) >= 2 and look.mime == "image/png":
        size = f"each pixel as a square of {int(scale)}x{int(scale)}"
    elif scale > 1:
        size = f"enlarged {scale:.3g} times"
    else:
        size = "pixel for pixel" if scale == 1 else f"at {scale:.2g} of its size"
    return f"Shown: {part} {whole}, {size}."

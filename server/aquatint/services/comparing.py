"""A picture beside the one that it was edited from, and what changed, in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..domain import lineage
from ..domain.errors import BadRequest
from ..domain.requests.existing import ShowRequest, box_of
from ..domain.types import ImageRecord, Placement
from ..jobs.context import JobContext
from .closeups import Look, cut_remark, refuse_svg

if TYPE_CHECKING:
    from ..imaging.compare import Comparison  # Pillow, so it comes where it is used

STEPS = 8  # that one call makes of a picture: the provider's, the composite, a fitted copy


async def beside_its_parent(
    context: JobContext, image: ImageRecord, request: ShowRequest, budget: int
) -> Look:
    """Before, after and a map of what changed (with a mask: outside it), at most `budget` bytes.

    Raises BadRequest for a picture that was not edited from another, NoSuchImage for a lost one.
    """
    from ..imaging import compare
    from ..imaging.closeup import Showing

    refuse_svg(image)
    parent, mask = await _parents(context, image)
    refuse_svg(parent)
    size = image.width, image.height
    box = None if request.crop is None else box_of(request.crop, request.units, size)
    showing = Showing(request.edge, budget, box, request.units if request.grid else None)
    record = await context.catalog.job(image.job, image.owner) if image.job else None
    finish = record.job.finish if record else None
    before = await context.blobs.read(finish.base if finish and finish.base else parent.key)
    after = await context.blobs.read(image.key)
    key = finish.mask if finish and finish.mask else mask
    drawn = None if key is None else await context.blobs.read(key)
    grown = finish.grown if finish else None
    async with context.turn(max(len(before), len(after))):
        made = await context.pixelwork(
            compare.compare, before, after, drawn, showing, context.max_pixels, grown
        )
    words = [
        f"Shown: before (image://{parent.id}), after (image://{image.id})"
        + (", and what changed." if made.pixels is not None else "."),
        *_figures(made, parent, image, grown),
        *cut_remark(request, size),
    ]
    return Look(made.look.data, made.look.mime, " ".join(words))


async def _parents(context: JobContext, image: ImageRecord) -> tuple[ImageRecord, str | None]:
    """What a picture was edited from, and the blob key of the mask."""
    if image.kind == "mask":
        raise BadRequest(
            "A mask is not compared: it changes nothing itself.",
            f'Call get_image(image="image://{image.id}") to see it over its picture.',
        )
    step: ImageRecord | None = image
    for _ in range(STEPS):
        roles = {one.role: one.id for one in reversed(step.parents)}
        found = roles.get("edited from") or roles.get("made from")
        if found is not None:
            parent = await context.catalog.image(found, image.owner)
            if parent is None:
                break
            mask = await context.catalog.image(roles.get("mask", ""), image.owner)
            return parent, None if mask is None else mask.key
        source = lineage.source(step.parents)
        step = None if source is None else await context.catalog.image(source, image.owner)
        if step is None:
            break
    name = f"image://{image.id}" if image.id else image.note or "This picture"
    raise BadRequest(
        f"{name} has no parent to compare it with: it was not edited here, or what it was edited "
        "from is gone.",
        "Pass a picture that edit_image made, or leave compare out.",
        code="no_parent",
    )


def _figures(
    made: Comparison, parent: ImageRecord, image: ImageRecord, grown: Placement | None
) -> list[str]:
    if made.pixels is None:
        sizes = f"{parent.width}x{parent.height} and {image.width}x{image.height}"
        return [f"Their shapes differ ({sizes}), so no pixels were compared."]
    share = made.pixels / (made.counted or 1)
    if made.masked:
        where = "Outside the mask"
        if grown is not None:
            where = f"In the old part (left {grown.left}, top {grown.top})"
        words = f"{where}: {made.pixels:,} pixels differ"
        words += f" ({share:.2%})" if made.pixels else ""
    else:
        words = f"{share:.1%} of the pixels changed noticeably (by more than {made.above} levels)"
    words += f", largest difference {made.largest} of 255."
    scaled = [f"Compared at {made.size[0]}x{made.size[1]}."] if made.size else []
    return [words, *scaled]

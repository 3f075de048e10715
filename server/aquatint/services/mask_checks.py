"""Masks that are misplaced: as the picture to edit, as markup, or made for another picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ..domain.errors import BadMask
from ..domain.types import ImageRecord
from ..jobs.context import JobContext
from .references import Opened

GENERATIONS = 50  # ancestors that are looked at


def refuse_mask(name: str, opened: Opened) -> None:
    """Raises BadMask when the picture to edit, or the markup, is a mask of make_mask."""
    if opened.image is not None and opened.image.kind == "mask":
        raise BadMask(
            f"{name}: {opened.label} is a mask, not a picture.",
            f'Pass it as mask="{opened.label}", and the picture to change as images.',
        )


def base_of(mask: Opened) -> str | None:
    """The id of the picture that make_mask made this mask for."""
    if mask.image is None or mask.image.kind != "mask" or mask.image.arguments is None:
        return None
    image = json.loads(mask.image.arguments).get("image")
    return str(image).removeprefix("image://") if image else None


async def other_picture(
    context: JobContext, mask: Opened, images: Sequence[Opened], owner: str
) -> tuple[int | None, str] | None:
    """Which picture a mask was made for, when that is neither the first nor one of its ancestors.

    Its place among `images`, if it is there, and its reference.
    """
    base = base_of(mask)
    records = [await _record(context, opened, owner) for opened in images]
    first = records[0]
    if base is None or (first is not None and await _descends(context, first, base, owner)):
        return None
    places = [at for at, one in enumerate(records) if one is not None and one.id == base]
    return (places[0] if places else None), f"image://{base}"


async def _record(context: JobContext, opened: Opened, owner: str) -> ImageRecord | None:
    if opened.image is not None:
        return opened.image
    return await context.catalog.same(hashlib.sha256(opened.data).hexdigest(), owner)


async def _descends(context: JobContext, image: ImageRecord, base: str, owner: str) -> bool:
    """Whether an image is that base, or was made from it."""
    pending, seen = [image.id], set[str]()
    while pending and len(seen) < GENERATIONS:
        identity = pending.pop(0)
        if identity == base:
            return True
        seen.add(identity)
        found = await context.catalog.image(identity, owner)
        pending += [one.id for one in (found.parents if found else ()) if one.id not in seen]
    return False

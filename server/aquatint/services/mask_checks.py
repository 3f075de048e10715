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


async def refuse_mask(context: JobContext, name: str, opened: Opened, owner: str) -> list[str]:
    """Raises BadMask when the picture to edit, or the markup, is a mask of make_mask, or a copy of
    one. What only looks like a mask is said."""
    record = await _record(context, opened, owner)
    fix = f'ass it as mask="{opened.label}", and the picture to change as images.'
    if record is not None and record.kind == "mask":
        raise BadMask(f"{name}: {opened.label} is a mask, not a picture.", f"P{fix}")
    if opened.image is not None and opened.image.kind != "added":
        return []
    from ..imaging.masks.looks import like_a_mask

    look = await context.pixelwork(like_a_mask, opened.data, context.max_pixels)
    if look is None:
        return []
    return [f"{name} looks like a mask ({look}). If {opened.label} is one, p{fix}"]


def called(references: Sequence[str], images: Sequence[Opened]) -> tuple[str, ...]:
    """The pictures by the words of their caller, where those can be repeated."""
    pairs = zip(references, images, strict=True)
    return tuple(said.strip() if one.image is not None else one.label for said, one in pairs)


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

    Its place among `images`, if it is there, and its reference (with its name, for a file).
    """
    base = base_of(mask)
    records = [await _record(context, opened, owner) for opened in images]
    first = records[0]
    if base is None or (first is not None and await _descends(context, first, base, owner)):
        return None
    places = [at for at, one in enumerate(records) if one is not None and one.id == base]
    made_for = await context.catalog.image(base, owner)
    name = f" ({made_for.prompt})" if made_for is not None and made_for.kind == "added" else ""
    return (places[0] if places else None), f"image://{base}{name}"


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

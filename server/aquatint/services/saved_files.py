"""Which files on disk hold our pictures: those that save_to wrote and nobody changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..domain.types import Caller, Copy, ImageRecord
from ..jobs.context import JobContext


async def only_ours(
    context: JobContext, images: Sequence[ImageRecord], owner: str
) -> list[ImageRecord]:
    """The same pictures, without copies that were replaced, edited or removed."""
    sizes = {copy.path: copy.bytes for image in images for copy in image.saved if copy.bytes}
    if not sizes:
        return [
            image.model_copy(update={"saved": ()}) if image.saved else image for image in images
        ]
    noted = await context.catalog.written(sizes, owner)
    digests = await context.workspace.digests(sizes)

    def ours(image: ImageRecord, copy: Copy) -> bool:
        there, note = digests.get(copy.path), noted.get(copy.path)
        # Of files of before 2026-11-27 no digest is known: as many bytes are taken for them.
        return there is not None and (
            note is not None and note.image == image.id and note.sha256 in {"", there}
        )

    return [
        image.model_copy(update={"saved": tuple(one for one in image.saved if ours(image, one))})
        for image in images
    ]


async def holder(
    context: JobContext, path: str, data: bytes, caller: Caller
) -> tuple[ImageRecord, bool] | None:
    """Whose picture a file is that we wrote, and whether with all its pixels; None for any other.

    The file of a picture in aquatint's home is that picture too.
    """
    place = await context.workspace.place(path, caller)
    digest = hashlib.sha256(data).hexdigest()
    note = (await context.catalog.written([place], caller.owner)).get(place)
    if note is not None and note.sha256 == digest:
        image = await context.catalog.image(note.image, caller.owner)
        return None if image is None else (image, note.whole)
    same = await context.catalog.same(digest, caller.owner)
    if same is not None and context.blobs.path(same.key) == place:
        return same, True
    return None

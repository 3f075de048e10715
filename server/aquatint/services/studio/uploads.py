"""A picture from the person, in pieces that hosts let through, into the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..references import Opened
from . import requests as asked

if TYPE_CHECKING:
    from .operations import Answer, Visitor


async def piece(visitor: Visitor, request: asked.Upload) -> Answer:
    """{received}, and with the last piece {id}. With a `kind` it is listed, and the agent told."""
    service = visitor.service
    so_far = service.uploads.take(
        request.upload, request.offset, request.data, service.settings.max_bytes
    )
    if not request.last:
        return {"received": len(so_far)}
    service.uploads.drop(request.upload)
    await service.ready()
    opened = Opened(bytes(so_far), None, request.name)
    image = await service.editing.take_in(
        opened, visitor.caller.owner, shown=request.kind is not None
    )
    if request.kind is not None:  # else the page itself needs it, as the marks of an edit
        mark = asked.Annotate(image=image.id, kind=request.kind, words=request.name)
        await service.annotations.add(image, visitor.caller, mark)
    return {"received": len(so_far), "id": image.id}

"""The page walks through a picture's family: what it goes back to, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...domain import lineage
from . import requests as asked
from .gallery import known, row

if TYPE_CHECKING:
    from .operations import Answer, Visitor

MOST = 60  # versions in one answer
THUMB = 96  # pixels


async def tree(visitor: Visitor, request: asked.One) -> Answer:
    """{versions}: rows with `under`, the id of the one that each is a version of; parents first."""
    catalog, owner = visitor.service.context.catalog, visitor.caller.owner
    image = await known(visitor, request.image)
    found = lineage.versions(image.id, await catalog.lineage(owner), MOST)
    rows = [
        {**await row(visitor, record, THUMB), "under": under}
        for one, under in found
        if (record := await catalog.image(one, owner)) is not None  # else it was forgotten
    ]
    there = {one["id"] for one in rows}
    for one in rows:
        one["under"] = one["under"] if one["under"] in there else None
    return {"versions": rows}

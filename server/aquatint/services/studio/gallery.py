"""The page looks: lists with thumbnails, one picture with its recipe and lineage, its pixels."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ...domain.errors import BadImage, NoSuchImage
from ...domain.lineage import told
from ...domain.requests.existing import ExportRequest, ShowRequest, box_of
from ...domain.types import ImageRecord
from ..comparing import beside_its_parent
from ..deletion import family, forget_all
from . import requests as asked

if TYPE_CHECKING:
    from .operations import Answer, Visitor

THUMBNAIL = 18_000  # bytes of one; 50 of them in base64 stay below 1.2 MB
PIXELS = 700_000  # bytes of a look at one picture: hosts take results of 1 MB
PIECE = 500_000  # bytes of a file in one answer
EARLY = 160  # pixels of what a job shows early
REMEMBERED = 400  # thumbnails in memory

_thumbnails: OrderedDict[tuple[str, int], str] = OrderedDict()


async def listed(visitor: Visitor, request: asked.List) -> Answer:
    """{images, cursor, total}: rows as recent_images has them, with `thumb` (a data: URL), the
    picture's share of its call's cost, and the name of the folder that it was asked for from."""
    page, _ = await visitor.service.library.recent(
        visitor.caller, request.query, request.kind, request.limit, request.cursor
    )
    images = [
        {**await row(visitor, image, request.edge), **await _cost_and_folder(visitor, image)}
        for image in page.images
    ]
    return {"images": images, "cursor": page.cursor, "total": page.total}


async def _cost_and_folder(visitor: Visitor, image: ImageRecord) -> dict[str, Any]:
    catalog = visitor.service.context.catalog
    record = await catalog.job(image.job, image.owner) if image.job else None
    if record is None:
        return {"cost_usd": None, "project": ""}
    cost = record.cost_usd and record.cost_usd / max(len(record.images), 1)
    return {"cost_usd": cost, "project": PurePath(record.job.project).name}


async def row(visitor: Visitor, image: ImageRecord, edge: int) -> dict[str, Any]:
    """What lists show of a picture, with its `thumb` (a data: URL) of `edge` pixels."""
    facts = {"id": image.id, **visitor.service.library.row(image), "bytes": image.bytes}
    facts["thumb"] = await _thumbnail(visitor, image, edge) if edge else None
    return facts


async def _thumbnail(visitor: Visitor, image: ImageRecord, edge: int) -> str | None:
    """A data: URL; None for a picture that cannot be shown small."""
    key = (image.sha256, edge)
    if key not in _thumbnails:
        try:
            if image.format == "svg":
                drawing = await visitor.service.library.drawing(image)
                found = _url(drawing.encode(), "image/svg+xml")
            else:
                look = await visitor.service.library.look(image, None, edge, THUMBNAIL)
                found = _url(*look)
        except (BadImage, NoSuchImage):  # its file is gone or damaged: the row is shown without
            return None
        if len(found) > 4 * THUMBNAIL:
            return None
        _thumbnails[key] = found
    _thumbnails.move_to_end(key)
    while len(_thumbnails) > REMEMBERED:
        _thumbnails.popitem(last=False)
    return _thumbnails[key]


async def small(visitor: Visitor, data: bytes | None) -> str | None:
    """A data: URL of a picture that is in no list yet; None without one that can be shown."""
    from ...imaging import looks

    context = visitor.service.context
    if data is None:
        return None
    try:
        look = await context.pixelwork(looks.look, data, EARLY, THUMBNAIL, None, context.max_pixels)
    except BadImage:
        return None
    return _url(look.data, look.mime)


async def image(visitor: Visitor, request: asked.One) -> Answer:
    """{image, recipe, parents, children, siblings, cost_usd, annotations}: all about one."""
    service, caller = visitor.service, visitor.caller
    found = await known(visitor, request.image)
    _, children = await service.context.catalog.uses(found.id, caller.owner)
    record = await service.context.catalog.job(found.job, caller.owner) if found.job else None
    marks = await service.annotations.open(caller, found.id)
    facts = await row(visitor, found, 320)
    return {
        "image": {**facts, "note": found.note, "saved": [one.model_dump() for one in found.saved]},
        "recipe": await service.library.recipe(found, caller),
        "parents": await _relatives(visitor, told(found.parents)),
        "children": await _relatives(visitor, [{"uri": f"image://{one}"} for one in children]),
        "siblings": await _siblings(visitor, record.images if record else ()),
        "cost_usd": record and record.cost_usd,
        "annotations": [one.model_dump(mode="json") for one in marks],
    }


async def _siblings(visitor: Visitor, images: Sequence[ImageRecord]) -> list[dict[str, Any]]:
    """The pictures of one call, large, with the id of the pick on each; none for one alone."""
    if len(images) < 2:
        return []
    marks = await visitor.service.annotations.open(visitor.caller)
    picks = {one.image: one.id for one in marks if one.kind == "pick"}
    return [{**await row(visitor, one, 512), "pick": picks.get(one.id)} for one in images]


async def _relatives(visitor: Visitor, told_: list[dict[str, str]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for one in told_[:24]:
        try:
            record = await known(visitor, one["uri"])
        except NoSuchImage:  # forgotten
            continue
        rows.append({**await row(visitor, record, 160), "role": one.get("role")})
    return rows


async def known(visitor: Visitor, reference: str) -> ImageRecord:
    """The picture that a reference means. Raises NoSuchImage."""
    found = await visitor.service.library.references.known(reference, visitor.caller)
    if found is None:
        raise NoSuchImage(f"There is no picture {reference!r:.60}.", "Reload the page.")
    return found


async def pixels(visitor: Visitor, request: asked.Pixels) -> Answer:
    """{url, width, height, whole, box}: the picture itself, a mask in black and white."""
    from ...imaging import looks

    found, context = await known(visitor, request.image), visitor.service.context
    whole = (found.width, found.height)
    box = None if request.crop is None else box_of(request.crop, "pixel", whole)
    if found.format == "svg":
        drawing = await visitor.service.library.drawing(found)
        url = _url(drawing.encode(), "image/svg+xml")
        return {"url": url, "width": whole[0], "height": whole[1], "whole": whole, "box": None}
    data = await context.blobs.read(found.key)
    async with context.turn(found.bytes):
        look = await context.pixelwork(
            looks.look, data, request.edge, PIXELS, box, context.max_pixels
        )
    size = {"width": look.width, "height": look.height}
    return {"url": _url(look.data, look.mime), **size, "whole": whole, "box": box}


async def compare(visitor: Visitor, request: asked.Compare) -> Answer:
    """{url, words}: before, after, and a map of what changed (with a mask: outside it)."""
    found = await known(visitor, request.image)
    asked_for = ShowRequest(image=request.image, compare=True, edge=request.edge)
    look = await beside_its_parent(visitor.service.context, found, asked_for, PIXELS)
    return {"url": _url(look.data, look.mime), "words": look.words}


async def file(visitor: Visitor, request: asked.File) -> Answer:
    """{data, next, total, name, mime}: 500 KB of the file in base64; `next` is None at its end."""
    found = await known(visitor, request.image)
    data = await visitor.service.library.file(found)
    end = request.offset + PIECE
    return {
        "data": base64.b64encode(data[request.offset : end]).decode(),
        "next": end if end < len(data) else None,
        "total": len(data),
        "name": found.key.rsplit("/", 1)[-1],
        "mime": "image/svg+xml" if found.format == "svg" else f"image/{found.format}",
    }


async def export(visitor: Visitor, request: ExportRequest) -> Answer:
    """{files, warnings}: what was written, as export_image says it."""
    outcome = await visitor.service.exports.export(request, visitor.caller)
    files = [one.model_dump() for one in outcome.written]
    return {"files": files, "warnings": list(outcome.warnings)}


async def forget(visitor: Visitor, request: asked.Forget) -> Answer:
    """{forgotten, children, copies}: ids that are gone, what remains of them."""
    context, owner = visitor.service.context, visitor.caller.owner
    members: dict[str, ImageRecord] = {}
    for reference in request.images:
        members |= {one.id: one for one in await family(context, owner, reference)}
    gone = await forget_all(context, owner, list(members.values()))
    for member in members.values():
        for key in [key for key in _thumbnails if key[0] == member.sha256]:
            del _thumbnails[key]
    return {"forgotten": gone.images, "children": gone.children, "copies": gone.copies}


def _url(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"

"""Recent pictures as MCP resources: a live, paged list, three readings of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.types import (
    Annotations,
    ListResourcesResult,
    Resource,
    ResourceTemplate,
)

from ..domain.errors import BadRequest
from ..domain.times import to_the_second
from ..domain.types import LOCAL, Caller, ImageRecord
from ..domain.words import clean

if TYPE_CHECKING:
    from ..services.images import ImageService

# TypeScript clients close the connection at a line of 10 MiB; base64 takes a third more.
READ_BUDGET = 7_000_000
READ_FIX = (
    "Read image://{id}, image://{id}/preview, image://{id}/recipe, images://recent or "
    "images://spend."
)
SANITISED = {"aquatint/sanitised": "scripts and addresses left out; the whole file is at its path"}

TEMPLATES = [
    ResourceTemplate(
        uri_template="image://{id}",
        name="image",
        description="The picture file itself; latest or @name stand for an id.",
    ),
    ResourceTemplate(
        uri_template="image://{id}/preview",
        name="image_preview",
        description="A small picture of it.",
    ),
    ResourceTemplate(
        uri_template="image://{id}/recipe",
        name="image_recipe",
        description="Everything needed to make it again, and its ancestors.",
        mime_type="application/json",
    ),
    ResourceTemplate(
        uri_template="images://recent{?q,limit}",
        name="recent_images",
        description="Recent pictures, newest first, searchable by words.",
        mime_type="application/json",
    ),
    ResourceTemplate(
        uri_template="images://spend{?days}",
        name="spend",
        description="What was paid, by day, model and project; what nobody knows, one by one.",
        mime_type="application/json",
    ),
]


async def page(service: ImageService, cursor: str | None) -> ListResourcesResult:
    from ..services.library import PAGE

    found, _ = await service.library.recent(Caller(LOCAL), None, None, PAGE, cursor)
    return ListResourcesResult(
        resources=[_resource(service, image) for image in found.images],
        next_cursor=found.cursor,
    )


def _resource(service: ImageService, image: ImageRecord) -> Resource:
    title = clean(image.prompt, 80) or image.kind
    return Resource(
        uri=f"image://{image.id}",
        name=image.key.rsplit("/", 1)[-1],
        title=title,
        mime_type=mime_of(image),
        size=image.bytes,
        annotations=Annotations(audience=["user"], last_modified=to_the_second(image.created)),
    )


def mime_of(image: ImageRecord) -> str:
    return "image/svg+xml" if image.format == "svg" else f"image/{image.format}"


async def read(service: ImageService, uri: str) -> list[ReadResourceContents]:
    """The contents behind one of the templates' addresses. Raises AquatintError."""
    unknown = BadRequest(f"There is no resource {clean(uri, 200)}.", READ_FIX)
    try:
        parts = urlsplit(uri)
    except ValueError as error:  # brackets that are not closed
        raise unknown from error
    listing = {"recent": _recent, "spend": _spend}.get(parts.netloc)
    if parts.scheme == "images" and listing is not None:
        return [await listing(service, parts.query)]
    reading = parts.path.strip("/")
    if parts.scheme != "image" or reading not in {"", "preview", "recipe"}:
        raise unknown
    image = await service.library.image(unquote(parts.netloc), Caller(LOCAL))
    if reading == "recipe":
        recipe = await service.library.recipe(image, Caller(LOCAL))
        text = json.dumps(recipe, ensure_ascii=False, indent=1)
        return [ReadResourceContents(content=text, mime_type="application/json")]
    if reading == "preview":
        small, mime = await service.library.look(image, None, service.settings.preview, 120_000)
        return [ReadResourceContents(content=small, mime_type=mime)]
    if image.format == "svg":
        text = await service.library.drawing(image)
        return [ReadResourceContents(content=text, mime_type=mime_of(image), meta=SANITISED)]
    if image.bytes <= READ_BUDGET:
        data = await service.library.file(image)
        return [ReadResourceContents(content=data, mime_type=mime_of(image))]
    data, mime, _ = await service.library.full(image, None, READ_BUDGET)
    meta = {"aquatint/reduced": f"{image.bytes} bytes is too large; the whole file is at its path"}
    return [ReadResourceContents(content=data, mime_type=mime, meta=meta)]


async def _recent(service: ImageService, query: str) -> ReadResourceContents:
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    limit = _number(query, "limit", "20")
    found, running = await service.recent(Caller(LOCAL), options.get("q"), None, limit, None)
    listing = {
        "images": [service.library.row(image) for image in found.images],
        "running": [record.job.id for record in running if record.state == "intent"],
        "total": found.total,
        "partly": found.partly,
    }
    text = json.dumps(listing, ensure_ascii=False, indent=1)
    return ReadResourceContents(content=text, mime_type="application/json")


async def _spend(service: ImageService, query: str) -> ReadResourceContents:
    from ..services.spending import statement

    days = _number(query, "days", "30")
    spent = await statement(service.context, LOCAL, days)
    text = json.dumps(spent.facts(), ensure_ascii=False, indent=1)
    return ReadResourceContents(content=text, mime_type="application/json")


def _number(query: str, name: str, usual: str) -> int:
    word = parse_qs(query).get(name, [usual])[-1]
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise BadRequest(f"{name}={word[:20]!r} is not a number.", f"Pass {name}={usual}.")
    return int(word)

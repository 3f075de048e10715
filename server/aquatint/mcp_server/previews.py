"""The picture blocks of a reply, small enough for every host: previews, contact sheets, files."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from mcp.types import Annotations, ContentBlock, ImageContent, ResourceLink

from ..domain.types import ImageRecord, Reply
from ..services.closeups import budget_of
from ..services.outcomes import Outcome

if TYPE_CHECKING:
    from ..services.images import ImageService

# Claude Desktop refuses results above 1,048,576 bytes; base64 takes a third more than the file.
FULL_BUDGET = 690_000
SHEET = 4 / 3  # a sheet's edge against one preview's: two pictures beside each other still read


async def previews(
    service: ImageService, outcome: Outcome, reply: Reply, edge: int
) -> tuple[list[ContentBlock], list[str]]:
    """What is seen of the pictures, a link to each, and what must be said about that.

    Several previews are one numbered sheet: people and models can say "the third", and it takes
    the room of one picture, of which hosts allow little.
    """
    if outcome.look is not None:
        seen = [] if reply == "path" else [block(outcome.look.data, outcome.look.mime)]
        return [*seen, *(link for image in outcome.images for link in _links(image))], []
    if reply == "preview" and len(outcome.images) > 1:
        return await _sheet(service, outcome, round(edge * SHEET))
    blocks: list[ContentBlock] = []
    remarks: list[str] = []
    count = max(1, len(outcome.images))
    for image in outcome.images:
        if reply != "path":
            seen = await _pixels(service, image, outcome.data, reply, edge, count)
            blocks.extend(seen[0])
            remarks.extend(seen[1])
        blocks.extend(_links(image))
    return blocks, remarks


async def _sheet(
    service: ImageService, outcome: Outcome, edge: int
) -> tuple[list[ContentBlock], list[str]]:
    edge = min(edge, 2048)
    budget = budget_of(edge)
    sheet = await service.library.sheet(outcome.images, edge=edge, budget=budget)
    links = [link for image in outcome.images for link in _links(image)]
    last = len(outcome.images)
    remark = (
        f"The contact sheet shows all {last}, numbered 1 to {last} in the order of images. "
        "To see one larger call get_image with its uri."
    )
    return [block(*sheet), *links], [remark]


async def _pixels(
    service: ImageService,
    image: ImageRecord,
    data: bytes | None,
    reply: Reply,
    edge: int,
    count: int,
) -> tuple[list[ContentBlock], list[str]]:
    """One picture's block, and what must be said about it."""
    if image.format == "svg":
        return [], [f"image://{image.id} is SVG: no preview is drawn; open the file."]
    if reply == "full":
        pixels, mime, exact = await service.library.full(image, data, FULL_BUDGET // count)
        remark = (
            f"The file is too large for a reply, so this is a smaller {mime} of it; "
            "the whole file is at its path."
        )
        return [block(pixels, mime)], [] if exact else [remark]
    small, mime = await service.library.look(image, data, edge, max(budget_of(edge), 4_000))
    return [block(small, mime)], []


def block(data: bytes, mime: str) -> ImageContent:
    return ImageContent(
        type="image",
        data=base64.b64encode(data).decode(),
        mime_type=mime,
        annotations=Annotations(audience=["user", "assistant"], priority=0.9),
    )


def _links(image: ImageRecord) -> list[ResourceLink]:
    """For the user only: hosts that resolve links for the model would send the whole file."""
    if not image.id:
        return []
    link = ResourceLink(
        type="resource_link",
        uri=f"image://{image.id}",
        name=image.key.rsplit("/", 1)[-1],
        mime_type=f"image/{'svg+xml' if image.format == 'svg' else image.format}",
        size=image.bytes,
        annotations=Annotations(audience=["user"]),
    )
    return [link]

"""Turns what a use case answers into content blocks that fit every host."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcp.types import (
    Annotations,
    CallToolResult,
    ContentBlock,
    ImageContent,
    ResourceLink,
    TextContent,
)
from pydantic import BaseModel, Field

from ..core.errors import AquatintError, NotKept
from ..core.types import Outside, Picture, Record, Reply, Usage
from ..core.words import clean
from ..outcome import Outcome

if TYPE_CHECKING:
    from ..studio import Studio

# Claude Desktop refuses results above 1,048,576 bytes; base64 takes a third more than the file.
PREVIEWS_BUDGET = 700_000
FULL_BUDGET = 690_000
PREVIEW_BUDGET = 42_000
PREVIEW_EDGE = 768


class ShownImage(BaseModel):
    id: str | None = None
    uri: str | None = None
    path: str | None = None
    width: int
    height: int
    bytes: int
    format: str
    model: str | None = None
    parents: list[str] | None = None
    saved: list[str] | None = None
    note: str | None = None
    outside: Outside | None = None
    provenance: str | None = Field(None, json_schema_extra={"unlisted": True})


class ShownMask(BaseModel):
    share: float = Field(description="of the picture's pixels")
    box: list[int] | None = Field(None, description="left, top, width, height in pixels")


class Shown(BaseModel):
    """The structured half of a reply; the text half says the same."""

    status: str = Field(description="done, working or dry_run")
    images: list[ShownImage]
    mask: ShownMask | None = None
    job: str | None = None
    model: str | None = None
    cost_usd: float | None = None
    cost_note: str | None = None
    usage: dict[str, int | str] | None = None
    seconds: float | None = None
    eta_seconds: float | None = None
    reused: bool | None = None
    order: dict[str, str | int] | None = None
    warnings: list[str] | None = None


class Listed(BaseModel):
    id: str
    uri: str
    path: str | None = None
    prompt: str
    kind: str
    created: str
    width: int
    height: int
    format: str
    model: str | None = None


class Running(BaseModel):
    job: str
    prompt: str
    model: str
    since: str


class Recent(BaseModel):
    images: list[Listed]
    running: list[Running] | None = None
    total: int
    cursor: str | None = None


async def shown(studio: Studio, outcome: Outcome, reply: Reply, edge: int) -> CallToolResult:
    """Text first, then a preview and a link for each picture; everything in the structure too."""
    images = [_image(studio, picture) for picture in outcome.pictures]
    structure = Shown(
        status=outcome.status,
        images=images,
        mask=outcome.mask and ShownMask(share=round(outcome.mask[0], 6), box=_box(outcome)),
        job=outcome.job,
        model=outcome.model,
        cost_usd=None if outcome.cost_usd is None else round(outcome.cost_usd, 6),
        cost_note=_cost_note(outcome),
        usage=_usage(outcome.usage),
        seconds=outcome.seconds,
        eta_seconds=None if outcome.eta is None else round(outcome.eta, 1),
        reused=outcome.reused or None,
        order=_order(outcome),
        warnings=list(outcome.warnings) or None,
    )
    blocks: list[ContentBlock] = []
    remarks: list[str] = []
    count = max(1, len(outcome.pictures))
    for picture in outcome.pictures:
        if reply != "path":
            seen = await _pixels(studio, picture, outcome.data, reply, edge, count)
            blocks.extend(seen[0])
            remarks.extend(seen[1])
        if studio.settings.links and picture.id:
            blocks.append(_link(picture))
    text = "\n".join([*_lines(structure, outcome), *remarks])
    if remarks:
        structure = structure.model_copy(
            update={"warnings": [*(structure.warnings or []), *remarks]}
        )
    return CallToolResult(
        content=[TextContent(type="text", text=text), *blocks],
        structured_content=structure.model_dump(mode="json", exclude_none=True),
    )


def _image(studio: Studio, picture: Picture) -> ShownImage:
    return ShownImage(
        id=picture.id or None,
        uri=f"image://{picture.id}" if picture.id else None,
        path=studio.shop.blobs.path(picture.key) if picture.key else None,
        width=picture.width,
        height=picture.height,
        bytes=picture.bytes,
        format=picture.format,
        model=picture.model,
        parents=[f"image://{parent}" for parent in picture.parents] or None,
        saved=list(picture.saved) or None,
        note=picture.note,
        outside=picture.outside,
        provenance="c2pa" if picture.provenance else None,
    )


def _lines(structure: Shown, outcome: Outcome) -> list[str]:
    lines: list[str] = []
    if outcome.status == "working":
        eta = f" It usually takes about {outcome.eta:.0f} s more." if outcome.eta else ""
        lines.append(
            f"status: working ({outcome.stage or 'in another process'}).{eta} "
            f'Call get_image(image="{outcome.job}") to wait for it; do not start it again.'
        )
    elif outcome.status == "dry_run":
        lines.append(f"status: dry_run. Nothing was sent. It would ask: {structure.order}")
    else:
        lines.append(f"status: done. {len(structure.images)} picture(s).")
    lines.extend(_image_line(image) for image in structure.images)
    if structure.mask is not None:
        box = structure.mask.box
        lines.append(
            f"The red part is what an edit may change: share {structure.mask.share}, "
            f"box (left, top, width, height): {box}."
        )
    facts = {
        "model": structure.model,
        "job": structure.job,
        "cost_usd": structure.cost_usd,
        "cost": structure.cost_note,
        "usage": structure.usage,
        "seconds": structure.seconds,
        "reused": structure.reused,
    }
    lines.append(
        "; ".join(f"{name}: {value}" for name, value in facts.items() if value is not None)
    )
    lines.extend(f"Note: {warning}" for warning in outcome.warnings)
    return [line for line in lines if line]


def _box(outcome: Outcome) -> list[int] | None:
    return list(outcome.mask[1]) if outcome.mask and outcome.mask[1] else None


def _image_line(image: ShownImage) -> str:
    parts = [
        image.uri or "(not in the catalog)",
        f"{image.width}x{image.height} {image.format}, {image.bytes:,} bytes",
        f"path: {image.path}" if image.path else "",
        f"saved to: {', '.join(image.saved)}" if image.saved else "",
        f"model: {image.model}" if image.model else "",
        f"parents: {', '.join(image.parents)}" if image.parents else "",
        "has C2PA provenance" if image.provenance else "",
        image.note or "",
    ]
    return " | ".join(part for part in parts if part)


def _cost_note(outcome: Outcome) -> str | None:
    if outcome.cost_usd is None:
        return None if outcome.job is None and outcome.order is None else "price unknown"
    if outcome.cost_usd == 0:
        return "free"
    if outcome.status == "dry_run":
        return "at most, an estimate" if outcome.cost_is_bound else "estimate"
    if outcome.status == "working":
        return "estimate"
    return "from the provider's count" if outcome.usage else "estimate"


def _usage(usage: Usage | None) -> dict[str, int | str] | None:
    if usage is None:
        return None
    return usage.model_dump(mode="json", exclude_defaults=True) or None


def _order(outcome: Outcome) -> dict[str, str | int] | None:
    if outcome.order is None:
        return None
    return outcome.order.model_dump(
        mode="json", exclude_none=True, exclude={"prompt", "chosen", "images", "mask", "markup"}
    )


def _link(picture: Picture) -> ResourceLink:
    """For the user only: hosts that resolve links for the model would send the whole file."""
    return ResourceLink(
        type="resource_link",
        uri=f"image://{picture.id}",
        name=picture.key.rsplit("/", 1)[-1],
        mime_type=f"image/{'svg+xml' if picture.format == 'svg' else picture.format}",
        size=picture.bytes,
        annotations=Annotations(audience=["user"]),
    )


async def _pixels(
    studio: Studio, picture: Picture, data: bytes | None, reply: Reply, edge: int, count: int
) -> tuple[list[ContentBlock], list[str]]:
    """One picture's block, and what must be said about it."""
    if picture.format == "svg":
        return [], [f"image://{picture.id} is SVG: no preview is drawn; open the file."]
    if reply == "full":
        pixels, mime, exact = await studio.gallery.full(picture, data, FULL_BUDGET // count)
        remark = (
            f"The file is too large for a reply, so this is a smaller {mime} of it; "
            "the whole file is at its path."
        )
        return [_block(pixels, mime)], [] if exact else [remark]
    budget = min(round(PREVIEW_BUDGET * (edge / PREVIEW_EDGE) ** 2), PREVIEWS_BUDGET // count)
    small, mime = await studio.gallery.look(picture, data, edge, max(budget, 4_000))
    return [_block(small, mime)], []


def _block(data: bytes, mime: str) -> ImageContent:
    return ImageContent(
        type="image",
        data=base64.b64encode(data).decode(),
        mime_type=mime,
        annotations=Annotations(audience=["user", "assistant"], priority=0.9),
    )


def listed(
    studio: Studio,
    pictures: Sequence[Picture],
    running: Sequence[Record],
    total: int,
    cursor: str | None,
    sheet: tuple[bytes, str] | None,
) -> CallToolResult:
    """A page of recent pictures, as text, structure and perhaps a contact sheet."""
    structure = Recent(
        images=[
            Listed(
                id=picture.id,
                uri=f"image://{picture.id}",
                path=studio.shop.blobs.path(picture.key),
                prompt=clean(picture.prompt, 160),
                kind=picture.kind,
                created=studio.gallery.stamp(picture.created),
                width=picture.width,
                height=picture.height,
                format=picture.format,
                model=picture.model,
            )
            for picture in pictures
        ],
        running=[
            Running(
                job=record.job.id,
                prompt=clean(record.job.order.prompt, 160),
                model=record.job.order.model,
                since=studio.gallery.stamp(record.job.created),
            )
            for record in running
        ]
        or None,
        total=total,
        cursor=cursor,
    )
    lines = [f"{len(structure.images)} of {total} picture(s), newest first."]
    lines += [
        f"{number}. {one.uri} | {one.kind}, {one.created} | {one.width}x{one.height} {one.format}"
        f" | {one.model or 'no model'} | path: {one.path} | {one.prompt}"
        for number, one in enumerate(structure.images, 1)
    ]
    lines += [
        f"Running: {one.job} since {one.since} with {one.model}: {one.prompt}. "
        f'Call get_image(image="{one.job}") to wait.'
        for one in structure.running or []
    ]
    if cursor:
        lines.append(f'More: recent_images(cursor="{cursor}").')
    blocks: list[ContentBlock] = [TextContent(type="text", text="\n".join(lines))]
    if sheet is not None:
        blocks.append(_block(*sheet))
    return CallToolResult(
        content=blocks, structured_content=structure.model_dump(mode="json", exclude_none=True)
    )


def refused(error: AquatintError) -> CallToolResult:
    """An error in words: what happened, what to do next, whether money was spent.

    Text only: hosts show it whole where there is no structure beside it.
    """
    facts = [f"code: {error.reason}", f"retryable: {'yes' if error.retryable else 'no'}"]
    if error.retry_after is not None:
        facts.append(f"retry after: {error.retry_after:.0f} s")
    facts.append(f"money spent: {error.spent}")
    if error.request_id:
        facts.append(f"request id: {error.request_id}")
    text = f"{error.message}\n{error.fix}\n({'; '.join(facts)})"
    blocks: list[ContentBlock] = [TextContent(type="text", text=text)]
    if isinstance(error, NotKept):
        blocks.extend(_block(data, mime) for data, mime in error.loose)
    return CallToolResult(content=blocks, is_error=True)

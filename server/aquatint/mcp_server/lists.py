"""Turns a page of pictures, and what still runs, into a reply: text, structure, contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mcp.types import CallToolResult, ContentBlock, TextContent
from pydantic import BaseModel

from ..domain.answers import Page
from ..domain.lineage import in_words
from ..domain.times import to_the_second
from ..domain.types import JobRecord
from ..domain.words import clean
from .previews import block

if TYPE_CHECKING:
    from ..services.images import ImageService

PARTLY = "No picture has all words that were looked for; these have some."


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
    parents: list[dict[str, str]] | None = None
    names: list[str] | None = None
    saved_to: list[str] | None = None


class Running(BaseModel):
    job: str
    prompt: str
    model: str
    since: str
    ended: str | None = None  # how, where the catalog could not be written yet


class Recent(BaseModel):
    images: list[Listed]
    running: list[Running] | None = None
    total: int
    cursor: str | None = None
    note: str | None = None


def listed(
    service: ImageService,
    page: Page,
    running: Sequence[JobRecord],
    sheet: tuple[bytes, str] | None,
) -> CallToolResult:
    """A page of recent pictures, as text, structure and perhaps a contact sheet."""
    structure = Recent(
        images=[
            Listed.model_validate(
                {
                    "id": image.id,
                    **_without_empty(service.library.row(image)),
                    "prompt": clean(image.prompt, 160),
                }
            )
            for image in page.images
        ],
        running=[
            Running(
                job=record.job.id,
                prompt=clean(record.job.kept_prompt, 160),
                model=record.job.order.model,
                since=to_the_second(record.job.created),
                ended=None if record.state == "intent" else record.state,
            )
            for record in running
        ]
        or None,
        total=page.total,
        cursor=page.cursor,
        note=PARTLY if page.partly else None,
    )
    order = "most words first" if page.partly else "newest first"
    lines = [f"{len(structure.images)} of {page.total} picture(s), {order}."]
    lines += [structure.note] if structure.note else []
    lines += [f"{number}. {_row(one)}" for number, one in enumerate(structure.images, 1)]
    lines += [_running_line(one) for one in structure.running or []]
    if page.cursor:
        lines.append(f'More: recent_images(cursor="{page.cursor}").')
    blocks: list[ContentBlock] = [TextContent(type="text", text="\n".join(lines))]
    if sheet is not None:
        blocks.append(block(*sheet))
    return CallToolResult(
        content=blocks, structured_content=structure.model_dump(mode="json", exclude_none=True)
    )


def _without_empty(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value != []}


def _row(one: Listed) -> str:
    parts = [
        one.uri,
        " ".join(one.names or []),
        f"{one.kind}, {one.created}",
        f"{one.width}x{one.height} {one.format}",
        one.model or "no model",
        f"path: {one.path}",
        f"saved to: {', '.join(one.saved_to)}" if one.saved_to else "",
        in_words(one.parents or []),
        one.prompt,
    ]
    return " | ".join(part for part in parts if part)


def _running_line(one: Running) -> str:
    call = f'get_image(image="{one.job}")'
    if one.ended is not None:
        return f"Ended ({one.ended}), but not listed yet: {one.job}: {one.prompt}. See it: {call}."
    return (
        f"Running: {one.job} since {one.since} with {one.model}: {one.prompt}. Call {call} to wait."
    )

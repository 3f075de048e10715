"""Turns what a use case answers into content blocks that fit every host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.types import CallToolResult, ContentBlock, TextContent
from pydantic import BaseModel

from ..domain.errors import AquatintError, NotKept
from ..domain.lineage import in_words, told
from ..domain.requests.save_targets import PlannedFile
from ..domain.types import ImageRecord, Outside, Reply
from ..domain.usage import Usage
from ..domain.words import cut
from ..services.outcomes import Outcome
from ..services.reading import ReadLine
from .previews import block, previews

if TYPE_CHECKING:
    from ..services.images import ImageService

NO_TEXT = "It reads nothing: no text was found."
_FILE = {"path", "width", "height", "bytes"}


class SavedFile(BaseModel):
    path: str
    width: int
    height: int
    bytes: int


class ShownImage(BaseModel):
    id: str | None = None
    uri: str | None = None
    path: str | None = None
    width: int
    height: int
    bytes: int
    format: str
    model: str | None = None
    parents: list[dict[str, str]] | None = None  # uri, role
    names: list[str] | None = None
    saved: list[SavedFile] | None = None
    note: str | None = None
    outside: Outside | None = None
    provenance: str | None = None
    number: int | None = None  # on the contact sheet


class ShownMask(BaseModel):
    share: float  # of the picture's pixels
    box: list[int] | None = None  # left, top, width, height in pixels


class ShownLine(BaseModel):
    words: str
    box: list[float]  # left, top, width, height in the units asked for
    certainty: float


class Shown(BaseModel):
    """The structured half of a reply; the text half says the same."""

    status: str  # done, working or dry_run
    images: list[ShownImage]
    mask: ShownMask | None = None
    shown: str | None = None  # what the picture in the reply shows, where it is no plain preview
    lines: list[ShownLine] | None = None  # of text in the picture
    job: str | None = None
    model: str | None = None
    cost_usd: float | None = None
    cost_note: str | None = None
    usage: dict[str, int | str] | None = None
    seconds: float | None = None
    revised_prompt: str | None = None
    eta_seconds: float | None = None
    reused: bool | None = None
    order: dict[str, str | int] | None = None
    files: list[PlannedFile] | None = None  # that a dry run would write
    warnings: list[str] | None = None


async def shown(service: ImageService, outcome: Outcome, reply: Reply, edge: int) -> CallToolResult:
    """Text first, then a preview and a link for each picture; everything in the structure too."""
    several = len(outcome.images) > 1
    images = [
        _image(service, image, number if several else None)
        for number, image in enumerate(outcome.images, 1)
    ]
    for image, facts in zip(images, outcome.provenance, strict=False):
        image.provenance = "; ".join(f"{name}: {value}" for name, value in facts.items())
    structure = Shown(
        status=outcome.status,
        images=images,
        mask=outcome.mask and ShownMask(share=round(outcome.mask[0], 6), box=_box(outcome)),
        shown=None if outcome.look is None or reply == "path" else outcome.look.words,
        lines=None if outcome.lines is None else [_line(one) for one in outcome.lines],
        job=outcome.job,
        model=outcome.model,
        cost_usd=None if outcome.cost_usd is None else round(outcome.cost_usd, 6),
        cost_note=_cost_note(outcome),
        usage=_usage(outcome.usage),
        seconds=outcome.seconds,
        revised_prompt=outcome.revised_prompt,
        eta_seconds=None if outcome.eta is None else round(outcome.eta, 1),
        reused=outcome.reused or None,
        order=_order(outcome),
        files=list(outcome.files) or None,
        warnings=list(outcome.warnings) or None,
    )
    blocks, remarks = await previews(service, outcome, reply, edge)
    text = "\n".join([*_lines(structure, outcome), *remarks])
    if remarks:
        structure = structure.model_copy(
            update={"warnings": [*(structure.warnings or []), *remarks]}
        )
    return CallToolResult(
        content=[TextContent(type="text", text=text), *blocks],
        structured_content=structure.model_dump(mode="json", exclude_none=True),
    )


def _image(service: ImageService, image: ImageRecord, number: int | None) -> ShownImage:
    return ShownImage(
        number=number,
        id=image.id or None,
        uri=f"image://{image.id}" if image.id else None,
        path=service.context.blobs.path(image.key) if image.key else None,
        width=image.width,
        height=image.height,
        bytes=image.bytes,
        format=image.format,
        model=image.model,
        parents=told(image.parents) or None,
        names=[f"@{name}" for name in image.names] or None,
        saved=[SavedFile(**one.model_dump(include=_FILE)) for one in image.saved] or None,
        note=image.note,
        outside=image.outside,
        provenance="c2pa" if image.provenance else None,
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
        lines.extend(f"It would write {one}" for one in outcome.files)
    else:
        lines.append(f"status: done. {len(structure.images)} picture(s).")
    lines.extend(_image_line(image) for image in structure.images)
    if structure.mask is not None:
        box = structure.mask.box
        lines.append(
            f"The red part is what an edit may change: share {structure.mask.share}, "
            f"box (left, top, width, height): {box}."
        )
    if structure.shown is not None:
        lines.append(structure.shown)
    if structure.lines is not None:
        lines.append(f"It reads {len(structure.lines)} line(s)." if structure.lines else NO_TEXT)
        lines.extend(f'"{one.words}" box {one.box}' for one in structure.lines)
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
    if structure.revised_prompt:
        lines.append(f'The text model had it drawn from these words: "{structure.revised_prompt}"')
    lines.extend(f"Note: {warning}" for warning in outcome.warnings)
    return [line for line in lines if line]


def _line(line: ReadLine) -> ShownLine:
    return ShownLine(words=line.words, box=list(line.box), certainty=line.certainty)


def _box(outcome: Outcome) -> list[int] | None:
    return list(outcome.mask[1]) if outcome.mask and outcome.mask[1] else None


def _image_line(image: ShownImage) -> str:
    parts = [
        image.uri or "(not in the catalog)",
        " ".join(image.names or []),
        f"{image.width}x{image.height} {image.format}, {image.bytes:,} bytes",
        f"path: {image.path}" if image.path else "",
        f"saved to: {', '.join(map(_copy, image.saved))}" if image.saved else "",
        f"model: {image.model}" if image.model else "",
        in_words(image.parents or []),
        _provenance(image.provenance),
        image.note or "",
    ]
    words = " | ".join(part for part in parts if part)
    return f"{image.number}. {words}" if image.number else words


def _provenance(known: str | None) -> str:
    if known == "c2pa":
        return "has C2PA provenance"
    return f"provenance: {known}" if known else ""


def _copy(copy: SavedFile) -> str:
    return f"{copy.path} ({copy.width}x{copy.height}, {copy.bytes:,} bytes)"


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
    left_out = {"prompt", "chosen", "images", "mask", "markup", "conversation"}
    order = outcome.order.model_dump(mode="json", exclude_none=True, exclude=left_out)
    talk = outcome.order.conversation
    return order if talk is None else {**order, "mainline": talk.mainline, "turn": talk.turns}


def refused(error: AquatintError) -> CallToolResult:
    """An error in words: what happened, what to do next, whether money was spent.

    Text only: hosts show it whole where there is no structure beside it.
    """
    facts = [f"code: {error.reason}", f"retryable: {error.retry}"]
    if error.retry_after is not None:
        facts.append(f"retry after: {error.retry_after:.0f} s")
    facts.append(f"money spent: {error.spent}")
    if error.request_id:
        facts.append(f"request id: {error.request_id}")
    text = f"{cut(error.message, 6_000)}\n{cut(error.fix, 1_500)}\n({'; '.join(facts)})"
    blocks: list[ContentBlock] = [TextContent(type="text", text=text)]
    if isinstance(error, NotKept):
        blocks.extend(block(data, mime) for data, mime in error.unsaved)
    return CallToolResult(content=blocks, is_error=True)

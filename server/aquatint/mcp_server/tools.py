"""The words agents read, and nothing else: each tool makes one request and shows one outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from ..domain.ids import JOB
from ..domain.requests.existing import ExportRequest, ShowRequest
from ..domain.requests.regions import MaskRequest
from ..domain.types import (
    LOCAL,
    Caller,
    EditRequest,
    Frozen,
    GenerateRequest,
    Listing,
    Reply,
)
from ..services.closeups import budget_of
from ..services.outcomes import Outcome, Progress, Report
from . import apps
from .consent import agreed_for
from .host_roots import caller_for
from .lifespan import LazyService
from .lists import listed
from .replies import shown
from .signatures import Tool, ToolContext, request_of, tool_of

if TYPE_CHECKING:
    from ..services.images import ImageService

# What each argument means, by the name of its field; what explains itself has no line.
GENERATE = {
    "prompt": "What to draw, in any language",
    "model": "Default: cheap and exactly priced",
    "size": "WxH, square, landscape, portrait, a ratio like 16:9, or auto",
    "exact_size": "Like 1080x1080: drawn larger, then fitted",
    "quality": "Default medium; sets the cost",
    "background": "transparent needs png or webp",
    "format": "Default png, or the extension in save_to",
    "compression": "0-100, for jpeg and webp",
    "n": "How many pictures, 1-10",
    "complexity": "Planning effort",
    "frames": "gif: 2-16",
    "frame_ms": "gif: ms per frame",
    "seed": "Where the engine has one",
    "save_to": "Also write files: a.webp, a@2x.webp, icon-{16,32}.png, a-{640}w.avif",
    "overwrite": "Let save_to replace a file",
    "dry_run": "Check and price it; send nothing",
    "fresh": "Pay again for a request just made",
}
# What it shares with generate_image is explained there.
EDIT = {
    "images": "1-16: image://id, latest, a path, https://, data:",
    "prompt": "What to change",
    "mask": "From make_mask, or any mask picture",
    "extend": "Grow it: right=50%, top=200px or 16:9",
    "markup": "Transparent PNG of hints; not with mask",
    "outside": "With a mask: keep (default), or the model's own picture",
    "mask_fit": "scale: fit a mask of another size",
    "vary": "n pictures like the first one; the prompt may be empty",
    "refine": "Go on talking about this picture: what was said before is remembered",
    "seam": "Soft edge inside the mask, 0-64 pixels",
}
MASK = {
    "regions": "Combined in order",
    "image": "The picture it is for",
    "units": "Of all coordinates; permille: 0-1000",
    "keep_largest": "Only the largest part",
    "smooth": "Pixels",
    "grow": "Pixels",
    "feather": "Soft inner edge, pixels",
    "grid": "On the reply; without regions only that",
    "crop": "Of the reply",
    "width": "Without image: the canvas",
}
SHOW = {
    "image": "image://id, latest, a path, https:// or a job id",
    "edge": "64-2048",
    "crop": "[x, y, width, height] to enlarge",
    "compare": "Before, after, difference",
    "read": "Lines of text, boxes",
    "provenance": "Verify C2PA",
}

EXPORT = {
    "image": "As in get_image",
    "save_to": "Files: a.webp, a{,@2x}.png, icon-{16,32}.png, favicon.ico, og-{1200x630}.jpg",
    "exact_size": "Like 1080x1080: covered, the middle kept",
    "crop": "As in get_image",
    "background": "transparent: cut it out; or a colour to put under",
    "format": "For names without an extension",
    "compression": "0-100, for jpeg, webp, avif",
    "overwrite": "Replace existing files",
    "name": "Then @name is it",
}

ReplyExplained = Annotated[
    Reply | None,
    Field(description="preview (default), path (no pixels) or full (the file, if it fits)"),
]


async def generate_image(
    ctx: ToolContext,
    request: GenerateRequest,
    caller: Caller,
    agreed: float,
    reply: ReplyExplained = None,
) -> CallToolResult:
    """Make new pictures from a prompt. Costs money when a key is set.

    Answers with a preview, the file's absolute path and the cost. If the status is
    "working", call get_image with the job id instead of calling this again.
    """
    service = _service(ctx)
    outcome = await service.generate(request, caller, _report(ctx), agreed)
    return await _delivered(service, outcome, caller, reply)


async def edit_image(
    ctx: ToolContext,
    request: EditRequest,
    caller: Caller,
    agreed: float,
    reply: Reply | None = None,
) -> CallToolResult:
    """Change pictures. With a mask, every pixel outside it stays exactly as it was.

    To change one part, call make_mask first and look at the red. Chain edits with "latest".
    Arguments that generate_image has too mean the same here.
    """
    service = _service(ctx)
    outcome = await service.edit(request, caller, _report(ctx), agreed)
    return await _delivered(service, outcome, caller, reply)


async def make_mask(ctx: ToolContext, request: MaskRequest, caller: Caller) -> CallToolResult:
    """Say which part of a picture to edit. Shows it in red over the picture. Free."""
    service = _service(ctx)
    outcome = await service.make_mask(request, caller)
    await ctx.notify_resources_changed()
    return await shown(service, outcome, _seen(service), service.settings.preview)


async def get_image(
    ctx: ToolContext, request: ShowRequest, caller: Caller, reply: Reply | None = None
) -> CallToolResult:
    """Show the picture behind a reference, or wait for a job. Free."""
    service = _service(ctx)
    edge = service.library.checked_edge(request.edge)
    if job := JOB.fullmatch(request.image.strip()):
        outcome = await service.wait_for(job[0], caller, _report(ctx))
    else:
        found, data = await service.library.get(request.image, caller)
        outcome = Outcome(status="done", images=(found,), data=data)
    if request.closer and outcome.images:
        reply = reply or "preview"  # asked for to be looked at, whatever the setting says
        outcome = await service.library.closer(outcome, request, reply, budget_of(edge))
    if request.read and outcome.images:
        outcome = await service.library.read(outcome, request.units)
    if request.provenance:
        facts = [await service.library.provenance(one, outcome.data) for one in outcome.images]
        outcome = replace(outcome, provenance=tuple(facts))
    return await _delivered(service, outcome, caller, reply, edge)


async def export_image(
    ctx: ToolContext, request: ExportRequest, caller: Caller, reply: Reply | None = None
) -> CallToolResult:
    """Write a picture to files: other sizes, formats, crops, icons. Free; nothing is drawn."""
    service = _service(ctx)
    outcome = await service.exports.export(request, caller)
    return await shown(service, outcome, _style(service, reply), service.settings.preview)


async def recent_images(
    ctx: ToolContext,
    query: Annotated[str | None, Field(description="Words of the prompt, file, @name")] = None,
    kind: Listing | None = None,
    limit: Annotated[int, Field(description="1-50")] = 10,
    cursor: Annotated[str | None, Field(description="From the page before")] = None,
    sheet: Annotated[bool, Field(description="Add one picture of numbered thumbnails")] = False,
) -> CallToolResult:
    """List what was made lately, newest first, and what is still being made. Free."""
    service = _service(ctx)
    page, running = await service.recent(Caller(LOCAL), query, kind, limit, cursor)
    look = await service.library.sheet(page.images) if sheet and page.images else None
    return listed(service, page, running, look)


class Row(NamedTuple):
    """One row of the registration table."""

    tool: Tool
    title: str
    hints: ToolAnnotations
    meta: dict[str, Any] | None = None


_FREE = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)
_PAID = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)


def register(server: MCPServer[LazyService]) -> None:
    for tool, title, hints, meta in _table():
        server.add_tool(tool, title=title, annotations=hints, structured_output=False, meta=meta)


def _table() -> list[Row]:
    return [
        Row(_tool(generate_image, GenerateRequest, GENERATE), "Generate image", _PAID, apps.PAGE),
        Row(_tool(edit_image, EditRequest, EDIT), "Edit image", _PAID, apps.PAGE),
        Row(_tool(make_mask, MaskRequest, MASK), "Make mask", _MAKES, apps.PAGE),
        Row(_tool(get_image, ShowRequest, SHOW), "Get image", _FREE),
        Row(_tool(export_image, ExportRequest, EXPORT), "Export image", _WRITES),
        Row(recent_images, "Recent images", _FREE),
        Row(apps.open_studio, "Open studio", _FREE, apps.PAGE),
        Row(apps.studio_page, "Studio page", _PAID, apps.ITS_OWN),
    ]


def _tool(handler: Tool, kind: type[Frozen], descriptions: dict[str, str]) -> Tool:
    request = request_of(kind)
    filled = {"request": request, "caller": caller_for(request)}
    if issubclass(kind, GenerateRequest):
        filled["agreed"] = agreed_for(request)
    return tool_of(handler, kind, descriptions, filled)


async def _delivered(
    service: ImageService, outcome: Outcome, caller: Caller, reply: Reply | None, edge: int = 0
) -> CallToolResult:
    """The reply, after which the same request is a new one, in a moment."""
    style = _style(service, reply)
    result = await shown(service, outcome, style, edge or service.settings.preview)
    service.delivered(outcome, caller)
    return result


def _seen(service: ImageService) -> Reply:
    """How a picture that was made to be looked at is shown by default."""
    return "path" if service.settings.reply == "path" else "preview"


def _style(service: ImageService, reply: Reply | None) -> Reply:
    return reply or service.settings.reply


def _service(ctx: ToolContext) -> ImageService:
    return ctx.request_context.lifespan_context.service


def _report(ctx: ToolContext) -> Report:
    async def report(progress: Progress) -> None:
        usual = f" of about {progress.eta:.0f} s" if progress.eta else ""
        message = f"{progress.stage}, {progress.elapsed:.0f} s{usual}"
        await ctx.report_progress(progress.elapsed, progress.eta, message)

    return report

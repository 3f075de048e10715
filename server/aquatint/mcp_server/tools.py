"""The words agents read, and nothing else: each tool makes one request and shows one outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from ..domain.ids import JOB
from ..domain.requests.regions import MaskRequest, Region, Units
from ..domain.types import (
    LOCAL,
    Background,
    Caller,
    EditRequest,
    Format,
    GenerateRequest,
    Kind,
    Level,
    Quality,
    Reply,
)
from ..services.outcomes import Outcome, Progress, Report
from .consent import Agreed, EditAgreed
from .host_roots import Desk, EditRoots, MaskRoots, ReferenceRoots, Roots, caller_of, paths_of
from .lifespan import Opening
from .replies import Recent, Shown, listed, shown

if TYPE_CHECKING:
    from ..services.images import ImageService

Prompt = Annotated[str, Field(description="What to draw, in any language")]
Model = Annotated[str | None, Field(description="Default: cheap and exactly priced")]
Size = Annotated[
    str | None,
    Field(description="WxH, square, landscape, portrait, a ratio like 16:9, or auto"),
]
ExactSize = Annotated[str | None, Field(description="Like 1080x1080: drawn larger, fitted here")]
QualityArg = Annotated[Quality | None, Field(description="Default medium; drives cost")]
BackgroundArg = Annotated[Background | None, Field(description="transparent: png or webp")]
FormatArg = Annotated[Format | None, Field(description="Default png, or save_to's")]
Compression = Annotated[int | None, Field(description="0-100, jpeg and webp")]
Count = Annotated[int, Field(description="Pictures, 1-10")]
Moderation = Annotated[Literal["auto", "low"] | None, Field()]
Complexity = Annotated[Level | None, Field(description="Planning effort")]
Frames = Annotated[int | None, Field(description="gif: 2-16")]
FrameMs = Annotated[int | None, Field(description="gif: ms per frame")]
SaveTo = Annotated[
    str | list[str] | None,
    Field(description="Also write here: a.webp, a@2x.webp, icon-{16,32}.png, a-{640}w.avif"),
]
Overwrite = Annotated[bool, Field(description="Let save_to replace a file")]
ReplyArg = Annotated[
    Reply, Field(description="preview, path (no pixels) or full (the file, if it fits)")
]
DryRun = Annotated[bool, Field(description="Check and price it; send nothing")]
Fresh = Annotated[bool, Field(description="Pay again for a request just made")]
Reference = Annotated[
    str, Field(description="image://id, latest, a path, https://, data: or a job id")
]
Images = Annotated[
    str | list[str], Field(description="1-16: image://id, latest, a path, https://, data:")
]
Edge = Annotated[int, Field(description="Preview's longest edge, 64-2048")]
Provenance = Annotated[bool, Field(description="Verify its C2PA")]


async def generate_image(
    ctx: Desk,
    roots: Roots,
    agreed: Agreed,
    prompt: Prompt,
    model: Model = None,
    size: Size = None,
    exact_size: ExactSize = None,
    quality: QualityArg = None,
    background: BackgroundArg = None,
    format: FormatArg = None,
    compression: Compression = None,
    n: Count = 1,
    moderation: Moderation = None,
    complexity: Complexity = None,
    frames: Frames = None,
    frame_ms: FrameMs = None,
    save_to: SaveTo = None,
    overwrite: Overwrite = False,
    reply: ReplyArg = "preview",
    dry_run: DryRun = False,
    fresh: Fresh = False,
) -> Annotated[CallToolResult, Shown]:
    """Make new pictures from a prompt. Costs money when a key is set.

    Answers with a preview, the file's absolute path and the cost. When it answers
    status "working", call get_image with the job id instead of calling this again.
    """
    service = _service(ctx)
    request = GenerateRequest(
        prompt=prompt,
        model=model,
        size=size,
        exact_size=exact_size,
        quality=quality,
        background=background,
        format=format,
        compression=compression,
        n=n,
        moderation=moderation,
        complexity=complexity,
        frames=frames,
        frame_ms=frame_ms,
        save_to=paths_of(save_to),
        overwrite=overwrite,
        dry_run=dry_run,
        fresh=fresh,
    )
    outcome = await service.generate(request, caller_of(roots), _report(ctx), agreed)
    result = await shown(service, outcome, reply, service.settings.preview)
    service.delivered(outcome)
    return result


async def edit_image(
    ctx: Desk,
    roots: EditRoots,
    agreed: EditAgreed,
    images: Images,
    prompt: Annotated[str, Field(description="What to change")],
    mask: Annotated[str | None, Field(description="From make_mask, or any mask picture")] = None,
    markup: Annotated[
        str | None, Field(description="Transparent PNG of hints; not with mask")
    ] = None,
    outside: Annotated[
        Literal["keep", "model"] | None,
        Field(description="With a mask: keep (default) or the model's own picture"),
    ] = None,
    mask_fit: Annotated[
        Literal["exact", "scale"], Field(description="scale: fit a mask of another size")
    ] = "exact",
    input_fidelity: Annotated[Literal["low", "high"] | None, Field()] = None,
    model: Model = None,
    size: Size = None,
    exact_size: ExactSize = None,
    quality: QualityArg = None,
    background: BackgroundArg = None,
    format: FormatArg = None,
    compression: Compression = None,
    n: Count = 1,
    moderation: Moderation = None,
    complexity: Complexity = None,
    frames: Frames = None,
    frame_ms: FrameMs = None,
    save_to: SaveTo = None,
    overwrite: Overwrite = False,
    reply: ReplyArg = "preview",
    dry_run: DryRun = False,
    fresh: Fresh = False,
) -> Annotated[CallToolResult, Shown]:
    """Change pictures. With a mask, every pixel outside it stays exactly as it was.

    To change one part, call make_mask first and look at the red. Chain edits with "latest".
    """
    service = _service(ctx)
    request = EditRequest(
        images=paths_of(images),
        prompt=prompt,
        mask=mask,
        markup=markup,
        outside=outside,
        mask_fit=mask_fit,
        input_fidelity=input_fidelity,
        model=model,
        size=size,
        exact_size=exact_size,
        quality=quality,
        background=background,
        format=format,
        compression=compression,
        n=n,
        moderation=moderation,
        complexity=complexity,
        frames=frames,
        frame_ms=frame_ms,
        save_to=paths_of(save_to),
        overwrite=overwrite,
        dry_run=dry_run,
        fresh=fresh,
    )
    outcome = await service.edit(request, caller_of(roots), _report(ctx), agreed)
    result = await shown(service, outcome, reply, service.settings.preview)
    service.delivered(outcome)
    return result


async def make_mask(
    ctx: Desk,
    roots: MaskRoots,
    regions: Annotated[list[Region], Field(description="Combined in order")],
    image: Annotated[str | None, Field(description="Picture it is for")] = None,
    units: Annotated[Units, Field(description="Of all coordinates; permille: 0-1000")] = "pixel",
    grow: Annotated[float, Field(description="Pixels")] = 0,
    shrink: float = 0,
    feather: Annotated[float, Field(description="Soft inner edge, pixels")] = 0,
    invert: bool = False,
    grid: Annotated[bool, Field(description="Draw a 0-1000 grid on the reply, to aim by")] = False,
    width: Annotated[int | None, Field(description="Without image: the canvas")] = None,
    height: int | None = None,
) -> Annotated[CallToolResult, Shown]:
    """Say which part of a picture to edit. Shows it in red over the picture. Free."""
    service = _service(ctx)
    request = MaskRequest(
        regions=tuple(regions),
        image=image,
        units=units,
        grow=grow,
        shrink=shrink,
        feather=feather,
        invert=invert,
        grid=grid,
        width=width,
        height=height,
    )
    outcome = await service.make_mask(request, caller_of(roots))
    await ctx.notify_resources_changed()
    return await shown(service, outcome, "preview", service.settings.preview)


async def get_image(
    ctx: Desk,
    roots: ReferenceRoots,
    image: Reference,
    reply: ReplyArg = "preview",
    edge: Edge = 768,
    provenance: Provenance = False,
) -> Annotated[CallToolResult, Shown]:
    """Show the picture behind a reference, or wait for a job. Free."""
    service = _service(ctx)
    caller = caller_of(roots)
    if JOB.fullmatch(image.strip()):
        outcome = await service.wait_for(image.strip(), caller, _report(ctx))
    else:
        found, data = await service.library.get(image, caller)
        outcome = Outcome(status="done", images=(found,), data=data)
    if provenance:
        told = [await service.library.provenance(one, outcome.data) for one in outcome.images]
        outcome = replace(outcome, provenance=tuple(told))
    result = await shown(service, outcome, reply, service.library.checked_edge(edge))
    service.delivered(outcome)
    return result


async def recent_images(
    ctx: Desk,
    query: Annotated[str | None, Field(description="Words of the prompt, any language")] = None,
    kind: Kind | None = None,
    limit: Annotated[int, Field(description="1-50")] = 10,
    cursor: Annotated[str | None, Field(description="From the page before")] = None,
    sheet: Annotated[bool, Field(description="Add one picture of numbered thumbnails")] = False,
) -> Annotated[CallToolResult, Recent]:
    """List what was made lately, newest first, and what is still being made. Free."""
    service = _service(ctx)
    page, running = await service.library.recent(Caller(LOCAL), query, kind, limit, cursor)
    look = await service.library.sheet(page.images) if sheet and page.images else None
    return listed(service, page.images, running, page.total, page.cursor, look)


class Offer(NamedTuple):
    """One row of the registration table."""

    tool: Any
    title: str
    annotations: ToolAnnotations


_FREE = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_PAID = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)

TOOLS = (
    Offer(generate_image, "Generate image", _PAID),
    Offer(edit_image, "Edit image", _PAID),
    Offer(make_mask, "Make mask", _MAKES),
    Offer(get_image, "Get image", _FREE),
    Offer(recent_images, "Recent images", _FREE),
)


def register(server: MCPServer[Opening]) -> None:
    for offer in TOOLS:
        server.add_tool(offer.tool, title=offer.title, annotations=offer.annotations)


def _service(ctx: Desk) -> ImageService:
    return ctx.request_context.lifespan_context.service


def _report(ctx: Desk) -> Report:
    async def report(progress: Progress) -> None:
        usual = f" of about {progress.eta:.0f} s" if progress.eta else ""
        message = f"{progress.stage}, {progress.elapsed:.0f} s{usual}"
        await ctx.report_progress(progress.elapsed, progress.eta, message)

    return report

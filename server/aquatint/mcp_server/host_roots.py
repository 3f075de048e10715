"""The host's workspace folders: asked for when a call names a path, and only where it has them.

Each resolver sees its tool's own arguments by name; the SDK puts the question in the way of the
client's protocol revision.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from mcp.server.mcpserver import Context, Resolve
from mcp.server.mcpserver.resolve import ListRoots
from mcp.types import ListRootsResult

from ..domain.ids import ID
from ..domain.requests.regions import Region
from ..domain.types import LOCAL, Caller
from .lifespan import Opening

Desk = Context[Opening, Any]


async def host_roots(
    ctx: Desk, save_to: str | list[str] | None = None
) -> ListRootsResult | ListRoots:
    """The host's workspace folders: asked for only when needed, and only where it has them."""
    capabilities = ctx.client_capabilities
    if save_to is None or capabilities is None or capabilities.roots is None:
        return ListRootsResult(roots=[])
    return ListRoots()


async def reference_roots(ctx: Desk, image: str) -> ListRootsResult | ListRoots:
    """The same for a tool that reads one picture."""
    return await host_roots(ctx, image if _is_path(image) else None)


async def edit_roots(
    ctx: Desk,
    images: str | list[str],
    mask: str | None = None,
    markup: str | None = None,
    save_to: str | list[str] | None = None,
) -> ListRootsResult | ListRoots:
    """The same for an edit, which may read several pictures and write one."""
    given = [*paths_of(images), *(one for one in (mask, markup) if one)]
    return await host_roots(ctx, save_to or next((one for one in given if _is_path(one)), None))


async def mask_roots(
    ctx: Desk, regions: list[Region], image: str | None = None
) -> ListRootsResult | ListRoots:
    """The same for a mask, whose regions may name pictures too."""
    given = [image, *(region.image for region in regions)]
    return await host_roots(ctx, next((one for one in given if one and _is_path(one)), None))


Roots = Annotated[ListRootsResult, Resolve(host_roots)]
EditRoots = Annotated[ListRootsResult, Resolve(edit_roots)]
MaskRoots = Annotated[ListRootsResult, Resolve(mask_roots)]
ReferenceRoots = Annotated[ListRootsResult, Resolve(reference_roots)]


def caller_of(roots: ListRootsResult) -> Caller:
    folders = [urlsplit(str(root.uri)) for root in roots.roots]
    return Caller(LOCAL, roots=tuple(unquote(uri.path) for uri in folders if uri.scheme == "file"))


def paths_of(save_to: str | list[str] | None) -> tuple[str, ...]:
    if save_to is None:
        return ()
    return (save_to,) if isinstance(save_to, str) else tuple(save_to)


def _is_path(reference: str) -> bool:
    ours = reference == "latest" or ID.fullmatch(reference)
    return not ours and not reference.startswith(("image://", "https://", "data:", "job-"))

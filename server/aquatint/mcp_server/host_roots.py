"""The host's workspace folders: asked for when a call names a path, and only where it has them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

from mcp.server.mcpserver.resolve import ListRoots
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp.types import ListRootsRequest, ListRootsResult, Root
from pydantic import BaseModel, ValidationError

from ..domain.addresses import file_path
from ..domain.errors import BadRequest
from ..domain.given_names import named
from ..domain.ids import ID
from ..domain.requests.existing import ExportRequest, ShowRequest
from ..domain.requests.regions import MaskRequest
from ..domain.types import (
    LOCAL,
    Caller,
    EditRequest,
    Frozen,
    GenerateRequest,
)
from .clients import name_of
from .signatures import ToolContext, resolved

log = logging.getLogger(__name__)

QUESTIONS_IN_RESULTS = "2026-07-28"  # the first protocol revision that asks the host so
PATIENCE = 5.0  # seconds for a host to list its folders; the call goes on without them


class Folder(BaseModel):
    """A root as it comes: the SDK's own type refuses the whole list for one foreign scheme."""

    uri: str


class Folders(BaseModel):
    roots: list[Folder]


NONE = Folders(roots=[])


def caller_for(request: Any) -> Any:
    """The annotation of a parameter that gets who asks, with the folders their host opened."""
    return resolved(Caller, _caller, roots=resolved(Folders, _roots, request=request))


async def _roots(ctx: ToolContext, request: Frozen) -> Folders | ListRoots:
    writes = isinstance(request, GenerateRequest | ExportRequest) and bool(request.save_to)
    return await _ask(ctx) if writes or any(map(_is_path, _references(request))) else NONE


async def _caller(ctx: ToolContext, roots: Folders | ListRootsResult) -> Caller:
    return Caller(LOCAL, tuple(_paths(roots.roots)), name_of(ctx.session))


def _paths(folders: Iterable[Folder | Root]) -> Iterator[str]:
    """Those that are folders of this machine."""
    for folder in folders:
        try:
            yield file_path(str(folder.uri))
        except BadRequest:
            log.info("A root that is not a folder of this machine is left out.")


def asks_in_results(ctx: ToolContext) -> bool:
    """Whether this client is asked by an unfinished result instead of a request."""
    return (ctx.protocol_version or "") >= QUESTIONS_IN_RESULTS


async def _ask(ctx: ToolContext) -> Folders | ListRoots:
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.roots is None:
        return NONE
    if asks_in_results(ctx):
        return ListRoots()
    try:
        return await ctx.session.send_request(
            ListRootsRequest(),
            Folders,  # pyright: ignore[reportArgumentType]
            request_read_timeout_seconds=PATIENCE,
            metadata=ServerMessageMetadata(related_request_id=ctx.request_id),
        )
    except (MCPError, ValidationError) as error:
        log.info("The host did not list its folders: %s", type(error).__name__)
        return NONE


def _references(request: Frozen) -> Iterator[str]:
    """Every picture that a request names."""
    given: tuple[str | None, ...] = ()
    if isinstance(request, EditRequest):
        given = (*request.images, request.mask, request.markup)
    if isinstance(request, MaskRequest):
        given = (request.image, *(region.image for region in request.regions))
    if isinstance(request, ShowRequest | ExportRequest):
        given = (request.image,)
    yield from (one for one in given if one)


def _is_path(reference: str) -> bool:
    ours = reference == "latest" or ID.fullmatch(reference) or named(reference)
    return not ours and not reference.startswith(("image://", "https://", "data:", "job-"))


def without_foreign_roots(params: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A call's parameters without the roots that its host answered with and that are not files.

    The SDK would refuse the whole call for one of them.
    """
    answers = (params or {}).get("inputResponses")
    if params is None or not isinstance(answers, dict):
        return params
    given = cast("dict[str, object]", answers)
    return {**params, "inputResponses": {key: _only_files(one) for key, one in given.items()}}


def _only_files(answer: object) -> object:
    if not isinstance(answer, dict) or "roots" not in answer:
        return cast("object", answer)
    try:
        folders = Folders.model_validate(answer).roots
    except ValidationError:
        return {"roots": []}
    return {"roots": [{"uri": f"file://{quote(path)}"} for path in _paths(folders)]}

"""One door for the page: `perform(op, arguments)` checks, does, and answers with plain JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from ...domain.errors import AquatintError, BadRequest
from ...domain.frozen import Frozen
from ...domain.requests.existing import ExportRequest
from ...domain.requests.regions import MaskRequest
from ...domain.types import Caller, EditRequest, GenerateRequest
from . import beside, gallery, making, marks, painting, uploads, versions
from . import requests as asked

if TYPE_CHECKING:
    from ..images import ImageService

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page: the services, the caller, and the dollars that they agreed to."""

    service: ImageService
    caller: Caller
    agreed: float = 0.0


class Operation(NamedTuple):
    """One row of the contract: `run(visitor, request)` gives the answer."""

    request: type[Frozen]
    run: Callable[[Any, Any], Awaitable[Answer]]


OPERATIONS: Mapping[str, Operation] = {
    "list": Operation(asked.List, gallery.listed),
    "image": Operation(asked.One, gallery.image),
    "pixels": Operation(asked.Pixels, gallery.pixels),
    "tree": Operation(asked.One, versions.tree),
    "compare": Operation(asked.Compare, gallery.compare),
    "file": Operation(asked.File, gallery.file),
    "forget": Operation(asked.Forget, gallery.forget),
    "export": Operation(ExportRequest, gallery.export),
    "changes": Operation(asked.Changes, making.changes),
    "mask": Operation(MaskRequest, painting.preview),
    "make_mask": Operation(MaskRequest, painting.make),
    "beside": Operation(asked.Beside, beside.tell),
    "quote": Operation(EditRequest, making.quote),
    "edit": Operation(EditRequest, making.edit),
    "quote_new": Operation(GenerateRequest, making.quote),
    "generate": Operation(GenerateRequest, making.generate),
    "jobs": Operation(asked.Nothing, making.jobs),
    "cancel": Operation(asked.Cancel, making.cancel),
    "upload": Operation(asked.Upload, uploads.piece),
    "name": Operation(asked.Name, marks.name),
    "unname": Operation(asked.Unname, marks.unname),
    "annotate": Operation(asked.Annotate, marks.add),
    "annotations": Operation(asked.Annotations, marks.listed),
    "unannotate": Operation(asked.Unannotate, marks.remove),
}
PAYING = frozenset({"edit", "generate"})  # before these somebody may have to agree to a price


def read(op: str, arguments: Mapping[str, Any]) -> Frozen:
    """The arguments of an operation, checked. Raises BadRequest."""
    operation = OPERATIONS.get(op)
    if operation is None:
        raise BadRequest(f"The page has no operation {op!r:.40}.", "Reload the page.")
    try:
        return operation.request.model_validate(arguments)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"])) or "arguments"
        raise BadRequest(f"{op}: {place}: {first['msg']}.", "Reload the page.") from wrong


async def perform(visitor: Visitor, op: str, arguments: Mapping[str, Any]) -> Answer:
    """The answer of an operation; an error is an answer too: {"error": {code, message, fix}}."""
    try:
        request = read(op, arguments)
        return await OPERATIONS[op].run(visitor, request)
    except AquatintError as error:
        return {"error": {"code": error.reason, "message": error.message, "fix": error.fix}}


def order_of(op: str, arguments: Mapping[str, Any]) -> GenerateRequest:
    """What an operation would pay for; of one that pays nothing, or is wrong, a dry run."""
    try:
        request = read(op, arguments)
    except AquatintError:
        request = None
    if op in PAYING and isinstance(request, GenerateRequest):
        return request
    return GenerateRequest(prompt="", dry_run=True)

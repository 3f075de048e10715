"""What a use case answers, and what it says while it waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.errors import BY_NAME, AquatintError, NotKept, Unavailable
from ..domain.requests.save_targets import PlannedFile
from ..domain.types import Copy, Failure, ImageRecord, Order
from ..domain.usage import Usage

if TYPE_CHECKING:
    from ..jobs.execute import Ended  # hosts wait for tools/list, which does not need it
    from .closeups import Look
    from .reading import ReadLine

Box = tuple[int, int, int, int]  # left, top, width, height in pixels
Report = Callable[["Progress"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life while a call waits: seconds so far, the usual total, where it stands."""

    elapsed: float
    eta: float | None
    stage: str
    job: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a use case answers; mcp_server and cli put it into words."""

    status: str  # done | working | dry_run
    digest: str = ""  # of the request, where a job did it
    images: tuple[ImageRecord, ...] = ()
    job: str | None = None
    model: str | None = None
    cost_usd: float | None = None
    cost_is_bound: bool = False
    usage: Usage | None = None
    seconds: float | None = None
    revised_prompt: str | None = None  # that a text model had it drawn from
    eta: float | None = None
    stage: str | None = None
    reused: bool = False
    order: Order | None = None  # of a dry run
    files: tuple[PlannedFile, ...] = ()  # that a dry run would write
    warnings: tuple[str, ...] = ()
    written: tuple[Copy, ...] = ()  # the files of an export
    data: bytes | None = None  # of a picture that is not in the catalog
    look: Look | None = None  # what is shown in place of the pictures' previews
    mask: tuple[float, Box | None] | None = None  # the share a mask covers, and its box
    lines: tuple[ReadLine, ...] | None = None  # of text in the picture, if asked for
    provenance: tuple[Mapping[str, object], ...] = ()  # verified, of each picture, if asked for


def outcome_of(ended: Ended) -> Outcome:
    """What a job that ended has to show; raises the error of one that failed."""
    record = ended.record
    if record.failure is not None:
        raise _error(record.failure, ended)
    return Outcome(
        status="done",
        images=record.images,
        job=record.job.id,
        digest=record.job.digest,
        model=record.model,
        cost_usd=record.cost_usd,
        usage=record.usage,
        seconds=record.seconds,
        revised_prompt=record.revised_prompt,
        warnings=record.warnings,
    )


def _error(failure: Failure, ended: Ended) -> AquatintError:
    """The stored failure as it was raised, with what was kept of the call all the same."""
    message = failure.message
    for image in ended.record.images:
        what = "A picture" if image.note is None else image.note
        message += f" {what} is kept as image://{image.id}."
    kind = BY_NAME.get(failure.kind, Unavailable)  # a newer version may know more kinds
    error = kind(
        message,
        failure.fix,
        code=failure.code,
        retry_after=failure.retry_after,
        spent=failure.spent,
        request_id=failure.request_id,
    )
    if isinstance(error, NotKept):
        error.unsaved = tuple((look.data, look.mime) for look in ended.unsaved)
    return error

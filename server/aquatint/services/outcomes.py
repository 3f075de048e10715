"""What a use case answers, and what it says while it waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain import errors
from ..domain.errors import AquatintError, NotKept
from ..domain.types import ImageRecord, JobRecord, Order, Usage

if TYPE_CHECKING:
    from ..jobs.execute import (
        UnsavedImage,  # hosts wait for tools/list, which needs the surface only
    )

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
    """What a use case answers; the surface puts it into words."""

    status: str  # done | working | dry_run
    images: tuple[ImageRecord, ...] = ()
    job: str | None = None
    model: str | None = None
    cost_usd: float | None = None
    cost_is_bound: bool = False
    usage: Usage | None = None
    seconds: float | None = None
    eta: float | None = None
    stage: str | None = None
    reused: bool = False
    order: Order | None = None  # of a dry run
    warnings: tuple[str, ...] = ()
    data: bytes | None = None  # of a picture that is not in the catalog
    mask: tuple[float, Box | None] | None = None  # the share a mask covers, and its box
    provenance: tuple[Mapping[str, object], ...] = ()  # verified, of each picture, if asked for


def failed(record: JobRecord, unsaved: tuple[UnsavedImage, ...]) -> AquatintError:
    """The error of a job that ended without what was asked for."""
    failure = record.failure
    assert failure is not None
    kind = getattr(errors, failure.kind, errors.Unavailable)
    message = failure.message
    for image in record.images:
        message += f" {image.note or 'A picture'} is kept as image://{image.id}."
    error: AquatintError = kind(
        message,
        failure.fix,
        code=failure.code,
        retry_after=failure.retry_after,
        spent=failure.spent,
        request_id=failure.request_id,
    )
    if isinstance(error, NotKept):
        error.unsaved = tuple((look.data, look.mime) for look in unsaved)
    return error

"""Ends the jobs that killed processes left, by what is on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.errors import AquatintError
from ..domain.times import to_the_second
from ..domain.types import Failure, ImageRecord, JobRecord
from .context import JobContext
from .postprocess import postprocess, survey, with_preview

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEPT = 86400.0  # seconds for which unfinished parts and sent inputs stay, for support
RECOVERED = "Recovered after the process that made it was stopped; its cost is an estimate."
NOT_SAVED = "save_to was not written again; copy the picture from its path."


@dataclass(frozen=True, slots=True)
class Repairs:
    """What reconciling did: jobs ended as done, failed (nothing was paid), unknown; files gone."""

    recovered: int = 0
    dropped: int = 0
    unknown: int = 0
    cleaned: int = 0

    def __bool__(self) -> bool:
        return self != Repairs()

    def __str__(self) -> str:
        return (
            f"{self.recovered} recovered, {self.dropped} dropped at no cost, {self.unknown} with "
            f"an unknown outcome, {self.cleaned} old files removed"
        )


async def reconcile(context: JobContext) -> Repairs:
    """End every job whose process is gone, by what is on the disk; then remove what is too old.

    Any number of processes may do this at once, and while others work: the first end stays.
    """
    dead = [
        record for record in await context.catalog.unsettled() if not context.alive(record.lease)
    ]
    states = await _end(context, dead)
    cleaned = await context.blobs.clean(KEPT, context.now())
    count = states.count
    return Repairs(count("done"), count("failed"), count("unknown"), cleaned)


async def settled(context: JobContext, record: JobRecord) -> JobRecord:
    """The record, ended first when it never will by itself."""
    if record.state != "intent" or context.alive(record.lease):
        return record
    await _end(context, [record])
    return await context.catalog.job(record.job.id, record.job.owner) or record


async def _end(context: JobContext, dead: Sequence[JobRecord]) -> list[str]:
    ids = {id for record in dead for id in (*record.job.image_ids, *record.job.derived_ids)}
    files = await context.blobs.find(ids) if ids else {}
    return [await _end_one(context, record, files) for record in dead]


async def _end_one(context: JobContext, record: JobRecord, files: Mapping[str, str]) -> str:
    job = record.job
    if record.sent is None:
        ended = _lost(record, DROPPED, context.now())
        return ended.state if await context.catalog.drop(ended) else "sent meanwhile"
    kept: list[ImageRecord] = []
    shown: list[ImageRecord] = []
    warnings = [*job.warnings, RECOVERED]
    for index, id in enumerate(job.image_ids):
        made = await _adopt(context, record, index, files, warnings) if id in files else []
        kept.extend(made)
        shown.extend(made[-1:])
    if not shown:
        ended = _lost(record, FREE if job.engine == "draft" else INTERRUPTED, context.now())
        await context.catalog.settle(ended, ())
        return ended.state
    if len(shown) < len(job.image_ids):
        warnings.append(f"{len(shown)} of {len(job.image_ids)} pictures were there.")
    if job.finish.save_to:
        warnings.append(NOT_SAVED)
    ended = JobRecord(
        job=job,
        state="done",
        model=job.order.model,
        cost_usd=job.estimate_usd,
        warnings=tuple(warnings),
        images=tuple(shown),
        ended=context.now(),
    )
    await context.catalog.settle(ended, tuple(kept))
    return ended.state


async def _adopt(
    context: JobContext,
    record: JobRecord,
    index: int,
    files: Mapping[str, str],
    warnings: list[str],
) -> list[ImageRecord]:
    """List a picture whose file stands under its final name, and finish it as it was asked."""
    job, id = record.job, record.job.image_ids[index]
    try:
        data = await context.blobs.read(files[id])
        found = await survey(context, data)
        for derived in job.derived_ids[2 * index : 2 * index + 2]:
            if derived in files:  # made again, so that its row tells how
                await context.blobs.delete(files[derived])
    except AquatintError as error:
        warnings.append(f"The file {files[id]} could not be taken in: {error.message}")
        return []
    image = ImageRecord(
        id=id,
        owner=job.owner,
        job=job.id,
        kind=job.kind,
        prompt=job.order.prompt,
        parents=job.parents,
        model=job.order.model,
        bytes=len(data),
        key=files[id],
        created=record.sent or job.created,
        **found.facts(),
    )
    image = await with_preview(context, image, found.small, warnings)
    without_copies = job.finish.model_copy(update={"save_to": ()})
    unsaved = job.model_copy(update={"finish": without_copies})
    return await postprocess(unsaved, context, index, image, warnings)


def _lost(record: JobRecord, failure: Failure, now: float) -> JobRecord:
    spent = failure.spent != "no"
    when = to_the_second(record.job.created if record.sent is None else record.sent)
    return JobRecord(
        job=record.job,
        state="unknown" if spent else "failed",
        request_id=record.request_id,
        failure=failure.model_copy(
            update={
                "fix": failure.fix.format(when=when),
                "request_id": record.request_id,
            }
        ),
        cost_usd=record.job.estimate_usd if spent else 0.0,
        ended=now,
    )


DROPPED = Failure(
    kind="Unavailable",
    code="cancelled",
    message="aquatint was stopped before this call was sent; nothing was paid.",
    fix="Call the tool again if the picture is still wanted.",
)
INTERRUPTED = Failure(
    kind="Unavailable",
    code="interrupted",
    message="aquatint was stopped after this call was sent and before its picture came.",
    fix="Look for it on the provider's usage page at {when}; calling again may be paid again.",
    spent="unknown",
)
FREE = INTERRUPTED.model_copy(
    update={"fix": "Call the tool again; drafts are free.", "spent": "no"}
)

"""Ends the jobs that killed processes left, by what is on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain import names
from ..domain.errors import AquatintError
from ..domain.times import to_the_second
from ..domain.types import Failure, ImageRecord, Job, JobRecord
from .context import JobContext
from .crash import CRASHED, contained
from .failures import DROPPED, FREE, INTERRUPTED
from .postprocess import as_it_came, postprocess, survey, with_preview

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Resume = Callable[[Job], object]  # has a runner go on with what another process sent
KEPT = 86400.0  # seconds for which unfinished parts and sent inputs stay, for support
LOOKED_AT = 200  # failed jobs, the last ones, whose images may have been rescued
RECOVERED = "Recovered after the process that made it was stopped; its cost is an estimate."
NOT_SAVED = "save_to was not written again; copy the picture from its path."


@dataclass(frozen=True, slots=True)
class Repairs:
    """What reconciling did: jobs ended as done, failed (nothing was paid) or unknown, jobs that go
    on; files gone."""

    recovered: int = 0
    dropped: int = 0
    unknown: int = 0
    resumed: int = 0
    cleaned: int = 0

    def __bool__(self) -> bool:
        return self != Repairs()

    def __str__(self) -> str:
        return (
            f"{self.recovered} recovered, {self.dropped} dropped at no cost, {self.unknown} with "
            f"an unknown outcome, {self.resumed} gone on with, {self.cleaned} old files removed"
        )


async def reconcile(context: JobContext, resume: Resume) -> Repairs:
    """End every job that nobody works on any more, by what is on the disk, or have `resume` go on
    with it; list images that are there and were not listed; then remove what is too old.

    Any number of processes may do this at once, and while others work: the first end stays.
    """
    dead = [record for record in await context.catalog.unsettled() if context.abandoned(record)]
    states = [*await _end(context, dead, resume), *await _list_rescued(context)]
    cleaned = await context.blobs.clean(KEPT, context.now())
    count = states.count
    return Repairs(count("done"), count("failed"), count("unknown"), count("resumed"), cleaned)


async def settled(context: JobContext, record: JobRecord, resume: Resume) -> JobRecord:
    """The record, ended first when it never will by itself and nobody can go on with it."""
    if not context.abandoned(record):
        return record
    await _end(context, [record], resume)
    return await context.catalog.job(record.job.id, record.job.owner) or record


async def _end(context: JobContext, dead: Sequence[JobRecord], resume: Resume) -> list[str]:
    files = await _files(context, dead)
    return [await _end_one(context, record, files, resume) for record in dead]


async def _files(context: JobContext, records: Sequence[JobRecord]) -> Mapping[str, str]:
    ids = {id for record in records for id in (*record.job.image_ids, *record.job.derived_ids)}
    return await context.blobs.find(ids) if ids else {}


async def _end_one(
    context: JobContext, record: JobRecord, files: Mapping[str, str], resume: Resume
) -> str:
    if record.sent is None:
        ended = _lost(record, DROPPED, context.now())
        return ended.state if await context.catalog.drop(ended) else "sent meanwhile"
    if await _list(context, record, files):
        return "done"
    engine = context.engines.get(record.job.engine)  # a newer version may know others
    if engine is not None and engine.resumes(record.ticket):
        return await _resume(context, record, resume)
    failure = FREE if record.job.engine == "draft" else INTERRUPTED
    ended = _lost(record, failure, context.now())
    await context.catalog.settle(ended, ())
    return ended.state


async def _resume(context: JobContext, record: JobRecord, resume: Resume) -> str:
    """Of all that find it, one goes on with it: it is this process's first, then its runner's."""
    context.leases.take()
    ours = context.leases.name
    if not await context.catalog.sent(record.job.id, ours, record.lease):
        return "resumed elsewhere"
    resume(record.job.model_copy(update={"resumes": ours}))
    return "resumed"


async def _list_rescued(context: JobContext) -> list[str]:
    """Images that are there as files only, because their disk failed, or we did."""
    rescued = set(await context.blobs.rescued())
    records = [
        record
        for record in await context.catalog.troubles(LOOKED_AT)
        if record.failure is not None
        and record.failure.spent != "no"
        and (record.failure.code == CRASHED or rescued.intersection(record.job.image_ids))
    ]
    files = await _files(context, records)
    return ["done" for record in records if await _list(context, record, files)]


async def _list(context: JobContext, record: JobRecord, files: Mapping[str, str]) -> bool:
    """End a job as done with the images whose files are there; whether there were any."""
    job, listed = record.job, {image.id for image in record.images}
    kept: list[ImageRecord] = []
    shown: list[ImageRecord] = []
    warnings = [*job.warnings, RECOVERED]
    for index, id in enumerate(job.image_ids):
        if id not in files or id in listed:
            continue
        try:
            adopting = _adopt(context, record, index, files, warnings)
            made = await contained(job, "its image was taken in", adopting, "yes")
        except AquatintError as error:
            warnings.append(f"The file {files[id]} could not be taken in: {error.message}")
            continue
        kept.extend(made)
        shown.append(made[-1])
    if not shown:
        return False
    if len(shown) < len(job.image_ids):
        warnings.append(f"{len(shown)} of {len(job.image_ids)} pictures were there.")
    if job.finish.save_to:
        warnings.append(NOT_SAVED)
    ended = JobRecord(
        job=job,
        state="done",
        model=job.order.model,
        cost_usd=job.estimate_usd if record.cost_usd is None else record.cost_usd,
        warnings=tuple(warnings),
        images=tuple(shown),
        ended=context.now(),
    )
    await context.catalog.settle(ended, tuple(kept), recovered=True)
    return True


async def _adopt(
    context: JobContext,
    record: JobRecord,
    index: int,
    files: Mapping[str, str],
    warnings: list[str],
) -> list[ImageRecord]:
    """The image behind a file, finished as it was asked; a rescued file gets its final name."""
    job, id, key = record.job, record.job.image_ids[index], files[record.job.image_ids[index]]
    data = await context.blobs.read(key)
    found = await survey(context, data)
    image = as_it_came(job, id, found, model=None, size=len(data))
    for derived in job.derived_ids[2 * index : 2 * index + 2]:
        if derived in files:  # made again, so that its row tells how
            await context.blobs.delete(files[derived])
    if key.endswith(names.RESCUED):
        await context.blobs.put(image.key, data)
        await context.blobs.delete(key)
        key = image.key
    image = image.model_copy(update={"key": key, "created": record.sent or job.created})
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

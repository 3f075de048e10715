"""The same request again: what makes two requests the same, and what a dry run says of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from ..domain import lineage
from ..domain.requests.plan import Plan
from ..domain.types import Caller, ImageRecord, Job
from ..jobs.context import JobContext
from ..jobs.exports import Saving, save_copies
from .editing import Editing
from .originals import Originals
from .outcomes import Outcome


def digest_of(job: Job) -> str:
    """The same for two calls whose pictures would be interchangeable."""
    parts = {
        "owner": job.owner,
        "order": job.order.model_dump(mode="json", exclude={"chosen", "icon"}),
        "finish": job.finish.model_dump(mode="json", exclude={"save_to", "overwrite"}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


async def source_of(context: JobContext, image: ImageRecord, job: Job) -> ImageRecord:
    """The picture that one was fitted from, which may have more pixels; else itself."""
    identity = lineage.source(image.parents)
    if job.finish.exact_size is None or identity is None:
        return image
    source = await context.catalog.image(identity, job.owner)
    # An exact composite was not fitted: it only has another picture's part inside its mask.
    fitted = source is not None and (source.outside is None) == (image.outside is None)
    return source if source is not None and fitted else image


async def repeated(context: JobContext, outcome: Outcome, job: Job, caller: Caller) -> Outcome:
    """What an earlier, identical job made, copied to where this one's save_to asks."""
    warnings = [
        *outcome.warnings,
        "This is the picture of an earlier, identical call; nothing was paid again. "
        "For another one pass fresh=true or n.",
    ]
    images: list[ImageRecord] = []
    for index, image in enumerate(outcome.images):
        saving = Saving.of(job.finish, caller, index, job.order.n)
        source = await source_of(context, image, job)
        saved = await save_copies(context, image, source, saving, warnings)
        copies_made = saved.saved[len(image.saved) :]
        if copies_made:
            await context.catalog.saved(image.id, caller.owner, copies_made)
        images.append(saved)
    return replace(outcome, images=tuple(images), reused=True, warnings=tuple(warnings))


async def foreseen(editing: Editing, job: Job, originals: Originals, plan: Plan) -> Job | None:
    """An edit's job as it would be prepared, with nothing stored.

    None when a picture of it is new here, so that no earlier job can have had it.
    """
    for one in (*originals.images, *originals.marks.values()):
        known, digest = one.image, hashlib.sha256(one.data).hexdigest()
        if known is None and await editing.context.catalog.same(digest, job.owner) is None:
            return None
    return await replace(editing, keeps=False).prepare(job, originals, plan)


async def already_made(
    context: JobContext, job: Job | None, since: float, gone: str | None
) -> list[str]:
    """What a dry run says when the same call would be answered by what is there.

    `gone` is the id of the job whose reply has just gone to the same client.
    """
    if job is None:
        return []
    twin = await context.catalog.twin(job.owner, digest_of(job), since)
    if twin is None and gone is not None:
        twin = await context.catalog.job(gone, job.owner)
    if twin is None or twin.failure is not None:
        return []
    what = f"Already being made: {twin.job.id}"
    if twin.images:
        what = f"Already made: {', '.join(f'image://{one.id}' for one in twin.images)}"
    return [f"{what}. The same call gives it without paying again; fresh=true pays for another."]

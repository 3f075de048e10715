"""Forgetting: a picture with its files and words, and what is said about that which remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain import given_names, ids
from ..domain.errors import Busy, NoSuchImage
from ..domain.types import EditRequest, ImageRecord, Job
from ..jobs.context import JobContext
from .references import LISTING


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone, by id, and what is not: pictures that name one of them as a parent, pictures
    that one of them was made from, and copies that save_to wrote (paths)."""

    images: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


async def family(context: JobContext, owner: str, reference: str) -> list[ImageRecord]:
    """The picture, and the raw ones behind it that the same call made and no reply showed."""
    identity, name = reference.removeprefix("image://"), given_names.named(reference)
    found = await context.catalog.image(identity, owner) if ids.ID.fullmatch(identity) else None
    if name is not None:
        found = await context.catalog.named(owner, name)
    if found is None:
        raise NoSuchImage(f"There is no picture {reference!r:.60}.", LISTING)
    record = await context.catalog.job(found.job, owner) if found.job else None
    shown = {image.id for image in record.images} if record else set[str]()
    members = [found]
    for member in members:  # grows while it is walked, by at most the steps of postprocess
        for parent in member.parents:
            raw = await context.catalog.image(parent.id, owner)
            known = {one.id for one in members} | shown
            if raw is not None and raw.job == found.job is not None and raw.id not in known:
                members.append(raw)
    return members


async def forget_all(context: JobContext, owner: str, gone: Sequence[ImageRecord]) -> Forgotten:
    """Delete files, previews, saved inputs and then the rows of these pictures.

    Files go first, so that a crash between leaves rows that can be forgotten again. Raises Busy
    when a running job was given one of them; nothing is forgotten then.
    """
    running = await context.catalog.running(owner)
    used = {image.id: await context.catalog.uses(image.id, owner) for image in gone}
    for identity, (jobs, _) in used.items():
        for job in {job.id for job in jobs} & {record.job.id for record in running}:
            raise Busy(
                f"image://{identity} is being used by {job}; nothing was forgotten.",
                f'Wait for it (get_image(image="{job}")), then forget it.',
            )
    kept = {key for record in running for key in _inputs(record.job)}
    for place, image in enumerate(gone, 1):
        keys = {key for job in used[image.id][0] for key in _made_from(job, image.id)}
        record = await context.catalog.job(image.job, owner) if image.job else None
        keys |= set(_inputs(record.job)) if record else set()
        for key in {image.key, *filter(None, [image.preview]), *(keys - kept)}:
            await context.blobs.delete(key)
        await context.catalog.forget(image.id, owner, last=place == len(gone))
    names = {image.id for image in gone}
    children = [child for _, found in used.values() for child in found]
    parents = [parent.id for image in gone for parent in image.parents]
    return Forgotten(
        images=tuple(names),
        children=tuple(dict.fromkeys(one for one in children if one not in names)),
        parents=tuple(dict.fromkeys(one for one in parents if one not in names)),
        copies=tuple(copy.path for image in gone for copy in image.saved),
    )


def _inputs(job: Job) -> list[str]:
    """The keys of what was made ready to be sent with a job."""
    order = job.order
    return [key for key in (*order.images, order.mask, order.markup, job.finish.mask) if key]


def _made_from(job: Job, identity: str) -> list[str]:
    """Those of a job's inputs that were made from one picture."""
    request, name = job.request, f"image://{identity}"
    if not isinstance(request, EditRequest):
        return []
    pairs = list(zip(request.images, job.order.images, strict=False))
    made = [key for given, key in pairs if given == name]
    if request.mask == name:
        made += [key for key in (job.order.mask, job.finish.mask) if key]
    if request.markup == name and job.order.markup:
        made.append(job.order.markup)
    return made

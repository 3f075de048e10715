"""One job, from its order to its stored pictures. Run by whichever runner there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..domain import names
from ..domain.errors import AquatintError, BadReply, BadRequest, NotKept, Refused
from ..domain.ports import Finished, Inputs, Part, Partial, Sent, Waiting
from ..domain.types import Failure, ImageRecord, Job, JobRecord, State
from .context import JobContext, Stage
from .postprocess import postprocess, survey, with_preview


@dataclass(frozen=True, slots=True)
class UnsavedImage:
    """A paid picture whose folder failed: a preview of it, to be shown once and now."""

    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its settled record, and previews of what could not be kept."""

    record: JobRecord
    unsaved: tuple[UnsavedImage, ...] = ()


@dataclass(slots=True)
class _Run:
    """What one run of a job gathers on its way."""

    warnings: list[str]
    images: list[ImageRecord] = field(default_factory=list[ImageRecord])  # all that were kept
    shown: list[ImageRecord] = field(
        default_factory=list[ImageRecord]
    )  # those the caller asked for
    unsaved: list[UnsavedImage] = field(default_factory=list[UnsavedImage])
    error: AquatintError | None = None
    partial: Part | None = None


async def execute(job: Job, context: JobContext, tell: Callable[[Stage], None]) -> Ended:
    """Draw, check, keep, finish, settle. Every outcome is recorded; none is raised."""
    run = _Run(warnings=list(job.warnings))
    started = context.now()
    finished: Finished | None = None
    try:
        finished = await _draw(job, context, run, tell)
        tell(Stage("saving"))
        await _take(job, context, run, finished)
    except AquatintError as error:
        run.error = error
        await _keep_partial(job, context, run)
    record = _record(job, context, run, finished, started)
    try:
        await context.catalog.settle(record, tuple(run.images))
    except AquatintError as error:
        unlisted = f"The catalog could not be written, so this call is not listed: {error}"
        record = record.model_copy(update={"warnings": (*record.warnings, unlisted)})
    return Ended(record, tuple(run.unsaved))


async def _draw(
    job: Job, context: JobContext, run: _Run, tell: Callable[[Stage], None]
) -> Finished:
    """Stop 3: the engine's events, until the pictures are on disk as parts."""
    order = job.order
    inputs = Inputs(
        images=tuple([await context.blobs.read(key) for key in order.images]),
        mask=await context.blobs.read(order.mask) if order.mask else None,
        markup=await context.blobs.read(order.markup) if order.markup else None,
    )
    tell(Stage("asking"))
    async for event in context.engines[job.engine].render(order, inputs, context.blobs.part):
        match event:
            case Sent():
                if not await context.catalog.sent(job.id, context.lease):
                    raise BadRequest(CANCELLED.message, CANCELLED.fix, code=CANCELLED.code)
                tell(Stage("drawing"))
            case Waiting(seconds):
                tell(Stage("pausing", f"the provider asked for {seconds:.0f} s"))
            case Partial(index, part):
                if run.partial is not None:
                    run.partial.discard()
                run.partial = part
                tell(Stage("drawing", f"early look {index + 1}"))
            case Finished():
                return event
    raise BadReply("The engine ended without a picture.", "Try another model.", spent="unknown")


async def _take(job: Job, context: JobContext, run: _Run, finished: Finished) -> None:
    """Stops 4 and 5, picture by picture: a bad one never costs a good one."""
    run.warnings.extend(finished.notes)
    if run.partial is not None:
        run.partial.discard()
        run.partial = None
    came, asked = len(finished.parts), len(job.image_ids)
    if came != asked:
        run.warnings.append(f"{came} pictures came; {asked} were asked for.")
    for spare in finished.parts[asked:]:
        spare.discard()
    for index, part in enumerate(finished.parts[:asked]):
        try:
            original = await _keep(job, context, run, index, part, finished.model)
        except NotKept as error:  # its message says where the bytes are
            run.error = error
        except AquatintError as error:
            run.error = error
            part.discard()
        else:
            made = await postprocess(job, context, index, original, run.warnings)
            run.shown.append(made[-1])
            run.images.extend(made)
    if run.error is not None and run.shown:
        run.warnings.append(f"A picture of this call is missing. {run.error}")


async def _keep(
    job: Job, context: JobContext, run: _Run, index: int, part: Part, model: str | None
) -> ImageRecord:
    """Check the bytes as they came, make them durable, untouched, and store their preview."""
    try:
        found = await survey(context, part)
    except AquatintError as error:
        raise BadReply(
            f"The provider's picture cannot be used: {error.message}",
            "The call was probably billed. Try again, or ask for another format.",
            spent="yes",
        ) from error
    identity = job.image_ids[index]
    key = names.image_key(job.created, job.kept_prompt, identity, found.seen.format)
    try:
        await context.blobs.keep(part, key)
    except NotKept:
        if found.small is not None:
            run.unsaved.append(UnsavedImage(found.small.data, found.small.mime))
        raise
    kept = ImageRecord(
        id=identity,
        owner=job.owner,
        job=job.id,
        kind=job.kind,
        prompt=job.kept_prompt,
        parents=job.parents,
        model=model or job.order.model,
        bytes=part.size,
        key=key,
        created=context.now(),
        **found.facts(),
    )
    return await with_preview(context, kept, found.small, run.warnings)


async def _keep_partial(job: Job, context: JobContext, run: _Run) -> None:
    """The last early look is kept, and named as such, when the picture itself never comes."""
    if run.partial is None:
        return
    try:
        kept = await _keep(job, context, run, 0, run.partial, None)
    except AquatintError as error:
        run.partial.discard()
        run.warnings.append(f"The last early look could not be kept: {error.message}")
        return
    early = kept.model_copy(update={"note": "an early look; the finished picture never came"})
    run.images.append(early)
    run.shown.append(early)


def _record(
    job: Job, context: JobContext, run: _Run, finished: Finished | None, started: float
) -> JobRecord:
    error = run.error if finished is None or not run.shown else None
    usage = finished.usage if finished else None
    ended = context.now()
    return JobRecord(
        job=job,
        state=_state(error),
        model=(finished.model if finished else None) or job.order.model,
        usage=usage,
        cost_usd=_cost(job, context, finished, error),
        seconds=round(ended - started, 3),
        request_id=finished.request_id if finished else error and error.request_id,
        failure=failure_of(error) if error else None,
        warnings=tuple(run.warnings),
        images=tuple(run.shown),
        ended=ended,
    )


def _state(error: AquatintError | None) -> State:
    if error is None:
        return "done"
    if isinstance(error, Refused):
        return "refused"
    return "unknown" if error.spent == "unknown" else "failed"


def _cost(
    job: Job, context: JobContext, finished: Finished | None, error: AquatintError | None
) -> float | None:
    """What was paid: as a gateway says, by the provider's count, else by the estimate."""
    if finished is not None and finished.cost_usd is not None:
        return finished.cost_usd
    if finished is not None and finished.usage is not None:
        return context.price(job.order.model, finished.usage, job.order.n)
    if error is not None and error.spent == "no":
        return 0.0
    return job.estimate_usd


def failure_of(error: AquatintError) -> Failure:
    return Failure(
        kind=type(error).__name__,
        code=error.reason,
        message=error.message,
        fix=error.fix,
        retry_after=error.retry_after,
        spent=error.spent,
        request_id=error.request_id,
    )


CANCELLED = Failure(
    kind="BadRequest",
    code="cancelled",
    message="This call was cancelled before it was sent; nothing was paid.",
    fix="Call the tool again if the picture is still wanted.",
)

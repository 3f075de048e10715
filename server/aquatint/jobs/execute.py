"""One job, from its order to its stored pictures. Run by whichever runner there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..domain import names
from ..domain.errors import AquatintError, BadReply, BadRequest, NotKept, Refused
from ..domain.ports import Finished, Inputs, Part, Partial, Sent, Waiting
from ..domain.types import Failure, Job, Picture, Record, State, Usage
from .context import Stage, Workshop
from .postprocess import finish, survey, with_preview


@dataclass(frozen=True, slots=True)
class Loose:
    """A paid picture whose folder failed: a preview of it, to be shown once and now."""

    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its settled record, and previews of what could not be kept."""

    record: Record
    loose: tuple[Loose, ...] = ()


@dataclass(slots=True)
class _Run:
    """What one run of a job gathers on its way."""

    warnings: list[str]
    pictures: list[Picture] = field(default_factory=list[Picture])  # all that were kept
    shown: list[Picture] = field(default_factory=list[Picture])  # those the caller asked for
    loose: list[Loose] = field(default_factory=list[Loose])
    error: AquatintError | None = None
    partial: Part | None = None


async def develop(job: Job, shop: Workshop, tell: Callable[[Stage], None]) -> Ended:
    """Draw, check, keep, finish, settle. Every outcome is recorded; none is raised."""
    run = _Run(warnings=list(job.warnings))
    started = shop.now()
    finished: Finished | None = None
    try:
        finished = await _draw(job, shop, run, tell)
        tell(Stage("saving"))
        await _take(job, shop, run, finished)
    except AquatintError as error:
        run.error = error
        await _keep_partial(job, shop, run)
    record = _record(job, shop, run, finished, started)
    try:
        await shop.catalog.settle(record, tuple(run.pictures))
    except AquatintError as error:
        unlisted = f"The catalog could not be written, so this call is not listed: {error}"
        record = record.model_copy(update={"warnings": (*record.warnings, unlisted)})
    return Ended(record, tuple(run.loose))


async def _draw(job: Job, shop: Workshop, run: _Run, tell: Callable[[Stage], None]) -> Finished:
    """Stop 3: the engine's events, until the pictures are on disk as parts."""
    order = job.order
    inputs = Inputs(
        images=tuple([await shop.blobs.read(key) for key in order.images]),
        mask=await shop.blobs.read(order.mask) if order.mask else None,
        markup=await shop.blobs.read(order.markup) if order.markup else None,
    )
    tell(Stage("asking"))
    async for event in shop.engines[job.engine].render(order, inputs, shop.blobs.part):
        match event:
            case Sent():
                if not await shop.catalog.sent(job.id, shop.lease):
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


async def _take(job: Job, shop: Workshop, run: _Run, finished: Finished) -> None:
    """Stops 4 and 5, picture by picture: a bad one never costs a good one."""
    run.warnings.extend(finished.notes)
    if run.partial is not None:
        run.partial.discard()
        run.partial = None
    came, asked = len(finished.parts), len(job.picture_ids)
    if came != asked:
        run.warnings.append(f"{came} pictures came; {asked} were asked for.")
    for spare in finished.parts[asked:]:
        spare.discard()
    for index, part in enumerate(finished.parts[:asked]):
        try:
            original = await _keep(job, shop, run, index, part, finished.model)
        except NotKept as error:  # its message says where the bytes are
            run.error = error
        except AquatintError as error:
            run.error = error
            part.discard()
        else:
            made = await finish(job, shop, index, original, run.warnings)
            run.shown.append(made[-1])
            run.pictures.extend(made)
    if run.error is not None and run.shown:
        run.warnings.append(f"A picture of this call is missing. {run.error}")


async def _keep(
    job: Job, shop: Workshop, run: _Run, index: int, part: Part, model: str | None
) -> Picture:
    """Check the bytes as they came, make them durable, untouched, and store their preview."""
    try:
        found = await survey(shop, part)
    except AquatintError as error:
        raise BadReply(
            f"The provider's picture cannot be used: {error.message}",
            "The call was probably billed. Try again, or ask for another format.",
            spent="yes",
        ) from error
    identity = job.picture_ids[index]
    key = names.picture_key(job.created, job.kept_prompt, identity, found.seen.format)
    try:
        await shop.blobs.keep(part, key)
    except NotKept:
        if found.small is not None:
            run.loose.append(Loose(found.small.data, found.small.mime))
        raise
    kept = Picture(
        id=identity,
        owner=job.owner,
        job=job.id,
        kind=job.kind,
        prompt=job.kept_prompt,
        parents=job.parents,
        model=model or job.order.model,
        bytes=part.size,
        key=key,
        created=shop.now(),
        **found.facts(),
    )
    return await with_preview(shop, kept, found.small, run.warnings)


async def _keep_partial(job: Job, shop: Workshop, run: _Run) -> None:
    """The last early look is kept, and named as such, when the picture itself never comes."""
    if run.partial is None:
        return
    try:
        kept = await _keep(job, shop, run, 0, run.partial, None)
    except AquatintError as error:
        run.partial.discard()
        run.warnings.append(f"The last early look could not be kept: {error.message}")
        return
    early = kept.model_copy(update={"note": "an early look; the finished picture never came"})
    run.pictures.append(early)
    run.shown.append(early)


def _record(
    job: Job, shop: Workshop, run: _Run, finished: Finished | None, started: float
) -> Record:
    error = run.error if finished is None or not run.shown else None
    usage = finished.usage if finished else None
    ended = shop.now()
    return Record(
        job=job,
        state=_state(error),
        model=(finished.model if finished else None) or job.order.model,
        usage=usage,
        cost_usd=_cost(job, shop, usage, error),
        seconds=round(ended - started, 3),
        request_id=finished.request_id if finished else error and error.request_id,
        failure=failure_of(error) if error else None,
        warnings=tuple(run.warnings),
        pictures=tuple(run.shown),
        ended=ended,
    )


def _state(error: AquatintError | None) -> State:
    if error is None:
        return "done"
    if isinstance(error, Refused):
        return "refused"
    return "unknown" if error.spent == "unknown" else "failed"


def _cost(
    job: Job, shop: Workshop, usage: Usage | None, error: AquatintError | None
) -> float | None:
    """What was paid: by the provider's count, else by the estimate where money may have gone."""
    if usage is not None:
        return shop.price(job.order.model, usage, job.order.n)
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

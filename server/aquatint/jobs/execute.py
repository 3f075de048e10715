"""One job, from its order to its stored images. Run by whichever runner there is."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from ..domain import names
from ..domain.engine import (
    Accepted,
    Event,
    Finished,
    Inputs,
    Part,
    Partial,
    Progress,
    Sent,
    Waiting,
)
from ..domain.errors import AquatintError, BadReply, NotKept, Refused, Spent, Unavailable
from ..domain.types import ImageRecord, Job, JobRecord, State
from . import lettering
from .context import JobContext, Stage
from .crash import CRASHED, PAID, contained
from .failures import CANCELLED, failure_of, without_result
from .postprocess import as_it_came, postprocess, survey, with_preview

TOO_DEAR = 20  # times the estimate, beyond which the provider's figures are not believed
LAST_BYTES = {"png": b"IEND\xaeB`\x82", "jpeg": b"\xff\xd9", "gif": b";"}
HEAD = 4096  # bytes of a file that tell its format
CHEAP = 1.0  # dollars that are believed whatever the estimate


@dataclass(frozen=True, slots=True)
class UnsavedImage:
    """A paid image whose folder failed: a preview of it, to be shown once and now."""

    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its record, all images that were kept, previews of those that were not."""

    record: JobRecord
    unsaved: tuple[UnsavedImage, ...] = ()
    kept: tuple[ImageRecord, ...] = ()
    listed: bool = False  # the catalog says so already


async def execute(job: Job, context: JobContext, report: Callable[[Stage], None]) -> Ended | None:
    """Draw, check, keep, finish. Every outcome is in the record; None when another process has it.

    Raises AquatintError only where the catalog cannot say which.
    """
    return await _Execution(job, context, report).run()


@dataclass(slots=True)
class _Execution:
    """One run of a job, and what it gathers on its way."""

    job: Job
    context: JobContext
    report: Callable[[Stage], None]
    warnings: list[str] = field(init=False)
    kept: list[ImageRecord] = field(default_factory=list[ImageRecord])
    shown: list[ImageRecord] = field(default_factory=list[ImageRecord])  # what was asked for
    unsaved: list[UnsavedImage] = field(default_factory=list[UnsavedImage])
    opened: list[Part] = field(default_factory=list[Part])  # all that the engine wrote to
    early: Part | None = None  # the last early look
    sent: bool = False
    not_ours: bool = False  # cancelled meanwhile, or another process sends it
    finished: Finished | None = None
    error: AquatintError | None = None

    def __post_init__(self) -> None:
        self.warnings = list(self.job.warnings)

    async def run(self) -> Ended | None:
        started = self.context.now()
        phrases = lettering.wanted(self.job, self.context)
        try:
            self.finished = await contained(self.job, "the image was drawn", self._draw(), "yes")
        except AquatintError as error:
            self._failed(error)
        if self.not_ours:
            return await self._ended_elsewhere()
        if self.finished is not None:
            self.report(Stage("saving"))
            self._compare(self.finished)
            await self._take(self.finished.parts, self.finished.model)
            await lettering.check(self.job, self.context, phrases, self.shown, self.warnings)
        elif self._crashed:
            await self._take(self.opened, None)
        error = None if self.shown else self.error
        await self._keep_early()
        record = await self._record(started, error)
        return Ended(record, tuple(self.unsaved), tuple(self.kept))

    async def _draw(self) -> Finished:
        """The engine's events, until the images are on disk as parts."""
        job, order, blobs = self.job, self.job.order, self.context.blobs
        engine = self.context.engines[job.engine]
        if job.resumes:
            await self._send()
            record = await self.context.catalog.job(job.id, job.owner)
            ticket = record.ticket if record else ""
            going_on = engine.resume(order, self._part, job=job.id, ticket=ticket)
            return await self._events(going_on)
        inputs = Inputs(
            images=tuple([await blobs.read(key) for key in order.images]),
            mask=await blobs.read(order.mask) if order.mask else None,
            markup=await blobs.read(order.markup) if order.markup else None,
        )
        self.report(Stage("asking"))
        return await self._events(engine.render(order, inputs, self._part, job=job.id))

    async def _events(self, events: AsyncIterator[Event]) -> Finished:
        async for event in events:
            match event:
                case Sent():
                    await self._send()
                case Accepted(ticket):
                    await self._accepted(ticket)
                case Waiting(seconds):
                    await self._pause(seconds)
                case Progress(words):
                    self.report(Stage("drawing", words))
                case Partial(index, part):
                    if self.early is not None:
                        self.early.discard()
                    self.early = part
                    await self.context.blobs.lend(self.job.id, part)
                    self.report(Stage("drawing", f"early look {index + 1}"))
                case Finished():
                    return event
                case _:
                    assert_never(event)
        raise BadReply("The engine ended without an image.", "Try another model.", spent="unknown")

    def _part(self) -> Part:
        part = self.context.blobs.part()
        self.opened.append(part)
        return part

    async def _send(self) -> None:
        """Before every try: from here on an unanswered call may have cost money."""
        catalog, lease = self.context.catalog, self.context.leases.name
        if not await catalog.sent(self.job.id, lease, self.job.resumes):
            self.not_ours = True
            raise Unavailable(CANCELLED.message, CANCELLED.fix, code=CANCELLED.code)
        self.sent = True
        self.report(Stage("drawing"))

    async def _accepted(self, ticket: str) -> None:
        """Now others can fetch it; where that cannot be written down, only we can."""
        catalog, lease = self.context.catalog, self.context.leases.name
        try:
            await catalog.accepted(self.job.id, lease, ticket)
        except AquatintError as error:
            self.warnings.append(f"Its name at the provider could not be kept: {error.message}")

    async def _pause(self, seconds: float) -> None:
        """The provider did not begin, so until the next try the call can be cancelled."""
        await self.context.catalog.pausing(self.job.id, self.context.leases.name)
        self.sent = False
        self.report(Stage("pausing", f"the provider asked for {seconds:.0f} s"))

    def _failed(self, error: AquatintError) -> None:
        """A crash says how much it knows about the money."""
        if error.reason == CRASHED:
            spent: Spent = "unknown" if self.sent else "no"
            fix = PAID if self.sent else "Call the tool again; the server's log has the details."
            error = type(error)(error.message, fix, code=CRASHED, spent=spent)
        self.error = error

    @property
    def _crashed(self) -> bool:
        return self.error is not None and self.error.reason == CRASHED

    async def _ended_elsewhere(self) -> Ended | None:
        """As the catalog says; nothing of ours is written over it."""
        record = await self.context.catalog.job(self.job.id, self.job.owner)
        if record is not None and record.state == "intent":
            return None
        return Ended(record or without_result(self.job, CANCELLED, self.context), listed=True)

    def _compare(self, finished: Finished) -> None:
        self.warnings.extend(finished.notes)
        came, asked = len(finished.parts), len(self.job.image_ids)
        if came != asked:
            self.warnings.append(f"{came} pictures came; {asked} were asked for.")
        for spare in finished.parts[asked:]:
            spare.discard()

    async def _take(self, parts: Sequence[Part], model: str | None) -> None:
        """Keep and finish image by image: a bad one never costs a good one."""
        for index, part in enumerate(parts[: len(self.job.image_ids)]):
            if part is self.early or (self.finished is None and not _head(part)):
                continue
            try:
                original = await contained(
                    self.job, "the image was kept", self._keep(index, part, model), "yes"
                )
            except NotKept as error:  # its message says where the bytes are
                self.error = error
                continue
            except AquatintError as error:
                self.error = await self._unusable(index, part, error)
                continue
            self.kept.append(original)
            made = await self._finish(index, original)
            self.kept.extend(made[1:])
            self.shown.append(made[-1])
        if self.error is not None and self.shown:
            self.warnings.append(f"A picture of this call may be missing. {self.error}")

    async def _finish(self, index: int, original: ImageRecord) -> list[ImageRecord]:
        """What was asked for beyond the image itself; a failure is a warning, never a loss."""
        try:
            return await contained(
                self.job,
                "the image was finished",
                postprocess(self.job, self.context, index, original, self.warnings),
                "yes",
            )
        except AquatintError as error:
            self.warnings.append(f"{error.message} The picture is shown as it came.")
            return [original]

    async def _keep(self, index: int, part: Part, model: str | None) -> ImageRecord:
        """Check the bytes as they came, make them durable, untouched, and store their preview."""
        job, context = self.job, self.context
        found = await survey(context, part)
        kept = as_it_came(job, job.image_ids[index], found, model=model, size=part.size)
        kept = kept.model_copy(update={"created": context.now()})
        try:
            await context.blobs.keep(part, kept.key)
        except NotKept:
            if found.small is not None:
                self.unsaved.append(UnsavedImage(found.small.data, found.small.mime))
            raise
        return await with_preview(context, kept, found.small, self.warnings)

    async def _unusable(self, index: int, part: Part, error: AquatintError) -> AquatintError:
        """What came whole, or crashed us, stays in a file that a later version may take in."""
        from ..imaging.sniff import sniff

        job, where = self.job, None
        format = sniff(_head(part))
        if format and (error.reason == CRASHED or part.read().endswith(LAST_BYTES.get(format, ()))):
            key = names.image_key(job.created, job.kept_prompt, job.image_ids[index], format)
            where = await self.context.blobs.rescue(part, key)
        else:
            part.discard()
        kept = f" Its bytes are in {where}." if where else ""
        if error.reason == CRASHED:
            return type(error)(f"{error.message}{kept}", error.fix, code=CRASHED, spent="yes")
        return BadReply(
            f"The provider's picture cannot be used: {error.message}{kept}",
            "The call was probably billed. Try again, or ask for another format.",
            spent="yes",
        )

    async def _keep_early(self) -> None:
        """The last early look is kept, and named as such, when the image itself never comes."""
        early, self.early = self.early, None
        if early is None:
            return
        await self.context.blobs.lend(self.job.id, None)
        if self.finished is not None or self.shown:
            early.discard()
            return
        try:
            kept = await contained(
                self.job, "the early look was kept", self._keep(0, early, None), "yes"
            )
        except AquatintError as error:
            early.discard()
            self.warnings.append(f"The last early look could not be kept: {error.message}")
            return
        note = "an early look; the finished picture never came"
        self.kept.append(kept.model_copy(update={"note": note}))
        self.shown.append(self.kept[-1])

    async def _record(self, started: float, error: AquatintError | None) -> JobRecord:
        finished = self.finished
        usage = finished.usage if finished else None
        try:
            cost = await contained(self.job, "its cost was counted", self._cost(error), "yes")
        except AquatintError as wrong:
            self.warnings.append(f"{wrong.message} The cost is the estimate.")
            usage, cost = None, self.job.estimate_usd
        ended = self.context.now()
        return JobRecord(
            job=self.job,
            state=_state(error),
            model=(finished.model if finished else None) or self.job.order.model,
            usage=usage,
            cost_usd=cost,
            seconds=round(ended - started, 3),
            request_id=finished.request_id if finished else error and error.request_id,
            revised_prompt=finished.revised_prompt if finished else None,
            failure=failure_of(error) if error else None,
            warnings=tuple(self.warnings),
            images=tuple(self.shown),
            ended=ended,
        )

    async def _cost(self, error: AquatintError | None) -> float | None:
        """What was paid: as a gateway says, by the provider's count, else by the estimate."""
        job, finished = self.job, self.finished
        if finished is None or (finished.cost_usd is None and finished.usage is None):
            return 0.0 if error is not None and error.spent == "no" else job.estimate_usd
        cost = finished.cost_usd
        if cost is None:
            cost = self.context.price(job.order.model, finished.usage, job.order.n)
        if cost is not None and not 0 <= cost <= _most(job.estimate_usd):
            raise BadReply("The provider's figures cannot be true.", "", spent="yes")
        return cost


def _most(estimate: float | None) -> float:
    return math.inf if estimate is None else max(CHEAP, TOO_DEAR * estimate)


def _head(part: Part) -> bytes:
    """The first bytes of a part; none when it was discarded or nothing came."""
    try:
        return part.read(HEAD)
    except OSError:
        return b""


def _state(error: AquatintError | None) -> State:
    if error is None:
        return "done"
    if isinstance(error, Refused):
        return "refused"
    return "unknown" if error.spent == "unknown" else "failed"

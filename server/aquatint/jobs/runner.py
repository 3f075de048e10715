"""Work that outlives the request that asked for it: the runner port and the in-process runner."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
from anyio.abc import TaskGroup

from ..domain.errors import AquatintError
from ..domain.types import Failure, Finding, Job, JobRecord
from .context import JobContext, Stage
from .execute import CANCELLED, Ended, execute

log = logging.getLogger(__name__)

REMEMBERED = 256  # ended jobs whose outcome stays in memory; the catalog has them all

Announce = Callable[[Ended], Coroutine[Any, Any, None]]


class Runner(Protocol):
    """Runs jobs outside the requests that asked for them."""

    def start(self, job: Job) -> None: ...
    async def wait(self, job: str, seconds: float) -> Ended | None:
        """The outcome, as soon as there is one; None when time is up or the job is not here."""
        ...

    def stage(self, job: str) -> Stage | None:
        """Where a job stands; None when it is not (or no longer) here."""
        ...

    def drop(self, job: str) -> bool:
        """Have a job given up at no cost; `wait` tells whether that came in time.

        False when it is known to be sent, has ended, or is not here.
        """
        ...

    async def check(self) -> list[Finding]: ...


@dataclass(slots=True)
class Ticket:
    """A job that has not ended; `sent` from the moment it may cost money, `dropped` when asked."""

    job: Job
    stage: Stage = field(default_factory=lambda: Stage("queued"))
    sent: bool = False
    dropped: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)

    def move(self, stage: Stage) -> None:
        self.stage = stage
        self.sent = self.sent or stage.name == "drawing"


class Tickets:
    """A runner's jobs in the order they came, and how the last ones ended."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Ticket] = OrderedDict()
        self._ended: OrderedDict[str, Ended] = OrderedDict()

    def __iter__(self) -> Iterator[Ticket]:
        return iter(list(self._open.values()))

    def open(self, job: Job) -> Ticket:
        return self._open.setdefault(job.id, Ticket(job))

    def get(self, job: str) -> Ticket | None:
        return self._open.get(job)

    def end(self, job: str, ended: Ended | None) -> None:
        """Close a ticket; without an outcome when the job goes on elsewhere."""
        if ended is not None:
            self._ended[job] = ended
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        ticket = self._open.pop(job, None)
        if ticket is not None:
            ticket.done.set()

    async def wait(self, job: str, seconds: float) -> Ended | None:
        ticket = self._open.get(job)
        if ticket is not None:
            with anyio.move_on_after(seconds):
                await ticket.done.wait()
        return self._ended.get(job)


class InProcess:
    """Jobs as tasks of this process, a few at a time, first come first served.

    An async context manager: on leaving, running jobs get `drain` seconds to end.
    `announce` is awaited after each job has settled, `changed` called whenever a stage did.
    """

    def __init__(
        self,
        context: JobContext,
        *,
        concurrency: int,
        drain: float,
        announce: Announce,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._context = context
        self._seats = anyio.Semaphore(concurrency)
        self._drain = drain
        self._announce = announce
        self._changed = changed
        self._tickets = Tickets()
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._group: TaskGroup

    async def __aenter__(self) -> Self:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        # The host may be gone already: paid pictures are finished all the same.
        with anyio.CancelScope(shield=True), anyio.move_on_after(self._drain):
            for ticket in self._tickets:
                await ticket.done.wait()
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, trace)

    def start(self, job: Job) -> None:
        self._scopes[job.id] = anyio.CancelScope()
        self._group.start_soon(self._run, self._tickets.open(job), name=job.id)
        self._changed()

    async def wait(self, job: str, seconds: float) -> Ended | None:
        return await self._tickets.wait(job, seconds)

    def stage(self, job: str) -> Stage | None:
        return self.stages().get(job)

    def stages(self) -> dict[str, Stage]:
        """Every job's stage; what is queued knows how many stand before it."""
        return {
            ticket.job.id: Stage("queued", f"{ahead} before it")
            if ticket.stage.name == "queued"
            else ticket.stage
            for ahead, ticket in enumerate(self._tickets)
        }

    def drop(self, job: str) -> bool:
        ticket = self._tickets.get(job)
        if ticket is None or ticket.sent:
            return False
        self._scopes[job].cancel()
        return True

    async def check(self) -> list[Finding]:
        return []

    async def _run(self, ticket: Ticket) -> None:
        job = ticket.job

        def tell(stage: Stage) -> None:
            ticket.move(stage)
            self._changed()

        ended = None
        try:
            with self._scopes[job.id]:
                async with self._seats:
                    ended = await execute(job, self._context, tell)
            if ended is None:  # dropped
                ended = await give_up(job, CANCELLED, self._context)
            self._tickets.end(job.id, ended)
            await self._announce(ended)
        except Exception:
            # The one net under a job: a bug must neither take the server down nor go unrecorded.
            log.exception("job %s crashed", job.id)
            ended = ended or await give_up(job, CRASHED, self._context)
        finally:
            del self._scopes[job.id]
            self._tickets.end(job.id, ended)
            self._changed()


class Dispatch:
    """Paid jobs to one runner, free ones to the other, which also takes what the first gives up."""

    def __init__(self, paid: Runner, free: Runner, is_paid: Callable[[Job], bool]) -> None:
        self._paid, self._free, self._is_paid = paid, free, is_paid

    def start(self, job: Job) -> None:
        (self._paid if self._is_paid(job) else self._free).start(job)

    async def wait(self, job: str, seconds: float) -> Ended | None:
        until = anyio.current_time() + seconds
        ended = await self._paid.wait(job, seconds)
        return ended or await self._free.wait(job, until - anyio.current_time())

    def stage(self, job: str) -> Stage | None:
        return self._paid.stage(job) or self._free.stage(job)

    def drop(self, job: str) -> bool:
        return self._paid.drop(job) or self._free.drop(job)

    async def check(self) -> list[Finding]:
        return [*await self._paid.check(), *await self._free.check()]


@contextmanager
def staying(callers: Counter[str], runner: Runner, job: str) -> Generator[None]:
    """Around a caller's wait: when the last one is cancelled before the job was sent, drop it."""
    callers[job] += 1
    try:
        yield
    except anyio.get_cancelled_exc_class():
        if callers[job] == 1:
            runner.drop(job)
        raise
    finally:
        callers[job] -= 1
        if not callers[job]:
            del callers[job]


async def give_up(job: Job, failure: Failure, context: JobContext) -> Ended:
    """End a job that no engine ended: it cost nothing, or, when nobody knows, the estimate."""
    spent = failure.spent != "no"
    record = JobRecord(
        job=job,
        state="unknown" if spent else "failed",
        failure=failure,
        cost_usd=job.estimate_usd if spent else 0.0,
        ended=context.now(),
    )
    try:
        await context.catalog.settle(record, ())
    except AquatintError as error:
        log.error("job %s could not be settled: %s", job.id, error)  # noqa: TRY400  # no traceback
    return Ended(record)


CRASHED = Failure(
    kind="Unavailable",
    code="crashed",
    message="aquatint itself failed while it worked on this call.",
    fix="Look for the picture with recent_images; the server's log has the details.",
    spent="unknown",
)

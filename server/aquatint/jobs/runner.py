"""Work that outlives the request that asked for it: the runner port and the in-process runner."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
from anyio.abc import TaskGroup

from ..domain.errors import AquatintError, Unavailable
from ..domain.types import Finding, Job
from .context import JobContext, Stage
from .crash import contained
from .execute import Ended, execute
from .failures import CANCELLED, failure_of, without_result
from .settling import Settler

REMEMBERED = 256  # ended jobs whose outcome stays in memory; the catalog has them all
QUEUED = Stage("queued")
DEADLINE = 300.0  # seconds, of a job that names none
BEAT = 1.0  # seconds between two signs of life of a process with work
LISTING = 5.0  # seconds that a caller waits for the catalog

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

    def cancel(self, job: str) -> bool:
        """Have a job given up at no cost; `wait` tells whether that came in time.

        False when it is known to be sent, has ended, or is not here.
        """
        ...

    async def check(self) -> list[Finding]: ...


@dataclass(slots=True, eq=False)
class OpenJob:
    """A job that has not ended; `sent` while it may cost money, `cancelled` when asked.

    `due` is when its engine gives up, by the event loop's clock, once that began.
    """

    job: Job
    stage: Stage = QUEUED
    sent: bool = False
    cancelled: bool = False
    due: float | None = None
    done: anyio.Event = field(default_factory=anyio.Event)

    def move(self, stage: Stage) -> None:
        self.stage = stage
        if self.due is None and stage.name != QUEUED.name:
            self.due = anyio.current_time() + (self.job.deadline or DEADLINE)
        if stage.name in {"drawing", "pausing"}:  # the provider did not begin what it postponed
            self.sent = stage.name == "drawing"

    def queue_again(self) -> None:
        self.stage, self.due = QUEUED, None


class JobTable:
    """A runner's jobs in the order they came, and how the last ones ended."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, OpenJob] = OrderedDict()
        self._ended: OrderedDict[str, Ended] = OrderedDict()

    def __iter__(self) -> Iterator[OpenJob]:
        return iter(list(self._open.values()))

    def __bool__(self) -> bool:
        return bool(self._open)

    def open(self, job: Job) -> OpenJob:
        return self._open.setdefault(job.id, OpenJob(job))

    def get(self, job: str) -> OpenJob | None:
        return self._open.get(job)

    def close(self, job: str, ended: Ended | None) -> None:
        """Answer all who wait; without an outcome when the job goes on elsewhere."""
        if ended is not None:
            self._ended[job] = ended
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        known = self._open.pop(job, None)
        if known is not None:
            known.done.set()

    async def wait(self, job: str, seconds: float) -> Ended | None:
        known = self._open.get(job)
        if known is not None:
            with anyio.move_on_after(seconds):
                await known.done.wait()
        return self._ended.get(job)

    async def all_closed(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            for known in self:
                await known.done.wait()


class InProcess:
    """Jobs as tasks of this process, a few at a time, first come first served.

    An async context manager: on leaving, running jobs get `drain` seconds to end.
    `announce` is awaited after each job has ended, `changed` called whenever a stage did.
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
        self._turns = anyio.Semaphore(concurrency)
        self._drain = drain
        self._announce = announce
        self._changed = changed
        self._jobs = JobTable()
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._settler = Settler(context, self._settled)
        self._beating = self._left = False
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
        # The host may be gone already: paid images are finished all the same.
        with anyio.CancelScope(shield=True):
            await self._jobs.all_closed(self._drain)
        self._left = True
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, trace)

    def start(self, job: Job) -> None:
        if self._left:
            raise stopping()
        self._scopes[job.id] = anyio.CancelScope()
        self._group.start_soon(self._run, self._jobs.open(job), name=job.id)
        if not self._beating:
            self._beating = True
            self._group.start_soon(self._beat)
        self._changed()

    async def wait(self, job: str, seconds: float) -> Ended | None:
        return await self._jobs.wait(job, seconds)

    def stage(self, job: str) -> Stage | None:
        return self.stages().get(job)

    def stages(self) -> dict[str, Stage]:
        """Every job's stage; what is queued knows how many stand before it."""
        return {
            known.job.id: Stage("queued", f"{ahead} before it")
            if known.stage.name == QUEUED.name
            else known.stage
            for ahead, known in enumerate(self._jobs)
        }

    def cancel(self, job: str) -> bool:
        known = self._jobs.get(job)
        if known is None or known.sent:
            return False
        self._scopes[job].cancel()
        return True

    async def check(self) -> list[Finding]:
        return []

    @property
    def busy(self) -> bool:
        """Whether a job has not ended, or the catalog does not list its end yet."""
        return bool(self._jobs or self._settler)

    async def all_ended(self) -> None:
        """Until every job has, and the catalog lists it, or that was tried for long."""
        await self._jobs.all_closed(math.inf)
        await self._settler.all_done()

    async def _run(self, known: OpenJob) -> None:
        job = known.job
        try:
            ended = await contained(job, "it ran", self._outcome(known), "unknown")
        except AquatintError as error:
            ended = Ended(without_result(job, failure_of(error), self._context))
        if ended is not None:
            ended = await self._settler.settle(ended, self._group, LISTING)
        del self._scopes[job.id]
        self._jobs.close(job.id, ended)
        self._changed()
        if ended is not None:
            await self._settled(ended)

    async def _outcome(self, known: OpenJob) -> Ended | None:
        job = known.job

        def report(stage: Stage) -> None:
            known.move(stage)
            self._changed()

        with self._scopes[job.id]:
            async with self._turns:
                self._context.leases.take()  # the home may be a new one
                return await execute(job, self._context, report)
        return Ended(without_result(job, CANCELLED, self._context))

    async def _settled(self, ended: Ended) -> None:
        with suppress(AquatintError):  # it is in the log
            await contained(ended.record.job, "it was announced", self._announce(ended), "yes")

    async def _beat(self) -> None:
        """Show others that this process works, while it does."""
        while self.busy:
            self._context.leases.beat()
            await anyio.sleep(BEAT)
        self._beating = False


def stopping() -> Unavailable:
    """The answer to a call that comes while the server leaves; its intent is dropped at no cost."""
    return Unavailable(
        "aquatint is being stopped, so this call was not sent.",
        "Call again when it runs.",
        code="stopping",
    )


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

    def cancel(self, job: str) -> bool:
        return self._paid.cancel(job) or self._free.cancel(job)

    async def check(self) -> list[Finding]:
        return [*await self._paid.check(), *await self._free.check()]


@contextmanager
def staying(callers: Counter[str], runner: Runner, job: str) -> Generator[None]:
    """Around a caller's wait: when the last one is cancelled before the job was sent, cancel it."""
    callers[job] += 1
    try:
        yield
    except anyio.get_cancelled_exc_class():
        if callers[job] == 1:
            runner.cancel(job)
        raise
    finally:
        callers[job] -= 1
        if not callers[job]:
            del callers[job]

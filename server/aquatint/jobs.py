"""Work that outlives the request that asked for it: the runner port and the in-process runner."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import anyio
from anyio.abc import TaskGroup

from .core.types import Failure, Job, Record
from .develop import Ended, develop
from .workshop import Stage, Workshop

log = logging.getLogger(__name__)

REMEMBERED = 256  # ended jobs whose outcome stays in memory; the catalog has them all


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
        """Give a job up at no cost. False when it was already sent, ended, or is not here."""
        ...


@dataclass(slots=True)
class _Ticket:
    job: Job
    stage: Stage = field(default_factory=lambda: Stage("queued"))
    sent: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def tell(self, stage: Stage) -> None:
        self.stage = stage
        self.sent = self.sent or stage.name == "drawing"


class InProcess:
    """Jobs as tasks of this process, a few at a time, first come first served.

    An async context manager: on leaving, running jobs get `drain` seconds to end.
    `announce` is awaited after each job has settled.
    """

    def __init__(
        self,
        shop: Workshop,
        *,
        concurrency: int,
        drain: float,
        announce: Callable[[Record], Awaitable[None]],
    ) -> None:
        self._shop = shop
        self._seats = anyio.Semaphore(concurrency)
        self._drain = drain
        self._announce = announce
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()
        self._ended: OrderedDict[str, Ended] = OrderedDict()
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
            for ticket in list(self._tickets.values()):
                await ticket.done.wait()
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, trace)

    def start(self, job: Job) -> None:
        self._tickets[job.id] = _Ticket(job)
        self._group.start_soon(self._run, self._tickets[job.id], name=job.id)

    async def wait(self, job: str, seconds: float) -> Ended | None:
        ticket = self._tickets.get(job)
        if ticket is not None:
            with anyio.move_on_after(seconds):
                await ticket.done.wait()
        return self._ended.get(job)

    def stage(self, job: str) -> Stage | None:
        ticket = self._tickets.get(job)
        if ticket is None or ticket.stage.name != "queued":
            return ticket and ticket.stage
        ahead = list(self._tickets).index(job)
        return Stage("queued", f"{ahead} before it")

    def drop(self, job: str) -> bool:
        ticket = self._tickets.get(job)
        if ticket is None or ticket.sent:
            return False
        ticket.scope.cancel()
        return True

    async def _run(self, ticket: _Ticket) -> None:
        job = ticket.job
        try:
            with ticket.scope:
                async with self._seats:
                    self._remember(job.id, await develop(job, self._shop, ticket.tell))
            if ticket.scope.cancelled_caught:
                await self._give_up(job, _DROPPED)
        except Exception:
            # The one net under a job: a bug must neither take the server down nor go unrecorded.
            log.exception("job %s crashed", job.id)
            await self._give_up(job, _CRASHED)
        finally:
            self._tickets.pop(job.id, None)
            ticket.done.set()
        await self._announce(self._ended[job.id].record)

    async def _give_up(self, job: Job, failure: Failure) -> None:
        spent = failure.spent != "no"
        record = Record(
            job=job,
            state="unknown" if spent else "failed",
            failure=failure,
            cost_usd=job.estimate_usd if spent else 0.0,
            ended=self._shop.now(),
        )
        self._remember(job.id, Ended(record))
        await self._shop.catalog.settle(record, ())

    def _remember(self, job: str, ended: Ended) -> None:
        self._ended[job] = ended
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)


_DROPPED = Failure(
    kind="BadRequest",
    code="cancelled",
    message="This call was cancelled before it was sent; nothing was paid.",
    fix="Call the tool again if the picture is still wanted.",
)
_CRASHED = Failure(
    kind="Unavailable",
    code="crashed",
    message="aquatint itself failed while it worked on this call.",
    fix="Look for the picture with recent_images; the server's log has the details.",
    spent="unknown",
)

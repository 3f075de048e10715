"""Waiting for a job, with a sign of life every few seconds, whichever process runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from ..domain.errors import AquatintError
from ..domain.types import Job
from ..jobs.context import JobContext, Stage
from ..jobs.execute import Ended
from ..jobs.recovery import settled
from ..jobs.runner import Runner
from .outcomes import Outcome, Progress, Report, outcome_of

BEAT = 5.0  # seconds between two signs of life
LOOK = 1.0  # seconds between two looks at what a job does: what is new is told at once
POLL = 0.5  # seconds between two looks at a job that another process runs


@dataclass(slots=True, eq=False)
class _Look:
    """One look into the catalog, for everybody who waits for that job."""

    done: anyio.Event = field(default_factory=anyio.Event)
    ended: Ended | None = None
    error: AquatintError | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waits at most `seconds` for a job; `later` runs what outlives a caller."""

    context: JobContext
    runner: Runner
    seconds: float
    later: Callable[..., None]
    looks: dict[str, _Look] = field(default_factory=dict[str, _Look])

    async def wait(self, job: Job, report: Report) -> Outcome:
        """What became of it, `working` when the time is up. Raises the error of a failed job."""
        order = job.order
        eta = await self.context.catalog.seconds(order.model, order.size, order.quality)
        began = anyio.current_time()
        last, due = "", 0.0
        while True:
            elapsed = anyio.current_time() - began
            stage = self.runner.stage(job.id)
            if elapsed >= self.seconds:
                return _working(job, stage, eta, elapsed)
            words = "working" if stage is None else str(stage)
            if words != last or elapsed >= due:
                await report(Progress(elapsed, eta, words, job.id))
                last, due = words, elapsed + BEAT - LOOK
            ended = await self._poll(job, stage, min(LOOK, self.seconds - elapsed))
            if ended is not None:
                return outcome_of(ended)

    async def _poll(self, job: Job, stage: Stage | None, seconds: float) -> Ended | None:
        """The job's end, if it comes within that time."""
        if stage is not None:
            return await self.runner.wait(job.id, seconds)
        ended = await self.runner.wait(job.id, 0)
        if ended is not None:
            return ended
        # Another process of this home runs it, or did; the catalog tells when it ends.
        look = self.looks.get(job.id)
        if look is None:
            look = self.looks[job.id] = _Look()
            self.later(self._look, job, look)
        with anyio.move_on_after(seconds) as limit:
            await look.done.wait()
            if look.error is not None:
                raise look.error
            if look.ended is None:
                await anyio.sleep(POLL)
        return None if limit.cancelled_caught else look.ended

    async def _look(self, job: Job, look: _Look) -> None:
        """In nobody's time: a catalog that another process holds must not keep callers waiting."""
        try:
            record = await self.context.catalog.job(job.id, job.owner)
            if record is not None:
                record = await settled(self.context, record, self.runner.start)
                if record.state != "intent":
                    look.ended = Ended(record)
        except AquatintError as error:
            look.error = error
        finally:
            del self.looks[job.id]
            look.done.set()


def _working(job: Job, stage: Stage | None, eta: float | None, elapsed: float) -> Outcome:
    return Outcome(
        status="working",
        job=job.id,
        model=job.order.model,
        cost_usd=job.estimate_usd,
        eta=None if eta is None else max(eta - elapsed, 1.0),
        stage=None if stage is None else str(stage),
        warnings=job.warnings,
    )

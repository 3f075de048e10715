"""Jobs in a worker process: hands them over, and answers for what a worker leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from ..domain.errors import AquatintError
from ..domain.types import Failure, Finding, Job, JobRecord
from .context import JobContext, Stage
from .execute import Ended
from .failures import CANCELLED, DIED, FREE_DIED, FREE_STOPPED, STOPPED, without_result
from .protocol import FromWorker, ToWorker, ended_of
from .recovery import settled
from .runner import Announce, JobTable, OpenJob, stopping
from .settling import Settler
from .worker_process import PATIENCE, WorkerProcess

IDLE = 300.0  # seconds after which a worker without work ends
FLUSH = 1.0  # seconds for handing over what was asked, when the server ends
EARLY = 0.5  # seconds before a job's deadline, from when on its worker is asked whether it lives
LATE = 0.25  # seconds after it, at which a job of a worker that does not answer is answered
LISTING = 0.3  # seconds that such an answer waits for the catalog


class WorkerClient:
    """Jobs in a worker process of its own session, which finishes them if this process is killed.

    `setup` is what the worker needs to know (see worker.work), `inherited` its environment. It is
    started with the first job, and again with the next one when it is gone or does not answer.
    What it had not sent goes on: to the next worker, or to `move` when it died. What it had sent
    is never sent again: it is unknown when the worker died, or does not answer at its deadline.
    `free` is for jobs that cost nothing: they have failed then.
    An async context manager: leaving waits `drain` seconds for jobs, and then leaves them to it.
    """

    def __init__(
        self,
        context: JobContext,
        setup: Mapping[str, object],
        inherited: Mapping[str, str],
        *,
        announce: Announce,
        move: Callable[[Job], None],
        idle: float = IDLE,
        drain: float = 0,
        free: bool = False,
    ) -> None:
        self._context = context
        self._free = free
        self._died, self._stopped = (FREE_DIED, FREE_STOPPED) if free else (DIED, STOPPED)
        self._setup = ToWorker(setup={"settings": setup, "idle": idle})
        self._inherited = inherited
        self._announce, self._move, self._drain = announce, move, drain
        self._jobs = JobTable()
        self._settler = Settler(context, announce)
        self._workers: list[WorkerProcess] = []  # the last one gets new jobs, if it answers
        self._left = False  # from then on nothing is handed over any more
        self._moving: set[str] = set()  # jobs that are being handed to another worker
        self._answered, self._answers = anyio.Event(), False
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
        with anyio.CancelScope(shield=True):
            await self._jobs.all_closed(self._drain)
            self._left = True
            for worker in self._workers:
                for message in await worker.flush(FLUSH):  # what never reached it
                    job = message.start
                    if job is not None and not job.resumes:  # else the next process goes on
                        await self._end(job, CANCELLED)
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, trace)

    def start(self, job: Job) -> None:
        if self._left:
            raise stopping()
        self._jobs.open(job)
        self._hand_over(job)

    async def wait(self, job: str, seconds: float) -> Ended | None:
        return await self._jobs.wait(job, seconds)

    def stage(self, job: str) -> Stage | None:
        known = self._jobs.get(job)
        return known and known.stage

    def cancel(self, job: str) -> bool:
        known = self._jobs.get(job)
        if known is None or known.sent:
            return False
        known.cancelled = True
        for worker in self._having(job):
            worker.post(ToWorker(cancel=job))
        return True

    async def check(self) -> list[Finding]:
        """Start it where it is not running, and have it answer, if money hangs on that."""
        if self._free:
            return []
        self._answered = anyio.Event()
        self._at_hand().post(ToWorker(ping=True))
        with anyio.move_on_after(PATIENCE):
            await self._answered.wait()
        if self._answers:
            return [Finding("worker", "ok", "answers; a paid picture outlives a killed server")]
        text = "does not start: paid calls run in the server itself, and are lost when it is killed"
        return [Finding("worker", "warn", text, "Look for the reason above, and in worker.log.")]

    def _hand_over(self, job: Job) -> None:
        worker = self._at_hand()
        worker.jobs.add(job.id)
        worker.post(ToWorker(start=job))

    def _at_hand(self) -> WorkerProcess:
        """The worker for new jobs; one is started where none answers."""
        if self._workers and self._workers[-1].answering:
            return self._workers[-1]
        worker = WorkerProcess(self._setup, self._inherited, self._context.leases)
        self._workers.append(worker)
        self._group.start_soon(self._run, worker)
        return worker

    def _having(self, job: str) -> list[WorkerProcess]:
        return [worker for worker in self._workers if job in worker.jobs]

    async def _run(self, worker: WorkerProcess) -> None:
        async def look() -> None:
            await self._look_after(worker)

        orderly = await worker.run(self._take, look)
        self._workers.remove(worker)
        self._answers = False
        self._answered.set()
        async with anyio.create_task_group() as group:  # together: the catalog may take long
            for known in self._jobs:
                if known.job.id in worker.jobs and not self._having(known.job.id):
                    group.start_soon(self._after_its_end, known, orderly)

    def _take(self, message: FromWorker) -> None:
        if message.stage is not None:
            known = self._jobs.get(message.stage.job)
            if known is not None:
                known.move(Stage(message.stage.stage, message.stage.detail))
        elif message.result is not None:
            self._close(ended_of(message.result))
        elif message.pong:
            self._answers = True
            self._answered.set()

    def _close(self, ended: Ended) -> None:
        job = ended.record.job.id
        for worker in self._having(job):
            worker.jobs.discard(job)
        self._jobs.close(job, ended)
        self._group.start_soon(self._announce, ended)

    async def _end(self, job: Job, failure: Failure) -> None:
        """End a job that no worker ended."""
        ended = Ended(without_result(job, failure, self._context))
        self._close(await self._settler.settle(ended, self._group, LISTING))

    async def _look_after(self, worker: WorkerProcess) -> None:
        """A worker may be stopped: what it did not send goes on, the rest has its deadline."""
        deaf, ask = worker.deaf, False
        async with anyio.create_task_group() as group:
            for known in self._jobs:
                job, having = known.job.id, self._having(known.job.id)
                if worker not in having:
                    continue
                over = -math.inf if known.due is None else anyio.current_time() - known.due
                ask = ask or over > -EARLY
                if over > LATE and deaf and all(one.deaf for one in having):
                    group.start_soon(self._end, known.job, self._stopped)
                elif not (worker.answering or known.sent or having[1:] or job in self._moving):
                    self._moving.add(job)
                    self._group.start_soon(self._move_on, known)
        if ask:
            worker.ask()

    async def _move_on(self, known: OpenJob) -> None:
        """To a fresh worker, unless the catalog knows that it was sent.

        The silent one may wake before that sends it: the catalog lets one of them.
        """
        with suppress(AquatintError):  # asked again at the next look
            record = await self._context.catalog.job(known.job.id, known.job.owner)
            if record is None or record.sent is not None:
                known.move(Stage("drawing"))
            elif record.state != "intent":
                self._close(Ended(record))
            else:
                known.queue_again()
                self._hand_over(known.job)
        self._moving.discard(known.job.id)

    async def _after_its_end(self, known: OpenJob, orderly: bool) -> None:
        """What it sent is known or unknown, what it did not goes on."""
        record = await self._on_record(known.job)
        if record is not None and record.state != "intent":
            self._close(Ended(record))
        elif self._having(known.job.id):
            known.move(Stage("drawing"))  # another worker goes on with it
        elif record is None or record.sent is not None or known.sent:
            await self._end(known.job, self._died)
        elif known.cancelled:
            await self._end(known.job, CANCELLED)
        elif orderly:
            self._hand_over(known.job)
        else:
            self._jobs.close(known.job.id, None)
            self._move(known.job)

    async def _on_record(self, job: Job) -> JobRecord | None:
        """None when nobody can tell whether it was sent, so that it must not be sent again."""
        try:
            record = await self._context.catalog.job(job.id, job.owner)
            if record is not None and record.sent is not None:
                # Its file may be there already, or its engine can tell what became of it.
                record = await settled(self._context, record, self._hand_over)
        except AquatintError:
            return None
        return record

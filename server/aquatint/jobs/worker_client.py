"""The server's end of the worker: starts it, hands it jobs, and settles what it leaves behind."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, UNIXSocketStream
from pydantic import ValidationError

from ..domain.errors import AquatintError
from ..domain.types import Failure, Finding, Job
from .context import JobContext, Stage
from .execute import CANCELLED, Ended
from .protocol import GONE, Command, Lines, News, ended
from .recovery import settled
from .runner import Announce, Tickets, give_up

log = logging.getLogger(__name__)

# One heap for all threads: glibc's usual one each holds on to what big pictures leave (-20 %).
THRIFT = {"MALLOC_ARENA_MAX": "1"}
IDLE = 300.0  # seconds after which a worker without work ends
FLUSH = 1.0  # seconds for handing over what was asked, when the server ends
PATIENCE = 15.0  # seconds for an answer to a ping; starting includes importing the SDK
REAP = 2.0  # seconds between a worker's last word and its end


class WorkerClient:
    """Jobs in a worker process of its own session, which finishes them if this process is killed.

    `begin` is what the worker needs to know (see worker.work), `inherited` its environment. It is
    started with the first job, and again with the next one when it is gone. A job that it had not
    sent when it died goes to `move`; one that it had is recorded as unknown, and never run again.
    An async context manager: leaving waits `drain` seconds for jobs, and then leaves them to it.
    """

    def __init__(
        self,
        context: JobContext,
        begin: Mapping[str, object],
        inherited: Mapping[str, str],
        *,
        announce: Announce,
        move: Callable[[Job], None],
        idle: float = IDLE,
        drain: float = 0,
    ) -> None:
        self._context = context
        self._begin = Command(begin={"settings": begin, "idle": idle})
        self._inherited = inherited
        self._announce, self._move, self._drain = announce, move, drain
        self._tickets = Tickets()
        self._commands: deque[Command] = deque()  # those not yet written
        self._posted, self._written = anyio.Event(), anyio.Event()
        self._answered, self._answers = anyio.Event(), False
        self._group: TaskGroup

    async def __aenter__(self) -> Self:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._keep)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(self._drain):
                for ticket in self._tickets:
                    await ticket.done.wait()
            with anyio.move_on_after(FLUSH):
                while self._commands:
                    await self._written.wait()
            for command in self._commands:  # never reached a worker
                if command.start is not None:
                    await give_up(command.start, CANCELLED, self._context)
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, trace)

    def start(self, job: Job) -> None:
        self._tickets.open(job)
        self._post(Command(start=job))

    async def wait(self, job: str, seconds: float) -> Ended | None:
        return await self._tickets.wait(job, seconds)

    def stage(self, job: str) -> Stage | None:
        ticket = self._tickets.get(job)
        return ticket and ticket.stage

    def drop(self, job: str) -> bool:
        ticket = self._tickets.get(job)
        if ticket is None or ticket.sent:
            return False
        ticket.dropped = True
        self._post(Command(drop=job))
        return True

    async def check(self) -> list[Finding]:
        """Start it where it is not running, and have it answer."""
        self._answered = anyio.Event()
        self._post(Command(ping=True))
        with anyio.move_on_after(PATIENCE):
            await self._answered.wait()
        if self._answers:
            return [Finding("worker", "ok", "answers; a paid picture outlives a killed server")]
        text = "does not start: paid calls run in the server itself, and are lost when it is killed"
        return [Finding("worker", "warn", text, "Look for the reason above, and in worker.log.")]

    def _post(self, command: Command) -> None:
        self._commands.append(command)
        self._posted.set()

    async def _keep(self) -> None:
        """Have a worker while there is something to say to one."""
        while True:
            await self._posted.wait()
            try:
                process, link = await anyio.to_thread.run_sync(self._launch)
            except OSError as error:
                log.warning("the worker cannot be started (%s): the server pays itself", error)
                orderly = False
            else:
                orderly = await self._talk(process, link)
            self._answers = False
            self._answered.set()
            await self._sort_out(orderly)

    def _launch(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "aquatint.worker"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                env={**self._inherited, **THRIFT},
                cwd="/",
                start_new_session=True,
            )
        return process, ours

    async def _talk(self, process: subprocess.Popen[bytes], link: socket.socket) -> bool:
        """Until it is gone; whether it ended in good order."""
        orderly = False
        async with await UNIXSocketStream.from_socket(link) as stream:
            lines = Lines(stream)
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._write, lines)
                    orderly = await self._read(lines)
                    group.cancel_scope.cancel()
                with suppress(subprocess.TimeoutExpired):
                    await anyio.to_thread.run_sync(process.wait, REAP)
            finally:
                # It may outlive us, which is its purpose and no reason for a warning.
                process.returncode = process.poll() or 0
        if not orderly:
            log.warning("the worker died (exit code %s)", process.returncode)
        return orderly

    async def _write(self, lines: Lines) -> None:
        try:
            await lines.send(self._begin)
            while True:
                await self._posted.wait()
                while self._commands:
                    await lines.send(self._commands[0])
                    self._commands.popleft()
                self._posted = anyio.Event()
                self._written.set()
                self._written = anyio.Event()
        except GONE:
            return  # the reader notices too, and knows what to do

    async def _read(self, lines: Lines) -> bool:
        while (line := await lines.receive()) is not None:
            try:
                news = News.model_validate_json(line)
            except ValidationError:
                log.warning("the worker says %.200r", line)
                return False
            if news.bye:
                return True
            self._hear(news)
        return False

    def _hear(self, news: News) -> None:
        if news.told is not None:
            ticket = self._tickets.get(news.told.job)
            if ticket is not None:
                ticket.move(Stage(news.told.stage, news.told.detail))
        elif news.result is not None:
            self._end(ended(news.result))
        elif news.said is not None:
            logging.getLogger(news.said.logger).log(news.said.level, "worker: %s", news.said.text)
        elif news.pong:
            self._answers = True
            self._answered.set()

    def _end(self, ended: Ended) -> None:
        self._tickets.end(ended.record.job.id, ended)
        self._group.start_soon(self._announce, ended)

    async def _sort_out(self, orderly: bool) -> None:
        """After a worker is gone: what it sent is known or unknown, what it did not goes on."""
        self._commands.clear()
        self._posted = anyio.Event()
        for ticket in self._tickets:
            job = ticket.job
            try:
                record = await self._context.catalog.job(job.id, job.owner)
                if record is not None and record.sent is not None:
                    record = await settled(self._context, record)  # its file may be there already
            except AquatintError:
                record = None  # nobody can tell whether it was sent, so it must not be sent again
            if record is not None and record.state != "intent":
                self._end(Ended(record))
            elif record is None or record.sent is not None or ticket.sent:
                self._end(await give_up(job, DIED, self._context))
            elif ticket.dropped:
                self._end(await give_up(job, CANCELLED, self._context))
            elif orderly:
                self._post(Command(start=job))
            else:
                self._tickets.end(job.id, None)
                self._move(job)


DIED = Failure(
    kind="Unavailable",
    code="worker_died",
    message="The process that paid for this call died before the picture came.",
    fix="Look for it with recent_images; calling again may be paid again.",
    spent="unknown",
)

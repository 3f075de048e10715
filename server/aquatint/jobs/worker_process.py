"""One worker process as its server sees it: started, written to, read, and watched."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import anyio
import anyio.to_thread
from anyio.abc import UNIXSocketStream
from pydantic import ValidationError

from ..domain.ports import Leases
from .protocol import CLOSED, FromWorker, Lines, ToWorker

log = logging.getLogger(__name__)

# One heap for all threads: glibc's usual one each holds on to what big images leave (-20 %).
THRIFT = {"MALLOC_ARENA_MAX": "1"}
PATIENCE = 15.0  # seconds for a new worker's first message, which includes importing the SDK
MISSED = 5.0  # seconds without a beat, after which a worker counts as not answering
IDLE_LOOK, LOOK = 1.0, 0.25  # seconds between two looks at its beats, the second with jobs
DEAF = 2  # questions in a row, one a look, without an answer or any other word
REAP = 2.0  # seconds between a worker's last message and its end


class WorkerProcess:
    """`jobs` are those that were handed to it; `answering` turns false when its beats stop."""

    def __init__(self, setup: ToWorker, inherited: Mapping[str, str], leases: Leases) -> None:
        self.jobs: set[str] = set()
        self.answering = True
        self._inherited, self._leases = inherited, leases
        self._outbox = deque([setup])
        self._posted, self._written = anyio.Event(), anyio.Event()
        self._lease: str | None = None  # until it said hello
        self._unanswered = 0

    def post(self, message: ToWorker) -> None:
        self._outbox.append(message)
        self._posted.set()

    async def flush(self, seconds: float) -> list[ToWorker]:
        """Give what was posted some time to be written; what was not."""
        with anyio.move_on_after(seconds):
            while self._outbox:
                await self._written.wait()
        return list(self._outbox)

    @property
    def deaf(self) -> bool:
        """Whether it left the last questions unanswered. Asked a few times a second, that tells
        within one of them; beats tell of a worker that nobody asks."""
        return self._unanswered >= DEAF

    def ask(self) -> None:
        """Have it show that it lives; once a look, so that our own pauses condemn nobody."""
        self._unanswered += 1
        self.post(ToWorker(ping=True))

    def _silence(self) -> float:
        """Seconds without a beat."""
        return self._leases.silence(self._lease) if self._lease else 0.0

    async def run(
        self, take: Callable[[FromWorker], None], look: Callable[[], Awaitable[None]]
    ) -> bool:
        """From its start to its end; whether that was in good order.

        `take` gets its messages, `look` is awaited a few times a second while it has jobs.
        """
        try:
            process, link = await anyio.to_thread.run_sync(self._launch)
        except OSError as error:
            log.warning("the worker cannot be started (%s): the server pays itself", error)
            return False
        orderly = False
        async with await UNIXSocketStream.from_socket(link) as stream:
            lines = Lines(stream)
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._write, lines)
                    group.start_soon(self._watch, look)
                    orderly = await self._read(lines, take)
                    group.cancel_scope.cancel()
                with suppress(subprocess.TimeoutExpired):
                    await anyio.to_thread.run_sync(process.wait, REAP)
            finally:
                # It may outlive us, which is its purpose and no reason for a warning.
                process.returncode = process.poll() or 0
        if not orderly:
            log.warning("the worker died (exit code %s)", process.returncode)
        return orderly

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

    async def _write(self, lines: Lines) -> None:
        try:
            while True:
                while self._outbox:
                    await lines.send(self._outbox[0])
                    self._outbox.popleft()
                self._posted = anyio.Event()
                self._written.set()
                self._written = anyio.Event()
                await self._posted.wait()
        except CLOSED:
            return  # the reader notices too, and knows what to do

    async def _read(self, lines: Lines, take: Callable[[FromWorker], None]) -> bool:
        while (line := await lines.receive()) is not None:
            self._unanswered = 0
            try:
                message = FromWorker.model_validate_json(line)
            except ValidationError:
                log.warning("the worker says %.200r", line)
                return False
            if message.bye:
                return True
            if message.hello is not None:
                self._lease = message.hello
            elif message.log is not None:
                line = message.log
                logging.getLogger(line.logger).log(line.level, "worker: %s", line.text)
            else:
                take(message)
        return False

    async def _watch(self, look: Callable[[], Awaitable[None]]) -> None:
        started = anyio.current_time()
        while True:
            await anyio.sleep(LOOK if self.jobs else IDLE_LOOK)
            starting = self._lease is None and anyio.current_time() - started > PATIENCE
            answering = not (starting or self.deaf) and self._silence() < MISSED
            if answering != self.answering:
                log.warning("the worker %s", "answers again" if answering else "does not answer")
            self.answering = answering
            if self.jobs:
                await look()

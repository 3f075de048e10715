"""The worker: a process that makes the paid calls of one server, and outlives it.

`python -m aquatint.worker`, started by `jobs.worker_client` in a session of its own, with one end
of a socket as its standard input and output. It ends when idle for long, or when its server is
gone and its last job is done.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
from anyio.abc import UNIXSocketStream

from .domain.redaction import guard
from .jobs.context import JobContext, Stage
from .jobs.execute import Ended
from .jobs.protocol import (
    CLOSED,
    FromWorker,
    Lines,
    LogLine,
    ToWorker,
    result_message,
    stage_message,
)
from .jobs.runner import BEAT, InProcess
from .settings import Settings
from .wiring import open_backend

LAST_MESSAGES = 5.0  # seconds for a server that does not read, once all work is done
LOGGED = 200  # log lines that wait for a server to read them
TICK = 0.25  # seconds between two ticks of the loop's clock while there are jobs
STOPPED = 0.5  # seconds without a tick that was due: the process itself was stopped


def main() -> None:
    for number in (signal.SIGHUP, signal.SIGINT):  # these are for the server
        signal.signal(number, signal.SIG_IGN)
    link = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # a stray print must not look like a message
    anyio.run(work, link, backend_options={"loop_factory": RunningTime})


class RunningTime(asyncio.SelectorEventLoop):
    """A loop whose clock stands while the process is stopped, and its deadlines with it.

    So a reply that arrived meanwhile is read, and not called too late. A timer every `tick`
    seconds keeps the loop from waiting longer by itself.
    """

    tick = BEAT
    _last = 0.0
    _stopped = 0.0

    def time(self) -> float:
        now = super().time()
        passed = now - (self._last or now)
        if passed > self.tick + STOPPED:
            self._stopped += passed - self.tick
        self._last = now
        return now - self._stopped


async def work(link: socket.socket) -> None:
    """Learn the settings from the first line, then work until there is no more to do."""
    stream = await UNIXSocketStream.from_socket(link)
    async with stream:
        lines = Lines(stream)
        first = await lines.receive()
        setup = first and ToWorker.model_validate_json(first).setup
        if not setup:
            return
        settings = Settings.model_validate(setup["settings"])
        async with open_backend(settings, role="worker") as backend:
            _keep_stderr(Path(backend.home) / ".aquatint" / "worker.log")
            log = _Log()
            guard(log, settings.log, "%(message)s", settings.secrets)
            idle = float(str(setup["idle"]))
            await _Worker(lines, backend.context, settings.concurrency, idle, log).run()


class _Worker:
    """Reads messages, runs jobs, and sends what changed, each in one task."""

    def __init__(
        self, lines: Lines, context: JobContext, concurrency: int, idle: float, log: _Log
    ) -> None:
        self._lines, self._idle, self._log = lines, idle, log
        self._leases = context.leases
        self._runner = InProcess(
            context,
            concurrency=concurrency,
            drain=math.inf,  # each job has its own deadline
            announce=self._ended,
            changed=self._change,
        )
        self._receiving = anyio.CancelScope()
        self._changed = anyio.Event()
        self._stages: dict[str, Stage] = {}  # as the server knows them
        self._results: deque[Ended] = deque()
        self._hello = True
        self._pings = 0
        self._over = False

    async def run(self) -> None:
        async with anyio.create_task_group() as watching:
            watching.start_soon(self._end_on_sigterm)
            watching.start_soon(self._beat)
            async with anyio.create_task_group() as sending:
                sending.start_soon(self._send)
                async with self._runner:
                    self._change()
                    with self._receiving:
                        await self._receive()
                    await self._runner.all_ended()
                self._over = True
                self._changed.set()
                sending.cancel_scope.deadline = anyio.current_time() + LAST_MESSAGES
            watching.cancel_scope.cancel()

    async def _receive(self) -> None:
        """Do what the server says until it is gone."""
        while (line := await self._lines.receive()) is not None:
            message = ToWorker.model_validate_json(line)
            if message.start is not None:
                self._runner.start(message.start)
            elif message.cancel is not None:
                self._runner.cancel(message.cancel)
            elif message.ping:
                self._pings += 1
                self._changed.set()

    async def _beat(self) -> None:
        """Idle too: a server must know whether the next job would be begun."""
        loop = asyncio.get_running_loop()
        while True:
            self._leases.beat()
            tick = TICK if self._runner.busy else BEAT
            if isinstance(loop, RunningTime):
                loop.tick = tick
            await anyio.sleep(tick)

    async def _end_on_sigterm(self) -> None:
        """What was sent is finished, what was not is cancelled at no cost, then we end."""
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                self._receiving.cancel()
                for job in self._runner.stages():
                    self._runner.cancel(job)

    def _change(self) -> None:
        self._changed.set()
        self._receiving.deadline = (
            math.inf if self._runner.busy else anyio.current_time() + self._idle
        )

    async def _ended(self, ended: Ended) -> None:
        self._results.append(ended)
        self._changed.set()

    async def _send(self) -> None:
        """What is new since the last time: a server that is slow to read makes nothing pile up."""
        with suppress(*CLOSED):
            over = False
            while not over:
                await self._changed.wait()
                self._changed, over = anyio.Event(), self._over
                for message in self._messages():
                    await self._lines.send(message)
            await self._lines.send(FromWorker(bye=True))

    def _messages(self) -> Iterator[FromWorker]:
        if self._hello:
            self._hello = False
            yield FromWorker(hello=self._leases.name)
        stages = self._runner.stages()
        changed = [job for job, stage in stages.items() if self._stages.get(job) != stage]
        yield from (stage_message(job, stages[job]) for job in changed)
        self._stages = stages
        while self._results:
            yield result_message(self._results.popleft())
        while self._log.waiting:
            yield FromWorker(log=self._log.waiting.popleft())
        for _ in range(self._pings):
            self._pings -= 1
            yield FromWorker(pong=True)


class _Log(logging.Handler):
    """Log lines that travel with the messages; what no server reads goes to our stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[LogLine] = deque(maxlen=LOGGED)

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self.waiting.append(LogLine(level=record.levelno, logger=record.name, text=text))

    def close(self) -> None:
        for line in self.waiting:
            sys.stderr.write(f"{line.logger}: {line.text}\n")
        self.waiting.clear()
        super().close()


def _keep_stderr(path: Path) -> None:
    """The server's may block or break one day, and no job must with it: from here on a file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    except OSError:
        kept = os.open(os.devnull, os.O_WRONLY)
    os.dup2(kept, 2)
    os.close(kept)


if __name__ == "__main__":
    main()

"""The worker: a process that makes the paid calls of one server, and outlives it.

`python -m aquatint.worker`, started by `jobs.worker_client` in a session of its own, with one end
of a socket as its standard input and output. It ends when idle for long, or when its server is
gone and its last job is done.
"""

from __future__ import annotations

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
from .jobs.protocol import GONE, Command, Lines, News, Said, result, told
from .jobs.runner import InProcess
from .settings import Settings
from .wiring import open_backend

LAST_WORDS = 5.0  # seconds for a server that does not read, once all work is done
LOGGED = 200  # log lines that wait for a server to read them


def main() -> None:
    for number in (signal.SIGHUP, signal.SIGINT):  # these are for the server
        signal.signal(number, signal.SIG_IGN)
    link = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # a stray print must not look like a message
    anyio.run(work, link)


async def work(link: socket.socket) -> None:
    """Learn the settings from the first line, then work until there is no more to do."""
    stream = await UNIXSocketStream.from_socket(link)
    async with stream:
        lines = Lines(stream)
        first = await lines.receive()
        begin = first and Command.model_validate_json(first).begin
        if not begin:
            return
        settings = Settings.model_validate(begin["settings"])
        async with open_backend(settings) as backend:
            _keep_stderr(Path(backend.home) / ".aquatint" / "worker.log")
            log = _Log()
            guard(log, settings.log, "%(message)s", settings.secrets)
            idle = float(str(begin["idle"]))
            await _Worker(lines, backend.context, settings.concurrency, idle, log).run()


class _Worker:
    """Reads commands, runs jobs, and tells what changed, each in one task."""

    def __init__(
        self, lines: Lines, context: JobContext, concurrency: int, idle: float, log: _Log
    ) -> None:
        self._lines, self._idle, self._log = lines, idle, log
        self._runner = InProcess(
            context,
            concurrency=concurrency,
            drain=math.inf,  # each job has its own deadline
            announce=self._ended,
            changed=self._change,
        )
        self._listening = anyio.CancelScope()
        self._news = anyio.Event()
        self._told: dict[str, Stage] = {}
        self._results: deque[Ended] = deque()
        self._pings = 0
        self._over = False

    async def run(self) -> None:
        async with anyio.create_task_group() as ears:
            ears.start_soon(self._heed_sigterm)
            async with anyio.create_task_group() as mouth:
                mouth.start_soon(self._tell)
                async with self._runner:
                    self._change()
                    with self._listening:
                        await self._listen()
                self._over = True
                self._news.set()
                mouth.cancel_scope.deadline = anyio.current_time() + LAST_WORDS
            ears.cancel_scope.cancel()

    async def _listen(self) -> None:
        """Obey until the server is gone."""
        while (line := await self._lines.receive()) is not None:
            command = Command.model_validate_json(line)
            if command.start is not None:
                self._runner.start(command.start)
            elif command.drop is not None:
                self._runner.drop(command.drop)
            elif command.ping:
                self._pings += 1
                self._news.set()

    async def _heed_sigterm(self) -> None:
        """What was sent is finished, what was not is dropped at no cost, then we end."""
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                self._listening.cancel()
                for job in self._runner.stages():
                    self._runner.drop(job)

    def _change(self) -> None:
        self._news.set()
        busy = bool(self._runner.stages())
        self._listening.deadline = math.inf if busy else anyio.current_time() + self._idle

    async def _ended(self, ended: Ended) -> None:
        self._results.append(ended)

    async def _tell(self) -> None:
        """What is new since it last wrote: a server that is slow to read makes nothing pile up."""
        with suppress(*GONE):
            over = False
            while not over:
                await self._news.wait()
                self._news, over = anyio.Event(), self._over
                for message in self._gathered():
                    await self._lines.send(message)
            await self._lines.send(News(bye=True))

    def _gathered(self) -> Iterator[News]:
        stages = self._runner.stages()
        news = [job for job, stage in stages.items() if self._told.get(job) != stage]
        yield from (told(job, stages[job]) for job in news)
        self._told = stages
        while self._results:
            yield result(self._results.popleft())
        while self._log.waiting:
            yield News(said=self._log.waiting.popleft())
        for _ in range(self._pings):
            self._pings -= 1
            yield News(pong=True)


class _Log(logging.Handler):
    """Log lines that travel with the news; what no server reads any more goes to our stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[Said] = deque(maxlen=LOGGED)

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self.waiting.append(Said(level=record.levelno, logger=record.name, text=text))

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

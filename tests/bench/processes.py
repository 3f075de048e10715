"""The processes that a bench starts: MCP servers on a pipe, a provider, and bare scripts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).parent
OURS = [sys.executable, "-m", "aquatint"]
BARE = [sys.executable, str(HERE / "bare_server.py")]
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
_ID = re.compile(rb'\{"jsonrpc":"2\.0","id":(\d+)')


def environ(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    path = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, path)), **more}


@dataclass(frozen=True, slots=True)
class Answer:
    """`seconds` from the request's line to the answer's, which has `size` bytes."""

    seconds: float
    size: int
    result: dict[str, Any]


class Server:
    """An MCP server spoken to in raw JSON lines, so that no client's own cost is in a figure."""

    def __init__(self, command: list[str], **more: str) -> None:
        self.started = perf_counter()
        self._process = subprocess.Popen(
            command,
            env=environ(**more),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self._asked: dict[int, float] = {}
        self._came: dict[int, tuple[float, bytes]] = {}
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._in.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()

    def initialize(self) -> None:
        """The handshake of the older protocol revision."""
        client = {"name": "bench", "version": "1"}
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        self.answer(self.ask("initialize", hello))
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def ask(self, method: str, params: dict[str, Any] | None = None) -> int:
        number = len(self._asked) + 1
        self._asked[number] = perf_counter()
        request = {"jsonrpc": "2.0", "id": number, "method": method}
        self._write(request if params is None else request | {"params": params})
        return number

    def call(self, tool: str, **arguments: Any) -> int:
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def came(self, number: int) -> bool:
        """Whether the answer was among the lines read so far."""
        return number in self._came

    def answer(self, number: int) -> Answer:
        while number not in self._came:
            line = self._out.readline()
            when = perf_counter()
            if not line:
                raise RuntimeError("the server has ended")
            if found := _ID.match(line):
                self._came[int(found[1])] = (when, line)
        when, line = self._came.pop(number)
        message = json.loads(line)
        result = message.get("result", {})
        if "error" in message or result.get("isError"):
            raise RuntimeError(line[:500].decode())
        return Answer(when - self._asked[number], len(line), result)

    def _write(self, message: dict[str, Any]) -> None:
        self._in.write(json.dumps(message).encode() + b"\n")
        self._in.flush()

    def cpu(self) -> float:
        """Processor seconds of the server and what it started, so far."""
        return sum(_cpu(pid) for pid in family(self.pid))

    def memory(self, field: str) -> float:
        """MB of the server alone: VmRSS (now) or VmHWM (at most, so far)."""
        return memory(self.pid, field)


def family(pid: int) -> list[int]:
    """A process and all below it. Linux only, as is everything here that reads /proc."""
    below: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            below += family(int(child))
    return [pid, *below]


def memory(pid: int, field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def provider(*options: str) -> Generator[dict[str, str]]:
    """A provider in its own process; gives the variables that lead a server to it."""
    command = [sys.executable, str(HERE / "provider.py"), *options]
    with subprocess.Popen(
        command, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            url = process.stdout.readline().strip()
            yield {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-test"}
        finally:
            process.kill()


class Calls:
    """bare_calls.py in its own process: what a call costs without us."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "bare_calls.py"), str(folder)],
            env=environ(**env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        self._process.wait()
        self._out.close()

    def at_once(self, prompts: list[str], size: str) -> list[float]:
        """Seconds of each call, all started together."""
        self._in.write(json.dumps({"prompts": prompts, "size": size}).encode() + b"\n")
        self._in.flush()
        return json.loads(self._out.readline())

    def cpu(self) -> float:
        return _cpu(self.pid)

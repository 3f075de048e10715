"""The processes under test: servers over stdio and HTTP, spoken to in raw JSON; their workers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx2

from inherited import inherited
from wire import MODERN

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "faults", "version": "1"},
}
MARK = "FAULTS_HOME"  # in the environment of a server and its worker, so that both are found
PATIENCE = 60.0  # seconds until a fault is called a hang, on a machine that does other things


def environ(home: Path, settings: dict[str, str]) -> dict[str, str]:
    kept = inherited("PATH", "HOME")
    ours = {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0", MARK: str(home)}
    return {**kept, **ours, **settings}


def until(found: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    """Look until there is something; whether there was in time."""
    end = time.monotonic() + seconds
    while not found():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def of_home(home: Path, words: str = "aquatint") -> list[int]:
    """The living processes that serve a home, whoever their parent is now."""
    mark = f"{MARK}={home}".encode()
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            known = mark in (place / "environ").read_bytes().split(b"\0")
            if known and words.encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


def workers(home: Path) -> list[int]:
    return of_home(home, "aquatint.worker")


def end_all(home: Path) -> None:
    """End what this suite started on a home."""
    for pid in of_home(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not of_home(home), 10)


def peak(pid: int) -> float:
    """MB, the most that a process ever had; 0 when it is gone."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


def command(home: Path, settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """The command line, on a home."""
    return subprocess.run(
        [sys.executable, "-m", "aquatint", *words],
        env=environ(home, settings),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _exits(process: subprocess.Popen[Any], seconds: float) -> int | None:
    """The exit code, None when it goes on."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


class Host:
    """A host with one server over stdio, in a process group of its own."""

    def __init__(
        self,
        home: Path,
        settings: dict[str, str],
        *,
        modern: bool = True,
        before: Sequence[str] = (),
    ) -> None:
        self.home, self.modern = home, modern
        self.bad_lines: list[bytes] = []
        self._answers: dict[object, dict[str, Any]] = {}
        self.beats: dict[object, list[str]] = {}
        self._count = 0
        self._over = False
        self._news = threading.Condition()
        self.deaf = threading.Event()  # set: what it says is not read
        self._complaints = (home.parent / f"{home.name}.stderr").open("ab")
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "aquatint"],
            env=environ(home, settings),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        if not modern:
            self.answer(self.ask("initialize", HELLO))
            self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.eof()
        if self.exits(10) is None:
            self.kill_group()
            self.process.wait()
        self._reader.join(10)
        self._complaints.close()
        assert self.process.stdout
        self.process.stdout.close()

    def send(self, message: dict[str, Any]) -> None:
        self.write(json.dumps(message).encode() + b"\n")

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        with suppress(BrokenPipeError, ValueError):  # it is gone, which the caller judges
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def ask(self, method: str, params: dict[str, Any]) -> int:
        self._count += 1
        meta: dict[str, Any] = {"progressToken": self._count}
        if self.modern:
            meta |= MODERN
        body = {**params, "_meta": meta}
        self.send({"jsonrpc": "2.0", "id": self._count, "method": method, "params": body})
        return self._count

    def call(self, tool: str, **arguments: Any) -> int:
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def generate(self, prompt: str, **more: Any) -> int:
        return self.call("generate_image", prompt=prompt, **more)

    def answer(self, number: object, seconds: float = PATIENCE) -> dict[str, Any]:
        """The result (or {"error": ...}); {} when none came."""
        with self._news:
            self._news.wait_for(lambda: number in self._answers or self._over, seconds)
            return self._answers.get(number, {})

    def has(self, number: object) -> bool:
        """Whether the answer came already."""
        with self._news:
            return number in self._answers or self._over

    def result(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.answer(self.call(tool, **arguments))

    def cancel(self, number: int) -> None:
        params: dict[str, Any] = {"requestId": number}
        if self.modern:
            params["_meta"] = MODERN
        method = "notifications/cancelled"
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def eof(self) -> None:
        assert self.process.stdin
        with suppress(BrokenPipeError, ValueError):
            self.process.stdin.close()

    def kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def exits(self, seconds: float) -> int | None:
        return _exits(self.process, seconds)

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            until(lambda: not self.deaf.is_set())
            try:
                message = json.loads(line)
            except ValueError:
                self.bad_lines.append(line)
                continue
            with self._news:
                if message.get("method") == "notifications/progress":
                    told = message["params"]
                    words = told.get("message") or ""
                    self.beats.setdefault(told["progressToken"], []).append(words)
                elif "id" in message and "method" not in message:
                    self._answers[message["id"]] = message.get("result") or message
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()


class Workspace:
    """A server over HTTP, and the requests to it."""

    def __init__(self, process: subprocess.Popen[str], port: int, token: str) -> None:
        self.process = process
        self._url = f"http://127.0.0.1:{port}/mcp"
        self._token = token
        self._count = 0

    def session(self) -> str:
        """The older revision's handshake; the session's name."""
        body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
        with httpx2.Client(timeout=PATIENCE) as http:
            answer = http.post(self._url, json=body, headers=self._headers())
            name = answer.headers.get("mcp-session-id", "")
            told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            http.post(self._url, json=told, headers=self._headers(session=name))
        return name

    def post(self, prompt: str, session: str | None, seconds: float) -> tuple[int, str]:
        """Ask for a picture and read for so long, then hang up; status and what was read."""
        self._count += 1
        params: dict[str, Any] = {"name": "generate_image", "arguments": {"prompt": prompt}}
        if session is None:
            params["_meta"] = MODERN
        body = {"jsonrpc": "2.0", "id": self._count, "method": "tools/call", "params": params}
        read = ""
        with suppress(httpx2.HTTPError), httpx2.Client(timeout=seconds) as http:
            headers = self._headers(session=session, modern=session is None)
            with http.stream("POST", self._url, json=body, headers=headers) as answer:
                end = time.monotonic() + seconds
                for piece in answer.iter_text():
                    read += piece
                    if time.monotonic() > end:
                        break
                return answer.status_code, read
        return 0, read

    def exits(self, seconds: float) -> int | None:
        return _exits(self.process, seconds)

    def _headers(self, session: str | None = None, modern: bool = False) -> dict[str, str]:
        both = "application/json, text/event-stream"
        own = {"Authorization": f"Bearer {self._token}", "Accept": both}
        if modern:
            names = {"Mcp-Method": "tools/call", "Mcp-Name": "generate_image"}
            return own | names | {"MCP-Protocol-Version": "2026-07-28"}
        if session is None:
            return own
        return own | {"MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": session}


@contextmanager
def workspace(home: Path, settings: dict[str, str]) -> Generator[Workspace]:
    with subprocess.Popen(
        [sys.executable, "-m", "aquatint", "serve", "--http", "0"],
        env=environ(home, settings),
        cwd="/",
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr
        try:
            first = process.stderr.readline()
            token = Path(first.split("token is in ")[1].strip()).read_text().strip()
            port = int(re.findall(r":(\d+)/mcp", first)[0])
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield Workspace(process, port, token)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()

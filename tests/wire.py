"""A server process on plain pipes: lines of bytes in, every line that comes out kept as it came."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inherited import inherited

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
PATIENCE = 60.0  # seconds, on a machine that does other things too; never what is measured


@dataclass
class Pipes:
    """One server process. `said` is everything it wrote on standard output, line by line."""

    process: subprocess.Popen[bytes]
    modern: bool
    capabilities: dict[str, Any] = field(default_factory=dict[str, Any])
    # What the host answers to the server's own requests, by method; without one it stays silent.
    replies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    said: list[bytes] = field(default_factory=list[bytes])
    _news: queue.Queue[bytes | None] = field(default_factory=queue.Queue[bytes | None])
    _answers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._news.put(line)
        self._news.put(None)

    def send(self, *lines: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"".join(line + b"\n" for line in lines))
        self.process.stdin.flush()

    def request(self, identity: object, method: str, params: dict[str, Any] | None = None) -> bytes:
        params = dict(params or {})
        if self.modern:
            offers = {"io.modelcontextprotocol/clientCapabilities": self.capabilities}
            params["_meta"] = {**MODERN, **offers, **params.get("_meta", {})}
        body = {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}
        return json.dumps(body).encode()

    def answers(self, identities: Iterable[object]) -> list[dict[str, Any]]:
        """What was answered to these ids, in their order; fails when one stays unanswered."""
        wanted = [json.dumps(one) for one in identities]
        while missing := [one for one in wanted if one not in self._answers]:
            try:
                line = self._news.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no answer to {missing[:5]}") from None
            assert line is not None, f"the server ended: {missing[:5]}"
            self.said.append(line)
            message = json.loads(line)
            assert message["jsonrpc"] == "2.0"
            if message.get("method") in self.replies:
                reply = self.replies[message["method"]]
                self.send(json.dumps({"jsonrpc": "2.0", "id": message["id"], **reply}).encode())
            if "id" in message and "method" not in message:
                self._answers[json.dumps(message["id"])] = message
        return [self._answers[one] for one in wanted]

    def ask(self, identity: object, method: str, params: dict[str, Any] | None = None) -> Any:
        self.send(self.request(identity, method, params))
        return self.answers([identity])[0]

    def alive(self, identity: str = "alive") -> None:
        assert "result" in self.ask(identity, "tools/list"), self.said[-1]


@contextmanager
def pipes(
    home: Path,
    *,
    modern: bool = True,
    capabilities: dict[str, Any] | None = None,
    arguments: Sequence[str] = ("-m", "aquatint"),
    **environ: str,
) -> Generator[Pipes]:
    kept = inherited("PATH", "HOME")
    settings = {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0", **environ}
    with (
        (home.parent / "stderr.txt").open("wb") as complaints,
        subprocess.Popen(
            [sys.executable, *arguments],
            env={**kept, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=home.parent,
        ) as process,
    ):
        server = Pipes(process, modern, capabilities or {})
        reader = threading.Thread(target=server.listen, daemon=True)
        reader.start()
        try:
            if not modern:
                hello = {
                    "protocolVersion": "2025-11-25",
                    "capabilities": server.capabilities,
                    "clientInfo": {"name": "t", "version": "1"},
                }
                server.ask("hello", "initialize", hello)
                server.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
            yield server
            assert process.stdin
            process.stdin.close()
            assert process.wait(timeout=PATIENCE) == 0
        finally:
            process.kill()
            reader.join(timeout=PATIENCE)


def peak_memory(pid: int) -> int:
    """Bytes, the most a process ever had; not ru_maxrss, which a child inherits."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

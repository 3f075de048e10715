"""From the start of the process to tools/list answered, beside a bare server on the same SDK."""

from __future__ import annotations

import tempfile
from functools import partial
from time import perf_counter

from measure import Effort, Row, interleaved, middle
from processes import BARE, MODERN, OURS, Server


def legacy(command: list[str], home: str) -> float:
    """Milliseconds, in the older protocol revision: a handshake, then the list."""
    with Server(command, AQUATINT_HOME=home) as server:
        server.initialize()
        return _listed(server, server.ask("tools/list"))


def modern(command: list[str], home: str) -> float:
    """Milliseconds, in the newer protocol revision: the list is the first request."""
    with Server(command, AQUATINT_HOME=home) as server:
        return _listed(server, server.ask("tools/list", {"_meta": MODERN}))


def _listed(server: Server, number: int) -> float:
    assert server.answer(number).result["tools"]
    return (perf_counter() - server.started) * 1000


def rows(effort: Effort) -> list[Row]:
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as home:
        for name, start in (("2025-11-25", legacy), ("2026-07-28", modern)):
            for command in (OURS, BARE):
                start(command, home)  # into the page cache
            ours, bare = interleaved(
                effort.rounds, partial(start, OURS, home), partial(start, BARE, home)
            )
            found.append(
                Row(
                    f"cold start to tools/list, {name}",
                    middle(ours),
                    "ms",
                    middle(bare),
                    "ratio",
                    1.15,
                    f"bare MCPServer; best of each: {min(ours):.0f} / {min(bare):.0f}",
                )
            )
    return found

"""What a running server takes: memory, how soon it answers while it works, bytes of its replies."""

from __future__ import annotations

import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

from measure import Effort, Row, middle
from processes import BARE, OURS, Server, family, memory, provider

WARM = 2.5  # seconds after which what is imported behind the first answer has been
PAUSE = 0.002  # seconds between two pings
LARGE = 2880  # pixels of a square that has what 3840x2160 has
BIG = 12_750_000  # bytes of a picture whose reply in base64 is 17 MB


def rows(effort: Effort) -> list[Row]:
    return [*sizes(), *memories(), *in_flight(), *pings(effort)]


def sizes() -> list[Row]:
    with TemporaryDirectory() as home, Server(OURS, AQUATINT_HOME=home) as server:
        server.initialize()
        listing = server.answer(server.ask("tools/list")).size
        draft = server.answer(_draw(server, "1024x1024")).size
    with TemporaryDirectory() as home, provider() as env, _paying(home, env) as server:
        paid = server.answer(_draw(server, "1024x1024")).size
    return [
        Row("tools/list", listing, "bytes", at_most=12_000),
        Row("a reply with preview, draft", draft, "bytes", at_most=60_000),
        Row("a reply with preview, grainy", paid, "bytes", at_most=60_000),
    ]


def memories() -> list[Row]:
    """MB of the server's own process, and of the worker where there is one."""
    with Server(BARE) as server:
        server.initialize()
        server.answer(server.ask("tools/list"))
        time.sleep(WARM)
        bare = server.memory("VmRSS")
    with TemporaryDirectory() as home, provider() as env, _paying(home, env) as server:
        server.answer(server.ask("tools/list"))
        listed = server.memory("VmRSS")
        time.sleep(WARM)
        idle = server.memory("VmRSS")
        for _ in range(20):
            server.answer(_draw(server, "1024x1024"))
        peak = server.memory("VmHWM")
        others = [memory(pid, "VmHWM") for pid in family(server.pid)[1:]]
    found = [
        Row("memory as tools/list is answered", listed, "MB", bare, note="bare MCPServer"),
        Row("memory idle, warm", idle, "MB", bare, at_most=80),
        Row("memory at most, after 20 generations", peak, "MB", bare),
    ]
    return found + [Row("memory of the worker at most", one, "MB", at_most=110) for one in others]


def in_flight() -> list[Row]:
    """MB of the worker while big pictures arrive: one, and then sixteen at once."""
    large = ("--edge", str(LARGE), "--pad", str(BIG), "--delay", "0.5")
    with TemporaryDirectory() as home, provider(*large) as env, _paying(home, env) as server:
        peaks: list[float] = []
        for many in (1, 16):
            asked = [_draw(server, f"{1024 + 16 * number}x1024") for number in range(many)]
            for number in asked:
                server.answer(number)
            peaks.append(max(memory(pid, "VmHWM") for pid in family(server.pid)[1:]))
        waiting = server.memory("VmHWM")
    one, all_ = peaks
    return [
        Row("memory of the worker, one 8.3 MP picture of 13 MB", one, "MB", at_most=110),
        Row("more for each of 15 beside it", (all_ - one) / 15, "MB", at_most=3),
        Row("memory of the server that waits for these 16", waiting, "MB"),
    ]


def pings(effort: Effort) -> list[Row]:
    """The slowest and the usual ping while a call is worked on."""
    found: list[Row] = []
    with TemporaryDirectory() as home, Server(OURS, AQUATINT_HOME=home) as server:
        server.initialize()
        server.answer(_draw(server, "256x256"))
        slow = _pinged(server, lambda: _draw(server, "3840x2160"), effort.rounds // 2)
        found += _rows("while a 4K draft is encoded", slow, 50)
    for when, options in (
        ("during a paid call", ("--delay", "0.5")),
        ("during a 17 MB reply", ("--pad", str(BIG))),
    ):
        with TemporaryDirectory() as home, provider(*options) as env, _paying(home, env) as server:
            server.answer(_draw(server, "1024x1024"))
            taken = _pinged(server, lambda one=server: _draw(one, "1024x1024"), effort.rounds // 2)
            found += _rows(when, taken, 50)
    return found


def _rows(when: str, times: list[float], at_most: float) -> list[Row]:
    return [
        Row(f"ping {when}, slowest of {len(times)}", max(times), "ms", at_most=at_most),
        Row(f"ping {when}, median", middle(times), "ms", at_most=5),
    ]


def _pinged(server: Server, start: Callable[[], int], times: int) -> list[float]:
    """Milliseconds of every ping that was answered before the calls were."""
    taken: list[float] = []
    for _ in range(max(2, times)):
        call = start()
        while not server.came(call):
            taken.append(server.answer(server.ask("ping")).seconds * 1000)
            time.sleep(PAUSE)
        server.answer(call)
    return taken


def _draw(server: Server, size: str) -> int:
    return server.call("generate_image", prompt="a fox in the snow", size=size, fresh=True)


def _paying(home: str, env: dict[str, str]) -> Server:
    server = Server(OURS, AQUATINT_HOME=home, **env)
    server.initialize()
    return server

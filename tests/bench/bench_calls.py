"""A call's own cost: generate_image beside the bare SDK with the same provider and picture."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from itertools import count
from pathlib import Path

from measure import Effort, Row, interleaved, middle, p99
from processes import OURS, Calls, Server, provider

from aquatint.domain.models.registry import parse

SIZE = "1024x1024"  # what is asked for; the provider sends what the bench wants
DELAY = 0.5  # seconds, of the provider
USUAL = "the usual AQUATINT_CONCURRENCY; the rows below have 256"


@dataclass(slots=True)
class Pair:
    """Our server and the bare script, on one provider."""

    server: Server
    calls: Calls
    numbers: Iterator[int]

    def prompts(self, many: int) -> list[str]:
        return [f"a fox, number {next(self.numbers)}" for _ in range(many)]

    def ours(self, many: int) -> list[float]:
        """Milliseconds of each of many calls, all sent together."""
        asked = [
            self.server.call("generate_image", prompt=p, size=SIZE) for p in self.prompts(many)
        ]
        return [self.server.answer(number).seconds * 1000 for number in asked]

    def bare(self, many: int) -> list[float]:
        return [one * 1000 for one in self.calls.at_once(self.prompts(many), SIZE)]


@contextmanager
def pair(*options: str, **more: str) -> Generator[tuple[Pair, float]]:
    """Both sides, warm; and the milliseconds of our first call, which loads what it needs."""
    table = resources.files("aquatint.domain.models") / "models.toml"
    model = parse(table.read_text("utf-8")).defaults.generate
    with (
        tempfile.TemporaryDirectory() as folder,
        provider(*options) as env,
        Server(OURS, AQUATINT_HOME=f"{folder}/home", **env, **more) as server,
        Calls(Path(folder), env | {"BENCH_MODEL": model}) as calls,
    ):
        server.initialize()
        both = Pair(server, calls, count(1))
        first = both.ours(1)[0]
        for side in (both.ours, both.bare, both.bare):
            side(1)
        yield both, first


def rows(effort: Effort) -> list[Row]:
    return [*alone(effort), *together(effort)]


def alone(effort: Effort) -> list[Row]:
    """One caller, a provider that answers at once with a grainy 1024x1024 PNG of 1.2 MB."""
    with pair() as (both, first):
        cpu = both.server.cpu(), both.calls.cpu()
        ours, bare = interleaved(effort.calls, lambda: both.ours(1)[0], lambda: both.bare(1)[0])
        spent = [
            (after - before) * 1000 / effort.calls
            for before, after in zip(cpu, (both.server.cpu(), both.calls.cpu()), strict=True)
        ]
    name = "one call, 1024x1024 PNG"
    return [
        Row(f"{name}, median", middle(ours), "ms", middle(bare), "added", 15, "bare SDK"),
        Row(f"{name}, p99", p99(ours), "ms", p99(bare)),
        Row(f"{name}, processor", spent[0], "ms", spent[1]),
        Row("the first call of a server", first, "ms", note="imports the SDK, opens the home"),
    ]


def together(effort: Effort) -> list[Row]:
    """Many callers at once, a provider that takes half a second; first with our usual queue."""
    found: list[Row] = []
    rounds = max(3, effort.rounds // 2)
    slow = ("--delay", str(DELAY))
    with pair("--edge", "256", *slow) as (both, _):
        queued = max(both.ours(64))
        found.append(Row("64 calls at once, 256x256, queued", queued, "ms", note=USUAL))
    with pair("--edge", "256", *slow, AQUATINT_CONCURRENCY="256") as (both, _):
        one = middle(both.ours(1)[0] for _ in range(3))
        for many, bound in ((16, 1.5), (64, 1.3)):
            found += _compared(both, many, rounds, "256x256", (one, bound))
        ended = both.ours(256)
        found.append(Row("256 calls at once, 256x256, the last", max(ended), "ms", note="no error"))
    with pair("--edge", "1024", *slow, AQUATINT_CONCURRENCY="256") as (both, _):
        for many in (16, 64):
            found += _compared(both, many, rounds, "1024x1024", None)
    return found


def _compared(
    both: Pair, many: int, rounds: int, size: str, single: tuple[float, float] | None
) -> list[Row]:
    """The wall time of many calls at once, and the 99th percentile of each call's time."""
    each: tuple[list[float], list[float]] = ([], [])

    def side(make: int) -> float:
        times = both.bare(many) if make else both.ours(many)
        each[make].extend(times)
        return max(times)

    ours, bare = interleaved(rounds, lambda: side(0), lambda: side(1))
    name = f"{many} calls at once, {size}"
    at_most = 1.10 if single and many == 64 else None
    wall, direct = middle(ours), middle(bare)
    found = [
        Row(f"{name}, p50", middle(each[0]), "ms", middle(each[1]), note="bare SDK"),
        Row(f"{name}, p99", p99(each[0]), "ms", p99(each[1]), "ratio", at_most),
    ]
    if single:
        one, bound = single
        found.insert(0, Row(f"{name}, all", wall, "ms", one, "ratio", bound, "one of our calls"))
        return found
    return [Row(f"{name}, all", wall, "ms", direct, "ratio", 1.2, "bare SDK, two threads"), *found]

"""The bench that rows are run on: a provider, throw-away homes, and a way to repair one."""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .evidence import Result, judge, leaks
from .processes import command, end_all, of_home, until
from .provider import Provider, provider

T = TypeVar("T")
AT_ONCE = 3  # trials at once on two cores: each waits for the provider for most of its time


@dataclass(slots=True)
class Bench:
    """`strict`: seconds are judged too (all of `make faults`; a busy machine must fail no test)."""

    provider: Provider
    folder: Path
    strict: bool
    chance: random.Random
    _numbers: Iterable[int] = field(default_factory=itertools.count)

    def home(self, name: str = "home") -> Path:
        """A fresh home; its server's stderr goes beside it."""
        return self.folder / f"{name}-{next(iter(self._numbers))}"

    def prompt(self, home: Path, orders: str = "") -> str:
        """A prompt of its own, so that no call is taken for another."""
        return f"{orders} {home.name} call {next(iter(self._numbers))}".strip()

    def repaired(self, home: Path) -> str:
        """Wait until every process of the home has ended by itself, then reconcile it."""
        gone = until(lambda: not of_home(home))
        end_all(home)
        done = command(home, self.provider.settings(), "doctor", "--repair")
        return ("" if gone else "a process stayed; ") + done.stderr

    def complaints(self, home: Path) -> str:
        """What the servers of a home wrote on stderr."""
        place = home.parent / f"{home.name}.stderr"
        return place.read_text("utf-8", "replace") if place.exists() else ""

    def verdict(self, home: Path, *, may_lose: bool = False, hits: int = 1) -> Result:
        """Repair the home, and judge it by the provider's count."""
        told = self.repaired(home)
        asked = self.provider.asked(f"{home.name} ")
        found = judge(home, asked, may_lose=may_lose, hits=hits)
        found.expect("stayed" not in told, "a process outlived its work")
        complaints = self.complaints(home) + told
        found.expect("Traceback" not in complaints, f"crashed: {complaints[-300:]}")
        found.expect(found.paid, "nothing was paid, so this proves nothing")
        found.expect(not leaks(home), f"the key is in {leaks(home)}")
        return found


def each(trial: Callable[[int], T], times: int) -> list[T]:
    """Trials, a few at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(trial, range(times)))


@contextmanager
def bench(*, strict: bool, seed: int) -> Generator[Bench]:
    # Under nohup, as under many a CI, children would be born deaf to it.
    with suppress(AttributeError, ValueError):  # Windows has none; other threads may not
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    folder = Path(tempfile.mkdtemp(prefix="aquatint-faults-"))
    try:
        with provider() as one:
            yield Bench(one, folder, strict, random.Random(seed))
    finally:
        shutil.rmtree(folder, ignore_errors=True)

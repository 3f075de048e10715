"""How a figure is taken, judged and printed: interleaved rounds, medians, one Markdown table."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Literal

Unit = Literal["ms", "MB", "bytes", "x"]
Judged = Literal["ratio", "added", "ours"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, beside what it is compared with; `at_most` bounds what `judged` names."""

    name: str
    ours: float
    unit: Unit
    beside: float | None = None
    judged: Judged = "ours"
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.beside if self.beside else None

    @property
    def value(self) -> float:
        if self.judged == "ours" or self.beside is None:
            return self.ours
        return self.ours / self.beside if self.judged == "ratio" else self.ours - self.beside

    @property
    def verdict(self) -> str:
        if self.at_most is None:
            return ""
        bound = f"{self.judged} <= {self.at_most:,g}"
        return f"{bound}: {'yes' if self.value <= self.at_most else 'NO'}"


@dataclass(frozen=True, slots=True)
class Effort:
    """How often everything is done."""

    rounds: int  # of what is interleaved
    calls: int  # of what is quick
    rows: int  # in the large catalog


FULL = Effort(rounds=11, calls=30, rows=100_000)
QUICK = Effort(rounds=5, calls=10, rows=20_000)


def interleaved(rounds: int, *sides: Callable[[], float]) -> list[list[float]]:
    """Every side once a round, A B A B, so that a busy machine is busy for all of them."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, values in zip(sides, taken, strict=True):
            values.append(side())
    return taken


def middle(values: Iterable[float]) -> float:
    return median(values)


def p99(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def heading(command: str) -> str:
    """What stands above the table, so that the output is docs/bench.md as it is."""
    now = datetime.now(UTC)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"""\
# What aquatint costs, measured

`.venv/bin/python tests/bench/bench.py > docs/bench.md` writes this page; `make bench` shows it.
The two sides of a row run alternately, and each figure is a median. Compare the column `ratio`:
milliseconds differ between machines, and by a third between runs on a busy one.

`{command}`, {now:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {os.cpu_count()} cores,
load {load} at the start.
"""


def table(rows: Iterable[Row]) -> str:
    lines = ["| what | ours | beside | ratio | target | |", "|---|---:|---:|---:|---|---|"]
    for row in rows:
        beside = "" if row.beside is None else _number(row.beside, row.unit)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells = (row.name, _number(row.ours, row.unit), beside, ratio, row.verdict, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float, unit: Unit) -> str:
    digits = 0 if unit == "bytes" or value >= 1000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"

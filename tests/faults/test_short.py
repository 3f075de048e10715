"""The short version of `make faults`: every row that a test may take a few seconds for."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from faults.bench import Bench, bench
from faults.rows import ROWS, Row


@pytest.fixture(scope="module")
def on_bench() -> Generator[Bench]:
    with bench(strict=False, seed=1) as one:
        yield one


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS if row.short])
def test_the_promise_is_kept(on_bench: Bench, row: Row) -> None:
    if row.lacking:
        pytest.skip(f"needs {row.lacking}")
    found = row.run(on_bench, row.short)
    assert found.injections
    assert found.broken == []

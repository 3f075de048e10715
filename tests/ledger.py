"""What other processes did, read off the catalog's file and waited for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread


def jobs(home: Path) -> list[dict[str, Any]]:
    """The ledger's rows, oldest first; none before there is a catalog."""
    file = home / ".aquatint" / "catalog.sqlite"
    if not file.exists():
        return []
    # Not read-only: what a killed process was writing has to be undone by whoever comes next.
    with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True, timeout=30)) as db:
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute("SELECT * FROM jobs ORDER BY rowid")]
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # its tables are just being made
                return []
            raise


def sent(home: Path) -> int:
    """How many jobs were sent."""
    return sum(row["sent"] is not None for row in jobs(home))


def states(home: Path) -> list[str]:
    return [row["state"] for row in jobs(home)]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for what another process does; fails when it does not."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


async def happened(condition: Callable[[], object], seconds: float = 30) -> None:
    await anyio.to_thread.run_sync(until, condition, seconds)

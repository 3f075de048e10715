"""Table 3c: the kills of tests/kills.py, which strike at a random call or return of any thread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .bench import Bench
from .evidence import Result

WRONG = (
    "torn",
    "rows without their file",
    "files without a row",
    "paid twice",
    "paid without a record",
)
SCRIPT = Path(__file__).parents[1] / "kills.py"


def random_kills(bench: Bench, times: int) -> Result:
    """`times` processes that run paid jobs; after each kill the ledger is reconciled and judged."""
    seed = bench.chance.randrange(1_000_000)
    argv = [sys.executable, str(SCRIPT), str(bench.home("kills") / "home"), str(times), str(seed)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    found = Result(injections=times)
    found.expect(done.returncode == 0, done.stderr[-300:])
    told: dict[str, int] = json.loads(done.stdout or "{}")
    found.expect(told.get("killed") == times, f"{told.get('killed')} were killed")
    for wrong in WRONG:
        found.expect(told.get(wrong) == 0, f"{wrong}: {told.get(wrong)}")
    found.paid, found.lost = told.get("paid", 0), told.get("unknown", 0)
    found.hits = 1 + told.get("paid twice", 0)
    found.note = (
        f"{told.get('recovered', 0)} recovered, {told.get('dropped', 0)} dropped at no cost"
    )
    return found

"""`python -m faults`: inject everything, print one table, fail when a promise is broken."""

from __future__ import annotations

import argparse
import math
import sys
import time
from datetime import UTC, datetime

from .bench import Bench, bench
from .evidence import Result
from .rows import ROWS, Row

HEAD = "| | fault | injections | paid | lost | hits a call | verdict | |"
RULE = "|---|---|---:|---:|---:|---:|---|---|"


def line(row: Row, found: Result) -> str:
    verdict = "**broken**" if found.broken else "kept"
    counts = f"{found.injections} | {found.paid} | {found.lost} | {found.hits}"
    return f"| {row.table} | {row.name} | {counts} | {verdict} | {found.note} |"


def inject(one: Bench, row: Row, times: int) -> Result:
    began = time.monotonic()
    found = row.run(one, times)
    print(line(row, found), flush=True)
    print(f"{row.name}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    for broken in found.broken[:10]:
        print(f"    {broken[:400]}", file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description="Faults on real processes.")
    parser.add_argument("--short", action="store_true", help="about a minute")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of each row's injections; seconds not judged"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--times", type=int, help="instead of each row's own number")
    parser.add_argument("words", nargs="*", help="only rows with one of these words")
    options = parser.parse_args()
    total = Result()
    began = time.monotonic()
    print(HEAD, RULE, sep="\n", flush=True)
    strict = not options.short and options.share == 1.0
    with bench(strict=strict, seed=options.seed) as one:
        for row in ROWS:
            full = math.ceil(row.full * options.share)
            times = options.times or (row.short if options.short else full)
            if not times or (options.words and not any(w in row.name for w in options.words)):
                continue
            if row.lacking:
                print(
                    f"| {row.table} | {row.name} | - | - | - | - | skipped | needs {row.lacking} |"
                )
                continue
            total.add(inject(one, row, times))
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    print(
        f"\n{total.injections} injections, {total.paid} paid requests, {len(total.broken)} broken"
    )
    print(f"{when}, {(time.monotonic() - began) / 60:.1f} minutes")
    return 1 if total.broken else 0


if __name__ == "__main__":
    sys.exit(main())

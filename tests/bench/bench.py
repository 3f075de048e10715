"""Prints the figures of the design as ratios of one run: `make bench`, or `--only cold,calls`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from measure import FULL, QUICK, Effort, Row, heading, table

PARTS = ("cold", "calls", "server", "catalog", "masks")


def main() -> None:
    parser = argparse.ArgumentParser(description="The figures of the design, as ratios in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a smaller catalog")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    options = parser.parse_args()
    print(heading(" ".join(["python", *sys.argv])), flush=True)
    found: list[Row] = []
    for part in options.only.split(","):
        rows: Callable[[Effort], list[Row]] = import_module(f"bench_{part}").rows
        found += rows(QUICK if options.quick else FULL)
    print(table(found))


if __name__ == "__main__":
    main()

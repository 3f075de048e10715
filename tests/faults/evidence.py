"""What a fault left behind: the provider's count against the files and the catalog's rows."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .provider import KEY, Asked

CATALOG = ".aquatint/catalog.sqlite"
KNOWN = {"unknown", "failed", "refused"}  # ends that tell people what became of their money


@dataclass(slots=True)
class Result:
    """What one row of the table came to. Each line of `broken` is a promise that was not kept."""

    injections: int = 0
    paid: int = 0  # requests that the provider saw
    lost: int = 0  # of those, without a picture although one was sent
    hits: int = 0  # the most requests of one call
    note: str = ""
    broken: list[str] = field(default_factory=list[str])

    def expect(self, kept: object, otherwise: str) -> None:
        if not kept:
            self.broken.append(otherwise)

    def add(self, other: Result) -> None:
        self.injections += other.injections
        self.paid += other.paid
        self.lost += other.lost
        self.hits = max(self.hits, other.hits)
        self.note = self.note or other.note
        self.broken += other.broken


def rows(home: Path, statement: str, *values: object) -> list[dict[str, Any]]:
    """Read the catalog without the server; what a killed process left half-done is rolled back."""
    if not (home / CATALOG).exists():
        return []
    with closing(sqlite3.connect(home / CATALOG, timeout=30)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(statement, values)]


def jobs(home: Path, part: str = "") -> list[dict[str, Any]]:
    return rows(home, "SELECT * FROM jobs WHERE instr(prompt, ?) OR ? = ''", part, part)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def judge(home: Path, asked: Sequence[Asked], *, may_lose: bool = False, hits: int = 1) -> Result:
    """The invariants, once every process of a home has ended. `may_lose`: the payer was killed."""
    found = Result(paid=len(asked))
    sent = {digest for one in asked for digest in one.digests}
    images = rows(home, "SELECT * FROM pictures")
    found_again = {row["sha256"] for row in images}
    told = [*home.glob("2*"), *(home / ".aquatint/parts").glob("*.rescued")]
    found_again |= {digest(path) for path in told}  # their call's error names the file
    whole = sent | {row["sha256"] for row in images}  # what was taken in, or made of others
    for path in home.glob("2*"):
        found.expect(digest(path) in whole, f"torn or foreign file {path.name}")
    for row in images:
        place = home / row["key"]
        found.expect(place.exists(), f"row {row['id']} without its file")
        if place.exists():
            found.expect(digest(place) == row["sha256"], f"row {row['id']} and another file")
    states = {row["prompt"]: row["state"] for row in jobs(home)}
    for one in asked:
        state = states.get(one.prompt)
        found.expect(state not in (None, "intent"), f"paid without an end: {one.prompt} ({state})")
        kept = (
            one.digests[-1:] and one.digests[-1] in found_again
        )  # what came before are early looks
        if one.digests and not kept:
            found.lost += 1
            found.expect(
                may_lose and state in KNOWN, f"lost, and the row says {state}: {one.prompt}"
            )
    for row in rows(home, "SELECT prompt, state FROM jobs WHERE state = 'done'"):
        counted = {one.prompt for one in asked}
        found.expect(row["prompt"] in counted, f"done, and never asked: {row['prompt']}")
    found.hits = max(Counter(one.prompt for one in asked).values(), default=0)
    found.expect(found.hits <= hits, f"one call reached the provider {found.hits} times")
    # What a killed payer was receiving is kept for a day, for support.
    found.expect(may_lose or not parts(home), f"left in parts: {parts(home)}")
    verdict = rows(home, "PRAGMA integrity_check")
    found.expect(verdict in ([], [{"integrity_check": "ok"}]), f"catalog: {verdict}")
    return found


def parts(home: Path) -> list[str]:
    return [path.name for path in (home / ".aquatint" / "parts").glob("*.part")]


def leaks(home: Path) -> list[str]:
    """Files of the suite that hold the key."""
    places = [home.parent / f"{home.name}.stderr", *home.rglob("*")]
    return [str(path) for path in places if path.is_file() and KEY.encode() in path.read_bytes()]

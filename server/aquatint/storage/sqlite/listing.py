"""Pages of pictures, newest first, and searches; none gets slower with what the catalog holds."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ...domain import given_names, search
from ...domain.answers import Page
from .rows import from_cursor, to_cursor, to_image, total_of

_COUNTED = 1000  # where counting what a search found stops: all of 100,000 takes 50 ms
_END = 2**63 - 1  # before the first page
Values = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is asked for with; a query without any word is not a query.

    Without a kind only what replies showed, with one also the raw pictures behind them.
    """

    owner: str
    query: str | None
    kind: str | None
    limit: int
    cursor: str | None


def page(db: sqlite3.Connection, asked: Asked) -> Page:
    """The total of a search stops at 1,000."""
    before, step = from_cursor(asked.cursor) if asked.cursor else (_END, 0)
    words = search.match(asked.query) if asked.query else None
    if words is None:
        return _plain(db, asked, before)
    if name := _name_of(db, asked):
        where, values = _where(asked)
        where, values = f"{where} AND {_NAMED} AND n.key = ?)", (*values, asked.owner, name)
        return _page(db, asked, f"FROM pictures p WHERE {where}", values, before)
    if not step:
        found = _matching(db, asked, words, before)
        if found.total or asked.cursor:
            return found
    return _some(db, asked, before, step)


_NAMED = "p.id IN (SELECT n.image FROM names n WHERE n.owner = ?"


def _name_of(db: sqlite3.Connection, asked: Asked) -> str | None:
    """The key of the name that a query like `@logo` asks for, where there is such a name."""
    name = given_names.named(asked.query or "")
    if name is None:
        return None
    key = given_names.key(name)
    there = db.execute("SELECT 1 FROM names WHERE owner = ? AND key = ?", (asked.owner, key))
    return key if there.fetchone() else None


def _where(asked: Asked) -> tuple[str, Values]:
    if asked.kind is None:
        return "p.owner = ? AND p.shown = 1", (asked.owner,)
    if asked.kind == "named":
        return f"p.owner = ? AND {_NAMED})", (asked.owner, asked.owner)
    return "p.owner = ? AND p.kind = ?", (asked.owner, asked.kind)


def _plain(db: sqlite3.Connection, asked: Asked, before: int) -> Page:
    where, values = _where(asked)
    tail = f"FROM pictures p WHERE {where}"
    if asked.kind == "named":  # a plus keeps SQLite from walking all pictures for the order's sake
        return _page(db, asked, tail, values, before, seq="+p.seq")
    found = _rows(db, f"{tail} AND p.seq < ? ORDER BY p.seq DESC", (*values, before), asked.limit)
    return _as_page(found, asked, total_of(db, asked.owner, asked.kind or ""))


def _page(
    db: sqlite3.Connection, asked: Asked, tail: str, values: Values, before: int, seq: str = "p.seq"
) -> Page:
    total = _count(db, tail, values)
    rows = _rows(db, f"{tail} AND {seq} < ? ORDER BY {seq} DESC", (*values, before), asked.limit)
    return _as_page(rows, asked, total)


def _matching(db: sqlite3.Connection, asked: Asked, words: str, before: int) -> Page:
    where, values = _where(asked)
    tail = f"{_SEARCHED} WHERE {where} AND words MATCH ?"
    return _page(db, asked, tail, (*values, words), before, seq="words.rowid")


_SEARCHED = "FROM words CROSS JOIN pictures p ON p.seq = words.rowid"


def _some(db: sqlite3.Connection, asked: Asked, before: int, step: int) -> Page:
    """What has some of the words: those with most of them first, and of these the newest.

    Each number of words is a step of its own, which a cursor names.
    """

    def held(word: str) -> bool:
        return bool(
            db.execute("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (word,)).fetchone()
        )

    words = search.partly(asked.query or "", held)
    if words is None:
        return Page(images=())
    where, values = _where(asked)
    tail = f"{_SEARCHED} WHERE {where} AND words MATCH ?"
    total = _count(db, tail, (*values, words.any))
    order = f"{tail} AND words.rowid < ? ORDER BY words.rowid DESC"
    found: list[tuple[sqlite3.Row, int]] = []
    for number, exactly in enumerate(words.exactly, 1):
        if number < step or len(found) > asked.limit or not total:
            continue
        since = before if number == step else _END
        left = asked.limit - len(found)
        rows = _rows(db, order, (*values, exactly, since), left)
        found += [(row, number) for row in rows]
    shown = found[: asked.limit]
    more = to_cursor(shown[-1][0]["seq"], shown[-1][1]) if len(found) > asked.limit else None
    images = tuple(to_image(row) for row, _ in shown)
    return Page(images=images, cursor=more, total=total, partly=bool(images))


def _rows(db: sqlite3.Connection, tail: str, values: Values, limit: int) -> list[sqlite3.Row]:
    """One more than the limit, which tells whether there is a next page."""
    return db.execute(f"SELECT p.* {tail} LIMIT ?", (*values, limit + 1)).fetchall()


def _count(db: sqlite3.Connection, tail: str, values: Values) -> int:
    counted = f"SELECT count(*) FROM (SELECT 1 {tail} LIMIT {_COUNTED})"  # noqa: S608 - ours
    return db.execute(counted, values).fetchone()[0]


def _as_page(rows: list[sqlite3.Row], asked: Asked, total: int) -> Page:
    more = to_cursor(rows[asked.limit - 1]["seq"]) if len(rows) > asked.limit else None
    return Page(images=tuple(map(to_image, rows[: asked.limit])), cursor=more, total=total)

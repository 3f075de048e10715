"""By what a picture is found besides its prompt: names that it was given, files it was written to.

The tables `names` and `files` say which picture one belongs to; its own row and its words repeat
that, so that lists and searches read nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from ...domain import given_names
from ...domain.answers import Written
from ...domain.types import Copy, ImageRecord
from .rows import as_json, searchable, to_image


def note_copies(db: sqlite3.Connection, owner: str, image: str, copies: Sequence[Copy]) -> None:
    """The files at these paths hold this picture now, and no other."""
    for copy in copies:
        before = db.execute(
            "SELECT image FROM files WHERE owner = ? AND path = ?", (owner, copy.path)
        ).fetchone()
        if before is not None and before[0] != image:
            _rewrite(db, before[0], without=copy.path)
        db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            (owner, copy.path, image, copy.sha256, copy.whole),
        )
    _rewrite(db, image, copies=copies)


def written(db: sqlite3.Connection, owner: str, paths: Collection[str]) -> dict[str, Written]:
    rows = db.execute(
        "SELECT path, image, sha256, whole FROM files WHERE owner = ?"
        " AND path IN (SELECT value FROM json_each(?))",
        (owner, json.dumps(list(paths))),
    )
    return {row["path"]: Written(**dict(row)) for row in rows}


def give_name(db: sqlite3.Connection, owner: str, image: str, name: str) -> str | None:
    """The id of the picture that had the name, None where nobody did."""
    before = of_name(db, owner, name)
    db.execute(
        "INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?)",
        (owner, given_names.key(name), name, image),
    )
    for one in {image, before.id if before else image}:
        _rewrite(db, one)
    return before and before.id


def take_name(db: sqlite3.Connection, owner: str, name: str) -> ImageRecord | None:
    had = of_name(db, owner, name)
    if had is not None:
        db.execute("DELETE FROM names WHERE owner = ? AND key = ?", (owner, given_names.key(name)))
        _rewrite(db, had.id)
    return had


def of_name(db: sqlite3.Connection, owner: str, name: str) -> ImageRecord | None:
    row = db.execute(
        "SELECT p.* FROM names n JOIN pictures p ON p.id = n.image WHERE n.owner = ? AND n.key = ?",
        (owner, given_names.key(name)),
    ).fetchone()
    return row and to_image(row)


def all_names(db: sqlite3.Connection, owner: str, limit: int) -> list[str]:
    rows = db.execute("SELECT name FROM names WHERE owner = ? ORDER BY key LIMIT ?", (owner, limit))
    return [row[0] for row in rows]


def drop(db: sqlite3.Connection, image: str) -> None:
    """What is forgotten has no names and no files."""
    db.execute("DELETE FROM names WHERE image = ?", (image,))
    db.execute("DELETE FROM files WHERE image = ?", (image,))


def _rewrite(
    db: sqlite3.Connection, image: str, *, copies: Sequence[Copy] = (), without: str = ""
) -> None:
    """The row and the words of a picture, as the tables have it, with more copies or one less."""
    row = db.execute("SELECT * FROM pictures WHERE id = ?", (image,)).fetchone()
    if row is None:
        return
    saved = {one.path: one for one in (*to_image(row).saved, *copies) if one.path != without}
    named = db.execute("SELECT name FROM names WHERE image = ? ORDER BY key", (image,)).fetchall()
    names = json.dumps([one[0] for one in named])
    values = {**dict(row), "saved": as_json(saved.values()), "names": names}
    db.execute(
        "UPDATE pictures SET saved = ?, names = ? WHERE seq = ?",
        (values["saved"], names, row["seq"]),
    )
    db.execute("UPDATE words SET text = ? WHERE rowid = ?", (searchable(db, values), row["seq"]))

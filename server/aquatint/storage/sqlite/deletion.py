"""Takes words and rows out of the catalog for good; the file overwrites what it deletes.

Inside `job` (JSON) a picture is named by `image://id`, and by its key where it was the base.
"""

from __future__ import annotations

import sqlite3

from ...domain.types import ImageRecord, Job
from .found_by import drop
from .rows import count, to_image

# A job without its words: what it was asked, where copies went, and what the provider quoted.
_BLANK = (
    "UPDATE jobs SET prompt = '', digest = '', delivered = 1, warnings = '[]', ticket = NULL,"
    " revised_prompt = NULL,"
    " failure = CASE WHEN failure IS NULL THEN NULL"
    " ELSE json_set(failure, '$.message', 'Forgotten.') END,"
    " job = json_set(job, '$.order.prompt', '', '$.request.prompt', '', '$.digest', '',"
    " '$.finish.save_to', json('[]'), '$.request.save_to', json('[]'), '$.warnings', json('[]'))"
    " WHERE state != 'intent' AND prompt != ''"
    " AND NOT EXISTS (SELECT 1 FROM pictures WHERE job = jobs.id)"
)


def forget_image(db: sqlite3.Connection, image: str, owner: str, last: bool) -> ImageRecord | None:
    """Remove a picture's row and words, and its job's words with the last picture of it.

    The index is rewritten, without the deleted words, with the `last` of several.
    """
    row = db.execute("SELECT * FROM pictures WHERE id = ? AND owner = ?", (image, owner)).fetchone()
    if row is None:
        return None
    db.execute("DELETE FROM pictures WHERE seq = ?", (row["seq"],))
    count(db, row["owner"], row["kind"], row["shown"], -1)
    db.execute("DELETE FROM words WHERE rowid = ?", (row["seq"],))
    drop(db, image)
    db.execute("DELETE FROM annotations WHERE owner = ? AND image = ?", (owner, image))
    if last:
        db.execute("INSERT INTO words(words) VALUES ('optimize')")
    db.execute(f"{_BLANK} AND id = ?", (row["job"],))
    db.execute(  # a key has words of the prompt in it
        "UPDATE jobs SET job = json_set(job, '$.finish.base', NULL)"
        " WHERE owner = ? AND state != 'intent' AND json_extract(job, '$.finish.base') = ?",
        (owner, row["key"]),
    )
    return to_image(row)


def forget_jobs(db: sqlite3.Connection, owner: str, before: float) -> int:
    """Blank the words of ended jobs without pictures that were asked for before then."""
    return db.execute(f"{_BLANK} AND owner = ? AND created < ?", (owner, before)).rowcount


def uses(db: sqlite3.Connection, image: str, owner: str) -> tuple[list[Job], list[str]]:
    """The jobs that were given a picture, and the pictures whose lineage names it."""
    jobs = db.execute(
        "SELECT job FROM jobs WHERE owner = ? AND instr(job, ?)", (owner, f'"image://{image}"')
    ).fetchall()
    children = db.execute(
        "SELECT id FROM pictures WHERE owner = ? AND instr(parents, ?) ORDER BY seq",
        (owner, f'"{image}"'),
    ).fetchall()
    return [Job.model_validate_json(row[0]) for row in jobs], [row[0] for row in children]


def older(db: sqlite3.Connection, owner: str, before: float) -> list[str]:
    """The ids of all pictures made before then, hidden ones too, newest first."""
    rows = db.execute(
        "SELECT id FROM pictures WHERE owner = ? AND created < ? ORDER BY seq DESC",
        (owner, before),
    )
    return [row[0] for row in rows.fetchall()]

"""The schema of the catalog's file, and what has changed in it since, in order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from ...domain import lineage
from ...domain.lineage import Parent
from .found_by import note_copies
from .rows import as_columns, searchable, to_image

_FIRST = """
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, state TEXT NOT NULL, kind TEXT NOT NULL,
  engine TEXT NOT NULL, prompt TEXT NOT NULL, digest TEXT NOT NULL, model TEXT NOT NULL,
  model_used TEXT, size TEXT NOT NULL, quality TEXT NOT NULL, estimate REAL, cost REAL,
  usage TEXT, seconds REAL, request_id TEXT, failure TEXT, warnings TEXT NOT NULL DEFAULT '[]',
  job TEXT NOT NULL, created REAL NOT NULL, sent REAL, ended REAL,
  delivered INTEGER NOT NULL DEFAULT 0, project TEXT NOT NULL,
  runner TEXT NOT NULL, sender TEXT
);
CREATE INDEX jobs_twin ON jobs(owner, digest);
CREATE INDEX jobs_running ON jobs(owner, created) WHERE state = 'intent';
CREATE INDEX jobs_spend ON jobs(owner, coalesce(ended, created), state, cost, estimate);
CREATE INDEX jobs_doubt ON jobs(ended) WHERE state = 'unknown';
CREATE INDEX jobs_pace ON jobs(model, size, quality, ended)
  WHERE state = 'done' AND seconds IS NOT NULL;
CREATE TABLE pictures (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, job TEXT,
  ord INTEGER NOT NULL, kind TEXT NOT NULL, prompt TEXT NOT NULL, parents TEXT NOT NULL,
  model TEXT, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  bytes INTEGER NOT NULL, frames INTEGER NOT NULL, alpha INTEGER NOT NULL,
  provenance INTEGER NOT NULL, key TEXT NOT NULL, preview TEXT, sha256 TEXT NOT NULL,
  created REAL NOT NULL, note TEXT, saved TEXT NOT NULL, outside TEXT NOT NULL,
  arguments TEXT, shown INTEGER NOT NULL
);
CREATE INDEX pictures_bytes ON pictures(owner, sha256);
CREATE INDEX pictures_shown ON pictures(owner) WHERE shown = 1;
CREATE INDEX pictures_kind ON pictures(owner, kind);
CREATE INDEX pictures_id ON pictures(owner, id) WHERE shown = 1;
CREATE INDEX pictures_job ON pictures(job, ord) WHERE job IS NOT NULL;
CREATE TABLE counts (
  owner TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (owner, kind)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
  text, columnsize = 0,
  tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* S* P* C*'"
);
"""  # domain.search.fold has cut the words already: the tokenizer only splits at spaces
# counts: pictures of each kind, and those that were shown as kind "". Counting 100,000 takes 5 ms.


def _first(db: sqlite3.Connection) -> None:
    for statement in _FIRST.split(";\n"):
        db.execute(statement)


TROUBLE = "state IN ('failed', 'refused', 'unknown')"  # in the words of the index


def _troubles(db: sqlite3.Connection) -> None:
    """The doctor asks for the last ones, among 100,000 that went well."""
    db.execute(f"CREATE INDEX jobs_trouble ON jobs(ended) WHERE {TROUBLE}")


def _lineage(db: sqlite3.Connection) -> None:
    """Parents have roles; what a reply showed has the kind of its call, what is behind it is raw.

    Before, composites and fitted pictures were `derived`, and what is behind them had the kind.
    """
    db.execute("ALTER TABLE pictures ADD COLUMN roles TEXT NOT NULL DEFAULT '[]'")
    rows = db.execute(
        "SELECT p.*, j.job AS call FROM pictures p LEFT JOIN jobs j ON j.id = p.job"
        " WHERE p.parents != '[]' OR p.kind = 'derived' OR p.job IS NOT NULL AND p.shown = 0"
    )
    for row in rows.fetchall():
        kind, parents = _understood(row)
        db.execute(
            "UPDATE pictures SET kind = ?, parents = ?, roles = ? WHERE seq = ?",
            (kind, *as_columns(parents), row["seq"]),
        )
        if kind != row["kind"]:
            text = searchable(db, {**dict(row), "kind": kind})
            db.execute("UPDATE words SET text = ? WHERE rowid = ?", (text, row["seq"]))
    db.execute("DELETE FROM counts")
    db.execute("INSERT INTO counts SELECT owner, kind, count(*) FROM pictures GROUP BY 1, 2")
    db.execute(
        "INSERT INTO counts SELECT owner, '', count(*) FROM pictures WHERE shown = 1 GROUP BY 1"
    )


def _understood(row: sqlite3.Row) -> tuple[str, tuple[Parent, ...]]:
    """What an older version wrote of a picture, as this one would have: its kind and parents."""
    given: list[str] = json.loads(row["parents"])
    if row["call"] is None:
        base = json.loads(row["arguments"] or "{}").get("image")
        parents = tuple(Parent(id=one) for one in given)
        if row["kind"] == "mask":
            parents = lineage.of_mask(given, base and base.removeprefix("image://"))
        return row["kind"], parents
    job: dict[str, Any] = json.loads(row["call"])
    request: dict[str, Any] = job["request"]
    of_call = {*(job.get("image_ids") or job.get("picture_ids") or ()), *job["derived_ids"]}
    raw = tuple(Parent(id=one, role="raw") for one in given if one in of_call)
    inputs = lineage.of_edit(
        job.get("parents") or (),
        len(request.get("images") or ()),
        mask=bool(request.get("mask")),
        markup=bool(request.get("markup")),
    )
    # A composite could fail: then the provider's own picture was shown, which is still raw.
    as_asked = row["shown"] and (job["finish"].get("base") is None or row["outside"] != "null")
    return job["kind"] if as_asked else "raw", (*inputs, *raw)


def _names_and_files(db: sqlite3.Connection) -> None:
    """Names that pictures were given, and which file on disk is whose; both are found by words."""
    db.execute("ALTER TABLE pictures ADD COLUMN names TEXT NOT NULL DEFAULT '[]'")
    db.execute(
        "CREATE TABLE names (owner TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,"
        " image TEXT NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX names_image ON names(image)")
    db.execute(
        "CREATE TABLE files (owner TEXT NOT NULL, path TEXT NOT NULL, image TEXT NOT NULL,"
        " sha256 TEXT NOT NULL, whole INTEGER NOT NULL, PRIMARY KEY (owner, path)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX files_image ON files(image)")
    rows = db.execute("SELECT * FROM pictures WHERE saved != '[]' ORDER BY seq").fetchall()
    for row in rows:
        note_copies(db, row["owner"], row["id"], to_image(row).saved)


def _annotations(db: sqlite3.Connection) -> None:
    """What people marked in the studio; `told` is when an agent heard of it."""
    db.execute(
        "CREATE TABLE annotations (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
        " owner TEXT NOT NULL, project TEXT NOT NULL, image TEXT NOT NULL, told REAL,"
        " annotation TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX annotations_of ON annotations(owner, image)")
    db.execute("CREATE INDEX annotations_untold ON annotations(owner) WHERE told IS NULL")


def _projects(db: sqlite3.Connection) -> None:
    """Pictures are found by the folder of their project, too."""
    rows = db.execute(
        "SELECT * FROM pictures WHERE job IN (SELECT id FROM jobs WHERE project != '')"
    )
    for row in rows.fetchall():
        text = searchable(db, dict(row))
        db.execute("UPDATE words SET text = ? WHERE rowid = ?", (text, row["seq"]))


def _conversations(db: sqlite3.Connection) -> None:
    """Under which name the provider took a job, and the words that it drew from."""
    db.execute("ALTER TABLE jobs ADD COLUMN ticket TEXT")
    db.execute("ALTER TABLE jobs ADD COLUMN revised_prompt TEXT")


# Appended to, never edited; PRAGMA user_version counts those that a file has seen.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _troubles,
    _lineage,
    _names_and_files,
    _annotations,
    _projects,
    _conversations,
)

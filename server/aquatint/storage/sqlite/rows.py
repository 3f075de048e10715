"""Rows of the SQLite catalog as values, and values as rows."""

from __future__ import annotations

import base64
import json
import sqlite3

from ...domain.errors import BadRequest
from ...domain.search import fold
from ...domain.types import Failure, ImageRecord, Job, JobRecord, Usage

_COLUMNS = tuple(ImageRecord.model_fields)  # each has a column of its name
_AS_JSON = ("parents", "saved", "outside")


def insert_job(db: sqlite3.Connection, job: Job, lease: str = "") -> None:
    job = job.as_kept()
    order = job.order
    db.execute(
        "INSERT INTO jobs (id, owner, state, kind, engine, prompt, digest, model, size, quality,"
        " estimate, job, created, project, runner)"
        " VALUES (?, ?, 'intent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (
            job.id,
            job.owner,
            job.kind,
            job.engine,
            order.prompt,
            job.digest,
            order.model,
            order.size,
            order.quality,
            job.estimate_usd,
            job.model_dump_json(),
            job.created,
            job.project,
            lease,
        ),
    )


def to_record(db: sqlite3.Connection, row: sqlite3.Row) -> JobRecord:
    images = db.execute(
        "SELECT * FROM pictures WHERE job = ? AND owner = ? AND shown = 1 ORDER BY ord",
        (row["id"], row["owner"]),
    )
    return JobRecord(
        job=Job.model_validate_json(row["job"]),
        state=row["state"],
        sent=row["sent"],
        model=row["model_used"],
        usage=Usage.model_validate_json(row["usage"]) if row["usage"] else None,
        cost_usd=row["cost"],
        seconds=row["seconds"],
        request_id=row["request_id"],
        failure=Failure.model_validate_json(row["failure"]) if row["failure"] else None,
        warnings=json.loads(row["warnings"]),
        images=tuple(map(to_image, images)),
        ended=row["ended"],
        delivered=bool(row["delivered"]),
        lease=(row["sender"] or row["runner"]) if row["state"] == "intent" else "",
    )


def insert_image(db: sqlite3.Connection, image: ImageRecord, order: int, shown: bool) -> None:
    values = image.model_dump()
    for name in _AS_JSON:
        values[name] = json.dumps(values[name])
    names = ", ".join(_COLUMNS)
    marks = ", ".join("?" * len(_COLUMNS))
    row = db.execute(
        f"INSERT INTO pictures ({names}, ord, shown) VALUES ({marks}, ?, ?)"  # noqa: S608 - our own names
        " ON CONFLICT (id) DO NOTHING",
        (*(values[name] for name in _COLUMNS), order, shown),
    )
    if row.rowcount:
        count(db, image.owner, image.kind, shown, 1)
        searchable = (image.prompt, image.id, image.kind, image.model, image.note)
        text = fold(" \n".join(word for word in searchable if word))
        db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row.lastrowid, text))


def count(db: sqlite3.Connection, owner: str, kind: str, shown: bool, step: int) -> None:
    for word in (kind, "") if shown else (kind,):
        db.execute(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            (owner, word, step),
        )


def total_of(db: sqlite3.Connection, owner: str, kind: str) -> int:
    row = db.execute("SELECT n FROM counts WHERE owner = ? AND kind = ?", (owner, kind)).fetchone()
    return row[0] if row else 0


def to_image(row: sqlite3.Row) -> ImageRecord:
    values = {name: row[name] for name in _COLUMNS}
    values |= {name: json.loads(row[name]) for name in _AS_JSON}
    return ImageRecord.model_validate(values)


def to_cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(seq.to_bytes(9)).decode()


def from_cursor(cursor: str) -> int:
    try:
        data = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    seq = int.from_bytes(data)
    if len(data) != 9 or seq >= 2**63:
        raise BadRequest(
            "The cursor is none that this server gave.",
            "Call again without cursor for the first page.",
            code="bad_cursor",
        )
    return seq

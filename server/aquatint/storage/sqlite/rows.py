"""Rows of the SQLite catalog as values, and values as rows."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from ...domain.errors import BadRequest
from ...domain.lineage import Parent
from ...domain.search import file_part, fold
from ...domain.types import Copy, Failure, ImageRecord, Job, JobRecord
from ...domain.usage import Usage

STEPS = 6  # that a search for some of the words has at most
_COLUMNS = tuple(ImageRecord.model_fields)  # each has a column of its name
_AS_JSON = ("saved", "outside", "names")  # parents have two: their ids, and beside them their roles


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
            job.kept_prompt,
            job.digest,
            order.model,
            order.size,
            order.quality,
            job.estimate_usd,
            job.model_dump_json(exclude={"resumes"}),  # of a process, not of the job
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
        ticket=row["ticket"] or "",
        revised_prompt=row["revised_prompt"],
        lease=(row["sender"] or row["runner"]) if row["state"] == "intent" else "",
    )


def insert_image(db: sqlite3.Connection, image: ImageRecord, order: int, shown: bool) -> bool:
    """Whether it was not there yet."""
    values = image.model_dump()
    for name in _AS_JSON:
        values[name] = json.dumps(values[name])
    values["parents"], roles = as_columns(image.parents)
    values["saved"] = as_json(image.saved)
    names = ", ".join(_COLUMNS)
    marks = ", ".join("?" * len(_COLUMNS))
    row = db.execute(
        f"INSERT INTO pictures ({names}, roles, ord, shown) VALUES ({marks}, ?, ?, ?)"  # noqa: S608 - our own names
        " ON CONFLICT (id) DO NOTHING",
        (*(values[name] for name in _COLUMNS), roles, order, shown),
    )
    if row.rowcount:
        count(db, image.owner, image.kind, shown, 1)
        text = searchable(db, values)
        db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row.lastrowid, text))
    return row.rowcount > 0


def searchable(db: sqlite3.Connection, picture: Mapping[str, Any]) -> str:
    """All by which a picture is found, as the index keeps it; of its project only the folder."""
    job = db.execute("SELECT project FROM jobs WHERE id = ?", (picture["job"],)).fetchone()
    words = [picture[name] for name in ("prompt", "id", "kind", "model", "note")]
    words += [PurePath(job["project"]).name] if job else []
    words += json.loads(picture.get("names", "[]"))
    words += [
        file_part(one if isinstance(one, str) else one["path"])
        for one in json.loads(picture["saved"])
    ]
    return fold(" \n".join(word for word in words if word))


def as_json(copies: Iterable[Copy]) -> str:
    """As a server of before 2026-11-27 reads them; the rest of a copy is in `files`."""
    return json.dumps([one.model_dump(exclude={"sha256", "whole"}) for one in copies])


def as_columns(parents: Iterable[Parent]) -> tuple[str, str]:
    """JSON of the ids and of the roles: a server of before 2026-11-27 on this file reads ids."""
    given = tuple(parents)
    return json.dumps([one.id for one in given]), json.dumps([one.role for one in given])


def _parents(row: sqlite3.Row) -> list[dict[str, str] | str]:
    ids: list[str] = json.loads(row["parents"])
    roles: list[str] = json.loads(row["roles"])
    if len(ids) != len(roles):  # such a server wrote them
        return list(ids)
    return [{"id": one, "role": role} for one, role in zip(ids, roles, strict=True)]


def lineage(db: sqlite3.Connection, owner: str) -> dict[str, tuple[Parent, ...]]:
    """What each of an owner's pictures was made from, of those that were made from others."""
    rows = db.execute(
        "SELECT id, parents, roles FROM pictures WHERE owner = ? AND parents != '[]' ORDER BY seq",
        (owner,),
    )
    return {row["id"]: tuple(map(Parent.model_validate, _parents(row))) for row in rows}


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
    values["parents"] = _parents(row)
    return ImageRecord.model_validate(values)


def to_cursor(seq: int, step: int = 0) -> str:
    return base64.urlsafe_b64encode(bytes([step]) + seq.to_bytes(8)).decode()


def from_cursor(cursor: str) -> tuple[int, int]:
    """Which picture a page ended with, and at which step of a search for some of the words."""
    try:
        data = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    seq = int.from_bytes(data[1:])
    if len(data) != 9 or seq >= 2**63 or data[0] > STEPS:
        raise BadRequest(
            "The cursor is none that this server gave.",
            "Call again without cursor for the first page.",
            code="bad_cursor",
        )
    return seq, data[0]

"""The only module that speaks SQLite: the ledger of jobs and the list of pictures, in one file."""

from __future__ import annotations

import base64
import json
import sqlite3
import statistics
from collections.abc import Callable

from aquatint.core.errors import AquatintError, BadRequest
from aquatint.core.search import fold, match
from aquatint.core.types import Failure, Finding, Job, Page, Picture, Record, Usage

from .sqlite_file import CatalogFile

_COLUMNS = tuple(Picture.model_fields)  # each has a column of its name
_AS_JSON = ("parents", "saved", "outside")
_COUNTED = 1000  # where counting what a search found stops: all of 100,000 takes 50 ms


class SqliteCatalog:
    """Catalog in one file that several processes may share; opened at first use.

    `now` gives epoch seconds. An intent older than `stale_after` seconds is taken for what a killed
    process left: it no longer counts as running. Every method raises Misconfigured when the file
    cannot be used and Busy when another process holds it for 30 seconds.
    """

    def __init__(self, path: str, *, now: Callable[[], float], stale_after: float = 900.0) -> None:
        self._file = CatalogFile(path)
        self._now = now
        self._stale_after = stale_after

    # The ledger

    async def begin(self, job: Job, reuse_after: float | None) -> Record | None:
        def work(db: sqlite3.Connection) -> Record | None:
            if reuse_after is not None:
                twin = db.execute(
                    "SELECT * FROM jobs WHERE owner = ? AND digest = ? AND ("
                    " state = 'intent' AND coalesce(sent, created) > ?"
                    " OR state = 'done' AND NOT delivered AND ended >= ?)"
                    " ORDER BY rowid DESC LIMIT 1",
                    (job.owner, job.digest, self._now() - self._stale_after, reuse_after),
                ).fetchone()
                if twin:
                    return _record(db, twin)
            _insert_job(db, job)
            return None

        return await self._file.write(work)

    async def sent(self, job: str) -> None:
        statement = "UPDATE jobs SET sent = ? WHERE id = ? AND sent IS NULL"
        await self._file.write(lambda db: db.execute(statement, (self._now(), job)))

    async def settle(self, record: Record, pictures: tuple[Picture, ...]) -> None:
        """End the job; the first end stays, except that `done` may still follow `unknown`."""
        if record.state == "intent":
            raise ValueError("settle ends a job; an intent is no end")
        shown = {picture.id: place for place, picture in enumerate(record.pictures)}
        every = {picture.id: picture for picture in (*pictures, *record.pictures)}

        def work(db: sqlite3.Connection) -> None:
            _insert_job(db, record.job)  # a no-op unless its intent was lost with the file
            ended = db.execute(
                "UPDATE jobs SET state = ?, model_used = ?, cost = ?, usage = ?, seconds = ?,"
                " request_id = ?, failure = ?, warnings = ?, ended = ?, delivered = ?"
                " WHERE id = ? AND (state = 'intent' OR state = 'unknown' AND ? = 'done')",
                (
                    record.state,
                    record.model,
                    record.cost_usd,
                    record.usage and record.usage.model_dump_json(),
                    record.seconds,
                    record.request_id,
                    record.failure and record.failure.model_dump_json(),
                    json.dumps(record.warnings),
                    self._now() if record.ended is None else record.ended,
                    record.delivered,
                    record.job.id,
                    record.state,
                ),
            )
            if ended.rowcount:
                for place, picture in enumerate(every.values()):
                    order = shown.get(picture.id, len(shown) + place)
                    _insert_picture(db, picture, order, picture.id in shown)

        await self._file.write(work, spent=record.failure.spent if record.failure else "yes")

    async def delivered(self, job: str) -> None:
        statement = "UPDATE jobs SET delivered = 1 WHERE id = ?"
        await self._file.write(lambda db: db.execute(statement, (job,)))

    async def job(self, job: str, owner: str) -> Record | None:
        found = await self._jobs("id = ? AND owner = ?", job, owner)
        return found[0] if found else None

    async def running(self, owner: str) -> list[Record]:
        """The jobs that have not ended, newest first; not those a killed process left."""
        since = self._now() - self._stale_after
        return await self._jobs(
            "owner = ? AND state = 'intent' AND coalesce(sent, created) > ?", owner, since
        )

    async def unsettled(self) -> list[Record]:
        """Every owner's jobs without an end, newest first, for reconciliation."""
        return await self._jobs("state = 'intent'")

    async def seconds(self, model: str, size: str, quality: str) -> float | None:
        """The median over the last 20 done jobs of the model asked for, whoever's they were."""
        statement = (
            "SELECT seconds FROM jobs WHERE model = ? AND size = ? AND quality = ?"
            " AND state = 'done' AND seconds IS NOT NULL ORDER BY ended DESC LIMIT 20"
        )
        rows = await self._file.read(
            lambda db: db.execute(statement, (model, size, quality)).fetchall()
        )
        return statistics.median(row[0] for row in rows) if rows else None

    async def spent_since(self, owner: str, since: float) -> float:
        """Dollars: what ended jobs cost, and what is reserved for those without a known cost."""
        statement = (
            "SELECT total(CASE WHEN state IN ('failed', 'refused') THEN cost"
            " ELSE coalesce(cost, estimate) END)"
            " FROM jobs WHERE owner = ? AND coalesce(ended, created) >= ?"
        )
        return await self._file.read(lambda db: db.execute(statement, (owner, since)).fetchone()[0])

    # The pictures

    async def add(self, picture: Picture, *, shown: bool = True) -> None:
        await self._file.write(lambda db: _insert_picture(db, picture, 0, shown))

    async def same(self, sha256: str, owner: str) -> Picture | None:
        return await self._newest("sha256 = ?", owner, sha256)

    async def latest(self, owner: str) -> Picture | None:
        return await self._newest("shown = 1 AND kind != 'mask'", owner)

    async def picture(self, picture: str, owner: str) -> Picture | None:
        statement = "SELECT * FROM pictures WHERE id = ? AND owner = ?"
        row = await self._file.read(lambda db: db.execute(statement, (picture, owner)).fetchone())
        return row and _picture(row)

    async def recent(
        self, owner: str, query: str | None, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Newest first; a query without any word is no query.

        Without a kind only what replies showed, with one also the raw pictures behind them. The
        total of a search stops at 1,000.
        """
        if limit < 1:
            raise BadRequest("A page holds at least one picture.", "Call again with limit=20.")
        before = _seq(cursor) if cursor else 2**63 - 1
        words = match(query) if query else None
        where = ["p.owner = ?", "p.shown = 1" if kind is None else "p.kind = ?"]
        values: list[str | int] = [owner] if kind is None else [owner, kind]
        source, seq = "pictures p", "p.seq"
        if words:
            source, seq = "words CROSS JOIN pictures p ON p.seq = words.rowid", "words.rowid"
            where.append("words MATCH ?")
            values.append(words)
        tail = f"FROM {source} WHERE {' AND '.join(where)}"

        def work(db: sqlite3.Connection) -> Page:
            if words:
                counted = f"SELECT count(*) FROM (SELECT 1 {tail} LIMIT {_COUNTED})"  # noqa: S608 - ours
                total = db.execute(counted, values).fetchone()[0]
            else:
                total = _total(db, owner, kind or "")
            rows = db.execute(
                f"SELECT p.* {tail} AND {seq} < ? ORDER BY {seq} DESC LIMIT ?",
                (*values, before, limit + 1),
            ).fetchall()
            more = _cursor(rows[limit - 1]["seq"]) if len(rows) > limit else None
            return Page(pictures=tuple(map(_picture, rows[:limit])), cursor=more, total=total)

        return await self._file.read(work)

    async def ids(self, owner: str, prefix: str, limit: int) -> list[str]:
        """Of the shown pictures only; the others are found by their whole id."""
        between = "AND id >= ? AND id < ?" if prefix else ""
        statement = (
            f"SELECT id FROM pictures WHERE owner = ? AND shown = 1 {between}"  # noqa: S608 - ours
            " ORDER BY seq DESC LIMIT ?"
        )
        bounds = (prefix, prefix + "\U0010ffff") if prefix else ()
        values = (owner, *bounds, max(limit, 0))
        return await self._file.read(lambda db: [row[0] for row in db.execute(statement, values)])

    async def forget(self, picture: str, owner: str) -> Picture | None:
        """Remove a picture's row and words from the file, and its job's prompt with the last one.

        Gives the picture back, so that the caller can delete its blobs; None when there is none.
        """

        def work(db: sqlite3.Connection) -> Picture | None:
            row = db.execute(
                "SELECT * FROM pictures WHERE id = ? AND owner = ?", (picture, owner)
            ).fetchone()
            if row is None:
                return None
            db.execute("DELETE FROM pictures WHERE seq = ?", (row["seq"],))
            _count(db, row["owner"], row["kind"], row["shown"], -1)
            db.execute("DELETE FROM words WHERE rowid = ?", (row["seq"],))
            db.execute("INSERT INTO words(words) VALUES ('optimize')")  # rewrites the deleted words
            db.execute(
                "UPDATE jobs SET prompt = '', delivered = 1,"
                " job = json_set(job, '$.order.prompt', '', '$.request.prompt', '')"
                " WHERE id = ? AND NOT EXISTS (SELECT 1 FROM pictures WHERE job = jobs.id)",
                (row["job"],),
            )
            return _picture(row)

        return await self._file.write(work)

    # The file

    async def check(self) -> list[Finding]:
        try:
            return [Finding("catalog", "ok", await self._file.check())]
        except AquatintError as exc:
            return [Finding("catalog", "fail", exc.message, exc.fix)]

    async def aclose(self) -> None:
        await self._file.aclose()

    async def _newest(self, where: str, owner: str, *values: str) -> Picture | None:
        statement = (
            f"SELECT * FROM pictures WHERE owner = ? AND {where}"  # noqa: S608 - our own words
            " ORDER BY seq DESC LIMIT 1"
        )
        row = await self._file.read(lambda db: db.execute(statement, (owner, *values)).fetchone())
        return row and _picture(row)

    async def _jobs(self, where: str, *values: str | float) -> list[Record]:
        def work(db: sqlite3.Connection) -> list[Record]:
            statement = f"SELECT * FROM jobs WHERE {where} ORDER BY rowid DESC"  # noqa: S608 - our own words
            return [_record(db, row) for row in db.execute(statement, values).fetchall()]

        return await self._file.read(work)


def _insert_job(db: sqlite3.Connection, job: Job) -> None:
    order = job.order
    db.execute(
        "INSERT INTO jobs (id, owner, state, kind, engine, prompt, digest, model, size, quality,"
        " estimate, job, created, project)"
        " VALUES (?, ?, 'intent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
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
        ),
    )


def _record(db: sqlite3.Connection, row: sqlite3.Row) -> Record:
    pictures = db.execute(
        "SELECT * FROM pictures WHERE job = ? AND owner = ? AND shown = 1 ORDER BY ord",
        (row["id"], row["owner"]),
    )
    return Record(
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
        pictures=tuple(map(_picture, pictures)),
        ended=row["ended"],
        delivered=bool(row["delivered"]),
    )


def _insert_picture(db: sqlite3.Connection, picture: Picture, order: int, shown: bool) -> None:
    values = picture.model_dump()
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
        _count(db, picture.owner, picture.kind, shown, 1)
        told = (picture.prompt, picture.id, picture.kind, picture.model, picture.note)
        text = fold(" \n".join(word for word in told if word))
        db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row.lastrowid, text))


def _count(db: sqlite3.Connection, owner: str, kind: str, shown: bool, step: int) -> None:
    for word in (kind, "") if shown else (kind,):
        db.execute(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            (owner, word, step),
        )


def _total(db: sqlite3.Connection, owner: str, kind: str) -> int:
    row = db.execute("SELECT n FROM counts WHERE owner = ? AND kind = ?", (owner, kind)).fetchone()
    return row[0] if row else 0


def _picture(row: sqlite3.Row) -> Picture:
    values = {name: row[name] for name in _COLUMNS}
    values |= {name: json.loads(row[name]) for name in _AS_JSON}
    return Picture.model_validate(values)


def _cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(seq.to_bytes(9)).decode()


def _seq(cursor: str) -> int:
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

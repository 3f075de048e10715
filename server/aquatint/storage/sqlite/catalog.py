"""The only module that speaks SQLite: the ledger of jobs and the list of pictures, in one file."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections.abc import Callable, Collection

from ...domain.answers import Page, Spending, Written
from ...domain.budget import Limit, Shortfall
from ...domain.errors import AquatintError, BadRequest, NoSuchImage
from ...domain.lineage import Parent
from ...domain.types import Copy, Finding, ImageRecord, Job, JobRecord
from . import found_by, money
from .annotations import SqliteAnnotations
from .connection import CatalogFile
from .deletion import forget_image, forget_jobs, older, uses
from .listing import Asked, page
from .rows import insert_image, insert_job, lineage, to_image, to_record
from .schema import TROUBLE

# The end of a free job whose worker was taken for dead, and may go on all the same.
_GIVEN_UP = (
    "state = 'failed' AND json_extract(failure, '$.code') IN"
    " ('worker_died', 'worker_not_answering')"
)


class SqliteCatalog:
    """Catalog in one file that several processes may share; opened at first use.

    `now` gives epoch seconds; a job without an end counts as running unless `abandoned` says that
    its process is gone. Every method raises Misconfigured when the file cannot be used and Busy
    when another process holds it for `patience` seconds.
    """

    def __init__(
        self,
        path: str,
        *,
        now: Callable[[], float],
        abandoned: Callable[[JobRecord], bool] = lambda record: False,
        patience: float = 30.0,
    ) -> None:
        self._file = CatalogFile(path, patience)
        self.annotations = SqliteAnnotations(self._file)
        self._now = now
        self._abandoned = abandoned

    # The ledger

    async def begin(
        self, job: Job, reuse_after: float | None, limit: Limit | None = None, *, lease: str = ""
    ) -> JobRecord | Shortfall | None:
        def work(db: sqlite3.Connection) -> JobRecord | Shortfall | None:
            if reuse_after is not None and (
                twin := self._twin(db, job.owner, job.digest, reuse_after)
            ):
                return twin
            wanted = job.estimate_usd or 0.0
            if limit is not None and wanted > 0:
                short = Shortfall(tuple(money.entries(db, job.owner, limit.since, self._now())))
                if not limit.allows(short.spent, wanted):
                    return short
            insert_job(db, job, lease)
            return None

        return await self._file.write(work)

    async def twin(self, owner: str, digest: str, reuse_after: float) -> JobRecord | None:
        return await self._file.read(lambda db: self._twin(db, owner, digest, reuse_after))

    def _twin(
        self, db: sqlite3.Connection, owner: str, digest: str, reuse_after: float
    ) -> JobRecord | None:
        crashed = (
            "json_extract(failure, '$.code') = 'crashed'"
            " AND json_extract(failure, '$.spent') != 'no'"
        )
        rows = db.execute(
            "SELECT * FROM jobs WHERE owner = ? AND digest = ? AND (state = 'intent'"  # noqa: S608 - ours
            f" OR ended >= ? AND (state = 'done' AND NOT delivered OR {crashed}))"
            " ORDER BY rowid DESC",
            (owner, digest, reuse_after),
        )
        records = (to_record(db, row) for row in rows.fetchall())
        return next((one for one in records if self._runs_or_ended(one)), None)

    def _runs_or_ended(self, record: JobRecord) -> bool:
        return record.state != "intent" or not self._abandoned(record)

    async def sent(self, job: str, lease: str, after: str = "") -> bool:
        statement = (
            "UPDATE jobs SET sent = coalesce(sent, ?), sender = ?"
            " WHERE id = ? AND state = 'intent' AND coalesce(sender, ?) = ?"
        )
        values = (self._now(), lease, job, after or lease, after or lease)
        return await self._file.write(lambda db: db.execute(statement, values).rowcount == 1)

    async def accepted(self, job: str, lease: str, ticket: str) -> None:
        statement = "UPDATE jobs SET ticket = ? WHERE id = ? AND state = 'intent' AND sender = ?"
        await self._file.write(lambda db: db.execute(statement, (ticket, job, lease)), spent="yes")

    async def pausing(self, job: str, lease: str) -> None:
        statement = (
            "UPDATE jobs SET sent = NULL, sender = NULL"
            " WHERE id = ? AND state = 'intent' AND sender = ?"
        )
        await self._file.write(lambda db: db.execute(statement, (job, lease)))

    async def settle(
        self, record: JobRecord, images: tuple[ImageRecord, ...], *, recovered: bool = False
    ) -> None:
        """End the job; the first end stays, except that `done` may still follow `unknown`, and the
        `failed` of a free job whose worker was taken for dead and went on."""
        shown = {image.id: place for place, image in enumerate(record.images)}
        every = {image.id: image for image in (*images, *record.images)}
        late = "state = 'intent' OR state = 'unknown' AND ? = 'done'"
        late += f" OR {_GIVEN_UP} AND ? = 'done'"
        if recovered:
            late += " OR state = 'failed' AND json_extract(failure, '$.spent') != 'no'"

        def work(db: sqlite3.Connection) -> None:
            insert_job(db, record.job)  # a no-op unless its intent was lost with the file
            if self._end(db, record, late, record.state, record.state):
                for place, image in enumerate(every.values()):
                    order = shown.get(image.id, len(shown) + place)
                    _insert(db, image, order, image.id in shown)

        await self._file.write(work, spent=record.failure.spent if record.failure else "yes")

    async def drop(self, record: JobRecord) -> bool:
        return await self._file.write(
            lambda db: self._end(db, record, "state = 'intent' AND sent IS NULL")
        )

    def _end(self, db: sqlite3.Connection, record: JobRecord, where: str, *values: str) -> bool:
        if record.state == "intent":
            raise ValueError("an intent is not an end")
        ended = db.execute(
            "UPDATE jobs SET state = ?, model_used = ?, cost = ?, usage = ?, seconds = ?,"  # noqa: S608 - ours
            " request_id = ?, failure = ?, warnings = ?, ended = ?, delivered = ?,"
            " revised_prompt = ?"
            f" WHERE id = ? AND ({where})",
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
                record.revised_prompt if record.job.title is None else None,
                record.job.id,
                *values,
            ),
        )
        return ended.rowcount == 1

    async def delivered(self, job: str) -> None:
        statement = "UPDATE jobs SET delivered = 1 WHERE id = ?"
        await self._file.write(lambda db: db.execute(statement, (job,)))

    async def job(self, job: str, owner: str) -> JobRecord | None:
        found = await self._jobs("id = ? AND owner = ?", job, owner)
        return found[0] if found else None

    async def running(self, owner: str) -> list[JobRecord]:
        """The jobs that have not ended, newest first; not those a killed process left."""
        records = await self._jobs("owner = ? AND state = 'intent'", owner)
        return [record for record in records if self._runs_or_ended(record)]

    async def unsettled(self) -> list[JobRecord]:
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

    # The money

    async def spent(self, owner: str, since: float) -> float:
        def work(db: sqlite3.Connection) -> float:
            return sum(usd for _, usd in money.entries(db, owner, since, self._now()))

        return await self._file.read(work)

    async def spending(self, owner: str | None, since: float) -> list[Spending]:
        return await self._file.read(lambda db: money.spending(db, owner, since))

    async def doubtful(self, owner: str | None, since: float) -> list[JobRecord]:
        where = "state = 'unknown' AND (owner = ? OR ?) AND ended >= ?"
        return await self._jobs(where, owner, owner is None, since)

    async def troubles(self, limit: int) -> list[JobRecord]:
        def work(db: sqlite3.Connection) -> list[JobRecord]:
            statement = f"SELECT * FROM jobs WHERE {TROUBLE} ORDER BY ended DESC LIMIT ?"  # noqa: S608 - ours
            return [to_record(db, row) for row in db.execute(statement, (limit,)).fetchall()]

        return await self._file.read(work)

    async def drawn(self, model: str) -> float | None:
        statement = (
            "SELECT max(ended) FROM jobs WHERE model = ? AND state = 'done' AND seconds IS NOT NULL"
        )
        return await self._file.read(lambda db: db.execute(statement, (model,)).fetchone()[0])

    # The pictures

    async def add(self, image: ImageRecord, *, shown: bool = True) -> None:
        await self._file.write(lambda db: _insert(db, image, 0, shown))

    async def saved(self, image: str, owner: str, copies: tuple[Copy, ...]) -> None:
        def work(db: sqlite3.Connection) -> None:
            if _row(db, image, owner):
                found_by.note_copies(db, owner, image, copies)

        await self._file.write(work)

    async def written(self, paths: Collection[str], owner: str) -> dict[str, Written]:
        return await self._file.read(lambda db: found_by.written(db, owner, paths))

    async def name(self, image: str, owner: str, name: str) -> str | None:
        def work(db: sqlite3.Connection) -> str | None:
            if not _row(db, image, owner):
                raise NoSuchImage(f"There is no picture {image}.", "Call recent_images.")
            return found_by.give_name(db, owner, image, name)

        return await self._file.write(work)

    async def unname(self, owner: str, name: str) -> ImageRecord | None:
        return await self._file.write(lambda db: found_by.take_name(db, owner, name))

    async def named(self, owner: str, name: str) -> ImageRecord | None:
        return await self._file.read(lambda db: found_by.of_name(db, owner, name))

    async def names(self, owner: str, limit: int) -> list[str]:
        return await self._file.read(lambda db: found_by.all_names(db, owner, limit))

    async def same(self, sha256: str, owner: str) -> ImageRecord | None:
        return await self._newest("sha256 = ?", owner, sha256)

    async def latest(self, owner: str) -> ImageRecord | None:
        return await self._newest("shown = 1 AND kind != 'mask'", owner)

    async def image(self, image: str, owner: str) -> ImageRecord | None:
        row = await self._file.read(lambda db: _row(db, image, owner))
        return None if row is None else to_image(row)

    async def recent(
        self, owner: str, query: str | None, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        if limit < 1:
            raise BadRequest("A page holds at least one picture.", "Call again with limit=20.")
        asked = Asked(owner, query, kind, limit, cursor)
        return await self._file.read(lambda db: page(db, asked))

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

    async def forget(self, image: str, owner: str, *, last: bool = True) -> ImageRecord | None:
        return await self._file.write(lambda db: forget_image(db, image, owner, last))

    async def forget_jobs(self, owner: str, before: float) -> int:
        return await self._file.write(lambda db: forget_jobs(db, owner, before))

    async def uses(self, image: str, owner: str) -> tuple[list[Job], list[str]]:
        return await self._file.read(lambda db: uses(db, image, owner))

    async def lineage(self, owner: str) -> dict[str, tuple[Parent, ...]]:
        return await self._file.read(lambda db: lineage(db, owner))

    async def older(self, owner: str, before: float) -> list[str]:
        return await self._file.read(lambda db: older(db, owner, before))

    # The file

    async def check(self) -> list[Finding]:
        try:
            return [Finding("catalog", "ok", await self._file.check())]
        except AquatintError as exc:
            return [Finding("catalog", "fail", exc.message, exc.fix)]

    async def aclose(self) -> None:
        await self._file.aclose()

    async def _newest(self, where: str, owner: str, *values: str) -> ImageRecord | None:
        statement = (
            f"SELECT * FROM pictures WHERE owner = ? AND {where}"  # noqa: S608 - our own words
            " ORDER BY seq DESC LIMIT 1"
        )
        row = await self._file.read(lambda db: db.execute(statement, (owner, *values)).fetchone())
        return row and to_image(row)

    async def _jobs(self, where: str, *values: str | float | None) -> list[JobRecord]:
        def work(db: sqlite3.Connection) -> list[JobRecord]:
            # The plus keeps SQLite from walking the whole table for the order's sake.
            statement = f"SELECT * FROM jobs WHERE {where} ORDER BY +rowid DESC"  # noqa: S608 - our own words
            return [to_record(db, row) for row in db.execute(statement, values).fetchall()]

        return await self._file.read(work)


def _insert(db: sqlite3.Connection, image: ImageRecord, order: int, shown: bool) -> None:
    if insert_image(db, image, order, shown) and image.saved:
        found_by.note_copies(db, image.owner, image.id, image.saved)


def _row(db: sqlite3.Connection, image: str, owner: str) -> sqlite3.Row | None:
    statement = "SELECT * FROM pictures WHERE id = ? AND owner = ?"
    return db.execute(statement, (image, owner)).fetchone()

"""What people marked on pictures, in the catalog's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ...domain.annotations import Annotation
from .connection import CatalogFile


class SqliteAnnotations:
    """Implements the port Annotations on the file that a catalog has open."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    async def add(self, annotation: Annotation) -> None:
        one = annotation
        values = (one.id, one.owner, one.project, one.image, one.told, one.model_dump_json())
        statement = (
            "INSERT INTO annotations (id, owner, project, image, told, annotation)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " told = excluded.told, annotation = excluded.annotation"
        )
        await self._file.write(lambda db: db.execute(statement, values))

    async def open(self, owner: str, image: str | None = None) -> list[Annotation]:
        where = "owner = ?" if image is None else "owner = ? AND image = ?"
        values = (owner,) if image is None else (owner, image)
        return await self._file.read(lambda db: _found(db, where, values))

    async def remove(self, annotation: str, owner: str) -> bool:
        statement = "DELETE FROM annotations WHERE id = ? AND owner = ?"
        return await self._file.write(
            lambda db: db.execute(statement, (annotation, owner)).rowcount == 1
        )

    async def take(self, owner: str, projects: Sequence[str], now: float) -> list[Annotation]:
        where = "owner = ? AND told IS NULL"
        values: tuple[str, ...] = (owner,)
        if projects:
            where += f" AND project IN ('', {', '.join('?' * len(projects))})"
            values += tuple(projects)

        def work(db: sqlite3.Connection) -> list[Annotation]:
            found = _found(db, where, values)
            for one in found:
                db.execute("UPDATE annotations SET told = ? WHERE id = ?", (now, one.id))
            return found

        waiting = await self._file.read(lambda db: _found(db, where, values))
        return await self._file.write(work) if waiting else []


def _found(db: sqlite3.Connection, where: str, values: tuple[str, ...]) -> list[Annotation]:
    rows = db.execute(
        f"SELECT annotation, told FROM annotations WHERE {where} ORDER BY seq",  # noqa: S608 - ours
        values,
    )
    return [
        Annotation.model_validate_json(row["annotation"]).model_copy(update={"told": row["told"]})
        for row in rows.fetchall()
    ]

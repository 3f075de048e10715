"""The catalog's one file: safe opening, transactions, and what its failures mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import anyio
from anyio import to_thread
from pydantic_core import PydanticSerializationError

from ...domain.errors import AquatintError, BadRequest, Busy, Misconfigured, Spent
from .schema import MIGRATIONS
from .write_lock import turn

T = TypeVar("T")

_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}  # by another process, for too long


@dataclass(slots=True, eq=False)
class _Write(Generic[T]):
    """Work that waits for a transaction, and then its result."""

    work: Callable[[sqlite3.Connection], T]
    result: T | None = None
    done: bool = False


class CatalogFile:
    """Runs work on the file in worker threads, one transaction at a time; opened at first use.

    Writes that wait together share one: being sure that it is on disk is what takes time.

    Every failure of the file is Misconfigured, or Busy when another process held it too long. The
    file is opened anew after a failure, and when another one stands at its path.
    """

    def __init__(self, path: str, patience: float = 30.0) -> None:
        """Another process may hold the file for `patience` seconds."""
        self.path = Path(path)
        self._patience = patience
        self._lane = anyio.Lock()  # one connection, one thread at a time
        self._waiting: list[_Write[Any]] = []
        self._refusals = 0  # how often another process held the file too long
        self._db: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    async def write(self, work: Callable[[sqlite3.Connection], T], *, spent: Spent = "no") -> T:
        """Run work as one transaction, to the end even if the caller is cancelled; it may be run
        twice, of which the first leaves nothing. `spent` is what an error says about money."""
        write, refusals = _Write(work), self._refusals
        self._waiting.append(write)
        with anyio.CancelScope(shield=True):
            async with self._lane:
                if not write.done:
                    waiting = tuple(self._waiting)
                    try:
                        self._refuse_together(refusals, spent)
                        await self._run(lambda: self._commit(write, waiting), spent)
                    finally:
                        left = (one for one in self._waiting if not one.done and one is not write)
                        self._waiting = list(left)
        return cast("T", write.result)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work on one state of the file."""
        refusals = self._refusals
        async with self._lane:
            self._refuse_together(refusals, "no")
            return await self._run(lambda: _transaction(self._connection(), "BEGIN", work), "no")

    def _refuse_together(self, refusals: int, spent: Spent) -> None:
        """Who waited while the file was held too long hears it now, not after a wait of his own."""
        if self._refusals != refusals:
            raise self._busy(spent)

    async def check(self) -> str:
        """Go through the whole file; says what is in it."""

        def work(db: sqlite3.Connection) -> str:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise self._corrupt(verdict, "no")
            count = db.execute("SELECT count(*) FROM pictures").fetchone()[0]
            return f"{self.path} lists {count:,} pictures (SQLite {sqlite3.sqlite_version})"

        return await self.read(work)

    async def aclose(self) -> None:
        async with self._lane:
            await to_thread.run_sync(self._close)

    def _commit(self, first: _Write[Any], waiting: Sequence[_Write[Any]]) -> None:
        """Write all that wait; where one of them fails, only the first, which hears of its own."""
        if len(waiting) > 1:
            try:
                return self._together(waiting)
            except (sqlite3.Error, AquatintError, OSError, ValueError, OverflowError) as exc:
                if _code_of(exc) in _HELD:
                    raise  # each would wait as long again
            self._close()
        return self._together([first])

    def _together(self, writes: Sequence[_Write[Any]]) -> None:
        with turn(self.path.with_suffix(".turn")):
            results = _transaction(
                self._connection(), "BEGIN IMMEDIATE", lambda db: [one.work(db) for one in writes]
            )
        for write, result in zip(writes, results, strict=True):
            write.result, write.done = result, True

    async def _run(self, work: Callable[[], T], spent: Spent) -> T:
        """In a worker thread, with the file's failures in our words."""

        def guarded() -> T:
            try:
                return work()
            except sqlite3.IntegrityError:
                raise  # a mistake of ours, not of the file
            except sqlite3.DatabaseError as exc:
                self._close()
                raise self._explain(exc, spent) from exc
            except OSError as exc:
                raise self._unwritable(exc.strerror or str(exc), spent) from exc
            except (UnicodeEncodeError, PydanticSerializationError) as exc:
                raise BadRequest(
                    "The text holds half a character (a lone surrogate).", "Send whole Unicode."
                ) from exc

        return await to_thread.run_sync(guarded)

    def _connection(self) -> sqlite3.Connection:
        if self._db is not None and self._opened != _identity(self.path):
            self._close()  # somebody moved the file away
        if self._db is None:
            _make_private(self.path.parent)
            self._db = sqlite3.connect(
                self.path, timeout=self._patience, isolation_level=None, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            self._opened = _identity(self.path)
            with suppress(PermissionError):  # somebody else's file: their choice
                self.path.chmod(0o600)  # not os.open with a mode: closing it would drop locks
            self._prepare(self._db)
        return self._db

    def _prepare(self, db: sqlite3.Connection) -> None:
        # Never WAL: before SQLite 3.51.3 two writers can corrupt it, and the file remembers it.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")
        if _version(db) < len(MIGRATIONS):
            _transaction(db, "BEGIN IMMEDIATE", _migrate)
        if (version := _version(db)) > len(MIGRATIONS):
            self._close()
            raise Misconfigured(
                f"The catalog {self.path} was written by a newer aquatint (schema {version}, this "
                f"one knows {len(MIGRATIONS)}).",
                "Upgrade aquatint, or set AQUATINT_HOME to another folder.",
                code="catalog_newer",
            )

    def _close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _explain(self, exc: sqlite3.DatabaseError, spent: Spent) -> AquatintError:
        """Source of the codes: sqlite.org/rescode.html; the low byte is the primary one."""
        code = _code_of(exc)
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return self._corrupt(str(exc), spent)
        if code in _HELD:
            self._refusals += 1
            return self._busy(spent)
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            return Misconfigured(
                f"The catalog {self.path} could not be written: {exc}.",
                "Free some space, or set AQUATINT_HOME to a folder on another disk.",
                code="disk_full",
                spent=spent,
            )
        if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
            return self._unwritable(str(exc), spent)
        return Misconfigured(
            f"The catalog {self.path} failed: {exc}.",
            "Run aquatint doctor; it needs a Python whose SQLite has FTS5.",
            code="catalog_failed",
            spent=spent,
        )

    def _busy(self, spent: Spent) -> Busy:
        return Busy(
            f"Another process has held the catalog {self.path} for {self._patience:.0f} s.",
            "Call again; if it stays so, look for a hanging aquatint process.",
            spent=spent,
        )

    def _corrupt(self, reason: str, spent: Spent) -> Misconfigured:
        return Misconfigured(
            f"The catalog {self.path} is damaged: {reason}.",
            "Move that file aside (a new one is made; the pictures stay in their folder), or set "
            "AQUATINT_HOME to another folder.",
            code="catalog_corrupt",
            spent=spent,
        )

    def _unwritable(self, reason: str, spent: Spent) -> Misconfigured:
        return Misconfigured(
            f"The catalog {self.path} cannot be opened for writing: {reason}.",
            "Set AQUATINT_HOME to a folder that the account running aquatint can write.",
            code="home_not_writable",
            spent=spent,
        )


def _code_of(exc: Exception) -> int:
    return getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _transaction(db: sqlite3.Connection, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
    db.execute(begin)
    try:
        result = work(db)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:  # SQLite ends some failed ones itself
            db.execute("ROLLBACK")
    return result


def _migrate(db: sqlite3.Connection) -> None:
    for migration in MIGRATIONS[_version(db) :]:  # read again: another process may have been here
        migration(db)
    db.execute(f"PRAGMA user_version = {max(_version(db), len(MIGRATIONS))}")


def _version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - asked before every use
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _make_private(folder: Path) -> None:
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)

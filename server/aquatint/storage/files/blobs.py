"""The only module that writes the home folder: parts, pictures and previews as durable files."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from anyio import to_thread

from ...domain import names
from ...domain.engine import Part
from ...domain.errors import Misconfigured, NoSuchImage, NotKept
from ...domain.types import Finding
from .part import FilePart

_PARTS = ".aquatint/parts"
_INPUTS = ".aquatint/inputs"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What file systems without hard links say (FAT, some network and phone storage).
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
# What systems say that cannot sync a folder (Windows opens none, some network storage).
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF}


class FolderBlobs:
    """Blobs as files below `home`, made on first use: folders 0700, files 0600.

    A name appears only with all its bytes on the disk. `min_free` is the space in bytes below which
    `ready` refuses.
    """

    def __init__(self, home: str, *, min_free: int = 200_000_000) -> None:
        self._home = Path(os.path.abspath(home))  # noqa: PTH100 - resolve() would follow links
        self._min_free = min_free

    def part(self) -> FilePart:
        """In memory where the folder cannot be written: what comes may be paid for already."""
        try:
            return FilePart(self._folder(self._home / _PARTS))
        except OSError as exc:
            return FilePart(None, exc)

    async def keep(self, part: Part, key: str) -> None:
        """Give a part its final name, durably, replacing nothing. Raises NotKept.

        After NotKept the bytes stay in a file that the message names.
        """
        assert isinstance(part, FilePart), "a part goes back to the store that opened it"
        await to_thread.run_sync(self._keep, part, self._place(key))

    async def put(self, key: str, data: bytes) -> None:
        """Write or replace, atomically and durably. Raises NotKept or Misconfigured."""
        await to_thread.run_sync(self._put, self._place(key), data)

    async def read(self, key: str) -> bytes:
        place = self._place(key)
        try:
            return await to_thread.run_sync(place.read_bytes)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
            raise NoSuchImage(
                f"The file {place} is gone.", "Call recent_images to see what is there."
            ) from exc
        except OSError as exc:
            raise Misconfigured(
                f"The file {place} cannot be read: {_reason(exc)}.",
                "Give the account that runs aquatint the right to read it.",
                code="home_not_readable",
            ) from exc

    async def delete(self, key: str) -> None:
        """Gone afterwards, whether or not it was there. Raises Misconfigured."""
        place = self._place(key)
        try:
            await to_thread.run_sync(lambda: place.unlink(missing_ok=True))
        except NotADirectoryError:
            return
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def path(self, key: str) -> str | None:
        return str(self._place(key))

    def free(self) -> int:
        """Bytes that this account may still write where the home is, or will be."""
        for place in (self._home, *self._home.parents):
            with suppress(OSError):  # not made yet, or hidden from us
                return shutil.disk_usage(place).free
        return 0

    async def ready(self) -> None:
        """Raise Misconfigured unless a picture could be stored now; asked before paying."""
        await to_thread.run_sync(self._try)

    async def clean(self, older_than_seconds: float, now: float) -> int:
        """Remove parts and inputs nobody wrote to since then; how many. Rescued pictures stay."""
        return await to_thread.run_sync(self._clean, now - older_than_seconds)

    async def lend(self, job: str, part: Part | None) -> None:
        """A second name for the file: nothing is copied. A disk without links lends nothing."""
        assert part is None or isinstance(part, FilePart)

        def work() -> None:
            place = self._lent(job)
            place.unlink(missing_ok=True)
            if part is not None and part.path.name:
                os.link(part.path, place)

        with suppress(OSError):
            await to_thread.run_sync(work)

    async def lent(self, job: str) -> bytes | None:
        try:
            return await to_thread.run_sync(self._lent(job).read_bytes)
        except OSError:
            return None

    def _lent(self, job: str) -> Path:
        return self._place(f"{_PARTS}/job.{job}.part")

    async def rescue(self, part: Part, key: str) -> str | None:
        """Beside the parts, named by the image's id; no other folder is tried."""
        assert isinstance(part, FilePart), "a part goes back to the store that opened it"

        def work() -> str | None:
            part.close()
            saved = part.rescue(self._place(key))
            return saved and str(saved)

        return await to_thread.run_sync(work)

    async def rescued(self) -> list[str]:
        parts = (self._home / _PARTS).glob(f"*{names.RESCUED}")
        return await to_thread.run_sync(lambda: [names.id_in(path.name) for path in parts])

    async def find(self, ids: Collection[str]) -> dict[str, str]:
        """By the ids at the end of their names; a rescued file only where there is no other."""

        def look() -> dict[str, str]:
            found: dict[str, str] = {}
            for folder in (_PARTS, ""):
                with suppress(FileNotFoundError), os.scandir(self._home / folder) as entries:
                    for entry in entries:
                        id = names.id_in(entry.name)
                        if id in ids:
                            found[id] = f"{folder}/{entry.name}".lstrip("/")
            return found

        return await to_thread.run_sync(look)

    async def check(self) -> list[Finding]:
        try:
            await self.ready()
            free = await to_thread.run_sync(self.free)
        except Misconfigured as exc:
            return [Finding("folder", "fail", exc.message, exc.fix)]
        return [Finding("folder", "ok", f"{self._home} is writable, {_mb(free)} free")]

    def _place(self, key: str) -> Path:
        parts = key.split("/")
        if PurePosixPath(key).is_absolute() or any(
            part in {"", ".", ".."} or "\0" in part or "\\" in part or ":" in part for part in parts
        ):
            raise ValueError(f"{key!r} is not a key of ours")
        return self._home.joinpath(*parts)

    def _folder(self, folder: Path) -> Path:
        """Make the home and what is below it private; what lies above takes the umask."""
        if not folder.is_dir():
            if folder == self._home:
                folder.parent.mkdir(parents=True, exist_ok=True)
            else:
                self._folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(folder.parent)
        return folder

    def _keep(self, part: FilePart, place: Path) -> None:
        written = part.path
        try:
            part.sync()
            part.close()  # Windows renames no open file
            folder = self._folder(place.parent)
            _give_name(written, place)
            part.path, part.settled = place, True
            _sync_folder(folder)
        except OSError as exc:
            raise _rescue(part, place, exc) from exc
        with suppress(OSError):  # a second name of the same file; clean() gets it too
            written.unlink(missing_ok=True)

    def _put(self, place: Path, data: bytes) -> None:
        part = self.part()
        if not part.path.name:
            assert part.failed is not None
            raise self._unwritable(part.failed) from part.failed
        try:
            part.write(data)
            part.sync()
            part.close()
            folder = self._folder(place.parent)
            part.path.replace(place)
            _sync_folder(folder)
        except OSError as exc:
            part.discard()
            raise NotKept(
                f"{place} could not be written: {_reason(exc)}.", _advice(exc), code=_code(exc)
            ) from exc

    def _try(self) -> None:
        part = self.part()
        part.write(b"\0")
        part.discard()
        if part.failed is not None:
            raise self._unwritable(part.failed) from part.failed
        if (free := self.free()) < self._min_free:
            raise Misconfigured(
                f"Only {_mb(free)} are free in {self._home}; aquatint pays for no picture below "
                f"{_mb(self._min_free)}.",
                "Free some space, or set AQUATINT_HOME to a folder on another disk.",
                code="disk_full",
            )

    def _clean(self, before: float) -> int:
        count = 0
        old = [*(self._home / _PARTS).glob("*.part"), *(self._home / _INPUTS).glob("*.*")]
        for path in old:
            with suppress(OSError):  # another process may be quicker
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
        return count

    def _unwritable(self, exc: OSError) -> Misconfigured:
        return Misconfigured(
            f"The folder {self._home} cannot be written: {_reason(exc)}.",
            _advice(exc),
            code="disk_full" if exc.errno in _FULL else "home_not_writable",
        )


def _give_name(source: Path, place: Path) -> None:
    """Make the file appear under its name, whole or not at all. Raises FileExistsError."""
    try:
        os.link(source, place)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        # Names carry random ids, so no one else makes this one between the look and the rename;
        # an empty file to reserve it would be a torn picture after a kill.
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from exc
        source.rename(place)


def _sync_folder(folder: Path) -> None:
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError as exc:
        if exc.errno in _NO_FOLDER_SYNC:
            return
        raise
    try:
        os.fsync(fd)
    except OSError as exc:
        if exc.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(fd)


def _rescue(part: FilePart, place: Path, exc: OSError) -> NotKept:
    """Put the bytes where clean() leaves them, and say where."""
    part.close()
    saved = part.rescue(place)
    where = f"Its bytes are in {saved}." if saved else "No other folder took its bytes."
    return NotKept(
        f"The picture could not be stored as {place}: {_reason(exc)}. {where}",
        f"{'Copy that file to a safe place. ' if saved else ''}{_advice(exc)}",
        code=_code(exc),
        spent="yes",
    )


def _reason(exc: OSError) -> str:
    return exc.strerror or type(exc).__name__


def _code(exc: OSError) -> str:
    return "disk_full" if exc.errno in _FULL else "not_kept"


def _advice(exc: OSError) -> str:
    if exc.errno in _FULL:
        return "Free some space, or set AQUATINT_HOME to a folder on another disk."
    return "Set AQUATINT_HOME to a folder that the account running aquatint can write."


def _mb(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"

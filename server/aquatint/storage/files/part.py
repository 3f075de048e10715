"""A picture on its way into the home folder: a file that no reader looks at, or memory at need."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ...domain import names


class FilePart:
    """A file in `folder` that only its writer knows; appended to, never synced here.

    When the disk fails, it goes on in memory, and `failed` says why: the bytes may be paid for, and
    are still to be shown. It stays readable after it was kept (then it is the picture), until it
    is discarded.
    """

    def __init__(self, folder: Path | None, failed: OSError | None = None) -> None:
        """Raises OSError when the file cannot be made; without a folder it begins in memory."""
        self.path = Path()
        self.failed = failed
        self.settled = False  # the bytes are somebody's now: discard leaves them
        self._fd: int | None = None
        self._memory: bytearray | None = None if folder else bytearray()
        self._size = 0
        if folder is not None:
            self._fd, name = tempfile.mkstemp(suffix=".part", dir=folder)  # O_EXCL, 0600
            self.path = Path(name)

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes | memoryview, /) -> None:
        rest = memoryview(data).cast("B")
        while rest and self._memory is None:
            if self._fd is None:
                raise ValueError("this part is closed")
            try:
                count = os.write(self._fd, rest)
            except OSError as exc:
                self._spill(exc)
            else:
                self._size += count
                rest = rest[count:]
        if self._memory is not None:
            self._memory += rest
            self._size += len(rest)

    def read(self, limit: int | None = None) -> bytes:
        if self._memory is not None:
            return bytes(self._memory[:limit])
        with self.path.open("rb") as file:
            return file.read(-1 if limit is None else limit)

    def discard(self) -> None:
        self.close()
        if not self.settled and self._memory is None:
            with suppress(OSError):  # what stays is swept up by clean()
                self.path.unlink()

    def sync(self) -> None:
        """Raises OSError, also when the disk failed earlier."""
        if self.failed is not None:
            raise self.failed
        if self._fd is not None:
            os.fsync(self._fd)

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def rescue(self, place: Path) -> Path | None:
        """Leave the bytes in a file that nobody cleans up, and name it; None when none takes them.

        `place` is where they should have gone, and where they may be already.
        """
        self.settled = True
        if self._memory is None:
            rescued = self.path.with_name(f"{names.id_in(place.name)}{names.RESCUED}")
            if self.path != place:
                with suppress(OSError):  # a read-only disk: then they stay where they are
                    self.path.rename(rescued)
                    self.path = rescued
            return self.path
        try:
            fd, name = tempfile.mkstemp(prefix="aquatint-", suffix=place.suffix)
        except OSError:
            return None
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(self._memory)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            Path(name).unlink(missing_ok=True)
            return None
        return Path(name)

    def _spill(self, exc: OSError) -> None:
        """Go on in memory; the disk has its room back, which the catalog needs now."""
        self._memory = bytearray(self.path.read_bytes())
        self.failed = exc
        self.close()
        with suppress(OSError):
            self.path.unlink()

    def __del__(self) -> None:
        if hasattr(self, "_fd"):  # not there when the file could not be made
            self.close()

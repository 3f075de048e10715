"""Leases: a locked file for each running process, by which others see that it still lives."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from ..domain.errors import Misconfigured

if sys.platform != "win32":
    import fcntl

_LEFT = 86400.0  # seconds


class Leases:
    """`name` stands for this process from `take()` until it ends, however it ends.

    The lock is the operating system's, so a killed process frees it by nature. On Windows, which
    has no such locks, an open file cannot be removed, which says the same.
    """

    def __init__(self, home: str, name: str) -> None:
        self.name = name
        self._folder = Path(home) / ".aquatint" / "runners"
        self._held: int | None = None

    def take(self) -> None:
        """Hold the lease from here on; again is harmless. Raises Misconfigured."""
        if self._held is not None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            held = os.open(self._place(self.name), flags, 0o600)
            if sys.platform != "win32":
                fcntl.flock(held, fcntl.LOCK_EX)
            self._sweep()
        except OSError as exc:
            raise Misconfigured(
                f"The folder {self._folder} cannot be written: {exc.strerror}.",
                "Set AQUATINT_HOME to a folder that the account running aquatint can write.",
                code="home_not_writable",
            ) from exc
        self._held = held

    def alive(self, lease: str) -> bool:
        """Whether the process of that lease still runs; tried without waiting."""
        if lease == self.name:
            return self._held is not None
        try:
            place = self._place(lease)
            if sys.platform == "win32":
                place.unlink()
                return False
            tried = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        try:
            fcntl.flock(tried, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(tried)

    def release(self) -> None:
        """Give it back; whoever looks for it from now on finds nobody."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)
            with suppress(OSError):
                self._place(self.name).unlink()

    def _sweep(self) -> None:
        """Remove what processes killed long ago left; a new file may be about to be locked."""
        now = self._place(self.name).stat().st_mtime
        for place in self._folder.glob("*.lock"):
            with suppress(OSError):  # another process may be quicker
                if place.stat().st_mtime < now - _LEFT and not self.alive(place.stem):
                    place.unlink(missing_ok=True)

    def _place(self, lease: str) -> Path:
        if not lease.isalnum():
            raise ValueError(f"{lease!r} is no lease of ours")
        return self._folder / f"{lease}.lock"

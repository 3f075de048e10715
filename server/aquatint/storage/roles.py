"""Roles that one process of a home has at a time, each a locked file with words in it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_LONGEST = 4096  # bytes of the words


class Roles:
    """The lock is the operating system's, so that of a killed process is free by nature.

    On Windows, which has no such locks, a file that is open cannot be removed, which says the same.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def claim(self, role: str, words: str = "") -> bool:
        """Have the role, and say how this process is reached; False where another one has it.

        Again changes the words. The folder must be there.
        """
        if role not in self._held:
            place = self._place(role)
            try:
                if sys.platform == "win32":
                    place.unlink(missing_ok=True)
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
                opened = os.open(place, flags, 0o600)
            except OSError:
                return False
            if not _locked(opened, exclusive=True):
                os.close(opened)
                return False
            self._held[role] = opened
        held = self._held[role]
        os.ftruncate(held, 0)
        os.lseek(held, 0, os.SEEK_SET)
        os.write(held, words.encode()[:_LONGEST])
        return True

    def claimed(self, role: str) -> str | None:
        """The words of the living process that has the role; None where there is none."""
        place = self._place(role)
        try:
            if sys.platform == "win32":
                with suppress(PermissionError):
                    place.unlink()
                    return None
            tried = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return None
        try:
            if role not in self._held and _locked(tried, exclusive=False):
                return None
            return os.read(tried, _LONGEST).decode(errors="replace")
        finally:
            os.close(tried)

    def release(self) -> None:
        """Give up every role."""
        while self._held:
            role, held = self._held.popitem()
            os.close(held)
            with suppress(OSError):
                self._place(role).unlink()

    def _place(self, role: str) -> Path:
        return self._folder / f"{role}.role"


def _locked(opened: int, *, exclusive: bool) -> bool:
    """Whether the lock is ours now, tried without waiting; on Windows an open file is one."""
    if sys.platform == "win32":
        return exclusive
    try:
        fcntl.flock(opened, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

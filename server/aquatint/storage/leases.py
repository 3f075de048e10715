"""Leases: a locked file for each running process, by which others see that it lives and works."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..domain.errors import Misconfigured
from ..domain.ports import Holder
from ..domain.types import JobRecord
from .roles import Roles

if sys.platform != "win32":
    import fcntl

_LEFT = 86400.0  # seconds after which the file of a killed process is removed
MISSED = 2.5  # seconds without a beat, after which a process beyond a deadline counts as stopped
_A_LOOK = 2.0  # seconds of silence that one look can add
_DEADLINE = 3600.0  # seconds, the longest that a setting allows; for jobs of older versions
_GRACE = 0.3  # seconds beyond its deadline, after which the job of a silent process is given up


class Leases:
    """`name` stands for this process from `take()` until it ends, however it ends.

    The lock is the operating system's, so a killed process frees it by nature. On Windows, which
    has no such locks, an open file cannot be removed, which says the same. A process that was
    stopped keeps its lock, so those with work also touch the file every second: `beat()`.
    `role` and the process id are written into the file, for people and the doctor.
    """

    def __init__(
        self,
        home: str,
        name: str,
        role: str = "server",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._folder = Path(home) / ".aquatint" / "runners"
        self._role = role
        self._roles = Roles(self._folder)
        self._monotonic = monotonic
        self._held: int | None = None
        # Of each lease its last beat, when we looked, and for how long it was silent then.
        self._seen: dict[str, tuple[int, float, float]] = {}

    def take(self) -> None:
        """Hold the lease from here on; again is harmless. Raises Misconfigured.

        When somebody deleted the home, the lease is taken anew in the folder that replaces it.
        """
        if self._held is not None:
            if self._in_place(self._held):
                return
            os.close(self._held)
            self._held = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            held = os.open(self._place(self.name), flags, 0o600)
            if sys.platform != "win32":
                fcntl.flock(held, fcntl.LOCK_EX)
            self._held = held
            os.write(held, f"{self._role} {os.getpid()}\n".encode())
            self._sweep()
        except OSError as exc:
            raise Misconfigured(
                f"The folder {self._folder} cannot be written: {exc.strerror}.",
                "Set AQUATINT_HOME to a folder that the account running aquatint can write.",
                code="home_not_writable",
            ) from exc

    def beat(self) -> None:
        """Show that this process works on; called every second by its event loop."""
        if self._held is not None:
            with suppress(OSError):  # no disk is a reason to stop working
                os.utime(self._held if os.utime in os.supports_fd else self._place(self.name))

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

    def silence(self, lease: str) -> float:
        """Seconds for which we saw no beat of it; 0 at a first look.

        Our own clock measures, so that a changed system time condemns nobody; and a look adds at
        most two seconds, so that our own pause does not.
        """
        try:
            beat = self._place(lease).stat().st_mtime_ns
        except (OSError, ValueError):
            return 0.0  # whether it lives at all is another question
        now = self._monotonic()
        last, looked, silent = self._seen.get(lease, (beat, now, 0.0))
        silent = silent + min(now - looked, _A_LOOK) if beat == last else 0.0
        self._seen[lease] = (beat, now, silent)
        return silent

    def abandoned(self, record: JobRecord, now: float) -> bool:
        """Whether a job will never end by itself: its process is gone, or was stopped for long."""
        if not self.alive(record.lease):
            return True
        if record.sent is None or self.silence(record.lease) < MISSED:
            return False
        return now > record.sent + (record.job.deadline or _DEADLINE) + _GRACE

    def holders(self) -> list[Holder]:
        """The living processes of this home, but for this one."""
        found: list[Holder] = []
        for place in sorted(self._folder.glob("*.lock")):
            if place.stem == self.name or not self.alive(place.stem):
                continue
            role, pid = "server", None
            with suppress(OSError, ValueError):  # made by an older version, or just gone
                role, number = place.read_text("ascii").split()
                pid = int(number)
            found.append(Holder(lease=place.stem, role=role, pid=pid))
        return found

    def claim(self, role: str, words: str = "") -> bool:
        """Be the one process of this home in that role. Raises Misconfigured without a home."""
        self.take()
        return self._roles.claim(role, words)

    def claimed(self, role: str) -> str | None:
        """The words of the living process in that role; None where there is none."""
        return self._roles.claimed(role)

    def release(self) -> None:
        """Give it back; whoever looks for it from now on finds nobody."""
        self._roles.release()
        held, self._held = self._held, None
        if held is not None:
            ours = self._in_place(held)
            os.close(held)
            if ours:
                with suppress(OSError):
                    self._place(self.name).unlink()

    def _in_place(self, held: int) -> bool:
        """Whether the file that we locked still stands under its name."""
        try:
            return os.path.samestat(os.fstat(held), self._place(self.name).stat())
        except OSError:
            return False

    def _sweep(self) -> None:
        """Remove what processes killed long ago left; a new file may be about to be locked."""
        now = self._place(self.name).stat().st_mtime
        for place in self._folder.glob("*.lock"):
            with suppress(OSError):  # another process may be quicker
                if place.stat().st_mtime < now - _LEFT and not self.alive(place.stem):
                    place.unlink(missing_ok=True)

    def _place(self, lease: str) -> Path:
        if not lease.isalnum():
            raise ValueError(f"{lease!r} is not the name of a lease")
        return self._folder / f"{lease}.lock"

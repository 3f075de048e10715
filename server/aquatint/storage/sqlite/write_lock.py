"""Which process of a home may write the catalog next: first come, first served."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PATIENCE = 5.0  # seconds; the process whose turn it is may have been stopped


@contextmanager
def turn(path: Path) -> Generator[None]:
    """Hold the lock file at `path`, or go on without: this is a courtesy, SQLite keeps the order.

    SQLite's own waiting is longer the longer it lasts, so that latecomers overtake; with 16 writing
    processes some waited for seconds. The system wakes those who wait for a lock at once.
    """
    held = _take(path)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _take(path: Path) -> int | None:
    if sys.platform == "win32":
        return None
    try:
        place = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:  # no folder yet, or none to write
        return None
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return place if _waited(place) else None
    except OSError:  # a file system without locks
        os.close(place)
        return None
    return place


def _waited(place: int) -> bool:
    """Whether the lock came in time; a thread waits for it, since nothing else waits for so long
    and no longer. It closes what nobody waits for any more."""
    came, left, both = threading.Event(), threading.Event(), threading.Lock()

    def wait() -> None:
        if sys.platform != "win32":
            fcntl.flock(place, fcntl.LOCK_EX)
        with both:
            came.set()
            if left.is_set():
                os.close(place)

    threading.Thread(target=wait, daemon=True).start()
    came.wait(_PATIENCE)
    with both:
        if not came.is_set():
            left.set()
        return came.is_set()

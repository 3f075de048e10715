"""The rows of the table, as data: what is done, how often, and what it needs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from . import disk, drawn_on, kills, leaving, load, replies
from .bench import Bench
from .evidence import Result


@dataclass(frozen=True, slots=True)
class Row:
    """`full` and `short` are what `run` gets as its `times`; 0 leaves it out."""

    table: str
    name: str
    run: Callable[[Bench, int], Result]
    full: int
    short: int = 0
    needs: str = ""

    @property
    def lacking(self) -> str:
        """What this machine has not, of what the row needs."""
        if sys.platform != "linux":
            return "Linux"
        if self.needs == "root" and os.geteuid() != 0:
            return "root, to mount"
        return self.needs if self.needs not in ("", "root") and not shutil.which(self.needs) else ""


REFUSED, BROKEN, ACCEPTED, BEHIND = map(
    replies.replies, (replies.REFUSED, replies.BROKEN, replies.ACCEPTED, replies.BEHIND)
)
STREAMS = replies.replies(replies.STREAMS, streamed=True)
TRACED = [  # a system call, what becomes of its k-th, how many k, and the step between them
    ("fsync", "error=EIO", 18, 1),
    ("write", "error=ENOSPC", 6, 1),
    ("pwrite64", "error=EIO", 24, 2),
    ("fsync", "signal=KILL", 18, 1),
    ("link", "signal=KILL", 6, 1),
    ("rename", "signal=KILL", 6, 1),
    ("unlink", "signal=KILL", 12, 1),
    ("pwrite64", "signal=KILL", 24, 3),
]

ROWS = [
    Row("3a", "the provider refuses, limits, fails: 14 ways", REFUSED, 2, 1),
    Row("3a", "it hangs, drips, sends nonsense or too much: 17 ways", BROKEN, 2),
    Row("3a", "it dresses the picture oddly: 4 ways", ACCEPTED, 2),
    Row("3a", "it breaks behind the picture, or miscounts: 9 ways", BEHIND, 2, 1),
    Row("3a", "it answers what crashed us once, with a worker and without", replies.odd, 2, 1),
    Row("3a", "its stream breaks off: 9 ways", STREAMS, 2),
    Row("3a", "the connection is cut: 5 ways", replies.cut, 3),
    Row("3a", "nobody listens", replies.unreachable, 2),
    Row("3b", "notifications/cancelled over stdio", leaving.cancelled, 25, 2),
    Row("3b", "HTTP disconnect", leaving.hung_up, 25, 2),
    Row("3b", "end of standard input", leaving.EOF, 25, 2),
    Row("3b", "the official client closes early", leaving.official_client, 25, 1),
    Row("3b", "SIGTERM over stdio", leaving.SIGTERM, 25, 2),
    Row("3b", "SIGHUP over stdio", leaving.SIGHUP, 15),
    Row("3b", "SIGTERM over HTTP", leaving.terminated_door, 15),
    Row("3b", "kill -9 of the server's group", leaving.KILLPG, 100, 2),
    Row("3b", "kill -9 of the worker", leaving.press_killed, 75, 1),
    Row("3b", "SIGSTOP of the worker just before a deadline", leaving.stopped_late, 8, 1),
    Row("3b", "kill -9 of server and worker at once", leaving.KILLED_BOTH, 75),
    Row("3b", "ComfyUI draws on: kill -9 of server and worker at once", drawn_on.comfy, 60),
    Row("3b", "a conversation draws on: the same kills", drawn_on.conversation, 60),
    Row("3b", "kill -9 of a server without a worker", leaving.KILLED_ALONE, 25),
    Row("3b", "the same call again after a timeout", leaving.asked_again, 15),
    Row("3b", "a host that never reads", load.unread, 64),
    Row("3b", "prompts in six scripts and in none", load.unicode, 99),
    Row("3c", "2 MB of disk: refused before paying", disk.too_small, 5, 1, "root"),
    Row("3c", "the disk fills while the picture comes", disk.filled, 5, 1, "root"),
    Row("3c", "64 inodes, until none is left", disk.no_inodes, 1, 0, "root"),
    Row("3c", "RLIMIT_FSIZE of 1.5 MB", disk.limited, 5, 1, "prlimit"),
    Row("3c", "a read-only home", disk.read_only, 2, 1, "root"),
    *(
        Row(
            "3c", f"every k-th {call}: {fault}", disk.Syscall(call, fault, step), count, 0, "strace"
        )
        for call, fault, count, step in TRACED
    ),
    Row("3c", "kill -9 at a random call or return", kills.random_kills, 500),
    Row("3c", "16 processes write to one catalog", load.writers, 200),
    Row("3c", "two servers race for one budget", load.racing, 200),
    Row("3c", "calls in flight at once", load.crowd, 256),
    Row("3c", "12 MB pictures in flight: memory", load.memory, 16),
    Row("3c", "ten pictures of 25 MB in one reply: memory", load.ten_large, 10),
    Row("3c", "a 50 MP input: memory", load.large_input, 1),
    Row("3c", "drafts of 3840x3840 at once: memory, pings", load.drafts, 40, 4),
    Row("3c", "pings during a 4K draft and a 17 MB reply", load.responsive, 5),
]

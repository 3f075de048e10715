"""Remembers for a moment which pictures went to whom.

A client that asks for the same again at once did not get them: some cannot read a reply, and their
model tries until it gives up. Three unreadable replies were once paid for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MOMENT = 10.0  # seconds in which nobody looks at a picture and wants another one like it


@dataclass(frozen=True, slots=True)
class Replied:
    """The replies of the last `seconds`, by who got them and what they had asked for."""

    now: Callable[[], float]
    seconds: float = MOMENT
    last: dict[tuple[str, str], tuple[str, float]] = field(
        default_factory=dict[tuple[str, str], tuple[str, float]]
    )

    def note(self, client: str, digest: str, job: str) -> None:
        """That job's pictures leave for a client who asked for what `digest` stands for."""
        now = self.now()
        for key, (_, when) in list(self.last.items()):
            if now - when > self.seconds:
                del self.last[key]
        self.last[client, digest] = job, now

    def job(self, client: str, digest: str) -> str | None:
        """The job whose reply has just gone to that client, for the same request."""
        job, when = self.last.get((client, digest), (None, 0.0))
        return job if self.now() - when <= self.seconds else None

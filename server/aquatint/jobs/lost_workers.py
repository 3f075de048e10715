"""What is told of jobs whose worker died, or was stopped: with money at stake, and without."""

from __future__ import annotations

from ..domain.types import Failure

DIED = Failure(
    kind="Unavailable",
    code="worker_died",
    message="The process that paid for this call died before the picture came.",
    fix="Look for it with recent_images; calling again may be paid again.",
    spent="unknown",
)
STOPPED = Failure(
    kind="Unavailable",
    code="worker_not_answering",
    message="The process that pays for this call does not answer: it was stopped, or the machine "
    "lacks memory.",
    fix="If it goes on, its picture is kept: look with recent_images in a while. Calling again may "
    "be paid again.",
    spent="unknown",
)
FREE_DIED = Failure(
    kind="Unavailable",
    code="worker_died",
    message="The process that drew this died before the picture came; nothing was paid.",
    fix="Call again; for a smaller size if it happens again, for the machine may lack memory.",
)
FREE_STOPPED = Failure(
    kind="Unavailable",
    code="worker_not_answering",
    message="The process that draws this does not answer: it was stopped, or the machine lacks "
    "memory. Nothing was paid.",
    fix="Call again; for a smaller size if it happens again.",
)

"""Failures as the ledger keeps them: of an error, and of jobs that no engine ended."""

from __future__ import annotations

from ..domain.errors import AquatintError
from ..domain.types import Failure, Job, JobRecord
from .context import JobContext


def failure_of(error: AquatintError) -> Failure:
    return Failure(
        kind=type(error).__name__,
        code=error.reason,
        message=error.message,
        fix=error.fix,
        retry_after=error.retry_after,
        spent=error.spent,
        request_id=error.request_id,
    )


def without_result(job: Job, failure: Failure, context: JobContext) -> JobRecord:
    """The end of a job that no engine ended: free, or, when nobody knows, at its estimate."""
    spent = failure.spent != "no"
    return JobRecord(
        job=job,
        state="unknown" if spent else "failed",
        failure=failure,
        cost_usd=job.estimate_usd if spent else 0.0,
        ended=context.now(),
    )


CANCELLED = Failure(
    kind="Unavailable",  # the same call may pass
    code="cancelled",
    message="This call was cancelled before it was sent; nothing was paid.",
    fix="Call the tool again if the picture is still wanted.",
)
DROPPED = Failure(
    kind="Unavailable",
    code="cancelled",
    message="aquatint was stopped before this call was sent; nothing was paid.",
    fix="Call the tool again if the picture is still wanted.",
)
INTERRUPTED = Failure(
    kind="Unavailable",
    code="interrupted",
    message="aquatint was stopped after this call was sent and before its picture came.",
    fix="Look for it on the provider's usage page at {when}; calling again may be paid again.",
    spent="unknown",
)
FREE = INTERRUPTED.model_copy(
    update={"fix": "Call the tool again; drafts are free.", "spent": "no"}
)
# Of jobs whose worker died, or was stopped: with money at stake, and without.
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

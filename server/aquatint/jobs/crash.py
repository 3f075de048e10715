"""The one net under a job: a bug must neither take the server down, nor lose what was paid for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TypeVar

from ..domain.errors import AquatintError, Spent, Unavailable
from ..domain.types import Job

T = TypeVar("T")

log = logging.getLogger(__name__)

CRASHED = "crashed"  # the code of these errors
NOT_PAID = "Call the tool again; the server's log has the details."
PAID = (
    "This request is not paid again by itself for a while: pass fresh=true to pay anew. What "
    "arrived is kept; aquatint doctor --repair looks for it. The server's log has the details."
)


async def contained(job: Job, doing: str, work: Awaitable[T], spent: Spent) -> T:
    """The result of one step of a job. Raises AquatintError, also for whatever is none."""
    try:
        return await work
    except AquatintError:
        raise
    except Exception as bug:
        log.exception("job %s crashed while %s", job.id, doing)
        raise Unavailable(
            f"aquatint itself failed while {doing} ({type(bug).__name__}).",
            NOT_PAID if spent == "no" else PAID,
            code=CRASHED,
            spent=spent,
        ) from bug

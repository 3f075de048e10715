"""Writes the end of a job into the catalog, and tries again until that holds."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from anyio.abc import TaskGroup

from ..domain.errors import AquatintError, BadRequest, Unavailable
from .context import JobContext
from .crash import CRASHED, PAID, contained
from .execute import Ended
from .failures import failure_of

log = logging.getLogger(__name__)

PAUSES = (1.0, 2.0, 5.0, 10.0)  # seconds between two tries; then always the last one
TRIES = 60  # about ten minutes; then the next process that starts finds the files


class Settler:
    """The ends of jobs on their way into the catalog."""

    def __init__(
        self, context: JobContext, late: Callable[[Ended], Coroutine[Any, Any, None]]
    ) -> None:
        """`late` hears of what could be written only after its caller was answered."""
        self._context, self._late = context, late
        self._pending: dict[str, _Pending] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    async def settle(self, ended: Ended, group: TaskGroup, patience: float) -> Ended:
        """Write it, for at most so many seconds; then that goes on in the group.

        The outcome for its caller, with a warning while the catalog does not list it.
        """
        if ended.listed:
            return ended
        pending = self._pending[ended.record.job.id] = _Pending()
        group.start_soon(self._run, ended, pending)
        with anyio.move_on_after(patience):
            await pending.tried.wait()
        if pending.tried.is_set() and pending.error is None:
            return ended
        pending.late = True
        why = f": {pending.error.message}" if pending.error else "."
        warning = f"The catalog could not be written, so this call is not listed yet{why}"
        record = ended.record
        warnings = (*record.warnings, f"{warning} It is tried again until it is.")
        return replace(ended, record=record.model_copy(update={"warnings": warnings}))

    async def all_done(self) -> None:
        for pending in list(self._pending.values()):
            await pending.done.wait()

    async def _run(self, ended: Ended, pending: _Pending) -> None:
        job = ended.record.job.id
        for pause in itertools.islice(itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])), TRIES):
            try:
                await _write(ended, self._context)
                pending.error = None
                break
            except AquatintError as error:
                pending.error = error
                log.warning("the end of %s could not be written: %s", job, error)
            pending.tried.set()
            await anyio.sleep(pause)
        pending.tried.set()
        del self._pending[job]
        pending.done.set()
        if pending.late:
            await self._late(ended)


@dataclass(slots=True)
class _Pending:
    """`tried` after the first try, `done` when there is no more."""

    tried: anyio.Event = field(default_factory=anyio.Event)
    done: anyio.Event = field(default_factory=anyio.Event)
    error: AquatintError | None = None
    late: bool = False


async def _write(ended: Ended, context: JobContext) -> None:
    """Raises AquatintError when the file is at fault; what is wrong with the record is left out."""
    record = ended.record
    settle = context.catalog.settle(record, ended.kept)
    try:
        await contained(record.job, "its end was written", settle, "yes")
    except AquatintError as error:
        if not isinstance(error, BadRequest) and error.reason != CRASHED:
            raise
        crash = Unavailable(error.message, PAID, code=CRASHED, spent="unknown")
        plain = {
            "state": "unknown",
            "failure": failure_of(crash),
            "model": None,
            "usage": None,
            "request_id": None,
            "cost_usd": record.job.estimate_usd,
            "warnings": (),
            "images": (),
        }
        await context.catalog.settle(record.model_copy(update=plain), ())

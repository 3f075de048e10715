"""What was spent, and giving up what was not: the spending statement, and cancelling a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ..domain.answers import Spending
from ..domain.errors import BadRequest, NoSuchImage
from ..domain.times import to_the_second
from ..domain.types import Job, JobRecord
from ..jobs.context import JobContext
from ..jobs.failures import CANCELLED


async def cancel(context: JobContext, job: str, owner: str) -> Job:
    """Give up a job that costs nothing: it was not sent yet, or its engine can stop it.

    Raises NoSuchImage, or BadRequest when it is too late, which says whether it was sent.
    """
    record = await _known(context, job, owner)
    while record.state == "intent":
        given_up = JobRecord(
            job=record.job, state="failed", failure=CANCELLED, cost_usd=0.0, ended=context.now()
        )
        if await context.catalog.drop(given_up):
            return record.job
        record = await _known(context, job, owner)
        if record.state == "intent" and record.sent is not None:
            engine = context.engines.get(record.job.engine)
            if engine is not None and await engine.cancel(record.job.order, job=job):
                return record.job  # who waits for it hears that it was stopped
            raise BadRequest(
                f"It is too late: {job} was sent at {to_the_second(record.sent)}, "
                "so it may be paid for.",
                f"Its picture is kept when it comes; `aquatint show {job}` waits for it.",
                code="too_late",
            )
    if record.failure is None:
        how, fix = "its picture is there.", f"`aquatint show {job}` shows it."
    else:
        how, fix = record.failure.message, record.failure.fix
    raise BadRequest(f"{job} has ended already: {how}", fix, code="too_late")


async def _known(context: JobContext, job: str, owner: str) -> JobRecord:
    record = await context.catalog.job(job, owner)
    if record is None:
        raise NoSuchImage(f"There is no job {job}.", "Call recent_images to see what runs.")
    return record


@dataclass(frozen=True, slots=True)
class Statement:
    """What was spent since then: rows by day, model and project; what nobody knows, one by one."""

    since: float
    rows: tuple[Spending, ...]
    unknown: tuple[JobRecord, ...]

    @property
    def usd(self) -> float:
        return sum(row.usd for row in self.rows)

    @property
    def calls(self) -> int:
        return sum(row.calls for row in self.rows)

    def facts(self) -> dict[str, object]:
        """As JSON tells it; `usd` counts the unknown at their estimates."""
        return {
            "since": to_the_second(self.since),
            "usd": round(self.usd, 6),
            "calls": self.calls,
            "rows": [row.model_dump() for row in self.rows],
            "unknown": [doubt(record) for record in self.unknown],
        }


async def statement(context: JobContext, owner: str | None, days: int) -> Statement:
    """The last `days` days, today included; of every owner for None. Raises BadRequest."""
    if not 1 <= days <= 36500:
        raise BadRequest(f"days={days} is out of range.", "Pass 1 to 36500.")
    today = datetime.fromtimestamp(context.now(), UTC).replace(hour=0, minute=0, second=0)
    since = float(int(today.timestamp()) - (days - 1) * 86400)
    rows = await context.catalog.spending(owner, since)
    return Statement(since, tuple(rows), tuple(await context.catalog.doubtful(owner, since)))


def doubt(record: JobRecord) -> dict[str, object]:
    """What a person needs to find a call of unknown outcome on the provider's usage page."""
    return {
        "job": record.job.id,
        "time": to_the_second(record.sent or record.job.created),
        "model": record.job.order.model,
        "cost_usd": record.cost_usd,
        "request_id": record.request_id or (record.failure and record.failure.request_id),
        "project": record.job.project,
    }

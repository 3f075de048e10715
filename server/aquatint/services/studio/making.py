"""The page orders: prices, edits, new pictures, what runs, what was spent, what is new."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ...domain.types import EditRequest, GenerateRequest, JobRecord
from ..outcomes import Outcome, Progress
from ..spending import cancel as give_up
from ..spending import statement
from . import requests as asked
from .gallery import small

if TYPE_CHECKING:
    from .operations import Answer, Visitor

MONTH = 30  # days


async def quote(visitor: Visitor, request: EditRequest | GenerateRequest) -> Answer:
    """{usd, bound, model, size, quality, free, markup, needs_consent, warnings}; no network."""
    found = await visitor.service.quote(request, visitor.caller)
    order, price = found.plan.order, found.estimate
    return {
        "usd": price.usd,
        "bound": price.upper_bound or price.approximate,
        "model": order.model,
        "size": order.size,
        "quality": order.quality,
        "free": found.is_draft,
        "markup": found.choice.model.markup,
        "needs_consent": found.needs_consent,
        "warnings": list(found.plan.warnings),
    }


async def edit(visitor: Visitor, request: EditRequest) -> Answer:
    """{status, job, images, cost_usd, warnings}; `working` once AQUATINT_WAIT is over."""
    service = visitor.service
    outcome = await service.edit(request, visitor.caller, _silent, visitor.agreed)
    return _ended(visitor, outcome)


async def generate(visitor: Visitor, request: GenerateRequest) -> Answer:
    """The same for new pictures."""
    service = visitor.service
    outcome = await service.generate(request, visitor.caller, _silent, visitor.agreed)
    return _ended(visitor, outcome)


def _ended(visitor: Visitor, outcome: Outcome) -> Answer:
    visitor.service.delivered(outcome, visitor.caller)
    return {
        "status": outcome.status,
        "job": outcome.job,
        "images": [one.id for one in outcome.images],
        "cost_usd": outcome.cost_usd,
        "warnings": list(outcome.warnings),
    }


async def _silent(_: Progress) -> None:
    """The page looks at `jobs` instead."""


async def jobs(visitor: Visitor, _: asked.Nothing) -> Answer:
    """{running, today_usd, month_usd, budget_usd, budget_window}."""
    service, owner = visitor.service, visitor.caller.owner
    running = await service.context.catalog.running(owner)
    month = await statement(service.context, owner, MONTH)
    today = await statement(service.context, owner, 1)
    return {
        "running": [await _job(visitor, record) for record in running],
        "today_usd": today.usd,
        "month_usd": month.usd,
        "budget_usd": service.settings.budget_usd,
        "budget_window": service.settings.budget_window,
    }


async def _job(visitor: Visitor, record: JobRecord) -> dict[str, Any]:
    service, order = visitor.service, record.job.order
    stage = service.runner.stage(record.job.id)
    engine = service.context.engines.get(record.job.engine)
    stoppable = engine is not None and engine.stoppable
    return {
        "job": record.job.id,
        "prompt": record.job.kept_prompt,
        "model": order.model,
        "kind": record.job.kind,
        "stage": None if stage is None else str(stage),
        "sent": record.sent is not None and not stoppable,
        "look": await small(visitor, await service.context.blobs.lent(record.job.id)),
        "elapsed": service.context.now() - record.job.created,
        "usual": await service.context.catalog.seconds(order.model, order.size, order.quality),
        "cost_usd": record.job.estimate_usd,
    }


async def cancel(visitor: Visitor, request: asked.Cancel) -> Answer:
    """{cancelled}: the job, which cost nothing. An error when it may be paid already."""
    gone = await give_up(visitor.service.context, request.job, visitor.caller.owner)
    return {"cancelled": gone.id}


async def changes(visitor: Visitor, request: asked.Changes) -> Answer:
    """{revision, changed}: cheap enough to be asked every second."""
    catalog, owner = visitor.service.context.catalog, visitor.caller.owner
    newest = await catalog.recent(owner, None, None, 1, None)
    running = await catalog.running(owner)
    marks = await catalog.annotations.open(owner)
    state = (
        [one.id for one in newest.images],
        newest.total,
        [(one.job.id, one.sent) for one in running],
        [(one.id, one.words, one.told) for one in marks],
    )
    revision = hashlib.sha256(repr(state).encode()).hexdigest()[:16]
    return {"revision": revision, "changed": revision != request.since}

"""What jobs cost, added up."""

from __future__ import annotations

import sqlite3

from ...domain.answers import Spending

# Dollars of one job: what it cost, or what is reserved while nobody knows.
_MONEY = "CASE WHEN state IN ('failed', 'refused') THEN cost ELSE coalesce(cost, estimate) END"


def spending(db: sqlite3.Connection, owner: str | None, since: float) -> list[Spending]:
    """The paid calls since then, newest day first; of every owner for None."""
    whose, values = ("", ()) if owner is None else ("owner = ? AND", (owner,))
    statement = (
        "SELECT date(coalesce(ended, created), 'unixepoch') AS day, model, project,"  # noqa: S608 - ours
        f" count(*) AS calls, total({_MONEY}) AS usd, sum(state = 'unknown') AS unknown,"
        f" sum({_MONEY} IS NULL AND state NOT IN ('failed', 'refused')) AS unpriced FROM jobs"
        f" WHERE {whose} engine != 'draft' AND coalesce(ended, created) >= ?"
        " GROUP BY day, model, project ORDER BY day DESC, usd DESC, model, project"
    )
    rows = db.execute(statement, (*values, since)).fetchall()
    return [Spending.model_validate(dict(row)) for row in rows]


def entries(
    db: sqlite3.Connection, owner: str, since: float, now: float
) -> list[tuple[float, float]]:
    """When and how many dollars, oldest first; what still runs counts as spent now."""
    statement = (
        f"SELECT coalesce(ended, created) AS time, {_MONEY} AS usd FROM jobs"  # noqa: S608 - ours
        " WHERE owner = ?1 AND state != 'intent' AND time >= ?2 AND usd > 0"
        f" UNION ALL SELECT ?3, {_MONEY} AS usd FROM jobs INDEXED BY jobs_running"
        " WHERE owner = ?1 AND state = 'intent' AND usd > 0 ORDER BY 1"
    )
    return [(time, usd) for time, usd in db.execute(statement, (owner, since, now))]

"""The name under which a provider took a job, on its way into the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from aquatint.domain.engine import Accepted, Event, Finished, Inputs, Part, Sent
from aquatint.domain.types import Order
from aquatint.jobs.execute import execute
from aquatint.storage.sqlite.catalog import SqliteCatalog
from fake_openai import flat
from kills import context_at, job
from plain_engine import PlainEngine


class Named(PlainEngine):
    """Takes the job under a name, while somebody else holds the catalog or not, and draws it."""

    def __init__(self, held: Path | None = None) -> None:
        self.held = held

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncIterator[Event]:
        yield Sent()
        with closing(sqlite3.connect(self.held or ":memory:", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield Accepted("resp_1")
        drawn = part()
        drawn.write(flat("png", 48, 32, 1))
        yield Finished((drawn,))


async def test_the_name_is_in_the_ledger_before_the_picture_and_stays(tmp_path: Path) -> None:
    context, leases = context_at(tmp_path / "home")
    context = replace(context, engines={"openai": Named()})
    one = job(0)
    leases.take()
    await context.catalog.begin(one, None, lease=leases.name)
    ended = await execute(one, context, lambda _: None)
    assert ended
    before = await context.catalog.job(one.id, "local")
    assert before
    assert (before.state, before.ticket) == ("intent", "resp_1")
    await context.catalog.settle(ended.record, ended.kept)
    after = await context.catalog.job(one.id, "local")
    assert after
    assert (after.state, after.ticket) == ("done", "resp_1")
    await context.catalog.accepted(one.id, leases.name, "resp_2")
    again = await context.catalog.job(one.id, "local")
    assert again
    assert again.ticket == "resp_1", "a job that has ended keeps its name"
    await context.catalog.aclose()
    leases.release()


async def test_a_name_that_cannot_be_written_down_costs_no_picture(tmp_path: Path) -> None:
    context, leases = context_at(tmp_path / "home")
    file = tmp_path / "home/.aquatint/catalog.sqlite"
    catalog = SqliteCatalog(str(file), now=lambda: 1e9, patience=0.2)
    context = replace(context, engines={"openai": Named(file)}, catalog=catalog)
    one = job(0)
    leases.take()
    await catalog.begin(one, None, lease=leases.name)
    ended = await execute(one, context, lambda _: None)
    assert ended
    assert ended.record.state == "done"
    assert len(ended.record.images) == 1
    assert any("name at the provider could not be kept" in one for one in ended.record.warnings)
    await catalog.aclose()
    leases.release()

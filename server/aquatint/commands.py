"""`aquatint spend`, `cancel` and `recent`: the ledger and the list, for a person at a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from types import MappingProxyType

from .app import build
from .core.budget import dollars
from .core.errors import AquatintError
from .core.types import Caller, Record, Spending
from .core.words import clean
from .ledger import Statement, cancel, doubt, statement
from .settings import Settings
from .studio import Studio

Command = Callable[[Studio, argparse.Namespace], Awaitable[None]]


async def command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run the command that was named. The exit code: 0 well, 1 failed."""
    async with build(settings).studio() as studio:
        try:
            await _COMMANDS[arguments.command](studio, arguments)
        except AquatintError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


async def _spend(studio: Studio, arguments: argparse.Namespace) -> None:
    # Whoever can read this home's catalog sees every owner's rows.
    told = await statement(studio.shop, None, arguments.days)
    if arguments.json:
        print(json.dumps(told.facts(), ensure_ascii=False, indent=1))
        return
    _print_rows(told)
    for record in told.unknown:
        print(_doubt_line(record))


def _print_rows(told: Statement) -> None:
    lines = [
        (row.day, row.model, str(row.calls), dollars(row.usd), _remarks(row), row.project)
        for row in told.rows
    ]
    head = ("day (UTC)", "model", "calls", "cost", "", "project")
    table = [head, *lines, ("total", "", str(told.calls), dollars(told.usd), "", "")]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        cells = (
            cell.rjust(width) if column in {2, 3} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join(cells).rstrip())


def _remarks(row: Spending) -> str:
    told = {"unknown": row.unknown, "unpriced": row.unpriced}
    return ", ".join(f"{count} {word}" for word, count in told.items() if count)


def _doubt_line(record: Record) -> str:
    facts = doubt(record)
    usd = record.cost_usd
    price = "an unknown price" if usd is None else f"about {dollars(usd)}"
    return (
        f"Outcome unknown: {facts['job']}, {facts['time']}, {facts['model']}, {price}, "
        f"request id {facts['request_id'] or 'unknown'}. The provider's usage page tells."
    )


async def _cancel(studio: Studio, arguments: argparse.Namespace) -> None:
    for job in arguments.job:
        await cancel(studio.shop, job, Caller().owner)
        print(f"{job} is cancelled; nothing was paid.")


async def _recent(studio: Studio, arguments: argparse.Namespace) -> None:
    query = " ".join(arguments.query) or None
    page, running = await studio.gallery.recent(Caller(), query, None, arguments.limit, None)
    for picture in page.pictures:
        facts = f"{picture.kind}, {picture.width}x{picture.height} {picture.format}"
        print(f"image://{picture.id}  {studio.gallery.stamp(picture.created)}  {facts}")
        print(f"  {clean(picture.prompt, 160)}")
        print(f"  {studio.shop.blobs.path(picture.key)}")
    for record in running:
        order = record.job.order
        print(f"{record.job.id}  running, {order.model}: {clean(order.prompt, 160)}")
    if not page.pictures and not running:
        print("Nothing yet." if query is None else "Nothing was found.")


_COMMANDS = MappingProxyType[str, Command]({"spend": _spend, "cancel": _cancel, "recent": _recent})

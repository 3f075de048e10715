"""`aquatint spend`, `cancel` and `recent`: the ledger and the list, for a person at a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePath
from types import MappingProxyType

from ...app import build
from ...domain.budget import dollars
from ...domain.errors import AquatintError, BadRequest
from ...domain.times import to_the_second
from ...domain.types import LOCAL, Caller, ImageRecord, JobRecord, Page, Spending
from ...domain.words import clean
from ...services.images import ImageService
from ...services.spending import Statement, cancel, doubt, statement
from ...settings import Settings
from ..inline_images import Screen
from ..progress import refuse
from .draw import caller_with
from .mask import save

Command = Callable[[ImageService, argparse.Namespace], Awaitable[None]]


async def command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run the command that was named. The exit code: 0 well, 1 failed."""
    async with build(settings).service() as service:
        try:
            await _COMMANDS[arguments.command](service, arguments)
        except AquatintError as error:
            refuse(error)
            return 1
    return 0


async def _spend(service: ImageService, arguments: argparse.Namespace) -> None:
    # Whoever can read this home's catalog sees every owner's rows.
    told = await statement(service.context, None, arguments.days)
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


def _doubt_line(record: JobRecord) -> str:
    facts = doubt(record)
    usd = record.cost_usd
    price = "an unknown price" if usd is None else f"about {dollars(usd)}"
    return (
        f"Outcome unknown: {facts['job']}, {facts['time']}, {facts['model']}, {price}, "
        f"request id {facts['request_id'] or 'unknown'}. The provider's usage page tells."
    )


async def _cancel(service: ImageService, arguments: argparse.Namespace) -> None:
    for job in arguments.job:
        await cancel(service.context, job, LOCAL)
        print(f"{job} is cancelled; nothing was paid.")


async def _recent(service: ImageService, arguments: argparse.Namespace) -> None:
    query = " ".join(arguments.query) or None
    caller = caller_with([arguments.sheet or ""], service.settings.cwd)
    if arguments.sheet:  # before anything is made
        if PurePath(arguments.sheet).suffix.lower() not in {".jpg", ".jpeg"}:
            raise BadRequest(f"{arguments.sheet}: a sheet is a JPEG.", "Give a name in .jpg.")
        await service.context.workspace.check_target(arguments.sheet, caller, arguments.overwrite)
    page, running = await service.library.recent(
        caller, query, arguments.kind, arguments.limit, arguments.cursor
    )
    if arguments.json:
        print(json.dumps(_listed(service, page, running), ensure_ascii=False, indent=1))
    else:
        _print_list(service, page, running, query)
    if page.images and (arguments.sheet or not arguments.json):
        await _sheet(service, page.images, arguments, caller)


async def _sheet(
    service: ImageService,
    images: Sequence[ImageRecord],
    arguments: argparse.Namespace,
    caller: Caller,
) -> None:
    """Numbered thumbnails: as a file where one is named, and where the terminal shows pictures."""
    screen = Screen.of(service.settings, sys.stdout)
    if not arguments.sheet and screen.way in {"none", "blocks"}:  # too coarse for thumbnails
        return
    data, _ = await service.library.sheet(images)
    if not arguments.json:
        screen.draw(data)
    if arguments.sheet:
        await save(service, arguments.sheet, data, caller, overwrite=arguments.overwrite)


def _listed(service: ImageService, page: Page, running: Sequence[JobRecord]) -> dict[str, object]:
    """The page as recent_images has it."""
    images = [{"id": one.id, **service.library.row(one)} for one in page.images]
    jobs = [
        {"job": job.id, "prompt": job.order.prompt, "model": job.order.model}
        | {"since": to_the_second(job.created)}
        for job in (record.job for record in running)
    ]
    return {"images": images, "running": jobs, "total": page.total, "cursor": page.cursor}


def _print_list(
    service: ImageService, page: Page, running: Sequence[JobRecord], query: str | None
) -> None:
    for image in page.images:
        facts = f"{image.kind}, {image.width}x{image.height} {image.format}"
        print(f"image://{image.id}  {to_the_second(image.created)}  {facts}")
        print(f"  {clean(image.prompt, 160)}")
        print(f"  {service.context.blobs.path(image.key)}")
    for record in running:
        order = record.job.order
        print(f"{record.job.id}  running, {order.model}: {clean(order.prompt, 160)}")
    if not page.images and not running:
        print("Nothing yet." if query is None else "Nothing was found.")
    if page.cursor:
        more = f"{page.total} in all; the next page: --cursor {page.cursor}"
        print(more, file=sys.stderr)


_COMMANDS = MappingProxyType[str, Command]({"spend": _spend, "cancel": _cancel, "recent": _recent})

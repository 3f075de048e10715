"""`aquatint spend`, `cancel` and `recent`: what was paid, what runs, and what was made."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import PurePath

from ...domain.answers import Page, Spending
from ...domain.budget import dollars
from ...domain.errors import BadRequest
from ...domain.times import to_the_second
from ...domain.types import LOCAL, Caller, ImageRecord, JobRecord
from ...domain.words import clean
from ...services import spending
from ...services.images import ImageService
from ...services.spending import Statement, doubt
from ..inline_images import Screen
from .draw import caller_with
from .mask import save


async def spend(service: ImageService, arguments: argparse.Namespace) -> int:
    """Print what each day, model and project cost, and the calls whose outcome is unknown."""
    # Whoever can read this home's catalog sees every owner's rows.
    paid = await spending.statement(service.context, None, arguments.days)
    if arguments.json:
        print(json.dumps(paid.facts(), ensure_ascii=False, indent=1))
        return 0
    _print_rows(paid)
    for record in paid.unknown:
        print(_doubt_line(record))
    return 0


def _print_rows(paid: Statement) -> None:
    lines = [
        (row.day, row.model, str(row.calls), dollars(row.usd), _remarks(row), row.project)
        for row in paid.rows
    ]
    head = ("day (UTC)", "model", "calls", "cost", "", "project")
    table = [head, *lines, ("total", "", str(paid.calls), dollars(paid.usd), "", "")]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        cells = (
            cell.rjust(width) if column in {2, 3} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join(cells).rstrip())


def _remarks(row: Spending) -> str:
    counts = {"unknown": row.unknown, "unpriced": row.unpriced}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _doubt_line(record: JobRecord) -> str:
    facts = doubt(record)
    usd = record.cost_usd
    price = "an unknown price" if usd is None else f"about {dollars(usd)}"
    return (
        f"Outcome unknown: {facts['job']}, {facts['time']}, {facts['model']}, {price}, "
        f"request id {facts['request_id'] or 'unknown'}. See the provider's usage page."
    )


async def cancel(service: ImageService, arguments: argparse.Namespace) -> int:
    """Cancel calls that were not sent yet."""
    for job in arguments.job:
        await spending.cancel(service.context, job, LOCAL)
        print(f"{job} is cancelled; nothing was paid.")
    return 0


async def recent(service: ImageService, arguments: argparse.Namespace) -> int:
    """List the newest pictures and what is still being made."""
    query = " ".join(arguments.query) or None
    caller = caller_with([arguments.sheet or ""], service.settings.cwd)
    if arguments.sheet:  # before anything is made
        if PurePath(arguments.sheet).suffix.lower() not in {".jpg", ".jpeg"}:
            raise BadRequest(f"{arguments.sheet}: a sheet is a JPEG.", "Give a name in .jpg.")
        await service.context.workspace.check_target(arguments.sheet, caller, arguments.overwrite)
    page, running = await service.recent(
        caller, query, arguments.kind, arguments.limit, arguments.cursor
    )
    if arguments.json:
        print(json.dumps(_listed(service, page, running), ensure_ascii=False, indent=1))
    else:
        _print_list(service, page, running, query)
    if page.images and (arguments.sheet or not arguments.json):
        await _sheet(service, page.images, arguments, caller)
    return 0


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
        {"job": job.id, "prompt": job.kept_prompt, "model": job.order.model}
        | {"since": to_the_second(job.created)}
        for job in (record.job for record in running)
    ]
    found = {"images": images, "running": jobs, "total": page.total, "cursor": page.cursor}
    return {**found, "partly": page.partly}


def _print_list(
    service: ImageService, page: Page, running: Sequence[JobRecord], query: str | None
) -> None:
    for image in page.images:
        facts = f"{image.kind}, {image.width}x{image.height} {image.format}"
        names = "".join(f"@{name}  " for name in image.names)
        print(f"image://{image.id}  {names}{to_the_second(image.created)}  {facts}")
        print(f"  {clean(image.prompt, 160)}")
        print(f"  {service.context.blobs.path(image.key)}")
        for copy in image.saved:
            print(f"  saved to {copy.path}")
    for record in running:
        order = record.job.order
        state = "running" if record.state == "intent" else f"{record.state}, not listed yet"
        print(f"{record.job.id}  {state}, {order.model}: {clean(record.job.kept_prompt, 160)}")
    if not page.images and not running:
        print("Nothing yet." if query is None else "Nothing was found.")
    if page.partly:
        print("Note: no picture has all words; these have some.", file=sys.stderr)
    if page.cursor:
        more = f"{page.total} in all; the next page: --cursor {page.cursor}"
        print(more, file=sys.stderr)

"""`aquatint forget`: delete pictures for good, and list what remains."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ...domain.errors import BadRequest
from ...domain.types import LOCAL, ImageRecord
from ...jobs.context import JobContext
from ...services.deletion import Forgotten, family, forget_all
from ...services.images import ImageService


async def forget(service: ImageService, arguments: argparse.Namespace) -> int:
    """Forget the ids given, or everything before a date (UTC)."""
    date: datetime | None = arguments.before
    context = service.context
    if bool(arguments.ids) == (date is not None):
        raise BadRequest("Nothing was deleted.", "Pass either ids (image://...) or --before DATE.")
    if date is None:
        await _each(context, LOCAL, arguments.ids, dry=arguments.dry_run)
        return 0
    before = date.replace(tzinfo=UTC).timestamp()
    found = await context.catalog.older(LOCAL, before)
    await _each(context, LOCAL, found, dry=arguments.dry_run)
    if not arguments.dry_run:
        calls = await context.catalog.forget_jobs(LOCAL, before)
        print(f"The words of {calls} call(s) without pictures are forgotten.")
    return 0


async def _each(context: JobContext, owner: str, references: Sequence[str], *, dry: bool) -> None:
    members: dict[str, ImageRecord] = {}
    for reference in references:
        if reference.removeprefix("image://") not in members:
            members |= {one.id: one for one in await family(context, owner, reference)}
    verb = "Would be forgotten" if dry else "Forgotten, with files, previews and inputs"
    left = Forgotten() if dry else await forget_all(context, owner, list(members.values()))
    print(f"{verb}: {_listed(members)}.")
    if left.children:
        print(f"Remaining, made from them: {_listed(left.children)}.")
    if left.parents:
        print(f"Remaining, what they were made from: {_listed(left.parents)}.")
    if left.copies:
        print(f"Copies that save_to wrote are yours and stay: {', '.join(left.copies)}.")


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(f"image://{one}" for one in ids) or "nothing"

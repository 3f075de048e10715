"""`aquatint forget`: pictures gone for good, with a word on what is not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ...app import build
from ...domain.errors import AquatintError
from ...domain.types import LOCAL, ImageRecord
from ...jobs.context import JobContext
from ...services.deletion import Forgotten, family, forget_all
from ...settings import Settings


async def forget(settings: Settings, arguments: argparse.Namespace) -> int:
    """Forget the ids given, or everything before a date (UTC). The exit code: 0 well, 1 failed."""
    date: datetime | None = arguments.before
    if bool(arguments.ids) == (date is not None):
        print("Pass ids (image://...) or --before DATE: one of the two.", file=sys.stderr)
        return 1
    owner = LOCAL
    async with build(settings).service() as service:
        context = service.context
        try:
            if date is None:
                await _each(context, owner, arguments.ids, dry=arguments.dry_run)
                return 0
            before = date.replace(tzinfo=UTC).timestamp()
            found = await context.catalog.older(owner, before)
            await _each(context, owner, found, dry=arguments.dry_run)
            if not arguments.dry_run:
                calls = await context.catalog.forget_jobs(owner, before)
                print(f"The words of {calls} call(s) without pictures are forgotten.")
        except AquatintError as error:
            print(f"{error.message}\n{error.fix}", file=sys.stderr)
            return 1
    return 0


async def _each(context: JobContext, owner: str, references: Sequence[str], *, dry: bool) -> None:
    members: dict[str, ImageRecord] = {}
    for reference in references:
        if reference.removeprefix("image://") not in members:
            members |= {one.id: one for one in await family(context, owner, reference)}
    verb = "Would be forgotten" if dry else "Forgotten, with files, previews and inputs"
    told = Forgotten() if dry else await forget_all(context, owner, list(members.values()))
    print(f"{verb}: {_listed(members)}.")
    if told.children:
        print(f"Remaining, made from them: {_listed(told.children)}.")
    if told.parents:
        print(f"Remaining, what they were made from: {_listed(told.parents)}.")
    if told.copies:
        print(f"Copies that save_to wrote are yours and stay: {', '.join(told.copies)}.")


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(f"image://{one}" for one in ids) or "nothing"

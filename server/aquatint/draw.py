"""`aquatint draw` and `aquatint add`: the same use cases, for a person at a terminal."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .app import build
from .core.errors import AquatintError
from .core.types import Caller, GenerateRequest
from .outcome import Outcome, Progress
from .settings import Settings
from .studio import Studio


async def draw(settings: Settings, arguments: argparse.Namespace) -> int:
    """Draw, then print paths and cost; the flags --model, --size, --quality are the call's."""
    request = GenerateRequest(
        prompt=arguments.prompt,
        model=arguments.model,
        size=arguments.size,
        exact_size=arguments.exact_size,
        quality=arguments.quality,
        background=arguments.background,
        format=arguments.format,
        n=arguments.n,
        save_to=tuple(arguments.save_to),
        overwrite=arguments.overwrite,
        dry_run=arguments.dry_run,
        fresh=arguments.fresh,
    )
    # A person's shell names its folder itself, so that is the workspace, whatever it is.
    caller = Caller(roots=(settings.cwd,))
    patient = settings.model_copy(update={"wait": settings.deadline})
    async with build(patient).studio() as studio:
        try:
            outcome = await studio.generate(request, caller, _progress)
            studio.delivered(outcome)
        except AquatintError as error:
            _clear()
            print(f"{error.message}\n{error.fix}", file=sys.stderr)
            return 1
        _clear()
        _print(studio, outcome)
    return 0


async def add(settings: Settings, files: list[str]) -> int:
    """Take pictures of the user's into the catalog, where agents find them; print their names."""
    async with build(settings).studio() as studio:
        for file in files:
            try:
                outcome = await studio.add(file, _caller_with(file, settings.cwd))
            except AquatintError as error:
                print(f"{error.message}\n{error.fix}", file=sys.stderr)
                return 1
            for picture in outcome.pictures:
                print(f"image://{picture.id}  {studio.shop.blobs.path(picture.key)}")
    return 0


def _caller_with(file: str, cwd: str) -> Caller:
    """Whoever names a file at a terminal may read it; where it lies is no reason to refuse."""
    return Caller(roots=(cwd, str(Path(cwd, file).resolve().parent)))


async def _progress(progress: Progress) -> None:
    if sys.stderr.isatty():
        usual = f" of about {progress.eta:.0f} s" if progress.eta else ""
        line = f"{progress.stage}, {progress.elapsed:.0f} s{usual}"
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


def _print(studio: Studio, outcome: Outcome) -> None:
    for picture in outcome.pictures:
        print(studio.shop.blobs.path(picture.key) or f"image://{picture.id}")
        for copy in picture.saved:
            print(f"  saved to {os.path.relpath(copy, studio.settings.cwd)}")
    if outcome.status == "working":
        print(f"Still working: {outcome.job}", file=sys.stderr)
    cost = "price unknown" if outcome.cost_usd is None else f"${outcome.cost_usd:.4f}"
    timing = "" if outcome.seconds is None else f", {outcome.seconds:.1f} s"
    print(f"{outcome.model}: {cost}{timing}", file=sys.stderr)
    for warning in outcome.warnings:
        print(f"Note: {warning}", file=sys.stderr)

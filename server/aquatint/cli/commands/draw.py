"""`aquatint draw`, `edit` and `add`: the same use cases, for a person at a terminal."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from ...domain.errors import AquatintError, BadRequest
from ...domain.types import LOCAL, Caller, EditRequest, GenerateRequest, ImageRecord
from ...services.images import ImageService
from ...services.outcomes import Outcome, Report
from ..inline_images import Screen
from ..progress import agreed, waited

BUDGET = 400_000  # bytes of a preview; ssh has to carry it
SCHEME = re.compile(r"[a-z]{2,}:")


async def draw(service: ImageService, arguments: argparse.Namespace) -> int:
    """Draw, then print paths and cost; the flags --model, --size, --quality are the call's."""
    return await _make(service, GenerateRequest(**_asked(arguments)), arguments)


async def edit(service: ImageService, arguments: argparse.Namespace) -> int:
    """Change pictures, then print paths and cost; the last word is what to change."""
    *images, prompt = arguments.words
    if not images:
        print("Name a picture, then what to change: aquatint edit REF ... PROMPT", file=sys.stderr)
        return 2
    arguments.prompt = prompt
    request = EditRequest(
        images=tuple(images),
        mask=arguments.mask_reference,
        extend=arguments.extend,
        markup=arguments.markup,
        outside=arguments.outside,
        mask_fit=arguments.mask_fit,
        seam=_seam(arguments.seam),
        vary=arguments.vary,
        refine=arguments.refine,
        input_fidelity=arguments.input_fidelity,
        **_asked(arguments),
    )
    return await _make(service, request, arguments)


def _seam(typed: str) -> float | Literal["auto"]:
    if typed == "auto":
        return "auto"
    try:
        return float(typed)
    except ValueError as wrong:
        raise BadRequest(f"--seam {typed} is not a number.", "Give 0 to 64, or auto.") from wrong


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """What both requests have, by the names they have there."""
    words = vars(arguments)
    fields = {name: words[name] for name in GenerateRequest.model_fields if name in words}
    return {**fields, "save_to": tuple(arguments.save_to)}


async def _make(
    service: ImageService, request: GenerateRequest | EditRequest, arguments: argparse.Namespace
) -> int:
    named = [*request.save_to]
    if isinstance(request, EditRequest):
        named += [*request.images, request.mask or "", request.markup or ""]
    caller = caller_with(named, service.settings.cwd)
    screen = Screen.of(service.settings, sys.stdout)  # now, as nobody has typed ahead yet
    most = await agreed(service, request, caller, yes=arguments.yes)

    async def make(report: Report) -> Outcome:
        if isinstance(request, EditRequest):
            return await service.edit(request, caller, report, most)
        return await service.generate(request, caller, report, most)

    outcome = await waited(service, make)
    await print_outcome(service, screen, outcome)
    service.delivered(outcome, caller)
    return 0


async def print_outcome(service: ImageService, screen: Screen, outcome: Outcome) -> None:
    """Show and print what was made: paths on stdout, cost and notes on stderr."""
    for image in outcome.images:
        await show_image(service, screen, image, outcome.data)
        print("\n".join(_paths(service, image)), flush=True)
    if outcome.status == "working":
        print(f"Still working; `aquatint show {outcome.job}` waits for it.", file=sys.stderr)
    for file in outcome.files:
        print(f"Would write {file}", file=sys.stderr)
    cost = "price unknown" if outcome.cost_usd is None else f"${outcome.cost_usd:.4f}"
    timing = "" if outcome.seconds is None else f", {outcome.seconds:.1f} s"
    print(f"{outcome.model}: {cost}{timing}", file=sys.stderr)
    if outcome.revised_prompt:
        print(f"Drawn from these words: {outcome.revised_prompt}", file=sys.stderr)
    for warning in outcome.warnings:
        print(f"Note: {warning}", file=sys.stderr)
    if screen.hint:
        print(f"Note: {screen.hint}", file=sys.stderr)


def _paths(service: ImageService, image: ImageRecord) -> Iterator[str]:
    yield service.context.blobs.path(image.key) or f"image://{image.id}"
    for copy in image.saved:
        yield f"  saved to {os.path.relpath(copy.path, service.settings.cwd)}"


async def show_image(
    service: ImageService, screen: Screen, image: ImageRecord, data: bytes | None
) -> None:
    """The picture on the screen, small; one that cannot be shown does not fail the command."""
    if screen.way == "none" or image.format == "svg":
        return
    try:
        small, _ = await service.library.look(image, data, service.settings.preview, BUDGET)
    except AquatintError as error:
        print(f"Note: no preview: {error.message}", file=sys.stderr)
        return
    screen.draw(small)


async def add(service: ImageService, arguments: argparse.Namespace) -> int:
    """Take pictures of the user's into the catalog, where agents find them; print their names."""
    for file in arguments.file:
        outcome = await service.add(file, caller_with([file], service.settings.cwd))
        for image in outcome.images:
            print(f"image://{image.id}  {service.context.blobs.path(image.key)}")
    return 0


def caller_with(named: Iterable[str], cwd: str) -> Caller:
    """The person at the terminal, whose workspace is the shell's folder and those of named files:
    whoever names a file there may read and write it."""
    files = [name for name in named if name and not SCHEME.match(name)]
    folders = [Path(cwd, file).resolve().parent for file in files]
    more = dict.fromkeys(str(folder) for folder in folders if folder.is_dir())
    return Caller(LOCAL, roots=(cwd, *(folder for folder in more if folder != cwd)))

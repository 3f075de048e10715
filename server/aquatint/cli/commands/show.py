"""`aquatint show`: one picture, what is known of it, and how it came to be."""

from __future__ import annotations

import argparse
import json
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ...domain.budget import dollars
from ...domain.errors import BadRequest
from ...domain.ids import JOB
from ...domain.lineage import told
from ...domain.requests.existing import ShowRequest
from ...domain.times import to_the_second
from ...domain.types import ImageRecord
from ...domain.words import clean
from ...services.images import ImageService
from ...services.outcomes import Outcome
from ..inline_images import Screen
from ..progress import waited
from .draw import BUDGET, caller_with, print_outcome, show_image

PROMPT = 2000  # characters of a prompt that are printed
SHORT = 160  # of an ancestor's


async def show(service: ImageService, arguments: argparse.Namespace) -> int:
    """A picture's look, facts and recipe; or wait for the job of that name."""
    reference: str = arguments.ref
    settings = service.settings
    caller = caller_with([reference], settings.cwd)
    screen = Screen.of(settings, sys.stdout)  # now, as nobody has typed ahead yet
    asked = _asked(arguments)
    looks = asked.closer or asked.read or arguments.edge is not None
    if looks and arguments.json:
        raise BadRequest(
            "--json tells what is known of a picture, and --edge, --crop, --grid, --compare and "
            "--read look at it.",
            "Leave out --json, or the others.",
        )
    job = reference.strip()
    if JOB.fullmatch(job):
        outcome = await waited(
            service, lambda report: service.wait_for(job, caller, report), ours=False
        )
        if looks and outcome.images:
            return await _closer(service, screen, outcome, asked)
        await print_outcome(service, screen, outcome)
        service.delivered(outcome, caller)
        return 0
    image, data = await service.library.get(reference, caller)
    if looks:
        return await _closer(
            service, screen, Outcome(status="done", images=(image,), data=data), asked
        )
    recipe = await service.library.recipe(image, caller) if image.id else {}
    if arguments.json:
        print(json.dumps(facts(service, image, recipe), ensure_ascii=False, indent=1))
    else:
        await show_image(service, screen, image, data)
        print("\n".join(_lines(service, image, recipe)))
        if screen.hint:
            print(f"Note: {screen.hint}", file=sys.stderr)
    return _opened(service, image, reference, settings.cwd) if arguments.open else 0


def _asked(arguments: argparse.Namespace) -> ShowRequest:
    typed = vars(arguments)
    fields = {name: typed[name] for name in ShowRequest.model_fields if typed.get(name) is not None}
    return ShowRequest(image=arguments.ref, **fields)


async def _closer(
    service: ImageService, screen: Screen, outcome: Outcome, asked: ShowRequest
) -> int:
    """A part, a grid or a comparison on the screen, what is shown in words, and what it reads."""
    service.library.checked_edge(asked.edge)
    seen = await service.library.closer(outcome, asked, "preview", BUDGET)
    assert seen.look is not None
    screen.draw(seen.look.data)
    print(seen.look.words)
    if asked.read:
        lines = (await service.library.read(outcome, asked.units)).lines or ()
        print("\n".join(f'"{one.words}" box {list(one.box)}' for one in lines) or "No text found.")
    return 0


def facts(service: ImageService, image: ImageRecord, recipe: dict[str, object]) -> dict[str, Any]:
    """The picture as get_image tells of it, and its recipe as image://id/recipe has it."""
    known = image.model_dump(
        mode="json",
        exclude_none=True,
        exclude={
            **dict.fromkeys(("owner", "key", "preview", "arguments", "created", "parents"), True),
            "saved": {"__all__": {"sha256", "whole"}},
        },
    )
    known |= {"parents": told(image.parents)}
    if image.id:
        path = service.context.blobs.path(image.key)
        known |= {"uri": f"image://{image.id}", "path": path}
        known |= {"created": to_the_second(image.created)}
    return {"image": known, "recipe": recipe}


def _lines(service: ImageService, image: ImageRecord, recipe: dict[str, Any]) -> Iterator[str]:
    yield f"image://{image.id}" if image.id else f"{image.note} (not in the catalog)"
    for name, text in _rows(service, image, recipe):
        if text:
            yield f"  {name:<9} {text}"


def _rows(
    service: ImageService, image: ImageRecord, recipe: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    frames = f", {image.frames} frames" if image.frames > 1 else ""
    alpha = ", transparent" if image.alpha else ""
    size = f"{image.width}x{image.height} {image.format}"
    yield "size", f"{size}, {image.bytes:,} bytes{frames}{alpha}"
    if not image.id:
        return
    yield "made", f"{to_the_second(image.created)}, {_made(image, recipe)}"
    yield "name", " ".join(f"@{name}" for name in image.names)
    yield "prompt", clean(image.prompt, PROMPT)
    yield "drawn as", clean(str(recipe.get("revised_prompt") or ""), PROMPT)
    yield "path", service.context.blobs.path(image.key) or ""
    for copy in image.saved:
        yield "copy", copy.path
    yield "note", image.note or ""
    if image.outside is not None:
        yield "outside", f"differs by {image.outside.largest_difference} of 255 at most"
    order = cast("dict[str, object]", recipe.get("order") or recipe.get("arguments") or {})
    left_out = {"prompt", "images", "mask", "n", "conversation"}
    rest = {name: order[name] for name in order if name not in left_out}
    yield "call", f"{recipe.get('tool', '')} {_plain(rest)}".strip()
    if talk := cast("dict[str, object]", order.get("conversation") or {}):
        yield "turn", f"{talk['turns']} of a conversation with {talk['mainline']}"
    yield "C2PA", "a manifest; --json shows what it says" if image.provenance else ""
    for step in cast("list[dict[str, Any]]", recipe.get("ancestors", [])):
        words = step.get("arguments", {}).get("prompt") or step.get("note") or ""
        yield "from", f"{step['uri']}  {step['kind']}  {clean(str(words), SHORT)}".rstrip()


def _made(image: ImageRecord, recipe: dict[str, Any]) -> str:
    cost = recipe.get("cost_usd")
    by = f" by {image.model}" if image.model else ""
    return f"{image.kind}{by}" + ("" if cost is None else f", {dollars(cost)} for its call")


def _plain(order: dict[str, object]) -> str:
    return " ".join(
        f"{name}={value if isinstance(value, str | int | float) else json.dumps(value)}"
        for name, value in order.items()
    )


def _opened(service: ImageService, image: ImageRecord, reference: str, cwd: str) -> int:
    """Have the system's viewer show the file itself."""
    path = service.context.blobs.path(image.key) if image.id else str(Path(cwd, reference))
    if path and Path(path).is_file() and webbrowser.open(Path(path).resolve().as_uri()):
        return 0
    print(f"Nothing here opens pictures; the file is {path}", file=sys.stderr)
    return 1

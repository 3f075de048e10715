"""`aquatint show`: one picture, what is known of it, and how it came to be."""

from __future__ import annotations

import argparse
import json
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ...app import build
from ...domain.budget import dollars
from ...domain.errors import AquatintError
from ...domain.ids import JOB
from ...domain.times import to_the_second
from ...domain.types import Picture
from ...domain.words import clean
from ...services.images import Studio
from ...settings import Settings
from ..inline_images import Screen
from ..progress import refuse, waited
from .draw import caller_with, shown, told

PROMPT = 2000  # characters of a prompt that are printed
SHORT = 160  # of an ancestor's


async def show(settings: Settings, arguments: argparse.Namespace) -> int:
    """A picture's look, facts and recipe; or wait for the job of that name."""
    reference: str = arguments.ref
    caller = caller_with([reference], settings.cwd)
    screen = Screen.of(settings, sys.stdout)  # now, as nobody has typed ahead yet
    patient = settings.model_copy(update={"wait": settings.deadline})
    async with build(patient).studio() as studio:
        try:
            if JOB.fullmatch(reference.strip()):
                outcome = await waited(
                    studio,
                    lambda report: studio.wait_for(reference.strip(), caller, report),
                    ours=False,
                )
                await told(studio, screen, outcome)
                studio.delivered(outcome)
                return 0
            picture, data = await studio.gallery.get(reference, caller)
            recipe = await studio.gallery.recipe(picture, caller) if picture.id else {}
            if arguments.json:
                print(json.dumps(facts(studio, picture, recipe), ensure_ascii=False, indent=1))
            else:
                await shown(studio, screen, picture, data)
                print("\n".join(_lines(studio, picture, recipe)))
                if screen.hint:
                    print(f"Note: {screen.hint}", file=sys.stderr)
        except AquatintError as error:
            refuse(error)
            return 1
    return _opened(studio, picture, reference, settings.cwd) if arguments.open else 0


def facts(studio: Studio, picture: Picture, recipe: dict[str, object]) -> dict[str, Any]:
    """The picture as get_image tells of it, and its recipe as image://id/recipe has it."""
    known = picture.model_dump(
        mode="json",
        exclude_none=True,
        exclude={"owner", "key", "preview", "arguments", "created", "parents"},
    )
    known |= {"parents": [f"image://{parent}" for parent in picture.parents]}
    if picture.id:
        path = studio.shop.blobs.path(picture.key)
        known |= {"uri": f"image://{picture.id}", "path": path}
        known |= {"created": to_the_second(picture.created)}
    return {"image": known, "recipe": recipe}


def _lines(studio: Studio, picture: Picture, recipe: dict[str, Any]) -> Iterator[str]:
    yield f"image://{picture.id}" if picture.id else f"{picture.note} (not in the catalog)"
    for name, text in _rows(studio, picture, recipe):
        if text:
            yield f"  {name:<9} {text}"


def _rows(studio: Studio, picture: Picture, recipe: dict[str, Any]) -> Iterator[tuple[str, str]]:
    frames = f", {picture.frames} frames" if picture.frames > 1 else ""
    alpha = ", transparent" if picture.alpha else ""
    size = f"{picture.width}x{picture.height} {picture.format}"
    yield "size", f"{size}, {picture.bytes:,} bytes{frames}{alpha}"
    if not picture.id:
        return
    yield "made", f"{to_the_second(picture.created)}, {_made(picture, recipe)}"
    yield "prompt", clean(picture.prompt, PROMPT)
    yield "path", studio.shop.blobs.path(picture.key) or ""
    for copy in picture.saved:
        yield "copy", copy.path
    yield "note", picture.note or ""
    if picture.outside is not None:
        yield "outside", f"differs by {picture.outside.largest_difference} of 255 at most"
    order = cast("dict[str, object]", recipe.get("order") or recipe.get("arguments") or {})
    told = {name: order[name] for name in order if name not in {"prompt", "images", "mask", "n"}}
    yield "call", f"{recipe.get('tool', '')} {_plain(told)}".strip()
    yield "C2PA", "a manifest; --json shows what it says" if picture.provenance else ""
    for step in cast("list[dict[str, Any]]", recipe.get("ancestors", [])):
        words = step.get("arguments", {}).get("prompt") or step.get("note") or ""
        yield "from", f"{step['uri']}  {step['kind']}  {clean(str(words), SHORT)}".rstrip()


def _made(picture: Picture, recipe: dict[str, Any]) -> str:
    cost = recipe.get("cost_usd")
    by = f" by {picture.model}" if picture.model else ""
    return f"{picture.kind}{by}" + ("" if cost is None else f", {dollars(cost)} for its call")


def _plain(order: dict[str, object]) -> str:
    return " ".join(
        f"{name}={value if isinstance(value, str | int | float) else json.dumps(value)}"
        for name, value in order.items()
    )


def _opened(studio: Studio, picture: Picture, reference: str, cwd: str) -> int:
    """Have the system's viewer show the file itself."""
    path = studio.shop.blobs.path(picture.key) if picture.id else str(Path(cwd, reference))
    if path and Path(path).is_file() and webbrowser.open(Path(path).resolve().as_uri()):
        return 0
    print(f"Nothing here opens pictures; the file is {path}", file=sys.stderr)
    return 1

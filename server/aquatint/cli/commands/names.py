"""`aquatint name` and `names`: what pictures are called, so that `@logo` is one of them."""

from __future__ import annotations

import argparse
import json
import sys

from ...domain.errors import BadRequest
from ...domain.types import LOCAL, Caller
from ...domain.words import clean
from ...services.images import ImageService
from ...services.library import PAGE
from .draw import caller_with


async def name(service: ImageService, arguments: argparse.Namespace) -> int:
    """Give a picture a name, or take a name away."""
    caller = caller_with([arguments.ref or ""], service.settings.cwd)
    if arguments.remove:
        if arguments.ref:
            raise BadRequest("Nothing was changed.", "With --remove give the NAME alone.")
        image = await service.naming.remove(arguments.name, caller)
        print(f"image://{image.id} is not @{arguments.name.removeprefix('@')} any more.")
        return 0
    if not arguments.ref:
        raise BadRequest("Nothing was named.", "Give a picture and a name: aquatint name REF NAME.")
    image = await service.naming.picture(arguments.ref, caller)
    image, notes = await service.naming.give(image, arguments.name, caller)
    print(f"{' '.join(f'@{one}' for one in image.names)}  image://{image.id}")
    for note in notes:
        print(f"Note: {note}", file=sys.stderr)
    return 0


async def names(service: ImageService, arguments: argparse.Namespace) -> int:
    """List every name and its picture, the newest picture first."""
    rows: list[dict[str, str]] = []
    cursor, caller = None, Caller(LOCAL)
    while True:
        page, _ = await service.recent(caller, None, "named", PAGE, cursor)
        rows += [
            {"name": f"@{one}", "uri": f"image://{image.id}", "prompt": image.prompt}
            for image in page.images
            for one in image.names
        ]
        cursor = page.cursor
        if cursor is None:
            break
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        print(f"{row['name']}  {row['uri']}  {clean(row['prompt'], 100)}")
    if not rows:
        print("No picture has a name yet: aquatint name REF NAME gives one.")
    return 0

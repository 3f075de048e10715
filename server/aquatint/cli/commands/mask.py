"""`aquatint mask`: select the part of a picture to edit, by the shapes that make_mask takes."""

from __future__ import annotations

import argparse
import sys
from pathlib import PurePath

from ...domain.errors import BadRequest
from ...domain.requests.regions import MaskRequest, Region
from ...domain.types import Caller, Copy
from ...services.images import ImageService
from ..inline_images import Screen
from .draw import caller_with, show_image


async def mask(service: ImageService, arguments: argparse.Namespace) -> int:
    """Make it, show it in red over its picture, and print its name, path and extent."""
    typed = vars(arguments)
    fields = {name: typed[name] for name in MaskRequest.model_fields if name in typed}
    regions = tuple(Region(**region) for region in fields.pop("regions"))
    request = MaskRequest(regions=regions, image=arguments.ref, **fields)
    named = [request.image, arguments.save_to, *(region.image for region in regions)]
    caller = caller_with([name for name in named if name], service.settings.cwd)
    screen = Screen.of(service.settings, sys.stdout)
    if arguments.save_to:
        _png_only(arguments.save_to)
        await service.context.workspace.check_target(arguments.save_to, caller, arguments.overwrite)
    outcome = await service.make_mask(request, caller)
    image = outcome.images[0]
    if outcome.look is None:
        await show_image(service, screen, image, None)
    else:
        screen.draw(outcome.look.data)
    print(f"image://{image.id}  {service.context.blobs.path(image.key)}")
    if arguments.save_to:
        data = await service.library.file(image)
        path = await save(service, arguments.save_to, data, caller, overwrite=arguments.overwrite)
        size = {"width": image.width, "height": image.height, "bytes": len(data)}
        copy = Copy(path=path, sha256=image.sha256, whole=True, **size)
        await service.context.catalog.saved(image.id, caller.owner, (copy,))
    if outcome.mask is not None:
        share, box = outcome.mask
        where = f", within x,y,width,height {','.join(map(str, box))}" if box else ""
        print(f"It covers {share:.1%} of the picture{where}.", file=sys.stderr)
    for warning in outcome.warnings:
        print(f"Note: {warning}", file=sys.stderr)
    return 0


def _png_only(name: str) -> None:
    if PurePath(name).suffix.lower() != ".png":
        raise BadRequest(f"{name}: a mask is a PNG.", "Give a name that ends in .png.")


async def save(
    service: ImageService, name: str, data: bytes, caller: Caller, *, overwrite: bool
) -> str:
    """Write what was made locally where the person asked, and say so; its path."""
    workspace = service.context.workspace
    target = await workspace.check_target(name, caller, overwrite)
    await workspace.write(target, data, caller, overwrite)
    print(f"  saved to {name}")
    return target.path

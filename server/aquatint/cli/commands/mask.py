"""`aquatint mask`: say which part of a picture to edit, by the shapes that make_mask takes."""

from __future__ import annotations

import argparse
import sys
from pathlib import PurePath

from ...app import build
from ...domain.errors import AquatintError, BadRequest
from ...domain.requests.regions import MaskRequest, Region
from ...domain.types import Caller
from ...services.images import ImageService
from ...settings import Settings
from ..inline_images import Screen
from ..progress import refuse
from .draw import caller_with, shown


async def mask(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make it, show it in red over its picture, and print its name, path and extent."""
    request = MaskRequest(
        regions=tuple(Region(**region) for region in arguments.regions),
        image=arguments.ref,
        units=arguments.units,
        grow=arguments.grow,
        shrink=arguments.shrink,
        feather=arguments.feather,
        invert=arguments.invert,
        grid=arguments.grid,
        width=arguments.width,
        height=arguments.height,
    )
    masks = [region.image for region in request.regions if region.image]
    named = [request.image or "", arguments.save_to or "", *masks]
    caller = caller_with(named, settings.cwd)
    screen = Screen.of(settings, sys.stdout)
    async with build(settings).service() as service:
        try:
            if arguments.save_to:
                _png_only(arguments.save_to)
                await service.context.workspace.check_target(
                    arguments.save_to, caller, arguments.overwrite
                )
            outcome = await service.make_mask(request, caller)
            image = outcome.images[0]
            await shown(service, screen, image, None)
            print(f"image://{image.id}  {service.context.blobs.path(image.key)}")
            if arguments.save_to:
                data = await service.library.file(image)
                await save(service, arguments.save_to, data, caller, overwrite=arguments.overwrite)
        except AquatintError as error:
            refuse(error)
            return 1
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
) -> None:
    """Write what was made locally where the person asked, and say so."""
    workspace = service.context.workspace
    target = await workspace.check_target(name, caller, overwrite)
    await workspace.write(target, data, caller, overwrite)
    print(f"  saved to {name}")

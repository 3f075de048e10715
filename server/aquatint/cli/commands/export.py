"""`aquatint export`: files of a picture that is there, in other sizes, formats and crops."""

from __future__ import annotations

import argparse
import sys

from ...app import build
from ...domain.errors import AquatintError
from ...domain.requests.existing import ExportRequest
from ...settings import Settings
from ..progress import refuse
from .draw import caller_with


async def export(settings: Settings, arguments: argparse.Namespace) -> int:
    """Write the files, and print the name and the pixels of each."""
    request = ExportRequest(
        image=arguments.ref,
        save_to=tuple(arguments.save_to),
        exact_size=arguments.exact_size,
        crop=arguments.crop,
        units=arguments.units,
        background=arguments.background,
        format=arguments.format,
        compression=arguments.compression,
        overwrite=arguments.overwrite,
    )
    caller = caller_with([request.image, *request.save_to], settings.cwd)
    async with build(settings).service() as service:
        try:
            outcome = await service.exports.export(request, caller)
        except AquatintError as error:
            refuse(error)
            return 1
    for copy in outcome.written:
        print(f"{copy.path}  {copy.width}x{copy.height}  {copy.bytes:,} bytes")
    for warning in outcome.warnings:
        print(f"Note: {warning}", file=sys.stderr)
    return 0

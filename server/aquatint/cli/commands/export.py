"""`aquatint export`: files of a picture that is there, in other sizes, formats and crops."""

from __future__ import annotations

import argparse
import sys

from ...domain.requests.existing import ExportRequest
from ...services.images import ImageService
from .draw import caller_with


async def export(service: ImageService, arguments: argparse.Namespace) -> int:
    """Write the files, and print the name and the pixels of each."""
    typed = vars(arguments)
    fields = {
        name: typed[name] for name in ExportRequest.model_fields if typed.get(name) is not None
    }
    request = ExportRequest(image=arguments.ref, **fields)
    caller = caller_with([request.image, *request.save_to], service.settings.cwd)
    outcome = await service.exports.export(request, caller)
    for copy in outcome.written:
        print(f"{copy.path}  {copy.width}x{copy.height}  {copy.bytes:,} bytes")
    for image in outcome.images:
        if arguments.name:
            print(f"{' '.join(f'@{one}' for one in image.names)}  image://{image.id}")
    for warning in outcome.warnings:
        print(f"Note: {warning}", file=sys.stderr)
    return 0

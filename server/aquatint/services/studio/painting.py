"""The page paints: the true mask of a list of regions, previewed and kept by the same code."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ...domain.requests.regions import MaskRequest

if TYPE_CHECKING:
    from .operations import Answer, Visitor


async def preview(visitor: Visitor, request: MaskRequest) -> Answer:
    """{url, share, box, notes}: a 1-bit PNG, clear where an edit may change nothing."""
    from ...imaging.editing import mask_preview

    context, references = visitor.service.context, visitor.service.library.references
    base, asked = None, request
    if request.image:
        known = await references.known(request.image, visitor.caller)
        if known is not None and all(one.is_drawn for one in request.regions):
            # Their pixels do not depend on the picture's, which would take long to decode.
            size = {"image": None, "width": known.width, "height": known.height}
            asked = request.model_copy(update=size)
        else:
            base = (await references.open(request.image, visitor.caller)).data
    names = {one.image for one in request.regions if one.kind == "image" and one.image}
    others = {one: (await references.open(one, visitor.caller)).data for one in sorted(names)}
    shown = await context.pixelwork(
        mask_preview.preview,
        asked,
        base,
        others,
        max_pixels=context.max_pixels,
        vision=context.vision,
    )
    url = f"data:image/png;base64,{base64.b64encode(shown.data).decode()}"
    facts = shown.facts
    return {"url": url, "share": facts.share, "box": facts.box, "notes": list(shown.notes)}


async def make(visitor: Visitor, request: MaskRequest) -> Answer:
    """{id, uri, share, box, warnings}: the mask as make_mask keeps and lists it."""
    outcome = await visitor.service.make_mask(request, visitor.caller)
    (mask,) = outcome.images
    share, box = outcome.mask or (0.0, None)
    return {
        "id": mask.id,
        "uri": f"image://{mask.id}",
        "share": share,
        "box": box,
        "warnings": list(outcome.warnings),
    }

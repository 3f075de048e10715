"""A picture for a person's eyes: as it is, or a part of it, in what a page can show."""

from __future__ import annotations

from .colour import to_srgb
from .decode import open_upright
from .previews import Preview, preview_of
from .sniff import MIME, sniff
from .view import Box

_SHOWN = frozenset({"png", "jpeg", "webp", "gif"})


def look(data: bytes, edge: int, budget: int, box: Box | None, max_pixels: int) -> Preview:
    """At most `edge` pixels and `budget` bytes; the file itself where it fits both.

    A box (left, top, right, bottom) is cut out of the upright picture. Raises BadImage.
    """
    near = None if box is not None else 2 * edge
    image = open_upright(data, max_pixels, near=near)
    kind = sniff(data)
    fits = box is None and max(image.size) <= edge and len(data) <= budget
    if fits and kind in _SHOWN:
        return Preview(data, MIME[kind], *image.size)
    return preview_of(to_srgb(image if box is None else image.crop(box)), edge=edge, budget=budget)

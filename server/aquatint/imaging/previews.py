"""The only module that makes pictures small for a reply; imports Pillow, so imported lazily."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from .colour import is_opaque, to_srgb
from .decode import ImageInfo, inspect, open_upright, resized
from .limits import MAX_PIXELS
from .sniff import MIME, sniff

_SHOWN_BY_HOSTS = frozenset({"png", "jpeg", "gif", "webp"})
# JPEG and WebP quality, tried before pixels are given up, and the usual size against the first
_PREVIEW_STEPS = ((82, 1.0), (74, 0.82), (64, 0.69), (52, 0.58), (40, 0.48))
_FULL_STEPS = ((94, 1.0), (90, 0.75), (82, 0.55))
_SMALLEST = 48  # pixels; a preview stops shrinking here, whatever its budget


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture for a reply: encoded bytes, MIME type, size in pixels."""

    data: bytes
    mime: str
    width: int
    height: int


def preview(
    data: bytes, *, edge: int = 768, budget: int = 42_000, max_pixels: int = MAX_PIXELS
) -> Preview:
    """Make a picture small: its longest edge at most `edge`, its bytes at most `budget`.

    Never enlarged; the first frame of an animation; JPEG, or WebP (a flat one PNG) where something
    is transparent. Raises BadImage, also for SVG.
    """
    return preview_of(open_upright(data, max_pixels, near=2 * edge), edge=edge, budget=budget)


def first_look(
    data: bytes, *, edge: int, budget: int, max_pixels: int = MAX_PIXELS
) -> tuple[ImageInfo, Preview | None]:
    """What a picture is, every pixel of its first frame checked, and its preview: one decode.

    An SVG is never rendered, so it has no preview. Raises BadImage.
    """
    seen = inspect(data, max_pixels=max_pixels, deep=False)
    if seen.format == "svg":
        return seen, None
    image = open_upright(data, max_pixels, near=2 * edge)
    clear = image.mode == "RGBA" and not is_opaque(image)
    return replace(seen, alpha=clear), preview_of(image, edge=edge, budget=budget)


def preview_of(image: Image.Image, *, edge: int = 768, budget: int = 42_000) -> Preview:
    """The same for a picture that `open_upright` has already decoded."""
    small = _opaque_as_rgb(to_srgb(shrunk(image, edge)))
    if small.mode == "RGBA" and small.getcolors(4096):
        flat = _encoded(small, "PNG")
        if len(flat) <= budget:
            return Preview(flat, MIME["png"], *small.size)
    return within(small, budget, _PREVIEW_STEPS)


def full_within(data: bytes, budget: int, max_pixels: int = MAX_PIXELS) -> tuple[bytes, str, bool]:
    """The file itself, unread, when hosts show its format and it fits, else the largest that fits.

    Gives bytes, MIME type, and whether it is the file itself. Raises BadImage.
    """
    kind = sniff(data)
    if kind in _SHOWN_BY_HOSTS and len(data) <= budget:
        return data, MIME[kind], True
    image = _opaque_as_rgb(to_srgb(open_upright(data, max_pixels)))
    fitting = within(image, budget, _FULL_STEPS)
    return fitting.data, fitting.mime, False


def within(
    image: Image.Image, budget: int, steps: Sequence[tuple[int, float]] = _PREVIEW_STEPS
) -> Preview:
    """Encode as JPEG or WebP, giving up quality first, then pixels, until it fits the budget."""
    while True:
        data, mime = _lossy(image, steps[0][0])
        first = len(data)
        for quality, relative in steps[1:]:
            if len(data) > budget and first * relative <= 1.1 * budget:  # else not worth a try
                data, mime = _lossy(image, quality)
        edge = max(image.size)
        if len(data) <= budget or edge <= _SMALLEST:
            return Preview(data, mime, *image.size)
        ratio = budget / min(len(data), first * steps[-1][1])
        scale = min(0.92, max(0.3, 0.96 * math.sqrt(ratio)))
        image = shrunk(image, max(_SMALLEST, int(edge * scale)))


def _lossy(image: Image.Image, quality: int) -> tuple[bytes, str]:
    if image.mode == "RGBA":
        return _encoded(image, "WEBP", quality=quality, method=2), MIME["webp"]
    return _encoded(image, "JPEG", quality=quality), MIME["jpeg"]


def _encoded(image: Image.Image, name: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def shrunk(image: Image.Image, edge: int) -> Image.Image:
    """Scale so that the longest edge is at most `edge`; `info` stays."""
    scale = edge / max(image.size)
    if scale >= 1:
        return image
    # HAMMING shrinks as sharply as BICUBIC and takes two thirds of the time of LANCZOS.
    size = round(image.width * scale), round(image.height * scale)
    return resized(image, *size, filter=Image.Resampling.HAMMING)


def _opaque_as_rgb(image: Image.Image) -> Image.Image:
    return image.convert("RGB") if image.mode == "RGBA" and is_opaque(image) else image

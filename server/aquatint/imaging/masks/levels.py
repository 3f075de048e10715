"""Pillow's calls on grey levels, with the types that its own hints lose where numpy is absent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image

NEAREST, BOX, BILINEAR, BICUBIC, LANCZOS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
Box = tuple[float, float, float, float]


def table(level: Callable[[int], float]) -> list[float]:
    return [level(v) for v in range(256)]


def where(wanted: Callable[[int], bool]) -> list[float]:
    """The table that makes 255 of the levels wanted and 0 of all others."""
    return [255 if wanted(v) else 0 for v in range(256)]


ANY = where(lambda v: v > 0)
NONE = where(lambda v: v == 0)
FULL = where(lambda v: v == 255)


def mapped(image: Image.Image, levels: Sequence[float]) -> Image.Image:
    """Every level looked up in a table of 256 per band."""
    return image.point(levels)  # pyright: ignore[reportUnknownMemberType] its hint names numpy


def resized(
    image: Image.Image, size: tuple[int, int], how: Image.Resampling, box: Box | None = None
) -> Image.Image:
    """At another size; the image itself where that changes nothing."""
    if size == image.size and box is None:
        return image
    return image.resize(size, how, box)  # pyright: ignore[reportUnknownMemberType] the same


def extremes(band: Image.Image) -> tuple[int, int]:
    """The lowest and highest level of an 8-bit band."""
    counts = band.histogram()
    used = [v for v in range(256) if counts[v]]
    return used[0], used[-1]

"""Selects pixels by colour: everywhere, or only where they hang together."""

from __future__ import annotations

import re
from bisect import bisect_left

from PIL import Image, ImageChops, ImageFilter

from .levels import ANY, NEAREST, mapped, resized

MOST_RUNS = 20_000  # some 50 ms of Python; busier selections are followed on a smaller copy
RUN = re.compile(b"\xff+")


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """The colour of one pixel as `similar` wants it."""
    pixel = _bands(image.crop((x, y, x + 1, y + 1))).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def similar(image: Image.Image, colour: tuple[int, ...], tolerance: float) -> Image.Image:
    """255 where no channel differs by more than `tolerance`, else 0.

    Where the picture has alpha it is a channel too, and colours are premultiplied: what cannot be
    seen has no colour.
    """
    bands = _bands(image)
    wanted = (*colour, 255)[: len(bands.getbands())]
    levels = [255.0 * (abs(v - c) <= tolerance) for c in wanted for v in range(256)]
    first, *others = mapped(bands, levels).split()
    for band in others:
        first = ImageChops.darker(first, band)
    return first


def connected(match: Image.Image, x: int, y: int) -> Image.Image:
    """The part of a hard mask that hangs together (edge to edge) with pixel (x, y).

    Exact while the mask has at most MOST_RUNS horizontal runs; above that a copy reduced to cells
    is followed, and the result is what of the mask lies in or beside the cells reached; there a gap
    thinner than a cell may be crossed.
    """
    if not match.getpixel((x, y)):
        return Image.new("L", match.size)
    factor, cells = 1, match
    while cells.tobytes().count(b"\0\xff") + cells.height > MOST_RUNS:
        factor *= 2
        reduced = match.reduce(factor)
        seed = reduced.getpixel((x // factor, y // factor))
        assert isinstance(seed, int)
        # full cells only, so that a thin line still parts two areas; unless the seed's is not full
        floor = next((level for level in (230, 128) if seed >= level), 1)
        cells = mapped(reduced, [255.0 * (v >= floor) for v in range(256)])
        cells.putpixel((x // factor, y // factor), 255)
    reached = _flood(cells, x // factor, y // factor)
    if factor == 1:
        return reached
    reached = mapped(reached.filter(ImageFilter.BoxBlur(1)), ANY)
    width, height = reached.width * factor, reached.height * factor
    whole = resized(reached, (width, height), NEAREST)
    return ImageChops.darker(match, whole.crop((0, 0, *match.size)))


def _flood(mask: Image.Image, x: int, y: int) -> Image.Image:
    """Follow runs of 255 from row to row; ImageDraw.floodfill walks pixels, 20 times slower."""
    width, height = mask.size
    data = mask.tobytes()
    starts: list[list[int]] = []
    stops: list[list[int]] = []
    for row in range(height):
        spans = [m.span() for m in RUN.finditer(data, row * width, (row + 1) * width)]
        starts.append([a - row * width for a, _ in spans])
        stops.append([b - row * width for _, b in spans])
    first = bisect_left(stops[y], x + 1)
    todo, seen = [(y, first)], {(y, first)}
    result = bytearray(len(data))
    while todo:
        row, run = todo.pop()
        left, right = starts[row][run], stops[row][run]
        result[row * width + left : row * width + right] = b"\xff" * (right - left)
        for near in (row - 1, row + 1):
            if not 0 <= near < height:
                continue
            for other in range(bisect_left(stops[near], left + 1), len(starts[near])):
                if starts[near][other] >= right:
                    break
                if (near, other) not in seen:
                    seen.add((near, other))
                    todo.append((near, other))
    return Image.frombytes("L", mask.size, bytes(result))


def _bands(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        return image.convert("RGBA").convert("RGBa")
    return image if image.mode == "RGB" else image.convert("RGB")

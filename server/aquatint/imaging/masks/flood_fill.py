"""Selects pixels by colour, and follows what hangs together."""

from __future__ import annotations

import re
from bisect import bisect_left

from PIL import Image, ImageChops, ImageFilter

from .levels import ANY, NEAREST, mapped, resized

MOST_RUNS = 20_000  # some 50 ms of Python; busier selections are followed on a smaller copy
RUN = re.compile(b"\xff+")
Span = tuple[int, int, int]  # row, left, right


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
    starts, stops = _runs(cells)
    first = bisect_left(stops[y // factor], x // factor + 1)
    return _of(match, _painted(cells, _reached(starts, stops, (y // factor, first))), factor)


def largest(match: Image.Image) -> Image.Image:
    """The one part of a hard mask that hangs together and has the most pixels.

    Exact while the mask has at most MOST_RUNS horizontal runs, else judged on a smaller copy.
    """
    factor, cells = 1, match
    while cells.tobytes().count(b"\0\xff") + cells.height > MOST_RUNS:
        factor *= 2
        cells = mapped(match.reduce(factor), ANY)
    starts, stops = _runs(cells)
    seen: set[tuple[int, int]] = set()
    best, most = list[Span](), 0
    for row, spans in enumerate(starts):
        for run in range(len(spans)):
            if (row, run) not in seen:
                part = _reached(starts, stops, (row, run), seen)
                pixels = sum(right - left for _, left, right in part)
                best, most = (part, pixels) if pixels > most else (best, most)
    return _of(match, _painted(cells, best), factor)


def filled(match: Image.Image) -> Image.Image:
    """A hard mask with its holes closed: all that cannot be reached from the picture's edge."""
    around = Image.new("L", (match.width + 2, match.height + 2), 255)
    around.paste(ImageChops.invert(match), (1, 1))
    outside = connected(around, 0, 0).crop((1, 1, match.width + 1, match.height + 1))
    return ImageChops.invert(outside)


def _of(match: Image.Image, reached: Image.Image, factor: int) -> Image.Image:
    """What of the mask lies in or beside the cells that were reached."""
    if factor == 1:
        return reached
    reached = mapped(reached.filter(ImageFilter.BoxBlur(1)), ANY)
    whole = resized(reached, (reached.width * factor, reached.height * factor), NEAREST)
    return ImageChops.darker(match, whole.crop((0, 0, *match.size)))


def _runs(mask: Image.Image) -> tuple[list[list[int]], list[list[int]]]:
    """Where the runs of 255 start and stop, row by row."""
    width, height = mask.size
    data = mask.tobytes()
    starts: list[list[int]] = []
    stops: list[list[int]] = []
    for row in range(height):
        spans = [m.span() for m in RUN.finditer(data, row * width, (row + 1) * width)]
        starts.append([a - row * width for a, _ in spans])
        stops.append([b - row * width for _, b in spans])
    return starts, stops


def _reached(
    starts: list[list[int]],
    stops: list[list[int]],
    first: tuple[int, int],
    seen: set[tuple[int, int]] | None = None,
) -> list[Span]:
    """Follow runs from row to row; ImageDraw.floodfill walks pixels, 20 times slower."""
    seen = set() if seen is None else seen
    seen.add(first)
    todo, found = [first], list[Span]()
    while todo:
        row, run = todo.pop()
        left, right = starts[row][run], stops[row][run]
        found.append((row, left, right))
        for near in (row - 1, row + 1):
            if not 0 <= near < len(starts):
                continue
            for other in range(bisect_left(stops[near], left + 1), len(starts[near])):
                if starts[near][other] >= right:
                    break
                if (near, other) not in seen:
                    seen.add((near, other))
                    todo.append((near, other))
    return found


def _painted(mask: Image.Image, spans: list[Span]) -> Image.Image:
    result = bytearray(mask.width * mask.height)
    for row, left, right in spans:
        at = row * mask.width
        result[at + left : at + right] = b"\xff" * (right - left)
    return Image.frombytes("L", mask.size, bytes(result))


def _bands(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        return image.convert("RGBA").convert("RGBa")
    return image if image.mode == "RGB" else image.convert("RGB")

"""The only module that lays out contact sheets; imports Pillow, so it is imported lazily."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from PIL import Image, ImageDraw, ImageFont

from ..domain.errors import BadImage, BadRequest
from .colour import to_srgb
from .decode import inspect, open_upright
from .limits import MAX_PIXELS
from .previews import Preview, shrunk, within

_GUTTER = 12
_SMALLEST_CELL = 112  # pixels a side at which a number and a label still read
_SQUARE = 8  # pixels of the checkerboard behind what is transparent
_GROUND = (238, 238, 236)
_LIGHT, _DARK = (255, 255, 255), (216, 216, 216)
_BLANK = (222, 222, 220)
_INK = (24, 24, 24)


@dataclass(frozen=True, slots=True)
class _Grid:
    columns: int
    rows: int
    width: int  # of a cell
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return (
            self.columns * (self.width + _GUTTER) + _GUTTER,
            self.rows * (self.height + _GUTTER) + _GUTTER,
        )

    def corner(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self.columns)
        return _GUTTER + column * (self.width + _GUTTER), _GUTTER + row * (self.height + _GUTTER)


def contact_sheet(
    items: Sequence[tuple[str, bytes]],
    *,
    edge: int = 1024,
    budget: int = 120_000,
    max_pixels: int = MAX_PIXELS,
) -> Preview:
    """Put 1-60 pictures, given as (label, bytes), on one sheet, numbered from 1 in their order.

    The sheet's longest edge is at most `edge` pixels. What cannot be opened leaves a blank cell
    with its number and label. Raises BadRequest for no or too many pictures.
    """
    if not 1 <= len(items) <= 60:
        raise BadRequest(f"A contact sheet shows 1 to 60 pictures, not {len(items)}.", "Ask again.")
    grid = _grid([_size(data, max_pixels) for _, data in items], edge)
    sheet = Image.new("RGB", grid.size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    ground = _checkerboard(grid.width, grid.height)
    for index, (label, data) in enumerate(items):
        left, top = grid.corner(index)
        try:
            image = open_upright(data, max_pixels, near=2 * max(grid.width, grid.height))
        except BadImage:
            _blank(draw, label, (left, top), grid)
        else:
            left, top = _place(sheet, image, ground, (left, top), grid)
        _badge(draw, str(index + 1), (left, top), grid.height)
    return within(sheet, budget)


def _size(data: bytes, max_pixels: int) -> tuple[int, int] | None:
    try:
        seen = inspect(data, max_pixels=max_pixels, deep=False)
    except BadImage:
        return None
    return (seen.width, seen.height) if seen.width and seen.height else None


def _grid(sizes: Sequence[tuple[int, int] | None], edge: int) -> _Grid:
    """Choose the columns that give the largest cells of the pictures' usual shape."""
    known = [size for size in sizes if size]
    shape = median(width / height for width, height in known) if known else 1.0
    shape = min(2.0, max(0.5, shape))
    largest = max((width for width, _ in known), default=_SMALLEST_CELL)

    def cell(columns: int) -> float:
        rows = math.ceil(len(sizes) / columns)
        across = (edge - _GUTTER) / columns - _GUTTER
        down = (edge - _GUTTER) / rows - _GUTTER
        return min(across, down * shape)

    columns = max(range(1, len(sizes) + 1), key=cell)
    rows = math.ceil(len(sizes) / columns)
    width = min(cell(columns), max(largest, _SMALLEST_CELL))
    return _Grid(columns, rows, max(1, int(width)), max(1, int(width / shape)))


def _place(
    sheet: Image.Image,
    image: Image.Image,
    ground: Image.Image,
    corner: tuple[int, int],
    grid: _Grid,
) -> tuple[int, int]:
    """Centre a picture in its cell, never enlarged; give its own corner."""
    fit = min(grid.width / image.width, grid.height / image.height)
    small = to_srgb(shrunk(image, max(1, int(max(image.size) * fit))))
    left = corner[0] + (grid.width - small.width) // 2
    top = corner[1] + (grid.height - small.height) // 2
    if small.mode == "RGBA":
        sheet.paste(ground.crop((0, 0, *small.size)), (left, top))
        sheet.paste(small, (left, top), small)
    else:
        sheet.paste(small, (left, top))
    return left, top


def _checkerboard(width: int, height: int) -> Image.Image:
    board = Image.new("RGB", (width, height), _LIGHT)
    draw = ImageDraw.Draw(board)
    for y in range(0, height, _SQUARE):
        for x in range(y % (2 * _SQUARE), width, 2 * _SQUARE):
            draw.rectangle((x, y, x + _SQUARE - 1, y + _SQUARE - 1), _DARK)
    return board


def _badge(draw: ImageDraw.ImageDraw, number: str, corner: tuple[int, int], height: int) -> None:
    """A white number on near-black with a white rim: it reads on any picture."""
    font = ImageFont.load_default(min(28, max(13, height // 9)))
    left, top, right, bottom = draw.textbbox((0, 0), number, font)
    pad = max(3, int(bottom - top) // 3)
    tall = bottom - top + 2 * pad
    wide = max(tall, right - left + 2 * pad + 2)
    x, y = corner[0] + 4, corner[1] + 4
    draw.rounded_rectangle((x, y, x + wide, y + tall), tall / 3, _INK, _LIGHT, 1)
    draw.text((x + wide / 2, y + tall / 2), number, _LIGHT, font, "mm")


def _blank(draw: ImageDraw.ImageDraw, label: str, corner: tuple[int, int], grid: _Grid) -> None:
    """A cell for what cannot be shown: an outline, the label and why it is blank."""
    x, y = corner
    draw.rectangle((x, y, x + grid.width - 1, y + grid.height - 1), _BLANK, _DARK, 1)
    font = ImageFont.load_default(min(16, max(11, grid.height // 12)))
    words = "".join(letter if letter.isprintable() else " " for letter in label)
    while len(words) > 1 and draw.textlength(words, font) > grid.width - 8:
        words = words[:-2].rstrip() + "\u2026" if len(words) > 2 else words[:1]
    middle = (x + grid.width / 2, y + grid.height / 2)
    draw.text(middle, f"{words}\nno preview", _INK, font, "mm", align="center")

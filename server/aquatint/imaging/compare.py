"""Shows what an edit changed: before, after, and where they differ; imported lazily (Pillow)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from PIL import Image, ImageChops, ImageDraw, ImageFont

from ..domain.requests.mask_fit import same_shape
from ..domain.types import Placement
from .closeup import Showing
from .colour import to_srgb
from .decode import open_upright, resized
from .editing.inputs import read_mask
from .grid import gridded
from .masks.coverage import Coverage, averaged, grown, hard, minus
from .masks.levels import ANY, BOX, NONE, mapped, table, where
from .masks.levels import resized as grey_resized
from .previews import Preview, preview_of
from .view import Size, View, on_checker, part_of, view_of

NOTICED = 8  # levels; without a mask a smaller change is noise or compression
GAP = 8  # pixels between panels
INK, GROUND = (236, 236, 236), (24, 24, 28)
RIM = (90, 200, 255)  # of the mask, on the map


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before, after and the map as one picture, and what was counted in all of both pictures.

    `pixels` differ by more than `above` levels (0 outside a mask, else NOTICED), of `counted`;
    `largest` is in levels (0..255). None where the two have other shapes. `size` is what was
    compared, where one had to be scaled to it.
    """

    look: Preview
    masked: bool
    pixels: int | None = None
    counted: int = 0
    largest: int | None = None
    size: Size | None = None
    above: int = 0


def compare(
    before: bytes,
    after: bytes,
    mask: bytes | None,
    showing: Showing,
    max_pixels: int,
    grown: Placement | None = None,
) -> Comparison:
    """Two picture files beside each other. `mask` is any mask file for `before`.

    Where that was `grown`, it is laid at its place on the larger canvas, whose size the mask has.
    `showing.box` is in pixels of `after`; `before` is cut in proportion. Raises BadImage, BadMask.
    """
    old, new = open_upright(before, max_pixels), open_upright(after, max_pixels)
    if grown is not None:
        old = _laid(old, grown)
    whole = new.size
    counted = None
    if same_shape(whole, old.size):
        counted = _difference(old, new, mask, before, max_pixels)
    box = showing.box or (0, 0, *whole)
    columns, edge = _layout((box[2] - box[0], box[3] - box[1]), 2 + bool(counted), showing.edge)
    view = view_of(whole, edge, box, enlarge=showing.enlarge)
    across, down = old.width / whole[0], old.height / whole[1]
    left, top, right, bottom = (
        round(side * by) for side, by in zip(box, (across, down) * 2, strict=True)
    )
    old_view = View(old.size, (left, top, max(left + 1, right), max(top + 1, bottom)), view.size)
    panels = [("before", _seen(old, old_view)), ("after", _seen(new, view))]
    if showing.grid is not None:
        panels = [(name, gridded(panel, view, showing.grid)) for name, panel in panels]
    if counted is None:
        sheet = _side_by_side(panels, columns)
        return Comparison(_small(sheet, showing.budget), mask is not None)
    outside = "changed in the old part" if grown else "changed outside the mask"
    name = outside if mask else "changed"
    panels.append((name, _map(_seen(new, view), counted, view)))
    sheet = _side_by_side(panels, columns)
    return Comparison(
        _small(sheet, showing.budget),
        mask is not None,
        counted.pixels,
        counted.of,
        counted.largest,
        None if old.size == whole else counted.apart.size,
        counted.above,
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    apart: Image.Image  # L: how far each pixel differs where it counts
    coverage: Coverage | None
    pixels: int
    of: int
    largest: int
    above: int


def _difference(
    old: Image.Image, new: Image.Image, mask: bytes | None, before: bytes, max_pixels: int
) -> _Counted:
    coverage = None
    if mask is not None:
        read = read_mask(mask, old.size, given=None, max_pixels=max_pixels, base=before)
        coverage = read.coverage
    a, b = old, new
    if a.info.get("icc_profile") != b.info.get("icc_profile"):
        a, b = to_srgb(a.copy()), to_srgb(b.copy())
    size = min(a.size, b.size)
    if a.size != b.size:  # the larger one is made as small: details that one lacks are no change
        a, b = resized(a, *size), resized(b, *size)
        coverage = coverage and Coverage(averaged(coverage.image, size))
    mode = "RGBA" if "RGBA" in {a.mode, b.mode} else "RGB"
    apart = ImageChops.difference(a.convert(mode), b.convert(mode))
    apart = reduce(ImageChops.lighter, apart.split())
    if coverage is not None:
        kept = mapped(coverage.image, NONE)
        apart = ImageChops.darker(apart, kept)
        counts = apart.histogram(kept)
    else:
        counts = apart.histogram()
    above = 0 if coverage is not None else NOTICED
    largest = max((level for level in range(256) if counts[level]), default=0)
    return _Counted(apart, coverage, sum(counts[above + 1 :]), sum(counts), largest, above)


def _laid(image: Image.Image, grown: Placement) -> Image.Image:
    """A picture at its place on a larger, transparent canvas."""
    canvas = Image.new("RGBA", grown.canvas)
    canvas.paste(image.convert("RGBA"), (grown.left, grown.top))
    canvas.info = dict(image.info)
    return canvas


def _seen(image: Image.Image, view: View) -> Image.Image:
    return on_checker(to_srgb(part_of(image, view)))


def _map(shown: Image.Image, counted: _Counted, view: View) -> Image.Image:
    """The picture in dark grey under the differences, from violet over red to yellow.

    One pixel that differs is seen however much the picture was shrunk.
    """
    scale = counted.apart.width / view.whole[0], counted.apart.height / view.whole[1]
    left, top, right, bottom = view.box
    box = (left * scale[0], top * scale[1], right * scale[0], bottom * scale[1])
    cut = tuple(round(side) for side in box)
    part = counted.apart.crop((cut[0], cut[1], max(cut[0] + 1, cut[2]), max(cut[1] + 1, cut[3])))
    level = grey_resized(part, view.size, BOX)
    any_ = averaged(mapped(part, where(lambda v: v > counted.above)), view.size)
    present = mapped(any_, ANY)
    if counted.coverage is not None:  # a lone pixel as a dot that no compression hides
        present = grown(Coverage(present), 2).image
    level = mapped(level, table(lambda v: 64 + 191 * (v / 255) ** 0.5))
    heat = Image.merge(
        "RGB",
        (
            mapped(level, table(lambda v: min(255, 40 + v * 1.1))),
            mapped(level, table(lambda v: max(0, v - 120) * 1.9)),
            mapped(level, table(lambda v: max(0, 320 - v * 2))),
        ),
    )
    ground = mapped(shown.convert("L"), table(lambda v: 12 + v * 0.3)).convert("RGB")
    result = Image.composite(heat, ground, present)
    if counted.coverage is not None:
        whole = counted.coverage.image
        inside = hard(Coverage(grey_resized(whole, view.size, BOX, box)))
        result.paste(RIM, mask=minus(grown(inside, 1), inside).image)
    return result


def _layout(part: Size, panels: int, edge: int) -> tuple[int, int]:
    """How many columns, and the longest edge of a panel, so that panels are as large as can be."""
    strip = _points(edge) * 2 + GAP

    def side(columns: int) -> float:
        rows = -(-panels // columns)
        width = (edge - GAP * (columns - 1)) / columns
        height = (edge - GAP * (rows - 1)) / rows - strip
        return min(width / part[0], height / part[1])

    columns = max(range(1, panels + 1), key=side)
    return columns, max(1, int(side(columns) * max(part)))


def _points(edge: int) -> int:
    return max(11, min(26, edge // 56))


def _side_by_side(panels: list[tuple[str, Image.Image]], columns: int) -> Image.Image:
    width, height = panels[0][1].size
    rows = -(-len(panels) // columns)
    points = _points(max(columns * width, rows * height))
    strip = 2 * points
    size = (columns * (width + GAP) - GAP, rows * (height + strip + GAP) - GAP)
    sheet = Image.new("RGB", size, GROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(points)
    for index, (name, panel) in enumerate(panels):
        row, column = divmod(index, columns)
        left, top = column * (width + GAP), row * (height + strip + GAP)
        draw.text((left + 4, top + strip / 2), name, INK, font, "lm")
        sheet.paste(panel, (left, top + strip))
    return sheet


def _small(sheet: Image.Image, budget: int) -> Preview:
    return preview_of(sheet, edge=max(sheet.size), budget=budget)

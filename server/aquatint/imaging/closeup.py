"""From bytes to a picture for a reply: a part, enlarged, with a grid; imported lazily (Pillow)."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from ..domain.types import Units
from .colour import to_srgb
from .decode import inspect, open_upright
from .grid import gridded
from .masks import render
from .masks.coverage import Coverage
from .previews import Preview, preview_of
from .sniff import MIME
from .view import SQUARES, Box, View, on_checker, part_of, view_of

GREY = (128, 128, 128)  # under a mask without a picture


@dataclass(frozen=True, slots=True)
class Showing:
    """What is asked to be seen: the part `box` (None: all), under a grid in `grid` units, at most
    `edge` pixels and `budget` bytes. A part is enlarged; so is a whole that has a grid."""

    edge: int
    budget: int
    box: Box | None = None
    grid: Units | None = None

    @property
    def enlarge(self) -> bool:
        return self.box is not None or self.grid is not None


@dataclass(frozen=True, slots=True)
class CloseUp:
    """A picture for a reply and the view that it is of. `frames` counts those of the source."""

    look: Preview
    view: View
    frames: int = 1


def close_up(data: bytes, showing: Showing, max_pixels: int) -> CloseUp:
    """A picture or a part of it. What is transparent lies on grey squares. Raises BadImage."""
    seen = inspect(data, max_pixels=max_pixels, deep=False)
    view = _view((seen.width, seen.height), showing)
    image = open_upright(data, max_pixels, near=view.near)
    shown = on_checker(to_srgb(part_of(image, view)))
    if showing.grid is not None:
        shown = gridded(shown, view, showing.grid)
    return CloseUp(_fitting(shown, view, showing.budget), view, seen.frames)


def mask_close_up(mask: bytes, base: bytes | None, showing: Showing, max_pixels: int) -> CloseUp:
    """A stored mask in red over its picture, or over grey without one; or a part of that."""
    coverage = render.understand(open_upright(mask, max_pixels).convert("RGBA"))[0]
    return covered(coverage, base, showing, max_pixels)


def covered(coverage: Coverage, base: bytes | None, showing: Showing, max_pixels: int) -> CloseUp:
    """A coverage in red over the picture file that it is for. Raises BadImage."""
    image = None
    if base is not None:
        image = open_upright(base, max_pixels, near=_view(coverage.size, showing).near)
    return laid_over(image, coverage, showing)


def laid_over(image: Image.Image | None, coverage: Coverage, showing: Showing) -> CloseUp:
    """The same for a picture that is open; None stands for a grey one."""
    view = _view(coverage.size, showing)
    ground = image or Image.new("RGB", coverage.size, GREY)
    shown = render.overlay(ground, coverage, view, grid=showing.grid)
    return CloseUp(_fitting(shown, view, showing.budget), view)


def _view(whole: tuple[int, int], showing: Showing) -> View:
    return view_of(whole, showing.edge, showing.box, enlarge=showing.enlarge)


def _fitting(shown: Image.Image, view: View, budget: int) -> Preview:
    """Exact where pixels are squares and that fits, else as any preview."""
    if view.scale >= SQUARES:
        out = BytesIO()
        shown.save(out, "PNG")
        if out.tell() <= budget:
            return Preview(out.getvalue(), MIME["png"], *shown.size)
    return preview_of(shown, edge=max(shown.size), budget=budget)

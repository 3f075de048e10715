"""What an agent may say about a part of a picture, and everything wrong with how it was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator

from ..types import Frozen, Units
from .spellings import canonical

Edit = Literal["transparent", "white", "black"]
Number = Annotated[float, Field(allow_inf_nan=False)]

SCALE = {"fraction": 1.0, "permille": 1000.0}  # what the whole side is called
REACH = 100_000  # pixels; a number further out than this is a slip, not a place
MOST_REGIONS = 256
DRAWN = frozenset({"rect", "ellipse", "circle", "polygon", "brush", "all"})
MOST_POINTS = 10_000


class Region(Frozen):
    """rect, ellipse: x y width height. circle: x y (centre) radius. polygon: points.
    brush: points width. object, face: x y or box. text: words."""  # agents read this

    kind: Literal[
        "rect",
        "ellipse",
        "circle",
        "polygon",
        "brush",
        "color",
        "image",
        "all",
        "subject",
        "background",
        "object",
        "face",
        "text",
    ]
    op: Literal["add", "subtract", "intersect"] = "add"
    x: Number | None = Field(default=None, description="left edge; color: the point that has it")
    y: Number | None = None
    width: Number | None = Field(default=None, description="brush: of the stroke")
    height: Number | None = None
    radius: Number | None = None
    angle: Number = Field(default=0, description="rect, ellipse: degrees clockwise")
    points: tuple[tuple[Number, ...], ...] | None = Field(default=None, description="[[x,y],...]")
    color: str | None = Field(default=None, description="#rrggbb or a name; else x,y")
    tolerance: Number = Field(default=32, description="0-255, largest channel difference")
    contiguous: bool = Field(default=True, description="only what touches x,y")
    image: str | None = Field(default=None, description="a mask's reference")
    edit: Edit | None = Field(
        default=None, description="what means edit; default: alpha, else white"
    )
    words: str | None = None
    expand: Literal["edges"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, given: object) -> object:
        """Agents write regions in many ways; those that mean one thing are taken."""
        return canonical(cast("dict[str, Any]", given)) if isinstance(given, dict) else given

    @property
    def is_drawn(self) -> bool:
        """Whether it is the same on every picture of that size."""
        return self.kind in DRAWN and not self.expand


class MaskRequest(Frozen):
    """Which part of a picture, or of a blank canvas of `width` x `height`.

    The reply shows it; `crop` is left, top, width, height of the part to show.
    """

    regions: tuple[Region, ...] = ()
    image: str | None = None
    units: Units = "pixel"
    fill_holes: bool = False
    keep_largest: bool = False
    smooth: float = 0
    grow: float = 0
    shrink: float = 0
    feather: float = 0
    invert: bool = False
    grid: bool = False
    crop: tuple[Number, ...] | None = None  # of what is shown, not of the mask
    width: int | None = None
    height: int | None = None


BOX = ("x", "y", "width", "height")
NEEDS: dict[str, tuple[str, ...]] = {
    "rect": BOX,
    "ellipse": BOX,
    "circle": ("x", "y", "radius"),
    "polygon": ("points",),
    "brush": ("points", "width"),
    "color": (),
    "image": ("image",),
    "all": (),
    "subject": (),
    "background": (),
    "object": ("x", "y"),
    "face": (),
    "text": (),
}
MAY_HAVE: dict[str, tuple[str, ...]] = {
    "rect": ("angle", "expand"),
    "ellipse": ("angle", "expand"),
    "circle": ("expand",),
    "polygon": ("expand",),
    "brush": ("expand",),
    "color": ("color", "x", "y", "tolerance", "contiguous"),
    "image": ("edit", "expand"),
    "object": ("width", "height"),
    "face": BOX,
    "text": ("words",),
}
SEEN = frozenset({"subject", "background", "object", "face", "text"})  # found by looking
FIELDS = {kind: NEEDS[kind] + MAY_HAVE.get(kind, ()) for kind in NEEDS}
FEWEST_POINTS = {"polygon": 3, "brush": 1}


def check(
    regions: Sequence[Region], size: tuple[int, int], units: Units, *, image: bool = True
) -> list[str]:
    """Every problem of a list of regions, each with its place and its fix; empty when all is well.

    `size` is the upright picture's (width, height) in pixels; `image=False` says that there is
    only a size and no image, so that no colour can be looked for.
    """
    if not regions:
        return ["regions is empty: give at least one, such as {kind: 'rect', x, y, width, height}."]
    problems: list[str] = []
    if len(regions) > MOST_REGIONS:
        problems.append(f"{len(regions)} regions are too many: give at most {MOST_REGIONS}.")
    if regions[0].op != "add":
        problems.append(
            f"regions[0] ({regions[0].kind}) says {regions[0].op}, but nothing is selected yet: "
            "use op add, or put {kind: 'all'} before it."
        )
    for index, region in enumerate(regions):
        name = f"regions[{index}] ({region.kind})"
        faults = [*_fields(region), *_numbers(region, size, units)]
        if region.kind == "color":
            faults += _color(region, size, units, image)
        if not image and (region.kind in SEEN or region.expand):
            faults.append("needs a picture to look in: pass image, not width and height alone.")
        if region.kind in {"object", "face"}:
            faults += _aimed(region, size, units)
        problems += [f"{name} {fault}" for fault in faults]
    return problems


def in_pixels(value: float, side: int, units: Units) -> float:
    """A number in the caller's units as pixels of a side that is `side` pixels long."""
    return value if units == "pixel" else value / SCALE[units] * side


def rgb(color: str) -> tuple[int, int, int]:
    """The colour behind `#rgb`, `#rrggbb`, `rgb(...)`, `hsl(...)` or a CSS name; or ValueError."""
    from PIL import ImageColor  # here, as the schema above is needed before any pixel

    return ImageColor.getrgb(color.strip())[:3]


def _fields(region: Region) -> list[str]:
    wanted = FIELDS[region.kind]
    given = [
        name
        for name, field in Region.model_fields.items()
        if name not in {"kind", "op"} and getattr(region, name) not in {field.default, (), ""}
    ]
    missing = [name for name in NEEDS[region.kind] if name not in given]
    faults = [f"lacks {' and '.join(missing)}: add what is missing."] if missing else []
    for name in given:
        if name not in wanted:
            homes = [kind for kind, names in FIELDS.items() if name in names]
            faults.append(f"does not use {name}: drop it (it belongs to {', '.join(homes)}).")
    return faults


def _numbers(region: Region, size: tuple[int, int], units: Units) -> list[str]:
    faults: list[str] = []
    for name in ("width", "height", "radius"):
        value = getattr(region, name)
        if name in FIELDS[region.kind] and value is not None and value <= 0:
            faults.append(f"has a {name} of {value:g}: give one above 0.")
    points = region.points or ()
    if any(len(point) != 2 for point in points):
        faults.append("has a point that is not a pair: write points as [[x, y], ...].")
    fewest = FEWEST_POINTS.get(region.kind, 0)
    if 0 < len(points) < fewest:
        faults.append(f"has {len(points)} points: give at least {fewest}, or use brush.")
    if len(points) > MOST_POINTS:
        faults.append(f"has {len(points)} points: give at most {MOST_POINTS}.")
    reach = max((abs(in_pixels(n, max(size), units)) for n in numbers_of(region)), default=0)
    if reach > REACH:
        faults.append(
            f"reaches {reach:.0f} pixels: stay near the picture ({size[0]}x{size[1]} pixels; "
            f"units are {units})."
        )
    if not 0 <= region.tolerance <= 255:
        faults.append(f"has a tolerance of {region.tolerance:g}: give 0 to 255.")
    return faults


def numbers_of(region: Region) -> list[float]:
    """Every place and length of a region, in the caller's units."""
    given = [region.x, region.y, region.width, region.height, region.radius]
    points = [number for point in region.points or () for number in point]
    return [number for number in given if number is not None] + points


def _aimed(region: Region, size: tuple[int, int], units: Units) -> list[str]:
    """What is wrong with the point or the box at which something is looked for."""
    x, y, width, height = region.x, region.y, region.width, region.height
    if (x is None) != (y is None):
        return ["has only one of x and y: give both."] if region.kind == "face" else []
    if (width is None) != (height is None):
        return ["has only one of width and height: give both for a box, none for a point."]
    if x is None or y is None:
        return ["has a box without a place: give x and y, its left top corner."] if width else []
    left, top = in_pixels(x, size[0], units), in_pixels(y, size[1], units)
    right = left + in_pixels(width or 0, size[0], units)
    bottom = top + in_pixels(height or 0, size[1], units)
    if left < size[0] and top < size[1] and min(right, bottom) >= 0:
        return []
    return [f"looks outside the picture, which is {size[0]}x{size[1]} pixels (units: {units})."]


def _color(region: Region, size: tuple[int, int], units: Units, image: bool) -> list[str]:
    faults: list[str] = []
    if not image:
        faults.append("needs a picture to look in: pass image, not width and height alone.")
    if (region.x is None) != (region.y is None):
        faults.append("has only one of x and y: give both, or color alone.")
    if not region.color and region.x is None and region.y is None:
        faults.append(
            "does not name a colour: give color='#rrggbb', or x and y of a pixel that has it."
        )
    if region.color:
        try:
            rgb(region.color)
        except ValueError:
            faults.append(f"has the colour {region.color[:40]!r}: write #rrggbb or a CSS name.")
    for name, side in (("x", size[0]), ("y", size[1])):
        value = getattr(region, name)
        if value is not None and not 0 <= in_pixels(value, side, units) <= side:
            top = side - 1 if units == "pixel" else SCALE[units]
            faults.append(f"takes its colour outside the picture: {name} must be 0 to {top:g}.")
    return faults

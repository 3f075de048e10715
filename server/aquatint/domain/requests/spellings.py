"""The ways in which agents write a region, a size or a format, turned into the one we have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

Fields = dict[str, Any]

KINDS = {
    "rectangle": "rect",
    "box": "rect",
    "oval": "ellipse",
    "stroke": "brush",
    "line": "brush",
    "colour": "color",
    "mask": "image",
    "foreground": "subject",
    "faces": "face",
    "words": "text",
}
NAMES = {
    "type": "kind",
    "shape": "kind",
    "bbox": "box",
    "colour": "color",
    "vertices": "points",
    "rotation": "angle",
    "rotate": "angle",
    "w": "width",
    "h": "height",
    "r": "radius",
    "thickness": "width",
    "stroke_width": "width",
    "brush_size": "width",
}
CORNERS = (("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"))
CENTRES = ("center", "centre", "at", "point")
NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


def format_name(given: object) -> object:
    """`jpg` and `PNG` as the formats are called here."""
    if not isinstance(given, str):
        return given
    name = given.strip().lower().removeprefix(".")
    return "jpeg" if name == "jpg" else name


def size_words(given: object) -> object:
    """1024 as the square that it means, and [1024, 768], as `WxH`."""
    several = cast("list[object]", given if isinstance(given, list | tuple) else [given, given])
    whole = [str(side).strip() for side in several if _is_whole(side)]
    return "x".join(whole) if len(whole) == len(several) == 2 else cast("object", given)


def _is_whole(side: object) -> bool:
    if isinstance(side, str):
        return side.strip().isdecimal()
    return isinstance(side, int) and not isinstance(side, bool)


def canonical(given: Mapping[str, Any]) -> Fields:
    """A region as it may be written, with the names of Region; what is unknown stays as it is."""
    fields = {key: value for key, value in dict(given).items() if value is not None}
    for name, usual in NAMES.items():
        _rename(fields, name, usual)
    if isinstance(kind := fields.get("kind"), str):
        fields["kind"] = KINDS.get(kind.lower(), kind.lower())
    if fields.get("kind") == "text":
        _rename(fields, "text", "words")
    if fields.get("expand") is True or fields.get("snap") in {True, "edges"}:
        fields.pop("snap", None)
        fields["expand"] = "edges"
    for read in (_box, _corners, _centre, _diameter, _radii, _points):
        read(fields)
    return fields


def _rename(fields: Fields, name: str, usual: str) -> None:
    if name in fields and usual not in fields:
        fields[usual] = fields.pop(name)


def _numbers(value: object, count: int) -> list[float] | None:
    """The numbers of `[1, 2]`, `{"x": 1, "y": 2}` or "1,2", if there are just so many."""
    if isinstance(value, Mapping):
        names = ("x", "y", "width", "height")[:count]
        table = cast("Mapping[str, object]", value)
        value = [table[name] for name in names if name in table]
    if isinstance(value, str):
        value = [float(one) for one in NUMBER.findall(value)]
    if not isinstance(value, list | tuple):
        return None
    found = [float(one) for one in cast("list[object]", value) if isinstance(one, int | float)]
    return found if len(found) == len(cast("list[object]", value)) == count else None


def _put(fields: Fields, old: tuple[str, ...], new: Mapping[str, float]) -> None:
    """Replace names by others, unless one of those was given too: then it stays an error."""
    if not any(name in fields for name in new if name not in old):
        for name in old:
            del fields[name]
        fields.update(new)


def _box(fields: Fields) -> None:
    """`box: [x, y, width, height]`."""
    numbers = _numbers(fields.get("box"), 4)
    if numbers:
        _put(fields, ("box",), dict(zip(("x", "y", "width", "height"), numbers, strict=True)))


def _corners(fields: Fields) -> None:
    """Two corners, in any order; or left and top beside a width and a height."""
    for names in CORNERS:
        values = [fields.get(name) for name in names]
        if all(isinstance(value, int | float) for value in values):
            x1, y1, x2, y2 = cast("list[float]", values)
            box = {"x": min(x1, x2), "y": min(y1, y2)}
            _put(fields, names, {**box, "width": abs(x2 - x1), "height": abs(y2 - y1)})
    _rename(fields, "left", "x")
    _rename(fields, "top", "y")


def _centre(fields: Fields) -> None:
    """`center: [x, y]` or `cx, cy`: the x and y of a circle or colour, the middle of a box."""
    for name in CENTRES:
        numbers = _numbers(fields.get(name), 2)
        if numbers:
            _put(fields, (name,), {"cx": numbers[0], "cy": numbers[1]})
    if not all(isinstance(fields.get(name), int | float) for name in ("cx", "cy")):
        return
    x, y = fields["cx"], fields["cy"]
    width, height = fields.get("width"), fields.get("height")
    if isinstance(width, int | float) and isinstance(height, int | float):
        x, y = x - width / 2, y - height / 2
    _put(fields, ("cx", "cy"), {"x": x, "y": y})


def _diameter(fields: Fields) -> None:
    if isinstance(fields.get("diameter"), int | float):
        _put(fields, ("diameter",), {"radius": fields["diameter"] / 2})


def _radii(fields: Fields) -> None:
    """An ellipse by its centre: one radius makes it a circle, two make it a box."""
    if fields.get("kind") == "brush" and isinstance(fields.get("radius"), int | float):
        _put(fields, ("radius",), {"width": 2 * fields["radius"]})
    for name in ("radius", "radii"):
        pair = None if fields.get("kind") == "brush" else _numbers(fields.get(name), 2)
        if pair:
            _put(fields, (name,), {"rx": pair[0], "ry": pair[1]})
    if fields.get("kind") == "ellipse" and "radius" in fields:
        fields["kind"] = "circle"
    if fields.get("kind") == "circle" and {"width", "height"} <= fields.keys():
        fields["kind"] = "ellipse"
    if fields.get("kind") == "circle" and {"rx", "ry"} <= fields.keys():
        fields["kind"] = "ellipse"
    for names in (("rx", "ry"), ("radius_x", "radius_y")):
        values = [fields.get(name) for name in (*names, "x", "y")]
        if all(isinstance(value, int | float) for value in values):
            across, down, x, y = cast("list[float]", values)
            box = {"x": x - across, "y": y - down, "width": 2 * across, "height": 2 * down}
            for name in names:
                del fields[name]
            fields.update(box)


def _points(fields: Fields) -> None:
    """`[{"x": 1, "y": 2}, ...]`, `[1, 2, 3, 4]` and "1,2 3,4" as pairs."""
    points = fields.get("points")
    if isinstance(points, str):
        points = [float(one) for one in NUMBER.findall(points)]
    if not isinstance(points, list | tuple):
        return
    several = cast("list[Any]", points)
    if several and all(isinstance(one, int | float) for one in several):
        several = [several[at : at + 2] for at in range(0, len(several), 2)]
    fields["points"] = [_numbers(one, 2) or one for one in several]

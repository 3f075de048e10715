"""Regions as they are typed in a shell: one flag each, combined in the order they are given."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from typing import Any

from ..domain.requests.regions import FIELDS

Fields = dict[str, Any]  # of domain.requests.regions.Region
POINT = re.compile(r"\s*([-+.\de]+)\s*,\s*([-+.\de]+)\s*", re.IGNORECASE)


def add_shapes(parser: argparse.ArgumentParser) -> None:
    """Flags that fill `regions` of the namespace with the fields of Region, in order."""
    group = parser.add_argument_group(
        "shapes, in order (write --rect=-5,... where a number is negative)"
    )
    parser.set_defaults(regions=(), op="add", tolerance=None, contiguous=True, to_edges=False)
    for flag, read, form, words in (
        ("--rect", _box("rect"), "X,Y,W,H", "left, top, width, height"),
        ("--ellipse", _box("ellipse"), "X,Y,W,H", "the one in this box"),
        ("--circle", _circle, "X,Y,R", "its centre and its radius"),
        ("--polygon", _polygon, "'X,Y X,Y ...'", "three points or more"),
        ("--brush", _brush, "'WIDTH X,Y ...'", "a stroke of this width"),
        ("--color", _color, "COLOR|X,Y", "#rrggbb or a name; or what touches X,Y in its colour"),
        ("--image", _image, "REF", "another mask"),
        ("--object", _object, "X,Y[,W,H]", "the thing in this box, or at this point"),
        ("--text", _text, "WORDS", "the lines of text that hold these words; '' for all"),
    ):
        group.add_argument(
            flag, action=_Shape, type=read, metavar=form, help=words, default=argparse.SUPPRESS
        )
    for kind, words in (
        ("all", "the whole picture"),
        ("subject", "what stands out of the picture"),
        ("background", "everything else"),
    ):
        group.add_argument(f"--{kind}", action=_Shape, nargs=0, const={"kind": kind}, help=words)
    group.add_argument(
        "--face",
        action=_Shape,
        nargs="?",
        type=_face,
        const={"kind": "face"},
        metavar="X,Y[,W,H]",
        help="every face; or the one nearest to a point or a box",
        default=argparse.SUPPRESS,
    )
    for op in ("add", "subtract", "intersect"):
        text = f"{op} the shapes after this" + (" (the default)" if op == "add" else "")
        group.add_argument(f"--{op}", action="store_const", dest="op", const=op, help=text)
    group.add_argument(
        "--tolerance", type=float, metavar="N", help="0-255, of the colours after this (32)"
    )
    group.add_argument(
        "--everywhere",
        action="store_false",
        dest="contiguous",
        help="the colours after this need not touch X,Y",
    )
    group.add_argument(
        "--to-edges",
        action="store_true",
        help="snap the rough shapes after this to the edges in them",
    )


class _Shape(argparse.Action):
    """Appends one region, with the flags that were given before it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        region: Fields = {**(values or self.const), "op": namespace.op}
        if region["kind"] == "color":
            region["contiguous"] = namespace.contiguous
            if namespace.tolerance is not None:
                region["tolerance"] = namespace.tolerance
        if namespace.to_edges and "expand" in FIELDS[region["kind"]]:
            region["expand"] = "edges"
        namespace.regions = (*namespace.regions, region)


def _box(kind: str) -> Callable[[str], Fields]:
    def read(text: str) -> Fields:
        numbers = [_number(part) for part in text.split(",")]
        if len(numbers) != 4:
            raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,WIDTH,HEIGHT")
        return dict(zip(("x", "y", "width", "height"), numbers, strict=True), kind=kind)

    return read


def _circle(text: str) -> Fields:
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) != 3:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,RADIUS")
    return dict(zip(("x", "y", "radius"), numbers, strict=True), kind="circle")


def _polygon(text: str) -> Fields:
    return {"kind": "polygon", "points": _points(text.split())}


def _brush(text: str) -> Fields:
    width, *points = text.split() or ("",)
    return {"kind": "brush", "width": _number(width), "points": _points(points)}


def _color(text: str) -> Fields:
    point = POINT.fullmatch(text)
    if point is None:
        return {"kind": "color", "color": text}
    return {"kind": "color", "x": _number(point[1]), "y": _number(point[2])}


def _image(text: str) -> Fields:
    return {"kind": "image", "image": text}


def _object(text: str) -> Fields:
    return _aimed("object", text)


def _face(text: str) -> Fields:
    return _aimed("face", text)


def _aimed(kind: str, text: str) -> Fields:
    """A point, or a box."""
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) not in {2, 4}:
        raise argparse.ArgumentTypeError(f"{text!r} is neither X,Y nor X,Y,WIDTH,HEIGHT")
    return dict(zip(("x", "y", "width", "height"), numbers, strict=False), kind=kind)


def _text(text: str) -> Fields:
    return {"kind": "text", "words": text or None}


def _points(words: list[str]) -> tuple[tuple[float, float], ...]:
    found = [POINT.fullmatch(word) for word in words]
    if not words or None in found:
        raise argparse.ArgumentTypeError("points are written 'X,Y X,Y ...'")
    return tuple((_number(one[1]), _number(one[2])) for one in found if one)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number

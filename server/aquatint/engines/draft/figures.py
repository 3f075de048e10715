"""Draws the figures of figures.toml; the head of that file says how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from math import cos, pi, radians, sin
from typing import NamedTuple

from .canvas import RGB, Canvas, Fill, Point, arc
from .colours import Palette
from .data import table


class Row(NamedTuple):
    shape: str
    numbers: tuple[float, ...]
    paint: str
    flags: str
    times: int  # how often it is drawn, turned around the origin


def wave(phase: float) -> float:
    return sin(2 * pi * phase)


@cache
def rows(name: str) -> tuple[Row, ...]:
    found: list[Row] = []
    for line in table("figures")[name].strip().splitlines():
        words = line.split()
        flags, _, times = (words.pop(0) if words[0][0] in "|~*" else "").partition("*")
        numbers = tuple(map(float, words[1:-1]))
        found.append(Row(words[0], numbers, words[-1], flags, int(times or 1)))
    return tuple(found)


def paint(code: str, p: Palette, names: Mapping[str, RGB]) -> tuple[Fill, float]:
    """A paint's fill and opacity."""
    code, _, alpha = code.partition("@")

    def tone(one: str) -> RGB:
        if one in names:
            return names[one]
        if one == "w":
            return 255, 255, 255
        light, chroma, *shift = map(float, one[1:].split("/"))
        if one[0] == "a":
            return p.pop(light / 100, chroma / 100)
        return p.tone(light / 100, chroma / 100, *shift)

    top, _, bottom = code.partition(">")
    return (tone(top), tone(bottom)) if bottom else tone(top), float(alpha or 100) / 100


def figure(
    c: Canvas,
    name: str,
    p: Palette,
    at: Point,
    size: Point,
    t: float = 0,
    names: Mapping[str, RGB] | None = None,
    *,
    turn: float = 0,
) -> None:
    """Draw a figure with its origin at `at`, 100 units being `size` wide and high.

    `turn` is in degrees; the boxes of ovals and rectangles stay upright.
    """
    for row in rows(name):
        swing = 1.2 * wave(t) if "~" in row.flags else 0.0
        for mirror in (1, -1) if "|" in row.flags else (1,):
            for i in range(row.times):
                angle = radians(turn + 360 * i / row.times)
                spot = partial(_spot, at, size, mirror, swing, (cos(angle), sin(angle)))
                _draw(c, row, spot, size, mirror, turn, *paint(row.paint, p, names or {}))


def _spot(
    at: Point, size: Point, mirror: int, swing: float, turn: Point, x: float, y: float
) -> Point:
    x = x * mirror + swing
    x, y = x * turn[0] - y * turn[1], x * turn[1] + y * turn[0]
    return at[0] + x * size[0] / 100, at[1] + y * size[1] / 100


def _draw(
    c: Canvas, row: Row, spot: Callable[[float, float], Point], size: Point, mirror: int,
    turn: float, fill: Fill, alpha: float,
) -> None:  # fmt: skip
    n, s = row.numbers, min(size) / 100
    (x, y), odd = spot(n[0], n[1]), len(n) % 2
    path = [spot(a, b) for a, b in zip(n[odd::2], n[odd + 1 :: 2], strict=True)]
    match row.shape:
        case "oval":
            c.oval(x, y, n[2] * s, n[3] * s, fill, alpha)
        case "pie":
            c.pie(x, y, n[2] * s, n[3] * s, n[4] + turn, n[5] + turn, fill, alpha)
        case "arc":
            c.line([spot(*point) for point in arc(*n[:6])], n[6] * s, fill, alpha)
        case "rect" | "shadow":
            wide, high = n[2] * size[0] / 100, n[3] * size[1] / 100
            left = x if mirror > 0 else x - wide
            if row.shape == "shadow":
                c.shadow(left, y, wide, high, n[4] * s, n[5] * s)
            else:
                c.rect(left, y, wide, high, n[4] * s, fill, alpha)
        case "line" | "curve":
            path = rounded(path, closed=False) if row.shape == "curve" else path
            c.line(path, n[0] * s, fill, alpha)
        case _:
            c.poly(rounded(path, closed=True) if row.shape == "blob" else path, fill, alpha)


def rounded(corners: list[Point], *, closed: bool) -> list[Point]:
    """The Catmull-Rom curve through the corners, eight steps from one to the next."""

    def between(four: list[float], k: float) -> float:
        a, b, c, d = four
        return b + k / 2 * (c - a + k * (2 * a - 5 * b + 4 * c - d + k * (3 * (b - c) + d - a)))

    before, after = (corners[-1:], corners[:2]) if closed else (corners[:1], corners[-1:])
    path = [*before, *corners, *after]
    out: list[Point] = []
    for four in zip(path, path[1:], path[2:], path[3:], strict=False):
        xs, ys = [x for x, _ in four], [y for _, y in four]
        out += [(between(xs, i / 8), between(ys, i / 8)) for i in range(8)]
    return out if closed else [*out, corners[-1]]

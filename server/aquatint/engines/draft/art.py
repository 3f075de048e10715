"""The figures of the draft engine as tables, and the one function that draws them.

A row is `shape numbers... paint`. Shapes: `oval x y rx ry`, `pie x y rx ry start end`,
`rect x y w h radius`, `poly x y ...`, `blob x y ...` (round), `line width x y ...`,
`shadow x y w h radius blur`. Numbers are hundredths of the figure's width (x), height (y) or
shorter side (radii, widths). A paint is a name the scene gives, or `p62/17` (the palette at
lightness .62, chroma .17; `/40` turns its hue), `a78/15` (its accent), `w` (white); `top>bottom`
is a gradient, `@35` an opacity.
`|` before a row draws its mirror too, `~` lets it swing with the frames of an animation.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi, sin

from .canvas import RGB, Canvas, Fill, Point
from .vocabulary import Palette

ART = {
    "cat": """
        rect -20 8 40 90 20 shade>deep
        oval 0 35 10 17 pale@90
        | poly -23.5 -30 -22.5 0 -5 -17 fur
        | poly -21.2 -24.5 -19.8 -8 -9.5 -16.5 a78/10
        oval 0 0 24.5 20.5 fur>shade
        | line .5 -10 6.3 -30 2 pale@90
        | line .5 -10 7.5 -30 6 pale@90
        | line .5 -10 8.7 -30 10 pale@90
        | line 1.6 -6 -19 -5 -12 shade
        | oval -9.5 -1 3.6 4.2 a90/10
        |~ oval -9.5 -1 1.6 3.4 ink
        | oval -8.7 -2.4 .8 .8 w
        | oval -4.5 8.8 5.8 4.8 pale
        oval 0 5.8 2.2 1.5 ink
        line .7 0 6 0 10 ink
        """,
    "dog": """
        rect -20 8 40 90 20 shade>deep
        oval 0 35 10 17 pale@90
        oval 0 0 24.5 20.5 fur>shade
        | poly -12 -18 -25 -14 -30 10 -23.5 13 deep
        | oval -26.3 9 4 5.5 deep
        | oval -9.5 -1 3.6 4.2 w
        |~ oval -9.5 -1 2.4 3.2 ink
        | oval -8.7 -2.4 .8 .8 w
        | oval -4.5 9.5 5.8 5 pale
        oval 0 5.8 3.6 2.6 ink
        line .7 0 6 0 11 ink
        """,
    "person": """
        rect -30 23 60 80 16 p58/15>p40/13
        rect -6 8 12 20 5 shade
        pie 0 23.5 10 8.5 0 180 shade
        | poly 0 33 -12 22 -15 31 -5.5 40 p70/13
        | oval -13.3 1.5 2.4 3.4 shade
        oval 0 0 13.2 17 skin
        pie 0 -3 15 16 180 360 hair
        poly -15 -3.5 15 -3.5 12.8 3 9 -7.5 -6 -5 -13 3 hair
        |~ oval -5.2 2 1.2 1.5 ink
        | oval -7.5 6.2 2.4 1.6 a70/12@35
        line .8 -3.6 7.8 -2.2 8.8 0 9.3 2.2 8.8 3.6 7.8 smile
        """,
    "stand": """
        rect -31 24 62 12 0 p88/5>p66/8
        oval 0 36 31 6.5 p66/8
        oval 0 24 31 6.5 p97/3>p90/5
        oval 3 24.5 20 3.6 p45/6@35
        """,
    "cup": """
        oval 16.6 9 8.5 8.5 p42/13
        oval 16.6 9 5.2 5.2 a78/11
        poly -17 -1 17 -1 14.6 21 11.9 24 -11.9 24 -14.6 21 p60/15>p42/13
        oval 0 24 11.9 2 p42/13
        oval 0 -1 17 4.2 p75/10
        oval 0 -.4 15.3 3.2 p30/6>p38/7
        ~ rect -12.2 5 2.2 13 2 w@35
        """,
    "bottle": """
        rect -12 -10 24 35.5 4.5 p60/15>p42/13
        rect -6 -15.5 12 7 .8 p70/10
        rect -7.4 -23 14.9 8.5 1.4 a80/13>a62/13
        rect -8.6 1 17.3 15 1 p97/2
        rect -4.8 4.5 9.6 1.1 1 p50/10@80
        rect -6 7.7 12 1.1 1 p50/10@80
        rect -3.3 10.9 6.6 1.1 1 p50/10@80
        ~ rect -9.8 -7 2 26 2 w@35
        """,
    "tile": """
        shadow -30 -27 60 60 14 3.5 w
        rect -30 -30 60 60 14 p68/17>p50/18/25
        oval -3 -3 21.6 21.6 w@10
        """,
    "glyph heart": """
        | oval -8.5 -6 9.3 9.3 paper
        poly -15.7 -.1 -8.5 -6 8.5 -6 15.7 -.1 0 19 paper
        ~ oval 8 -6 2.6 2.6 a80/14
        """,
    "glyph leaf": """
        blob -13 13 -15 2 -12 -8 -4 -15 6 -18 17 -18 17 -8 14 3 8 11 -2 15 paper
        blob -13 13 -5 5 5 -6 17 -18 17 -8 14 3 8 11 -2 15 a86/13@85
        line 1.4 -18 18 -11 11 4 -5 p50/16
        """,
    "glyph bolt": "poly 3 -20 -13 3 -1 3 -4 20 13 -4 1 -4 paper>a86/13",
    "glyph stack": """
        poly 0 22 -18 11 0 0 18 11 a86/13@60
        poly 0 14 -18 3 0 -8 18 3 paper@60
        poly 0 6 -18 -5 0 -16 18 -5 paper@90
        """,
    "glyph talk": """
        rect -16 -15 32 24 7 paper
        poly -9 6 -9 17 3 7 paper
        oval -8 -3 2.5 2.5 p58/16
        oval 0 -3 2.5 2.5 a80/14
        oval 8 -3 2.5 2.5 p58/16
        """,
    "glyph sun": """
        oval 0 0 9 9 a86/13
        | poly -13 -3 -13 3 -20 0 paper
        poly -3 -13 3 -13 0 -20 paper
        poly -3 13 3 13 0 20 paper
        | poly -7 -11.3 -11.3 -7 -14 -14 paper
        | poly -7 11.3 -11.3 7 -14 14 paper
        """,
    "login": """
        oval 50 15 8.5 8.5 p68/16>p50/17/20
        oval 50 15 3.5 3.5 w
        rect 32 28 36 2.6 2 line
        rect 16 38 68 10 2 edge
        rect 16.4 38.5 67.2 9 2 field
        oval 20.5 43 1.8 1.8 p60/12
        rect 25 42.2 28 1.7 2 line@70
        rect 16 52.5 68 10 2 edge
        rect 16.4 53 67.2 9 2 field
        oval 20.5 57.5 1.8 1.8 p60/12
        rect 25 56.7 20 1.7 2 line@70
        rect 16 69 68 10 2 p62/17>p54/18
        rect 41 73.2 18 1.7 2 w
        |50 oval 39 87.5 3.2 3.2 p80/6
        oval 50 87.5 3.2 3.2 a75/14
        """,
    "dashboard": """
        rect 0 0 16 100 0 side
        rect 1.6 14 12.8 6 1.5 p60/16
        oval 4 8.5 1.3 1.3 line
        rect 6 7.6 6 1.8 2 line@70
        oval 4 17 1.3 1.3 w
        rect 6 16.1 5 1.8 2 w
        oval 4 25.5 1.3 1.3 line
        rect 6 24.6 6 1.8 2 line@70
        oval 4 34 1.3 1.3 line
        rect 6 33.1 4 1.8 2 line@70
        oval 4 42.5 1.3 1.3 line
        rect 6 41.6 5.4 1.8 2 line@70
        rect 18.5 3.5 24.7 20 2 card
        rect 20.8 7.5 10 2 2 line@70
        rect 20.8 13 8.4 5.2 .8 type
        line .8 32 18 34 16 36 16.6 38 12 40 10.5 p62/17
        rect 45.7 3.5 24.7 20 2 card
        rect 48 7.5 10 2 2 line@70
        rect 48 13 8.4 5.2 .8 type
        line .8 59 16 61 17 63 12 65 13 67.4 9 a72/16
        rect 72.8 3.5 24.7 20 2 card
        rect 75.1 7.5 10 2 2 line@70
        rect 75.1 13 8.4 5.2 .8 type
        line .8 86 11 88 10 90 14 92 13 94.8 17 p70/14/40
        rect 18.5 27 49 69.5 2 card
        rect 21 32 12 2 2 line@70
        rect 70 27 27.5 69.5 2 card
        pie 83.7 52 14 14 -90 115 p60/16
        pie 83.7 52 14 14 115 200 a74/15
        pie 83.7 52 14 14 200 270 p82/7
        oval 83.7 52 8.4 8.4 card
        rect 74 77 16 1.6 2 line@70
        rect 74 81 19.5 1.6 2 line@40
        rect 74 85 12 1.6 2 line@40
        """,
    "landing": """
        oval 8 6 2.2 2.2 p60/17
        rect 65 5 7.5 1.7 2 line@70
        rect 75.5 5 7.5 1.7 2 line@70
        rect 86 5 7.5 1.7 2 line@70
        rect 6 11 88 45 3 p66/15>p48/16/30
        oval 74 34 13 13 a82/14
        ~ oval 65 40 6.5 6.5 w@85
        ~ rect 75 20 12 10 2 w@60
        rect 12 21 36 4 1 w
        rect 12 28 28 4 1 w
        rect 12 36 31 1.6 2 w@55
        rect 12 43 17 6.5 1.4 a82/14
        rect 6 60 27.3 35 2 card
        rect 9 64 7 9.5 2 p64/16
        rect 9 78 13 2.6 2 type@85
        rect 9 84 21 1.7 2 line@40
        rect 9 88 17 1.7 2 line@40
        rect 36.3 60 27.3 35 2 card
        rect 39.3 64 7 9.5 2 a76/14
        rect 39.3 78 13 2.6 2 type@85
        rect 39.3 84 21 1.7 2 line@40
        rect 39.3 88 17 1.7 2 line@40
        rect 66.6 60 27.3 35 2 card
        rect 69.6 64 7 9.5 2 p74/12/50
        rect 69.6 78 13 2.6 2 type@85
        rect 69.6 84 21 1.7 2 line@40
        rect 69.6 88 17 1.7 2 line@40
        """,
    "phone": """
        oval 14 6 4.5 4.5 a80/12
        rect 24 4.2 30 2 2 type@85
        rect 24 7 20 1.2 2 line@50
        rect 7 13 86 30 5 p66/15>p48/16/30
        ~ oval 74 27 15 15 a82/14
        rect 13 19 36 2.6 1 w
        rect 13 24 26 2.6 1 w
        rect 13 35 24 4.4 4 a82/14
        rect 7 46 41.5 20 4 card
        rect 12 49 14 7 3 p64/16
        rect 12 59.5 22 1.6 2 type@85
        rect 12 62.5 30 1 2 line@50
        rect 51.5 46 41.5 20 4 card
        rect 56.5 49 14 7 3 a76/14
        rect 56.5 59.5 22 1.6 2 type@85
        rect 56.5 62.5 30 1 2 line@50
        rect 7 68.5 86 8.5 3 card
        oval 16 72.7 4.6 4.6 p74/12/50
        rect 26 71 34 1.4 2 type@85
        rect 26 74 46 1 2 line@50
        rect 7 79 86 8.5 3 card
        oval 16 83.2 4.6 4.6 p60/15
        rect 26 81.5 28 1.4 2 type@85
        rect 26 84.5 50 1 2 line@50
        rect 0 91 100 .2 0 line@50
        oval 20 95.3 3.4 3.4 p60/17
        oval 40 95.3 3.4 3.4 line@40
        oval 60 95.3 3.4 3.4 line@40
        oval 80 95.3 3.4 3.4 line@40
        """,
    "boat": """
        poly -5 -100 -5 -12 -55 -12 p96/2
        poly 3 -85 3 -12 42 -12 a72/17
        poly -60 -5 55 -5 35 14 -42 14 p25/5
        """,
}


def wave(phase: float) -> float:
    return sin(2 * pi * phase)


def paint(code: str, p: Palette, names: Mapping[str, Fill]) -> tuple[Fill, float]:
    """A paint's fill and opacity."""
    code, _, alpha = code.partition("@")

    def tone(one: str) -> RGB:
        known = names.get(one)
        if known is not None:
            return known if isinstance(known[0], int) else known[0]  # pyright: ignore[reportReturnType]
        if one == "w":
            return 255, 255, 255
        light, chroma, *shift = (float(n) for n in one[1:].split("/"))
        if one[0] == "a":
            return p.pop(light / 100, chroma / 100)
        return p.tone(light / 100, chroma / 100, *shift)

    top, _, bottom = code.partition(">")
    return ((tone(top), tone(bottom)) if bottom else tone(top)), float(alpha or 100) / 100


def figure(
    c: Canvas,
    name: str,
    p: Palette,
    at: tuple[float, float],
    size: tuple[float, float],
    t: float = 0,
    **names: Fill,
) -> None:
    """Draw ART[name] with its origin at `at`, 100 units being `size` wide and high."""
    sx, sy, s = size[0] / 100, size[1] / 100, min(size) / 100
    for row in filter(None, map(str.strip, ART[name].splitlines())):
        words = row.split()
        flags = words.pop(0) if words[0][0] in "|~" else ""
        axis = float(flags.strip("|~") or 0)
        shape, *numbers = words[:-1]
        fill, alpha = paint(words[-1], p, names)
        n = [float(v) for v in numbers]
        swing = 1.2 * wave(t) if "~" in flags else 0.0
        for mirror in (False, True) if "|" in flags else (False,):
            stroke(c, shape, n, at, (sx, sy, s), (axis if mirror else None, swing), fill, alpha)


def stroke(
    c: Canvas,
    shape: str,
    n: list[float],
    at: tuple[float, float],
    scale: tuple[float, float, float],
    moved: tuple[float | None, float],
    fill: Fill,
    alpha: float,
) -> None:
    """One row, or its mirror over the axis `moved[0]`."""
    sx, sy, s = scale
    axis, swing = moved

    def x(v: float) -> float:
        return at[0] + ((v if axis is None else 2 * axis - v) + swing) * sx

    def y(v: float) -> float:
        return at[1] + v * sy

    if shape == "oval":
        c.oval(x(n[0]), y(n[1]), n[2] * s, n[3] * s, fill, alpha)
    elif shape == "pie":
        c.pie(x(n[0]), y(n[1]), n[2] * s, n[3] * s, n[4], n[5], fill, alpha)
    elif shape == "rect":
        left = x(n[0]) if axis is None else x(n[0]) - n[2] * sx
        c.rect(left, y(n[1]), n[2] * sx, n[3] * sy, n[4] * s, fill, alpha)
    elif shape == "shadow":
        c.shadow(x(n[0]), y(n[1]), n[2] * sx, n[3] * sy, n[4] * s, n[5] * s)
    elif shape == "line":
        c.line([(x(a), y(b)) for a, b in zip(n[1::2], n[2::2], strict=True)], n[0] * s, fill, alpha)
    elif shape == "blob":
        c.poly(rounded([(x(a), y(b)) for a, b in zip(n[::2], n[1::2], strict=True)]), fill, alpha)
    else:
        c.poly([(x(a), y(b)) for a, b in zip(n[::2], n[1::2], strict=True)], fill, alpha)


def rounded(corners: list[Point]) -> list[Point]:
    """The closed Catmull-Rom curve through the corners, eight steps from one to the next."""

    def between(a: float, b: float, c: float, d: float, k: float) -> float:
        return b + k / 2 * (c - a + k * (2 * a - 5 * b + 4 * c - d + k * (3 * (b - c) + d - a)))

    count = len(corners)
    out: list[Point] = []
    for i in range(count):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (corners[(i + s) % count] for s in (-1, 0, 1, 2))
        steps = [j / 8 for j in range(8)]
        out += [(between(ax, bx, cx, dx, k), between(ay, by, cy, dy, k)) for k in steps]
    return out

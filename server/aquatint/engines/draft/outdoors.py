"""Landscapes of the draft engine: sky, sea, mountains, forests, hills, cities."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import ImageDraw

from .art import figure, wave
from .canvas import RGB, Canvas, Fill, Point, sticker
from .vocabulary import Palette

Layer = Callable[[float], tuple[RGB, RGB]]  # how near, 0-1, to its tones


def outdoors(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """Sky, then layers that darken towards the viewer."""
    sky(c, p, dice, t)
    far, near = {"night": (0.4, 0.2), "dusk": (0.62, 0.3)}.get(p.time, (0.8, 0.45))

    def layer(share: float) -> tuple[RGB, RGB]:
        light, turn = far + (near - far) * share, -30 if p.time == "dusk" else 0
        return p.tone(light, 0.085, turn), p.tone(light - 0.09, 0.085, turn)

    draw = {"mountain": mountains, "sea": water, "city": skyline, "forest": forest}
    draw.get(kind, hills)(c, p, dice, t, layer)
    c.glow(c.width / 2, c.height * 1.15, max(c.size) * 0.6, p.tone(0.14, 0.05), 0.25)
    if c.clear:
        sticker(c.image)


def sky(c: Canvas, p: Palette, dice: Random, t: float) -> None:
    """Backdrop, sun or moon with its glow, stars or clouds; lit even on a clear ground."""
    w, h, u, night, dusk = *c.size, c.unit, p.time == "night", p.time == "dusk"
    x = w * dice.uniform(0.32, 0.7) + u * 0.04 * wave(t)
    y = h * (0.26 if night else 0.47 if dusk else 0.24) + u * 0.06 * wave(t + 0.25)
    top: Fill = (
        (p.tone(0.22, 0.09), p.tone(0.46, 0.12))
        if night
        else (p.tone(0.76, 0.1), p.tone(0.95, 0.04))
    )
    c.rect(0, 0, w, h, 0, (p.tone(0.55, 0.15, -45), p.pop(0.88, 0.11)) if dusk else top)
    for _ in range(60 if night else 0):
        size = max(0.7, dice.uniform(0.0012, 0.0035) * u)
        c.oval(
            dice.random() * w,
            dice.random() * h * 0.6,
            size,
            size,
            (255, 252, 235),
            0.6 + 0.35 * wave(t + dice.random()),
        )
    if dusk:
        c.glow(x, y, u * 0.75, p.tone(0.72, 0.17), 0.6)
    c.glow(x, y, u * 0.4, p.pop(0.85, 0.08) if night else (255, 248, 226), 0.5)
    size = u * (0.085 if night else 0.12 if dusk else 0.075)
    c.oval(x, y, size, size, (p.pop(0.98, 0.03), p.pop(0.9, 0.08)))
    for dx, dy, r in (
        ((-0.03, -0.02, 0.018), (0.03, 0.025, 0.013), (0.01, -0.045, 0.009)) if night else ()
    ):
        c.oval(x + dx * u, y + dy * u, r * u, r * u, p.pop(0.86, 0.06), 0.7)
    for i in range(0 if night else 3):
        cloud(
            c,
            (dice.random() * w + u * 0.05 * (i + 1) * wave(t), h * dice.uniform(0.07, 0.34)),
            u * dice.uniform(0.03, 0.05),
            p.tone(0.86, 0.08) if dusk else (255, 255, 255),
        )


def cloud(c: Canvas, at: Point, s: float, fill: RGB) -> None:
    x, y = at

    def draw(pen: ImageDraw.ImageDraw, k: float, left: float, top: float) -> None:
        for dx, dy, wide, high in (
            (-3.4, -0.5, 6.8, 1),
            (-2.2, -1.4, 2.6, 1.9),
            (-0.6, -2.1, 3.2, 2.6),
        ):
            box = [
                (x + dx * s - left) * k,
                (y + dy * s - top) * k,
                (x + (dx + wide) * s - left) * k,
                (y + (dy + high) * s - top) * k,
            ]
            pen.rounded_rectangle(box, high * s * k / 2, fill=255)

    c.shape((x - 3.5 * s, y - 2.2 * s, x + 3.5 * s, y + 0.6 * s), draw, fill, 0.55)


def ridge(c: Canvas, dice: Random, base: float, rise: float) -> list[Point]:
    """A closed rolling line at `base`, `rise` shares of the height."""
    w, h = c.size
    a, b = dice.random(), dice.random()
    one, two = dice.uniform(0.5, 0.9) * w / h, dice.uniform(1.1, 1.9) * w / h
    steps = [i / 90 for i in range(91)]
    line = [
        (w * k, h * (base - rise * (0.6 * wave(k * one + a) + 0.3 * wave(k * two + b))))
        for k in steps
    ]
    return [*line, (w, h), (0, h)]


def mountains(c: Canvas, p: Palette, dice: Random, t: float, layer: Layer) -> None:
    w, h = c.size
    for i, (base, rise, snow) in enumerate(((0.66, 0.42, True), (0.74, 0.3, False))):
        count = 3 + round(3 * w / h)
        peaks = [
            (w * (k + dice.uniform(-0.25, 0.25)) / count,
             h * (base - rise * (dice.uniform(0.55, 1) if k % 2 else dice.uniform(0, 0.35))))
            for k in range(-1, count + 2)
        ]  # fmt: skip
        tone = layer(0.15 + 0.35 * i)
        c.poly([*peaks, (w * 1.2, h), (-w * 0.2, h)], tone)
        for (ax, ay), (x, y), (bx, by) in zip(peaks, peaks[1:], peaks[2:], strict=False):
            if y < ay and y < by:  # a summit: its shaded side, and snow
                c.poly([(x, y), (bx, by), (x + (bx - x) * 0.22, by)], tone[1], 0.7)
                left, right = (
                    (x + (ax - x) * 0.36, y + (ay - y) * 0.36),
                    (x + (bx - x) * 0.36, y + (by - y) * 0.36),
                )
                hem = y + max(left[1] - y, right[1] - y) * 0.62
                cap = [
                    (x, y),
                    right,
                    (x + (right[0] - x) * 0.4, hem),
                    (x, (left[1] + right[1]) / 2),
                    (x + (left[0] - x) * 0.45, hem),
                    left,
                ]
                c.poly(cap, p.tone(0.8 if p.time == "night" else 0.97, 0.02), 1.0 if snow else 0.0)
    c.poly(ridge(c, dice, 0.82, 0.06), layer(0.75))
    trees(c, dice, layer(1)[0], 0.93, 0.12, 26)
    c.poly(ridge(c, dice, 0.95, 0.02), layer(1))


def forest(c: Canvas, p: Palette, dice: Random, t: float, layer: Layer) -> None:
    for i in range(4):
        trees(c, dice, layer(0.1 + 0.3 * i)[0], 0.7 + 0.1 * i, 0.2 + 0.06 * i, 30 - 6 * i)
        c.poly(ridge(c, dice, 0.68 + 0.1 * i, 0.03), layer(0.1 + 0.3 * i))


def hills(c: Canvas, p: Palette, dice: Random, t: float, layer: Layer) -> None:
    for i in range(5):
        c.poly(ridge(c, dice, 0.62 + 0.085 * i, 0.055), layer(0.1 + 0.22 * i))
        if i == 2 and not 60 < p.hue < 80:  # none in the desert
            trees(c, dice, layer(0.75)[1], 0.8, 0.06, 7)


def trees(c: Canvas, dice: Random, fill: RGB, base: float, tall: float, count: int) -> None:
    for _ in range(round(count * max(1, c.width / c.height / 1.2))):
        x, y, high = (
            dice.random() * c.width,
            c.height * base,
            c.height * tall * dice.uniform(0.5, 1),
        )
        for k in (0.0, 0.26, 0.5):
            half, foot = high * (0.1 + 0.2 * k), y - high * (0.62 - k)
            c.poly([(x, y - high * (1 - k * 0.9)), (x + half, foot), (x - half, foot)], fill)
        c.rect(x - high * 0.02, y - high * 0.2, high * 0.04, high * 0.24, 0, fill)


def water(c: Canvas, p: Palette, dice: Random, t: float, layer: Layer) -> None:
    w, h, u, dusk = *c.size, c.unit, p.time == "dusk"
    deep = 0.24 if p.time == "night" else 0.36 if dusk else 0.46
    y0 = h * 0.6
    c.poly(ridge(c, dice, 0.6, 0.05), p.tone(deep + 0.24, 0.07), 0.8)
    c.rect(
        0,
        y0,
        w,
        h - y0,
        0,
        (
            p.pop(0.8, 0.11) if dusk else p.tone(deep + 0.3, 0.1),
            p.tone(deep, 0.11, -20 if dusk else 0),
        ),
    )
    sun = w * dice.uniform(0.35, 0.65)
    for i in range(26):
        k = i / 26
        half = u * (0.03 + 0.17 * k) * dice.uniform(0.4, 1.1)
        x = sun + u * 0.05 * dice.uniform(-1, 1) + u * 0.025 * wave(t + k * 3)
        c.rect(
            x - half,
            y0 + (h - y0) * k**1.35,
            half * 2,
            max(1.5, u * 0.008 * (0.4 + k)),
            u,
            (255, 250, 228),
            0.5,
        )
    for i in range(4):
        k = (i + 1) / 5
        y, high, long, phase = (
            y0 + (h - y0) * (k + 0.06),
            u * 0.012 * (1 + 2 * k),
            u * (0.2 + 0.14 * i),
            dice.random() + t,
        )
        crest = [(x, y + high * wave(x / long + phase)) for x in range(0, w + 8, max(2, w // 160))]
        c.poly(
            [*crest, (w, h), (0, h)],
            (p.tone(deep + 0.16 * (1 - k), 0.11), p.tone(deep - 0.06, 0.1)),
            0.55,
        )
    at = (w * 0.22 + u * 0.05 * wave(t), y0 + (h - y0) * 0.2 + u * 0.006 * wave(2 * t))
    figure(c, "boat", p, at, (u * 0.13, u * 0.13))


def skyline(c: Canvas, p: Palette, dice: Random, t: float, layer: Layer) -> None:
    h, u, lit = c.height, c.unit, p.time != "day"
    window = p.pop(0.9, 0.12) if lit else p.tone(0.95, 0.03)
    for depth in range(3):
        fill, x = layer(0.2 + 0.4 * depth), -u * 0.05
        while x < c.width:
            wide, high = (
                u * dice.uniform(0.07, 0.15),
                h * (0.63 + 0.16 * depth) * dice.uniform(0.25, 0.62),
            )
            y, roof = h - high, dice.random()
            c.rect(x, y, wide + 1, high, 0, fill)
            if roof < 0.2:
                c.poly([(x, y + 1), (x + wide / 2, y - wide * 0.5), (x + wide, y + 1)], fill[0])
            elif roof < 0.4:
                c.rect(
                    x + wide * 0.45, y - wide * 0.8, max(1.5, wide * 0.06), wide * 0.85, 0, fill[0]
                )
            for row in range(int(high / wide * 3.3) if depth else 0):
                for column in range(3):
                    if dice.random() < 0.5:
                        at = x + wide * (0.14 + column * 0.27), y + wide * (0.16 + row * 0.3)
                        c.rect(*at, wide * 0.16, wide * 0.18, 0, window, 0.85 if lit else 0.45)
            x += wide + u * dice.choice((0, 0, 0.012, 0.03))

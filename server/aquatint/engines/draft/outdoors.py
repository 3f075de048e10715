"""Landscapes of the draft engine: sky, sea, mountains, forests, hills, cities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from .canvas import RGB, Canvas, Fill, Point, sticker
from .colours import Palette
from .figures import figure, wave

Layer = Callable[[float], tuple[RGB, RGB]]  # how near, 0-1, to its tones


def outdoors(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """Sky, then layers that darken towards the viewer."""
    if p.time == "night":  # moon and windows are warm
        p = replace(p, accent=85, accent_chroma=0.8)
    sky(c, p, dice, t)
    far, near = {"night": (0.4, 0.2), "dusk": (0.62, 0.3)}.get(p.time, (0.8, 0.45))
    dim = 0.6 if p.dark and p.time == "dusk" else 1

    def layer(share: float) -> tuple[RGB, RGB]:
        light, turn = (far + (near - far) * share) * dim, -30 if p.time == "dusk" else 0
        return p.tone(light, 0.085, turn), p.tone(light - 0.09, 0.085, turn)

    if kind in {"sea", "lighthouse"}:
        water(c, p, dice, t)
        at, size = (c.width * (0.22 + 0.03 * wave(t)), c.height * 0.68), c.unit * 0.13
        if kind == "lighthouse":
            at, size = (c.width * 0.2, c.height * 0.84), c.unit * 0.42
        names = {"beam": p.pop(0.95, 0.08), "rock": layer(0.9)[0], "shade": layer(1)[1]}
        figure(c, "boat" if kind == "sea" else kind, p, at, (size, size), t, names)
    else:
        draw = {"mountain": mountains, "city": skyline, "forest": forest}.get(kind, hills)
        draw(c, p, dice, layer)
    c.glow(c.width / 2, c.height * 1.15, max(c.size) * 0.6, p.tone(0.14, 0.05), 0.25)
    if c.clear:
        sticker(c.image)


def sky(c: Canvas, p: Palette, dice: Random, t: float) -> None:
    """Backdrop, sun or moon with its glow, stars or clouds; lit even on a clear ground."""
    w, h, u, night, dusk = *c.size, c.unit, p.time == "night", p.time == "dusk"
    x = w * dice.uniform(0.32, 0.7) + u * 0.04 * wave(t)
    y = h * (0.26 if night else 0.47 if dusk else 0.24) + u * 0.06 * wave(t + 0.25)
    top: Fill = (p.tone(0.76, 0.1), p.tone(0.95, 0.04))
    if night:
        top = p.tone(0.22, 0.09), p.tone(0.42, 0.12)
    elif dusk and p.dark:
        top = p.tone(0.2, 0.1, -45), p.pop(0.45, 0.1)
    elif dusk:
        top = p.tone(0.55, 0.15, -45), p.pop(0.88, 0.11)
    c.rect(0, 0, w, h, 0, top)
    for _ in range(60 if night else 0):
        size = max(0.7, dice.uniform(0.0012, 0.0035) * u)
        at, shine = (dice.random() * w, dice.random() * h * 0.6), wave(t + dice.random())
        c.oval(*at, size, size, (255, 252, 235), 0.6 + 0.35 * shine)
    if dusk:
        c.glow(x, y, u * 0.75, p.tone(0.72, 0.17), 0.6)
    c.glow(x, y, u * 0.4, p.pop(0.85, 0.08) if night else (255, 248, 226), 0.5)
    if night:
        figure(c, "moon", p, (x, y), (u * 0.085, u * 0.085))
    else:
        size = u * (0.12 if dusk else 0.075)
        c.oval(x, y, size, size, (p.pop(0.98, 0.03), p.pop(0.9, 0.08)))
    for i in range(0 if night else 3):
        drift = u * 0.05 * (i + 1) * wave(t)
        at = dice.random() * w + drift, h * dice.uniform(0.07, 0.34)
        size = u * dice.uniform(0.3, 0.5)
        white = p.tone(0.86, 0.08) if dusk else (255, 255, 255)
        figure(c, "cloud", p, at, (size, size), t, {"paint": white})


def ridge(c: Canvas, dice: Random, base: float, rise: float) -> list[Point]:
    """A closed rolling line at `base`, `rise` shares of the height."""
    w, h = c.size
    a, b = dice.random(), dice.random()
    one, two = dice.uniform(0.5, 0.9) * w / h, dice.uniform(1.1, 1.9) * w / h
    steps = [i / 90 for i in range(91)]
    swell = [rise * (0.6 * wave(k * one + a) + 0.3 * wave(k * two + b)) for k in steps]
    return [*((w * k, h * (base - up)) for k, up in zip(steps, swell, strict=True)), (w, h), (0, h)]


def mountains(c: Canvas, p: Palette, dice: Random, layer: Layer) -> None:
    w, h = c.size
    for i, (base, rise) in enumerate(((0.66, 0.42), (0.74, 0.3))):
        count = 3 + round(3 * w / h)
        tall = [dice.uniform(0.55, 1) if k % 2 else dice.uniform(0, 0.35) for k in range(count + 3)]
        peaks = [
            (w * (k - 1 + dice.uniform(-0.25, 0.25)) / count, h * (base - rise * up))
            for k, up in enumerate(tall)
        ]
        tone = layer(0.15 + 0.35 * i)
        c.poly([*peaks, (w * 1.2, h), (-w * 0.2, h)], tone)
        for (ax, ay), (x, y), (bx, by) in zip(peaks, peaks[1:], peaks[2:], strict=False):
            if y >= ay or y >= by:
                continue
            c.poly([(x, y), (bx, by), (x + (bx - x) * 0.22, by)], tone[1], 0.7)
            if i == 0:  # snow on the far summits
                slopes = (
                    (ax, ay, 0.36),
                    (ax, ay, 0.16),
                    (x, ay, 0.3),
                    (bx, by, 0.16),
                    (bx, by, 0.36),
                )
                dips = (1, 1.4, 1, 1.4, 1)
                cap = [
                    (x + (sx - x) * k, y + (sy - y) * k * dip)
                    for (sx, sy, k), dip in zip(slopes, dips, strict=True)
                ]
                c.poly([(x, y), *cap], p.tone(0.8 if p.time == "night" else 0.97, 0.02))
    c.poly(ridge(c, dice, 0.82, 0.06), layer(0.75))
    trees(c, dice, layer(1)[0], 0.93, 0.12, 26)
    c.poly(ridge(c, dice, 0.95, 0.02), layer(1))


def forest(c: Canvas, p: Palette, dice: Random, layer: Layer) -> None:
    for i in range(4):
        trees(c, dice, layer(0.1 + 0.3 * i)[0], 0.7 + 0.1 * i, 0.2 + 0.06 * i, 30 - 6 * i)
        c.poly(ridge(c, dice, 0.68 + 0.1 * i, 0.03), layer(0.1 + 0.3 * i))


def hills(c: Canvas, p: Palette, dice: Random, layer: Layer) -> None:
    for i in range(5):
        c.poly(ridge(c, dice, 0.62 + 0.085 * i, 0.055), layer(0.1 + 0.22 * i))
        if i == 2 and not 60 < p.hue < 80:  # none in the desert
            trees(c, dice, layer(0.75)[1], 0.8, 0.06, 7)


def trees(c: Canvas, dice: Random, fill: RGB, base: float, tall: float, count: int) -> None:
    for _ in range(round(count * max(1, c.width / c.height / 1.2))):
        x, y = dice.random() * c.width, c.height * base
        high = c.height * tall * dice.uniform(0.5, 1)
        for k in (0.0, 0.26, 0.5):
            half, foot = high * (0.1 + 0.2 * k), y - high * (0.62 - k)
            c.poly([(x, y - high * (1 - k * 0.9)), (x + half, foot), (x - half, foot)], fill)
        c.rect(x - high * 0.02, y - high * 0.2, high * 0.04, high * 0.24, 0, fill)


def water(c: Canvas, p: Palette, dice: Random, t: float) -> None:
    w, h, u, dusk = *c.size, c.unit, p.time == "dusk"
    deep = 0.24 if p.dark else 0.36 if dusk else 0.46
    y0, sun = h * 0.6, w * dice.uniform(0.35, 0.65)
    c.poly(ridge(c, dice, 0.6, 0.05), p.tone(deep + 0.24, 0.07), 0.8)
    top = p.pop(0.4 if p.dark else 0.8, 0.11) if dusk else p.tone(deep + 0.3, 0.1)
    c.rect(0, y0, w, h - y0, 0, (top, p.tone(deep, 0.11, -20 if dusk else 0)))
    for i in range(26):
        k = i / 26
        half = u * (0.03 + 0.17 * k) * dice.uniform(0.4, 1.1)
        x = sun + u * 0.05 * dice.uniform(-1, 1) + u * 0.025 * wave(t + k * 3)
        at = x - half, y0 + (h - y0) * k**1.35
        c.rect(*at, half * 2, max(1.5, u * 0.008 * (0.4 + k)), u, (255, 250, 228), 0.5)
    for i in range(4):
        k = (i + 1) / 5
        y, high, long = y0 + (h - y0) * (k + 0.06), u * 0.012 * (1 + 2 * k), u * (0.2 + 0.14 * i)
        phase = dice.random() + t
        crest = [(x, y + high * wave(x / long + phase)) for x in range(0, w + 8, max(2, w // 160))]
        fill = p.tone(deep + 0.16 * (1 - k), 0.11), p.tone(deep - 0.06, 0.1)
        c.poly([*crest, (w, h), (0, h)], fill, 0.55)


def skyline(c: Canvas, p: Palette, dice: Random, layer: Layer) -> None:
    h, u, lit = c.height, c.unit, p.time != "day"
    window = p.pop(0.9, 0.12) if lit else p.tone(0.95, 0.03)
    for depth in range(3):
        fill, x = layer(0.2 + 0.4 * depth), -u * 0.05
        while x < c.width:
            wide = u * dice.uniform(0.07, 0.15)
            high = h * (0.63 + 0.16 * depth) * dice.uniform(0.25, 0.62)
            y, roof = h - high, dice.random()
            c.rect(x, y, wide + 1, high, 0, fill)
            if roof < 0.2:
                c.poly([(x, y + 1), (x + wide / 2, y - wide * 0.5), (x + wide, y + 1)], fill[0])
            elif roof < 0.4:
                mast = max(1.5, wide * 0.06)
                c.rect(x + wide * 0.45, y - wide * 0.8, mast, wide * 0.85, 0, fill[0])
            for row in range(int(high / wide * 3.3) if depth else 0):
                for column in range(3):
                    if dice.random() < 0.5:
                        at = x + wide * (0.14 + column * 0.27), y + wide * (0.16 + row * 0.3)
                        c.rect(*at, wide * 0.16, wide * 0.18, 0, window, 0.85 if lit else 0.45)
            x += wide + u * dice.choice((0, 0, 0.012, 0.03))

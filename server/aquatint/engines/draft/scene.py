"""The compositions of the draft engine: one function per family of subjects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import cos, pi, sin
from random import Random

from .art import figure, wave
from .canvas import Canvas, Fill, Point, sticker
from .outdoors import outdoors
from .vocabulary import Palette, oklch


def disc(x: float, y: float, r: float, sides: int, turn: float = 0, dent: float = 1) -> list[Point]:
    """A regular polygon; every other corner at `dent` of the radius (a star below 1)."""
    return [
        (x + cos(a) * r * k, y + sin(a) * r * k)
        for i in range(sides)
        for a, k in [(2 * pi * i / sides + turn, dent if i % 2 else 1)]
    ]


# -- in the studio


def stage(c: Canvas, p: Palette, t: float) -> None:
    """A wall in the palette with a big quiet disc and a light that wanders."""
    top = 0.3 if p.dark else 0.93
    c.backdrop((p.tone(top, 0.05), p.tone(top - 0.12, 0.08)))
    if not c.clear:
        c.glow(
            c.width * (0.35 + 0.1 * wave(t)),
            c.height * 0.3,
            c.unit * 0.7,
            p.tone(min(0.99, top + 0.12), 0.03),
            0.7,
        )
    r = c.unit * (0.37 + 0.006 * wave(t + 0.25))
    c.oval(c.width / 2, c.height * 0.46, r, r, (p.pop(0.82, 0.1), p.pop(0.7, 0.13)))


def product(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    stage(c, p, t)
    u, at = c.unit, (c.width / 2, c.height / 2)
    figure(c, "stand", p, at, (u, u))
    figure(c, kind, p, at, (u, u), t)
    for i in (-1, 0, 1) if kind == "cup" else ():
        steam = [
            (
                at[0] + u * (i * 0.06 + 0.016 * wave(k / 9 + t + i * 0.2)),
                at[1] - u * (0.06 + 0.013 * k),
            )
            for k in range(10)
        ]
        c.line(steam, u * 0.012, (255, 255, 255), 0.5)


def creature(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """A cat, a dog or a person from the front."""
    stage(c, p, t)
    u, at = (
        c.unit,
        (c.width / 2 + c.unit * 0.012 * wave(t), c.height * (0.43 if kind == "person" else 0.46)),
    )
    fur = p if p.named else Palette(dice.uniform(45, 75), p.accent, dice.choice((0.4, 0.9)))
    skin, light = dice.uniform(48, 66), dice.choice((0.83, 0.72, 0.6, 0.48))
    names: dict[str, Fill] = {
        "fur": fur.tone(0.66, 0.13), "deep": fur.tone(0.42, 0.11), "pale": fur.tone(0.93, 0.04),
        "shade": fur.tone(0.52, 0.12), "ink": (38, 32, 36),
    }  # fmt: skip
    if kind == "person":
        hair = oklch(dice.choice((0.24, 0.32, 0.42)), 0.05, skin)
        names |= {
            "skin": oklch(light, 0.07, skin),
            "shade": oklch(light - 0.09, 0.075, skin),
            "hair": hair,
            "smile": (120, 50, 56),
        }
        if dice.random() < 0.5:
            c.rect(at[0] - u * 0.165, at[1] - u * 0.2, u * 0.33, u * 0.46, u * 0.16, hair)
    figure(c, kind, p, at, (u, u), t, **names)


def flower(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    if not p.named:
        p = replace(p, hue=float(dice.choice((355, 20, 305, 65))), accent=85, chroma=1)
    stage(c, p, t)
    u, leaf = c.unit, Palette(145, 0)
    foot = (c.width / 2, c.height + 2.0)
    for i, (dx, dy, size) in enumerate(((-0.19, 0.02, 0.1), (0.2, -0.02, 0.11), (0, -0.1, 0.15))):
        x, y, r = (
            c.width / 2 + u * (dx + 0.012 * wave(t + i / 3)),
            c.height * 0.44 + dy * u,
            size * u,
        )
        bend = [
            (foot[0] + (x - foot[0]) * k**0.6, foot[1] + (y - foot[1]) * k)
            for k in (j / 14 for j in range(15))
        ]
        c.line(bend, u * 0.014, leaf.tone(0.5, 0.12))
        (lx, ly), s = bend[6], u * (-0.13 if i == 1 else 0.13)
        c.poly(
            [
                (lx, ly),
                (lx + s * 0.38, ly - u * 0.055),
                (lx + s, ly - u * 0.06),
                (lx + s * 0.6, ly),
            ],
            (leaf.tone(0.62, 0.13), leaf.tone(0.48, 0.12)),
        )
        for ring, (far, wide, tone) in enumerate(((0.72, 0.52, 0.62), (0.45, 0.42, 0.74))):
            for k in range(8):
                a = 2 * pi * (k + ring / 2) / 8 + 0.12 * wave(t)
                c.oval(
                    x + cos(a) * r * far,
                    y + sin(a) * r * far,
                    r * wide,
                    r * wide,
                    (p.tone(tone + 0.05, 0.17), p.tone(tone - 0.04, 0.17)),
                    0.92,
                )
        c.oval(x, y, r * 0.34, r * 0.34, (p.pop(0.9, 0.13), p.pop(0.75, 0.14)))


# -- made things


def icon(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """A rounded tile with a geometric glyph."""
    low, u = 0.28 if p.dark else 0.95, c.unit
    c.backdrop((p.tone(low, 0.03), p.tone(low - 0.06, 0.04)))
    at = c.width / 2 + u * 0.008 * wave(t + 0.25), c.height * 0.45 + u * 0.02 * wave(t)
    figure(c, "tile", p, at, (u, u))
    names = ("heart", "leaf", "bolt", "stack", "talk", "sun")
    glyph = "glyph " + (kind.partition(" ")[2] or dice.choice(names))
    figure(c, glyph, p, at, (u, u), t, paper=(252, 252, 255))


def screen(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """A window (a phone where the picture is upright) on a ground in the palette."""
    w, h, u = *c.size, c.unit
    c.backdrop(
        (p.tone(0.3, 0.08), p.tone(0.22, 0.07))
        if p.dark
        else (p.tone(0.86, 0.07), p.tone(0.74, 0.11, 20))
    )
    upright = h > w * 1.2
    wide, high = (min(w * 0.78, h * 0.42), h * 0.8) if upright else (w * 0.88, h * 0.78)
    wide = min(wide, h * 0.9) if kind == "login" else wide
    x, y, r, bar = (w - wide) / 2, (h - high) * 0.36, u * (0.07 if upright else 0.022), u * 0.055
    x, y = x + u * 0.006 * wave(t + 0.25), y + u * 0.01 * wave(t)
    ground = p.tone(0.26, 0.03) if p.dark else (252, 252, 254)
    c.shadow(x, y + u * 0.02, wide, high, r, u * 0.03, 0.35)
    if upright:
        c.rect(
            x - u * 0.018,
            y - u * 0.018,
            wide + u * 0.036,
            high + u * 0.036,
            r + u * 0.018,
            p.tone(0.16, 0.02),
        )
    c.rect(x, y, wide, high, r, ground)
    for i, dot in enumerate(((255, 95, 87), (254, 188, 46), (40, 200, 64)) if not upright else ()):
        c.oval(x + bar * (0.5 + 0.38 * i), y + bar * 0.5, bar * 0.12, bar * 0.12, dot)
    c.rect(x + wide * 0.33, y + bar * 0.25, wide * 0.34, bar * 0.45, u, p.tone(0.5, 0.02), 0.2)
    names: dict[str, Fill] = {
        "card": p.tone(0.33, 0.04) if p.dark else p.tone(0.965, 0.012),
        "side": p.tone(0.2, 0.04) if p.dark else p.tone(0.95, 0.03),
        "field": p.tone(0.32, 0.03) if p.dark else (248, 248, 251),
        "type": p.tone(0.9, 0.03) if p.dark else p.tone(0.3, 0.06),
        "line": p.tone(0.62, 0.03), "edge": p.tone(0.75, 0.04),
    }  # fmt: skip
    art = (
        kind if kind != "screen" else "phone" if upright else dice.choice(("dashboard", "landing"))
    )
    figure(c, art, p, (x, y + bar), (wide, high - bar - r * 0.5), t, **names)
    for i in range(9 if art == "dashboard" else 0):
        k = (dice.uniform(0.22, 0.5) + 0.012 * i + 0.05 * wave(t + i / 9)) * high * 0.86
        fill = (
            (p.pop(0.78, 0.15), p.pop(0.66, 0.15))
            if i == 6
            else (p.tone(0.72, 0.15), p.tone(0.56, 0.16))
        )
        c.rect(x + wide * (0.21 + 0.05 * i), y + high * 0.925 - k, wide * 0.032, k, u * 0.01, fill)


def pattern(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """Square tiles: quarter rings, rosettes or triangles."""
    tones = (
        p.tone(0.93, 0.04),
        p.tone(0.72, 0.12),
        p.tone(0.52, 0.14),
        p.tone(0.35, 0.1),
        p.pop(0.8, 0.14),
    )
    cell, style = c.unit / 6, dice.randrange(3)
    for row in range(int(c.height / cell) + 1):
        for column in range(int(c.width / cell) + 1):
            x, y, pick = column * cell, row * cell, dice.randrange(4)
            a, b = dice.sample(tones, 2)
            corners = [(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)]
            swell = wave(t + (row + 2 * column) / 7)
            mid = (x + cell / 2, y + cell / 2)
            c.rect(x, y, cell + 1, cell + 1, 0, a)
            if style == 0:
                for k, tone in ((1, b), (0.5 + 0.12 * swell, a)):
                    c.pie(*corners[pick], cell * k, cell * k, pick * 90, pick * 90 + 90, tone)
            elif style == 1:
                c.poly(disc(*mid, cell * 0.5, 16, pi / 4 * t, 0.72), b)
                c.poly(disc(*mid, cell * 0.3, 8, pi / 8), a)
                c.oval(*mid, cell * 0.11, cell * 0.11, b)
            else:
                c.poly([corners[pick], corners[(pick + 1) % 4], corners[(pick + 2) % 4]], b)
                c.oval(*mid, cell * (0.16 + 0.05 * swell), cell * (0.16 + 0.05 * swell), tones[4])
    if c.clear:
        sticker(c.image)


def abstract(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """A poster of large overlapping shapes with soft shadows."""
    u, low = c.unit, 0.27 if p.dark else 0.94
    c.backdrop((p.tone(low, 0.04), p.tone(low - 0.07, 0.06)))
    tones = [
        p.tone(0.6, 0.16),
        p.tone(0.42, 0.13),
        p.pop(0.78, 0.15),
        p.tone(0.8, 0.1, 30),
        p.pop(0.6, 0.16),
    ]
    dice.shuffle(tones)
    x, y, r = (
        c.width * dice.uniform(0.4, 0.6),
        c.height * dice.uniform(0.38, 0.46),
        u * dice.uniform(0.26, 0.31),
    )
    side, turn = dice.choice((-1, 1)), dice.choice((0, 90, 180, 270)) + 14 * wave(t)
    c.oval(x, y, r, r, (tones[0], p.tone(0.5, 0.16, 40)))
    for i in range(4):
        k, start = r * (1.12 + 0.09 * i), 0.9 + 0.5 * wave(t + i / 4)
        c.line(
            [(x + cos(a) * k, y + sin(a) * k) for a in (start + 1.3 * j / 24 for j in range(25))],
            u * 0.006,
            tones[1],
            0.7,
        )
    px, py, pr = x + r * side * 0.9, y + r * dice.uniform(0.3, 0.6), r * dice.uniform(0.6, 0.72)
    for dx, tone, alpha in ((0.0, tones[2], 1.0), (0.5, tones[3], 1.0)):
        c.pie(px, py, pr * (1 - dx), pr * (1 - dx), turn, turn + 180, tone, alpha)
    bx, by = x - r * side * 0.72, y - r * dice.uniform(0.5, 0.8)
    c.shadow(bx - r * 0.3, by - r * 0.26, r * 0.6, r * 0.6, r * 0.1, u * 0.02, 0.25)
    c.poly(disc(bx, by, r * 0.42, 4, pi / 4 + t * pi / 2), (tones[4], tones[1]))
    for i in range(20):
        c.oval(
            x - r * side + (i % 5 - 2) * u * 0.03,
            y + r * 0.72 + i // 5 * u * 0.03,
            u * 0.0065,
            u * 0.0065,
            tones[1],
            0.85,
        )
    for i in range(3):
        k, a = dice.uniform(0.02, 0.042) * u, dice.random() * 2 * pi + t * 2 * pi
        c.oval(x + cos(a) * r * 1.3, y + sin(a) * r * 1.12, k, k, tones[2 + i])


Scene = Callable[[Canvas, Palette, Random, float, str], None]


def compose(c: Canvas, p: Palette, dice: Random, t: float, kind: str) -> None:
    """Draw the subject `kind`; `t` in [0, 1) is the moment of a closed loop."""
    families: tuple[tuple[Scene, str], ...] = (
        (screen, "screen login"), (icon, "icon"), (pattern, "pattern"), (flower, "flower"),
        (creature, "cat dog person"), (product, "cup bottle"),
        (outdoors, "city mountain sea forest hills"),
    )  # fmt: skip
    family = kind.partition(" ")[0]
    scene = next((draw for draw, kinds in families if family in kinds.split()), abstract)
    scene(c, p, dice, t, kind)

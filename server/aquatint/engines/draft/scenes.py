"""The compositions of the draft engine: one function per family of subjects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from random import Random

from PIL import Image, ImageOps

from .canvas import RGB, Canvas, Point, sized, sticker
from .colours import Palette, oklch
from .figures import figure, wave
from .outdoors import outdoors
from .reading import Brief

MOST = 2_400_000  # pixels that are drawn; a larger picture is enlarged, which costs little memory
UI = {"dashboard", "site", "login", "screen"}
LAYOUTS = {
    "dashboard": ("dashboard", "board"),
    "site": ("landing", "split"),
    "login": ("login", "login side"),
    "screen": ("landing", "board", "split", "dashboard"),
}
NUMBERS = ("one", "two", "three", "four")
CAMERAS = (  # zoom and what it is about, of landscapes, by variant
    (1.0, (0.5, 0.5)), (1.55, (0.08, 0.72)), (1.25, (0.95, 0.45)), (1.4, (0.5, 0.95)),
)  # fmt: skip
CLOSE = ((1.0, 0.0), (1.25, -0.14), (0.85, 0.2), (1.1, -0.22))  # zoom, sideways, of still lifes


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn on; `t` in [0, 1) is the moment of a closed loop."""

    c: Canvas
    brief: Brief
    p: Palette
    dice: Random
    t: float

    @property
    def look(self) -> int:
        return self.brief.variant % 4

    @property
    def middle(self) -> tuple[float, float]:
        """Where a still life stands: aside in some of the alternatives to a wide picture."""
        aside = CLOSE[self.look][1] * max(0, self.c.width - self.c.unit)
        return self.c.width / 2 + aside, self.c.height / 2


def compose(
    size: tuple[int, int], brief: Brief, *, clear: bool = False, t: float = 0
) -> Image.Image:
    """The picture of a brief, at that size; a screen is mirrored for languages read so."""
    share = min(1, sqrt(MOST / (size[0] * size[1])))
    small = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    draw = SCENES.get(brief.subject, abstract)
    look = brief.variant % 4
    zoom, about = CAMERAS[look] if draw is landscape else (1.0, (0.5, 0.5))
    if draw in {product, creature, flower}:
        zoom, about = CLOSE[look][0], (0.5, 1.0)
    c = Canvas(small, clear=clear, zoom=zoom, about=about)
    dice = Random(brief.luck * 31 + brief.variant)  # noqa: S311 - must repeat, no secret
    draw(Scene(c, brief, brief.palette, dice, t))
    image = ImageOps.mirror(c.image) if brief.rtl and brief.subject in UI else c.image
    return image if small == size else sized(image, size)


def stage(s: Scene) -> None:
    """A wall in the palette with a big quiet shape and a light that wanders."""
    c, p, (x, _) = s.c, s.p, s.middle
    walls = (
        (p.ground(0.93, 0.05), p.ground(0.81, 0.08)),
        (p.ground(0.62, 0.12), p.ground(0.46, 0.11)),
        (p.ground(0.95, 0.04, pop=True), p.ground(0.84, 0.08, pop=True)),
        (p.ground(0.9, 0.02), p.ground(0.88, 0.02)),
    )
    c.backdrop(walls[s.look])
    if not c.clear:
        light = x - c.width * (0.15 - 0.1 * wave(s.t)), c.height * 0.3
        c.glow(*light, c.unit * 0.7, p.ground(1, 0.03), 0.5)
    disc, foot = p.ground(0.82, 0.1, pop=True), p.ground(0.7, 0.13, pop=True)
    size = c.unit * (1 + 0.016 * wave(s.t + 0.25))
    names = {"disc": disc, "disc2": foot, "low": p.ground(0.66, 0.14)}
    figure(c, f"wall {NUMBERS[s.look]}", p, s.middle, (size, size), names=names)


def product(s: Scene) -> None:
    """A cup on a table, a bottle on a stand, a bicycle on the ground."""
    stage(s)
    c, p, kind = s.c, s.p, s.brief.subject
    at, size = s.middle, (c.unit, c.unit)
    if kind == "bottle":
        figure(c, "stand", p, at, size)
    elif not c.clear:
        wood, grain = (replace(p, hue=hue, chroma=1) for hue in (66, 58))
        names = {"wood": wood.ground(0.78, 0.075), "grain": grain.ground(0.62, 0.08)}
        figure(c, "table", p, (at[0], at[1] + c.unit * 0.05), size, names=names)
    figure(c, kind, p, at, (c.unit * 1.15, c.unit * 1.15) if kind == "bicycle" else size, s.t)


def creature(s: Scene) -> None:
    """A cat, a dog or a person from the front."""
    stage(s)
    c, p, dice, person = s.c, s.p, s.dice, s.brief.subject == "person"
    at = s.middle[0] + c.unit * 0.012 * wave(s.t), c.height * (0.43 if person else 0.46)
    fur = p if p.named else Palette(dice.uniform(45, 75), p.accent, (0.4, 0.9)[s.look % 2])
    k = 0.72 if p.dark else 1  # still to be seen before a dark wall
    names = {
        "fur": fur.tone(0.66 * k, 0.13), "deep": fur.tone(0.42 * k, 0.11), "ink": (38, 32, 36),
        "pale": fur.tone(0.93 * k, 0.04), "shade": fur.tone(0.52 * k, 0.12),
    }  # fmt: skip
    if person:
        tan, light = dice.uniform(48, 66), (0.83, 0.6, 0.72, 0.48)[(s.look + s.brief.luck) % 4]
        hair = oklch(dice.choice((0.24, 0.32, 0.42)), 0.05, tan)
        names |= {
            "skin": oklch(light, 0.07, tan), "shade": oklch(light - 0.09, 0.075, tan),
            "hair": hair, "smile": (120, 50, 56),
        }  # fmt: skip
        if s.look % 2 == 0:
            u = c.unit
            c.rect(at[0] - u * 0.165, at[1] - u * 0.2, u * 0.33, u * 0.46, u * 0.16, hair)
    figure(c, s.brief.subject, p, at, (c.unit, c.unit), s.t, names)


def flower(s: Scene) -> None:
    c, p, u = s.c, s.p, s.c.unit
    if not p.named:
        p = replace(p, hue=(355.0, 65.0, 305.0, 20.0)[s.look], accent=85, chroma=1)
    stage(replace(s, p=p))
    x, y, leaf = s.middle[0], c.height * 0.44, Palette(145, 0)
    greens = {"stem": leaf.tone(0.5, 0.12), "leaf": leaf.tone(0.62, 0.13)}
    figure(c, "stems", p, (x, y), (u, u), s.t, greens)
    for i, (dx, dy, size) in enumerate(((-0.19, 0.02, 0.1), (0.2, -0.02, 0.11), (0, -0.1, 0.15))):
        at = x + u * (dx + 0.012 * wave(s.t + i / 3)), y + dy * u
        figure(c, "bloom", p, at, (size * u, size * u), s.t)


def icon(s: Scene) -> None:
    """A tile with a geometric glyph."""
    c, p, size = s.c, s.p, (s.c.unit, s.c.unit)
    grounds = (
        (p.ground(0.95, 0.03), p.ground(0.89, 0.04)),
        (p.ground(0.93, 0.05, pop=True), p.ground(0.86, 0.07, pop=True)),
        (p.ground(0.85, 0.08), p.ground(0.74, 0.1)),
        (p.ground(0.98, 0.01, pop=True), p.ground(0.95, 0.02, pop=True)),
    )
    c.backdrop(grounds[s.look])
    at = c.width / 2 + c.unit * 0.008 * wave(s.t + 0.25), c.height * (0.5 + 0.02 * wave(s.t))
    figure(c, f"tile {NUMBERS[s.look]}", p, at, size)
    names = ("heart", "leaf", "bolt", "stack", "talk", "sun")
    glyph = s.brief.glyph or names[(s.brief.luck + s.look) % len(names)]
    paper = p.pop(0.86, 0.12) if s.look == 2 else (252, 252, 255)
    figure(c, f"glyph {glyph}", p, at, size, s.t, {"paper": paper})


def screen(s: Scene) -> None:
    """A window (a phone where the picture is upright) on a ground, or the page alone."""
    c, upright = s.c, s.c.height > s.c.width * 1.2
    p = replace(s.p, dark=s.p.dark or (s.look == 2 and not s.brief.light))
    alone = s.look in {1, 2} and not c.clear
    c.backdrop((p.ground(0.86, 0.07, pop=s.look == 3), p.ground(0.74, 0.11, pop=s.look == 3)))
    names = {
        "page": p.paper(0.99, 0.005), "card": p.paper(0.965, 0.012), "side": p.paper(0.95, 0.03),
        "field": p.paper(0.98, 0.01), "type": p.paper(0.3, 0.06), "line": p.tone(0.62, 0.03),
        "edge": p.paper(0.75, 0.04),
    }  # fmt: skip
    layouts = ("phone", "phone list") if upright else LAYOUTS[s.brief.subject]
    at, size = (0.0, 0.0), (float(c.width), float(c.height))
    if alone:
        c.rect(*at, *size, 0, names["page"])
    else:
        at, size = _window(s, p, upright, names["page"])
    figure(c, layouts[s.look % len(layouts)], p, at, size, s.t, names)


def _window(s: Scene, p: Palette, upright: bool, page: RGB) -> tuple[Point, Point]:
    """An empty one; where its page begins, and the page's size."""
    c, u = s.c, s.c.unit
    wide, high = c.width * 0.88, c.height * 0.78
    if upright:
        wide, high = min(c.width * 0.78, c.height * 0.42), c.height * 0.8
    elif s.brief.subject == "login":
        wide = min(wide, high * 1.15)
    x = (c.width - wide) / 2 + u * 0.006 * wave(s.t + 0.25)
    y = (c.height - high) * 0.36 + u * 0.01 * wave(s.t)
    bar, r, rim = u * 0.055, u * (0.07 if upright else 0.022), u * 0.018
    c.shadow(x, y + u * 0.02, wide, high, r, u * 0.03)
    if upright:
        frame = x - rim, y - rim, wide + rim * 2, high + rim * 2, r + rim
        c.rect(*frame, p.tone(0.16, 0.02))
    c.rect(x, y, wide, high, r, page)
    lights = ((255, 95, 87), (254, 188, 46), (40, 200, 64))
    for i, light in enumerate(() if upright else lights):
        c.oval(x + bar * (0.5 + 0.38 * i), y + bar * 0.5, bar * 0.12, bar * 0.12, light)
    c.rect(x + wide * 0.33, y + bar * 0.25, wide * 0.34, bar * 0.45, u, p.tone(0.5, 0.02), 0.2)
    return (x, y + bar), (wide, high - bar - r * 0.5)


def pattern(s: Scene) -> None:
    """Square tiles: quarter rings, rosettes or triangles."""
    c, p = s.c, s.p
    tones = (p.ground(0.93, 0.04), p.ground(0.72, 0.12), p.ground(0.52, 0.14), p.ground(0.35, 0.1),
             p.ground(0.8, 0.14, pop=True))  # fmt: skip
    cell, style = c.unit / (6, 4, 5, 8)[s.look], (s.brief.luck + s.look) % 3
    for row in range(int(c.height / cell) + 1):
        for column in range(int(c.width / cell) + 1):
            one, two = s.dice.sample(tones, 2)
            turn = 45 * s.t if style == 1 else 90 * s.dice.randrange(4)
            start = (row + 2 * column) / 7
            size = cell * (1 + 0.04 * (wave(s.t + start) - wave(start)))
            c.rect(column * cell, row * cell, cell + 1, cell + 1, 0, one)
            at = (column + 0.5) * cell, (row + 0.5) * cell
            names = {"one": one, "two": two, "pop": tones[4]}
            figure(c, f"weave {NUMBERS[style]}", p, at, (size, size), s.t, names, turn=turn)
    if c.clear:
        sticker(c.image)


def abstract(s: Scene) -> None:
    """One of four posters of large shapes."""
    c, p, low = s.c, s.p, (0.94, 0.86)[s.look % 2]
    c.backdrop((p.ground(low, 0.04), p.ground(low - 0.07, 0.06)))
    at = c.width / 2 + c.unit * 0.01 * wave(s.t), c.height * 0.45
    name = f"poster {NUMBERS[(s.brief.luck + s.look) % 4]}"
    figure(c, name, p, at, (c.unit, c.unit), s.t)


def landscape(s: Scene) -> None:
    outdoors(s.c, s.p, s.dice, s.t, s.brief.subject)


SCENES: dict[str, Callable[[Scene], None]] = {
    **dict.fromkeys(UI, screen),
    **dict.fromkeys(("cat", "dog", "person"), creature),
    **dict.fromkeys(("cup", "bottle", "bicycle"), product),
    **dict.fromkeys(("city", "mountain", "sea", "lighthouse", "forest", "hills"), landscape),
    "icon": icon, "pattern": pattern, "flower": flower,
}  # fmt: skip

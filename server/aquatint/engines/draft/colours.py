"""Colours in OKLCH, and the palette that a draft is drawn in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import atan2, cos, degrees, hypot, radians, sin

from PIL import Image

from .canvas import RGB, sized

_SAMPLES = 48  # pixels a side that are looked at in a reference
_BINS = 24  # of the colour circle
_GREY = 0.03  # chroma below which a pixel has no hue
_APART = 4  # bins between the main hue and an accent


@dataclass(frozen=True, slots=True)
class Palette:
    """Two hues, how colourful they are, whether all is dark, and the time of day."""

    hue: float
    accent: float
    chroma: float = 1
    accent_chroma: float = 1
    dark: bool = False
    time: str = "day"  # day, dusk, night
    named: bool = False  # a colour was named

    def tone(self, light: float, chroma: float = 0.1, shift: float = 0) -> RGB:
        return oklch(light, chroma * self.chroma, self.hue + shift)

    def pop(self, light: float, chroma: float) -> RGB:
        return oklch(light, chroma * self.accent_chroma, self.accent)

    def ground(self, light: float, chroma: float, *, pop: bool = False) -> RGB:
        """For large areas: a third as light where all is dark."""
        return (self.pop if pop else self.tone)(light * 0.32 if self.dark else light, chroma)

    def paper(self, light: float, chroma: float) -> RGB:
        """For pages and what is written on them: light and dark exchanged where all is dark."""
        return self.tone(1.22 - light if self.dark else light, chroma)


@dataclass(frozen=True, slots=True)
class Shade:
    """OKLCH: lightness 0-1, chroma, hue in degrees."""

    light: float
    chroma: float
    hue: float


def oklch(light: float, chroma: float, hue: float) -> RGB:
    """sRGB of an OKLCH colour, clipped. Source: Ottosson, "A perceptual color space" (2020)."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3

    def channel(x: float, y: float, z: float) -> int:
        v = min(1.0, max(0.0, x * long + y * middle + z * short))
        return round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055))

    return (
        channel(4.0767416621, -3.3077115913, 0.2309699292),
        channel(-1.2684380046, 2.6097574011, -0.3413193965),
        channel(-0.0041960863, -0.7034186147, 1.7076147010),
    )


def oklch_of(colour: RGB) -> Shade:
    """The inverse of `oklch`, from the same source."""
    unit = (v / 255 for v in colour)
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in unit)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    light = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    yellow = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return Shade(light, hypot(a, yellow), degrees(atan2(yellow, a)) % 360)


def palette_of(image: Image.Image, usual: Palette) -> Palette:
    """The two leading hues of a picture and how colourful they are; `usual` for what it lacks."""
    shades = list(_shades(image))
    if not shades:
        return usual
    coloured = [one for one in shades if one.chroma > _GREY]
    dark = sum(one.light for one in shades) / len(shades) < 0.35
    if len(coloured) < len(shades) / 100:
        return replace(usual, chroma=0.1, accent_chroma=0.15, dark=dark, time="day", named=True)
    weights: Counter[int] = Counter(dict.fromkeys(range(_BINS), 0))
    for one in coloured:
        weights[_bin(one)] += one.chroma  # pyright: ignore[reportArgumentType] - sums of floats
    main = weights.most_common(1)[0][0]
    far = [i for i in weights if min((i - main) % _BINS, (main - i) % _BINS) >= _APART]
    second = max(far, key=weights.__getitem__)
    if weights[second] < weights[main] / 20:
        second = main
    hue, strength = _mean([one for one in coloured if _bin(one) == main])
    accent, pop = _mean([one for one in coloured if _bin(one) == second])
    return Palette(hue, accent, strength, pop, dark, named=True)


def _bin(shade: Shade) -> int:
    return int(shade.hue / 360 * _BINS) % _BINS


def _mean(shades: list[Shade]) -> tuple[float, float]:
    """A bin's hue, and its chroma against the 0.12 that a draft's colours usually have."""
    total = sum(one.chroma for one in shades)
    hue = sum(one.hue * one.chroma for one in shades) / total
    return hue, min(1.3, max(0.2, total / len(shades) / 0.12))


def _shades(image: Image.Image) -> Iterator[Shade]:
    """The pixels of a small copy that are not clear."""
    small = sized(image.convert("RGBA"), (_SAMPLES, _SAMPLES), Image.Resampling.BOX)
    data = small.tobytes()
    for at in range(0, len(data), 4):
        if data[at + 3] > 127:
            yield oklch_of((data[at], data[at + 1], data[at + 2]))

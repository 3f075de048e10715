"""Draft pictures in the style of a reference: whether that is asked for, and the colours it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import atan2, degrees, hypot

from PIL import Image

from .canvas import sized
from .vocabulary import RGB, Palette, fold

# A new picture that only looks like the one given, in the words of six languages. "In the style of
# a painter" is not among them: that asks for the given picture, painted.
PHRASES = (
    "same style", "matching style", "style reference", "reference style", "reference's style",
    "style of the reference", "style of the first", "style of this", "style of the picture",
    "style of the image", "style of image 1", "style of the attached",
    "gleichen stil", "gleicher stil", "selben stil", "stil der vorlage", "stil des ersten",
    "gaya yang sama", "gaya sama", "gaya gambar pertama", "gaya referensi", "segaya",
    "بنفس الأسلوب", "بنفس الطراز", "بنفس النمط", "نفس أسلوب", "أسلوب الصورة المرجعية",
    "اسی انداز", "اسی اسٹائل", "ایک جیسے انداز", "اسی طرز",
    "同样风格", "同样的风格", "相同风格", "相同的风格", "同一风格", "同一種風格",
    "参考图的风格", "風格一致", "风格一致",
)  # fmt: skip
_SAMPLES = 48  # pixels a side that are looked at
_BINS = 24  # of the colour circle
_GREY = 0.03  # chroma below which a pixel has no hue
_APART = 4  # bins between the main hue and an accent


@dataclass(frozen=True, slots=True)
class Shade:
    """OKLCH: lightness 0-1, chroma, hue in degrees."""

    light: float
    chroma: float
    hue: float


def asks_for_style(prompt: str) -> bool:
    """Whether the prompt wants a new picture in the style of the one that comes with it."""
    folded = " ".join(fold(prompt).split())
    return any(fold(phrase) in folded for phrase in PHRASES)


def palette_of(image: Image.Image, usual: Palette) -> Palette:
    """The two leading hues of a picture and how colourful they are; `usual` for what it lacks."""
    shades = list(_shades(image))
    if not shades:
        return usual
    coloured = [one for one in shades if one.chroma > _GREY]
    mean = sum(one.light for one in shades) / len(shades)
    lightness = -1 if mean < 0.35 else 1 if mean > 0.9 else 0
    if len(coloured) < len(shades) / 100:
        return Palette(usual.hue, usual.accent, 0.1, 0.15, lightness, named=True)
    bins: list[list[Shade]] = [[] for _ in range(_BINS)]
    for one in coloured:
        bins[int(one.hue / 360 * _BINS) % _BINS].append(one)
    weights = [sum(one.chroma for one in some) for some in bins]
    main = max(range(_BINS), key=weights.__getitem__)
    far = [i for i in range(_BINS) if min((i - main) % _BINS, (main - i) % _BINS) >= _APART]
    second = max(far, key=weights.__getitem__)
    hue, strength = _mean(bins[main])
    if weights[second] < weights[main] / 20:
        return Palette(hue, hue, strength, strength, lightness, named=True)
    accent, pop = _mean(bins[second])
    return Palette(hue, accent, strength, pop, lightness, named=True)


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


def oklch_of(colour: RGB) -> Shade:
    """The inverse of draft_words.oklch. Source: Ottosson, "A perceptual color space" (2020)."""
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in _unit(colour))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    light = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    yellow = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return Shade(light, hypot(a, yellow), degrees(atan2(yellow, a)) % 360)


def _unit(colour: RGB) -> Iterator[float]:
    return (channel / 255 for channel in colour)

"""What a prompt's words say: the subject, its colours, the direction of reading."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from .colours import Palette
from .data import table

HUES = (18, 225, 140, 320, 75, 255, 350, 185, 40, 285)  # neighbours look unlike each other


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be drawn. Alternatives of one prompt share `luck` and differ in `variant`."""

    subject: str
    glyph: str
    palette: Palette
    rtl: bool
    light: bool  # asked for in words
    variant: int = 0
    luck: int = 0  # chance that must repeat


def fold(text: str) -> str:
    """Case, vowel marks and accents gone, so that forms of a word meet."""
    marks = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in marks if not unicodedata.combining(c) and c != "ـ")


@cache
def pattern(words: str) -> re.Pattern[str]:
    """Finds any of the words in folded text; the rules are at the head of words.toml."""
    forms: list[str] = []
    for word in fold(words).split():
        stem = re.escape(word.rstrip("~"))
        if word[0] >= "\u2e80" or len(word.rstrip("~")) > 4:
            forms.append(stem)
        else:
            ending = "(?:s|e[mnrs]?)?" if word.endswith("~") else "s?"
            forms.append(rf"\b(?:[وب]?ال|و)?{stem}{ending}\b")
    return re.compile("|".join(forms))


def mentions(words: dict[str, str], folded: str) -> list[tuple[int, str]]:
    """The names whose words are there, each with the place of the first."""
    found = ((pattern(some).search(folded), name) for name, some in words.items())
    return [(match.start(), name) for match, name in found if match]


def asks_for_style(prompt: str) -> bool:
    """Whether the prompt wants a new picture in the style of the one that comes with it."""
    folded = " ".join(fold(prompt).split())
    return any(fold(phrase) in folded for phrase in table("words")["style"]["phrases"])


def subject(prompt: str) -> tuple[str, str]:
    """The kind of picture, `abstract` when no word tells, and the glyph of an icon or ""."""
    words, folded = table("words"), fold(prompt)
    made, seen = mentions(words["made"], folded), mentions(words["seen"], folded)
    first = min(seen, key=lambda one: (one[1] == "hills", one[0]), default=(0, "abstract"))
    glyphs = mentions(words["glyphs"], folded)
    return made[0][1] if made else first[1], glyphs[0][1] if glyphs else ""


def palette(prompt: str, luck: int, variant: int = 0) -> Palette:
    """The colours a prompt names, else those of its mood, else a harmonious pair by chance."""
    words, folded = table("words"), fold(prompt)
    named = sorted(mentions({k: v["words"] for k, v in words["colours"].items()}, folded))
    moods = mentions({k: v["words"] for k, v in words["moods"].items()}, folded)
    colours = [words["colours"][name] for _, name in named]
    dark = pattern(words["dark"]["words"]).search(folded) is not None
    turn = (0, 60, -70, 140)[variant % 4]
    hue = float(HUES[(luck + variant * 3) % len(HUES)])
    accent, chroma, pop, time = (
        hue + (150, 180, 210, 60, -60)[(luck + variant) % 5],
        1.0,
        1.0,
        "day",
    )
    if moods:
        mood = words["moods"][moods[0][1]]
        hue, chroma, time = mood["hue"] + turn / 4, mood["chroma"], mood["time"]
        accent = mood["accent"] + turn / 3
    elif dark and not colours:
        chroma = 0.3
    if colours:
        plain = moods or colours[0]["chroma"] < 0.2
        accent = accent if plain else colours[0]["hue"] + 165 + turn
        hue, chroma = colours[0]["hue"], colours[0]["chroma"]
    if len(colours) > 1:
        accent, pop = float(colours[1]["hue"]), colours[1]["chroma"]
    if dark and time == "day":
        time = "night"
    return Palette(hue, accent, chroma, pop, dark or time == "night", time, bool(colours))


def rtl(prompt: str) -> bool:
    """Whether most of its letters run from right to left."""
    sides = [unicodedata.bidirectional(c) for c in prompt]
    return sides.count("R") + sides.count("AL") > sides.count("L")


def read(prompt: str, luck: int, variant: int = 0) -> Brief:
    light = pattern(table("words")["light"]["words"]).search(fold(prompt)) is not None
    return Brief(
        *subject(prompt), palette(prompt, luck, variant), rtl(prompt), light, variant, luck
    )

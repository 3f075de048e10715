"""How words are found again in any script: the folding of texts and the query that matches them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from .names import visible

_KEPT = 3  # parts of a path: the folders above say nothing of a picture ("home", "users")
_FEW = 4  # words of which some are looked for
_MOST = 64  # words of one query; a whole pasted prompt is still found by its beginning

# Scripts written without spaces: Thai to Myanmar, Khmer, Hangul, kana, bopomofo, ideographs.
# Hangul has spaces, but its particles stick to the word.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3035\u3038-\u30ff"
    "\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_RUNS = re.compile(rf"[{_UNSPACED}]+|[^\s{_UNSPACED}]+")
_LETTERS = str.maketrans(
    {
        "\u0640": None,  # tatweel only stretches
        "ٱ": "ا",  # the other alefs lose their mark on the way
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ة": "ه",
        "ہ": "ه",  # what an Urdu keyboard types for it
    }
)


def fold(text: str) -> str:
    """The text as the index keeps it: words by single spaces, unspaced scripts letter by letter.

    Case, width, Latin accents and Arabic or Hebrew vowel signs make no difference; variants of
    alef, yeh, kaf and heh neither. Punctuation is gone; other symbols (emoji) are words.
    """
    return " ".join(_spread(run) for run in _runs(text))


def match(query: str) -> str | None:
    """An FTS5 MATCH expression for texts that hold every word of the query; None for no words.

    Source: sqlite.org/fts5.html 3.
    """
    return " AND ".join(_phrases(query)) or None


@dataclass(frozen=True, slots=True)
class Partly:
    """How to find what holds some words of a query: `any` of them, and `exactly` so many, most
    first."""

    any: str
    exactly: tuple[str, ...]


def partly(query: str, held: Callable[[str], bool]) -> Partly | None:
    """Expressions for texts that hold some of the words, where not all; None where one word is all.

    `held` says whether any text holds a word. Of many words only the four longest are looked for:
    every way to choose must be said, and with six common ones 100,000 texts take 200 ms.
    """
    phrases = list(dict.fromkeys(_phrases(query)))
    few = [one for one in sorted(phrases, key=len, reverse=True) if held(one)][:_FEW]
    most = len(few) if len(few) < len(phrases) else len(few) - 1
    if most < 1:
        return None
    return Partly(_least(few, 1), tuple(_exactly(few, many) for many in range(most, 0, -1)))


def _phrases(query: str) -> list[str]:
    """Quoted phrases of folded letters, so no query can say anything else.

    A run of an unspaced script must stand as it is; the last word may go on.
    """
    runs = _runs(file_part(query))[:_MOST]
    phrases = [f'"{_spread(run)}"' for run in runs]
    if runs and not _unspaced(runs[-1]):
        phrases[-1] += "*"
    return phrases


def file_part(path: str) -> str:
    """As much of a path as is looked for: the file and two folders. Other texts stay whole."""
    parts = re.split(r"[\\/]+", path)
    return "/".join(parts[-_KEPT:])


def _exactly(phrases: list[str], many: int) -> str:
    if many == len(phrases):
        return _least(phrases, many)
    return f"({_least(phrases, many)}) NOT ({_least(phrases, many + 1)})"


def _least(phrases: list[str], many: int) -> str:
    """At least so many of them."""
    if many == 1:
        return " OR ".join(phrases)
    if many == len(phrases):
        return " AND ".join(phrases)
    first, *rest = phrases
    return f"({first} AND ({_least(rest, many - 1)})) OR ({_least(rest, many)})"


def _runs(text: str) -> list[str]:
    compatible = unicodedata.normalize("NFKC", visible(text)).casefold()
    plain = (char for char in unicodedata.normalize("NFKD", compatible) if not _accent(char))
    composed = unicodedata.normalize("NFC", "".join(plain)).translate(_LETTERS)
    return _RUNS.findall("".join(map(_wordly, composed)))


def _accent(char: str) -> bool:
    """Marks that may be left out in writing: of Latin, Greek, Cyrillic, Hebrew, Arabic, Syriac.

    Not the vowels and dots that make another letter in Indic scripts, Thai and kana (classes 0, 7
    to 9, 84 to 132). Source: Canonical_Combining_Class of the Unicode Standard.
    """
    combining = unicodedata.combining(char)
    return 10 <= combining <= 36 or combining >= 200 or unicodedata.category(char) == "Me"


def _wordly(char: str) -> str:
    category = unicodedata.category(char)
    if category == "So":
        return f" {char} "
    return char if category[0] in "LMN" else " "


def _unspaced(run: str) -> bool:
    return bool(re.match(f"[{_UNSPACED}]", run))


def _spread(run: str) -> str:
    return " ".join(run) if _unspaced(run) else run

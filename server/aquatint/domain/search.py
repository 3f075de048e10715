"""How words are found again in any script: the folding of texts and the query that matches them."""

from __future__ import annotations

import re
import unicodedata

from .names import visible

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

    A run of an unspaced script must stand as it is; the last word may go on. Each is a quoted
    phrase of folded letters, so no query can say anything else. Source: sqlite.org/fts5.html 3.
    """
    runs = _runs(query)[:_MOST]
    if not runs:
        return None
    phrases = [f'"{_spread(run)}"' for run in runs]
    if not _unspaced(runs[-1]):
        phrases[-1] += "*"
    return " AND ".join(phrases)


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

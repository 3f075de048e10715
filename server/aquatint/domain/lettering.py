"""Words that a prompt asks for in quotation marks, held against what a picture reads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from .words import clean

LONGEST = 120  # characters of one phrase
MOST = 6  # phrases of one prompt
NEAR = 0.4  # share of a phrase's letters that may differ where it is still taken for the phrase

_PAIRS = ("““”", "„“”", "««»", "»»«", "‹‹›", "「「」", "『『』", "＂＂", '""')
_QUOTED = re.compile(
    "|".join(
        [
            *(rf"{one[0]}([^\n{one}]*)[{one[1:]}]" for one in _PAIRS),
            # An apostrophe is no quotation mark: it stands between letters.
            r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))*)'(?!\w)",
            r"(?<!\w)‘((?:[^‘’\n]|(?<=\w)’(?=\w))*)’(?!\w)",
        ]
    )
)
_SAME = str.maketrans("’‘`´“”„«»–—−", '\'\'\'\'"""""---')


def quoted(prompt: str) -> tuple[str, ...]:
    """The phrases in quotation marks of any script, each once, in order, at most MOST."""
    found = ("".join(filter(None, one.groups())) for one in _QUOTED.finditer(prompt))
    phrases = (" ".join(phrase.split()) for phrase in found if len(phrase) <= LONGEST)
    return tuple(dict.fromkeys(phrase for phrase in phrases if _letters(phrase)))[:MOST]


def is_known(phrase: str, alphabet: frozenset[str]) -> bool:
    """Whether a reader with that alphabet knows every letter and digit of a phrase."""
    return set(_letters(unicodedata.normalize("NFC", phrase))) <= alphabet


def verdict(asked: str, lines: Sequence[str]) -> str:
    """What lines that were read say of a phrase, in one sentence.

    Case, white space and line breaks do not count; every other character does.
    """
    said = f'asked "{clean(asked, LONGEST)}", '
    read = " ".join(lines)
    pattern, text = _key(asked), _key(read)
    start, end, distance = _nearest([one for one, _ in pattern], [one for one, _ in text])
    if start == end or distance > NEAR * len(pattern):
        others = ", ".join(f'"{clean(line, LONGEST)}"' for line in lines[:MOST])
        return f"{said}not found; it reads {others or 'nothing'}"
    part = clean(read[text[start][1] : text[end - 1][1] + 1], LONGEST)
    if distance == 0:
        return f'{said}reads "{part}"'
    where = _difference(pattern, text[start:end])
    return f'{said}reads "{part}": {where}. Look at it, for a reader errs too'


def _letters(phrase: str) -> list[str]:
    return [one for one in phrase if one.isalnum()]


Key = list[tuple[str, int]]  # a character as it is compared, and where it stands


def _key(text: str) -> Key:
    return [
        (folded, index)
        for index, one in enumerate(text)
        if not one.isspace()
        for folded in unicodedata.normalize("NFC", one.translate(_SAME).casefold())
    ]


def _difference(asked: Key, read: Key) -> str:
    """Where the two part first, told by the asked phrase's own letters."""
    place = next(
        (
            at
            for at, (one, other) in enumerate(zip(asked, read, strict=False))
            if one[0] != other[0]
        ),
        min(len(asked), len(read)),
    )
    if place == len(asked):
        return f'"{read[place][0]}" is too much at the end'
    if place == len(read):
        return f'letter {place + 1}, "{asked[place][0]}", is missing'
    return f'letter {place + 1} should be "{asked[place][0]}" and reads "{read[place][0]}"'


def _nearest(pattern: Sequence[str], text: Sequence[str]) -> tuple[int, int, int]:
    """The part of a text that is nearest to a pattern: start, end, and their edit distance."""
    row = [(0, start) for start in range(len(text) + 1)]  # distance, and where the part begins
    for count, wanted in enumerate(pattern, 1):
        above, row = row, [(count, 0)]
        for at, one in enumerate(text):
            distance, start = above[at]
            row.append(
                min(
                    (distance + (one != wanted), start),
                    (above[at + 1][0] + 1, above[at + 1][1]),
                    (row[at][0] + 1, row[at][1]),
                )
            )
    end = min(range(len(row)), key=lambda at: row[at][0])
    return row[end][1], end, row[end][0]

"""Reads a caption's letters: which script, which direction, what to say of those not set."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .fonts import BUNDLED, Face

# scripts whose letters stand side by side as they come, left to right
PLAIN = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "CJK", "COMMON"}
EAST = {
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "BOPOMOFO",
    "FULLWIDTH",
    "HALFWIDTH",
    "IDEOGRAPHIC",
}
URDU = frozenset("ٹڈڑںےہھۓۂ")
PACKAGES = {"CJK": "fonts-noto-cjk", "EMOJI": "fonts-noto-color-emoji"}
SPELLED = str.maketrans(
    {
        "ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "ı": "i", "–": "-", "—": "-", "×": "x",
        "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "…": "...",
    }
)  # fmt: skip
LONGEST = 400  # characters of a prompt that are worth setting


@dataclass(frozen=True, slots=True)
class Atom:
    """What is never split: a letter with its marks, an emoji, or a box for a whole passage."""

    text: str
    script: str
    face: Face
    box: bool = False


def clusters(text: str) -> list[str]:
    """The text in letters with all that hangs on them; no control characters, one kind of space."""
    out: list[str] = []
    text = " ".join(unicodedata.normalize("NFC", text[: LONGEST * 4]).split())
    for c in text:
        kind = unicodedata.category(c)
        tail = (
            c in "\u200c\u200d\ufe0e\ufe0f\u20e3"
            or kind in {"Mn", "Mc", "Me"}
            or "🏻" <= c <= "🏿"
            or "\U000e0020" <= c <= "\U000e007f"
        )
        flag = "🇦" <= c <= "🇿" and bool(out) and len(out[-1]) == 1 and "🇦" <= out[-1] <= "🇿"
        joined = bool(out) and out[-1].endswith("\u200d") and emoji(c)
        if out and out[-1] != " " and (tail or flag or joined):
            out[-1] += c
        elif kind[0] not in "CM" and not tail:
            out.append(c)
    return out


def emoji(cluster: str) -> bool:
    return (
        "\ufe0f" in cluster
        or "\u20e3" in cluster
        or 0x1F000 <= ord(cluster[0]) <= 0x1FAFF
        or (0x2600 <= ord(cluster[0]) <= 0x27BF and unicodedata.category(cluster[0]) == "So")
    )


def script_of(cluster: str) -> str:
    if emoji(cluster):
        return "EMOJI"
    if unicodedata.category(cluster[0])[0] not in "LM":
        return "COMMON"
    name = unicodedata.name(cluster[0], "UNKNOWN").split()[0].split("-")[0]
    return "CJK" if name in EAST else name


def boxed(atoms: list[Atom]) -> list[Atom]:
    """Each passage that cannot be set becomes one box that names its script and counts it."""
    out: list[Atom] = []
    i = 0
    while i < len(atoms):
        if not atoms[i].box:
            out.append(atoms[i])
            i += 1
            continue
        end = last = i
        while end < len(atoms) and (
            atoms[end].script == "COMMON"
            or (atoms[end].box and atoms[end].script == atoms[i].script)
        ):
            last = end if atoms[end].box else last
            end += 1
        passage = atoms[i : last + 1]
        out.append(Atom(label(passage), "COMMON", BUNDLED, box=True))
        i = last + 1
    return out


def label(passage: list[Atom]) -> str:
    kind, count = passage[0].script, sum(a.box for a in passage)
    if kind == "EMOJI":
        return f"{count} emoji"
    if kind == "COMMON":
        return f"{count} symbol" + "s" * (count > 1)
    name = "Chinese, Japanese or Korean" if kind == "CJK" else kind.title()
    if kind == "CJK":
        kinds = Counter(unicodedata.name(a.text[0], "").split()[0] for a in passage if a.box)
        name = (
            "Korean"
            if "HANGUL" in kinds
            else "Japanese"
            if {"HIRAGANA", "KATAKANA"} & set(kinds)
            else "Chinese"
        )
    return f"{name} text, {count} letter" + "s" * (count > 1)


def note(script: str, why: str) -> str:
    """What the caller is told of letters that were left out, and what to install."""
    if script == "ACCENTS":
        return (
            "The caption's accents were left out: no font here has them. "
            "Install: apt install fonts-noto-core."
        )
    names = {"CJK": "Chinese, Japanese or Korean text", "EMOJI": "emoji", "COMMON": "symbols"}
    name = names.get(script, f"{script.title()} text")
    reason, package = "no font here has it", PACKAGES.get(script, "fonts-noto-core")
    if why == "shaping":
        reason, package = "Pillow found no FriBidi to shape it", f"libfribidi0 {package}"
    return f"The caption's {name} could not be set: {reason}. Install: apt install {package}."


def levels(atoms: Sequence[Atom], *, rtl: bool) -> list[int]:
    """Embedding levels: 0 left to right, 1 right to left, 2 left to right within that.

    The part of the Unicode bidirectional algorithm (UAX 9) that a line without explicit marks
    needs: strong letters, numbers, and neutrals that take the side both neighbours share.
    """
    base, strong = int(rtl), "R" if rtl else "L"
    out: list[int | None] = []
    sides: list[str | None] = []
    kinds = ["L" if atom.box else unicodedata.bidirectional(atom.text[0]) for atom in atoms]
    for i in range(1, len(kinds) - 1):  # 24/7 and 1,5 are one number
        if (
            kinds[i] in {"CS", "ES"}
            and kinds[i - 1] == kinds[i + 1]
            and kinds[i + 1] in {"EN", "AN"}
        ):
            kinds[i] = kinds[i + 1]
    for kind in kinds:
        strong = {"L": "L", "R": "R", "AL": "R"}.get(kind, strong)
        number = kind in {"EN", "AN"}
        solid = number or kind in {"L", "R", "AL"}
        sides.append(strong if solid else None)
        out.append(None if not solid else 2 * base if strong == "L" else 2 if number else 1)
    solved: list[int] = []
    for i, found in enumerate(out):
        value = found
        if value is None:
            left = next((s for s in reversed(sides[:i]) if s), "R" if rtl else "L")
            right = next((s for s in sides[i:] if s), "R" if rtl else "L")
            value = base if left != right else 1 if left == "R" else 2 * base
        solved.append(value)
    return solved

"""Reads a caption's letters: pieces of one script, their sides, boxes for what is not set."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .fonts import BUNDLED, Face

# scripts whose letters stand side by side as they come, left to right
PLAIN = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "CJK", "COMMON"}
EAST = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH"}
URDU = frozenset("ٹڈڑںےہھۓۂ")
PACKAGES = {"CJK": "fonts-noto-cjk", "EMOJI": "fonts-noto-color-emoji"}
LONGEST = 400  # letters of a prompt that are worth setting
UNBROKEN = 20  # characters that are kept on one line
TAIL = re.compile("[\u200c\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Piece:
    """What stays on one line in one face, or a box that names what cannot be set."""

    text: str
    script: str
    space: bool = False  # whether one stands before it
    face: Face | None = BUNDLED  # None: no font has it
    box: bool = False


def clusters(text: str) -> list[str]:
    """The text in letters with all that hangs on them; no control characters, one kind of space."""
    out: list[str] = []
    for c in " ".join(unicodedata.normalize("NFC", text[: LONGEST * 4]).split()):
        kind = unicodedata.category(c)
        tail = TAIL.match(c) is not None or kind[0] == "M"
        last = out[-1] if out else " "
        flag = "🇦" <= c <= "🇿" and len(last) == 1 and "🇦" <= last <= "🇿"
        if last != " " and (tail or flag or (last.endswith("\u200d") and _emoji(c))):
            out[-1] += c
        elif kind[0] not in "CM" and not tail:
            out.append(c)
    return out if len(out) <= LONGEST else [*out[:LONGEST], "…"]


def pieces(text: str) -> list[Piece]:
    """Words, cut where the script changes and between Chinese characters."""
    found: list[Piece] = []
    space = False
    for c in clusters(text):
        if c == " ":
            space = True
            continue
        script = script_of(c)
        last = found[-1] if found and not space else None
        both = {script, last.script} if last else set[str]()
        one = (len(both) == 1 and both != {"CJK"}) or ("COMMON" in both and "EMOJI" not in both)
        if last and one and len(last.text) < UNBROKEN:
            script = last.script if script == "COMMON" else script
            found[-1] = replace(last, text=last.text + c, script=script)
        else:
            found.append(Piece(c, script, space))
        space = False
    arabic = "URDU" if URDU & set(text) else "ARABIC"
    return [replace(p, script=arabic) if p.script == "ARABIC" else p for p in found]


def script_of(cluster: str) -> str:
    if _emoji(cluster):
        return "EMOJI"
    if unicodedata.category(cluster[0])[0] not in "LM":
        return "COMMON"
    name = re.split("[ -]", unicodedata.name(cluster[0], "UNKNOWN"))[0]
    return "CJK" if name in EAST else name


def _emoji(cluster: str) -> bool:
    first = ord(cluster[0])
    symbol = 0x2600 <= first <= 0x27BF and unicodedata.category(cluster[0]) == "So"
    return symbol or 0x1F000 <= first <= 0x1FAFF or "\ufe0f" in cluster or "\u20e3" in cluster


def sides(found: Sequence[Piece], base: str) -> Iterator[str]:
    """L or R for each: letters have a side, numbers that of the letters before them, and what is
    between takes the side both neighbours share, else that of the line.
    """
    kinds = [side_of(piece) for piece in found]
    before = base
    for i, kind in enumerate(kinds):
        before = kind if kind in {"L", "R"} else before
        after = next((k for k in kinds[i:] if k), base)
        yield before if after in {before, "number"} else base


def side_of(piece: Piece) -> str:
    """L, R, number or nothing; a box is in English."""
    kinds = [unicodedata.bidirectional(c).replace("AL", "R") for c in piece.text]
    strong = next((kind for kind in kinds if kind in {"L", "R"}), "")
    number = "number" if {"EN", "AN"} & set(kinds) else ""
    return "L" if piece.box else strong or number


def box(missing: Sequence[Piece]) -> Piece:
    """One box for a passage that cannot be set: it names the script and counts the letters."""
    text, script = "".join(piece.text for piece in missing), missing[0].script
    count = sum(script_of(c) != "COMMON" for c in clusters(text)) or len(text)
    many = "s" if count > 1 else ""
    name = f"{script.title()} text, {count} letter{many}"
    if script == "CJK":
        kinds = {unicodedata.name(c, "").split()[0] for c in text}
        japanese = kinds & {"HIRAGANA", "KATAKANA"}
        kind = "Korean" if "HANGUL" in kinds else "Japanese" if japanese else "Chinese"
        name = f"{kind} text, {count} letter{many}"
    elif script in {"EMOJI", "COMMON"}:
        name = f"{count} emoji" if script == "EMOJI" else f"{count} symbol{many}"
    return Piece(name, "COMMON", missing[0].space, box=True)


def note(script: str, *, shaping: bool) -> str:
    """What the caller is told of letters that were left out, and what to install."""
    if script == "ACCENTS":
        return (
            "The caption's accents were left out: no font here has them. "
            "Install: apt install fonts-noto-core."
        )
    names = {"CJK": "Chinese, Japanese or Korean text", "EMOJI": "emoji", "COMMON": "symbols"}
    name, package = names.get(script, f"{script.title()} text"), PACKAGES.get(script)
    package, reason = package or "fonts-noto-core", "no font here has it"
    if not shaping and script not in PLAIN:
        reason, package = "Pillow found no FriBidi to shape it", f"libfribidi0 {package}"
    return f"The caption's {name} could not be set: {reason}. Install: apt install {package}."

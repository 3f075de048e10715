"""Makes words from outside (a provider, a file name) safe to show to an agent or a person."""

from __future__ import annotations

import unicodedata

# Joiners shape Persian, Urdu, Indic scripts and emoji; every other format character can hide or
# reorder text (bidi overrides, tags), and says nothing that a reader would miss.
_JOINERS = frozenset("\u200c\u200d")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean(text: str, limit: int) -> str:
    """One line of at most `limit` characters without control, bidi, tag or surrogate characters.

    White space (line ends too) becomes single spaces; what is cut off ends in an ellipsis.
    """
    # What is dropped must not cost the rest its place, but the work stays bounded.
    kept = "".join(_shown(char) for char in text[: limit * 16 + 1024])
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: max(limit - 1, 0)].rstrip() + "…"[:limit]


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes of the text (UTF-8) with its lines; a cut ends in an ellipsis."""
    data = text.encode(errors="replace")
    return text if len(data) <= limit else data[: limit - 3].decode(errors="ignore") + "…"


def visible(text: str) -> str:
    """The text with half characters, which bytes that are no UTF-8 become, as escapes."""
    return text.encode(errors="backslashreplace").decode()


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    if char in _JOINERS:
        return char
    if "\U000e0100" <= char <= "\U000e01ef":  # variation selectors can carry hidden bytes
        return ""
    return "" if unicodedata.category(char) in _DROPPED else char

"""What our files are called: names to browse in any script, on which no system stumbles."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC, datetime

RESCUED = ".rescued"  # ends the names of images that could not be kept or read
_LIMIT = 120  # bytes of UTF-8; every file system takes 255, and people add to names
_ENOUGH = 1000  # characters of a prompt that are looked at: it may have 32,000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORD = re.compile(r"[a-z]{1,10}")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")
# Letters and marks that show nothing: joiners, Hangul fillers, variation selectors, tags.
# Source: Default_Ignorable_Code_Point of Unicode 16, less what category Cf already says.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


def image_key(created: float, prompt: str, id: str, format: str, word: str = "") -> str:
    """`<YYYY-MM-DD>-<slug of the prompt>-<id>.<ext>`: UTC date, at most 120 bytes, unique by id.

    Before the id stands what it is, where there is a `word` for that: edited, mask, raw.
    """
    date = datetime.fromtimestamp(created, UTC).date().isoformat()
    tail = f"-{_checked(_ID, id)}.{_extension(format)}"
    tail = f"-{_checked(_WORD, word)}{tail}" if word else tail
    return f"{date}-{slug(prompt, _LIMIT - len(date) - 1 - len(tail))}{tail}"


def preview_key(id: str, ext: str) -> str:
    return f".aquatint/previews/{_checked(_ID, id)}.{_extension(ext)}"


def input_key(id: str, ext: str) -> str:
    return f".aquatint/inputs/{_checked(_ID, id)}.{_extension(ext)}"


def id_in(name: str) -> str:
    """The id at the end of a file's name (image_key), also of one that was rescued."""
    return name.rpartition(".")[0].rpartition("-")[2]


def hashed(prompt: str) -> str:
    """What stands in for a prompt that is not kept: the same for the same words."""
    return f"sha256:{hashlib.sha256(prompt.encode('utf-8', 'replace')).hexdigest()[:16]}"


def slug(text: str, limit: int) -> str:
    """Letters, digits and marks of any script in lower case, all else one dash: `limit` bytes.

    Never empty ("picture"), never begins or ends with a dash, never ends inside a letter and its
    marks.
    """
    kept: list[str] = []
    for char in visible(unicodedata.normalize("NFC", text[:_ENOUGH])).lower():
        category = unicodedata.category(char)
        standing = bool(kept) and kept[-1] != "-"  # a mark needs a letter to stand on
        if category[0] == "L" or category == "Nd" or (category in {"Mn", "Mc"} and standing):
            kept.append(char)
        elif kept and kept[-1] != "-":
            kept.append("-")
    return _cut(unicodedata.normalize("NFC", "".join(kept)), limit).strip("-") or "picture"


def visible(text: str) -> str:
    """The text without what cannot be seen: controls, bidi, zero-width, tags, lone surrogates.

    White space stays, new lines and tabs too.
    """
    return "".join(
        char
        for char in _INVISIBLE.sub("", text)
        if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )


def _cut(text: str, limit: int) -> str:
    data = text.encode()
    if len(data) <= limit:
        return text
    end = len(data[:limit].decode(errors="ignore"))
    while end and unicodedata.category(text[end])[0] == "M":
        end -= 1
    return text[:end]


def _extension(format: str) -> str:
    return "jpg" if format == "jpeg" else _checked(_EXTENSION, format)


def _checked(pattern: re.Pattern[str], word: str) -> str:
    if not pattern.fullmatch(word):
        raise ValueError(f"{word!r} cannot be part of a file name of ours")
    return word

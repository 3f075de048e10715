"""Names that people give to pictures (`@logo`): what may be one, and when two are the same."""

from __future__ import annotations

import unicodedata

from .errors import BadRequest

MOST = 64  # characters
RULE = f'Use letters of any script, digits, - and _: at most {MOST}, as in name="logo".'


def checked(name: str) -> str:
    """The name as it is kept and shown, without its @. Raises BadRequest."""
    plain = unicodedata.normalize("NFC", name.strip().removeprefix("@"))
    if not _may_be(plain):
        raise BadRequest(f"{name[:80]!r} cannot be the name of a picture.", RULE, code="bad_name")
    return plain


def key(name: str) -> str:
    """What two spellings of one name have in common: width and case make no difference."""
    folded = unicodedata.normalize("NFKC", name.removeprefix("@")).casefold()
    return unicodedata.normalize("NFKC", folded)


def named(reference: str) -> str | None:
    """The name in a reference like `@logo` or `image://@logo`; None for any other."""
    text = reference.strip().removeprefix("image://")
    plain = unicodedata.normalize("NFC", text.removeprefix("@"))
    return plain if text.startswith("@") and _may_be(plain) else None


def _may_be(name: str) -> bool:
    return 0 < len(name) <= MOST and all(
        char in "-_" or unicodedata.category(char)[0] in "LM" or char.isdecimal() for char in name
    )

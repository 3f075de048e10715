"""What a catalog answers to questions about many of its rows."""

from __future__ import annotations

from .frozen import Frozen
from .types import ImageRecord


class Spending(Frozen):
    """What one owner's calls of one model for one project folder cost on one day (UTC)."""

    day: str  # YYYY-MM-DD
    model: str
    project: str
    calls: int
    usd: float  # what is known and what is reserved
    unknown: int = 0  # calls whose outcome nobody knows; counted at their estimate
    unpriced: int = 0  # calls whose price nobody knows; counted as nothing


class Page(Frozen):
    """Newest first; `cursor` continues after the last one, None at the end.

    `partly` where no picture has all words that were looked for: these have some, most first.
    """

    images: tuple[ImageRecord, ...]
    cursor: str | None = None
    total: int = 0
    partly: bool = False


class Written(Frozen):
    """What was written to a path last: whose picture, which bytes, and whether all its pixels."""

    path: str
    image: str
    sha256: str
    whole: bool

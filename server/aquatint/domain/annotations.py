"""What a person marked on pictures, and how an agent is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import Field

from .frozen import Frozen
from .words import clean

Mark = Literal["pick", "pin", "sketch", "mask", "name", "dropped", "style"]
Place = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]  # permille of the side

MOST_WORDS = 500  # characters of one annotation
MOST_TOLD = 12  # annotations with their words in one reply; the others are counted
_NOUNS: dict[Mark, str] = {"pin": "note", "sketch": "sketch"}


class Annotation(Frozen):
    """One thing that a person did to a picture of the catalog.

    `x`, `y` and `points` are permille of its width and height; `mask` is the id of a mask that was
    painted for it. `project` is the folder it belongs to, empty for every one. `told` is when an
    agent heard of it (epoch seconds).
    """

    id: str
    owner: str
    kind: Mark
    image: str
    project: str = ""
    words: str = Field(default="", max_length=MOST_WORDS)
    x: Place | None = None
    y: Place | None = None
    points: tuple[tuple[Place, Place], ...] = Field(default=(), max_length=2000)
    mask: str | None = None
    created: float
    told: float | None = None


class Annotations(Protocol):
    """What people marked on pictures. Everything is seen by its owner only, oldest first."""

    async def add(self, annotation: Annotation) -> None:
        """Keep one, or replace the one of the same id."""
        ...

    async def open(self, owner: str, image: str | None = None) -> list[Annotation]:
        """All that were not removed; those of one picture by its id."""
        ...

    async def remove(self, annotation: str, owner: str) -> bool: ...
    async def take(self, owner: str, projects: Sequence[str], now: float) -> list[Annotation]:
        """Those that no agent was told of, which from `now` on count as told, in one transaction.

        With `projects` only theirs, and those that belong to none.
        """
        ...


def in_words(found: Sequence[Annotation]) -> str:
    """What an agent is told, one line for each; the user's words are quoted as words."""
    shown = [_line(one) for one in found[:MOST_TOLD]]
    if len(found) > MOST_TOLD:
        left = Counter(one.kind for one in found[MOST_TOLD:])
        shown.append("and " + ", ".join(f"{n} more {kind}" for kind, n in left.items()))
    return "In the studio, the user " + "; ".join(shown) + "."


def _line(one: Annotation) -> str:
    uri = f"image://{one.image}"
    said = f': "{clean(one.words, 300)}"' if one.words else ""
    match one.kind:
        case "pick":
            return f"picked {uri}{said}"
        case "mask":
            return f"painted the mask image://{one.mask} for {uri}{said}"
        case "name":
            return f"named {uri} {clean(one.words, 80)}, which is a reference to it in every tool"
        case "dropped":
            return f"added the picture {uri}{said}"
        case "style":
            return f"put {uri} on the style board{said}"
        case _:
            where = (
                "" if one.x is None or one.y is None else f" at {one.x:.0f},{one.y:.0f} permille"
            )
            if one.points:
                left, right = _span([x for x, _ in one.points])
                top, bottom = _span([y for _, y in one.points])
                where = f" from {left},{top} to {right},{bottom} permille"
            return f"left a {_NOUNS[one.kind]} on {uri}{where}{said}"


def _span(values: Sequence[float]) -> tuple[int, int]:
    return round(min(values)), round(max(values))

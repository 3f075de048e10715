"""Several people at one picture: each sees what the others mark, and where they point.

What somebody paints is theirs until they send it, so it is passed on and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...domain.requests.regions import Region
from . import requests as asked
from .gallery import known

if TYPE_CHECKING:
    from .operations import Answer, Visitor

GONE = 12.0  # seconds without a word, after which somebody is no longer there
MOST = 500  # people whose marks are held in memory


@dataclass(frozen=True, slots=True)
class _Person:
    heard: float
    regions: tuple[Region, ...]
    at: tuple[float, float] | None


_people: dict[tuple[str, str, str], _Person] = {}  # by owner, picture, person


async def tell(visitor: Visitor, request: asked.Beside) -> Answer:
    """{others}: [{person, regions, at}] of the same picture, by when they came."""
    image = (await known(visitor, request.image)).id
    owner, now = visitor.caller.owner, visitor.service.context.now()
    mine = (owner, image, request.person)
    before = _people.get(mine)
    regions = request.regions
    if regions is None:  # as before
        regions = before.regions if before else ()
    _people[mine] = _Person(now, regions, request.at)
    for key, one in list(_people.items()):
        if now - one.heard > GONE or len(_people) > MOST:
            del _people[key]
    others = [
        {
            "person": person,
            "regions": [
                region.model_dump(mode="json", exclude_none=True) for region in one.regions
            ],
            "at": one.at,
        }
        for (of, where, person), one in _people.items()
        if (of, where) == (owner, image) and person != request.person
    ]
    return {"others": others}

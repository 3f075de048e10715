"""The order in which things of one kind are counted: in rows from the top, each from the left."""

from __future__ import annotations

from ..domain.vision import Spot


def in_rows(spots: list[Spot]) -> list[Spot]:
    """A row holds what stands within half of its first one's height; always the same order."""
    left = sorted(spots, key=lambda spot: (_middle(spot), spot.box))
    ordered: list[Spot] = []
    while left:
        first = left[0]
        reach = _middle(first) + first.box[3] / 2
        row = [spot for spot in left if _middle(spot) <= reach]
        left = [spot for spot in left if _middle(spot) > reach]
        ordered += sorted(row, key=lambda spot: (spot.box, _middle(spot)))
    return ordered


def _middle(spot: Spot) -> float:
    return spot.box[1] + spot.box[3] / 2

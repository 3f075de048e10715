"""Spending limits: what is left of one, and when enough of it comes free again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

_DUST = 1e-9  # dollars; sums of prices are not exact


Window = Literal["hour", "day", "week", "month"]
SECONDS: Mapping[Window, float] = MappingProxyType(
    {"hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0, "month": 30 * 86400.0}
)


def dollars(usd: float) -> str:
    """As people read it: cents, and four digits below a dollar."""
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `usd` dollars from `since` (epoch seconds) until now."""

    usd: float
    since: float

    def allows(self, spent: float, wanted: float) -> bool:
        return spent + wanted <= self.usd + _DUST


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What stood in the way of a call: (when, dollars) of each earlier one, oldest first.

    What still runs counts as spent now.
    """

    entries: tuple[tuple[float, float], ...]

    @property
    def spent(self) -> float:
        return sum(usd for _, usd in self.entries)

    def frees(self, usd: float, wanted: float, window: float) -> float | None:
        """When (epoch seconds) a call of `wanted` dollars fits under `usd` again, if ever."""
        spent = self.spent
        for when, cost in self.entries:
            spent -= cost
            if spent + wanted <= usd + _DUST:
                return when + window
        return None

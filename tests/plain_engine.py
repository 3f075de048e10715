"""What tests' own engines share with the Images API: what was sent cannot be found again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection

from aquatint.domain.engine import Event, Part
from aquatint.domain.errors import Unavailable
from aquatint.domain.types import Finding, Job, Order


class PlainEngine:
    """Everything of the port but `render`."""

    stoppable = False

    def resumes(self, ticket: str, /) -> bool:
        return False

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncIterator[Event]:
        raise Unavailable(f"{job} is not known here.", "Call again.")
        yield

    async def cancel(self, order: Order, *, job: str) -> bool:
        return False

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        return []

    async def aclose(self) -> None: ...


def nobody(job: Job) -> None:
    """For recoveries that find nothing to go on with."""
    raise AssertionError(f"{job.id} should not go on")


class NoFetch:
    """A way to addresses that nobody goes."""

    async def get(self, url: str) -> bytes:
        raise AssertionError(url)

    async def save(self, url: str, write: Callable[[bytes], object]) -> None:
        raise AssertionError(url)

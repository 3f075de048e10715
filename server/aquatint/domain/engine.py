"""What draws: what it is given, what it says on the way, and the port that every engine has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from .types import Finding, Order
from .usage import Usage


class Part(Protocol):
    """A picture on its way in: bytes on disk under a name that no reader looks at.

    `write` appends; it raises OSError when the disk does. `read` gives everything written so far.
    """

    @property
    def size(self) -> int: ...
    def write(self, data: bytes | memoryview, /) -> None: ...
    def read(self, limit: int | None = None) -> bytes: ...
    def discard(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Inputs:
    """The bytes behind an order's keys, in its order: PNG, JPEG or WebP; mask and markup PNG."""

    images: tuple[bytes, ...] = ()
    mask: bytes | None = None
    markup: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The request is about to leave: from here on an unanswered call may have cost money."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is being drawn under this name, by which any process can fetch it."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The provider asked for a pause before the request is (re)sent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is, in words that a waiting caller is told."""

    words: str


@dataclass(frozen=True, slots=True)
class Partial:
    """An early look at a picture that is still being drawn; a whole, decodable file."""

    index: int
    part: Part


@dataclass(frozen=True, slots=True)
class Finished:
    """The pictures as they came, checked for nothing yet."""

    parts: tuple[Part, ...]
    usage: Usage | None = None
    model: str | None = None
    request_id: str | None = None
    notes: tuple[str, ...] = ()  # what the caller must be told (a parameter was dropped, ...)
    cost_usd: float | None = None  # what a gateway says that it cost
    revised_prompt: str | None = None  # the words it was drawn from, where a model wrote others


Event = Sent | Accepted | Waiting | Progress | Partial | Finished


class Engine(Protocol):
    """Something that draws. `render` yields events and ends after one Finished.

    It raises only the errors of domain.errors, and writes into parts that `part` opens. `job` is
    the id of the job that the order is of.
    """

    @property
    def stoppable(self) -> bool:
        """Whether what was sent can be stopped at no cost, by any process."""
        ...

    def resumes(self, ticket: str, /) -> bool:
        """Whether what one process sent can be fetched by another: by the id of its job alone,
        or by the ticket under which it was accepted ("" for none)."""
        ...

    def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncIterator[Event]: ...
    def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncIterator[Event]:
        """Go on with what a process that is gone has sent; sends nothing, so it yields no Sent."""
        ...

    async def cancel(self, order: Order, *, job: str) -> bool:
        """Stop what was sent, at no cost, whichever process did; False where nobody can."""
        ...

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """Whether it can draw, with these models; costs nothing, and asks no network offline."""
        ...

    async def aclose(self) -> None: ...

"""The tools a job is worked with, handed from the composition root to whoever runs jobs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from ..domain.engine import Engine
from ..domain.outside import Workspace
from ..domain.ports import Blobs, Catalog, Leases
from ..domain.types import JobRecord
from ..domain.usage import Usage
from ..domain.vision import Vision

P = ParamSpec("P")
T = TypeVar("T")

# Pillow takes 4 bytes a pixel and both cores; more decoding at once only costs memory.
DECODERS = 2
BIG = 4_000_000  # bytes of a picture's file


@dataclass(frozen=True, slots=True)
class Stage:
    """What a waiting caller may be told: `queued`, `asking`, `drawing`, `pausing` or `saving`."""

    name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}" if self.detail else self.name


@dataclass(frozen=True, slots=True)
class JobContext:
    """Engines by name, the two stores, the way to foreign files, a clock (epoch seconds), prices.

    `price(model, usage, n)` is what n pictures cost in USD, None when the price is unknown.
    """

    engines: Mapping[str, Engine]
    blobs: Blobs
    catalog: Catalog
    workspace: Workspace
    now: Callable[[], float]
    price: Callable[[str, Usage | None, int], float | None]
    max_pixels: int
    leases: Leases  # this process's own, and what can be told of others
    vision: Vision  # finds things in pictures; loads nothing before it is asked
    read_words: bool = True  # hold what a picture reads against its prompt's quoted words
    decoding: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(DECODERS))
    big: anyio.Lock = field(default_factory=anyio.Lock)

    def abandoned(self, record: JobRecord) -> bool:
        """Whether a job without an end will never get one by itself."""
        return record.state == "intent" and self.leases.abandoned(record, self.now())

    def turn(self, size: int) -> AbstractAsyncContextManager[object]:
        """Held while a picture of `size` bytes is decoded: no two big ones are in memory."""
        return self.big if size > BIG else nullcontext()

    async def pixelwork(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of core on pixels in a worker thread, few at a time."""
        call = functools.partial(work, *args, **kwargs)
        return await anyio.to_thread.run_sync(call, limiter=self.decoding)

"""Stand-ins that import the real adapter with its first use, in a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection

import anyio
import anyio.to_thread

from .domain.ports import Engine, Event, Fetch, Inputs, Part
from .domain.types import Finding, Order


class LazyEngine:
    """An engine whose SDK is imported when it is first asked, so that a server starts at once."""

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._load = load
        self._engine: Engine | None = None
        self._lock = anyio.Lock()

    async def _loaded(self) -> Engine:
        async with self._lock:
            if self._engine is None:
                self._engine = await anyio.to_thread.run_sync(self._load)
        return self._engine

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part]
    ) -> AsyncIterator[Event]:
        engine = await self._loaded()
        async for event in engine.render(order, inputs, part):
            yield event

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        return await (await self._loaded()).check(models, online=online)

    async def aclose(self) -> None:
        if self._engine is not None:
            await self._engine.aclose()


class LazyFetch:
    """The same for the door to https addresses."""

    def __init__(self, load: Callable[[], Fetch]) -> None:
        self._load = load

    async def get(self, url: str) -> bytes:
        fetch = await anyio.to_thread.run_sync(self._load)
        return await fetch.get(url)

"""The studio of one connection, opened behind the first answer: hosts wait for tools/list."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from ..services.images import ImageService  # with the adapters it is a tenth of the start


class Opening:
    """Where requests find their studio; the first that asks has it opened."""

    def __init__(self) -> None:
        self._service: ImageService | None = None
        self._wanted, self._there, self._over = anyio.Event(), anyio.Event(), anyio.Event()
        self._left = anyio.Event()

    @property
    def service(self) -> ImageService:
        """The studio, for what runs inside a request that has awaited `opened`."""
        assert self._service is not None, "the server opens it before it calls a tool"
        return self._service

    async def opened(self) -> ImageService:
        self._wanted.set()
        await self._there.wait()
        return self.service

    async def keep(self, service: AbstractAsyncContextManager[ImageService]) -> None:
        """Enter the studio when it is wanted, and leave it, in the same task, after `close`."""
        await self._wanted.wait()
        if not self._over.is_set():
            async with service as self._service:
                self._there.set()
                await self._over.wait()
        self._left.set()

    def close(self) -> None:
        self._over.set()
        self._wanted.set()

    async def closed(self) -> None:
        """Close, and wait until the studio is left: its jobs have ended or are in the worker."""
        self.close()
        await self._left.wait()

"""The service of one connection, opened after the first answer: hosts wait for tools/list."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from ..services.images import ImageService  # importing it is a tenth of the start


class LazyService:
    """Where requests find their service; the first request that asks has it opened."""

    def __init__(self) -> None:
        self._service: ImageService | None = None
        self._wanted, self._ready = anyio.Event(), anyio.Event()
        self._closing, self._closed = anyio.Event(), anyio.Event()

    @property
    def service(self) -> ImageService:
        """The service, for code inside a request that has awaited `opened`."""
        assert self._service is not None, "the server opens it before it calls a tool"
        return self._service

    async def opened(self) -> ImageService:
        self._wanted.set()
        await self._ready.wait()
        return self.service

    async def keep(self, service: AbstractAsyncContextManager[ImageService]) -> None:
        """Enter the service when it is wanted, and leave it, in the same task, after `close`."""
        await self._wanted.wait()
        try:
            if not self._closing.is_set():
                async with service as self._service:
                    self._ready.set()
                    await self._closing.wait()
        finally:
            self._closed.set()  # whatever happened: a signal waits for it

    def close(self) -> None:
        self._closing.set()
        self._wanted.set()

    async def closed(self) -> None:
        """Close, and wait until the service is left: its jobs have ended or are in the worker."""
        self.close()
        await self._closed.wait()

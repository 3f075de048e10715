"""Bounds what connections may hold before they have shown the token: time, number and log lines.

uvicorn itself waits without end for the headers of a new connection, and takes any number.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS = 10.0  # seconds for a request's headers to be there
MOST_WAITING = 64  # connections whose headers are not there yet; above it the oldest one goes

Waiting = OrderedDict[H11Protocol, asyncio.TimerHandle]


def bounded(seconds: float = HEADERS, most: int = MOST_WAITING) -> type[H11Protocol]:
    """uvicorn's protocol, which leaves connections that send no request in time.

    An owner gets in past any number of silent connections: the newest ones stay.
    """
    waiting: Waiting = OrderedDict()

    class Bounded(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(waiting) >= most:
                oldest, timer = waiting.popitem(last=False)
                timer.cancel()
                oldest.transport.abort()
            self._wait()

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            super().data_received(data)
            if self.cycle is not before:
                self._wait_no_more()
            elif self not in waiting and self._between_requests():
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._wait_no_more()
            super().connection_lost(exc)

        def _between_requests(self) -> bool:
            """Whether these are the first bytes of one more request on a connection."""
            return bool(self.cycle and self.cycle.response_complete)  # None before the first

        def _wait(self) -> None:
            close: Callable[[], None] = self.transport.abort
            waiting[self] = self.loop.call_later(seconds, close)

        def _wait_no_more(self) -> None:
            timer = waiting.pop(self, None)
            if timer is not None:
                timer.cancel()

    return Bounded

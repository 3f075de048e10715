"""ComfyUI's websocket: how far a prompt is, and early looks. Never the truth, and never needed."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote

import anyio

from ...domain.json_values import as_object, object_in

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CONNECT, CLOSE = 5.0, 1.0  # seconds
LARGEST = 32_000_000  # bytes of a message: an early look
OFFERS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
PREVIEW, PREVIEW_WITH_METADATA = 1, 4  # the first four bytes of a binary message
DONE = frozenset({"execution_success", "execution_error", "execution_interrupted"})


@dataclass(frozen=True, slots=True)
class Heard:
    """One message about a prompt: steps done, an early look (JPEG or PNG), or that it ended."""

    prompt: str = ""
    steps: tuple[int, int] | None = None
    look: bytes | None = None
    ended: bool = False


class Watch:
    """A connection that may be missing: then `next` waits, and tells nothing."""

    def __init__(self, url: str, client: str, *, near: bool) -> None:
        scheme, rest = url.split("://", 1)
        self._url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws?clientId={quote(client)}"
        self._proxy: Literal[True] | None = None if near else True
        self._socket: ClientConnection | None = None
        self._prompt = ""  # that runs, for early looks that do not say whose they are

    async def __aenter__(self) -> Self:
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        with suppress(OSError, TimeoutError, ValueError, WebSocketException):
            self._socket = await connect(
                self._url,
                proxy=self._proxy,
                open_timeout=CONNECT,
                close_timeout=CLOSE,
                max_size=LARGEST,
                max_queue=None,  # what is not read would hold up the end of the connection
            )
            await self._socket.send(json.dumps(OFFERS))
        return self

    async def __aexit__(self, *_: object) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with anyio.CancelScope(shield=True):
                await socket.close()

    async def next(self, seconds: float) -> Heard | None:
        """What was heard within that time, None for nothing."""
        from websockets.exceptions import WebSocketException

        if self._socket is None:
            await anyio.sleep(seconds)
            return None
        try:
            with anyio.move_on_after(seconds):
                return self._heard(await self._socket.recv())
        except (OSError, WebSocketException):
            self._socket = None  # nothing is replayed after a reconnection
        return None

    def _heard(self, message: str | bytes) -> Heard | None:
        if isinstance(message, bytes):
            return self._look(message)
        told = object_in(message)
        fields = as_object(told.get("data"))
        prompt = str(fields.get("prompt_id") or self._prompt)
        match told.get("type"):
            case "execution_start":
                self._prompt = prompt
            case "progress":
                done, of = fields.get("value"), fields.get("max")
                if isinstance(done, int) and isinstance(of, int):
                    return Heard(prompt, steps=(done, of))
            case kind if kind in DONE:
                return Heard(prompt, ended=True)
            case _:
                pass
        return None

    def _look(self, message: bytes) -> Heard | None:
        kind, rest = int.from_bytes(message[:4]), message[4:]
        length = int.from_bytes(rest[:4])
        if kind == PREVIEW:
            return Heard(self._prompt, look=rest[4:])
        if kind == PREVIEW_WITH_METADATA:
            about = object_in(rest[4 : 4 + length])
            return Heard(str(about.get("prompt_id") or self._prompt), look=rest[4 + length :])
        return None

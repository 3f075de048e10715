"""The same server over streamable HTTP, on loopback, behind a token that it makes itself."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import socket
from pathlib import Path

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..domain.errors import Misconfigured
from ..mcp_server.server import AquatintServer
from .connections import HEADERS, bounded
from .loopback import HOST, drafted

BODY_LIMIT = 80_000_000  # data: URLs of 50 MB pictures, in base64
SMALL_BODY = 65_536  # bytes of a body without the token that are read, so that its refusal arrives
SMALL_BODY_SECONDS = 2.0
TOKEN_BYTES = 32
TOKEN = re.compile(r"[\w.~+/=-]{16,}", re.ASCII)


def http_app(server: AquatintServer, port: int, token: str) -> ASGIApp:
    """An ASGI app at /mcp that answers only its own host, its own pages and its own token."""
    names = [f"{HOST}:{port}", f"localhost:{port}"]
    security = TransportSecuritySettings(
        allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
    )
    app = server.streamable_http_app(
        transport_security=security, max_request_body_size=BODY_LIMIT, host=HOST
    )
    return _Bearer(app, token)


def run(app: ASGIApp, listener: socket.socket, log: str, header_seconds: float = HEADERS) -> None:
    """Serve until the process is told to leave; `log` is the level of our own settings."""
    config = uvicorn.Config(
        app,
        http=bounded(header_seconds),
        ws="none",
        log_config=None,  # so that its lines pass our redaction too
        # Its warnings are one for each broken request: anybody on this machine could fill a disk.
        log_level="error" if log == "WARNING" else log.lower(),
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def token_at(home: str) -> tuple[str, str]:
    """The token and the 0600 file that holds it; made at the first use."""
    path = Path(home) / ".aquatint" / "http-token"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_token(path)
        token = path.read_text("ascii", errors="replace").strip()
    except OSError as failed:
        raise Misconfigured(
            f"The token file {path} cannot be made or read: {failed.strerror}.",
            "Set AQUATINT_HOME to a folder that can be written.",
        ) from failed
    if not TOKEN.fullmatch(token):
        raise Misconfigured(
            f"The token file {path} holds no token: it is empty or damaged.",
            "Delete it and start again: a new token is made, which clients then need.",
        )
    return token, str(path)


def _make_token(path: Path) -> None:
    """Written whole before it has its name, so that no other start reads half of it."""
    draft = drafted(path, secrets.token_urlsafe(TOKEN_BYTES) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another start was first
    finally:
        draft.unlink()


async def _take_small(receive: Receive, size: int) -> None:
    """Read a request's body away, when it is small and comes at once."""
    if size > SMALL_BODY:
        return
    with anyio.move_on_after(SMALL_BODY_SECONDS):
        while (await receive()).get("more_body"):
            pass


class _Bearer:
    """Refuses a request whose Authorization header is not the token (compared in constant time).

    The connection is closed behind the refusal. A small body is taken first, for a short while:
    closing on bytes that nobody read resets the connection, and the refusal would be lost.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._admits(scope):
            await self._app(scope, receive, send)
            return
        if Headers(scope=scope).get("content-length", "").isdecimal():
            await _take_small(receive, int(Headers(scope=scope)["content-length"]))
        close = {"Connection": "close"}
        if str(scope["path"]).startswith("/.well-known/"):  # where clients look for OAuth first
            answer = JSONResponse({"error": "Not found."}, status_code=404, headers=close)
        else:
            answer = JSONResponse(
                {"error": "A bearer token is needed: Authorization: Bearer <token>."},
                status_code=401,
                headers={"WWW-Authenticate": 'Bearer realm="aquatint"', **close},
            )
        await answer(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._token)
        return right and scheme.lower() == "bearer"

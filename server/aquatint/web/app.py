"""The same server over streamable HTTP, on loopback, behind a token that it makes itself."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..domain.errors import Misconfigured
from ..mcp_server.server import AquatintServer

HOST = "127.0.0.1"
BODY_LIMIT = 80_000_000  # data: URLs of 50 MB pictures, in base64
TOKEN_BYTES = 32
SHORTEST = 16  # characters of a token that somebody chose


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


def token_at(home: str) -> tuple[str, str]:
    """The token and the 0600 file that holds it; made at the first use."""
    path = Path(home) / ".aquatint" / "http-token"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _token_in(path), str(path)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token + "\n")
    except OSError as failed:
        raise Misconfigured(
            f"The token file {path} cannot be made: {failed.strerror}.",
            "Set AQUATINT_HOME to a folder that can be written.",
        ) from failed
    return token, str(path)


def _token_in(path: Path) -> str:
    """The token of a file that is there. One that is empty or damaged would admit anybody."""
    token = path.read_text("utf-8", errors="replace").strip()
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        raise Misconfigured(
            f"The token file {path} holds no token of at least {SHORTEST} characters.",
            "Delete it and start again: a new one is made.",
        )
    return token


class _Bearer:
    """Refuses a request whose Authorization header is not the token (compared in constant time)."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._admits(scope):
            await self._app(scope, receive, send)
            return
        answer = JSONResponse(
            {"error": "A bearer token is needed: Authorization: Bearer <token>."},
            status_code=401,
            headers={"WWW-Authenticate": 'Bearer realm="aquatint"'},
        )
        await answer(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        given = Headers(scope=scope).get("authorization", "").encode()
        return hmac.compare_digest(given, self._expected)

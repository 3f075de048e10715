"""Who may come in to the studio on loopback: links that work once, and the sessions they become.

Sessions are signed by a key of the home, and its page comes back at the port where it was, so that
a page that is open outlives the process that served it.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ..domain.errors import Misconfigured
from .loopback import HOST, drafted

LINK_LIVES = 600.0  # seconds
SESSION_LIVES = 7 * 86400  # seconds
MOST_LINKS = 16
EXPIRED = "This link was used already, or is too old. Run `aquatint studio` for a new one."
KEY = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(slots=True)
class Door:
    """`key` signs sessions; `secret` is for processes of this home, and anew in each process."""

    port: int
    key: str = field(default_factory=secrets.token_urlsafe)
    secret: str = field(default_factory=secrets.token_urlsafe)
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    links: dict[str, float] = field(default_factory=dict[str, float])
    streams: int = 0
    seen: float = 0.0

    @property
    def cookie(self) -> str:
        return f"aquatint-{self.port}"  # cookies are shared by all ports of a host

    def link(self) -> str:
        """An address that opens the page once, within ten minutes."""
        while len(self.links) >= MOST_LINKS:
            del self.links[next(iter(self.links))]
        token = secrets.token_urlsafe()
        self.links[token] = self.clock() + LINK_LIVES
        return f"http://{HOST}:{self.port}/open?token={token}"

    def enter(self, token: str) -> str | None:
        """A new session for a token that is good; it is good no more."""
        until = self.links.pop(token, 0.0)
        if until < self.clock():
            return None
        return self._signed(f"{int(self.wall()) + SESSION_LIVES}.{secrets.token_urlsafe()}")

    def knows(self, session: str) -> bool:
        """Whether this home signed it, within the last seven days."""
        words, _, _ = session.rpartition(".")
        until = words.partition(".")[0]
        right = hmac.compare_digest(session.encode(), self._signed(words).encode())
        return right and self.wall() < int(until)

    def _signed(self, words: str) -> str:
        return f"{words}.{hmac.digest(self.key.encode(), words.encode(), 'sha256').hex()}"

    def refusal(self, request: Request) -> Response | None:
        """Why a request is not answered; None where it is one of the page's own."""
        self.seen = self.clock()
        ours = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        if request.headers.get("host") not in ours:
            return PlainTextResponse("Unknown host.", 421)
        origin = request.headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in ours:
            return PlainTextResponse("Unknown origin.", 403)
        path = request.url.path
        if path == "/open":
            return None
        if path == "/link":
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(given.encode(), self.secret.encode())
            return None if right and scheme == "Bearer" else PlainTextResponse("No.", 401)
        if self.knows(request.cookies.get(self.cookie, "")):
            return None
        return PlainTextResponse(EXPIRED, 401)


def opened(home: str, port: int) -> tuple[socket.socket, Door]:
    """A listening socket and its door: at `port`; at 0 where this home's page was, or anywhere.

    Raises OSError for a port that is taken, Misconfigured where nothing can be kept in the home.
    """
    place = Path(home) / ".aquatint" / "studio-door"
    kept = _kept(place)
    listener = _listening(port) if port else _listening(kept["port"], 0)
    door = Door(listener.getsockname()[1], kept["key"])
    try:
        drafted(place, json.dumps({"port": door.port, "key": door.key})).replace(place)
    except OSError as failed:
        listener.close()
        raise Misconfigured(
            f"The file {place} cannot be written: {failed.strerror}.",
            "Set AQUATINT_HOME to a folder that can be written.",
        ) from failed
    return listener, door


def _listening(*ports: int) -> socket.socket:
    *first, last = ports
    for port in first:
        try:
            return socket.create_server((HOST, port))
        except OSError:  # somebody else took it meanwhile
            continue
    return socket.create_server((HOST, last))


def _kept(place: Path) -> dict[str, Any]:
    """The port (0: none) and the key of the home; new ones where there is no sound file."""
    try:
        found: Any = json.loads(place.read_text("ascii"))
        port, key = int(found["port"]), str(found["key"])
        if 0 < port < 65536 and KEY.fullmatch(key):
            return {"port": port, "key": key}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return {"port": 0, "key": secrets.token_urlsafe()}

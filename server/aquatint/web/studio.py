"""The studio on loopback: the page, its one call, and word of what is new, for one browser user.

A link opens it once; the token in it becomes a cookie that no script and no other site can use.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from ..domain.types import LOCAL, Caller
from ..page import html
from ..services.studio.operations import Visitor, perform
from .connections import bounded
from .door import EXPIRED, Door

if TYPE_CHECKING:
    import socket

    from ..services.images import ImageService

BODY = 2_000_000  # bytes: an upload's piece in base64, and some
BEAT = 15.0  # seconds after which a silent stream says that it lives
LOOK = 1.0  # seconds between two looks for what is new
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
GO_ON = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>aquatint</title>'


def studio_app(service: ImageService, door: Door) -> Starlette:
    """An ASGI app for one home's pictures; every request passes the door first."""
    caller = Caller(LOCAL)

    async def opened(request: Request) -> Response:
        session = door.enter(request.query_params.get("token", ""))
        if session is None:
            return PlainTextResponse(EXPIRED, 401, HEADERS)
        # A redirect would come from the other site that the link stood on, and bring no cookie.
        answer = HTMLResponse(GO_ON, headers=HEADERS)
        answer.set_cookie(door.cookie, session, httponly=True, samesite="strict", path="/")
        return answer

    async def page(_: Request) -> Response:
        return HTMLResponse(html(), headers=HEADERS)

    async def link(_: Request) -> Response:
        return PlainTextResponse(door.link(), headers=HEADERS)

    async def call(request: Request) -> Response:
        if request.headers.get("content-type") != "application/json":
            return PlainTextResponse("JSON is needed.", 415, HEADERS)
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > BODY:
                return PlainTextResponse("Too large.", 413, HEADERS)
        try:
            asked = json.loads(body)
            op, arguments = str(asked["op"]), dict(asked["args"])
            # Only a person's browser has the cookie, and it sends the price that it showed them.
            agreed = float(asked.get("agreed") or 0)
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("Not a call.", 400, HEADERS)
        answer = await perform(Visitor(service, caller, agreed), op, arguments)
        return JSONResponse(answer, headers=HEADERS)

    async def events(_: Request) -> Response:
        return StreamingResponse(
            _events(service, caller, door), media_type="text/event-stream", headers=HEADERS
        )

    routes = [
        Route("/", page),
        Route("/open", opened),
        Route("/link", link, methods=["POST"]),
        Route("/call", call, methods=["POST"]),
        Route("/events", events),
    ]
    return Starlette(routes=[_guarded(one, door) for one in routes])


def _guarded(route: Route, door: Door) -> Route:
    async def guarded(request: Request) -> Response:
        refused = door.refusal(request)
        return refused or await route.endpoint(request)

    methods = sorted((route.methods or set()) - {"HEAD"})
    return Route(route.path, guarded, methods=methods)


async def _events(service: ImageService, caller: Caller, door: Door) -> AsyncGenerator[str]:
    """`data: revision` whenever something is new; a comment now and then, as a sign of life."""
    revision, silent = "", 0.0
    visitor = Visitor(service, caller)
    door.streams += 1
    try:
        while True:
            answer = await perform(visitor, "changes", {"since": revision})
            silent += LOOK
            if answer.get("changed"):
                revision, silent = answer["revision"], 0.0
                yield f"data: {revision}\n\n"
            elif silent >= BEAT:
                silent = 0.0
                yield ": alive\n\n"
            await anyio.sleep(LOOK)
    finally:
        door.streams -= 1
        door.seen = door.clock()


async def serve(app: Starlette, listener: socket.socket, door: Door, log: str, idle: float) -> None:
    """Serve until nobody has looked for `idle` seconds and nothing runs, or a signal comes."""
    config = uvicorn.Config(
        app,
        http=bounded(),
        ws="none",
        log_config=None,
        log_level="error" if log == "WARNING" else log.lower(),
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    door.seen = door.clock()

    async def watch() -> None:
        while door.streams or door.clock() - door.seen < idle:  # noqa: ASYNC110 - time passes
            await anyio.sleep(min(1.0, idle))
        server.should_exit = True

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await server.serve(sockets=[listener])
        group.cancel_scope.cancel()

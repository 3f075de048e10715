"""The command line: argv to settings to a command; nothing else."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from pathlib import Path

from .domain.redaction import guard
from .parser import SECRET, parse
from .settings import Settings, setting_fields

Carry = Callable[[Settings, argparse.Namespace], int | Coroutine[None, None, int]]
INTERRUPTED = 130  # as shells count it: 128 and the signal's number


def run(argv: Sequence[str] | None = None) -> int:
    """Parse, configure logging, dispatch. The exit code is one of those in parser.py."""
    arguments = parse(argv)
    flags = {name: getattr(arguments, name, None) for name in setting_fields() if name != SECRET}
    settings = Settings.from_env(
        os.environ, cwd=_cwd(), user_home=_user_home(), pathsep=os.pathsep, **flags
    )
    lines = "%(levelname)s %(name)s: %(message)s"
    guard(logging.StreamHandler(sys.stderr), settings.log, lines, settings.secrets)
    for problem in settings.problems:
        logging.getLogger("aquatint").warning("%s", problem)
    module, _, name = arguments.run.partition(":")
    carry_out: Carry = getattr(import_module(f".{module}", __package__), name)
    ended = carry_out(settings, arguments)
    if isinstance(ended, int):
        return ended
    try:
        return asyncio.run(ended)
    except KeyboardInterrupt:
        return INTERRUPTED


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve MCP until the input or the process ends, over stdio or HTTP on loopback."""
    port: int | None = getattr(arguments, "http", None)
    gc.disable()  # what imports make stays: looking through it costs a tenth of the start
    from .app import build

    server = build(settings, over_http=port is not None).server
    gc.enable()
    gc.freeze()
    if port is None:
        server.run("stdio")
        return 0
    import socket

    import uvicorn

    from .app import choose_home
    from .domain.errors import AquatintError
    from .surface.http import HOST, http_app, token_at

    try:
        token, path = token_at(choose_home(settings)[0])
    except AquatintError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        # Listening before it is said, so that whoever reads the line can connect; 0 takes any port.
        listener = socket.create_server((HOST, port))
    except OSError as taken:
        print(f"Port {port} cannot be opened ({taken.strerror}). Pass another.", file=sys.stderr)
        return 1
    chosen: int = listener.getsockname()[1]
    app = http_app(server, chosen, token)
    print(f"aquatint at http://{HOST}:{chosen}/mcp; the bearer token is in {path}", file=sys.stderr)
    # Without a log_config of its own, so that its lines pass our redaction too.
    config = uvicorn.Config(app, log_config=None, log_level=settings.log.lower(), access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # a plain string, and no Path for one word
    except OSError:
        return "/"  # the folder is gone; hosts do that


def _user_home() -> str | None:
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return str(home) if home.is_dir() else None

"""The command line: argv to settings to a command; nothing else."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .core.redaction import guard
from .settings import Settings, setting_fields, variable_of

SECRET = "api_key"  # noqa: S105  # a field's name; keys never come by argv, where everyone sees them


def run(argv: Sequence[str] | None = None) -> int:
    """Parse, configure logging, dispatch. The exit code: 0 well, 1 failed, 2 bad usage."""
    arguments = _parser().parse_args(argv)
    flags = {name: getattr(arguments, name, None) for name in setting_fields() if name != SECRET}
    settings = Settings.from_env(
        os.environ, cwd=_cwd(), user_home=_user_home(), pathsep=os.pathsep, **flags
    )
    lines = "%(levelname)s %(name)s: %(message)s"
    guard(logging.StreamHandler(sys.stderr), settings.log, lines, settings.secrets)
    for problem in settings.problems:
        logging.getLogger("aquatint").warning("%s", problem)
    command = arguments.command or "serve"
    if command == "serve":
        return _serve(settings, getattr(arguments, "http", None))
    if command == "draw":
        from .draw import draw

        return asyncio.run(draw(settings, arguments))
    if command == "forget":
        from .forget import forget

        return asyncio.run(forget(settings, arguments))
    if command == "add":
        from .draw import add

        return asyncio.run(add(settings, arguments.file))
    if command in {"spend", "cancel", "recent"}:
        from .commands import command as run_command

        return asyncio.run(run_command(settings, arguments))
    from .doctor import doctor

    return asyncio.run(doctor(settings, as_json=arguments.json, repair=arguments.repair))


def _serve(settings: Settings, port: int | None) -> int:
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
    from .core.errors import AquatintError
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aquatint", description="Pictures for agents: an MCP server, and a terminal command."
    )
    shared = argparse.ArgumentParser(add_help=False)
    group = shared.add_argument_group("settings (each also an environment variable)")
    for name, field in setting_fields().items():
        if name != SECRET:
            text = f"{field.description} [{variable_of(name, field)}]".replace("%", "%%")
            flag = "--" + name.replace("_", "-")
            group.add_argument(flag, dest=name, metavar="VALUE", help=text)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    serve = commands.add_parser("serve", parents=[shared], help="serve MCP (the default: stdio)")
    serve.add_argument("--http", type=int, metavar="PORT", help="streamable HTTP on loopback")
    drawing = commands.add_parser("draw", parents=[shared], help="draw from a prompt")
    drawing.add_argument("prompt")
    drawing.add_argument("-n", type=int, default=1, help="how many, 1-10")
    drawing.add_argument("-o", "--save-to", action="append", default=[], metavar="FILE")
    drawing.add_argument("--overwrite", action="store_true", help="replace existing FILEs")
    drawing.add_argument("--exact-size", metavar="WxH", help="fitted locally")
    drawing.add_argument("--format", choices=["png", "jpeg", "webp", "gif", "svg"])
    drawing.add_argument("--background", choices=["auto", "opaque", "transparent"])
    drawing.add_argument("--dry-run", action="store_true", help="price it, send nothing")
    drawing.add_argument("--fresh", action="store_true", help="pay again for the same request")
    lethe = commands.add_parser("forget", parents=[shared], help="remove pictures for good")
    lethe.add_argument("ids", nargs="*", metavar="ID", help="image://id, as recent_images lists")
    lethe.add_argument("--before", type=datetime.fromisoformat, metavar="DATE", help="all older")
    lethe.add_argument("--dry-run", action="store_true", help="say what would go")
    adding = commands.add_parser("add", parents=[shared], help="give pictures of yours to agents")
    adding.add_argument("file", nargs="+", metavar="FILE")
    spending = commands.add_parser("spend", parents=[shared], help="what was paid, and for what")
    spending.add_argument("--days", type=int, default=30, help="how many, today included (30)")
    spending.add_argument("--json", action="store_true", help="machine-readable")
    cancelling = commands.add_parser("cancel", parents=[shared], help="give up calls not yet sent")
    cancelling.add_argument("job", nargs="+", metavar="JOB")
    listing = commands.add_parser("recent", parents=[shared], help="what was made lately")
    listing.add_argument("query", nargs="*", metavar="WORD", help="of the prompt, any language")
    listing.add_argument("--limit", type=int, default=10, help="1-50")
    checking = commands.add_parser("doctor", parents=[shared], help="is everything well?")
    checking.add_argument("--json", action="store_true", help="machine-readable")
    checking.add_argument("--repair", action="store_true", help="end what killed servers left")
    return parser


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

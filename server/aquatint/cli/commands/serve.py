"""`aquatint serve`: MCP over stdio, or over HTTP on loopback."""

from __future__ import annotations

import argparse
import gc
import sys

from ...settings import Settings


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve MCP until the input or the process ends, over stdio or HTTP on loopback."""
    port: int | None = getattr(arguments, "http", None)
    gc.disable()  # what imports make stays: looking through it costs a tenth of the start
    from ...app import build

    server = build(settings, over_http=port is not None).server
    gc.enable()
    gc.freeze()
    if port is None:
        server.run("stdio")
        return 0
    import socket

    from ...app import choose_home
    from ...domain.errors import AquatintError
    from ...web.app import HOST, http_app, run, token_at

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
    run(app, listener, settings.log)
    return 0

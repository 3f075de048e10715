"""`aquatint serve --http` whose every request brings the token: the suite cannot send one."""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

from aquatint.app import build
from aquatint.settings import Settings
from aquatint.web.app import HOST, http_app

TOKEN = "t" * 43


def main(home: str) -> None:
    settings = Settings.from_env({"AQUATINT_HOME": home}, cwd=home, user_home=home)
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        app = http_app(build(settings, over_http=True).server, port, TOKEN)

        async def brings_the_token(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                token = (b"authorization", f"Bearer {TOKEN}".encode())
                scope = {**scope, "headers": [*scope["headers"], token]}
            await app(scope, receive, send)

        print(f"http://{HOST}:{port}/mcp", flush=True)
        config = uvicorn.Config(brings_the_token, log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    main(sys.argv[1])

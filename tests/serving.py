"""`aquatint serve --http` as a process, and the real client that talks to it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from inherited import inherited


@dataclass
class Served:
    """A server's port and token; `log` is what it wrote after its first line, once it ended."""

    port: int
    token: str
    log: str = ""


@contextmanager
def serving(home: Path) -> Generator[Served]:
    """A server process on a free port."""
    environ = {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "aquatint", "serve", "--http", "0"],
        env={**inherited("PATH", "HOME"), **environ},
        cwd="/",
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        try:
            first = process.stderr.readline()
            assert "bearer token is in" in first, first
            token = Path(first.split("token is in ")[1].strip()).read_text().strip()
            served = Served(int(re.findall(r":(\d+)/mcp", first)[0]), token)
            yield served
        finally:
            process.terminate()
            rest = process.communicate()[1]
        served.log = rest


@asynccontextmanager
async def over_http(served: Served, mode: str, **more: Any) -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {served.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(
            streamable_http_client(f"http://127.0.0.1:{served.port}/mcp", http_client=http),
            mode=mode,  # pyright: ignore[reportArgumentType]
            **more,
        ) as client,
    ):
        yield client

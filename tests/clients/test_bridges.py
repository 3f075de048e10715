"""Bridges of other makers: stdio as HTTP, and HTTP as stdio, with a picture drawn across each."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from clients.strangers import ROOT, Strangers
from wire import PATIENCE

pytestmark = pytest.mark.full
BIN = ROOT / "tests/clients/node_modules/.bin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def running(strangers: Strangers, *command: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        env=strangers.environ,
        cwd=strangers.place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, 15)


async def until_listening(port: int) -> None:
    with anyio.fail_after(PATIENCE):
        while True:
            try:
                async with await anyio.connect_tcp("127.0.0.1", port):
                    return
            except OSError:
                await anyio.sleep(0.05)


async def draws(client: Client) -> list[str]:
    answer = await client.call_tool("generate_image", {"prompt": "A fox", "size": "64x64"})
    assert not answer.is_error
    return [one.type for one in answer.content]


def command_of(bridge: str, port: str) -> list[str]:
    match bridge:
        case "supergateway":
            words = ["--stdio", "aquatint", "--outputTransport", "streamableHttp"]
            return [str(BIN / "supergateway"), *words, "--port", port]
        case "mcp-proxy":
            words = ["--host", "127.0.0.1", "--server", "stream", "--port", port]
            return [str(BIN / "mcp-proxy"), *words, "--", "aquatint"]
        case _:
            proxy = ROOT / ".venv-clients-frameworks/bin/mcp-proxy"
            return [str(proxy), "--pass-environment", "--port", port, "aquatint"]


@pytest.mark.parametrize("bridge", ["supergateway", "mcp-proxy", "mcp-proxy of PyPI"])
async def test_a_picture_comes_over_a_bridge_to_http(strangers: Strangers, bridge: str) -> None:
    port = free_port()
    with running(strangers, *command_of(bridge, str(port))):
        await until_listening(port)
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            assert await draws(client) == ["text", "image"]


async def test_a_picture_comes_over_a_bridge_to_standard_io(strangers: Strangers) -> None:
    port = free_port()
    with running(strangers, "aquatint", "serve", "--http", str(port)) as server:
        assert server.stdout
        token = Path(server.stdout.readline().split("token is in ")[1].strip()).read_text()
        words = [
            f"http://127.0.0.1:{port}/mcp",
            "--header",
            f"Authorization: Bearer {token.strip()}",
        ]
        command = StdioServerParameters(
            command=str(BIN / "mcp-remote"), args=words, env=strangers.environ
        )
        async with Client(stdio_client(command)) as client:
            assert await draws(client) == ["text", "image"]

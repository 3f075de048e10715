"""Starting what was built as a stranger does: a clean environment, the command, the real client."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mcp import Client, StdioServerParameters

from agent import TOOLS as TOOLS_OF_AGENTS
from words import draw, look

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".venv-lock/bin"
NAMES = [*TOOLS_OF_AGENTS, "open_studio", "studio_page"]


def strangers(home: Path, **more: str) -> dict[str, str]:
    """The environment of somebody else: no settings, no Python of ours, a home of their own."""
    kept = {name: value for name, value in os.environ.items() if name.endswith(("_CERT", "_PROXY"))}
    path = f"{TOOLS}:/usr/local/bin:/usr/bin:/bin"
    return {**kept, "PATH": path, "HOME": str(home), "UV_SYSTEM_CERTS": "1", **more}


async def makes_a_draft(
    command: list[str], environ: Mapping[str, str], images: Path, *, seen: Path | None = None
) -> None:
    """Start a server as a host does; it must list its tools and draw a picture into `pictures`.

    `seen` is that folder from here, where the server stands in a world of its own.
    """
    server = StdioServerParameters(command=command[0], args=command[1:], env=dict(environ), cwd="/")
    async with Client(server) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
        image = await draw(client, size="128x96")
    path = Path(image["path"])
    assert path.parent == images
    assert look((seen or images) / path.name) == ((128, 96), "png")

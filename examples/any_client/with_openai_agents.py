"""aquatint from the OpenAI Agents SDK, over HTTP with the bearer token that the server made.

pip install openai-agents aquatint; python with_openai_agents.py. No key is needed: no model runs.
"""
# pyright: basic, reportMissingImports=false
# (The Agents SDK lives in an environment of its own: `make clients`.)

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from agents.mcp import MCPServerStreamableHttp

HOME = Path(os.environ.get("AQUATINT_HOME", "out")).absolute()


@contextmanager
def serving() -> Iterator[tuple[str, str]]:
    """The address and the token of a server of our own, as its first line tells them."""
    with subprocess.Popen(
        ["aquatint", "serve", "--http", "0"],
        env={**os.environ, "AQUATINT_HOME": str(HOME)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr
            line = process.stderr.readline()
            assert "; the bearer token is in " in line, line
            address, token = line.strip().split("; the bearer token is in ")
            yield address.removeprefix("aquatint at "), Path(token).read_text().strip()
        finally:
            process.terminate()
            process.communicate()


def is_kept(image: dict) -> bool:
    """Whether the whole file is where the reply says."""
    return Path(image["path"]).stat().st_size == image["bytes"]


async def main(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with MCPServerStreamableHttp(
        {"url": url, "headers": headers},
        # The default of 5 s is for tools that think less; a picture may take a minute.
        client_session_timeout_seconds=120,
    ) as server:
        names = [tool.name for tool in await server.list_tools()]
        assert {"generate_image", "make_mask", "edit_image"} <= set(names), names

        drawn = await server.call_tool(
            "generate_image", {"prompt": "A red bicycle against a white wall", "size": "480x320"}
        )
        image = drawn.structured_content["images"][0]
        assert is_kept(image)
        assert [block.type for block in drawn.content][:2] == ["text", "image"]

        wall = {"kind": "rect", "x": 0, "y": 0, "width": 240, "height": 320}
        masked = await server.call_tool("make_mask", {"image": "latest", "regions": [wall]})
        assert masked.structured_content["mask"] == {"share": 0.5, "box": [0, 0, 240, 320]}

        edited = await server.call_tool(
            "edit_image",
            {
                "images": image["uri"],
                "mask": masked.structured_content["images"][0]["uri"],
                "prompt": "A wall of green tiles",
            },
        )
        after = edited.structured_content["images"][0]
        assert image["uri"] in [one["uri"] for one in after["parents"]]
        assert after["outside"]["largest_difference"] == 0

        refused = await server.call_tool("generate_image", {"prompt": "x", "siez": "1:1"})
        assert refused.is_error
        assert "Did you mean 'size'?" in refused.content[0].text

        revision = server.session.protocol_version
        print(f"openai-agents {version('openai-agents')} {revision} http")


with serving() as (url, token):
    asyncio.run(main(url, token))

"""aquatint as LangChain tools, over stdio, by the MCP SDK of the year before (protocol 2025-11-25).

pip install langchain-mcp-adapters aquatint; python with_langchain.py. No key is needed.
"""
# pyright: basic, reportMissingImports=false
# (LangChain's adapters want mcp 1.x, so they live in an environment of their own: `make clients`.)

import asyncio
import os
from importlib.metadata import version
from pathlib import Path

from langchain_mcp_adapters.sessions import create_session
from langchain_mcp_adapters.tools import load_mcp_tools

HOME = Path(os.environ.get("AQUATINT_HOME", "out")).absolute()
SERVER = {
    "transport": "stdio",
    "command": "aquatint",
    "args": [],
    "env": {"AQUATINT_HOME": str(HOME), "PATH": os.environ["PATH"]},
}


def is_kept(image: dict) -> bool:
    """Whether the whole file is where the reply says."""
    return Path(image["path"]).stat().st_size == image["bytes"]


async def main() -> None:
    async with create_session(SERVER) as session:
        hello = await session.initialize()
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        assert {"generate_image", "make_mask", "edit_image"} <= tools.keys()

        async def call(name: str, **arguments: object) -> tuple[list[dict], dict]:
            """What the model is shown, and what the program gets beside it."""
            call = {"type": "tool_call", "id": name, "name": name, "args": arguments}
            message = await tools[name].ainvoke(call)
            assert message.status == "success", message.content
            return message.content, message.artifact["structured_content"]

        blocks, drawn = await call(
            "generate_image", prompt="A red bicycle against a white wall", size="480x320"
        )
        image = drawn["images"][0]
        assert is_kept(image)
        assert [block["type"] for block in blocks][:2] == ["text", "image"]

        wall = {"kind": "rect", "x": 0, "y": 0, "width": 240, "height": 320}
        _, masked = await call("make_mask", image="latest", regions=[wall])
        assert masked["mask"] == {"share": 0.5, "box": [0, 0, 240, 320]}

        _, edited = await call(
            "edit_image",
            images=image["uri"],
            mask=masked["images"][0]["uri"],
            prompt="A wall of green tiles",
        )
        after = edited["images"][0]
        assert image["uri"] in [one["uri"] for one in after["parents"]]
        assert after["outside"]["largest_difference"] == 0

        told = await tools["get_image"].ainvoke({"image": "image://none"})
        assert "recent_images" in str(told), told

        adapters = f"langchain-mcp-adapters {version('langchain-mcp-adapters')}"
        print(f"{adapters} {hello.protocolVersion} stdio")


asyncio.run(main())

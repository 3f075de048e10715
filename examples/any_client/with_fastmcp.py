"""aquatint from FastMCP's client, over stdio: draw, select a part, change that part.

pip install fastmcp aquatint; python with_fastmcp.py. No key is needed: the draft engine draws.
"""
# pyright: basic, reportMissingImports=false
# (FastMCP lives in an environment of its own: `make clients`.)

import asyncio
import os
from importlib.metadata import version
from pathlib import Path

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

HOME = Path(os.environ.get("AQUATINT_HOME", "out")).absolute()
SERVER = StdioTransport("aquatint", [], env={"AQUATINT_HOME": str(HOME)})


def is_kept(image: dict) -> bool:
    """Whether the whole file is where the reply says."""
    return Path(image["path"]).stat().st_size == image["bytes"]


async def main() -> None:
    async with Client(SERVER) as client:
        names = [tool.name for tool in await client.list_tools()]
        assert {"generate_image", "make_mask", "edit_image"} <= set(names), names

        drawn = await client.call_tool(
            "generate_image", {"prompt": "A red bicycle against a white wall", "size": "480x320"}
        )
        image = drawn.structured_content["images"][0]
        assert is_kept(image)
        assert [block.type for block in drawn.content][:2] == ["text", "image"]

        wall = {"kind": "rect", "x": 0, "y": 0, "width": 240, "height": 320}
        masked = await client.call_tool("make_mask", {"image": "latest", "regions": [wall]})
        assert masked.structured_content["mask"] == {"share": 0.5, "box": [0, 0, 240, 320]}

        edited = await client.call_tool(
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

        refused = await client.call_tool(
            "generate_image", {"prompt": "x", "siez": "1:1"}, raise_on_error=False
        )
        assert refused.is_error
        assert "Did you mean 'size'?" in refused.content[0].text

        print(f"fastmcp {version('fastmcp-slim')} {client.protocol_version} stdio")


asyncio.run(main())

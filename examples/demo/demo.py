"""The main job in a minute: two pictures over stdio, read back, listed, on a contact sheet.

Free without OPENAI_API_KEY: the draft engine draws. With a key it says the price and asks first;
YES=1 answers for you. The server is the real one, in its own process; this is an MCP client.
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client, StdioServerParameters
from mcp.types import BlobResourceContents, ImageContent, TextContent

OUT = Path(os.environ.get("DEMO_OUT", "demo-out")).absolute()
IMAGES: tuple[dict[str, Any], ...] = (
    {"prompt": "A lighthouse on a cliff above the sea at sunset", "size": "16:9"},
    {"prompt": "Dashboard of a weather app, calm colours", "size": "landscape"},
)


def server() -> StdioServerParameters:
    passed = {k: v for k, v in os.environ.items() if k.startswith(("OPENAI_", "AQUATINT_"))}
    passed.setdefault("AQUATINT_HOME", str(OUT / "home"))
    return StdioServerParameters(command=sys.executable, args=["-m", "aquatint"], env=passed)


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """One tool call; a refusal ends the demo with its own words."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        block = result.content[0]
        sys.exit(block.text if isinstance(block, TextContent) else repr(block))
    assert result.structured_content is not None
    for block in result.content:
        if isinstance(block, ImageContent) and arguments.get("sheet"):
            (OUT / "contact-sheet.jpg").write_bytes(base64.b64decode(block.data))
    return result.structured_content


async def agreed(client: Client) -> bool:
    """Whether the user takes the price; a price of nothing needs no answer."""
    quotes = [await call(client, "generate_image", dry_run=True, **one) for one in IMAGES]
    prices: list[float | None] = [quote.get("cost_usd") for quote in quotes]
    known = [price for price in prices if price is not None]
    if len(known) == len(prices) and not any(known):
        return True
    words = f"about ${sum(known):.4f}" + ("" if known == prices else " and an unknown price")
    print(f"This asks {quotes[0]['model']} for {len(IMAGES)} pictures: {words}.")
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        return False
    answer = await anyio.to_thread.run_sync(input, "Spend it? [y/N] ")
    return answer.strip().lower() == "y"


async def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    async with Client(server()) as client:
        if not await agreed(client):
            print("Nothing was spent. Say YES=1 make demo to go ahead.")
            return 0
        made = [await call(client, "generate_image", **one) for one in IMAGES]
        images = [image for one in made for image in one["images"]]
        for one, image in zip(made, images, strict=True):
            print(f"{image['path']}  {image['width']}x{image['height']}  ${one.get('cost_usd')}")
        read = await client.read_resource(images[0]["uri"])
        contents = read.contents[0]
        assert isinstance(contents, BlobResourceContents)
        data = base64.b64decode(contents.blob)
        assert len(data) == images[0]["bytes"], "the resource is not the file"
        print(f"{images[0]['uri']} reads back as {len(data):,} bytes of {contents.mime_type}")
        listing = await call(client, "recent_images", limit=10, sheet=True)
        newest = [image["uri"] for image in listing["images"]][: len(images)]
        assert newest == [image["uri"] for image in reversed(images)], "newest first"
        print(f"{listing['total']} picture(s) in all; contact sheet: {OUT / 'contact-sheet.jpg'}")
    return 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))

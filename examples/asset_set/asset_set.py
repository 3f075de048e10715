"""An icon family in one style: the first icon is the reference, the others are drawn to match it.

Five pictures become nineteen files: clear backgrounds, three sizes each by the braces in their
names, the favicon, the web app's icons; and a manifest that lists them, and a contact sheet of the
family. Free without OPENAI_API_KEY: the draft engine draws. With a key it says the price and asks
first; YES=1 answers for you. The server is the real one, in its own process; this is an MCP client.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent

HERE = Path(__file__).parent
OUT = Path(os.environ.get("ASSET_SET_OUT", HERE / "out")).absolute()
PUBLIC = OUT / "public"
STYLE = "teal and gold, flat, a soft shadow"
FIRST = "leaf"
OTHERS = {"heart": "heart", "energy": "lightning bolt", "chat": "chat bubble", "weather": "sun"}
SHARED: dict[str, Any] = {"background": "transparent", "size": "square", "overwrite": True}


class Refused(Exception):
    """A tool's own words for what it did not do; they end the story."""


def server() -> StdioServerParameters:
    passed = {k: v for k, v in os.environ.items() if k.startswith(("OPENAI_", "AQUATINT_"))}
    passed.setdefault("AQUATINT_HOME", str(OUT / "home"))
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aquatint"], env=passed, cwd=PUBLIC
    )


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    """One tool call, waited for."""
    result = await client.call_tool(tool, arguments)
    while not result.is_error and told(result).get("status") == "working":
        result = await client.call_tool("get_image", {"image": told(result)["job"]})
    if result.is_error:
        block = result.content[0]
        raise Refused(block.text if isinstance(block, TextContent) else repr(block))
    return result


def told(result: CallToolResult) -> dict[str, Any]:
    assert result.structured_content is not None
    return result.structured_content


async def agreed(client: Client) -> bool:
    """Whether the user takes the price; a price of nothing needs no answer."""
    asked = {"prompt": f"Icon, {STYLE}", **SHARED, "dry_run": True}
    quote = told(await call(client, "generate_image", **asked))
    price: float | None = quote.get("cost_usd")
    if price == 0:
        return True
    words = "an unknown price" if price is None else f"about ${price:.4f}"
    print(f"{1 + len(OTHERS)} pictures by {quote['model']} and its peer for edits: {words} each.")
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        return False
    answer = await anyio.to_thread.run_sync(input, "Spend it? [y/N] ")
    return answer.strip().lower() == "y"


async def family(client: Client) -> list[dict[str, Any]]:
    """The first icon, and the others in its style."""
    first = await call(
        client,
        "generate_image",
        prompt=f"App icon of a {FIRST}, {STYLE}",
        save_to=[
            f"icons/{FIRST}-{{16,32,180}}.png",
            "favicon.ico",  # 16, 32 and 48 pixels in one file
            "apple-touch-icon-{180}.png",
            "app-{192,512}.png",
        ],
        **SHARED,
    )
    made = [told(first)["images"][0]]
    for name, thing in OTHERS.items():
        other = await call(
            client,
            "edit_image",
            images=made[0]["uri"],
            prompt=f"Icon of a {thing} in the same style",
            save_to=f"icons/{name}-{{16,32,180}}.png",
            **SHARED,
        )
        made += told(other)["images"]
        assert made[-1]["parents"][0]["uri"] == made[0]["uri"], "it knows where its style is from"
    return made


def manifest(saved: list[dict[str, Any]]) -> dict[str, Any]:
    """What a browser reads to install the page as an app."""
    icons = [
        {
            "src": Path(one["path"]).relative_to(PUBLIC).as_posix(),
            "sizes": f"{one['width']}x{one['height']}",
            "type": "image/png",
        }
        for one in saved
        if Path(one["path"]).name.startswith("app-")
    ]
    return {"name": "Terrace", "icons": icons, "display": "standalone", "start_url": "."}


async def main() -> int:
    PUBLIC.mkdir(parents=True, exist_ok=True)
    async with Client(server()) as client:
        if not await agreed(client):
            print("Nothing was spent. Say YES=1 to go ahead.")
            return 0
        made = await family(client)
        listing = await call(client, "recent_images", limit=len(made), sheet=True)
    sheet = next(block for block in listing.content if isinstance(block, ImageContent))
    (OUT / "contact-sheet.jpg").write_bytes(base64.b64decode(sheet.data))
    described = manifest(made[0]["saved"])
    (PUBLIC / "site.webmanifest").write_text(json.dumps(described, indent=1) + "\n", "utf-8")
    for image in made:
        for one in image["saved"]:
            name = Path(one["path"]).relative_to(PUBLIC).as_posix()
            print(f"{name}  {one['width']}x{one['height']}  {one['bytes']:,} bytes")
    print(f"Look at {OUT / 'contact-sheet.jpg'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(anyio.run(main))
    except* Refused as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        print(error, file=sys.stderr)
        sys.exit(1)

"""Reading what the server answered, in the few ways that every end-to-end test needs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, TextContent
from PIL import Image, ImageChops


def text_of(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def images_of(result: CallToolResult) -> list[dict[str, Any]]:
    assert not result.is_error, text_of(result)
    assert result.structured_content
    return result.structured_content["images"]


def parents(image: dict[str, Any], role: str | None = None) -> list[str]:
    """The addresses of what an image was made from, in that role or in any."""
    return [one["uri"] for one in image.get("parents", ()) if role in {None, one["role"]}]


def look(source: str | Path | bytes) -> tuple[tuple[int, int], str]:
    """Size in pixels and format of a picture, from its file or its bytes."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        return image.size, (image.format or "").lower()


async def masked_edit(client: Client, photo: Path, **more: Any) -> CallToolResult:
    """A door in a rectangle of a picture, of which nothing else has changed."""
    region = {"shape": "rectangle", "x": 100, "y": 100, "width": 120, "height": 90}
    mask = await client.call_tool("make_mask", {"image": str(photo), "regions": [region]})
    asked = {"images": [str(photo)], "prompt": "a red door", "mask": images_of(mask)[0]["id"]}
    edited = await client.call_tool("edit_image", {**asked, **more})
    with Image.open(images_of(edited)[0]["path"]) as after, Image.open(photo) as before:
        changed = ImageChops.difference(after.convert("RGB"), before).getbbox()
    assert changed
    left, top, right, bottom = changed
    assert (left, top) >= (100, 100)
    assert (right, bottom) <= (220, 190)
    return edited


async def draw(client: Client, prompt: str = "A red fox", **arguments: Any) -> dict[str, Any]:
    """One picture, as the structure tells of it."""
    return images_of(await client.call_tool("generate_image", {"prompt": prompt, **arguments}))[0]


async def refusal(client: Client, tool: str = "generate_image", **arguments: Any) -> str:
    """The words of a call that must fail."""
    if tool == "generate_image":
        arguments = {"prompt": "A red fox", **arguments}
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    return text_of(result)

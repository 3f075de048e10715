"""What tests of masks and edits share: a real photograph, a paying client, a measure of "exact"."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.types import CallToolResult, ImageContent, TextResourceContents
from PIL import Image, ImageChops, ImageOps

from conftest import MakeApp
from fake_openai import FakeOpenAI
from words import images_of

DATA = Path(__file__).parent / "data"
CAT = DATA / "chelsea.png"  # 451x300
ASTRONAUT = DATA / "astronaut.jpg"  # 512x512
# The one condition of every test that looks for things in pictures.
SEES = pytest.mark.skipif(
    not all(map(find_spec, ("numpy", "onnxruntime"))),
    reason="the extra `vision` is not installed",
)
LEFT_EYE = {"kind": "ellipse", "x": 132, "y": 82, "width": 80, "height": 68}


@asynccontextmanager
async def paying(
    make_app: MakeApp, provider: FakeOpenAI, mode: str = "auto", **environ: str
) -> AsyncGenerator[Client]:
    """The real client on a server with a key, whose provider is `provider`."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=provider)) as http:
        app = make_app(http, **{"OPENAI_API_KEY": "sk-test", **environ})
        async with Client(app.server, mode=mode) as client:  # pyright: ignore[reportArgumentType]
            yield client


async def mask(client: Client, image: str | None, *regions: Any, **more: Any) -> dict[str, Any]:
    """A mask of these regions, as the structure tells of it."""
    arguments = {"regions": list(regions), **({"image": image} if image else {}), **more}
    return images_of(await client.call_tool("make_mask", arguments))[0]


async def edit(client: Client, images: Any, **more: Any) -> CallToolResult:
    arguments = {"images": images, "prompt": "a blue glass eye", **more}
    return await client.call_tool("edit_image", arguments)


async def edited(client: Client, images: Any, **more: Any) -> dict[str, Any]:
    """An edit's first picture, as the structure tells of it."""
    return images_of(await edit(client, images, **more))[0]


async def recipe(client: Client, image: dict[str, Any]) -> dict[str, Any]:
    contents = (await client.read_resource(image["uri"] + "/recipe")).contents[0]
    assert isinstance(contents, TextResourceContents)
    return json.loads(contents.text)


def opened(source: dict[str, Any] | Path | bytes) -> Image.Image:
    """A picture as a person sees it, by Pillow's own means."""
    if isinstance(source, dict):
        source = Path(source["path"])
    data = source if isinstance(source, bytes) else source.read_bytes()
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data)))


def preview(result: CallToolResult) -> Image.Image:
    """The picture that the reply shows."""
    block = next(block for block in result.content if isinstance(block, ImageContent))
    return Image.open(io.BytesIO(base64.b64decode(block.data))).convert("RGB")


def at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """One pixel's levels."""
    pixel = image.getpixel((x, y))
    return pixel if isinstance(pixel, tuple) else (int(pixel or 0),)


def apart(a: Image.Image, b: Image.Image, kept: Image.Image) -> int:
    """The largest difference of any channel, alpha included, where `kept` is white."""
    mode = "RGBA" if "A" in a.getbands() + b.getbands() else "RGB"
    difference = ImageChops.difference(a.convert(mode), b.convert(mode))
    bands = [ImageChops.darker(band, kept) for band in difference.split()]
    return max(level for band in bands for level, count in enumerate(band.histogram()) if count)


def kept_by(mask: Image.Image) -> Image.Image:
    """White where a mask says keep: alpha 255, nothing less."""
    return mask.getchannel("A").point([0] * 255 + [255])  # pyright: ignore[reportUnknownMemberType] numpy is not installed

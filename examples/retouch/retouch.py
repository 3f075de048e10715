"""Change exactly that part: one photograph, three masks, and a proof that the rest stayed.

Free without OPENAI_API_KEY: the draft engine draws. With a key it says the price and asks first;
YES=1 answers for you. The server is the real one, in its own process; this is an MCP client.
"""

from __future__ import annotations

import base64
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image, ImageChops, ImageDraw, ImageFont

HERE = Path(__file__).parent
PHOTO = HERE / "coffee.png"
OUT = Path(os.environ.get("RETOUCH_OUT", HERE / "out")).absolute()

Region = dict[str, Any]
SAUCER: Region = {"kind": "ellipse", "x": 74, "y": 60, "width": 408, "height": 329}
CUP: Region = {"kind": "ellipse", "x": 170, "y": 14, "width": 241, "height": 196}
BODY = [[171, 110], [186, 190], [214, 250], [262, 282], [310, 280], [360, 250], [410, 110]]


@dataclass(frozen=True)
class Story:
    """One edit: how its mask is made, and what is to be there instead."""

    name: str
    way: str
    prompt: str
    regions: tuple[Region, ...]
    more: dict[str, Any]


STORIES = (
    Story(
        "coffee",
        "an ellipse",
        "A calm sea with a small boat",
        ({"kind": "ellipse", "x": 206, "y": 96, "width": 164, "height": 97},),
        {},
    ),
    Story(
        "saucer",
        "a colour inside an ellipse, without the cup and the spoon",
        "Glazed in the deep blue of a clear night, with many stars",
        (
            SAUCER,
            {"kind": "color", "op": "intersect", "x": 130, "y": 250, "tolerance": 125},
            {**CUP, "op": "subtract"},
            {"kind": "polygon", "op": "subtract", "points": BODY},
            {"kind": "ellipse", "op": "subtract", "x": 194, "y": 226, "width": 68, "height": 84},
            {"kind": "ellipse", "op": "subtract", "x": 322, "y": 238, "width": 88, "height": 90},
            {"kind": "brush", "op": "subtract", "points": [[412, 79], [376, 240]], "width": 18},
        ),
        {"grow": 2, "shrink": 2},
    ),
    Story(
        "table",
        "everything but three shapes and a stroke",
        "A forest at dusk",
        (
            {"kind": "all"},
            {**SAUCER, "op": "subtract"},
            {**CUP, "op": "subtract"},
            {"kind": "polygon", "op": "subtract", "points": [[0, 0], [155, 0], [0, 107]]},
            {"kind": "brush", "op": "subtract", "points": [[412, 79], [398, 140]], "width": 26},
        ),
        {"feather": 3},
    ),
)


def server() -> StdioServerParameters:
    passed = {k: v for k, v in os.environ.items() if k.startswith(("OPENAI_", "AQUATINT_"))}
    passed.setdefault("AQUATINT_HOME", str(OUT / "home"))
    passed.setdefault("AQUATINT_ROOTS", str(HERE))  # where the photograph is
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aquatint"], env=passed, cwd=OUT
    )


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    """One tool call; a refusal ends the story with its own words."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        block = result.content[0]
        sys.exit(block.text if isinstance(block, TextContent) else repr(block))
    return result


def told(result: CallToolResult) -> dict[str, Any]:
    assert result.structured_content is not None
    return result.structured_content


def preview(result: CallToolResult) -> Image.Image:
    """The picture that the reply shows to the agent."""
    block = next(block for block in result.content if isinstance(block, ImageContent))
    return Image.open(io.BytesIO(base64.b64decode(block.data))).convert("RGB")


def outside_difference(before: Image.Image, after: Image.Image, mask: Image.Image) -> int:
    """The largest difference of any channel where the mask says keep (alpha 255)."""
    kept = mask.getchannel("A").point([0] * 255 + [255])  # pyright: ignore[reportUnknownMemberType] numpy is not installed
    difference = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    histograms = [ImageChops.darker(band, kept).histogram() for band in difference.split()]
    return max(level for counts in histograms for level in range(256) if counts[level])


async def agreed(client: Client) -> bool:
    """Whether the user takes the price; a price of nothing needs no answer."""
    arguments = {"images": str(PHOTO), "prompt": "x", "dry_run": True}
    quote = told(await call(client, "edit_image", **arguments))
    price: float | None = quote.get("cost_usd")
    if price == 0:
        return True
    words = "an unknown price" if price is None else f"about ${price:.4f}"
    print(f"This asks {quote['model']} for {len(STORIES)} edits: {words} each.")
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        return False
    answer = await anyio.to_thread.run_sync(input, "Spend it? [y/N] ")
    return answer.strip().lower() == "y"


async def tell(client: Client, story: Story) -> list[Image.Image]:
    """Make the mask, look at it, edit, and prove: before, the mask in red, after."""
    masking = {"image": str(PHOTO), "regions": list(story.regions), **story.more}
    masked = await call(client, "make_mask", **masking)
    mask = told(masked)["images"][0]
    editing = {"images": str(PHOTO), "prompt": story.prompt, "mask": mask["uri"]}
    edited = await call(
        client, "edit_image", **editing, save_to=f"after-{story.name}.png", overwrite=True
    )
    image = told(edited)["images"][0]
    before, after = Image.open(PHOTO), Image.open(image["path"])
    difference = outside_difference(before, after, Image.open(mask["path"]))
    assert difference == image["outside"]["largest_difference"] == 0, "the rest has changed"
    share = told(masked)["mask"]["share"]
    print(f"{story.name}: {story.way}, {share:.1%} of the picture; outside it, 0 levels apart")
    print(f"  {image['note']}")
    return [before.convert("RGB"), preview(masked), after.convert("RGB")]


def side_by_side(rows: list[list[Image.Image]]) -> Image.Image:
    """One row per story, in three columns."""
    width, height, gap, head = 400, 267, 8, 30
    columns = ("before", "the mask, as the agent sees it", "after")
    sheet = Image.new("RGB", (3 * (width + gap) + gap, head + len(rows) * (height + gap)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=16)
    for column, title in enumerate(columns):
        x = gap + column * (width + gap)
        draw.text((x, head // 2), title, fill=(40, 40, 40), font=font, anchor="lm")
        for row, images in enumerate(rows):
            tile = images[column].resize((width, height), Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType] numpy is not installed
            sheet.paste(tile, (x, head + row * (height + gap)))
    return sheet


async def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    async with Client(server()) as client:
        if not await agreed(client):
            print("Nothing was spent. Say YES=1 to go ahead.")
            return 0
        rows = [await tell(client, story) for story in STORIES]
    sheet = side_by_side(rows)
    sheet.save(OUT / "retouch.png")
    sheet.thumbnail((924, 924))
    sheet.save(OUT / "retouch.jpg", quality=82)  # the README shows this one
    print(f"Before, mask and after, side by side: {OUT / 'retouch.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))

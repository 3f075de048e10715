"""A page and its pictures, as an agent builds one: a hero in two densities, icons in one style.

Four calls make eleven files: one numbered sheet to choose the hero from, copies by the marks in
their names, and the page's sizes from what the replies said. Free without
OPENAI_API_KEY: the draft engine draws. With a key it says the price and asks first; YES=1 answers
for you. The server is the real one, in its own process; this is an MCP client.
"""

from __future__ import annotations

import base64
import os
import sys
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent

HERE = Path(__file__).parent
OUT = Path(os.environ.get("UI_MOCKUP_OUT", HERE / "out")).absolute()
SITE = OUT / "site"
CHOSEN = 2  # the number on the contact sheet; an agent looks, or asks the user

Call = tuple[str, dict[str, Any]]
HERO: dict[str, Any] = {
    "prompt": "Terraced green hills at sunrise, wide and calm, room for words at the left",
    "exact_size": "960x540",  # @2x is 1920x1080, so the model is asked for enough pixels
    "n": 3,
    "save_to": ["public/hero{,@2x}.webp", "public/og-{1200x630}.jpg"],
    "overwrite": True,
}
TEA: dict[str, Any] = {
    "prompt": "A cup of green tea on a light wooden table",
    "size": "3:2",
    "save_to": "public/tea-{320,640,960}w.webp",
    "overwrite": True,
}
ICON: dict[str, Any] = {
    "prompt": "Icon of a leaf, green and gold",
    "background": "transparent",
    "size": "square",
    "save_to": ["public/leaf-{64}{,@2x}.png", "favicon.ico"],
    "overwrite": True,
}
HEART: dict[str, Any] = {
    "prompt": "Icon of a heart in the same style",
    "background": "transparent",
    "save_to": "public/heart-{64}{,@2x}.png",
    "overwrite": True,
}
CALLS: tuple[Call, ...] = (
    ("generate_image", HERO),
    ("generate_image", TEA),
    ("generate_image", ICON),
    ("edit_image", HEART),
)


class Refused(Exception):
    """A tool's own words for what it did not do; they end the story."""


def server() -> StdioServerParameters:
    passed = {k: v for k, v in os.environ.items() if k.startswith(("OPENAI_", "AQUATINT_"))}
    passed.setdefault("AQUATINT_HOME", str(OUT / "home"))
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aquatint"], env=passed, cwd=SITE
    )


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    """One tool call, waited for."""
    result = await client.call_tool(tool, arguments)
    while not result.is_error and told(result)["status"] == "working":
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
    quotes = [
        told(await call(client, "generate_image", **{**asked, "dry_run": True}))
        for _, asked in CALLS
    ]
    prices: list[float | None] = [quote.get("cost_usd") for quote in quotes]
    if not any(price is None or price > 0 for price in prices):
        return True
    print(
        f"{len(CALLS)} calls to {quotes[0]['model']}: ${sum(p or 0 for p in prices):.4f} or more."
    )
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        return False
    answer = await anyio.to_thread.run_sync(input, "Spend it? [y/N] ")
    return answer.strip().lower() == "y"


Copies = dict[str, dict[str, Any]]


def copies(result: CallToolResult, number: int = 1) -> Copies:
    """The files that a reply says were written, by their path in the site."""
    saved = told(result)["images"][number - 1]["saved"]
    return {Path(one["path"]).relative_to(SITE).as_posix(): one for one in saved}


def take(alternatives: CallToolResult) -> Copies:
    """Keep the chosen one's files, under the names without its number; the others go.

    All of them stay in aquatint's home, so that a second thought costs nothing.
    """
    kept: Copies = {}
    for number, _ in enumerate(told(alternatives)["images"], 1):
        for name, one in copies(alternatives, number).items():
            if number == CHOSEN:
                plain = name.replace(f"-{number}.", ".").replace(f"-{number}@", "@")
                (SITE / name).replace(SITE / plain)
                kept[plain] = one
            else:
                (SITE / name).unlink()
    return kept


def image(files: Copies, alt: str, by: str, sizes: str = "") -> str:
    """An img element: the smallest file as src, all as srcset by density (x) or width (w)."""
    ordered = sorted(files.items(), key=lambda item: item[1]["width"])
    least = ordered[0][1]
    marks = [
        f"{name} {one['width']}w" if by == "w" else f"{name} {one['width'] / least['width']:g}x"
        for name, one in ordered
    ]
    wide = f' sizes="{sizes}"' if sizes else ""
    return (
        f'<img src="{ordered[0][0]}" srcset="{", ".join(marks)}"{wide} width="{least["width"]}" '
        f'height="{least["height"]}" alt="{escape(alt)}">'
    )


async def main() -> int:
    SITE.mkdir(parents=True, exist_ok=True)
    async with Client(server()) as client:
        if not await agreed(client):
            print("Nothing was spent. Say YES=1 to go ahead.")
            return 0
        heroes = await call(client, "generate_image", **HERO)
        sheet = next(block for block in heroes.content if isinstance(block, ImageContent))
        (OUT / "heroes.jpg").write_bytes(base64.b64decode(sheet.data))
        print(f"hero: number {CHOSEN} of {len(told(heroes)['images'])} on {OUT / 'heroes.jpg'}")
        hero = take(heroes)
        tea = await call(client, "generate_image", **TEA)
        leaf = await call(client, "generate_image", **ICON)
        style = told(leaf)["images"][0]["uri"]
        heart = await call(client, "edit_image", images=style, **HEART)

    def of(files: Copies, start: str) -> Copies:
        return {name: one for name, one in files.items() if name.startswith(f"public/{start}")}

    page = Template((HERE / "page.html").read_text("utf-8")).substitute(
        hero=image(of(hero, "hero"), "Terraced hills at sunrise", "x"),
        social=next(iter(of(hero, "og"))),
        tea=image(
            of(copies(tea), "tea"), "A cup of green tea", "w", "(min-width: 60rem) 30rem, 90vw"
        ),
        leaf=image(of(copies(leaf), "leaf"), "A leaf", "x"),
        heart=image(of(copies(heart), "heart"), "A heart", "x"),
    )
    (SITE / "index.html").write_text(page, "utf-8")
    for name, one in {**hero, **copies(tea), **copies(leaf), **copies(heart)}.items():
        assert (SITE / name).stat().st_size == one["bytes"]
        print(f"{name}  {one['width']}x{one['height']}  {one['bytes']:,} bytes")
    print(f"Open {SITE / 'index.html'}")
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

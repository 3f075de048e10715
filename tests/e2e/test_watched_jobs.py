"""The jobs that agents were watched at, as scripts: every step is one call, and none is wasted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

from conftest import Connect
from retouching import CAT, LEFT_EYE, apart, kept_by, opened, preview
from words import images_of, look, parents, text_of


class Script:
    """A client whose every call must do; it counts them."""

    def __init__(self, client: Client) -> None:
        self.client, self.calls = client, 0

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        self.calls += 1
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, f"{tool}({arguments}): {text_of(result)}"
        return result

    async def images(self, tool: str, **arguments: Any) -> list[dict[str, Any]]:
        return images_of(await self.call(tool, **arguments))


async def test_a_landing_page_takes_each_call_once(
    connect: Connect, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["public/hero.webp", "public/hero@2x.webp"]
    hero: dict[str, Any] = {"prompt": "A lighthouse at dawn", "size": "1024x576", "save_to": pair}
    async with connect() as client:
        page = Script(client)
        quote = await page.call("generate_image", **hero, dry_run=True)
        made = (await page.images("generate_image", **hero))[0]
        four = await page.images("generate_image", prompt="A logo: a lighthouse", n=4)
        await page.call(
            "export_image",
            image=four[2]["uri"],
            save_to=["public/logo.webp", "public/logo-{64}{,@2x}.png"],
        )
        icons = await page.images(
            "generate_image",
            prompt="Icon of a lamp, a boat and a wave",
            n=3,
            background="transparent",
            save_to=["public/lamp-{32}.png", "public/boat-{32}.png", "public/wave-{32}.png"],
        )
        await page.call(
            "export_image",
            image=four[2]["uri"],
            save_to=["public/favicon.ico", "public/icon-{16,32,180}.png"],
        )
    async with connect() as client:  # the next day
        page.client = client
        found = await page.images("recent_images", query="lighthouse dawn")
        assert found[0]["uri"] == made["uri"]
        await page.call("export_image", image=found[0]["uri"], save_to="public/og-{1200x630}.jpg")
    assert quote.structured_content
    assert [one["path"] for one in quote.structured_content["files"]] == [
        one["path"] for one in made["saved"]
    ]
    assert [[Path(copy["path"]).name for copy in one["saved"]] for one in icons] == [
        ["lamp-32.png"],
        ["boat-32.png"],
        ["wave-32.png"],
    ]
    public = workspace / "public"
    assert {path.name: look(path)[0] for path in sorted(public.iterdir())} == {
        "boat-32.png": (32, 32),
        "favicon.ico": (48, 48),
        "hero.webp": (1024, 576),
        "hero@2x.webp": (2048, 1152),
        "icon-16.png": (16, 16),
        "icon-180.png": (180, 180),
        "icon-32.png": (32, 32),
        "lamp-32.png": (32, 32),
        "logo-64.png": (64, 64),
        "logo-64@2x.png": (128, 128),
        "logo.webp": (1024, 1024),
        "og-1200x630.jpg": (1200, 630),
        "wave-32.png": (32, 32),
    }
    assert page.calls == 8
    with capsys.disabled():
        print(f"\nlanding page: {page.calls} calls")


async def test_retouching_a_photograph_takes_each_call_once(
    connect: Connect, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    right = {"type": "ellipse", "center": [308, 125], "radii": [36, 30]}
    async with connect() as client:
        job = Script(client)
        aim = await job.call("make_mask", image="cat.png", grid=True)
        both = {"image": "cat.png", "regions": [LEFT_EYE, right], "grow": 2}
        eyes = (await job.images("make_mask", **both))[0]
        edits: list[dict[str, Any]] = []
        for prompt in ("a blue glass eye", "greener", "a little darker"):
            first = "latest" if edits else "cat.png"
            order = {"images": first, "mask": eyes["uri"], "prompt": prompt}
            edits += await job.images("edit_image", **order)
        branch = await job.images(
            "edit_image", images=edits[0]["uri"], mask=eyes["uri"], prompt="amber instead", seam=0
        )
        wide = (
            await job.images(
                "edit_image",
                images=branch[0]["uri"],
                prompt="More of the room",
                extend="16:9",
                save_to="public/cat.png",
            )
        )[0]
        compared = await job.call("get_image", image="public/cat.png", compare=True)
        last = await job.call("get_image", image=edits[2]["uri"], compare=True)
    original, kept = opened(CAT), kept_by(opened(eyes))
    for one in (*edits, *branch):
        assert apart(opened(one), original, kept) == 0
    chain = [parents(one, "edited from")[0] for one in (*edits[1:], *branch, wide)]
    assert chain == [edits[0]["uri"], edits[1]["uri"], edits[0]["uri"], branch[0]["uri"]]
    assert (wide["width"], wide["height"]) == look(workspace / "public/cat.png")[0] == (533, 300)
    old = opened(wide).convert("RGB").crop((41, 0, 41 + 451, 300))
    assert old.tobytes() == opened(branch[0]).convert("RGB").tobytes()
    assert f"before ({branch[0]['uri']}), after ({wide['uri']}), and what changed" in text_of(
        compared
    )
    assert "In the old part (left 41, top 0): 0 pixels differ" in text_of(compared)
    assert "Outside the mask: 0 pixels differ" in text_of(last)
    assert all(preview(one).width > 300 for one in (aim, compared, last))
    assert job.calls == 9
    with capsys.disabled():
        print(f"\nretouching: {job.calls} calls")

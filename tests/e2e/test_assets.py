"""Copies for web and apps from one picture, and sheets to choose from, through the real client."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.types import ImageContent, ResourceLink
from PIL import Image

from conftest import Connect, MakeApp
from fake_openai import fake_openai
from unit.hostile import swapped_profile
from words import draw, images_of, look, refusal, text_of

SET = ["hero.webp", "hero@2x.webp", "icons/icon-{16,32,180}.png", "favicon.ico", "og-{600x315}.jpg"]


def sizes(image: dict[str, Any], workspace: Path) -> dict[str, tuple[int, int]]:
    """What the reply says of each copy, which the files must bear out."""
    for copy in image["saved"]:
        path = Path(copy["path"])
        assert path.stat().st_size == copy["bytes"]
        assert look(path)[0] == (copy["width"], copy["height"])
    return {
        Path(copy["path"]).relative_to(workspace).as_posix(): (copy["width"], copy["height"])
        for copy in image["saved"]
    }


async def test_one_picture_becomes_every_file_that_was_asked_for(
    connect: Connect, workspace: Path, home: Path
) -> None:
    async with connect() as client:
        result = await client.call_tool(
            "generate_image", {"prompt": "A red kite", "size": "320x320", "save_to": SET}
        )
    image = images_of(result)[0]
    assert sizes(image, workspace) == {
        "hero.webp": (320, 320),
        "hero@2x.webp": (640, 640),
        "icons/icon-16.png": (16, 16),
        "icons/icon-32.png": (32, 32),
        "icons/icon-180.png": (180, 180),
        "favicon.ico": (48, 48),
        "og-600x315.jpg": (600, 315),
    }
    told = text_of(result)
    for copy in image["saved"]:
        assert copy["path"] in told
        assert f"{copy['width']}x{copy['height']}, {copy['bytes']:,} bytes" in told
    assert len(list(home.glob("*.webp"))) == 1
    with Image.open(workspace / "favicon.ico") as icon:
        assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert (workspace / "hero@2x.webp").read_bytes() == Path(image["path"]).read_bytes()


async def test_twice_an_exact_size_is_drawn_not_scaled_up(
    connect: Connect, workspace: Path
) -> None:
    asked = {"exact_size": "203x101", "save_to": ["a.png", "a@2x.png", "a-{50}w.png"]}
    async with connect() as client:
        quote = await client.call_tool(
            "generate_image", {"prompt": "A kite", "dry_run": True, **asked}
        )
        result = await client.call_tool("generate_image", {"prompt": "A kite", **asked})
    assert "drawn at 406x202 for a@2x.png" in text_of(quote)
    image = images_of(result)[0]
    assert (image["width"], image["height"]) == (203, 101)
    assert sizes(image, workspace) == {
        "a.png": (203, 101),
        "a@2x.png": (406, 202),
        "a-50w.png": (50, 25),
    }
    assert "scaled up" not in text_of(result)


async def test_what_the_model_draws_covers_the_largest_copy(
    make_app: MakeApp, workspace: Path
) -> None:
    asked = {"size": "16:9", "save_to": "hero-{640,1280,2560}w.webp"}
    provider = fake_openai()
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=provider)) as http,
        Client(make_app(http, OPENAI_API_KEY="sk-test").server) as client,
    ):
        result = await client.call_tool("generate_image", {"prompt": "A kite", **asked})
    assert [call.fields["size"] for call in provider.paid] == ["2560x1440"]
    assert "drawn at 2560x1440" in text_of(result)
    assert set(sizes(images_of(result)[0], workspace).values()) == {
        (640, 360),
        (1280, 720),
        (2560, 1440),
    }


async def test_several_pictures_number_every_copy(connect: Connect, workspace: Path) -> None:
    asked = {"n": 2, "size": "64x64", "save_to": ["a.png", "a@2x.png", "i-{16}.png"]}
    async with connect() as client:
        images = images_of(await client.call_tool("generate_image", {"prompt": "A kite", **asked}))
    assert list(sizes(images[1], workspace)) == ["a-2.png", "a-2@2x.png", "i-16-2.png"]
    assert look(workspace / "a-1.png")[0] == (64, 64)
    assert look(workspace / "a-1@2x.png")[0] == (128, 128)


async def test_a_clear_background_stays_clear_without_a_rim(
    connect: Connect, workspace: Path
) -> None:
    asked = {"background": "transparent", "size": "512x512", "save_to": "icon-{32,64}.{png,webp}"}
    async with connect() as client:
        await draw(client, "A red heart icon", **asked)
    for name in ("icon-32.png", "icon-64.webp"):
        with Image.open(workspace / name) as icon:
            assert icon.mode == "RGBA"
            low, high = icon.getchannel("A").getextrema()
            assert (low, high) == (0, 255)


async def test_a_profile_travels_with_scaled_copies(connect: Connect, workspace: Path) -> None:
    profile = swapped_profile()
    Image.new("RGB", (256, 256), "red").save(workspace / "p.png", icc_profile=profile)
    everything = {"regions": [{"kind": "rect", "x": 0, "y": 0, "width": 64, "height": 64}]}
    async with connect() as client:
        made = await client.call_tool("make_mask", {"image": "p.png", **everything})
        mask = images_of(made)[0]["uri"]
        asked = {"images": "p.png", "mask": mask, "prompt": "a star", "save_to": "q-{64}.png"}
        image = images_of(await client.call_tool("edit_image", asked))[0]
    assert image["outside"]["largest_difference"] == 0
    with Image.open(workspace / "q-64.png") as copy:
        assert copy.info["icc_profile"] == profile
        assert copy.convert("RGB").getpixel((60, 60)) == (255, 0, 0)


async def test_a_reused_job_makes_the_copies_from_all_its_pixels(
    connect: Connect, workspace: Path, home: Path
) -> None:
    asked = {"prompt": "A kite", "exact_size": "100x60", "size": "400x240"}
    async with connect() as client, anyio.create_task_group() as group:
        for name in ("a@2x.png", "b@4x.png"):
            group.start_soon(client.call_tool, "generate_image", {**asked, "save_to": name})
    assert (look(workspace / "a@2x.png")[0], look(workspace / "b@4x.png")[0]) == (
        (200, 120),
        (400, 240),
    )
    assert len(list(home.glob("*.png"))) == 2  # what was drawn, and what was fitted from it


async def test_all_that_is_wrong_is_said_before_anything_is_drawn(
    connect: Connect, workspace: Path, home: Path
) -> None:
    (workspace / "icon-32.png").write_bytes(b"mine")
    names = [
        "icon-{16,32}.png",
        "../out-{8}.png",
        "a.xyz",
        "b-{9000}.png",
        "c.png",
        "./c.png",
        "d.png",
        "d.png",
    ]
    async with connect() as client:
        told = await refusal(client, save_to=names, size="twelve")
    for word in (
        "icon-32.png exists already",
        "out-8.png",
        "AQUATINT_ROOTS",
        "a.xyz",
        "b-9000.png would be 9000",
        "c.png and ./c.png are the same file",
        "d.png is named 2 times",
        "'twelve' is not a size",
    ):
        assert word in told
    assert not list(home.glob("*.png"))
    assert [path.name for path in workspace.iterdir()] == ["icon-32.png"]
    async with connect() as client:
        many = [f"{name}-{{1,2,3,4,5,6,7}}.png" for name in "abc"]
        assert "at most 64" in await refusal(client, save_to=many, n=5)


async def test_a_copy_that_must_be_scaled_up_is_said_once(connect: Connect) -> None:
    asked = {"prompt": "A kite", "n": 2, "size": "64x64", "save_to": ["big-{128}.png"]}
    async with connect() as client:
        told = text_of(await client.call_tool("generate_image", asked))
        hinted = await client.call_tool(
            "generate_image", {"prompt": "A kite", "size": "64x64", "save_to": "k-320w.png"}
        )
    assert told.count("scaled up") == 1
    assert "k-{320w}.png" in text_of(hinted)


async def test_an_animation_keeps_its_frames_in_smaller_copies(
    connect: Connect, workspace: Path
) -> None:
    asked = {"format": "gif", "frames": 3, "size": "64x64", "save_to": "a-{32}.{gif,webp,png}"}
    async with connect() as client:
        await draw(client, "A kite", **asked)
    frames = {}
    for ending in ("gif", "webp", "png"):
        with Image.open(workspace / f"a-32.{ending}") as copy:
            frames[ending] = getattr(copy, "n_frames", 1)
            assert copy.size == (32, 32)
    assert frames == {"gif": 3, "webp": 3, "png": 1}


async def test_a_recipe_without_save_to_draws_the_same_size(connect: Connect) -> None:
    async with connect() as client:
        image = await draw(client, "A kite", size="square", save_to="k-{1040}.png")
        recipe = await client.read_resource(f"{image['uri']}/recipe")
    told = json.loads(recipe.contents[0].model_dump()["text"])
    assert "save_to" not in told["arguments"]
    assert told["arguments"]["size"] == told["order"]["size"] == "1040x1040"


# -- sheets


async def test_several_pictures_are_shown_on_one_numbered_sheet(connect: Connect) -> None:
    async with connect(AQUATINT_LINKS="always") as client:
        result = await client.call_tool(
            "generate_image", {"prompt": "A fox", "n": 4, "size": "384x384"}
        )
        third = await client.call_tool("get_image", {"image": images_of(result)[2]["uri"]})
    images = images_of(result)
    shown = [block for block in result.content if isinstance(block, ImageContent)]
    assert len(shown) == 1
    sheet = base64.b64decode(shown[0].data)
    assert max(look(sheet)[0]) <= 1024
    assert len(result.model_dump_json(by_alias=True)) < 130_000
    assert [image["number"] for image in images] == [1, 2, 3, 4]
    told = text_of(result).splitlines()
    for number, image in enumerate(images, 1):
        assert any(line.startswith(f"{number}. {image['uri']} ") for line in told)
    assert "numbered 1 to 4" in text_of(result)
    links = [block.uri for block in result.content if isinstance(block, ResourceLink)]
    assert [str(link) for link in links] == [image["uri"] for image in images]
    assert "number" not in images_of(third)[0]
    with Image.open(io.BytesIO(sheet)) as opened:
        ground = opened.convert("RGB").crop((3, 3, 4, 4)).tobytes()
    # JPEG shares colour between 16x16 pixels, so what is drawn nearby shifts it by a level or two
    assert all(abs(a - b) <= 2 for a, b in zip(ground, (238, 238, 236), strict=True))


async def test_a_sheet_is_as_small_as_the_previews_that_are_wished_for(
    connect: Connect,
) -> None:
    async with connect(AQUATINT_PREVIEW="256") as client:
        result = await client.call_tool(
            "generate_image", {"prompt": "A fox", "n": 10, "size": "128x128"}
        )
    block = next(block for block in result.content if isinstance(block, ImageContent))
    assert max(look(base64.b64decode(block.data))[0]) <= 342


async def test_path_and_full_show_no_sheet(connect: Connect) -> None:
    async with connect() as client:
        for reply, count in (("path", 0), ("full", 2)):
            result = await client.call_tool(
                "generate_image", {"prompt": "A fox", "n": 2, "size": "64x64", "reply": reply}
            )
            assert sum(isinstance(block, ImageContent) for block in result.content) == count

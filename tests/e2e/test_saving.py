"""save_to before it draws and after: what a dry run lists, one file for each picture, own sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from conftest import Connect, MakeApp
from fake_openai import FakeOpenAI, fake_openai
from retouching import mask, paying
from unit import hostile
from words import images_of, look, refusal, text_of


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


async def files_of(client: Client, tool: str = "generate_image", **asked: Any) -> list[Any]:
    """The files that a dry run lists, each of them in the text too."""
    result = await client.call_tool(tool, {"prompt": "A red kite", "dry_run": True, **asked})
    assert not result.is_error, text_of(result)
    assert result.structured_content
    files = result.structured_content["files"]
    for one in files:
        assert one["path"] in text_of(result)
        if "width" in one:
            assert f"{one['width']}x{one['height']} {one['format']}" in text_of(result)
    return files


async def test_a_dry_run_lists_the_very_files_that_the_call_then_writes(
    connect: Connect, workspace: Path
) -> None:
    asked: dict[str, Any] = {
        "size": "512x512",
        "save_to": ["hero{,@2x}.webp", "icon-{16,32}.png", "favicon.ico", "og-{600x315}.jpg"],
    }
    async with connect() as client:
        listed = await files_of(client, **asked)
        assert not list(workspace.iterdir())
        result = await client.call_tool("generate_image", {"prompt": "A red kite", **asked})
    saved = images_of(result)[0]["saved"]
    kept = ("path", "width", "height")
    assert [[one[name] for name in kept] for one in listed] == [
        [one[name] for name in kept] for one in saved
    ]
    for one in listed:
        size, format = look(one["path"])
        assert (size, format) == ((one["width"], one["height"]), one["format"])
    assert look(workspace / "hero.webp")[0] == (512, 512)
    assert look(workspace / "hero@2x.webp")[0] == (1024, 1024)


async def test_a_dry_run_says_what_is_there_already(connect: Connect, workspace: Path) -> None:
    (workspace / "hero.png").write_bytes(b"mine")
    asked: dict[str, Any] = {
        "prompt": "A red kite",
        "save_to": ["hero.png", "new.png"],
        "dry_run": True,
    }
    async with connect() as client:
        bare = await client.call_tool("generate_image", asked)
        allowed = await client.call_tool("generate_image", {**asked, "overwrite": True})
        asked["dry_run"] = False
        told = await refusal(client, **asked)
    for result in (bare, allowed):
        assert result.structured_content
        exists = [one.get("exists") for one in result.structured_content["files"]]
        assert exists == [True, None]
        assert "exists already" in text_of(result)
    assert f"{workspace / 'hero.png'} exists already: pass overwrite=true" in text_of(bare)
    assert "overwrite=true" not in text_of(allowed)
    assert "overwrite=true" in told
    assert (workspace / "hero.png").read_bytes() == b"mine"


async def test_what_the_model_decides_has_no_size_yet(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider) as client:
        listed = await files_of(client, size="auto", save_to=["a.png", "b-{64x32}.png"])
    assert [(one.get("width"), one.get("height")) for one in listed] == [(None, None), (64, 32)]


async def test_as_many_names_as_pictures_are_one_each(connect: Connect, workspace: Path) -> None:
    names = ["dawn.png", "noon-{32}.png", "dusk.webp"]
    asked: dict[str, Any] = {"prompt": "A red kite", "size": "64x64", "n": 3, "save_to": names}
    async with connect() as client:
        listed = await files_of(client, **asked)
        result = await client.call_tool("generate_image", asked)
        numbered = await client.call_tool(
            "generate_image", {**asked, "save_to": ["a.png", "a.webp"], "n": 2}
        )
    written = [[Path(one["path"]).name for one in image["saved"]] for image in images_of(result)]
    assert written == [["dawn.png"], ["noon-32.png"], ["dusk.webp"]]
    assert [Path(one["path"]).name for one in listed] == [one for names in written for one in names]
    first, second = images_of(numbered)
    assert [Path(one["path"]).name for one in first["saved"]] == ["a-1.png", "a-1.webp"]
    assert [Path(one["path"]).name for one in second["saved"]] == ["a-2.png", "a-2.webp"]
    assert "with its number" in text_of(numbered)
    assert (workspace / "dawn.png").read_bytes() == Path(images_of(result)[0]["path"]).read_bytes()


async def test_a_photograph_of_12_megapixels_is_edited_and_saved_at_its_own_size(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    size = (4000, 3000)
    hostile.photo(*size).save(workspace / "big.jpg", quality=90)
    region = {"kind": "rect", "x": 400, "y": 400, "width": 800, "height": 800}
    asked: dict[str, Any] = {
        "images": "big.jpg",
        "exact_size": "4000x3000",
        "save_to": ["out.webp", "out-{4000}.jpg", "half-{2000}w.png"],
    }
    async with paying(make_app, provider) as client:
        made = await mask(client, "big.jpg", region)
        asked["mask"] = made["uri"]
        listed = await files_of(client, "edit_image", **asked)
        result = await client.call_tool("edit_image", {"prompt": "bluer", **asked})
        larger = {**asked, "save_to": "far-{4100}.png"}
        told = await refusal(client, "edit_image", prompt="bluer", **larger)
    assert [(one["width"], one["height"]) for one in listed] == [size, size, (2000, 1500)]
    image = images_of(result)[0]
    assert (image["width"], image["height"]) == size
    assert image["outside"]["largest_difference"] == 0
    assert [look(workspace / name)[0] for name in ("out.webp", "out-4000.jpg")] == [size, size]
    with Image.open(workspace / "out.webp") as out, Image.open(image["path"]) as own:
        assert out.convert("RGB").tobytes() == own.convert("RGB").tobytes()
    assert "4000" in told
    assert "export_image" in told


async def test_beside_a_dense_name_the_plain_one_has_the_size_asked_for_when_paid(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    asked = {"prompt": "A kite", "size": "1024x768", "save_to": ["hero.webp", "hero@2x.webp"]}
    async with paying(make_app, provider) as client:
        result = await client.call_tool("generate_image", asked)
    assert provider.paid[0].fields["size"] == "2048x1536"
    assert look(workspace / "hero.webp")[0] == (1024, 768)
    assert look(workspace / "hero@2x.webp")[0] == (2048, 1536)
    assert "drawn at 2048x1536, so that hero.webp has 1024x768" in text_of(result)

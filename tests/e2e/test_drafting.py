"""The main job without a key, through the real client, in both protocol revisions."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path

import anyio
import pytest
from mcp import MCPError
from mcp.types import (
    BlobResourceContents,
    ImageContent,
    ResourceLink,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)
from PIL import Image

from conftest import Connect
from words import draw, images_of, look, parents, text_of

pytestmark = pytest.mark.short


async def test_a_prompt_becomes_a_file_a_preview_and_a_link(connect: Connect, home: Path) -> None:
    async with connect(AQUATINT_LINKS="always") as client:
        result = await client.call_tool("generate_image", {"prompt": "A red fox at dusk"})
    image = images_of(result)[0]
    path = Path(image["path"])
    assert path.is_absolute()
    assert path.parent == home
    assert len(path.read_bytes()) == image["bytes"]
    assert look(path)[0] == (image["width"], image["height"]) == (1024, 1024)
    text, preview, link = result.content
    assert isinstance(text, TextContent)
    assert isinstance(preview, ImageContent)
    assert look(base64.b64decode(preview.data))[0] == (768, 768)
    assert isinstance(link, ResourceLink)
    assert link.uri == image["uri"]
    assert link.annotations
    assert link.annotations.audience == ["user"]
    assert len(result.model_dump_json(by_alias=True)) < 60_000


async def test_text_and_structure_each_say_everything(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("generate_image", {"prompt": "A red fox"})
    words, structure = text_of(result), result.structured_content
    assert structure
    image = structure["images"][0]
    for name in ("uri", "path", "format", "model"):
        assert str(image[name]) in words
    assert f"{image['width']}x{image['height']}" in words
    assert f"{image['bytes']:,} bytes" in words
    for name in ("status", "job", "cost_usd", "seconds"):
        assert str(structure[name]) in words
    assert structure["warnings"][0] in words
    assert "draft engine" in words


@pytest.mark.parametrize(
    "prompt",
    [
        "غُرُوب الشَّمس فوق البحر",
        "سمندر پر غروبِ آفتاب",
        "日落时分的猫",
        "matahari terbenam di atas sawah",
        "Über den Dächern von Köln",
        "sunset over the sea",
    ],
)
async def test_a_prompt_in_any_language_is_drawn_and_kept_word_for_word(
    connect: Connect, prompt: str
) -> None:
    async with connect() as client:
        image = await draw(client, prompt)
        listing = await client.call_tool("recent_images", {})
        assert images_of(listing)[0]["prompt"] == prompt
        assert Path(image["path"]).exists()


@pytest.mark.parametrize(
    ("prompt", "query"),
    [
        ("غُرُوب الشَّمس", "غروب"),
        ("سمندر پر غروبِ آفتاب", "آفتاب"),
        ("城市的日落", "日落"),
        ("一只猫在窗台上", "猫"),
        ("matahari terbenam", "terbenam"),
        ("Über den Dächern", "dachern"),
        ("sunset over the sea", "SUNSET"),
    ],
)
async def test_recent_pictures_are_found_by_words_in_any_language(
    connect: Connect, prompt: str, query: str
) -> None:
    async with connect() as client:
        image = await draw(client, prompt, size="256x256")
        await draw(client, "something else entirely", size="256x256")
        found = images_of(await client.call_tool("recent_images", {"query": query}))
        assert [one["id"] for one in found] == [image["id"]]


async def test_several_pictures_differ_and_share_one_reply(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("generate_image", {"prompt": "A fox", "n": 3})
    images = images_of(result)
    assert len({Path(image["path"]).read_bytes() for image in images}) == 3
    assert sum(isinstance(block, ImageContent) for block in result.content) == 1
    assert len(result.model_dump_json(by_alias=True)) < 1_000_000


@pytest.mark.parametrize(
    ("size", "expected"),
    [("landscape", (1536, 1024)), ("portrait", (1024, 1536)), ("320x200", (320, 200))],
)
async def test_words_and_exact_figures_name_a_size(
    connect: Connect, size: str, expected: tuple[int, int]
) -> None:
    async with connect() as client:
        image = await draw(client, size=size)
    assert (image["width"], image["height"]) == expected


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "gif"])
async def test_every_format_a_draft_can_have_is_what_is_written(
    connect: Connect, format: str
) -> None:
    async with connect() as client:
        image = await draw(client, format=format, size="256x256")
    assert look(image["path"])[1] == format == image["format"]


async def test_a_picture_is_found_by_every_kind_of_reference(connect: Connect) -> None:
    async with connect() as client:
        image = await draw(client, size="256x256")
        data = base64.b64encode(Path(image["path"]).read_bytes()).decode()
        path = image["path"]
        for reference in (image["uri"], image["id"], "latest", path, Path(path).as_uri()):
            found = images_of(await client.call_tool("get_image", {"image": reference}))[0]
            assert found["id"] == image["id"]
        carried = {"image": f"data:image/png;base64,{data}"}
        found = images_of(await client.call_tool("get_image", carried))[0]
        assert found["bytes"] == image["bytes"]
        assert "id" not in found


async def test_the_full_picture_and_no_pixels_can_be_asked_for(connect: Connect) -> None:
    async with connect() as client:
        image = await draw(client, size="256x256")
        whole = await client.call_tool("get_image", {"image": "latest", "reply": "full"})
        none = await client.call_tool("get_image", {"image": "latest", "reply": "path"})
    block = whole.content[1]
    assert isinstance(block, ImageContent)
    assert base64.b64decode(block.data) == Path(image["path"]).read_bytes()
    assert not [block for block in none.content if isinstance(block, ImageContent)]


async def test_a_large_full_picture_is_reduced_to_fit_and_said_so(
    connect: Connect, workspace: Path
) -> None:
    noise = random.Random(1).randbytes(3_000_000)
    Image.frombytes("RGB", (1000, 1000), noise).save(workspace / "noise.png")
    async with connect() as client:
        whole = await client.call_tool("get_image", {"image": "noise.png", "reply": "full"})
    assert len(whole.model_dump_json(by_alias=True)) < 1_000_000
    assert "too large for a reply" in text_of(whole)


async def test_a_reply_never_outgrows_the_host(connect: Connect) -> None:
    async with connect() as client:
        await client.call_tool("generate_image", {"prompt": "forest", "n": 10})
        for arguments in ({"n": 10, "reply": "full"}, {"n": 10}):
            result = await client.call_tool("generate_image", {"prompt": "sea", **arguments})
            assert len(result.model_dump_json(by_alias=True)) < 1_000_000


async def test_recent_pictures_come_newest_first_in_pages_with_a_sheet(connect: Connect) -> None:
    async with connect() as client:
        made = [(await draw(client, f"fox {n}", size="64x64"))["id"] for n in range(5)]
        first = await client.call_tool("recent_images", {"limit": 3, "sheet": True})
        assert first.structured_content
        cursor = first.structured_content["cursor"]
        rest = await client.call_tool("recent_images", {"limit": 3, "cursor": cursor})
    listed = [one["id"] for one in [*images_of(first), *images_of(rest)]]
    assert listed == made[::-1]
    assert first.structured_content["total"] == 5
    assert isinstance(first.content[-1], ImageContent)


async def test_pictures_are_resources_that_read_as_file_preview_and_recipe(
    connect: Connect,
) -> None:
    async with connect() as client:
        image = await draw(client, "A fox", quality="high", size="256x256")
        listed = (await client.list_resources()).resources
        assert [str(one.uri) for one in listed] == [image["uri"]]
        assert listed[0].size == image["bytes"]
        file = (await client.read_resource(image["uri"])).contents[0]
        assert isinstance(file, BlobResourceContents)
        assert base64.b64decode(file.blob) == Path(image["path"]).read_bytes()
        assert file.mime_type == "image/png"
        preview = (await client.read_resource(image["uri"] + "/preview")).contents[0]
        assert isinstance(preview, BlobResourceContents)
        assert look(base64.b64decode(preview.blob))[0] == (256, 256)
        recipe = (await client.read_resource(image["uri"] + "/recipe")).contents[0]
        assert isinstance(recipe, TextResourceContents)
        steps = json.loads(recipe.text)
        arguments = {"prompt": "A fox", "quality": "high", "size": "256x256"}
        assert (steps["tool"], steps["arguments"]) == ("generate_image", arguments)
        again = await draw(client, fresh=True, **steps["arguments"])
        assert Path(again["path"]).read_bytes() == Path(image["path"]).read_bytes()
        recent = (await client.read_resource("images://recent?q=fox&limit=1")).contents[0]
        assert isinstance(recent, TextResourceContents)
        assert json.loads(recent.text)["total"] == 2


async def test_the_list_of_resources_is_paged(connect: Connect) -> None:
    async with connect() as client:
        for batch in range(6):
            await draw(client, f"fox {batch}", n=10, size="32x32", reply="path")
        first = await client.list_resources()
        assert len(first.resources) == 50
        rest = await client.list_resources(cursor=first.next_cursor)
        assert len(rest.resources) == 10
        assert rest.next_cursor is None
        uris = {str(one.uri) for one in [*first.resources, *rest.resources]}
        assert len(uris) == 60


async def test_ids_are_completed(connect: Connect) -> None:
    async with connect() as client:
        image = await draw(client, size="64x64")
        reference = ResourceTemplateReference(type="ref/resource", uri="image://{id}")
        argument = {"name": "id", "value": image["id"][:3]}
        found = await client.complete(reference, argument)
        assert found.completion.values == [image["id"]]


@pytest.mark.parametrize(
    "uri", ["image://aaaaaaaaaaaaaaaa", "image://x", "image://aaaaaaaaaaaaaaaa/prev", "nope://x"]
)
async def test_an_unknown_resource_is_named(connect: Connect, uri: str) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as told:
            await client.read_resource(uri)
    assert told.value.error.code == -32602
    assert "There is no" in told.value.error.message


async def test_sixty_four_calls_at_once_leave_sixty_four_files(
    connect: Connect, home: Path
) -> None:
    async with connect() as client, anyio.create_task_group() as group:
        for number in range(64):
            arguments = {"prompt": f"fox {number}", "size": "64x64", "reply": "path"}
            group.start_soon(client.call_tool, "generate_image", arguments)
    assert len(list(home.glob("*.png"))) == 64


async def test_a_dry_run_prices_and_sends_nothing(connect: Connect, home: Path) -> None:
    async with connect() as client:
        result = await client.call_tool("generate_image", {"prompt": "A fox", "dry_run": True})
    assert result.structured_content
    assert result.structured_content["status"] == "dry_run"
    assert result.structured_content["cost_usd"] == 0
    assert not list(home.glob("*.png"))


async def test_an_exact_size_is_fitted_and_the_original_kept(connect: Connect) -> None:
    async with connect() as client:
        image = await draw(client, exact_size="100x300", size="256x256")
        (raw,) = parents(image, "raw")
        source = images_of(await client.call_tool("get_image", {"image": raw}))[0]
    assert (image["width"], image["height"]) == (100, 300)
    assert (source["width"], source["height"]) == (256, 256)
    assert source["id"] in image["note"]

"""What was made is found again: by its name, by the files it was written to, by some words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import (
    BlobResourceContents,
    PromptReference,
    ResourceTemplateReference,
    TextResourceContents,
)
from PIL import Image

from conftest import Connect
from words import draw, images_of, parents, refusal, text_of


async def export(client: Client, image: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("export_image", {"image": image, **arguments})
    return {**images_of(result)[0], "text": text_of(result)}


async def get(client: Client, image: str) -> dict[str, Any]:
    return images_of(await client.call_tool("get_image", {"image": image}))[0]


async def rows(client: Client, **asked: Any) -> list[dict[str, Any]]:
    return images_of(await client.call_tool("recent_images", asked))


async def test_a_name_is_a_reference_wherever_a_picture_goes(connect: Connect) -> None:
    async with connect() as client:
        first = await draw(client, "a fox", size="64x64")
        second = await draw(client, "a hen", size="64x64")
        named = await export(client, first["uri"], name="Logo")
        assert (named["names"], named.get("saved")) == (["@Logo"], None)
        assert "@Logo" in named["text"]
        part = [{"kind": "rect", "x": 8, "y": 8, "width": 20, "height": 20}]
        mask = await client.call_tool("make_mask", {"image": "@logo", "regions": part})
        await export(client, images_of(mask)[0]["uri"], name="part")
        edit = {"images": "@LOGO", "mask": "@part", "prompt": "redder"}
        edited = images_of(await client.call_tool("edit_image", edit))[0]
        assert parents(edited, "edited from") == [first["uri"]]
        assert (await get(client, "image://@logo"))["uri"] == first["uri"]
        assert [one["uri"] for one in await rows(client, query="@logo")] == [first["uri"]]
        assert [one["names"] for one in await rows(client, kind="named")] == [["@part"], ["@Logo"]]
        moved = await export(client, second["uri"], name="logo")
        assert f"@logo was {first['uri']} until now" in moved["text"]
        assert (await get(client, "@logo"))["uri"] == second["uri"]
        assert "names" not in await get(client, first["uri"])
        again = await export(client, "@logo", name="logo")
        assert "until now" not in again["text"]


async def test_names_that_do_not_fit_or_exist_are_told_what_to_do(
    connect: Connect, workspace: Path
) -> None:
    async with connect() as client:
        await draw(client, size="64x64")
        await export(client, "latest", name="logo")
        missing = await refusal(client, "get_image", image="@lgoo")
        assert "No picture has the name @lgoo. Near names: @logo." in missing
        assert 'recent_images(kind="named")' in missing
        for name in ("a b", "", "x" * 65, "a/b", "@"):
            told = await refusal(client, "export_image", image="latest", name=name, save_to="a.png")
            assert "code: bad_name" in told
        assert not (workspace / "a.png").exists(), "a name is judged before anything is written"
        both = await refusal(client, "export_image", image="latest")
        assert "both are missing" in both
        only = await refusal(client, "export_image", image="latest", name="x", crop=[0, 0, 9, 9])
        assert "crop: without save_to nothing is written" in only
        (workspace / "@2x.png").write_bytes(
            (Path((await get(client, "latest"))["path"])).read_bytes()
        )
        assert (await get(client, "@2x.png"))["width"] == 64, "a dot makes it a file"


async def test_a_picture_of_ones_own_gets_a_name_and_files_at_once(
    connect: Connect, workspace: Path
) -> None:
    Image.new("RGB", (40, 30), "teal").save(workspace / "own.png")
    async with connect() as client:
        mine = await export(client, "own.png", name="mine", save_to="public/mine.webp")
        assert mine["names"] == ["@mine"]
        (listed,) = await rows(client, kind="named")
        assert listed["uri"] == mine["uri"]
        assert listed["saved_to"] == [str(workspace / "public/mine.webp")]


async def test_a_file_that_was_written_is_its_picture_until_somebody_changes_it(
    connect: Connect, workspace: Path
) -> None:
    async with connect() as client:
        hero = await draw(client, "a harbour", size="64x64", save_to="public/hero.webp")
        await draw(client, "a hen", size="64x64")
        file = workspace / "public/hero.webp"
        assert (await get(client, "public/hero.webp"))["uri"] == hero["uri"]
        assert (await get(client, hero["path"]))["uri"] == hero["uri"]
        for query in ("public/hero.webp", "hero.webp", str(file)):
            (row,) = await rows(client, query=query)
            assert (row["uri"], row["saved_to"]) == (hero["uri"], [str(file)])
        edit = {"images": "public/hero.webp", "prompt": "at night"}
        night = images_of(await client.call_tool("edit_image", edit))[0]
        assert parents(night, "edited from") == [hero["uri"]]
        recipe = (await client.read_resource(f"{hero['uri']}/recipe")).contents[0]
        assert isinstance(recipe, TextResourceContents)
        assert json.loads(recipe.text)["saved_to"] == [str(file)]

        bytes_ = bytearray(file.read_bytes())
        bytes_[-1] ^= 1
        file.write_bytes(bytes_)  # as many bytes as before
        (row,) = await rows(client, query="public/hero.webp")
        assert "saved_to" not in row
        assert "saved" not in await get(client, hero["uri"])
        file.write_bytes(Path(night["path"]).read_bytes())
        assert (await get(client, "public/hero.webp")).get("uri") != hero["uri"]
        again = await export(client, night["uri"], save_to="public/hero.webp", overwrite=True)
        assert (await get(client, "public/hero.webp"))["uri"] == again["uri"] == night["uri"]
        file.unlink()
        assert all("saved_to" not in one for one in await rows(client))


async def test_a_copy_of_another_size_or_part_is_itself_and_says_whose_it_is(
    connect: Connect,
) -> None:
    async with connect() as client:
        logo = await draw(client, "a logo", size="64x64")
        await export(client, "latest", save_to="icon-{16}.png")
        await export(client, "latest", save_to="part.png", crop=[0, 0, 32, 64], exact_size="64x64")
        for name, width in (("icon-16.png", 16), ("part.png", 64)):
            seen = await get(client, name)
            assert (seen["width"], parents(seen, "copy of")) == (width, [logo["uri"]])
            assert "uri" not in seen
        edit = {"images": "icon-16.png", "prompt": "blue"}
        edited = images_of(await client.call_tool("edit_image", edit))[0]
        (taken,) = parents(edited, "edited from")
        assert parents(await get(client, taken)) == [logo["uri"]]


async def test_words_that_no_picture_has_all_of_find_those_with_some(connect: Connect) -> None:
    async with connect() as client:
        fox = await draw(client, "a red fox in snow", size="64x64")
        hen = await draw(client, "a red hen", size="64x64")
        result = await client.call_tool("recent_images", {"query": "red fox moon"})
        assert [one["uri"] for one in images_of(result)] == [fox["uri"], hen["uri"]]
        assert "No picture has all words that were looked for; these have some." in text_of(result)
        assert "most words first" in text_of(result)
        assert result.structured_content
        assert "these have some" in result.structured_content["note"]
        page = {"query": "red fox moon", "limit": 1}
        cursor = (await client.call_tool("recent_images", page)).structured_content
        assert cursor
        second = await rows(client, **page, cursor=cursor["cursor"])
        assert [one["uri"] for one in second] == [hen["uri"]]


async def test_latest_and_names_are_resources_and_complete(connect: Connect) -> None:
    async with connect() as client:
        image = await draw(client, "a fox", size="64x64")
        await export(client, "latest", name="شعار")
        for uri in ("image://latest", "image://@شعار", "image://%40%D8%B4%D8%B9%D8%A7%D8%B1"):
            (content,) = (await client.read_resource(uri)).contents
            assert isinstance(content, BlobResourceContents)
            (recipe,) = (await client.read_resource(f"{uri}/recipe")).contents
            assert isinstance(recipe, TextResourceContents)
            told = json.loads(recipe.text)
            assert (told["uri"], told["names"]) == (image["uri"], ["@شعار"])
        template = ResourceTemplateReference(uri="image://{id}")
        found = await client.complete(template, {"name": "id", "value": "@"})
        assert found.completion.values == ["@شعار"]
        prompt = PromptReference(name="fix_part_of_picture")
        found = await client.complete(prompt, {"name": "picture", "value": "@"})
        assert found.completion.values == ["@شعار"]

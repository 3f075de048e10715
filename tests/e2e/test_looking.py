"""get_image looks closer: parts, grids and masks over their picture, in both revisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, ImageContent
from PIL import Image, ImageStat

from agent import calls
from aquatint.imaging.masks.levels import BICUBIC, resized
from conftest import Connect
from retouching import CAT, LEFT_EYE, at, edited, mask, opened, preview
from words import draw, images_of, look, refusal, text_of


@pytest.fixture
def cat(workspace: Path) -> str:
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    return "cat.png"


async def get(client: Client, image: str, **asked: Any) -> CallToolResult:
    return await client.call_tool("get_image", {"image": image, **asked})


def words_of(result: CallToolResult) -> str:
    """What the reply says that its picture shows; text and structure say the same."""
    assert not result.is_error, text_of(result)
    assert result.structured_content
    words = result.structured_content["shown"]
    assert words in text_of(result)
    return words


def redness(image: Image.Image, box: tuple[int, int, int, int]) -> float:
    """How far red is above green, on average."""
    red, green, _ = ImageStat.Stat(image.crop(box)).mean
    return red - green


@pytest.mark.parametrize(
    ("units", "crop"),
    [
        ("pixel", [132, 82, 80, 68]),
        ("fraction", [132 / 451, 82 / 300, 80 / 451, 68 / 300]),
        ("permille", [132 / 0.451, 82 / 0.3, 80 / 0.451, 68 / 0.3]),
    ],
)
async def test_a_part_is_the_same_in_every_unit_and_its_pixels_are_exact(
    connect: Connect, cat: str, units: str, crop: list[float]
) -> None:
    async with connect() as client:
        result = await get(client, cat, crop=crop, units=units)
    assert "x 132, y 82, width 80, height 68 of 451x300 pixels" in words_of(result)
    assert "each pixel as a square of 9x9" in words_of(result)
    shown, plain = preview(result), opened(CAT).convert("RGB")
    assert shown.size == (720, 612)
    assert all(
        at(shown, 9 * x + 4, 9 * y + 4) == at(plain, 132 + x, 82 + y)
        for x, y in ((0, 0), (40, 30), (79, 67))
    )


async def test_pictures_of_the_catalog_are_looked_at_too_and_replies_stay_small(
    connect: Connect,
) -> None:
    async with connect() as client:
        image = await draw(client, size="2048x2048")
        part = await get(client, image["uri"], crop=[0, 0, 0.5, 0.5], units="fraction", edge=2048)
        grid = await get(client, "latest", grid=True, units="permille")
    assert "width 1024, height 1024 of 2048x2048 pixels, enlarged 2 times" in words_of(part)
    assert preview(part).size == (2048, 2048)
    assert images_of(part)[0]["uri"] == image["uri"]
    assert len(part.model_dump_json(by_alias=True)) < 1_000_000
    assert 'make_mask with units="permille"' in words_of(grid)
    assert len(grid.model_dump_json(by_alias=True)) < 60_000


async def test_the_numbers_of_the_grid_select_what_was_seen(connect: Connect, cat: str) -> None:
    """A red dot is found by the line that runs through it, and make_mask hits it."""
    async with connect() as client:
        asked = {"crop": [200, 200, 300, 300], "units": "permille"}
        plain, grid = [await get(client, cat, **asked, grid=on) for on in (False, True)]
        region = {"kind": "rect", "x": 350, "y": 200, "width": 50, "height": 300}
        result = await client.call_tool(
            "make_mask",
            {"image": cat, "regions": [region], **asked},
        )
    # The part begins at 200 of 1000 and ends at 500: 350 is its middle, and there is a line.
    width = preview(grid).width
    row = [at(preview(grid), x, 333)[0] - at(preview(plain), x, 333)[0] for x in range(width)]
    line = max(range(width // 2 - 4, width // 2 + 5), key=lambda x: abs(row[x]))
    shown = preview(result)
    scale = shown.width / width
    at_line = round(line * scale)
    before, after = (
        redness(shown, (at_line + x, 300, at_line + x + 20, 330)) - redness(preview(plain), box)
        for x, box in ((-28, (line - 28, 300, line - 8, 330)), (8, (line + 8, 300, line + 28, 330)))
    )
    assert before < 20 < after - 20, "red from the line on"


async def test_make_mask_shows_the_part_that_is_asked_and_stores_the_whole(
    connect: Connect, cat: str
) -> None:
    arguments = {"image": cat, "regions": [LEFT_EYE], "crop": [120, 70, 100, 90], "grid": True}
    async with connect() as client:
        result = await client.call_tool("make_mask", arguments)
        made = images_of(result)[0]
        later = await get(client, made["uri"])
        over = await client.call_tool("make_mask", {**arguments, "crop": [400, 250, 200, 200]})
        outside = await refusal(client, "make_mask", **{**arguments, "crop": [451, 0, 9, 9]})
    assert "x 120, y 70, width 100, height 90 of 451x300" in words_of(result)
    assert preview(result).width / preview(result).height == pytest.approx(100 / 90, rel=0.01)
    assert opened(made).size == (451, 300)
    assert preview(later).size == (768, 511)  # its whole, under the grid that it was made with
    assert "cut there" in words_of(over)
    assert "451x300 pixels" in outside


async def test_a_mask_is_as_large_as_the_edge_says(connect: Connect, workspace: Path) -> None:
    resized(opened(CAT).convert("RGB"), (2255, 1500), BICUBIC).save(workspace / "large.png")
    eye = {name: 5 * value if isinstance(value, int) else value for name, value in LEFT_EYE.items()}
    async with connect() as client:
        made = await mask(client, "large.png", eye, grid=True)
        large = await get(client, made["uri"], edge=2048)
        small = await get(client, made["uri"], edge=300)
        part = await get(client, made["uri"], edge=500, crop=[132, 82, 80, 68])
    assert preview(large).size == (2048, 1362)
    assert max(preview(small).size) in range(200, 301)  # as its bytes allow
    assert redness(preview(large), (770, 500, 800, 550)) > 70  # the eye
    assert redness(preview(large), (560, 500, 590, 550)) < 70  # beside it
    assert preview(part).size == (500, 425)


async def test_a_mask_outlives_its_picture(connect: Connect, cat: str, home: Path) -> None:
    async with connect() as client:
        made = await mask(client, cat, LEFT_EYE)
        for file in home.glob("*cat*.png"):
            if Path(made["path"]) != file:
                file.unlink()
        result = await get(client, made["uri"], crop=[100, 50, 200, 200])
        plain = await get(client, made["uri"], edge=1000)
    assert "is gone, so it lies on grey" in words_of(result)
    assert at(preview(result), 10, 10) == (128, 128, 128)
    assert preview(plain).size == (451, 300)  # as it was stored


async def test_what_cannot_be_looked_at_closer_is_said(connect: Connect, cat: str) -> None:
    async with connect() as client:
        outside = await refusal(client, "get_image", image=cat, crop=[500, 0, 10, 10])
        empty = await refusal(client, "get_image", image=cat, crop=[5, 5, 0, 10])
        short = await refusal(client, "get_image", image=cat, crop=[5, 5])
        path = await refusal(client, "get_image", image=cat, crop=[5, 5, 9, 9], reply="path")
        edge = await refusal(client, "get_image", image=cat, grid=True, edge=4096)
    assert "451x300 pixels" in outside
    assert "above 0" in empty
    assert "four numbers" in short
    assert 'Pass reply="preview"' in path
    assert "64 to 2048" in edge


async def test_pictures_of_one_job_are_looked_at_one_by_one(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("generate_image", {"prompt": "Kites", "n": 2})
        assert result.structured_content
        job, (first, second) = result.structured_content["job"], images_of(result)
        words = await refusal(client, "get_image", image=job, grid=True)
        one = await get(client, first["uri"], grid=True)
    assert f'"{first["uri"]}", "{second["uri"]}"' in words
    assert max(preview(one).size) == 768


async def test_an_animation_says_that_its_first_frame_is_shown(
    connect: Connect, workspace: Path
) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(workspace / "two.gif", save_all=True, append_images=frames[1:])
    async with connect() as client:
        result = await get(client, "two.gif", crop=[0, 0, 20, 20])
    assert "Only the first of 2 frames" in words_of(result)
    assert at(preview(result), 9, 9) == (255, 0, 0)


async def test_an_edit_is_seen_beside_its_parent_with_figures(connect: Connect, cat: str) -> None:
    async with connect() as client:
        made = await mask(client, cat, LEFT_EYE)
        exact = await edited(client, cat, mask=made["uri"])
        lossy = await edited(client, exact["uri"], mask=made["uri"], format="jpeg")
        free = await edited(client, cat)
        first, second, third = [
            await get(client, one["uri"], compare=True) for one in (exact, lossy, free)
        ]
        part = await get(client, exact["uri"], compare=True, crop=[110, 60, 130, 110])
        foreign = await refusal(client, "get_image", image=cat, compare=True)
        of_mask = await refusal(client, "get_image", image=made["uri"], compare=True)
    assert "Outside the mask: 0 pixels differ, largest difference 0" in words_of(first)
    assert f"after ({exact['uri']})" in words_of(first)
    assert f"before ({exact['uri']})" in words_of(second)
    assert "Outside the mask: 0 pixels" not in words_of(second)
    assert "of the pixels changed noticeably" in words_of(third)
    assert preview(first).size[0] == 768
    assert preview(part).size != preview(first).size
    assert len(first.model_dump_json(by_alias=True)) < 60_000
    assert "no parent" in foreign
    assert "edit_image" in foreign
    assert "over its picture" in of_mask


async def test_files_are_asked_of_export_image_in_one_call(
    connect: Connect, workspace: Path
) -> None:
    async with connect() as client:
        image = await draw(client)
        words = await refusal(
            client, "get_image", image=image["uri"], save_to="hero.webp", crop=[0, 0, 9, 9]
        )
        (call,) = [one for one in calls(words) if one.tool == "export_image"]
        result = await client.call_tool("export_image", call.arguments)
        format_alone = await refusal(client, "get_image", image="latest", format="webp")
        path = await refusal(client, "get_image", image="latest", output_path="a.png")
    assert not result.is_error
    assert look(workspace / "hero.webp") == ((9, 9), "webp")
    assert 'export_image(image="latest", save_to="picture.webp")' in format_alone
    assert 'export_image(image="latest", save_to="a.png")' in path


async def test_a_dry_run_shows_what_the_mask_would_change(connect: Connect, cat: str) -> None:
    async with connect() as client:
        made = await mask(client, cat, LEFT_EYE)
        shown = await client.call_tool(
            "edit_image",
            {"images": [cat], "prompt": "a blue eye", "mask": made["uri"], "dry_run": True},
        )
        path = await client.call_tool(
            "edit_image",
            {
                "images": [cat],
                "prompt": "a blue eye",
                "mask": made["uri"],
                "dry_run": True,
                "reply": "path",
            },
        )
    assert "in red" in words_of(shown)
    assert redness(preview(shown), (150, 100, 195, 130)) > 80
    assert not [block for block in path.content if isinstance(block, ImageContent)]

"""export_image(background="transparent") through the real client, on real photographs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from conftest import Connect
from retouching import ASTRONAUT, SEES, opened
from words import images_of, refusal, text_of

CLEAR = {"background": "transparent"}


@pytest.fixture
def photo(workspace: Path) -> str:
    (workspace / "astronaut.jpg").write_bytes(ASTRONAUT.read_bytes())
    return "astronaut.jpg"


@SEES
async def test_the_background_is_gone_and_what_is_kept_is_the_pictures_own(
    connect: Connect, workspace: Path, photo: str
) -> None:
    async with connect() as client:
        result = await client.call_tool(
            "export_image", {"image": photo, "save_to": "woman.png", **CLEAR}
        )
    image = images_of(result)[0]
    assert (image["width"], image["height"]) == (512, 512)
    cut, whole = Image.open(workspace / "woman.png"), opened(ASTRONAUT)
    assert cut.mode == "RGBA"
    alpha = cut.getchannel("A")
    for inside in ((226, 120), (150, 400), (100, 300)):  # her nose, two places of the suit
        assert alpha.getpixel(inside) == 255
    for outside in ((30, 60), (400, 60), (330, 20)):  # the flag, the shuttle, the wall
        assert cut.getpixel(outside) == (0, 0, 0, 0)
    solid = alpha.point([0] * 255 + [255])
    apart = ImageChops.difference(cut.convert("RGB"), whole.convert("RGB"))
    apart.paste((0, 0, 0), mask=ImageChops.invert(solid))
    assert apart.getbbox() is None  # exact
    rim = 1 - (solid.histogram()[255] + alpha.histogram()[0]) / (512 * 512)
    assert 0.002 < rim < 0.1  # soft, and only at the rim
    kept = sum(level * count for level, count in enumerate(alpha.histogram())) / (255 * 512 * 512)
    told = f"background=transparent: {kept:.1%} of it was kept, found by the vision network."
    assert told in text_of(result)
    structure = result.structured_content
    assert structure is not None
    assert told in structure["warnings"]


@SEES
async def test_cut_outs_come_as_crops_sizes_and_icons(
    connect: Connect, workspace: Path, photo: str
) -> None:
    files = ["head-{64}.png", "head.ico", "head.webp", "head.avif"]
    asked = {"image": photo, "crop": [130, 0, 200, 260], "exact_size": "300x300", **CLEAR}
    async with connect() as client:
        await client.call_tool("export_image", {**asked, "save_to": files})
    for name in ("head-64.png", "head.ico", "head.webp", "head.avif"):
        with Image.open(workspace / name) as copy:
            alpha = copy.convert("RGBA").getchannel("A")
            size = copy.size
        assert alpha.getpixel((size[0] // 2, size[1] // 2)) == 255, name
        assert alpha.getpixel((1, 1)) == 0, name
    with Image.open(workspace / "head.webp") as copy:
        assert copy.size == (300, 300)


async def test_a_picture_that_is_transparent_already_keeps_its_alpha(
    connect: Connect, workspace: Path
) -> None:
    own = Image.new("RGBA", (80, 60), (200, 30, 30, 255))
    own.paste((9, 8, 7, 0), (0, 0, 40, 60))
    own.save(workspace / "own.png")
    async with connect() as client:
        result = await client.call_tool(
            "export_image", {"image": "own.png", "save_to": "same.png", **CLEAR}
        )
    assert "it was transparent already and stayed so; 50.0% of it is visible" in text_of(result)
    with Image.open(workspace / "same.png") as same:
        assert same.tobytes() == own.tobytes()


@SEES
async def test_what_cannot_be_cut_out_is_refused_and_nothing_is_written(
    connect: Connect, workspace: Path, photo: str
) -> None:
    Image.new("RGB", (400, 300), (120, 130, 140)).save(workspace / "wall.png")
    async with connect() as client:
        solid = await refusal(
            client, "export_image", image=photo, save_to=["a.jpg", "a.png"], **CLEAR
        )
        wall = await refusal(client, "export_image", image="wall.png", save_to="b.png", **CLEAR)
    assert "a.jpg cannot be transparent (jpeg)" in solid
    assert "nothing stands out of this picture" in wall
    assert sorted(path.name for path in workspace.glob("[ab].*")) == []


async def test_without_the_extra_the_error_has_the_line_that_installs_it(
    connect: Connect, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    async with connect() as client:
        told = await refusal(client, "export_image", image=photo, save_to="a.png", **CLEAR)
    assert "pip install 'aquatint[vision]'" in told
    assert "polygon" not in told

"""Masks that do not fit, are given for the wrong picture, or as a picture: what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from conftest import MakeApp
from retouching import CAT, LEFT_EYE, edit, mask, opened
from words import images_of, refusal, text_of


@pytest.fixture
def folder(workspace: Path) -> Path:
    """A cat of 451x300, coffee of 640x480, and masks of several sizes."""
    cat = opened(CAT).convert("RGB")
    cat.save(workspace / "cat.png")
    Image.new("RGB", (640, 480), "brown").save(workspace / "coffee.png")
    for name, size in {"cats": (451, 300), "larger": (902, 600), "wide": (902, 400)}.items():
        drawn = Image.new("L", size, 255)
        drawn.paste(0, (60, 40, 300, 240))
        drawn.save(workspace / f"{name}.png")
    tall = Image.new("L", (300, 451))
    tall.paste(255, (60, 40, 200, 200))
    tall.save(workspace / "tall.png")
    return workspace


# the mask; what must be said, and what must not be
FITS: list[tuple[list[str], str, list[str], list[str]]] = [
    (
        ["coffee.png", "cat.png"],
        "cats.png",
        ["first image, coffee.png, is 640x480", "Put cat.png first in images", "is second"],
        ["scale", "extend"],
    ),
    (
        ["cat.png"],
        "larger.png",
        ['mask_fit="scale", if it shows the same picture', 'extend="902x600" and no mask'],
        [],
    ),
    (["cat.png"], "wide.png", ['extend="902x400" and no mask', "in the middle"], ["scale"]),
    (["cat.png"], "tall.png", ['make_mask(image="cat.png"'], ["scale", "extend"]),
]


@pytest.mark.parametrize("dry_run", [False, True])
async def test_what_is_advised_for_a_mask_of_another_size_never_moves_it(
    make_app: MakeApp, folder: Path, dry_run: bool
) -> None:
    async with Client(make_app().server, mode="auto") as client:
        for images, stencil, said, unsaid in FITS:
            order = {"images": images, "mask": stencil, "prompt": "x", "dry_run": dry_run}
            words = await refusal(client, "edit_image", **order)
            for word in said:
                assert word in words
            for word in unsaid:
                assert word not in words


async def test_the_advice_to_extend_is_a_call_that_does_what_it_says(
    make_app: MakeApp, folder: Path
) -> None:
    async with Client(make_app().server, mode="auto") as client:
        grown = images_of(await edit(client, "cat.png", extend="902x400"))[0]
    old = opened(grown).convert("RGB").crop((225, 50, 225 + 451, 350))
    assert old.tobytes() == opened(folder / "cat.png").tobytes()


async def test_scaling_that_stretches_is_said(make_app: MakeApp, folder: Path) -> None:
    async with Client(make_app().server, mode="auto") as client:
        order: dict[str, Any] = {"mask_fit": "scale", "dry_run": True}
        wide = text_of(await edit(client, "cat.png", mask="wide.png", **order))
        same = text_of(await edit(client, "cat.png", mask="larger.png", **order))
    assert "scaled from 902x400 to 451x300. Their shapes differ, so it was stretched" in wide
    assert "scaled from 902x600 to 451x300." in same
    assert "stretched" not in same


async def test_the_picture_that_a_mask_was_made_for_is_named(
    make_app: MakeApp, folder: Path
) -> None:
    async with Client(make_app().server, mode="auto") as client:
        eye = await mask(client, "cat.png", LEFT_EYE)
        first = eye["parents"][0]["uri"]
        order = {"mask": eye["uri"], "prompt": "x"}
        second = await refusal(client, "edit_image", images=["coffee.png", first], **order)
        other = await refusal(client, "edit_image", images="coffee.png", **order)
    assert f"This mask belongs to {first}, which is second; a mask is for the first" in second
    assert f"It was made for {first} (cat.png)." in other


async def test_a_copy_of_a_mask_is_refused_and_what_looks_like_one_is_said(
    make_app: MakeApp, folder: Path
) -> None:
    holed = Image.new("RGBA", (451, 300), (0, 0, 0, 255))
    holed.paste((0, 0, 0, 0), (132, 82, 212, 150))
    holed.save(folder / "holed.png")
    async with Client(make_app().server, mode="auto") as client:
        eye = await mask(client, "cat.png", LEFT_EYE)
        (folder / "copy.png").write_bytes(Path(eye["path"]).read_bytes())
        for order in ({"images": "copy.png"}, {"images": "cat.png", "markup": "copy.png"}):
            words = await refusal(client, "edit_image", prompt="x", **order)
            assert "copy.png is a mask, not a picture" in words
            assert 'Pass it as mask="copy.png"' in words
        for dry_run in (True, False):
            swapped = text_of(await edit(client, "cats.png", dry_run=dry_run))
            hole = text_of(await edit(client, "holed.png", dry_run=dry_run))
            marks = text_of(await edit(client, "cat.png", markup="holed.png", dry_run=dry_run))
            plain = text_of(await edit(client, "cat.png", dry_run=dry_run))
            assert "images[0] looks like a mask (it is only black and white)" in swapped
            assert 'If cats.png is one, pass it as mask="cats.png"' in swapped
            assert "images[0] looks like a mask (it is one colour with a hole)" in hole
            assert "markup looks like a mask" in marks
            assert "looks like" not in plain


async def test_formats_and_sizes_as_agents_write_them(make_app: MakeApp, folder: Path) -> None:
    async with Client(make_app().server, mode="auto") as client:
        fox = {"prompt": "A fox", "format": "jpg", "size": 1024}
        drawn = images_of(await client.call_tool("generate_image", fox))[0]
        arguments = {"image": drawn["uri"], "save_to": "fox", "format": "JPG", "exact_size": 64}
        await client.call_tool("export_image", arguments)
    assert (drawn["format"], drawn["width"], drawn["height"]) == ("jpeg", 1024, 1024)
    assert opened(folder / "fox.jpg").size == (64, 64)


async def test_what_is_no_extension_is_told_in_a_plain_sentence(
    make_app: MakeApp, folder: Path
) -> None:
    async with Client(make_app().server, mode="auto") as client:
        for extend in (["right=50%"], 200, True):
            order = {"images": "cat.png", "prompt": "x", "extend": extend}
            words = await refusal(client, "edit_image", **order)
            assert "extend is one text: right=50%" in words
            assert "Input should be" not in words


async def test_a_lossy_copy_of_an_extended_edit_speaks_of_the_old_part(
    make_app: MakeApp, folder: Path
) -> None:
    async with Client(make_app().server, mode="auto") as client:
        order = {"extend": "16:9", "save_to": "wide.jpg"}
        saved = text_of(await edit(client, "cat.png", **order))
        lossy = text_of(await edit(client, "cat.png", extend="16:9", format="jpeg"))
    assert "wide.jpg is jpeg: what the edit kept is not exact in it" in saved
    assert "exact in the old part" in lossy
    assert "outside the mask" not in saved + lossy

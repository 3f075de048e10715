"""make_mask by looking: the subject, a thing, a face, through the real client on real pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from conftest import Connect
from retouching import ASTRONAUT, CAT, SEES, kept_by, opened
from words import images_of, refusal, text_of

FACE = (171, 65, 110, 110)  # left, top, width, height of hers, by eye
HELMET = {"kind": "object", "x": 275, "y": 338, "width": 237, "height": 174}


@pytest.fixture
def photo(workspace: Path) -> str:
    (workspace / "astronaut.jpg").write_bytes(ASTRONAUT.read_bytes())
    return "astronaut.jpg"


def selected(image: dict[str, Any]) -> Image.Image:
    """255 where a stored mask gives the pixel away."""
    return ImageChops.invert(kept_by(opened(image)))


def agree(one: Image.Image, other: Image.Image) -> float:
    """Intersection over union."""
    both, either = ImageChops.darker(one, other), ImageChops.lighter(one, other)
    return both.histogram()[255] / either.histogram()[255]


def boxed(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    drawn = Image.new("L", size)
    drawn.paste(255, (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    return drawn


async def made(client: Any, image: str, *regions: Any, **more: Any) -> tuple[Image.Image, str]:
    arguments = {"image": image, "regions": list(regions), **more}
    result = await client.call_tool("make_mask", arguments)
    return selected(images_of(result)[0]), text_of(result)


@SEES
async def test_the_subject_and_the_background_are_each_others_complement(
    connect: Connect, photo: str
) -> None:
    async with connect() as client:
        subject, told = await made(client, photo, {"kind": "subject"})
        background, _ = await made(client, photo, {"kind": "background"})
    assert ImageChops.invert(subject).tobytes() == background.tobytes()
    for inside in ((226, 120), (150, 400), (100, 300)):  # her nose, two places of the suit
        assert subject.getpixel(inside) == 255
    for outside in ((30, 60), (400, 60), (330, 20)):  # the flag, the shuttle, the wall
        assert subject.getpixel(outside) == 0
    assert "regions[0] found 1 subject: " in told
    assert "of the picture, box [" in told
    assert "clear" in told


@SEES
async def test_an_object_is_found_in_a_box_and_under_a_point(connect: Connect, photo: str) -> None:
    async with connect() as client:
        by_box, told = await made(client, photo, HELMET)
        by_point, _ = await made(client, photo, {"kind": "object", "at": [360, 430]})
        half, _ = await made(client, photo, {"kind": "object", "box": [150, 50, 100, 400]})
    assert "found 1 object" in told
    box = boxed(by_box.size, (275, 338, 237, 174))
    assert ImageChops.subtract(by_box, box).getbbox() is None
    assert ImageChops.subtract(half, boxed(half.size, (150, 50, 100, 400))).getbbox() is None
    assert half.getpixel((200, 300)) == 255
    assert 0.5 < by_box.histogram()[255] / box.histogram()[255] < 0.98
    assert by_point.getpixel((360, 430)) == 255


@SEES
async def test_faces_are_counted_and_can_be_chosen_grown_and_taken_away(
    connect: Connect, workspace: Path, photo: str
) -> None:
    two = Image.new("RGB", (1024, 512))
    with Image.open(ASTRONAUT) as one:
        two.paste(one, (0, 0))
        two.paste(one, (512, 0))
    two.save(workspace / "two.png")
    async with connect() as client:
        all_, told = await made(client, "two.png", {"kind": "face"})
        second, which = await made(client, "two.png", {"kind": "face", "x": 740, "y": 100})
        head, _ = await made(client, photo, {"kind": "face"}, grow=30)
        without, _ = await made(
            client, photo, {"kind": "subject"}, {"kind": "face", "op": "subtract"}
        )
    assert "found 2 faces" in told
    assert "face 1 of 2: box [1" in told
    assert "face 2 of 2: box [6" in which
    assert "face 1 of 2" not in which
    left = boxed(all_.size, FACE)
    right = boxed(all_.size, (FACE[0] + 512, *FACE[1:]))
    assert agree(all_, ImageChops.lighter(left, right)) > 0.6
    assert agree(second, right) > 0.6
    assert head.histogram()[255] > 1.5 * second.histogram()[255]
    assert without.getpixel((226, 120)) == 0
    assert without.getpixel((150, 400)) == 255


@SEES
async def test_what_is_not_there_is_said_with_what_to_do(connect: Connect, workspace: Path) -> None:
    Image.new("RGB", (400, 300), (120, 130, 140)).save(workspace / "wall.png")
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    async with connect() as client:
        none, told = await made(client, "wall.png", {"kind": "subject"})
        box, fallen_back = await made(client, "wall.png", {**HELMET, "x": 20, "y": 20})
        _, faceless = await made(client, "cat.png", {"kind": "face"})
    assert none.getbbox() is None
    assert "found nothing that stands out. Give an object with a box around it" in told
    assert box.getbbox() == (20, 20, 257, 194)
    assert "no clear thing in its box, so the box itself was taken" in fallen_back
    assert "found no face" in faceless


@SEES
async def test_a_rough_shape_is_snapped_to_the_edges_in_it(
    connect: Connect, workspace: Path
) -> None:
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    rough = {"kind": "ellipse", "x": 118, "y": 70, "width": 112, "height": 94}
    async with connect() as client:
        given, _ = await made(client, "cat.png", rough)
        snapped, told = await made(client, "cat.png", {**rough, "expand": "edges"})
    assert ImageChops.subtract(snapped, given).getbbox() is None
    assert "regions[0] was snapped to edges: " in told
    assert snapped.getpixel((172, 116)) == 255  # the pupil
    assert snapped.getpixel((174, 76)) == given.getpixel((174, 20)) == 0  # the fur above it
    assert 0.3 < snapped.histogram()[255] / given.histogram()[255] < 0.85


@pytest.mark.short
async def test_lines_of_text_are_found_and_chosen_by_their_words(
    connect: Connect, workspace: Path
) -> None:
    pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")
    sign = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(sign)
    draw.text((50, 50), "BIG SALE today", fill="black", font=ImageFont.load_default(60))
    draw.text((60, 250), "closed on Monday", fill="red", font=ImageFont.load_default(40))
    sign.save(workspace / "sign.png")
    async with connect() as client:
        both, all_ = await made(client, "sign.png", {"kind": "text"})
        one, told = await made(client, "sign.png", {"kind": "text", "words": "sale Today"})
        none, missing = await made(client, "sign.png", {"kind": "text", "words": "open"})
    assert "found 2 lines of text" in all_
    assert "found 1 of 2 lines of text" in told
    assert '"BIG SALE today", box [' in told
    box = one.getbbox()
    assert box is not None
    assert box[3] < 180
    assert (both.getbbox() or box)[3] > 280
    assert none.getbbox() is None
    assert 'found no line with "open". It reads "BIG SALE today", "closed on Monday"' in missing


async def test_without_the_extra_the_error_has_the_line_that_installs_it(
    connect: Connect, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    async with connect() as client:
        regions = [{"kind": "subject"}]
        told = await refusal(client, "make_mask", image=photo, regions=regions)
        text = await refusal(client, "make_mask", image=photo, regions=[{"kind": "text"}])
    assert "pip install 'aquatint[vision]'" in told
    assert "uvx --from 'aquatint[vision]' aquatint" in told
    assert "pip install 'aquatint[vision,ocr]'" in text


async def test_regions_that_are_found_need_a_picture_and_a_whole_aim(
    connect: Connect, photo: str
) -> None:
    async with connect() as client:
        blank = await refusal(
            client, "make_mask", width=64, height=64, regions=[{"kind": "subject"}]
        )
        aims = await refusal(
            client,
            "make_mask",
            image=photo,
            regions=[
                {"kind": "object", "x": 5},
                {"kind": "object", "x": 5, "y": 5, "width": 5},
                {"kind": "face", "x": 5},
                {"kind": "object", "x": 900, "y": 5},
                {"kind": "subject", "x": 5},
            ],
        )
    assert "regions[0] (subject) needs a picture to look in" in blank
    for fault in (
        "regions[0] (object) lacks y",
        "regions[1] (object) has only one of width and height",
        "regions[2] (face) has only one of x and y",
        "regions[3] (object) looks outside the picture, which is 512x512",
        "regions[4] (subject) does not use x",
    ):
        assert fault in aims

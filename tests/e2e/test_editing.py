"""edit_image through the real client: what is sent, what comes back, and what stays exact."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from conftest import Connect, MakeApp
from fake_openai import FakeOpenAI, File, fake_openai
from retouching import (
    CAT,
    LEFT_EYE,
    apart,
    at,
    edit,
    edited,
    kept_by,
    mask,
    opened,
    paying,
    recipe,
)
from unit import hostile
from words import draw, images_of, parents, refusal, text_of

ANY: dict[str, Any] = {"kind": "rect", "x": 5, "y": 5, "width": 30, "height": 20}


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def cat(workspace: Path) -> str:
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    return "cat.png"


def drafting(make_app: MakeApp) -> Client:
    """The client for what needs neither a provider nor both revisions."""
    return Client(make_app().server, mode="auto")


def sent(provider: FakeOpenAI, name: str = "image") -> File:
    """The one file that went out under this name with the last paid call."""
    (file,) = provider.paid[-1].files[name]
    return file


# What leaves the machine.


async def test_a_masked_edit_sends_the_picture_and_one_mask_that_both_conventions_read(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, cat: str
) -> None:
    async with paying(make_app, provider, mode) as client:
        eye = await mask(client, cat, LEFT_EYE, feather=9)
        result = await edit(client, cat, mask=eye["id"], quality="low")
    fields, image, hard = provider.paid[0].fields, sent(provider), sent(provider, "mask")
    assert fields["model"] == "gpt-image-2.5-sunburst"
    width, height = map(int, fields["size"].split("x"))
    assert width * height >= 655_360
    assert (width % 16, height % 16) == (0, 0)
    assert width / height == pytest.approx(451 / 300, rel=0.02)
    assert (image.mime, hard.mime) == ("image/png", "image/png")
    drawn, stencil = opened(image.data), opened(hard.data)
    assert drawn.size == stencil.size == (width, height)
    assert stencil.mode == "RGBA"
    colours = {colour for _, colour in stencil.getcolors() or []}
    assert colours == {(255, 255, 255, 0), (0, 0, 0, 255)}
    assert at(stencil, width * 172 // 451, height * 116 // 300) == (255, 255, 255, 0)
    assert at(stencil, width * 20 // 451, height * 20 // 300) == (0, 0, 0, 255)
    box = kept_by(stencil).point([255] + [0] * 255).getbbox()  # pyright: ignore[reportUnknownMemberType] numpy is not installed
    expected = (132 * width / 451, 82 * height / 300, 212 * width / 451, 150 * height / 300)
    assert box == pytest.approx(expected, abs=width / 451 + 1), "sent hard, all that may change"
    assert images_of(result)[0]["outside"]["largest_difference"] == 0


async def test_one_picture_is_sent_bare_and_several_as_a_list(
    make_app: MakeApp, provider: FakeOpenAI, cat: str
) -> None:
    async with paying(make_app, provider) as client:
        await edit(client, cat)
        await edit(client, [cat], prompt="a green eye")  # as before it would be the same request
        await edit(client, [cat] * 3)
        images_of(await edit(client, ["cat.png"] * 16, n=2, prompt="a collage"))
    assert [list(got.files) for got in provider.paid] == [
        ["image"],
        ["image"],
        ["image[]"],
        ["image[]"],
    ]
    assert [len(got.files.get("image[]", [])) for got in provider.paid] == [0, 0, 3, 16]


async def test_what_only_some_models_have_is_sent_to_those(
    make_app: MakeApp, provider: FakeOpenAI, cat: str
) -> None:
    """An older model: three sizes only, and a fidelity; moderation is in no SDK signature."""
    async with paying(make_app, provider) as client:
        eye = await mask(client, cat, LEFT_EYE)
        more = {"input_fidelity": "high", "moderation": "low", "quality": "high"}
        image = await edited(client, cat, mask=eye["id"], model="gpt-image-1.5", **more)
    fields = provider.paid[0].fields
    assert {name: fields[name] for name in more} == more
    assert fields["size"] == "1536x1024"
    assert opened(sent(provider).data).size == opened(sent(provider, "mask").data).size
    assert apart(opened(image), opened(CAT), kept_by(opened(eye))) == 0


SECRETS = (b"CameraMaker", b"52.5163", b"HOME-ADDRESS", b"ACME", b"Exif", b"eXIf", b"http://ns.")


async def test_no_metadata_leaves_and_the_original_is_not_touched(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    names = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP")
    files = {name: workspace / f"my.{name.lower()}" for name in names}
    for name, file in files.items():
        file.write_bytes(hostile.private(name))
    before = {name: file.read_bytes() for name, file in files.items()}
    assert all(b"ACME" in data for data in before.values())
    async with paying(make_app, provider) as client:
        paths = [str(file) for file in files.values()]
        images_of(await edit(client, paths))
        images_of(await edit(client, paths[0]))
        images_of(await edit(client, paths[0], size="1024x1024"))
        masked = await mask(client, paths[0], ANY)
        images_of(await edit(client, paths[0], mask=masked["id"]))
        images_of(await edit(client, paths[0], mask=masked["id"], outside="model", size="auto"))
    for got in provider.paid:
        for file in (file for files_ in got.files.values() for file in files_):
            assert not [secret for secret in SECRETS if secret in file.data]
            assert opened(file.data).getexif() == {}
    assert {name: file.read_bytes() for name, file in files.items()} == before


async def test_what_is_sent_is_upright_and_rgb_whatever_came(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    (workspace / "phone.jpg").write_bytes(hostile.sideways())
    hostile.photo(64, 48, "CMYK").save(workspace / "print.jpg")
    hostile.photo(64, 48, "P").save(workspace / "few.gif")
    Image.new("I;16", (64, 48), 30_000).save(workspace / "deep.png")
    async with paying(make_app, provider) as client:
        await edited(client, ["phone.jpg", "print.jpg", "few.gif", "deep.png"])
    images = [opened(file.data) for file in provider.paid[0].files["image[]"]]
    assert [image.mode for image in images] == ["RGB"] * 4
    assert images[0].width < images[0].height
    red = at(images[0], 2, 2)
    assert red[0] > 200 > 100 > red[1]


# (input, what is sent) where a flexible model takes multiples of 16, 655,360 to 8,294,400 pixels,
# edges up to 3840 and shapes up to 3:1.
SHAPES = [
    ((1024, 1024), "1024x1024"),
    ((1536, 1024), "1536x1024"),
    ((1200, 800), "1200x800"),
    ((640, 480), "960x720"),
    ((400, 1600), None),
    ((48, 48), "816x816"),
]


@pytest.mark.parametrize(("shape", "expected"), SHAPES, ids=str)
async def test_the_size_defaults_to_the_pictures_own_shape_and_padding_is_undone(
    make_app: MakeApp,
    provider: FakeOpenAI,
    workspace: Path,
    shape: tuple[int, int],
    expected: str | None,
) -> None:
    hostile.photo(*shape).save(workspace / "it.png")
    async with paying(make_app, provider) as client:
        whole = await edited(client, "it.png")
        masked = await mask(client, "it.png", ANY)
        part = await edited(client, "it.png", mask=masked["uri"])
    for got in provider.paid:
        size = tuple(map(int, got.fields["size"].split("x")))
        assert expected in {None, got.fields["size"]}
        assert opened(got.files["image"][0].data).size == size
        assert max(size) <= 3 * min(size)
    assert (whole["width"], whole["height"]) == (part["width"], part["height"]) == shape
    assert opened(whole).size == opened(part).size == shape
    assert part["outside"]["largest_difference"] == 0
    changed = apart(opened(whole), opened(workspace / "it.png"), Image.new("L", shape, 255))
    assert changed > 90, "the provider moves every level by 128, and its picture fills the frame"


async def test_markup_goes_over_the_picture_as_it_is_sent(
    make_app: MakeApp, provider: FakeOpenAI, cat: str, workspace: Path
) -> None:
    strokes = Image.new("RGBA", (451, 300))
    strokes.paste((255, 0, 0, 255), (132, 82, 212, 150))
    strokes.save(workspace / "strokes.png")
    async with paying(make_app, provider) as client:
        image = await edited(client, cat, markup="strokes.png")
        await edited(client, cat, markup="strokes.png", size="1024x1024", prompt="square")
    for got in provider.paid:
        over, under = opened(got.files["markup"][0].data), opened(got.files["image"][0].data)
        assert over.size == under.size
        assert at(over, over.width * 172 // 451, over.height * 116 // 300)[3] == 255
        assert at(over, 5, 5)[3] == 0
    assert len(parents(image, "markup")) == len(parents(image, "edited from")) == 1


# What stays exact.


def deep(image: Image.Image) -> bytes:
    """A 16-bit grey PNG whose upper bytes are the picture's own, its lower ones noise."""
    grey, dice = image.convert("L").tobytes(), Random(4)
    pairs = bytes(b for level in grey for b in (dice.randrange(256), level))
    return hostile.saved(Image.frombytes("I;16", image.size, pairs), "PNG")


def deep_colour(image: Image.Image) -> bytes:
    """A 16-bit RGB PNG, which Pillow can only open as 8-bit."""
    return hostile.png_of_16_bits(image)


def turned(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return hostile.saved(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


INPUTS: dict[str, tuple[str, Callable[[Image.Image], bytes]]] = {
    "png": ("png", lambda it: hostile.saved(it, "PNG")),
    "jpeg": ("jpg", lambda it: hostile.saved(it, "JPEG", quality=85)),
    "webp": ("webp", lambda it: hostile.saved(it, "WEBP", quality=80)),
    "palette": ("png", lambda it: hostile.saved(it.quantize(64), "PNG")),
    "16-bit": ("png", deep_colour),
    "cmyk": ("jpg", lambda it: hostile.saved(it.convert("CMYK"), "JPEG", quality=95)),
    "exif 6": ("jpg", turned),
    "rgba": ("png", lambda _: hostile.saved(hostile.cutout(451, 300), "PNG")),
    "icc": ("png", lambda it: hostile.saved(it, "PNG", icc_profile=hostile.swapped_profile())),
    "grey": ("png", lambda it: hostile.saved(it.convert("L"), "PNG")),
    "tiff": ("tiff", lambda it: hostile.saved(it, "TIFF")),
    "bmp": ("bmp", lambda it: hostile.saved(it, "BMP")),
    "gif": ("gif", lambda it: hostile.saved(it.quantize(99), "GIF")),
    "avif": ("avif", lambda it: hostile.saved(it, "AVIF")),
}


@pytest.mark.parametrize("name", INPUTS)
async def test_outside_the_mask_every_kind_of_input_stays_exactly_itself(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path, name: str
) -> None:
    extension, make = INPUTS[name]
    file = workspace / f"it.{extension}"
    file.write_bytes(make(opened(CAT).convert("RGB")))
    original = opened(file)
    async with paying(make_app, provider) as client:
        eye = await mask(client, file.name, LEFT_EYE)
        result = await edit(client, file.name, mask=eye["uri"])
        image = images_of(result)[0]
        (raw,) = parents(image, "raw")
        model = images_of(await client.call_tool("get_image", {"image": raw}))[0]
    made, kept = opened(image), kept_by(opened(eye))
    assert made.size == original.size == (451, 300)
    assert image["format"] == "png"
    mode = "RGBA" if original.has_transparency_data else "RGB"
    assert made.mode == ("L" if name == "grey" else mode)
    made, profile = made.convert(mode), made.info.get("icc_profile")
    assert apart(made, original.convert(mode), kept) == 0
    inside = kept.point([255] + [0] * 255)  # pyright: ignore[reportUnknownMemberType] numpy is not installed
    assert apart(made, original.convert(mode), inside) > 60, "and inside it was changed"
    assert profile == (None if name == "grey" else original.info.get("icc_profile"))
    assert Path(model["path"]).read_bytes() == provider.last, "the provider's bytes, untouched"
    assert image["outside"]["largest_difference"] == 0
    assert image["outside"]["model_share"] > 0.5
    for said in ("largest difference 0", "the model itself had changed", model["uri"]):
        assert said in image["note"]
        assert said in text_of(result)
    for kinds, said in SAYS.items():
        assert (said in text_of(result)) == (name in kinds), said
    if "was converted" in image["note"]:
        assert "identical to that" in image["note"], "it is said before anything is identical"
    else:
        assert "identical to the input" in image["note"]


SAYS = {
    ("16-bit",): "was converted from 16-bit to 8-bit before it was edited",
    ("cmyk",): "was converted from CMYK to RGB before it was edited",
    ("grey",): "The input's ICC profile is not in the result",  # it is one for RGB
    ("exif 6",): "The input's EXIF is not in the result",
}


async def test_a_deep_grey_picture_stays_exactly_itself_at_16_bits(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    (workspace / "scan.png").write_bytes(deep(opened(CAT)))
    original = Image.open(workspace / "scan.png")
    async with paying(make_app, provider) as client:
        eye = await mask(client, "scan.png", LEFT_EYE)
        once = await edited(client, "scan.png", mask=eye["uri"])
        again = await edited(client, "latest", mask=eye["uri"], prompt="once more")
    for image in (once, again):
        made, kept = Image.open(image["path"]), kept_by(opened(eye))
        assert made.mode == original.mode == "I;16"
        pairs = zip(memoryview(made.tobytes()).cast("H"), original_levels(original), strict=True)
        where = kept.tobytes()
        assert all(a == b for (a, b), out in zip(pairs, where, strict=True) if out)
        assert made.tobytes() != original.tobytes()
        assert image["outside"]["largest_difference"] == 0
        assert "identical to the input (largest difference 0" in image["note"]


def original_levels(image: Image.Image) -> memoryview:
    return memoryview(image.tobytes()).cast("H")


def chance_mask(dice: Random, width: int, height: int) -> list[dict[str, Any]]:
    """One to four shapes, some beyond the edge, some taken away again."""
    regions: list[dict[str, Any]] = []
    for number in range(dice.randint(1, 4)):
        x, y = dice.randint(-20, width - 8), dice.randint(-20, height - 8)
        shape: dict[str, Any] = {"kind": dice.choice(["rect", "ellipse"]), "x": x, "y": y}
        shape |= {"width": dice.randint(24, width), "height": dice.randint(24, height)}
        if dice.random() < 0.3:
            points = [[dice.randint(0, width), dice.randint(0, height)] for _ in range(3)]
            shape = {"kind": "brush", "points": points, "width": dice.randint(2, 30)}
        if number and dice.random() < 0.4:
            shape["op"] = "subtract"
        regions.append(shape)
    return regions


@pytest.mark.parametrize("many", [15, pytest.param(50, marks=pytest.mark.full)])
async def test_50_random_masks_and_pictures_differ_nowhere_outside(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path, many: int
) -> None:
    """Drawn at another size than the input's, and the model's picture differs everywhere."""
    dice, largest, redrawn = Random(20261121), 0, 0
    async with paying(make_app, provider) as client:
        for number in range(many):
            width, height = dice.randint(32, 130), dice.randint(32, 130)
            mode, extension = dice.choice([("RGB", "png"), ("RGBA", "png"), ("RGB", "jpg")])
            noise = [Image.effect_noise((width, height), dice.randint(9, 90)) for _ in range(4)]
            file = workspace / f"{number}.{extension}"
            Image.merge(mode, noise[: len(mode)]).save(file)
            more = {"feather": dice.choice([0, 0, 3, 11]), "invert": dice.random() < 0.2}
            made = await mask(client, file.name, *chance_mask(dice, width, height), **more)
            kept = kept_by(opened(made))
            if not kept.point([255] + [0] * 255).getbbox():  # pyright: ignore[reportUnknownMemberType] numpy is not installed
                continue
            format = dice.choice(["png", "webp"])
            arguments = {"mask": made["id"], "format": format, "reply": "path"}
            image = await edited(client, file.name, **arguments)
            assert image["format"] == format
            largest = max(largest, apart(opened(image), opened(file), kept))
            redrawn += image["outside"]["model_share"] > 0.1
    assert largest == 0
    assert redrawn > many // 2, "the composite had something to undo"


async def test_the_result_is_png_or_lossless_webp_and_a_jpeg_is_a_copy_that_says_so(
    connect: Connect, cat: str, workspace: Path
) -> None:
    async with connect() as client:
        eye = await mask(client, cat, LEFT_EYE)
        kept = kept_by(opened(eye))
        webp = await edited(client, cat, mask=eye["id"], format="webp", compression=50)
        result = await edit(client, cat, mask=eye["id"], format="jpeg")
        jpeg = images_of(result)[0]
        (raw,) = parents(jpeg, "raw")
        exact = images_of(await client.call_tool("get_image", {"image": raw}))[0]
        saving = {"save_to": ["out/a.jpg", "out/a.webp", "out/a.png"], "compression": 40}
        saved = await edit(client, cat, mask=eye["id"], **saving)
    original = opened(CAT)
    assert (webp["format"], webp["outside"]["largest_difference"]) == ("webp", 0)
    assert apart(opened(webp), original, kept) == 0
    difference = apart(opened(jpeg), original, kept)
    assert difference > 0
    assert jpeg["outside"]["largest_difference"] == difference
    assert f"differs from the input by up to {difference} levels" in jpeg["note"]
    assert f"{exact['uri']} does" in text_of(result)
    assert apart(opened(exact), original, kept) == 0
    assert images_of(saved)[0]["format"] == "png"
    for name in ("a.webp", "a.png"):
        assert apart(opened(workspace / "out" / name), original, kept) == 0
    assert apart(opened(workspace / "out" / "a.jpg"), original, kept) > difference, "quality 40"
    assert "a.jpg is jpeg: what the edit kept is not exact in it" in text_of(saved)


@pytest.mark.parametrize("size", [{"size": "1024x1024"}, {"exact_size": "900x600"}])
async def test_a_masked_edit_refuses_a_size_that_is_not_its_pictures(
    make_app: MakeApp, provider: FakeOpenAI, cat: str, size: dict[str, str]
) -> None:
    async with paying(make_app, provider) as client:
        eye = await mask(client, cat, LEFT_EYE)
        told = await refusal(client, "edit_image", images=cat, prompt="x", mask=eye["id"], **size)
        image = await edited(client, cat, mask=eye["id"], size="451x300")
    assert f"{next(iter(size))}: a masked edit keeps the first picture's own size" in told
    assert "outside=model" in told
    assert len(provider.paid) == 1
    assert (image["width"], image["height"]) == (451, 300)
    assert len(provider.paid) == 1


async def test_outside_model_gives_the_models_own_picture(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    hostile.photo(1024, 640).save(workspace / "it.png")
    async with paying(make_app, provider) as client:
        part = await mask(client, "it.png", ANY)
        image = await edited(client, "it.png", mask=part["id"], outside="model")
        fitted = {"outside": "model", "exact_size": "500x500", "prompt": "fitted"}
        square = await edited(client, "it.png", mask=part["id"], **fitted)
    assert Path(image["path"]).read_bytes() == provider.images[1]
    assert "outside" not in image
    assert "mask" in provider.paid[0].files
    assert (square["width"], square["height"]) == (500, 500)


async def test_both_pictures_are_kept_and_only_the_composite_is_listed(
    connect: Connect, cat: str, home: Path
) -> None:
    async with connect() as client:
        eye = await mask(client, cat, LEFT_EYE)
        image = await edited(client, cat, mask=eye["id"])
        listed = images_of(await client.call_tool("recent_images", {}))
        (raw,) = parents(image, "raw")
        model = images_of(await client.call_tool("get_image", {"image": raw}))[0]
        newest = images_of(await client.call_tool("get_image", {"image": "latest"}))[0]
        edits = images_of(await client.call_tool("recent_images", {"kind": "edited"}))
        raws = await client.call_tool("recent_images", {"kind": "raw"})
        next_one = await edited(client, edits[0]["uri"], mask=eye["id"])
    assert [one["id"] for one in listed] == [image["id"], eye["id"]]
    assert newest["id"] == image["id"]
    assert [one["uri"] for one in edits] == [image["uri"]], "chaining from it keeps the promise"
    assert next_one["outside"]["largest_difference"] == 0
    assert apart(opened(next_one), opened(CAT), kept_by(opened(eye))) == 0
    assert [one["uri"] for one in images_of(raws)] == [raw]
    assert f"edited from: {parents(image)[0]}, mask: {eye['uri']}" in text_of(raws)
    assert "-edited-" in image["path"]
    assert "-raw-" in model["path"]
    assert Path(model["path"]).parent == Path(image["path"]).parent == home
    assert model["parents"] == image["parents"][:-1]


# How a mask is read.


async def test_the_seam_is_as_wide_as_asked_and_the_reply_says_it(
    make_app: MakeApp, workspace: Path
) -> None:
    Image.new("RGB", (96, 96), (250, 250, 250)).save(workspace / "plain.png")
    square = {"kind": "rect", "x": 16, "y": 16, "width": 64, "height": 64}
    async with drafting(make_app) as client:
        made = await mask(client, "plain.png", square)
        notes: dict[Any, str] = {}
        mixed: dict[Any, int] = {}
        for seam in ("auto", 0, 12):
            image = await edited(client, "plain.png", mask=made["uri"], seam=seam)
            notes[seam], row = image["note"], opened(image).convert("L").crop((0, 48, 96, 49))
            mixed[seam] = sum(1 for level in row.tobytes()[16:28] if level > 245)
            assert image["outside"]["largest_difference"] == 0
        told = await refusal(client, "edit_image", images="plain.png", prompt="x", seam=5)
        wide = await refusal(
            client, "edit_image", images="plain.png", prompt="x", mask=made["id"], seam=65
        )
    assert "seam: 2 pixels inside it" in notes["auto"]
    assert "seam: 0 pixels inside it" in notes[0]
    assert "seam: 12 pixels inside it" in notes[12]
    assert mixed[12] >= mixed["auto"] >= mixed[0]
    assert "seam: it needs a mask" in told
    assert "seam: 65 is out of range" in wide


async def test_every_masked_call_says_what_its_mask_selects(make_app: MakeApp, cat: str) -> None:
    async with drafting(make_app) as client:
        eye = await mask(client, cat, LEFT_EYE)
        for more in ({}, {"dry_run": True}):
            words = text_of(await edit(client, cat, mask=eye["uri"], **more))
            assert "The mask selects 3.1" in words
            assert "box (left, top, width, height): [132, 82, 80, 68]" in words


async def test_a_mask_in_the_wrong_place_is_told_before_anything_is_made(
    make_app: MakeApp, cat: str, workspace: Path
) -> None:
    twin = opened(CAT).convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    twin.save(workspace / "twin.png")
    twin.crop((0, 0, 200, 200)).save(workspace / "small.png")
    async with drafting(make_app) as client:
        eye = await mask(client, cat, LEFT_EYE)
        said = {"prompt": "x"}
        edits = await refusal(client, "edit_image", images=eye["uri"], **said)
        marks = await refusal(client, "edit_image", images=cat, markup=eye["uri"], **said)
        for first in ("twin.png", "small.png"):
            order = {"images": [first, cat], "mask": eye["uri"], "mask_fit": "scale"}
            second = await refusal(client, "edit_image", **order, **said)
            assert "This mask belongs to cat.png, which is second" in second
            assert f'Put cat.png first in images, or call make_mask(image="{first}"' in second
        other = text_of(await edit(client, "twin.png", mask=eye["uri"]))
        once = await edited(client, cat, mask=eye["uri"])
        again = text_of(await edit(client, once["uri"], mask=eye["uri"], prompt="and again"))
    assert f"images[0]: {eye['uri']} is a mask, not a picture" in edits
    assert f"markup: {eye['uri']} is a mask" in marks
    assert f"The mask was made for another picture, {eye['parents'][0]['uri']} (cat.png)" in other
    assert "made for another picture" not in again, "an edit of its picture is still its picture"


async def test_a_logo_is_no_mask_and_the_picture_with_a_hole_is_one(
    make_app: MakeApp, cat: str, workspace: Path
) -> None:
    logo = Image.new("RGBA", (451, 300))
    logo.paste((20, 60, 200, 255), (150, 100, 300, 200))
    logo.save(workspace / "logo.png")
    holed = opened(CAT).convert("RGBA")
    holed.paste((0, 0, 0, 0), (132, 82, 212, 150))
    holed.save(workspace / "holed.png")
    async with drafting(make_app) as client:
        said = await refusal(client, "edit_image", images=cat, mask="logo.png", prompt="x")
        region = {"kind": "image", "image": "logo.png"}
        drawn = await refusal(client, "make_mask", image=cat, regions=[region])
        meant = await mask(client, cat, {**region, "edit": "transparent"})
        image = await edited(client, cat, mask="holed.png")
        foreign = await refusal(
            client, "edit_image", images="logo.png", mask="holed.png", prompt="x"
        )
    for words in (said, drawn, foreign):
        assert "looks like a picture with transparency, not like a mask" in words
        assert "edit: 'transparent'" in words
    assert at(opened(meant), 5, 5)[3] == 0
    assert image["outside"]["largest_difference"] == 0


async def test_a_mask_of_another_size_names_both_or_is_scaled_when_that_is_said(
    connect: Connect, cat: str
) -> None:
    async with connect() as client:
        small = await mask(
            client, None, {"kind": "all"}, ANY | {"op": "subtract"}, width=90, height=60
        )
        given = {"images": cat, "prompt": "x", "mask": small["id"]}
        told = await refusal(client, "edit_image", **given)
        dry = await refusal(client, "edit_image", dry_run=True, **given)
        result = await client.call_tool("edit_image", {**given, "mask_fit": "scale"})
    for words in (told, dry):
        assert "The mask is 90x60, but the first image, cat.png, is 451x300" in words
        assert 'make_mask(image="cat.png"' in words
        assert 'mask_fit="scale"' in words
        assert "extend" not in words
    assert "scaled from 90x60 to 451x300" in text_of(result)
    assert "stretched" not in text_of(result)
    assert images_of(result)[0]["outside"]["largest_difference"] == 0


async def test_a_black_and_white_mask_is_understood_and_said_so(
    connect: Connect, cat: str, workspace: Path
) -> None:
    stencil = Image.new("L", (451, 300))
    stencil.paste(255, (132, 82, 212, 150))
    stencil.save(workspace / "stencil.jpg", quality=50)
    async with connect() as client:
        result = await edit(client, cat, mask="stencil.jpg")
        photograph = await refusal(client, "edit_image", images=cat, prompt="x", mask=cat)
        stencil.point([0] * 256).save(workspace / "black.png")  # pyright: ignore[reportUnknownMemberType] numpy is not installed
        black = await refusal(client, "edit_image", images=cat, prompt="x", mask="black.png")
        stencil.point([255] * 256).save(workspace / "white.png")  # pyright: ignore[reportUnknownMemberType] the same
        white = await edit(client, cat, mask="white.png")
    assert "read by its brightness: white means edit" in text_of(result)
    changed = opened(images_of(result)[0])
    kept = Image.new("L", (451, 300), 255)
    kept.paste(0, (128, 78, 216, 154))
    assert apart(changed, opened(CAT), kept) == 0
    assert "looks like a picture, not like a mask" in photograph
    assert "make_mask" in photograph
    assert "selects nothing" in black
    assert "selects everything" in text_of(white)


async def test_a_mask_drawn_upright_fits_a_sideways_photograph(
    connect: Connect, workspace: Path
) -> None:
    (workspace / "phone.jpg").write_bytes(hostile.sideways())  # stored 80x40, seen as 40x80
    upright = Image.new("RGBA", (40, 80), "black")
    upright.paste((255, 255, 255, 0), (10, 50, 40, 80))
    upright.save(workspace / "upright.png")
    upright.rotate(90, expand=True).save(workspace / "lying.png")
    async with connect() as client:
        image = await edited(client, "phone.jpg", mask="upright.png")
        told = await refusal(client, "edit_image", images="phone.jpg", prompt="x", mask="lying.png")
    assert apart(opened(image), opened(workspace / "phone.jpg"), kept_by(upright)) == 0
    assert "The mask is 80x40, but the first image, phone.jpg, is 40x80" in told


# Chains.


async def test_five_edits_of_the_latest_keep_their_lineage_and_every_recipe_replays(
    connect: Connect, cat: str, workspace: Path
) -> None:
    async with connect() as client:
        step, chain = cat, list[dict[str, Any]]()
        for number in range(5):
            eye = await mask(client, step, {**LEFT_EYE, "x": 40 + 60 * number})
            arguments = {"mask": eye["uri"], "prompt": f"bead {number}"}
            if number == 3:
                del arguments["mask"]
            chain.append(await edited(client, [step], **arguments))
            step = "latest"
        (workspace / cat).unlink()
        steps = await recipe(client, chain[-1])
        for image in chain:
            way = await recipe(client, image)
            assert way["tool"] == "edit_image"
            again = images_of(
                await client.call_tool(way["tool"], {**way["arguments"], "fresh": True})
            )
            assert Path(again[0]["path"]).read_bytes() == Path(image["path"]).read_bytes()
    for before, after in pairwise(chain):
        assert [before["uri"]] == parents(after, "edited from")
    ancestors = {one["uri"]: one for one in steps["ancestors"]}
    assert {one["uri"] for one in chain[:-1]} <= set(ancestors)
    tools = [one.get("tool") for one in ancestors.values()]
    assert tools.count("make_mask") == 4
    assert [one for one in ancestors.values() if one["kind"] == "added"], "down to the photograph"


async def test_a_recipe_keeps_what_only_the_name_of_a_copy_said(connect: Connect, cat: str) -> None:
    async with connect() as client:
        image = await edited(client, cat, save_to="out.webp")
        steps = await recipe(client, image)
        arguments = {**steps["arguments"], "fresh": True}
        again = images_of(await client.call_tool("edit_image", arguments))[0]
    assert image["format"] == again["format"] == "webp"
    assert Path(again["path"]).read_bytes() == Path(image["path"]).read_bytes()


async def test_a_draft_edit_is_visible_local_and_honours_its_mask(
    connect: Connect, workspace: Path
) -> None:
    hostile.photo(256, 160).save(workspace / "it.png")
    async with connect() as client:
        part = await mask(client, "it.png", {**ANY, "width": 90, "height": 70})
        inside = await edited(client, "it.png", mask=part["id"], outside="model")
        whole = await edited(client, "it.png", prompt="in blue ink")
    original, kept = opened(workspace / "it.png"), kept_by(opened(part))
    assert apart(opened(inside), original, kept) == 0, "the draft engine itself kept to the mask"
    assert apart(opened(inside), original, Image.new("L", kept.size, 255)) > 60
    assert apart(opened(whole), original, kept) > 30
    assert inside["model"] == whole["model"] == "draft"


# References.


async def test_a_picture_is_taken_from_anywhere_a_reference_can_point(
    connect: Connect, workspace: Path, tmp_path: Path, cat: str
) -> None:
    (tmp_path / "me").mkdir()
    (tmp_path / "me" / "mine.png").write_bytes(CAT.read_bytes())
    async with connect() as client:
        first = await edited(client, cat, prompt="one")
        references = [
            first["uri"],
            first["id"],
            "latest",
            str(workspace / cat),
            "~/mine.png",
            (workspace / cat).as_uri(),
            "data:image/png;base64," + base64.b64encode(CAT.read_bytes()).decode(),
        ]
        image = await edited(client, references)
        arguments = {"image": references[-1], "regions": [LEFT_EYE]}
        by_data = images_of(await client.call_tool("make_mask", arguments))[0]
    taken = set(parents(image))
    assert first["uri"] in taken
    assert len(taken) == 2, "the same bytes are the same picture, however they are named"
    assert parents(by_data)[0] in taken


async def test_a_picture_that_a_person_added_is_the_latest(
    make_app: MakeApp, home: Path, workspace: Path, tmp_path: Path
) -> None:
    (tmp_path / "aside.png").write_bytes(CAT.read_bytes())
    environ = {**os.environ, "AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}
    command = [sys.executable, "-m", "aquatint", "add", "../aside.png", "none.png"]
    done = subprocess.run(
        command, cwd=workspace, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "none.png" in done.stderr
    async with drafting(make_app) as client:
        image = await edited(client, "latest")
    assert parents(image)[0] in done.stdout


# What is wrong.


async def test_bad_edits_are_told_with_their_fix_before_anything_is_sent(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, cat: str, workspace: Path, home: Path
) -> None:
    (workspace / "notes.png").write_text("These are my notes, not a picture.")
    (workspace / "half.jpg").write_bytes(hostile.saved(hostile.photo(400, 300), "JPEG")[:4000])
    (workspace / "bomb.png").write_bytes(hostile.bomb_png())
    with (workspace / "huge.png").open("wb") as file:
        file.truncate(60_000_000)
    Image.new("RGBA", (451, 300), "red").save(workspace / "solid.png")
    Image.new("RGBA", (451, 300)).save(workspace / "empty.png")
    Image.new("RGBA", (40, 30)).save(workspace / "small.png")
    strokes = Image.new("RGBA", (451, 300))
    strokes.paste((255, 0, 0, 255), (9, 9, 90, 90))
    strokes.save(workspace / "strokes.png")
    strokes.paste((0, 0, 0, 255), (9, 9, 90, 90))
    strokes.save(workspace / "stencil.png")
    bad: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({"images": []}, ("images is empty", "1 to 16", "a path")),
        ({"images": [cat] * 17}, ("17 images", "at most 16")),
        ({"images": "huge.png"}, ("60,000,000 bytes", "50,000,000", "smaller copy")),
        ({"images": [cat, "huge.png"]}, ("60,000,000 bytes",)),
        ({"images": "notes.png"}, ("not a picture: it is text", "PNG, JPEG")),
        ({"images": "half.jpg"}, ("cut off", "again")),
        ({"images": [cat, "half.jpg"]}, ("cut off",)),
        ({"images": "half.jpg", "dry_run": True}, ("cut off",)),
        ({"images": "bomb.png"}, ("40000x40000", "1,600.0 megapixels", "Scale it down")),
        ({"mask": "bomb.png"}, ("40000x40000",)),
        ({"images": "aaaaaaaaaaaaaaaa"}, ("aaaaaaaaaaaaaaaa", "recent_images")),
        ({"images": "image://aaaaaaaaaaaaaaaa"}, ("recent_images",)),
        ({"mask": "aaaaaaaaaaaaaaaa"}, ("recent_images",)),
        ({"images": "latest"}, ("no latest picture", "generate_image")),
        ({"images": "attachment://1"}, ("attachment", "aquatint add", "path")),
        ({"images": "sandbox:/mnt/data/cat.png"}, ("attachment", "aquatint add")),
        ({"images": "http://example.org/cat.png"}, ("https",)),
        ({"images": "https://127.0.0.1/cat.png"}, ("public",)),
        ({"mask": "solid.png", "markup": "strokes.png"}, ("markup",)),
        (
            {"mask": "strokes.png", "markup": "strokes.png"},
            ("not go with a mask", "one of the two"),
        ),
        ({"markup": "solid.png"}, ("no transparent pixels", "transparent ground")),
        ({"markup": cat}, ("no transparent pixels",)),
        ({"markup": "empty.png"}, ("wholly transparent", "Draw on it")),
        ({"markup": "small.png"}, ("The markup is 40x30, but the first image is 451x300",)),
        ({"mask": cat}, ("not like a mask", "make_mask")),
        ({"mask": "solid.png"}, ("not like a mask", "no transparency", "make_mask")),
        ({"mask": "notes.png"}, ("text",)),
        ({"outside": "keep"}, ("outside=keep: it needs a mask", "make_mask")),
        ({"mask_fit": "scale"}, ("mask_fit=scale: it needs a mask",)),
        ({"mask": "stencil.png", "format": "gif", "model": "draft"}, ("mask", "gif", "png")),
        ({"outside": "left"}, ("outside", "'keep'")),
        ({"images": None}, ("images",)),
        ({"prompt": " "}, ("prompt", "empty")),
        ({"input_fidelity": "high"}, ("input_fidelity", "does not have that choice")),
        ({"msk": "x"}, ("msk", "Did you mean 'mask'")),
        ({"mask": "stencil.png", "save_to": "../out.png"}, ("out.png", "AQUATINT_ROOTS")),
    ]
    async with paying(make_app, provider, mode) as client:
        for arguments, words in bad:
            given = {"images": cat, "prompt": "a blue eye", **arguments}
            told = await refusal(client, "edit_image", **given)
            assert "money spent: no" in told
            for word in words:
                assert word in told, (arguments, told)
    assert not provider.requests
    assert not list(home.glob("2*"))


async def test_a_dry_run_judges_the_mask_prices_the_edit_and_stores_nothing(
    make_app: MakeApp, provider: FakeOpenAI, cat: str, home: Path
) -> None:
    async with paying(make_app, provider) as client:
        eye = await mask(client, cat, LEFT_EYE)
        before = sorted(path.name for path in home.rglob("*"))
        result = await edit(client, cat, mask=eye["id"], dry_run=True)
        after = sorted(path.name for path in home.rglob("*"))
        paid = await edit(client, cat, mask=eye["id"])
    assert after == before
    assert len(provider.paid) == 1
    quote, bill = result.structured_content, paid.structured_content
    assert quote
    assert bill
    assert quote["status"] == "dry_run"
    assert quote["cost_usd"] > 0
    assert bill["cost_usd"] > 0


async def test_only_the_first_frame_of_an_animation_is_sent_and_that_is_said(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    (workspace / "moves.gif").write_bytes(hostile.animated("GIF", 7, 40))
    async with paying(make_app, provider) as client:
        first = await edit(client, "moves.gif")
        size = await edit(client, "moves.gif", size="1024x1024")
    for result in (first, size):
        assert "moves.gif: Only the first of 7 frames was sent" in text_of(result)
    assert at(opened(sent(provider).data).convert("RGB"), 3, 3) == (0, 0, 90)


@pytest.mark.full
async def test_a_picture_and_mask_too_large_to_send_are_scaled_alike(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    """A picture that no PNG under 50 MB holds, with a mask, and no size that would scale both."""
    noise = Image.frombytes("RGB", (4400, 4000), os.urandom(4400 * 4000 * 3))
    out = io.BytesIO()
    noise.save(out, "WEBP", quality=1, method=0)
    (workspace / "large.webp").write_bytes(out.getvalue())
    async with paying(make_app, provider) as client:
        part = await mask(client, "large.webp", {**ANY, "width": 2000, "height": 2000})
        arguments = {"mask": part["id"], "outside": "model", "size": "auto", "reply": "path"}
        result = await edit(client, "large.webp", **arguments)
    image = sent(provider)
    assert not result.is_error, text_of(result)
    assert len(image.data) < 50_000_000
    assert opened(image.data).size == opened(sent(provider, "mask").data).size


async def test_a_draft_can_be_edited_next(connect: Connect) -> None:
    async with connect() as client:
        first = await draw(client, size="256x160")
        part = await mask(client, "latest", ANY)
        image = await edited(client, "latest", mask=part["uri"])
    assert parents(image, "edited from") == [first["uri"]]
    assert parents(image, "mask") == [part["uri"]]
    assert apart(opened(image), opened(first), kept_by(opened(part))) == 0

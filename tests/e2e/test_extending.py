"""edit_image(extend=...) through the real client: the canvas grows, the old pixels stay."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from mcp import Client
from PIL import Image, ImageChops

from aquatint.imaging.masks.levels import BILINEAR, resized
from conftest import MakeApp
from fake_openai import FakeOpenAI, fake_openai
from retouching import CAT, LEFT_EYE, at, edit, edited, mask, opened, paying, recipe
from words import images_of, refusal, text_of


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def cat(workspace: Path) -> str:
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    return "cat.png"


def old_part(image: dict[str, Any], left: int, top: int) -> Image.Image:
    return opened(image).convert("RGB").crop((left, top, left + 451, top + 300))


async def test_the_canvas_grows_and_the_old_picture_stays_exact(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, cat: str
) -> None:
    async with paying(make_app, provider, mode) as client:
        result = await edit(client, cat, extend={"right": "50%", "top": 100}, quality="low")
        image = images_of(result)[0]
        again = await edited(client, image["uri"], extend="1:1")
        way = await recipe(client, image)
        remade = images_of(await client.call_tool(way["tool"], {**way["arguments"], "fresh": True}))
    words = text_of(result)
    assert (image["width"], image["height"]) == (677, 400)
    assert image["outside"]["largest_difference"] == 0
    assert (
        "extended from 451x300 to 677x400; the old picture, at left 0, top 100, identical" in words
    )
    assert old_part(image, 0, 100).tobytes() == opened(CAT).convert("RGB").tobytes()
    assert way["arguments"]["extend"] == "right=50%,top=100"
    assert opened(remade[0]).tobytes() == opened(image).tobytes()
    assert (again["width"], again["height"]) == (677, 677)
    assert old_part(again, 0, 238).tobytes() == opened(CAT).convert("RGB").tobytes()
    assert again["parents"][0]["uri"] == image["uri"]


async def test_what_is_sent_has_a_legal_size_and_a_mask_over_the_new_part(
    make_app: MakeApp, provider: FakeOpenAI, cat: str
) -> None:
    async with paying(make_app, provider) as client:
        await edited(client, [cat, cat], extend="16:9")
    fields, files = provider.paid[0].fields, provider.paid[0].files
    width, height = map(int, fields["size"].split("x"))
    assert width * height >= 655_360
    assert (width % 16, height % 16) == (0, 0)
    assert width / height == pytest.approx(533 / 300, rel=0.02)
    image, other = files["image[]"]
    stencil = opened(files["mask"][0].data)
    assert opened(image.data).size == stencil.size == (width, height)
    assert opened(other.data).size == (451, 300), "only the first grows"
    middle, edges = (width // 2, height // 2), ((2, height // 2), (width - 3, height // 2))
    assert at(stencil, *middle) == (0, 0, 0, 255)
    assert [at(stencil, *edge) for edge in edges] == [(255, 255, 255, 0)] * 2


@pytest.mark.parametrize("seed", range(6))
async def test_any_picture_at_any_side_keeps_every_byte(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path, seed: int
) -> None:
    dice = Random(seed)
    kind, size = dice.choice(["RGB", "RGBA", "L", "I;16"]), (dice.randint(40, 300), 120)
    depth = {"RGB": 3, "RGBA": 4, "L": 1, "I;16": 2}[kind]
    original = Image.frombytes(kind, size, dice.randbytes(size[0] * size[1] * depth))
    original.save(workspace / "any.png")
    side, amount = dice.choice(["left", "top", "right", "bottom"]), dice.randint(1, 200)
    async with paying(make_app, provider) as client:
        image = await edited(client, "any.png", extend={side: f"{amount}%"})
    made = opened(image)
    grows = round(amount / 100 * (size[0] if side in {"left", "right"} else size[1])) or 1
    across, down = (grows, 0) if side in {"left", "right"} else (0, grows)
    assert made.size == (size[0] + across, size[1] + down)
    left, top = across * (side == "left"), down * (side == "top")
    kept = made.crop((left, top, left + size[0], top + size[1]))
    if kind == "L":  # what was drawn has colour, so the grey became RGB with the same values
        original = original.convert(kept.mode)
    assert kept.tobytes() == original.tobytes()


async def test_a_twelve_megapixel_photo_keeps_its_own_pixels(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    photo = resized(opened(CAT).convert("RGB"), (4000, 3000), BILINEAR)
    photo.save(workspace / "photo.jpg", quality=90)
    async with paying(make_app, provider) as client:
        result = await edit(client, "photo.jpg", extend="16:9")
    image = images_of(result)[0]
    assert (image["width"], image["height"]) == (5333, 3000)
    kept = opened(image).crop((666, 0, 4666, 3000))
    assert ImageChops.difference(kept, opened(workspace / "photo.jpg")).getbbox() is None
    assert "the new part is drawn smaller and enlarged 1.4 times" in text_of(result)


async def test_drafts_extend_and_dry_runs_say_what_it_comes_to(make_app: MakeApp, cat: str) -> None:
    async with Client(make_app().server, mode="auto") as client:
        dry = await edit(client, cat, extend="16:9", dry_run=True)
        image = await edited(client, cat, extend="16:9")
        again = await edited(client, cat, extend="9:16")
        lossy = await edited(client, cat, extend="16:9", format="jpeg")
    assert "451x300 becomes 533x300; the old picture stands at left 41, top 0" in text_of(dry)
    assert (image["width"], image["height"]) == (533, 300)
    assert image["id"] != again["id"]
    assert old_part(image, 41, 0).tobytes() == opened(CAT).convert("RGB").tobytes()
    assert 0 < lossy["outside"]["largest_difference"] < 80, "measured against the grown picture"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"outside": "model"}, "outside=model: it does not go with extend"),
        ({"size": "1024x1024"}, "the grown size, 533x300"),
        ({"exact_size": "900x600"}, "exact_size: extend says"),
        ({"format": "gif"}, "extend: it does not go with gif"),
        ({"extend": "right=0"}, "does not grow"),
        ({"mask": True}, "mask: it does not go with extend"),
        ({"markup": "cat.png"}, "markup: it does not go with extend"),
    ],
)
async def test_what_does_not_go_with_extend_is_refused_in_words(
    make_app: MakeApp, cat: str, more: dict[str, Any], told: str
) -> None:
    async with Client(make_app().server, mode="auto") as client:
        if "mask" in more:
            more = {"mask": (await mask(client, cat, LEFT_EYE))["id"]}
        order = {"images": cat, "prompt": "x", "extend": "16:9", **more}
        assert told in await refusal(client, "edit_image", **order)

"""What looks like a mask, given as something else, and what only has two colours."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from aquatint.imaging.masks import render
from aquatint.imaging.masks.coverage import Coverage
from aquatint.imaging.masks.looks import like_a_mask
from retouching import CAT

SIZE = (640, 480)
LIMIT = 50_000_000


def blob(value: int = 255) -> Image.Image:
    drawn = Image.new("L", SIZE, 255 - value)
    ImageDraw.Draw(drawn).ellipse((200, 120, 420, 330), fill=value)
    return drawn


def two(rng: Random, side: int) -> Image.Image:
    """Black and white squares at random, as in a code to scan, but not on the grid of a copy."""
    cells = Image.new("L", (side, side))
    for x in range(side):
        for y in range(side):
            cells.putpixel((x, y), rng.choice([0, 255]))
    return cells.resize(SIZE, Image.Resampling.NEAREST)  # pyright: ignore[reportUnknownMemberType] numpy is not installed


def words() -> Image.Image:
    page = Image.new("L", SIZE, 255)
    for line in range(14):
        ImageDraw.Draw(page).text((20, 10 + 33 * line), "A page of words " * 3, 0, font())
    return page


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(24)


def cut(colour: tuple[int, int, int], alpha: Image.Image) -> Image.Image:
    image = Image.new("RGB", SIZE, colour)
    image.putalpha(alpha)
    return image


def soft() -> Image.Image:
    coverage = Coverage(blob().filter(ImageFilter.GaussianBlur(60)))
    return Image.open(BytesIO(render.to_png(coverage)))


def file(image: Image.Image, format: str) -> bytes:
    out = BytesIO()
    image.save(out, format)
    return out.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mask", [blob(), blob(0), blob().filter(ImageFilter.GaussianBlur(5))])
def test_black_and_white_areas_look_like_a_mask(mask: Image.Image, format: str) -> None:
    assert like_a_mask(file(mask, format), LIMIT) == "it is only black and white"


def test_one_colour_with_a_hole_and_our_own_form_do() -> None:
    for colour in ((0, 0, 0), (255, 255, 255), (90, 10, 200)):
        holed = file(cut(colour, blob(0)), "PNG")
        assert like_a_mask(holed, LIMIT) == "it is one colour with a hole"
    assert like_a_mask(file(soft(), "PNG"), LIMIT) == "it has the form of make_mask's own"


@pytest.mark.parametrize(
    "picture",
    [
        Image.open(CAT),
        Image.new("RGB", SIZE),
        Image.new("RGB", SIZE, "white"),
        Image.composite(Image.new("RGB", SIZE, "red"), Image.new("RGB", SIZE), blob()),
        cut((0, 0, 0), blob()),  # an icon on a clear ground
        words(),
        two(Random(1), 101),
        Image.new("RGBA", SIZE),
    ],
    ids=["photo", "black", "white", "red", "icon", "words", "code", "clear"],
)
def test_other_pictures_do_not(picture: Image.Image) -> None:
    assert like_a_mask(file(picture, "PNG"), LIMIT) is None


def test_an_svg_does_not() -> None:
    assert (
        like_a_mask(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 99) is None
    )

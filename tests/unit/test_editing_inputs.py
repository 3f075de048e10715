"""Inputs and answers of an edit, from bytes to bytes: what must hold whatever the sizes are."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from aquatint.domain.errors import BadMask
from aquatint.domain.models.sizes import Grid, canvas
from aquatint.domain.requests.regions import MaskRequest, Region
from aquatint.imaging import metadata
from aquatint.imaging.closeup import Showing
from aquatint.imaging.decode import inspect
from aquatint.imaging.editing import inputs, results
from aquatint.imaging.editing.composite import outside_difference
from aquatint.imaging.encode import sent_as
from aquatint.imaging.masks import render
from aquatint.imaging.masks.coverage import Coverage
from aquatint.imaging.masks.levels import BILINEAR, FULL, NONE, mapped, resized
from unit import hostile

RULE = Grid(max_edge=256, max_pixels=40_000, min_pixels=9_000, multiple=16, max_ratio=3)
LIMIT = 50_000_000
sides = st.integers(1, 300)


def read(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return cast("tuple[int, ...]", image.getpixel((x, y)))


@given(sides, sides, st.data())
def test_the_mask_that_is_sent_gives_away_all_that_may_change(
    width: int, height: int, data: st.DataObject
):
    x = data.draw(st.integers(0, width - 1))
    y = data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(x + 1, width)), data.draw(st.integers(y + 1, height))
    grey = Image.new("L", (width, height))
    grey.paste(data.draw(st.integers(1, 255)), (x, y, right, bottom))
    size, placement = canvas(RULE, width, height)
    sent = read(inputs.placed_mask(Coverage(grey), placement, size))
    assert (sent.size, sent.mode) == (size, "RGBA")
    assert {colour for _, colour in sent.getcolors() or []} <= {(255, 255, 255, 0), (0, 0, 0, 255)}
    # bilinear, as a pixel may lie between two cells of what is sent, and go to either
    given_away = resized(mapped(sent.getchannel("A"), NONE), placement.canvas, BILINEAR)
    left, top = placement.left, placement.top
    back = given_away.crop((left, top, left + width, top + height))
    covered = mapped(grey, [0] + [255] * 255)
    lost = ImageChops.darker(mapped(back, NONE), covered)
    assert lost.getbbox() is None


@given(sides, sides)
def test_the_first_picture_and_its_mask_are_sent_at_one_size(width: int, height: int):
    size, placement = canvas(RULE, width, height)
    image = hostile.saved(hostile.photo(width, height), "PNG")
    made = inputs.placed(image, placement, size, LIMIT)
    mask = inputs.placed_mask(Coverage(Image.new("L", (width, height), 255)), placement, size)
    assert read(made.data).size == read(mask).size == (made.width, made.height) == size


RED = hostile.saved(Image.new("RGB", (64, 48), (200, 20, 20)), "PNG")
GREY_STEP = hostile.saved(Image.new("RGB", (64, 48), (90, 91, 90)), "PNG")
CORNER = render.to_png(
    render.render([Region(kind="rect", x=0, y=0, width=20, height=20)], (64, 48))
)


def composed(
    base: Image.Image, drawn: bytes, format: Literal["png", "webp"] = "png", **options: Any
):
    """The composite of a picture, its top left corner drawn anew, and the picture as saved."""
    data = hostile.saved(base, "PNG", **options)
    made = results.composite(
        data, CORNER, drawn, None, format, max_pixels=LIMIT, edge=768, budget=42_000
    )
    assert made.outside.largest_difference == 0
    return made, read(made.data)


def test_grey_stays_grey_until_something_is_drawn_in_colour():
    grey = hostile.photo(mode="L")
    made, image = composed(grey, GREY_STEP)
    assert (image.mode, made.notes, made.converted) == ("L", (), None)
    made, image = composed(grey, RED)
    assert image.mode == "RGB"
    assert at(image, 5, 5)[0] > at(image, 5, 5)[1] + 50
    assert made.notes == (
        "The grey input became RGB with the same values, since what was drawn has colour.",
    )
    assert (
        image.convert("L").crop((20, 0, 64, 48)).tobytes() == grey.crop((20, 0, 64, 48)).tobytes()
    )


def test_grey_with_alpha_or_a_profile_keeps_both():
    base = hostile.cutout().convert("LA")
    made, image = composed(base, GREY_STEP)
    assert (image.mode, made.notes) == ("LA", ())
    assert image.crop((20, 20, 64, 48)).tobytes() == base.crop((20, 20, 64, 48)).tobytes()
    profile = hostile.grey_profile()
    base = hostile.photo(mode="L")
    made, image = composed(base, RED, icc_profile=profile)
    assert (image.mode, image.info["icc_profile"]) == ("L", profile)
    assert made.notes == (
        "The input is grey with a profile, so what was drawn in colour became grey.",
    )
    assert image.crop((20, 0, 64, 48)).tobytes() == base.crop((20, 0, 64, 48)).tobytes()


def test_16_bit_grey_is_kept_in_png_and_said_where_the_format_cannot():
    wide = Image.frombytes("I;16", (64, 48), Random(3).randbytes(64 * 48 * 2))
    made, image = composed(wide, RED)
    assert (image.mode, made.converted) == ("I;16", None)
    assert made.notes == ("The input is 16-bit grey, so what was drawn in colour became grey.",)
    assert image.crop((20, 0, 64, 48)).tobytes() == wide.crop((20, 0, 64, 48)).tobytes()
    made, image = composed(wide, RED, "webp")
    assert made.converted == "from 16-bit to 8-bit"
    assert "identical to that" in made.notes[1]


def test_the_proof_of_16_bit_grey_sees_the_lowest_bit():
    wide = Image.new("I;16", (64, 48), 40_000)
    other = wide.copy()
    other.putpixel((63, 47), 40_001)
    mask = render.render([Region(kind="rect", x=0, y=0, width=20, height=20)], (64, 48))
    assert outside_difference(wide, other, mask) == 1
    other.putpixel((63, 47), 40_000)
    other.putpixel((5, 5), 0)
    assert outside_difference(wide, other, mask) == 0


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_metadata_that_is_not_carried_over_is_named(name: str):
    info = inspect(hostile.private(name))
    assert {"XMP", "a description" if name == "TIFF" else "EXIF"} <= set(info.metadata)
    assert inspect(hostile.saved(hostile.photo(), name)).metadata == ()
    made = results.composite(
        hostile.private(name), CORNER, RED, None, "png", max_pixels=LIMIT, edge=99, budget=9000
    )
    (note,) = made.notes
    assert note.startswith("The input's ")
    assert "XMP" in note
    assert note.endswith("are not in the result.")
    assert b"ACME" not in made.data


def test_depth_is_that_of_the_file_not_of_what_was_decoded():
    assert inspect(hostile.png_of_16_bits(hostile.photo())).depth == 16
    assert inspect(hostile.CORPUS["16-bit png"][0]()).depth == 16
    assert inspect(hostile.CORPUS["one-bit png"][0]()).depth == 8
    assert inspect(hostile.CORPUS["float tiff"][0]()).depth == 32
    deep = hostile.saved(hostile.photo(), "AVIF")
    at = deep.index(b"av1C") + 6
    assert inspect(deep).depth == 8
    for flag, depth in ((0x40, 10), (0x60, 12)):
        wide = deep[:at] + bytes([deep[at] | flag]) + deep[at + 1 :]
        assert metadata.depth("avif", Image.new("RGB", (1, 1)), wide) == depth


def test_a_lossless_copy_keeps_the_colours_that_alpha_hides():
    image = hostile.saved(hostile.cutout(), "PNG")
    copy = read(results.as_webp(image, LIMIT))
    assert copy.tobytes() == read(image).tobytes()


@pytest.mark.parametrize(("name", "said"), [("PNG", 0), ("JPEG", 0), ("TIFF", 1), ("AVIF", 1)])
def test_only_an_unusual_conversion_is_worth_a_word(name: str, said: int):
    assert len(sent_as(inspect(hostile.saved(hostile.photo(), name)), "png")) == said


def test_a_mask_takes_its_size_from_the_picture_and_from_nothing_else():
    image = hostile.saved(hostile.photo(), "PNG")
    everything = MaskRequest(regions=(Region(kind="all"),), width=64, height=48)
    small = Showing(64, 9_000)
    drawn = inputs.draw_mask(everything, image, {}, max_pixels=LIMIT, whole=small, part=small)
    assert (drawn.seen.width, drawn.seen.height) == (64, 48)
    assert mapped(read(drawn.data).getchannel("A"), FULL).getbbox() is None
    wider = everything.model_copy(update={"width": 65})
    with pytest.raises(BadMask, match="here 64x48"):
        inputs.draw_mask(wider, image, {}, max_pixels=LIMIT, whole=small, part=small)


def test_a_picture_in_the_shape_of_a_stored_mask_is_read_back_softness_and_all():
    soft = Coverage(Image.linear_gradient("L"))
    read_back = inputs.read_mask(render.to_png(soft), (256, 256), given=None, max_pixels=LIMIT)
    assert read_back.coverage.image.tobytes() == soft.image.tobytes()
    assert read_back.notes == ()

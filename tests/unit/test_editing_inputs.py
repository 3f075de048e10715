"""Inputs and answers of an edit, from bytes to bytes: what must hold whatever the sizes are."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from aquatint.domain.errors import BadMask
from aquatint.domain.models.sizes import Grid, canvas
from aquatint.domain.requests.regions import MaskRequest, Region
from aquatint.imaging.decode import inspect
from aquatint.imaging.editing import inputs
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


def test_a_lossless_copy_keeps_the_colours_that_alpha_hides():
    image = hostile.saved(hostile.cutout(), "PNG")
    copy = read(inputs.as_webp(image, LIMIT))
    assert copy.tobytes() == read(image).tobytes()


@pytest.mark.parametrize(("name", "said"), [("PNG", 0), ("JPEG", 0), ("TIFF", 1), ("AVIF", 1)])
def test_only_an_unusual_conversion_is_worth_a_word(name: str, said: int):
    assert len(sent_as(inspect(hostile.saved(hostile.photo(), name)), "png")) == said


def test_a_mask_takes_its_size_from_the_picture_and_from_nothing_else():
    image = hostile.saved(hostile.photo(), "PNG")
    everything = MaskRequest(regions=(Region(kind="all"),), width=64, height=48)
    box = {"max_pixels": LIMIT, "edge": 64, "budget": 9_000}
    drawn = inputs.draw_mask(everything, image, {}, **box)
    assert (drawn.seen.width, drawn.seen.height) == (64, 48)
    assert mapped(read(drawn.data).getchannel("A"), FULL).getbbox() is None
    with pytest.raises(BadMask, match="here 64x48"):
        inputs.draw_mask(everything.model_copy(update={"width": 65}), image, {}, **box)


def test_a_picture_in_the_shape_of_a_stored_mask_is_read_back_softness_and_all():
    soft = Coverage(Image.linear_gradient("L"))
    read_back = inputs.read_mask(
        render.to_png(soft), (256, 256), scale=False, label="it", max_pixels=LIMIT
    )
    assert read_back.coverage.image.tobytes() == soft.image.tobytes()
    assert read_back.notes == ()

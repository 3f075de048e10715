"""When a draft is drawn in the style of a reference, and what of it is taken over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aquatint.engines.draft.colours import oklch, oklch_of, palette_of
from aquatint.engines.draft.reading import asks_for_style, palette

USUAL = palette("something", luck=1)


@pytest.mark.parametrize(
    "prompt",
    [
        "An icon of a bell in the same style",
        "A hero picture, use image 1 as a STYLE REFERENCE",
        "Ein Herz im gleichen Stil",
        "Ikon hati dengan gaya yang sama",
        "أيقونة قلب بنفس الأسلوب",
        "اسی انداز میں دل کا آئیکن",
        "相同风格的心形图标",
    ],
)
def test_a_picture_in_the_same_style_is_asked_for_in_six_languages(prompt: str) -> None:
    assert asks_for_style(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["Make the sky red", "In the style of Van Gogh", "A stylish chair", "watercolour style", ""],
)
def test_a_change_of_the_picture_itself_is_not_taken_for_that(prompt: str) -> None:
    assert not asks_for_style(prompt)


def test_the_two_leading_colours_are_taken_and_what_is_clear_is_not() -> None:
    image = Image.new("RGBA", (90, 90))
    image.paste(oklch(0.6, 0.12, 200), (0, 0, 90, 50))
    image.paste(oklch(0.8, 0.14, 85), (0, 50, 90, 70))
    found = palette_of(image, USUAL)
    assert abs(found.hue - 200) < 4
    assert abs(found.accent - 85) < 4
    assert palette_of(Image.new("RGBA", (9, 9)), USUAL) == USUAL


def test_a_grey_reference_makes_grey_drafts_and_a_dark_one_dark_ones() -> None:
    assert palette_of(Image.new("RGB", (9, 9), (128, 128, 128)), USUAL).chroma < 0.2
    assert palette_of(Image.new("RGB", (9, 9), (12, 16, 40)), USUAL).dark


@given(st.floats(0.45, 0.8), st.floats(0.04, 0.08), st.floats(0, 359))
def test_a_colour_is_read_as_it_was_mixed(light: float, chroma: float, hue: float) -> None:
    shade = oklch_of(oklch(light, chroma, hue))
    assert abs(shade.light - light) < 0.02
    assert abs(shade.chroma - chroma) < 0.015
    assert min(abs(shade.hue - hue), 360 - abs(shade.hue - hue)) < 8

"""How large a picture is drawn for `@2x` names, and how large copies may be."""

from __future__ import annotations

from typing import Any

import pytest

from aquatint.domain.errors import BadRequest
from aquatint.domain.requests.save_targets import parse, pixels_of
from unit.test_plan import planned

pytestmark = pytest.mark.short
PAIR = ("hero.webp", "hero@2x.webp")
FLARE, FIXED = "gpt-image-2.5-flare", "gpt-image-1.5"


def drawn(save_to: tuple[str, ...], model: str = FLARE, n: int = 1, **asked: Any) -> Any:
    """The plan, and the pixels of every file."""
    made = planned(model, save_to=save_to, n=n, **asked)
    exact = made.exact_size is not None
    return made, {one.path: pixels_of(one, made.shown, exact=exact) for one in made.save_to}


def test_beside_a_dense_name_the_plain_one_has_the_size_that_was_asked_for() -> None:
    made, files = drawn(PAIR, size="1024x768")
    assert made.order.size == "2048x1536"
    assert files == {"hero.webp": (1024, 768), "hero@2x.webp": (2048, 1536)}
    assert "save_to: drawn at 2048x1536, so that hero.webp has 1024x768." in made.warnings


def test_a_plain_size_below_the_models_floor_is_drawn_for_its_dense_name() -> None:
    made, files = drawn(PAIR, size="512x512")
    assert (made.order.size, files["hero.webp"]) == ("1024x1024", (512, 512))


def test_every_plain_name_has_the_size_and_the_densest_decides() -> None:
    names = ("a.webp", "a@2x.webp", "b.png", "b@3x.png", "c.png", "icon-{32}.png")
    made, files = drawn(names, size="1024x640")
    assert made.order.size == "3072x1920"
    assert files["a.webp"] == files["b.png"] == files["c.png"] == (1024, 640)
    assert (files["a@2x.webp"], files["b@3x.png"]) == ((2048, 1280), (3072, 1920))
    assert files["icon-32.png"] == (32, 20)


@pytest.mark.parametrize(
    ("model", "asked", "plain"),
    [(FLARE, "2048x2048", (1024, 1024)), (FIXED, "1536x1024", (768, 512))],
)
def test_what_the_model_cannot_draw_is_said_with_the_plain_ones_size(
    model: str, asked: str, plain: tuple[int, int]
) -> None:
    made, files = drawn(PAIR, model, size=asked)
    assert made.order.size == asked
    assert files["hero.webp"] == plain
    told = next(one for one in made.warnings if one.startswith("save_to: hero.webp will be"))
    assert f"{plain[0]}x{plain[1]}" in told
    assert f"exact_size={asked}" in told


@pytest.mark.parametrize("asked", [{}, {"size": "16:9"}, {"exact_size": "800x600"}])
def test_without_a_size_in_pixels_nothing_changes(asked: dict[str, Any]) -> None:
    made, _ = drawn(PAIR, **asked)
    assert not [one for one in made.warnings if "so that hero.webp" in one]


def test_names_as_many_as_pictures_get_one_each() -> None:
    found = parse(("a.png", "b-{16,32}.png", "c.webp"), 3)
    assert [(one.path, one.index) for one in found.files] == [
        ("a.png", 0),
        ("b-16.png", 1),
        ("b-32.png", 1),
        ("c.webp", 2),
    ]
    assert not found.notes


@pytest.mark.parametrize(
    ("names", "n"),
    [(PAIR, 2), (("a.png", "a.webp"), 2), (("a.png", "a-{64}w.png"), 2), (("a.png", "b.png"), 3)],
)
def test_other_lists_are_numbered_and_said(names: tuple[str, ...], n: int) -> None:
    found = parse(names, n)
    assert {one.index for one in found.files} == {None}
    assert "with its number" in found.notes[0]
    made, _ = drawn(names, n=n)
    assert found.notes[0] in made.warnings


def test_one_name_for_several_pictures_needs_no_word() -> None:
    assert not parse(("a.png",), 4).notes


@pytest.mark.parametrize("asked", [{}, {"size": "auto"}])
def test_a_copy_longer_than_any_model_draws_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        drawn(("a-{3841}.png",), **asked)
    assert "3840" in str(refused.value)
    assert "export_image" in str(refused.value)

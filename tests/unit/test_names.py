"""File names: readable in any script, safe everywhere, never too long, unique by id."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquatint.domain.names import image_key, input_key, preview_key

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC
ID = "7f3a" * 8

texts = st.text(max_size=300) | st.text(
    alphabet="aÉß/\\.:-\0\n \u200c\u202e\u2066\u0301\u064e\ufe0f\U000e0041\ud800غ日ぁ한ี🐱",
    max_size=300,
)


def middle(name: str, id: str = ID) -> str:
    return name[len("2026-11-21-") : -len(f"-{id}.png")]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Ein Mädchen über der STRASSE", "ein-mädchen-über-der-strasse"),
        ("سورج غروب، سمندر", "سورج-غروب-سمندر"),
        ("غُرُوب", "غُرُوب"),
        ("日落时的猫。", "日落时的猫"),
        ("Kucing & anjing (2 ekor)", "kucing-anjing-2-ekor"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\nb\tc", "a-b-c"),
        ("in\u200cvis\u202eible\U000e0041", "invisible"),
        ("CON", "con"),
        ("", "picture"),
        ("🐱 ... !", "picture"),
        ("\u0301\ufe0f", "picture"),
    ],
)
def test_the_prompt_becomes_a_slug_of_its_letters(prompt: str, expected: str):
    assert image_key(NOON, prompt, ID, "png") == f"2026-11-21-{expected}-{ID}.png"


@settings(max_examples=1000, deadline=None)
@given(texts)
def test_every_prompt_gives_a_safe_short_name(prompt: str):
    name = image_key(NOON, prompt, ID, "png")
    assert len(name.encode()) <= 120
    assert unicodedata.is_normalized("NFC", name)
    word = middle(name)
    assert word
    assert not word.startswith("-")
    assert not word.endswith("-")
    assert "--" not in word
    for before, char in zip("-" + word, word, strict=False):
        category = unicodedata.category(char)
        assert char == "-" or category[0] == "L" or category in {"Nd", "Mn", "Mc"}
        assert not (category[0] == "M" and before == "-")


@settings(max_examples=1000, deadline=None)
@given(texts, st.uuids(), st.uuids())
def test_two_ids_never_share_a_name(prompt: str, one: object, other: object):
    first, second = (image_key(NOON, prompt, str(id), "png") for id in (one, other))
    assert (first == second) == (one == other)
    assert first.endswith(f"-{one}.png")


@pytest.mark.parametrize("letter", ["e\u0323\u0302\u0301", "ก\u0e49", "क\u093f", "日", "𠀀"])
def test_a_long_name_is_cut_between_letters_and_not_before_their_marks(letter: str):
    whole = unicodedata.normalize("NFC", letter)
    word = middle(image_key(NOON, letter * 200, ID, "png"))
    assert word == whole * (len(word) // len(whole))
    left = 120 - len(image_key(NOON, letter * 200, ID, "png").encode())
    assert left < len(whole.encode())


def test_jpeg_files_are_called_jpg_and_the_date_is_utc():
    assert image_key(0.0, "x", "a1", "jpeg") == "1970-01-01-x-a1.jpg"
    assert preview_key("a1", "jpeg") == ".aquatint/previews/a1.jpg"
    assert input_key("a1", "png") == ".aquatint/inputs/a1.png"


@pytest.mark.parametrize("id", ["", "../x", "a/b", "a.b", "é", "x" * 65])
def test_an_id_that_is_none_of_ours_is_a_mistake(id: str):
    with pytest.raises(ValueError, match="file name"):
        preview_key(id, "png")

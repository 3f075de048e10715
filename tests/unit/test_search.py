"""Folding and matching, tried on a real FTS5 table with the catalog's own tokenizer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquatint.domain.search import fold, match

Find = sqlite3.Connection  # the index fixture, in a word that fits


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    db.execute(
        'CREATE VIRTUAL TABLE words USING fts5(text, tokenize = "unicode61 remove_diacritics 0'
        " categories 'L* M* N* S* P* C*'\")"
    )
    yield db
    db.close()


def found(db: sqlite3.Connection, text: str, query: str) -> bool:
    db.execute("DELETE FROM words")
    db.execute("INSERT INTO words VALUES (?)", (fold(text),))
    asked = match(query)
    assert asked is not None
    return bool(db.execute("SELECT 1 FROM words WHERE words MATCH ?", (asked,)).fetchall())


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("海边的日落，一只猫", "日落"),
        ("海边的日落，一只猫", "猫"),
        ("海边的日落，一只猫", "猫 日落"),
        ("غُرُوبُ الشَّمْسِ فَوْقَ البَحْر", "غروب"),
        ("غروب الشمس", "غُرُوب"),
        ("مدينة أحمد", "مدينه احمد"),
        ("قطـــة", "قطة"),
        ("ایک خوبصورت بلی کھڑکی میں", "خوبصورت"),
        ("ایک خوبصورت بلی کھڑکی میں", "بلي كھڑكي"),
        ("Über den Dächern der Großstadt", "uber"),
        ("uber den wolken", "Über"),
        ("Über den Dächern der Großstadt", "GROSSSTADT dachern"),
        ("Seekor kucing berjalan-jalan", "kucing"),
        ("Seekor kucing berjalan-jalan", "berjalan-jalan"),
        ("A red car at sunset", "Sunset RED"),
        ("A red car at sunset", "red sun"),
        ("ＡＢＣ ｶﾞﾗｽ", "abc ガラス"),
        ("서울의 밤", "서울"),
        ("แมวดำบนหลังคา", "แมว"),
        ("हिन्दी में चित्र", "हिन्दी"),
        ("a 🐱 on a roof", "🐱"),
        ("made by x \n7f3a9c0e \ngenerated", "7f3a9c0e"),
        ("\nimg-7f3a9c0e", "img-7f3a"),
    ],
)
def test_what_people_type_finds_what_they_mean(index: Find, text: str, query: str):
    assert found(index, text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("落日", "日落"),
        ("日 and 落", "猫"),
        ("か", "が"),
        ("A red car", "red boat"),
        ("A red car", "re car"),
        ("A red car", "red NOT car"),
        ("हाथी", "हिन्दी"),
    ],
)
def test_other_words_do_not(index: Find, text: str, query: str):
    assert not found(index, text, query)


@pytest.mark.parametrize("query", ["", "  ", "?!", '"', "***", "\0", "\u200b\u202e", "\ud800", "-"])
def test_a_query_without_words_is_no_query(query: str):
    assert match(query) is None


@pytest.mark.parametrize(
    "query", ['"', 'a"b', "a OR", "NEAR(a b)", "text:a", "^a*", "a\0b", "(", "{a}:b", "a" * 40_000]
)
def test_the_query_language_is_out_of_reach(index: Find, query: str):
    assert match(query) is None or found(index, query, query)


def test_a_whole_pasted_prompt_is_a_query_too(index: Find):
    prompt = " ".join(f"word{n}" for n in range(5000))
    assert found(index, prompt, prompt)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60))
def test_every_text_is_found_by_itself(index: Find, text: str):
    assert match(text) is None or found(index, text, text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)

"""Quoted words found in prompts of every script, and held letter by letter against a picture."""

from __future__ import annotations

import pytest

from aquatint.domain.lettering import LONGEST, MOST, is_known, quoted, verdict

LATIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789äöüßÄÖÜ中营业")


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ('A shop sign that says "OPEN LATE"', ("OPEN LATE",)),
        ("A “curly” sign and another “curly”", ("curly",)),
        ("Ein Schild „Größe zählt“ an der Wand", ("Größe zählt",)),
        ("Ein Schild »Käse«", ("Käse",)),
        ("Un panneau « OUVERT »", ("OUVERT",)),
        ("霓虹灯上写着「营业中」和『欢迎』", ("营业中", "欢迎")),
        ("لافتة مكتوب عليها «مفتوح»", ("مفتوح",)),
        ("a poster 'DON'T PANIC' in the dog's house", ("DON'T PANIC",)),
        ("the dogs' house and the cats' garden", ()),
        ("a poster ‘It’s on’", ("It’s on",)),
        ('nothing "" and " " and "..." and an open "quote', ()),
        ("", ()),
        ('"a\nb"', ()),
        (f'"{"x" * (LONGEST + 1)}"', ()),
    ],
)
def test_what_is_in_quotation_marks_is_found(prompt: str, found: tuple[str, ...]) -> None:
    assert quoted(prompt) == found


def test_only_so_many_phrases_are_looked_for() -> None:
    assert len(quoted(" ".join(f'"word {number}"' for number in range(50)))) == MOST
    assert quoted("'" * 16_000 + "„" * 1000 + "a" * 15_000) == ()
    long = "x" * (LONGEST + 1)
    assert quoted(f'"{long}" beside "SALE"') == ("SALE",)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["OPEN LATE"], 'asked "OPEN LATE", reads "OPEN LATE"'),
        (["Welcome", "Open", "late!"], 'asked "OPEN LATE", reads "Open late"'),
        (["OPENLATE"], 'asked "OPEN LATE", reads "OPENLATE"'),
        (
            ["OPEN LAIE"],
            'asked "OPEN LATE", reads "OPEN LAIE": letter 7 should be "t" and reads "i"'
            ". Look at it, for a reader errs too",
        ),
        (
            ["OPEN LAT"],
            'asked "OPEN LATE", reads "OPEN LAT": letter 8, "e", is missing'
            ". Look at it, for a reader errs too",
        ),
        (["Coffee", "Tea"], 'asked "OPEN LATE", not found; it reads "Coffee", "Tea"'),
        ([], 'asked "OPEN LATE", not found; it reads nothing'),
    ],
)
def test_a_phrase_is_held_against_the_lines(lines: list[str], told: str) -> None:
    assert verdict("OPEN LATE", lines) == told


def test_marks_count_and_kinds_of_quotation_marks_do_not() -> None:
    assert 'should be "ü" and reads "u"' in verdict("Müller", ["Muller"])
    assert verdict("It's on", ["It’s on"]).endswith('reads "It’s on"')
    assert verdict("营业中", ["今天营业中吗"]) == 'asked "营业中", reads "营业中"'


def test_an_unknown_script_is_no_business_of_the_readers() -> None:
    assert is_known("Größe 中 24!", LATIN)
    assert is_known("Gro\u0308ße", LATIN)
    assert not is_known("مفتوح", LATIN)
    assert not is_known("OPEN", frozenset())

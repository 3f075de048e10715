"""Words from outside, made safe to show; and which endpoints are OpenAI's own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquatint.domain.endpoints import host_of, is_first_party, origin_of
from aquatint.domain.words import clean


@given(text=st.text(st.characters(), max_size=400), limit=st.integers(0, 60))
def test_nothing_hidden_and_never_too_long(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(c) for c in shown if c not in "\u200c\u200d"} & {
        "Cc",
        "Cf",
        "Cs",
    }
    assert not any(0xE0000 <= ord(c) <= 0xE0FFF for c in shown)


def test_what_readers_see_stays() -> None:
    for text in ("غروب نارنجی می‌شود", "日落、猫", "👩‍👩‍👧 ❤️", "क्षत्रिय", "Größe: 5 €"):
        assert clean(text, 100) == text


def test_bidi_tags_and_controls_go() -> None:
    hidden = "a\u202eb\u2066c\u2069d\U000e0041e\x1b[31mf\x00g\ud800h\ufeffi"
    assert clean(hidden, 100) == "abcde[31mfghi"


def test_lines_become_one_and_the_cut_shows() -> None:
    assert clean(" two\r\n\tlines ", 20) == "two lines"
    assert clean("0123456789", 5) == "0123…"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        (None, True),
        ("", True),
        ("https://api.openai.com/v1", True),
        ("https://EU.api.openai.com./v1/", True),
        ("https://api.openai.com:443", True),
        ("https://api.openai.com.evil.test/v1", False),
        ("https://notapi.openai.com/v1", False),
        ("https://evil.test/?api.openai.com", False),
        ("https://api.openai.com@evil.test/v1", False),
        ("https://res.openai.azure.com/openai/v1/", False),
        ("http://127.0.0.1:8080/v1", False),
        ("http://[::1", False),
    ],
)
def test_only_openais_own_hosts_are_first_party(url: str | None, own: bool) -> None:
    assert is_first_party(url) is own


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://a.test/x") == origin_of("https://A.test:443/y")
    assert origin_of("http://a.test") != origin_of("https://a.test")
    assert origin_of("https://a.test:99999") == ("", "", None)
    assert host_of("https://A.test./x") == "a.test"

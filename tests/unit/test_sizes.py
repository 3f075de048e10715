"""Sizes: what is legal, and that whatever we choose ourselves always is."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aquatint.domain.models import sizes
from aquatint.domain.models.sizes import Fixed, Grid, Rule, Sheet

FLEX = Grid(
    multiple=16,
    max_edge=3840,
    max_ratio=3,
    min_pixels=655_360,
    max_pixels=8_294_400,
    recommended=((1024, 1024), (1536, 1024), (1024, 1536)),
)
FIXED3 = Fixed(only=((1024, 1024), (1536, 1024), (1024, 1536)))
FREE = Grid(min_edge=16, max_edge=3840, max_pixels=3840 * 3840, auto=False)
SHEET = Sheet(
    layouts=((9, 3, 3), (12, 4, 3), (16, 4, 4)),
    multiple=16,
    max_edge=3840,
    max_ratio=3,
    min_pixels=655_360,
    max_pixels=8_294_400,
    aim=393_216,
)

untimed = settings(deadline=None)  # a busy machine is no failure
edges = st.integers(1, 12_000)
ratios = st.floats(0.01, 100)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Rules of any limits that leave at least one square, as `models.parse` makes sure of."""
    multiple = draw(st.sampled_from([1, 2, 8, 12, 16, 32, 64]))
    step = multiple * -(-16 // multiple)
    square = step * draw(st.integers(1, 40))
    return Grid(
        multiple=multiple,
        min_edge=draw(st.integers(1, square)),
        max_edge=square + draw(st.integers(0, 1000)),
        max_ratio=draw(st.sampled_from([1, 1.5, 2, 3, math.inf])),
        min_pixels=draw(st.integers(1, square * square)),
        max_pixels=square * square + draw(st.integers(0, 10**6)),
        aim=draw(st.integers(1, 10**7)),
    )


rules = st.one_of(st.sampled_from([FLEX, FIXED3, FREE, SHEET.frame(9), SHEET.frame(16)]), grids())


@untimed
@given(rules, ratios)
def test_the_size_of_a_ratio_is_always_legal(rule: Rule, ratio: float) -> None:
    assert sizes.legal(rule, *sizes.nearest(rule, ratio)) == []


@untimed
@given(rules, edges, edges)
def test_the_size_that_covers_is_always_legal(rule: Rule, w: int, h: int) -> None:
    assert sizes.legal(rule, *sizes.covering(rule, w, h)) == []


@untimed
@given(rules, edges, edges)
def test_the_size_a_picture_is_sent_at_is_always_legal(rule: Rule, w: int, h: int) -> None:
    assert sizes.legal(rule, *sizes.canvas(rule, w, h)[0]) == []


@untimed
@given(rules, edges, edges)
def test_the_canvas_holds_the_whole_picture_and_has_the_sent_shape(
    rule: Rule, w: int, h: int
) -> None:
    sent, at = sizes.canvas(rule, w, h)
    wide, high = at.canvas
    assert (at.width, at.height) == (w, h)
    assert 0 <= at.left <= wide - w
    assert 0 <= at.top <= high - h
    assert wide == w or high == h  # padded on one side at most
    assert abs(wide - high * sent[0] / sent[1]) <= max(0.5, 0.5 * sent[0] / sent[1]) + 1e-6


@untimed
@given(rules, edges, edges)
def test_a_legal_picture_is_sent_as_it_is(rule: Rule, w: int, h: int) -> None:
    if not sizes.legal(rule, w, h):
        sent, at = sizes.canvas(rule, w, h)
        assert sent == (w, h) == at.canvas == sizes.covering(rule, w, h)


@untimed
@given(st.integers(1, 240), st.integers(1, 240))
def test_the_flexible_rule_is_the_published_one(w: int, h: int) -> None:
    w, h = 16 * w, 16 * h
    allowed = 655_360 <= w * h <= 8_294_400 and w <= 3 * h and h <= 3 * w
    assert (sizes.legal(FLEX, w, h) == []) is allowed


@untimed
@given(st.integers(1, 3840), st.integers(1, 3840))
@example(3825, 2159)
@example(3840, 2160)
def test_what_can_be_covered_is_covered(w: int, h: int) -> None:
    up = (-(-w // 16) * 16, -(-h // 16) * 16)
    drawn = sizes.covering(FLEX, w, h)
    if not sizes.legal(FLEX, *up):
        assert drawn[0] >= w
        assert drawn[1] >= h


@untimed
@given(edges, edges)
def test_turning_the_picture_turns_the_size(w: int, h: int) -> None:
    (sent, _), (turned, _) = sizes.canvas(FLEX, w, h), sizes.canvas(FLEX, h, w)
    assert w == h or sent == turned[::-1]


@untimed
@given(st.integers(1, 999_999), st.integers(1, 999_999), st.sampled_from("xX×"))
def test_a_size_reads_back(w: int, h: int, cross: str) -> None:
    assert sizes.parse_size(f"{w}{cross}{h}") == (w, h)


@pytest.mark.parametrize(
    "words",
    ["", "auto", "1024", "1024 x 1024", "1024*1024", "0x5", "-1x5", "1.5x2", "१x१", "1x2x3"],
)
def test_nothing_else_is_a_size(words: str) -> None:
    assert sizes.parse_size(words) is None


def test_ratios_are_words_or_two_numbers() -> None:
    assert sizes.parse_ratio("16:9") == 16 / 9
    assert sizes.parse_ratio("2.35:1") == 2.35
    assert sizes.parse_ratio("portrait") == 2 / 3
    assert [sizes.parse_ratio(bad) for bad in ("0:1", "1:0", "16/9", "wide", "", "1024x1")] == [
        None
    ] * 6


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("square", (1024, 1024)),
        ("landscape", (1536, 1024)),
        ("portrait", (1024, 1536)),
        ("16:9", (1536, 864)),
        ("9:16", (864, 1536)),
        ("4:3", (1408, 1056)),
        ("21:9", (1904, 816)),
        ("3:1", (2112, 704)),
    ],
)
def test_words_and_ratios_become_exact_cheap_sizes(ratio: str, size: tuple[int, int]) -> None:
    value = sizes.parse_ratio(ratio)
    assert value
    assert sizes.nearest(FLEX, value) == size
    assert math.isclose(size[0] / size[1], value)


def test_a_fixed_list_gives_its_nearest_shape() -> None:
    assert sizes.nearest(FIXED3, 16 / 9) == (1536, 1024)
    assert sizes.nearest(FIXED3, 0.5) == (1024, 1536)
    assert sizes.nearest(FIXED3, 1.1) == (1024, 1024)


@pytest.mark.parametrize(
    ("w", "h", "why"),
    [
        (1080, 1080, "1080 is not a multiple of 16"),
        (1080, 1944, "1080 and 1944 are not multiples of 16"),
        (4096, 4096, "the longest edge may be 3840"),
        (512, 512, "262,144 pixels are under the floor of 655,360"),
        (3072, 3072, "9,437,184 pixels are over the cap of 8,294,400"),
        (2720, 160, "the shape may be 3:1 at most"),
    ],
)
def test_an_illegal_size_says_why(w: int, h: int, why: str) -> None:
    assert why in sizes.legal(FLEX, w, h)


def test_the_sizes_the_guide_and_the_probes_name_are_judged_as_they_were() -> None:
    for size in [(1440, 480), (896, 896), (1280, 720), (2048, 2048), (3840, 2160), (2160, 3840)]:
        assert sizes.legal(FLEX, *size) == []
    for size in [(512, 512), (768, 768), (800, 800), (1024, 576), (576, 1024), (1920, 1080)]:
        assert sizes.legal(FLEX, *size)


@pytest.mark.parametrize(
    ("exact", "drawn"),
    [
        ((1080, 1080), (1088, 1088)),
        ((1080, 1920), (1152, 2048)),
        ((1920, 1080), (2048, 1152)),
        ((500, 500), (816, 816)),
        ((1440, 480), (1440, 480)),
    ],
)
def test_an_exact_size_is_covered_in_its_own_shape(
    exact: tuple[int, int], drawn: tuple[int, int]
) -> None:
    assert sizes.covering(FLEX, *exact) == drawn


def test_what_nothing_covers_is_drawn_as_large_as_can_be() -> None:
    assert sizes.covering(FLEX, 3840, 3840) == (2880, 2880)
    assert sizes.covering(FIXED3, 1920, 1080) == (1536, 1024)


def test_a_picture_keeps_its_shape_when_some_legal_size_has_it() -> None:
    for w, h in [(1920, 1080), (1000, 667), (300, 200), (6000, 4000), (1366, 768)]:
        _, at = sizes.canvas(FLEX, w, h)
        assert at.canvas == (w, h)


def test_a_strip_is_padded_to_three_to_one_and_stands_in_the_middle() -> None:
    sent, at = sizes.canvas(FLEX, 4000, 1000)
    assert sent == (3840, 1280)
    assert (at.canvas, at.left, at.top) == ((4000, 1333), 0, 166)


def test_a_wide_picture_is_padded_least_for_a_fixed_list() -> None:
    sent, at = sizes.canvas(FIXED3, 1600, 900)
    assert sent == (1536, 1024)
    assert at.canvas == (1600, 1067)


def test_the_suggestion_names_a_size_and_the_way_to_the_exact_one() -> None:
    assert sizes.suggest(FLEX, 1080, 1080) == (
        "Use size=1088x1088, or exact_size=1080x1080 (drawn at 1088x1088 and fitted)."
    )
    assert sizes.suggest(FLEX, 4096, 4096) == "Use size=2880x2880."
    assert "scaled up" in sizes.suggest(FLEX, 3840, 3840)


@pytest.mark.parametrize(("frames", "cap"), [(2, 960), (9, 960), (10, 816), (12, 816), (13, 720)])
def test_the_sheet_gives_the_measured_caps_of_square_frames(frames: int, cap: int) -> None:
    assert sizes.largest(SHEET.frame(frames)) == ((cap, cap),)

"""The rule by which names in save_to stand for files and sizes, and what is drawn for them."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquatint.domain.errors import BadRequest
from aquatint.domain.models.sizes import legal
from aquatint.domain.requests.save_targets import MOST, WRITTEN, hint, numbered, parse, size_of
from aquatint.domain.types import Finish
from unit.test_plan import TABLE, planned

pytestmark = pytest.mark.short
WHOLE = (1536, 864)


def files(*save_to: str, exact: bool = False, whole: tuple[int, int] = WHOLE) -> dict[str, Any]:
    found = parse(save_to)
    assert not found.problems, found.problems
    return {one.path: size_of(one, whole, exact=exact) for one in found.files}


# -- what a name stands for


def test_without_marks_a_name_is_the_picture_itself() -> None:
    assert files("public/hero.webp", "a b.PNG") == {"public/hero.webp": WHOLE, "a b.PNG": WHOLE}


def test_the_densest_name_has_all_pixels_and_the_others_their_share() -> None:
    assert files("hero.webp", "hero@2x.webp") == {"hero.webp": (768, 432), "hero@2x.webp": WHOLE}
    assert files("i.png", "i@2x.png", "i@3x.png", whole=(300, 300)) == {
        "i.png": (100, 100),
        "i@2x.png": (200, 200),
        "i@3x.png": (300, 300),
    }


def test_a_family_spans_formats_but_not_names() -> None:
    made = files("hero.avif", "hero.webp", "hero@2x.webp", "og.png")
    assert made["hero.avif"] == (768, 432)
    assert made["og.png"] == WHOLE


def test_with_an_exact_size_the_plain_name_has_it_and_twice_is_twice() -> None:
    made = files("hero.webp", "hero@2x.webp", exact=True, whole=(800, 600))
    assert made == {"hero.webp": (800, 600), "hero@2x.webp": (1600, 1200)}


def test_numbers_are_longest_edges_and_nothing_is_cropped() -> None:
    assert files("icon-{16,32,180}.png", whole=(1024, 1024)) == {
        "icon-16.png": (16, 16),
        "icon-32.png": (32, 32),
        "icon-180.png": (180, 180),
    }
    assert files("{320}.png") == {"320.png": (320, 180)}
    assert files("{320}.png", whole=(864, 1536)) == {"320.png": (180, 320)}


@pytest.mark.parametrize("name", ["h-{320,640}w.webp", "h-{320w,640w}.webp"])
def test_widths_are_for_srcset(name: str) -> None:
    tall = files(name, whole=(600, 900))
    assert tall == {"h-320w.webp": (320, 480), "h-640w.webp": (640, 960)}


def test_two_numbers_are_exact() -> None:
    assert files("og-{1200x630,1080x1080}.png") == {
        "og-1200x630.png": (1200, 630),
        "og-1080x1080.png": (1080, 1080),
    }


def test_lists_combine_and_densities_multiply() -> None:
    assert files("x/icon_{16x16,32x32}{,@2x}.png") == {
        "x/icon_16x16.png": (16, 16),
        "x/icon_16x16@2x.png": (32, 32),
        "x/icon_32x32.png": (32, 32),
        "x/icon_32x32@2x.png": (64, 64),
    }
    assert list(files("hero{,@2x}.{avif,webp}")) == [
        "hero.avif",
        "hero.webp",
        "hero@2x.avif",
        "hero@2x.webp",
    ]
    assert files("a@{1,1.5,2}x.png")["a@1.5x.png"] == (1152, 648)


def test_an_ico_without_a_size_is_a_favicon() -> None:
    square = (1024, 1024)
    assert files("favicon.ico", whole=square) == {"favicon.ico": (48, 48)}
    assert files("favicon.ico", whole=(20, 20)) == {"favicon.ico": (20, 20)}
    assert files("app-{256}.ico", whole=square) == {"app-256.ico": (256, 256)}


def test_several_pictures_are_numbered_before_the_density() -> None:
    found = parse(["a/hero@2x.webp", "icon-{16}.png", "plain"], 2).files
    assert [numbered(one, 1, 3).path for one in found] == [
        "a/hero-2@2x.webp",
        "icon-16-2.png",
        "plain-2",
    ]
    assert [numbered(one, 0, 1).path for one in found] == [one.path for one in found]


def test_braces_in_folders_are_nothing_special() -> None:
    assert files("{{cookiecutter.name}}/hero.png") == {"{{cookiecutter.name}}/hero.png": WHOLE}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["icon-{16,big}.png"], ["'big'", "icon-{16,32}.png"]),
        (["icon-{16.png"], ["brace"]),
        (["icon-}16.png"], ["brace"]),
        (["{16}-{32}.png"], ["two sizes"]),
        (["a-{0}.png"], ["size of 0"]),
        (["a-{0w}.png"], ["size of 0"]),
        (["a-{16384}.png"], ["too large", "16383"]),
        (["a-{8192}@2x.png"], ["too large", "16383"]),
        (["a-{512}.ico"], ["too large", "256"]),
        (["a@5x.png"], ["@1x to @4x"]),
        (["a@0.5x.png"], ["@1x to @4x"]),
        (["a-{16}.svg"], ["svg", "not made of pixels"]),
        (["a-{16}.png", "a-16.png"], ["a-16.png is named 2 times"]),
        (["a-{16,16}.png"], ["a-16.png is named 2 times"]),
        ([f"a-{{{','.join(map(str, range(1, 66)))}}}.png"], ["too many", "64"]),
        ([f"{i}.png" for i in range(65)], ["65 files", "64"]),
    ],
)
def test_what_is_wrong_with_a_name_is_said(names: list[str], words: list[str]) -> None:
    told = "\n".join(map(str, parse(names).problems))
    for word in words:
        assert word in told


def test_everything_wrong_is_told_at_once() -> None:
    assert len(parse(["a-{0}.png", "b@9x.png", "c.png", "c.png"]).problems) == 3


def test_several_pictures_count_for_the_limit() -> None:
    assert not parse(["i-{1,2,3,4,5,6}.png"], 10).problems
    assert "70 files" in str(parse(["i-{1,2,3,4,5,6,7}.png"], 10).problems[0])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hero-320w.webp", "hero-{320w}.webp"),
        ("og_1200x630.png", "og_{1200x630}.png"),
        ("icon-32@2x.png", "icon-{32}@2x.png"),
        ("hero-1536w.webp", None),
        ("hero-1536x864.png", None),
        ("photo-2024.png", None),
        ("hero-2.png", None),
        ("icon-{32}.png", None),
    ],
)
def test_a_name_that_looks_sized_and_is_not_is_hinted_at(name: str, said: str | None) -> None:
    target = parse([name]).files[0]
    told = hint(target, size_of(target, WHOLE, exact=False))
    assert said in told if told and said else told is said


# -- properties

PIECES = st.sampled_from(
    ["icon", "-", "a", "{16,32}", "{320}w", "{40x30}", "{,@2x}", "@2x", "@1.5x", "{1,2", "}", "w"]
)
ENDINGS = st.sampled_from([".png", ".webp", ".ico", ".{avif,webp}", "", ".svg"])
NAMES = st.tuples(st.lists(PIECES, max_size=5).map("".join), ENDINGS).map("".join)
SIZES = st.tuples(st.integers(1, 3840), st.integers(1, 3840))


@given(st.lists(NAMES, max_size=6), st.integers(1, 10), SIZES, st.booleans())
def test_the_same_names_give_the_same_files_none_of_them_twice(
    names: list[str], n: int, whole: tuple[int, int], exact: bool
) -> None:
    first, again = parse(names, n), parse(names, n)
    found = first.files
    assert found == again.files
    assert list(map(str, first.problems)) == list(map(str, again.problems))
    paths = [
        numbered(one, index, n).path
        for index in range(n)
        for one in found
        if one.index in {None, index}  # a list as long as n gives one file to each picture
    ]
    assert len(paths) == len(set(paths))
    assert len({one.path for one in found}) == len(found)
    for one in found:
        assert min(size_of(one, whole, exact=exact)) >= 1
        assert not one.path.count("{")


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_an_error(name: str) -> None:
    found = parse([name])
    assert found.files or found.problems


@given(st.integers(1, 3840), SIZES)
def test_a_longest_edge_is_that_edge(edge: int, whole: tuple[int, int]) -> None:
    assert max(files(f"i-{{{edge}}}.png", whole=whole)[f"i-{edge}.png"]) == edge


def test_every_extension_that_the_door_takes_may_be_listed() -> None:
    from aquatint.workspace.access import EXTENSIONS

    assert WRITTEN == EXTENSIONS
    assert len(EXTENSIONS) <= MOST


# -- what is drawn


def drawn(**asked: Any) -> tuple[str, str]:
    done = planned(**asked)
    return done.order.size, " ".join(done.warnings)


def test_small_copies_change_nothing_of_what_is_drawn() -> None:
    assert drawn(save_to=("icon-{16,32,180}.png",)) == ("1024x1024", "")
    assert drawn(size="16:9", save_to=("h.webp", "h@2x.webp")) == ("1536x864", "")


def test_enough_pixels_are_drawn_for_the_largest_copy_and_said() -> None:
    size, said = drawn(exact_size="800x600", save_to=("hero.webp", "hero@2x.webp"))
    assert size == "1600x1200"
    assert said == "save_to: drawn at 1600x1200 for hero@2x.webp."
    size, said = drawn(size="16:9", save_to=("h-{640,2560}w.webp",))
    assert (size, "h-2560w.webp" in said) == ("2560x1440", True)
    assert drawn(save_to=("i-{1200}.png",))[0] == "1200x1200"


def test_an_exact_mark_gives_the_shape_where_nothing_else_does() -> None:
    wide, tall = map(int, drawn(save_to=("og-{1200x630}.png",))[0].split("x"))
    assert (wide >= 1200, tall >= 630, wide / tall > 1.8) == (True, True, True)
    both = drawn(save_to=("og-{1200x630,1080x1080}.png",))[0].split("x")
    assert (int(both[0]) >= 1200, int(both[1]) >= 1080) == (True, True)


def test_a_size_in_pixels_is_the_callers_and_too_few_of_them_are_said() -> None:
    size, said = drawn(size="1024x1024", save_to=("i-{2048}.png",))
    assert (size, "i-2048.png is larger" in said, "scaled up" in said) == ("1024x1024", True, True)


def test_a_model_that_cannot_draw_it_says_so() -> None:
    size, said = drawn(model="gpt-image-1.5", size="landscape", save_to=("h-{2560}w.webp",))
    assert (size, "scaled up" in said) == ("1536x1024", True)


def test_a_copy_beyond_every_picture_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"save_to: a@2x\.png would be 4000x4000.*3840"):
        planned(exact_size="2000x2000", save_to=("a@2x.png",))


def test_a_masked_edit_keeps_its_size_and_says_what_is_scaled_up() -> None:
    done = planned(images=("a",), mask="m", first=(512, 512), save_to=("i-{1024}.png",))
    assert any("scaled up" in warning for warning in done.warnings)
    assert done.placement


def test_a_whole_edit_is_drawn_large_enough() -> None:
    done = planned(images=("a",), first=(512, 512), save_to=("i-{1024}.png",))
    assert (done.order.size, done.placement) == ("1024x1024", None)


@given(
    st.sampled_from([None, "16:9", "square", "portrait"]),
    st.integers(16, 2500),
    st.sampled_from(["{%d}", "{%d}w"]),
)
def test_what_is_drawn_is_legal_and_covers_or_says_so(
    size: str | None, edge: int, mark: str
) -> None:
    name = f"i-{mark % edge}.png"
    done = planned(size=size, save_to=(name,))
    wide, tall = map(int, done.order.size.split("x"))
    assert not legal(TABLE.row(done.order.model).sizes, wide, tall)
    copy = size_of(parse([name]).files[0], (wide, tall), exact=False)
    if copy[0] > wide or copy[1] > tall:
        assert "scaled up" in " ".join(done.warnings)


def test_the_formats_of_a_list_are_those_of_its_names() -> None:
    assert planned(save_to=("hero.{avif,webp}",)).order.format == "webp"
    assert PurePath(next(iter(files("hero.{avif,webp}")))).suffix == ".avif"


def test_a_job_stored_with_bare_names_still_opens() -> None:
    (target,) = Finish.model_validate({"save_to": ["hero.png"]}).save_to
    assert (target.name, target.path) == ("hero.png", "hero.png")


@pytest.mark.parametrize(
    ("names", "icon"),
    [
        (("public/favicon.ico",), True),
        (("hero.webp", "leaf-{16,512}.png"), True),
        (("hero-{320,640}w.webp",), None),
        (("hero.png",), None),
        ((), None),
    ],
)
def test_the_order_says_whether_a_picture_is_kept_as_an_icon(
    names: tuple[str, ...], icon: bool | None
) -> None:
    assert planned(save_to=names).order.icon is icon

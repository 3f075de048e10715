"""Masks: golden text pictures, the algebra as properties, PNG there and back, and bad regions."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from aquatint.domain.errors import BadMask
from aquatint.domain.requests.regions import Region, check
from aquatint.domain.types import Units
from aquatint.imaging.masks import render
from aquatint.imaging.masks.coverage import Coverage
from aquatint.imaging.masks.levels import mapped, where
from aquatint.imaging.view import view_of

GOLDEN = Path(__file__).parent / "golden"
SIZE = (32, 16)
quick = settings(max_examples=60, deadline=None)


def told(coverage: Coverage) -> str:
    """A mask as text: `.` keeps, `#` gives away, digits are tenths between."""
    width, height = coverage.size
    levels = coverage.image.tobytes()
    signs = ["." if v == 0 else "#" if v == 255 else str(v * 10 // 256) for v in levels]
    return "\n".join("".join(signs[y * width : (y + 1) * width]) for y in range(height)) + "\n"


def sky() -> Image.Image:
    """Blue above, a grey fence of one pixel, the same blue below with a red dot."""
    image = Image.new("RGB", SIZE, (80, 120, 220))
    draw = ImageDraw.Draw(image)
    draw.line((0, 9, 31, 9), fill=(90, 90, 90))
    draw.rectangle((4, 2, 7, 4), fill=(85, 125, 225))
    draw.ellipse((20, 11, 24, 15), fill=(220, 30, 30))
    return image


def stencil() -> Image.Image:
    image = Image.new("L", SIZE)
    ImageDraw.Draw(image).rectangle((2, 2, 9, 13), fill=255)
    return image


RECT = Region(kind="rect", x=4, y=3, width=20, height=10)
DOT = Region(kind="rect", x=15, y=7, width=1, height=1)
IMAGES: dict[str, Coverage] = {
    "rect": render.render([RECT], SIZE),
    "ellipse": render.render([Region(kind="ellipse", x=2, y=1, width=26, height=13)], SIZE),
    "polygon": render.render([Region(kind="polygon", points=((2, 14), (16, 1), (30, 14)))], SIZE),
    "brush": render.render(
        [Region(kind="brush", points=((0.1, 0.2), (0.5, 0.8), (0.9, 0.2)), width=0.25)],
        SIZE,
        units="fraction",
    ),
    "folded": render.render(
        [
            RECT,
            Region(kind="ellipse", op="subtract", x=8, y=4, width=8, height=8),
        ],
        SIZE,
    ),
    "quarters": render.render(
        [
            Region(kind="all"),
            Region(kind="rect", op="intersect", x=250, y=250, width=500, height=500),
            Region(kind="rect", x=900, y=800, width=200, height=400),
        ],
        SIZE,
        units="permille",
    ),
    "colour_connected": render.render([Region(kind="color", x=0, y=0)], SIZE, image=sky()),
    "colour_everywhere": render.render(
        [Region(kind="color", color="#5078dc", contiguous=False)], SIZE, image=sky()
    ),
    "colour_exact": render.render([Region(kind="color", x=5, y=3, tolerance=4)], SIZE, image=sky()),
    "image": render.render(
        [Region(kind="image", image="a", edit="black")], SIZE, images={"a": stencil()}
    ),
    "grown_dot": render.render([DOT], SIZE, grow=6),
    "shrunk": render.render([RECT, Region(kind="all", op="intersect")], SIZE, shrink=3),
    "feathered": render.render([RECT], SIZE, feather=5),
    "feathered_hair": render.render(
        [Region(kind="rect", x=2, y=7, width=28, height=1), DOT], SIZE, feather=8
    ),
    "inverted_feathered": render.render([RECT], SIZE, feather=4, invert=True),
}


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_a_mask_looks_like_its_golden_picture(name: str):
    assert told(IMAGES[name]) == (GOLDEN / f"{name}.txt").read_text()


def test_every_golden_picture_is_looked_at():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(IMAGES)


# the algebra


def places(low: int = -8, high: int = 32) -> st.SearchStrategy[int]:
    return st.integers(low, high)


rects = st.builds(
    Region,
    kind=st.sampled_from(["rect", "ellipse"]),
    op=st.sampled_from(["add", "subtract", "intersect"]),
    x=places(),
    y=places(),
    width=places(1),
    height=places(1),
)
polygons = st.builds(
    Region,
    kind=st.just("polygon"),
    points=st.lists(st.tuples(places(), places()), min_size=3, max_size=6).map(tuple),
)
strokes = st.builds(
    Region,
    kind=st.just("brush"),
    points=st.lists(st.tuples(places(), places()), min_size=1, max_size=4).map(tuple),
    width=places(1, 9),
)
anything = st.lists(rects | polygons | strokes | st.just(Region(kind="all")), max_size=4)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))
reach = st.floats(0, 12)


@st.composite
def coverages(draw: st.DrawFn, size: tuple[int, int] | None = None) -> Coverage:
    """Soft or hard, any size, made of regions."""
    return render.render(
        draw(anything),
        size or draw(sizes),
        feather=draw(st.sampled_from([0, 0, 3, 7])),
        invert=draw(st.booleans()),
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Coverage, Coverage]:
    size = draw(sizes)
    return draw(coverages(size)), draw(coverages(size))


def same(a: Coverage, b: Coverage) -> bool:
    return a.size == b.size and a.image.tobytes() == b.image.tobytes()


def contains(outer: Coverage, inner: Coverage) -> bool:
    return same(render.union(outer, inner), outer)


@quick
@given(coverages())
def test_inverting_twice_changes_nothing(a: Coverage):
    assert same(render.inverted(render.inverted(a)), a)


@quick
@given(pairs())
def test_union_and_intersection_commute_and_absorb(pair: tuple[Coverage, Coverage]):
    a, b = pair
    assert same(render.union(a, b), render.union(b, a))
    assert same(render.common(a, b), render.common(b, a))
    assert same(render.union(a, render.common(a, b)), a)


@quick
@given(pairs())
def test_de_morgan_holds(pair: tuple[Coverage, Coverage]):
    a, b = pair
    flipped = render.inverted
    assert same(flipped(render.union(a, b)), render.common(flipped(a), flipped(b)))
    assert same(render.minus(a, b), render.common(a, flipped(b)))


@quick
@given(coverages(), reach)
def test_growing_then_shrinking_contains_the_original(a: Coverage, pixels: float):
    grown = render.grown(a, pixels)
    assert contains(grown, render.hard(a))
    assert contains(render.shrunk(grown, pixels), render.hard(a))


@quick
@given(coverages(), reach)
def test_shrinking_is_growing_the_rest(a: Coverage, pixels: float):
    rest = render.inverted(render.hard(a))
    assert same(render.shrunk(a, pixels), render.inverted(render.grown(rest, pixels)))


@quick
@given(coverages(), st.floats(0, 30))
def test_feather_keeps_the_inside_editable_and_never_touches_the_outside(
    a: Coverage, pixels: float
):
    soft = render.feathered(a, pixels)
    assert same(render.hard(soft), render.hard(a))
    assert contains(a, soft)


@quick
@given(coverages(), st.floats(1, 30))
def test_feather_leaves_something_to_edit_in_the_thinnest_mask(a: Coverage, pixels: float):
    hard = render.hard(a)
    highest = max(render.feathered(hard, pixels).image.tobytes())
    assert highest > 190 or not hard.image.getbbox()


@quick
@given(anything, sizes, reach, reach, reach, st.booleans())
def test_any_chain_keeps_the_size_and_stays_within_the_levels(
    regions: list[Region],
    size: tuple[int, int],
    grow: float,
    shrink: float,
    feather: float,
    invert: bool,
):
    made = render.render(regions, size, grow=grow, shrink=shrink, feather=feather, invert=invert)
    assert made.size == size
    assert made.image.mode == "L"


def test_a_wide_grow_still_reaches_a_lone_pixel():
    dot = Coverage(Image.new("L", (900, 3)))
    dot.image.putpixel((0, 1), 255)
    box = render.describe(render.grown(dot, 600)).box
    assert box is not None
    assert box[2] == round(600 * 0.97) + 1


# regions


def test_a_polygon_on_a_rectangles_corners_is_that_rectangle():
    corners = ((4, 3), (24, 3), (24, 13), (4, 13))
    polygon = render.render([Region(kind="polygon", points=corners)], SIZE)
    assert same(polygon, IMAGES["rect"])


@pytest.mark.parametrize(
    ("units", "factor"), [("fraction", (1 / 32, 1 / 16)), ("permille", (31.25, 62.5))]
)
def test_units_say_the_same_place(units: Units, factor: tuple[float, float]):
    across, down = factor
    region = Region(kind="rect", x=4 * across, y=3 * down, width=20 * across, height=10 * down)
    assert same(render.render([region], SIZE, units=units), IMAGES["rect"])


def test_what_was_clipped_or_missed_is_said_by_region():
    regions = [
        Region(kind="rect", x=-5, y=2, width=10, height=4),
        Region(kind="ellipse", x=300, y=2, width=10, height=4),
        Region(kind="rect", x=0.2, y=0.2, width=0.2, height=0.2),
    ]
    made = render.render(regions, SIZE)
    assert made.notes == (
        "regions[0] was clipped to the picture.",
        "regions[1] lies wholly outside the picture, which is 32x16 in units of pixel.",
        "regions[2] is smaller than a pixel (its numbers were taken as pixel).",
    )


def test_a_colour_that_is_nowhere_is_said():
    made = render.render([Region(kind="color", color="lime")], SIZE, image=sky())
    assert made.notes == ("regions[0] found nothing of that colour: raise tolerance.",)
    assert render.describe(made) == render.Facts(0.0, None)


def test_a_point_of_another_colour_than_the_one_named_is_said():
    image = Image.new("RGB", (20, 20), (10, 20, 30))
    region = Region(kind="color", color="red", x=3, y=4)
    (note,) = render.render([region], (20, 20), image=image).notes
    assert "the point is #0a141e, which is not red within a tolerance of 32" in note


def test_a_circle_is_round_in_any_units_and_a_turned_shape_keeps_its_area():
    circle = Region(kind="circle", x=500, y=500, radius=250)
    drawn = render.render([circle], (200, 100), units="permille")
    assert render.describe(drawn).box == (75, 25, 50, 50)
    box: dict[str, Any] = {"x": 30, "y": 40, "width": 60, "height": 20}
    kinds: tuple[Any, ...] = ("rect", "ellipse")
    for kind in kinds:
        flat = render.render([Region(kind=kind, **box)], (120, 120))
        upright = render.render([Region(kind=kind, **box, angle=90)], (120, 120))
        turned = render.render([Region(kind=kind, **box, angle=30)], (120, 120))
        assert render.describe(upright).box == (50, 20, 20, 60)
        share = render.describe(flat).share
        assert render.describe(turned).share == pytest.approx(share, rel=0.03)
        assert turned.image.getpixel((82, 62)) == 255, "clockwise, as it is seen"
        assert turned.image.getpixel((82, 38)) == 0


def speckled() -> Coverage:
    """A ring with a hole, a smaller blob, and single pixels."""
    mask = Image.new("L", (100, 60))
    mask.paste(255, (10, 10, 50, 50))
    mask.paste(0, (25, 25, 35, 35))
    mask.paste(255, (70, 20, 85, 40))
    for x in range(2, 98, 7):
        mask.putpixel((x, 57), 255)
    return Coverage(mask)


def cleaned(**more: Any) -> Image.Image:
    images = {"it": read(render.to_png(speckled()))}
    return render.render([Region(kind="image", image="it")], (100, 60), images=images, **more).image


def test_clean_up_fills_holes_keeps_the_largest_part_and_takes_specks_away():
    whole = Image.new("L", (100, 60))
    whole.paste(255, (10, 10, 50, 50))
    assert cleaned(fill_holes=True, keep_largest=True).tobytes() == whole.tobytes()
    ring = cleaned(keep_largest=True)
    assert (ring.getpixel((30, 30)), ring.getpixel((75, 30)), ring.getpixel((12, 12))) == (
        0,
        0,
        255,
    )
    assert cleaned(fill_holes=True).getpixel((75, 30)) == 255
    smooth = cleaned(smooth=3)
    assert smooth.getpixel((9, 57)) == 0
    assert (smooth.getpixel((75, 30)), smooth.getpixel((10, 10))) == (255, 0)
    assert render.largest(Image.new("L", (9, 9))).getbbox() is None


def test_a_busy_mask_is_cleaned_up_too():
    noise = mapped(Image.effect_noise((1200, 900), 120), [255 * (v > 150) for v in range(256)])
    noise.paste(255, (300, 300, 700, 700))
    kept = render.largest(noise)
    assert ImageChops.subtract(kept, noise).getbbox() is None
    assert kept.crop((310, 310, 690, 690)).getextrema() == (255, 255)
    assert ImageChops.subtract(noise, render.filled(noise)).getbbox() is None


def test_a_feather_that_leaves_hardly_anything_is_said_with_the_share_that_is_left():
    rect = Region(kind="rect", x=10, y=10, width=40, height=40)
    assert render.render([rect], (100, 100), feather=4).notes == ()
    (note,) = render.render([rect], (100, 100), feather=30).notes
    assert note.startswith("feather 30 is wide for this region: only ")
    assert "may change wholly" in note


def test_a_color_region_without_a_picture_is_a_bad_mask():
    with pytest.raises(BadMask, match="needs a picture"):
        render.render([Region(kind="color", color="red")], SIZE)


def test_transparent_pixels_are_one_colour_whatever_hides_below():
    image = Image.new("RGBA", SIZE, (200, 10, 10, 255))
    image.paste((1, 2, 3, 0), (0, 0, 8, 16))
    image.paste((250, 250, 250, 0), (8, 0, 16, 16))
    made = render.render([Region(kind="color", x=0, y=0)], SIZE, image=image)
    assert render.describe(made) == render.Facts(0.5, (0, 0, 16, 16))


def test_connected_pixels_on_a_busy_picture_stay_on_their_side_of_a_gap():
    grain = Image.frombytes("L", (700, 700), random.Random(7).randbytes(700 * 700))
    noise = mapped(grain, where(lambda v: v > 60))
    match = render.hard(Coverage(noise)).image
    match.paste(0, (300, 0, 308, 700))
    image = Image.merge("RGB", (match, match, match))
    seed = next(x for x in range(20, 60) if match.getpixel((x, 20)) == 255)
    region = Region(kind="color", color="white", x=seed, y=20)
    facts = render.describe(render.render([region], (700, 700), image=image))
    assert facts.box is not None
    assert facts.box[0] == 0
    assert 295 <= facts.box[2] <= 300
    assert facts.share > 0.3


def test_a_mask_painted_on_a_smaller_preview_is_scaled_and_that_is_said():
    small = stencil().reduce(2)
    made = render.render([Region(kind="image", image="a")], SIZE, images={"a": small})
    assert made.notes[-1] == "regions[0] was scaled from 16x8 to the picture's size."
    assert render.describe(made).box == (2, 2, 8, 12)


def test_a_mask_of_another_shape_is_refused_with_both_sizes():
    square = Image.new("L", (64, 64), 255)
    with pytest.raises(BadMask, match="64x64 but the picture is 32x16"):
        render.render([Region(kind="image", image="a")], SIZE, images={"a": square})


BAD: dict[str, tuple[Region, str]] = {
    "two points": (
        Region(kind="polygon", points=((1, 2), (3, 4))),
        "regions[0] (polygon) has 2 points: give at least 3, or use brush.",
    ),
    "half a point": (
        Region(kind="brush", points=((1, 2, 3),), width=4),
        "regions[0] (brush) has a point that is not a pair: write points as [[x, y], ...].",
    ),
    "no points": (
        Region(kind="polygon", points=()),
        "regions[0] (polygon) lacks points: add what is missing.",
    ),
    "negative size": (
        Region(kind="rect", x=1, y=2, width=-3, height=4),
        "regions[0] (rect) has a width of -3: give one above 0.",
    ),
    "missing fields": (
        Region(kind="ellipse", x=1, width=3),
        "regions[0] (ellipse) lacks y and height: add what is missing.",
    ),
    "foreign field": (
        Region(kind="rect", x=1, y=2, width=3, height=4, tolerance=9),
        "regions[0] (rect) does not use tolerance: drop it (it belongs to color).",
    ),
    "no colour": (
        Region(kind="color", color="blurple"),
        "regions[0] (color) has the colour 'blurple': write #rrggbb or a CSS name.",
    ),
    "nothing to look for": (
        Region(kind="color"),
        "regions[0] (color) does not name a colour: give color='#rrggbb', or x and y of a "
        "pixel that has it.",
    ),
    "half a place": (
        Region(kind="color", x=3),
        "regions[0] (color) has only one of x and y: give both, or color alone.",
    ),
    "colour outside": (
        Region(kind="color", x=3, y=40),
        "regions[0] (color) takes its colour outside the picture: y must be 0 to 15.",
    ),
    "tolerance": (
        Region(kind="color", color="red", tolerance=300),
        "regions[0] (color) has a tolerance of 300: give 0 to 255.",
    ),
    "far away": (
        Region(kind="rect", x=1e9, y=2, width=3, height=4),
        "regions[0] (rect) reaches 1000000000 pixels: stay near the picture (32x16 pixels; units "
        "are pixel).",
    ),
    "subtract first": (
        Region(kind="rect", op="subtract", x=1, y=2, width=3, height=4),
        "regions[0] (rect) says subtract, but nothing is selected yet: use op add, or put "
        "{kind: 'all'} before it.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_region_is_told_with_its_place_and_its_fix(name: str):
    region, problem = BAD[name]
    assert check([region], SIZE, "pixel") == [problem]


def test_all_problems_are_told_at_once():
    regions = [region for region, _ in BAD.values() if region.op == "add"]
    told_ = check(regions, SIZE, "pixel")
    assert len(told_) == len(regions)
    assert [problem[: problem.index("]") + 1] for problem in told_] == [
        f"regions[{index}]" for index in range(len(regions))
    ]


def test_no_regions_are_a_problem_and_good_ones_are_none():
    assert check([], SIZE, "pixel")[0].startswith("regions is empty")
    assert check([RECT, DOT], SIZE, "pixel") == []
    assert check([Region(kind="color", x=1, y=1.0)], SIZE, "fraction") == []
    assert check([RECT] * 257, SIZE, "pixel") == ["257 regions are too many: give at most 256."]


def test_a_colour_needs_a_picture_to_look_in():
    problems = check([Region(kind="color", color="red")], SIZE, "pixel", image=False)
    assert problems == [
        "regions[0] (color) needs a picture to look in: pass image, not width and height alone."
    ]


# PNG and foreign masks


def read(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@quick
@given(coverages())
def test_the_stored_mask_gives_its_softness_back_exactly(a: Coverage):
    image = read(render.to_png(a))
    assert (image.mode, image.size) == ("RGBA", a.size)
    back, note = render.understand(image)
    assert same(back, a)
    assert note is None


@quick
@given(coverages())
def test_a_mask_is_sent_hard_and_reads_alike_in_both_conventions(a: Coverage):
    image = read(render.sent_png(a))
    edit = render.hard(a).image
    assert image.getchannel("A") == render.inverted(Coverage(edit)).image
    assert {band.tobytes() for band in image.split()[:3]} == {edit.tobytes()}


def test_a_ragged_mask_at_the_largest_size_is_sent_under_4_mb():
    noise = mapped(Image.effect_noise((3840, 2160), 90), where(lambda v: v > 128))
    assert len(render.sent_png(Coverage(noise))) < 4_000_000


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA"])
def test_white_means_edit_in_an_opaque_mask_of_any_mode(mode: str):
    made, note = render.understand(stencil().convert("RGB").convert(mode))
    assert render.describe(made).box == (2, 2, 8, 12)
    assert note == "The mask was read by its brightness: white means edit." or mode == "RGBA"


def test_transparent_means_edit_where_alpha_varies():
    image = Image.new("RGBA", SIZE, (200, 30, 30, 255))
    image.putalpha(render.inverted(Coverage(stencil())).image)
    made, note = render.understand(image)
    assert render.describe(made).box == (2, 2, 8, 12)
    assert note == "The mask was read by its alpha: transparent means edit."


def test_the_noise_of_a_jpeg_is_not_taken_for_coverage():
    out = BytesIO()
    stencil().save(out, "JPEG", quality=60)
    made, _ = render.understand(read(out.getvalue()))
    share = render.describe(made).share
    assert abs(share - 96 / 512) < 0.05


@pytest.mark.parametrize(("level", "share", "word"), [(0, 0, "black"), (255, 1, "white")])
def test_a_mask_of_one_value_is_said(level: int, share: float, word: str):
    made, note = render.understand(Image.new("L", SIZE, level))
    assert render.describe(made).share == share
    assert note is not None
    assert note.startswith(f"The mask is {word} all over.")


def test_a_wholly_transparent_mask_selects_everything():
    made, _ = render.understand(Image.new("RGBA", SIZE, (9, 9, 9, 0)))
    assert render.describe(made).share == 1


def photograph() -> Image.Image:
    grey = Image.linear_gradient("L").crop((0, 60, 200, 200))
    return Image.merge("RGB", (grey, grey.rotate(180), grey))


def test_a_photograph_given_as_a_mask_is_refused_with_the_next_call():
    with pytest.raises(BadMask, match=r"looks like a picture.*make_mask"):
        render.understand(photograph())
    red = Image.new("RGB", SIZE)
    red.paste((255, 0, 0), (0, 0, 8, 8))
    with pytest.raises(BadMask, match="coloured"):
        render.understand(red)


def test_brightness_is_believed_when_the_caller_says_so():
    made, _ = render.understand(photograph(), "white")
    assert render.is_soft(made)


def test_an_opaque_mask_said_to_be_transparent_is_refused():
    with pytest.raises(BadMask, match="no transparent pixels"):
        render.understand(stencil(), "transparent")


def test_a_hard_mask_scaled_stays_hard_and_loses_no_hair():
    hair = render.render([Region(kind="rect", x=0, y=7, width=32, height=1)], SIZE)
    small = render.scale(hair, (8, 4))
    assert not render.is_soft(small)
    assert render.describe(small).box == (0, 1, 8, 1)
    line = render.render([Region(kind="rect", x=8, y=0, width=1, height=1)], (17, 1))
    assert render.describe(render.scale(line, (10, 1))).share > 0  # on the edge of two cells
    assert render.is_soft(render.scale(IMAGES["feathered"], (64, 32)))


# the picture for people


def laid_over(image: Image.Image, coverage: Coverage, grid: Units | None = None) -> Image.Image:
    return render.overlay(image, coverage, view_of(coverage.size, 768), grid=grid)


def test_the_overlay_reddens_the_region_rims_it_and_leaves_the_rest():
    image = Image.new("RGB", (200, 100), (90, 140, 90))
    ring = render.render([Region(kind="rect", x=50, y=20, width=100, height=60)], (200, 100))
    shown = laid_over(image, ring)
    assert shown.getpixel((10, 10)) == (90, 140, 90)
    assert shown.getpixel((49, 50)) == (0, 0, 0)
    assert shown.getpixel((50, 50)) == (255, 255, 255)
    red, green, blue = shown.split()
    inside = [band.getpixel((100, 50)) for band in (red, green, blue)]
    assert inside == [164, 91, 64]


@pytest.mark.parametrize("ground", [(255, 32, 32), (255, 255, 255), (0, 0, 0), (128, 128, 128)])
def test_the_region_is_seen_on_any_ground(ground: tuple[int, int, int]):
    image = Image.new("RGB", (200, 100), ground)
    region = Region(kind="rect", x=50, y=20, width=100, height=60)
    shown = laid_over(image, render.render([region], (200, 100)))
    inside = ImageChops.difference(shown, image).crop((54, 24, 146, 76)).convert("L")
    seen = mapped(inside, [255 * (v > 60) for v in range(256)]).histogram()[255]
    assert seen > 0.06 * 92 * 52
    assert ImageChops.difference(shown, image).crop((0, 0, 48, 100)).getbbox() is None


def test_the_overlay_fits_its_edge_and_takes_transparent_pictures():
    image = Image.new("RGBA", (1600, 400), (0, 0, 0, 0))
    whole = render.blank(image.size, 255)
    shown = laid_over(image, whole, grid="permille")
    assert (shown.mode, shown.size) == ("RGB", (768, 192))
    tiny = laid_over(Image.new("L", (3, 2)), render.blank((3, 2)), grid="permille")
    assert tiny.size == (3, 2)

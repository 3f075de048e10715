"""make_mask through the real client, in both protocol revisions: saying which part."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Connect
from retouching import CAT, LEFT_EYE, apart, at, edited, kept_by, mask, opened, preview, recipe
from unit import hostile
from words import draw, images_of, parents, refusal, text_of


@pytest.fixture
def cat(workspace: Path) -> str:
    (workspace / "cat.png").write_bytes(CAT.read_bytes())
    return "cat.png"


def edits(image: dict[str, Any], x: int, y: int) -> bool:
    """Whether a stored mask gives this pixel away."""
    alpha = at(opened(image), x, y)[3]
    assert alpha in {0, 255}
    return alpha == 0


async def test_a_mask_is_shown_in_red_with_its_share_and_its_box(
    connect: Connect, cat: str
) -> None:
    async with connect() as client:
        arguments = {"image": cat, "regions": [LEFT_EYE]}
        result = await client.call_tool("make_mask", arguments)
    image, words = images_of(result)[0], text_of(result)
    shown, plain = preview(result), opened(CAT)
    red, was = at(shown, 172, 116), at(plain, 172, 116)
    assert red[0] > was[0] + 60
    assert red[0] > 2 * red[1]
    far = Image.new("L", plain.size)
    far.paste(255, (240, 0, 451, 300))
    assert apart(shown, plain, far) < 40  # a JPEG of the very picture
    assert result.structured_content
    told = result.structured_content["mask"]
    assert told["box"] == [132, 82, 80, 68]
    assert told["share"] == pytest.approx(3.14159 * 40 * 34 / (451 * 300), rel=0.02)
    for said in ("red", str(told["share"]), "[132, 82, 80, 68]"):
        assert said in words
    file = opened(image)
    assert (file.mode, file.size, file.format) == ("RGBA", (451, 300), None)
    assert kept_by(file).histogram()[0] == round(told["share"] * 451 * 300)
    assert image["bytes"] < 4_000_000
    assert len(result.model_dump_json(by_alias=True)) < 60_000


KINDS: dict[str, tuple[list[dict[str, Any]], list[tuple[int, int]], list[tuple[int, int]]]] = {
    # name: (regions, pixels to edit, pixels to keep)
    "rect": (
        [{"kind": "rect", "x": 10, "y": 20, "width": 30, "height": 40}],
        [(10, 20), (39, 59)],
        [(9, 20), (40, 59), (39, 60)],
    ),
    "ellipse": ([LEFT_EYE], [(172, 116), (134, 116)], [(133, 83), (211, 149)]),
    "polygon": (
        [{"kind": "polygon", "points": [[0, 0], [100, 0], [0, 100]]}],
        [(0, 0), (40, 40)],
        [(60, 60), (99, 99)],
    ),
    "brush": (
        [{"kind": "brush", "points": [[50, 50], [150, 50]], "width": 20}],
        [(50, 41), (150, 59), (100, 50)],
        [(100, 38), (100, 62), (20, 50)],
    ),
    "color": (
        [{"kind": "color", "x": 263, "y": 243, "tolerance": 60}],
        [(263, 243)],
        [(172, 116), (440, 20)],
    ),
    "color by name": (
        [{"kind": "color", "color": "#a8a020", "tolerance": 70, "contiguous": False}],
        [(160, 130)],
        [(420, 40)],
    ),
    "all": ([{"kind": "all"}], [(0, 0), (450, 299)], []),
    "subtract": (
        [LEFT_EYE, {"kind": "brush", "op": "subtract", "points": [[172, 116]], "width": 30}],
        [(140, 116)],
        [(172, 116)],
    ),
    "intersect": (
        [{"kind": "all"}, {**LEFT_EYE, "op": "intersect"}],
        [(172, 116)],
        [(10, 10)],
    ),
}


async def test_every_kind_and_operation_selects_what_it_says(connect: Connect, cat: str) -> None:
    async with connect() as client:
        for name, (regions, inside, outside) in KINDS.items():
            image = await mask(client, cat, *regions)
            assert all(edits(image, *place) for place in inside), name
            assert not any(edits(image, *place) for place in outside), name


async def test_a_mask_is_grown_shrunk_feathered_and_inverted(connect: Connect, cat: str) -> None:
    square = {"kind": "rect", "x": 100, "y": 100, "width": 60, "height": 60}
    async with connect() as client:
        grown = await mask(client, cat, square, grow=10)
        shrunk = await mask(client, cat, square, shrink=10)
        inverted = await mask(client, cat, square, invert=True)
        soft = await mask(client, cat, square, feather=12)
    assert [edits(grown, x, 130) for x in (89, 90)] == [False, True]
    assert [edits(shrunk, x, 130) for x in (109, 110)] == [False, True]
    assert [edits(inverted, x, 130) for x in (99, 100)] == [True, False]
    assert [edits(soft, x, 130) for x in (99, 100)] == [False, True]  # inwards only
    levels = [at(opened(soft), x, 130)[0] for x in (100, 104, 108, 130)]
    assert levels == sorted(levels)
    assert levels[0] < 128 < levels[-1] == 255


async def test_the_same_place_can_be_said_in_three_units(connect: Connect) -> None:
    places = {
        "pixel": (100, 100, 200, 50),
        "fraction": (0.25, 0.5, 0.5, 0.25),
        "permille": (250, 500, 500, 250),
    }
    made: set[bytes] = set()
    async with connect() as client:
        for units, (x, y, width, height) in places.items():
            region = {"kind": "rect", "x": x, "y": y, "width": width, "height": height}
            image = await mask(client, None, region, units=units, width=400, height=200)
            made.add(Path(image["path"]).read_bytes())
    assert len(made) == 1
    assert opened(made.pop()).size == (400, 200)


async def test_a_grid_is_drawn_on_the_reply_and_not_on_the_mask(connect: Connect, cat: str) -> None:
    async with connect() as client:
        arguments = {"image": cat, "regions": [LEFT_EYE]}
        plain = await client.call_tool("make_mask", arguments)
        lined = await client.call_tool("make_mask", {**arguments, "grid": True})
    kept = Image.new("L", (451, 300), 255)
    assert apart(preview(plain), preview(lined), kept) > 60
    files = [Path(images_of(result)[0]["path"]).read_bytes() for result in (plain, lined)]
    assert files[0] == files[1]


async def test_numbers_of_a_grid_given_as_pixels_get_a_hint(connect: Connect, cat: str) -> None:
    region = {"kind": "rect", "x": 100, "y": 200, "width": 300, "height": 150}
    async with connect() as client:
        hints = [
            text_of(await client.call_tool("make_mask", {"regions": [one], **more}))
            for one, more in (
                (region, {"width": 3000, "height": 2000}),
                (region, {"width": 3000, "height": 2000, "units": "permille"}),
                (region, {"width": 900, "height": 700}),
                ({**region, "x": 2600}, {"width": 3000, "height": 2000}),
            )
        ]
    assert ['units="permille"' in words for words in hints] == [True, False, False, False]


async def test_a_grid_can_be_seen_before_anything_is_selected(connect: Connect, cat: str) -> None:
    async with connect() as client:
        plain = await client.call_tool("get_image", {"image": cat, "crop": [0, 0, 451, 300]})
        result = await client.call_tool(
            "make_mask", {"image": cat, "grid": True, "units": "permille"}
        )
        listed = images_of(await client.call_tool("recent_images", {}))
    kept = Image.new("L", preview(plain).size, 255)
    assert apart(preview(plain), preview(result), kept) > 60
    assert 'units="permille"' in text_of(result)
    assert "Nothing is selected yet" in text_of(result)
    assert result.structured_content
    assert "mask" not in result.structured_content
    assert listed == []


async def test_what_selects_nothing_everything_or_leaves_the_picture_is_said(
    connect: Connect, cat: str
) -> None:
    async with connect() as client:

        async def said(*regions: Any, **more: Any) -> str:
            arguments = {"image": cat, "regions": list(regions), **more}
            return text_of(await client.call_tool("make_mask", arguments))

        nothing = await said(LEFT_EYE, {"kind": "all", "op": "subtract"})
        everything = await said({"kind": "all"})
        clipped = await said({"kind": "rect", "x": -50, "y": 200, "width": 100, "height": 900})
        away = await said({"kind": "rect", "x": 900, "y": 900, "width": 5, "height": 5})
        colourless = await said({"kind": "color", "color": "#00ff00", "tolerance": 3})
    assert "selects nothing" in nothing
    assert "share 0.0" in nothing
    assert "selects everything" in everything
    assert "regions[0] was clipped to the picture" in clipped
    assert "regions[0] lies wholly outside the picture, which is 451x300" in away
    assert "selects nothing" in away
    assert "regions[0] found nothing of that colour: raise tolerance" in colourless


async def test_regions_and_images_may_come_as_json_text_as_some_hosts_send_them(
    connect: Connect, cat: str
) -> None:
    async with connect() as client:
        arguments = {"image": cat, "regions": json.dumps([LEFT_EYE])}
        result = await client.call_tool("make_mask", arguments)
        image = images_of(result)[0]
        assert edits(image, 172, 116)
        changed = await edited(client, json.dumps([cat]), mask=image["uri"])
    assert changed["outside"]["largest_difference"] == 0


async def test_a_mask_has_lineage_and_a_recipe_that_makes_it_again(
    connect: Connect, cat: str, workspace: Path
) -> None:
    stencil = Image.new("L", (451, 300))
    stencil.paste(255, (150, 90, 250, 190))
    stencil.save(workspace / "stencil.png")
    async with connect() as client:
        drawn = await draw(client, size="451x300")
        black = {"kind": "image", "image": "stencil.png", "edit": "black", "op": "subtract"}
        image = await mask(client, "latest", {"kind": "all"}, black, feather=3)
        newest = images_of(await client.call_tool("get_image", {"image": "latest"}))[0]
        assert newest["id"] == drawn["id"], "a mask is nobody's latest picture"
        steps = await recipe(client, image)
        (workspace / "stencil.png").unlink()  # what it was made of is kept
        await draw(client, "another", size="64x64")  # and latest means something else now
        again = images_of(await client.call_tool(steps["tool"], steps["arguments"]))[0]
        listed = images_of(await client.call_tool("recent_images", {"kind": "mask"}))
    assert parents(image, "mask for") == [drawn["uri"]]
    assert len(parents(image, "region from")) == 1
    assert "-mask-" in image["path"]
    assert {one["uri"] for one in steps["ancestors"]} == set(parents(image))
    assert Path(again["path"]).read_bytes() == Path(image["path"]).read_bytes()
    assert [one["id"] for one in listed] == [again["id"], image["id"]]


async def test_any_picture_of_a_mask_can_be_a_region(connect: Connect, workspace: Path) -> None:
    stencil = Image.new("RGB", (200, 100), "black")
    stencil.paste("white", (50, 0, 150, 100))
    stencil.save(workspace / "white.jpg", quality=60)
    clear = stencil.convert("RGBA")
    alpha = Image.new("L", (200, 100), 255)
    alpha.paste(0, (0, 0, 20, 20))
    clear.putalpha(alpha)
    clear.save(workspace / "clear.png")
    async with connect() as client:
        canvas = {"width": 400, "height": 200}
        arguments = {"regions": [{"kind": "image", "image": "white.jpg"}], **canvas}
        white = await client.call_tool("make_mask", arguments)
        black = await mask(
            client, None, {"kind": "image", "image": "white.jpg", "edit": "black"}, **canvas
        )
        by_alpha = await mask(client, None, {"kind": "image", "image": "clear.png"}, **canvas)
    assert "read by its brightness: white means edit" in text_of(white)
    assert "was scaled from 200x100" in text_of(white)
    assert edits(images_of(white)[0], 200, 100)
    assert not edits(images_of(white)[0], 20, 20)
    assert not edits(black, 200, 100)
    assert edits(black, 20, 20)
    assert edits(by_alpha, 10, 10)
    assert not edits(by_alpha, 200, 100)


async def test_a_mask_of_a_sideways_photograph_is_drawn_upright(
    connect: Connect, workspace: Path
) -> None:
    (workspace / "phone.jpg").write_bytes(hostile.sideways())  # stored 80x40, seen as 40x80
    async with connect() as client:
        red = {"kind": "color", "x": 2, "y": 2, "tolerance": 40}
        image = await mask(client, "phone.jpg", red)
    assert (image["width"], image["height"]) == (40, 80)
    assert edits(image, 3, 10)
    assert not edits(image, 30, 70)


async def test_an_animation_gives_its_first_frame_and_says_so(
    connect: Connect, workspace: Path
) -> None:
    (workspace / "moves.gif").write_bytes(hostile.animated("GIF", 7, 40))
    async with connect() as client:
        arguments = {"image": "moves.gif", "regions": [{"kind": "color", "x": 3, "y": 3}]}
        result = await client.call_tool("make_mask", arguments)
    assert "first of 7 frames" in text_of(result)


async def test_a_mask_is_always_looked_at_over_its_picture(connect: Connect, cat: str) -> None:
    async with connect(AQUATINT_PREVIEW="200") as client:
        result = await client.call_tool("make_mask", {"image": cat, "regions": [LEFT_EYE]})
        found = await client.call_tool("get_image", {"image": images_of(result)[0]["id"]})
        whole = {"image": images_of(result)[0]["id"], "reply": "full"}
        file = await client.call_tool("get_image", whole)
    assert (preview(result).width, preview(found).width) == (200, 451)
    for reply in (result, found):
        small = preview(reply).resize((451, 300))  # pyright: ignore[reportUnknownMemberType] numpy is not installed
        red, fur = at(small, 172, 116), at(small, 270, 45)
        assert red[0] > 2 * red[1]
        assert 60 < fur[1] < 200
    data = next(block for block in file.content if block.type == "image").data
    assert base64.b64decode(data) == Path(images_of(result)[0]["path"]).read_bytes()


# What is wrong: regions or other arguments; the words that the error must say.
BAD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"regions": []}, ("regions is empty", "give at least one")),
    (
        {"regions": [{"kind": "polygon", "points": [[1, 1], [9, 9]]}]},
        ("regions[0] (polygon)", "2 points", "at least 3"),
    ),
    (
        {"regions": [{"kind": "rect", "x": 1, "y": 1, "width": -5, "height": 5}]},
        ("width of -5", "above 0"),
    ),
    ({"regions": [{"kind": "color", "color": "blurple"}]}, ("'blurple'", "#rrggbb")),
    ({"regions": [{"kind": "color"}]}, ("does not name a colour", "color='#rrggbb'")),
    ({"regions": [{"kind": "color", "x": 900, "y": 1}]}, ("outside the picture", "0 to 450")),
    ({"regions": [{"kind": "rect", "x": 1, "y": 1}]}, ("lacks width and height",)),
    ({"regions": [{"kind": "rect", "x": 1, "points": [[1, 1]]}]}, ("does not use points",)),
    ({"regions": [{"kind": "blob"}]}, ("regions[0].kind", "'rect'")),
    (
        {"regions": [{"kind": "color", "colr": "red"}]},
        ("regions[0].colr", "takes op, color, x, y", "mean 'color'"),
    ),
    (
        {"regions": [{"kind": "ellipse", "breadth": 3}]},
        ("regions[0].breadth", "'ellipse' takes op, x, y, width, height, angle"),
    ),
    (
        {"regions": [{"kind": "rectangle", "breadth": 3}]},  # a kind by another name
        ("regions[0].breadth", "'rect' takes op, x, y, width, height, angle"),
    ),
    ({"regions": [{"kind": "ellipse", "radius": 3}]}, ("regions[0] (circle) lacks x and y",)),
    ({"regions": [{"kind": "circle", "x": 9, "y": 9, "radius": -1}]}, ("radius of -1",)),
    ({"regions": [{"kind": "circle", "x": 9, "y": 9}]}, ("(circle) lacks radius",)),
    ({"regions": [{"kind": "all", "radius": 9}]}, ("does not use radius", "belongs to circle")),
    ({"regions": [{"kind": "rect", "box": [1, 2, 3]}]}, ("regions[0].box", "'rect' takes op, x")),
    (
        {"regions": [{"kind": "polygon", "points": ["a", "b"]}]},
        ("regions[0].points[0]: write points as [[x, y], ...]",),
    ),
    ({"regions": [{"kind": "polygon", "points": [1, 2, 3, 4]}]}, ("has 2 points", "at least 3")),
    ({"regions": [{"kind": "polygon", "points": [1, 2, 3]}]}, ("[[x, y], ...]",)),
    ({"regions": [{"kind": "brush", "points": 7, "width": 3}]}, ("[[x, y], ...]",)),
    ({"regions": '[{"kind": "all", "breadth": 3}]'}, ("regions[0].breadth", "'all' takes op.")),
    ({"regions": [{"kind": ["all"], "breadth": 3}]}, ("regions[0].breadth does not exist",)),
    ({"regions": [{"kind": "all"}], "smooth": -1}, ("smooth: -1", "0 to 1000")),
    ({"regions": "the sky"}, ("regions must be a list",)),
    ({"regions": ["the sky"]}, ("regions[0] must be an object like {kind: 'rect'",)),
    ({"regions": [{"x": 3}]}, ("regions[0].kind is required", "rect, ellipse, circle, polygon")),
    ({"regions": [{"kind": "all", "op": "subtract"}]}, ("nothing is selected yet", "op add")),
    ({"regions": [{"kind": "all"}], "grow": -3}, ("grow: -3", "0 to 1000")),
    ({"regions": [{"kind": "all"}], "feather": 5000}, ("feather", "0 to 1000")),
    ({"regions": [{"kind": "all"}], "units": "percent"}, ("units", "permille")),
    ({"regions": [{"kind": "all"}], "width": 400, "height": 300}, ("451x300", "width")),
    ({"regions": [{"kind": "image", "image": "cat.png"}]}, ("like a picture, not like a mask",)),
    ({"regions": [{"kind": "image", "image": "aaaaaaaaaaaaaaaa"}]}, ("recent_images",)),
    (
        {"regions": [{"kind": "all"}], "image": "cat2.png"},
        ("cat2.png", "Near names there: cat.png"),
    ),
    ({"regions": [{"kind": "all"}], "image": "attachment://1"}, ("aquatint add", "path")),
    ({"regions": [{"kind": "all"}], "image": None}, ("needs a picture, or a size", "width")),
    (
        {"regions": [{"kind": "all"}], "image": None, "width": -4, "height": 9},
        ("-4x9 is not a canvas", "1 to 16,384"),
    ),
    (
        {"regions": [{"kind": "all"}], "image": None, "width": 16_000, "height": 16_000},
        ("not a canvas", "50,000,000"),
    ),
    (
        {"regions": [{"kind": "color", "x": 1, "y": 1}], "image": None, "width": 9, "height": 9},
        ("needs a picture to look in", "image"),
    ),
]


async def test_bad_regions_are_told_with_their_fix_and_nothing_is_stored(
    connect: Connect, cat: str, home: Path
) -> None:
    async with connect() as client:
        for arguments, words in BAD:
            told = await refusal(client, "make_mask", **{"image": cat, **arguments})
            for word in words:
                assert word in told, arguments
            assert "Extra inputs" not in told
            assert "valid tuple" not in told
        all_at_once = [{"kind": "rect", "x": 1}, {"kind": "color", "color": "?"}]
        told = await refusal(client, "make_mask", image=cat, regions=all_at_once, grow=-1)
        assert all(word in told for word in ("regions[0]", "regions[1]", "grow"))
    assert not list(home.glob("2*"))

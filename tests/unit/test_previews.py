"""Small pictures for replies: they fit, they look like the picture, broken ones do no harm."""

from __future__ import annotations

from io import BytesIO
from typing import cast

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from aquatint.domain.errors import BadImage, BadRequest
from aquatint.imaging.contact_sheet import contact_sheet
from aquatint.imaging.decode import open_upright
from aquatint.imaging.previews import Preview, full_within, preview, preview_of
from unit import hostile
from unit.hostile import cutout, photo, saved

NOISE = Image.effect_noise((600, 400), 90).convert("RGB")


def opened(small: Preview) -> Image.Image:
    image = Image.open(BytesIO(small.data))
    assert image.size == (small.width, small.height)
    assert Image.MIME[cast("str", image.format)] == small.mime
    return image


def unlike(a: Image.Image, b: Image.Image) -> float:
    difference = ImageChops.difference(a.convert("RGB"), b.convert("RGB"))
    return max(ImageStat.Stat(difference).mean)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
@pytest.mark.parametrize("size", [(1000, 500), (500, 1000)])
def test_a_preview_has_the_shape_of_its_picture(name: str, size: tuple[int, int]) -> None:
    image = photo(*size)
    small = preview(saved(image, name), edge=200)
    assert small.mime == "image/jpeg"
    assert max(opened(small).size) == 200
    assert unlike(opened(small), ImageOps.fit(image, opened(small).size)) < 8


def test_a_preview_is_never_enlarged() -> None:
    small = preview(saved(photo(30, 20), "PNG"))
    assert (small.width, small.height) == (30, 20)


@pytest.mark.parametrize("budget", [42_000, 12_000, 3_000, 1_500])
@pytest.mark.parametrize("alpha", [False, True])
def test_a_preview_fits_its_budget_even_of_noise(budget: int, alpha: bool) -> None:
    image = NOISE.convert("RGBA") if alpha else NOISE.copy()
    if alpha:
        image.putalpha(ImageOps.fit(Image.radial_gradient("L"), image.size))
    small = preview(saved(image, "PNG"), budget=budget)
    assert len(small.data) <= budget
    assert small.mime == ("image/webp" if alpha else "image/jpeg")
    assert opened(small).width / small.height == pytest.approx(1.5, abs=0.05)


def test_an_impossible_budget_gives_the_smallest_preview_there_is() -> None:
    small = preview(saved(NOISE, "PNG"), budget=10)
    assert max(small.width, small.height) == 48


def test_transparency_stays_and_flat_pictures_are_exact() -> None:
    icon = Image.new("RGBA", (64, 64))
    icon.paste((200, 30, 60, 255), (16, 16, 48, 48))
    small = preview(saved(icon, "PNG"))
    assert small.mime == "image/png"
    assert opened(small).convert("RGBA").tobytes() == icon.tobytes()


def test_an_alpha_channel_that_hides_nothing_is_no_reason_for_webp() -> None:
    assert preview(saved(photo(mode="RGBA"), "PNG")).mime == "image/jpeg"


def test_transparent_colours_do_not_bleed_when_made_smaller() -> None:
    image = Image.new("RGBA", (400, 400), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (100, 100, 300, 300))
    small = opened(preview(saved(image, "PNG"), edge=77)).convert("RGBA")
    shown = [pixel for pixel in _pixels(small) if pixel[3] > 16]
    assert shown
    assert max(pixel[1] for pixel in shown) < 40


def _pixels(image: Image.Image) -> list[tuple[int, ...]]:
    raw = image.tobytes()
    return [tuple(raw[at : at + 4]) for at in range(0, len(raw), 4)]


def test_a_preview_is_upright_and_in_srgb() -> None:
    small = preview(hostile.sideways())
    assert (small.width, small.height) == (40, 80)
    swapped = saved(
        Image.new("RGB", (40, 40), (255, 0, 0)), "PNG", icc_profile=hostile.swapped_profile()
    )
    red, green, _ = cast("tuple[int, ...]", opened(preview(swapped)).getpixel((20, 20)))
    assert green > 240
    assert red < 20
    assert "icc_profile" not in opened(preview(swapped)).info


def test_a_preview_of_an_animation_is_its_first_frame() -> None:
    small = opened(preview(hostile.animated("WEBP", 5, 32)))
    assert small.size == (32, 32)
    assert not getattr(small, "is_animated", False)


def test_what_is_decoded_already_needs_no_second_decoding() -> None:
    data = saved(photo(300, 200), "PNG")
    assert preview_of(open_upright(data), edge=100) == preview(data, edge=100)


def test_a_preview_says_nothing_but_pixels() -> None:
    for name in ("PNG", "JPEG", "WEBP"):
        small = preview(hostile.private(name))
        assert not {"exif", "xmp", "comment", "icc_profile"} & opened(small).info.keys()
        assert hostile.COMMENT_SECRET not in small.data


def test_no_preview_of_what_is_no_picture() -> None:
    for data in (b"<svg/>", b"", b"hello"):
        with pytest.raises(BadImage):
            preview(data)


def test_the_file_itself_is_given_whole_when_it_fits() -> None:
    for name in ("PNG", "JPEG", "WEBP", "GIF"):
        data = saved(photo(), name)
        assert full_within(data, len(data)) == (data, f"image/{name.lower()}", True)


@pytest.mark.parametrize("share", [0.9, 0.3, 0.05])
def test_what_does_not_fit_is_the_largest_that_does(share: float) -> None:
    data = saved(NOISE, "PNG")
    budget = int(len(data) * share)
    small, mime, exact = full_within(data, budget)
    assert (mime, exact) == ("image/jpeg", False)
    assert 0.6 * budget < len(small) <= budget or Image.open(BytesIO(small)).size == NOISE.size


def test_a_format_that_hosts_cannot_show_is_converted() -> None:
    for name in ("TIFF", "BMP", "AVIF"):
        small, mime, exact = full_within(saved(photo(), name), 1_000_000)
        assert (sniffed(small), mime, exact) == ("JPEG", "image/jpeg", False)


def sniffed(data: bytes) -> str | None:
    return Image.open(BytesIO(data)).format


@pytest.mark.parametrize("count", [1, 2, 3, 7, 24, 60])
def test_a_sheet_shows_every_picture_within_its_limits(count: int) -> None:
    items = [
        (str(i), saved(Image.new("RGB", (320, 240), (0, 9 + 4 * i, 200)), "PNG"))
        for i in range(count)
    ]
    small = contact_sheet(items)
    sheet = opened(small).convert("RGB")
    assert max(sheet.size) <= 1024
    assert len(small.data) <= 120_000
    greens = {g for _, (r, g, b) in _colours(sheet) if r < 30 and b > 170}
    for i in range(count):
        assert any(abs(g - (9 + 4 * i)) <= 2 for g in greens), i


def _colours(image: Image.Image) -> list[tuple[int, tuple[int, int, int]]]:
    return cast("list[tuple[int, tuple[int, int, int]]]", image.getcolors(1 << 24))


def test_cells_take_the_shape_of_the_pictures() -> None:
    wide = contact_sheet([("", saved(photo(1600, 900), "JPEG"))] * 4)
    tall = contact_sheet([("", saved(photo(900, 1600), "JPEG"))] * 4)
    assert wide.width > 1.5 * wide.height
    assert tall.height > 1.5 * tall.width


def test_a_broken_picture_leaves_its_cell_blank_and_the_rest_in_place() -> None:
    blue = saved(Image.new("RGB", (200, 200), (0, 0, 255)), "PNG")
    items = [("a", blue), ("img-broken", b"not a picture"), ("c", blue), ("d", blue)]
    sheet = opened(contact_sheet(items, budget=500_000)).convert("RGB")
    halves = sheet.width // 2, sheet.height // 2
    middle = [
        cast("tuple[int, ...]", sheet.getpixel((x + halves[0] // 4, y + halves[1] // 4)))
        for y in (0, halves[1])
        for x in (0, halves[0])
    ]
    assert [pixel[2] - pixel[0] > 200 for pixel in middle] == [True, False, True, True]
    blank = sheet.crop((halves[0], halves[1] // 3, sheet.width, 2 * halves[1] // 3))
    assert cast("tuple[tuple[int, int], ...]", blank.getextrema())[0][0] < 90  # its label in ink


def test_a_checkerboard_shows_through_what_is_transparent() -> None:
    sheet = opened(contact_sheet([("a", saved(cutout(400, 400), "PNG"))], budget=500_000))
    hole = sheet.convert("L").crop((180, 180, 230, 230))
    low, high = cast("tuple[int, int]", hole.getextrema())
    assert low < 225 < 250 < high


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
def test_a_number_reads_on_any_picture(colour: tuple[int, int, int]) -> None:
    data = saved(Image.new("RGB", (300, 300), colour), "PNG")
    sheet = opened(contact_sheet([("a", data)], budget=500_000)).convert("L")
    badge = sheet.crop((14, 14, 46, 50))
    low, high = cast("tuple[int, int]", badge.getextrema())
    assert low < 40
    assert high > 200


@pytest.mark.parametrize("count", [0, 61])
def test_a_sheet_of_none_or_too_many_is_refused(count: int) -> None:
    with pytest.raises(BadRequest, match="1 to 60"):
        contact_sheet([("a", b"")] * count)

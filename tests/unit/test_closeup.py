"""Close-ups: the right part, enlarged so that it can be judged, and a grid whose numbers hold."""

from __future__ import annotations

from io import BytesIO
from typing import cast

import pytest
from PIL import Image, ImageDraw

from aquatint.domain.types import Units
from aquatint.imaging.closeup import CloseUp, Showing, close_up, covered, mask_close_up
from aquatint.imaging.grid import marks_of
from aquatint.imaging.limits import MAX_PIXELS
from aquatint.imaging.masks import render
from aquatint.imaging.masks.coverage import Coverage
from aquatint.imaging.view import SQUARES, view_of
from unit import hostile

BUDGET = 400_000


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def board(size: tuple[int, int], square: int) -> Image.Image:
    """A field whose colour names its place: red across, green down, blue by turns."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for y in range(0, size[1], square):
        for x in range(0, size[0], square):
            colour = (x * 255 // size[0], y * 255 // size[1], (x + y) // square % 2 * 200)
            draw.rectangle((x, y, x + square - 1, y + square - 1), fill=colour)
    return image


def seen(shown: CloseUp) -> Image.Image:
    image = Image.open(BytesIO(shown.look.data)).convert("RGB")
    assert image.size == (shown.look.width, shown.look.height)
    return image


def look(image: Image.Image, **asked: object) -> Image.Image:
    showing = Showing(**{"edge": 768, "budget": BUDGET, **asked})  # type: ignore[arg-type]
    return seen(close_up(encoded(image), showing, MAX_PIXELS))


def near(a: object, b: object, levels: int = 12) -> bool:
    pairs = zip(cast("tuple[int, ...]", a), cast("tuple[int, ...]", b), strict=True)
    return all(abs(x - y) <= levels for x, y in pairs)


def test_single_pixels_become_squares_of_one_size_and_keep_their_exact_colours():
    image = board((300, 200), 1)
    shown = look(image, box=(100, 50, 150, 90))
    assert shown.size == (750, 600)  # 15 times, since 768 is no whole multiple of 50
    for x, y in ((0, 0), (7, 11), (49, 39)):
        square = shown.crop((15 * x, 15 * y, 15 * x + 15, 15 * y + 15))
        assert square.getcolors() == [(225, image.getpixel((100 + x, 50 + y)))]


def test_a_larger_part_is_enlarged_smoothly_to_the_edge():
    image = Image.new("RGB", (400, 400), (0, 0, 0))
    image.paste((255, 255, 255), (200, 0, 400, 400))
    shown = look(image, box=(100, 100, 300, 250))
    assert shown.size == (768, 576)
    levels = [shown.convert("L").getpixel((x, 300)) for x in (20, 384, 740)]
    assert levels[0] < 5 < 90 < levels[1] < 170 < 250 < levels[2]  # type: ignore[operator]


def test_what_is_larger_than_the_edge_is_shrunk_and_the_place_is_right():
    image = board((3000, 2000), 100)
    shown = look(image, box=(1000, 500, 2600, 1500))
    assert shown.size == (768, 480)
    for x, y in ((1050, 550), (1850, 1050), (2550, 1450)):
        at = round((x - 1000) * 0.48), round((y - 500) * 0.48)
        assert near(shown.getpixel(at), image.getpixel((x, y)))


def test_a_jpeg_is_decoded_no_larger_than_needed_and_shows_the_same_place():
    image = board((4000, 3000), 200)
    data = encoded(image, "JPEG", quality=95, subsampling=0)
    showing = Showing(512, BUDGET, box=(400, 600, 3600, 2800))
    assert view_of(image.size, 512, showing.box).near == 1280
    shown = seen(close_up(data, showing, MAX_PIXELS))
    assert shown.size == (512, 352)
    for x, y in ((500, 700), (1900, 1700), (3500, 2700)):
        at = round((x - 400) * 0.16), round((y - 600) * 0.16)
        assert near(shown.getpixel(at), image.getpixel((x, y)), 20)


def test_a_turned_photograph_is_cropped_as_it_is_seen():
    image = board((600, 400), 20)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: 400x600 as a person sees it
    showing = Showing(768, BUDGET, box=(300, 100, 360, 160))
    shown = seen(close_up(encoded(image, exif=exif), showing, MAX_PIXELS))
    turned = image.transpose(Image.Transpose.ROTATE_270)
    assert shown.getpixel((6, 6)) == turned.getpixel((300, 100))
    assert shown.getpixel((700, 700)) == turned.getpixel((358, 158))


def test_a_whole_picture_is_enlarged_for_its_grid_alone():
    icon = board((32, 32), 4)
    assert look(icon).size == (32, 32)
    assert look(icon, grid="pixel").size == (768, 768)


def test_what_is_transparent_lies_on_grey_squares():
    shown = look(Image.new("RGBA", (100, 100), (255, 0, 0, 0)), box=(0, 0, 90, 90))
    assert {colour for _, colour in shown.getcolors() or []} == {(104,) * 3, (152,) * 3}


def test_colours_of_another_space_are_shown_as_they_look():
    image = Image.new("RGB", (40, 40), (255, 0, 0))
    data = encoded(image, icc_profile=hostile.swapped_profile())
    shown = seen(close_up(data, Showing(400, BUDGET, box=(0, 0, 40, 40)), MAX_PIXELS))
    assert near(shown.getpixel((5, 5)), (0, 255, 0), 40)  # its profile calls green what is red


def test_squares_that_do_not_fit_the_budget_are_a_smaller_lossy_picture():
    dice = Image.effect_noise((96, 96), 120).convert("RGB")
    close = close_up(encoded(dice), Showing(768, 9_000, box=(0, 0, 96, 96)), MAX_PIXELS)
    assert len(close.look.data) <= 9_000
    assert close.look.mime == "image/jpeg"
    assert close.view.scale == SQUARES


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (128, 128, 128), (255, 32, 32)])
def test_lines_and_labels_of_the_grid_are_seen_on_any_ground(ground: tuple[int, int, int]):
    shown = look(Image.new("RGB", (800, 600), ground), grid="pixel", edge=800)
    line = [shown.getpixel((x, 333)) for x in (100, 101)]
    assert any(not near(pixel, ground, 40) for pixel in line)
    assert near(shown.getpixel((150, 333)), ground, 6)
    label = shown.crop((90, 2, 112, 14)).convert("L").getextrema()
    assert label[1] - label[0] > 120  # type: ignore[operator]


def test_the_lines_of_a_part_lie_where_the_whole_picture_counts_them():
    plain = Image.new("RGB", (1000, 1000), (120, 120, 120))
    shown = look(plain, box=(400, 200, 700, 500), grid="permille", edge=600)
    marks = marks_of(1000, "permille", (400, 700))
    assert list(marks.values()) == ["450", "500", "550", "600", "650"]
    for part in marks:
        assert shown.getpixel((round(part * 600), 250)) != shown.getpixel((40, 250))
    assert near(shown.getpixel((150, 250)), (120, 120, 120), 4)


@pytest.mark.parametrize(
    ("side", "units", "span", "first", "last"),
    [
        (451, "pixel", None, "50", "450"),
        (3840, "pixel", None, "500", "3500"),
        (9, "pixel", None, "1", "8"),
        (1000, "fraction", None, "0.1", "0.9"),
        (1000, "permille", None, "100", "900"),
        (4000, "pixel", (1210, 1290), "1220", "1280"),
        (4000, "permille", (1000, 1400), "260", "340"),
        (4000, "fraction", (1000, 1004), "0.2501", "0.2509"),
        (100, "pixel", (40, 44), "41", "43"),
    ],
)
def test_the_grid_is_labelled_in_the_units_of_the_call(
    side: int, units: Units, span: tuple[float, float] | None, first: str, last: str
):
    start, stop = span or (0, side)
    marks = list(marks_of(side, units, span).items())
    assert (marks[0][1], marks[-1][1]) == (first, last)
    assert 3 <= len(marks) <= 12
    whole = {"pixel": side, "fraction": 1, "permille": 1000}[units]
    for part, label in marks:
        assert start + part * (stop - start) == pytest.approx(float(label) / whole * side)


def test_a_mask_is_laid_over_its_picture_at_the_edge_that_is_asked():
    image = Image.new("RGB", (3000, 2000), (90, 140, 90))
    drawn = Image.new("L", image.size)
    drawn.paste(255, (1500, 1000, 3000, 2000))
    stored = render.to_png(Coverage(drawn))
    shown = seen(mask_close_up(stored, encoded(image), Showing(2048, BUDGET), MAX_PIXELS))
    assert shown.size == (2048, 1365)
    assert near(shown.getpixel((500, 300)), (90, 140, 90))
    red, green, _ = shown.crop((1100, 800, 2000, 1300)).resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > green + 50


def test_the_rim_of_a_mask_in_a_close_up_runs_along_the_pixels_edge():
    drawn = Image.new("L", (100, 100))
    drawn.paste(255, (50, 0, 100, 100))
    data = encoded(Image.new("RGB", drawn.size, (90, 140, 90)))
    showing = Showing(400, BUDGET, box=(30, 30, 70, 70))
    shown = seen(covered(Coverage(drawn), data, showing, MAX_PIXELS))
    assert shown.size == (400, 400)
    rim = [shown.getpixel((x, 200)) for x in (198, 199, 200)]
    assert rim == [(90, 140, 90), (0, 0, 0), (255, 255, 255)]


def test_a_mask_without_a_picture_lies_on_grey():
    stored = render.to_png(Coverage(Image.new("L", (64, 64))))
    shown = seen(mask_close_up(stored, None, Showing(768, BUDGET), MAX_PIXELS))
    assert shown.getcolors() == [(64 * 64, (128, 128, 128))]

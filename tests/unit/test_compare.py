"""Comparisons: what differs is counted exactly, and one pixel of it is seen on the map."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from aquatint.domain.types import Placement
from aquatint.imaging.closeup import Showing
from aquatint.imaging.compare import Comparison, compare
from aquatint.imaging.editing.extension import new_part
from aquatint.imaging.masks import render
from aquatint.imaging.masks.coverage import Coverage

LIMIT = 50_000_000
SIZE = (1200, 900)
PLAIN = Image.new("RGB", SIZE, (120, 140, 160))


def file(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def mask() -> bytes:
    drawn = Image.new("L", SIZE)
    drawn.paste(255, (300, 300, 600, 600))
    return render.to_png(Coverage(drawn))


def compared(after: Image.Image, drawn: bytes | None = None, **asked: object) -> Comparison:
    showing = Showing(**{"edge": 800, "budget": 200_000, **asked})  # type: ignore[arg-type]
    return compare(file(PLAIN), file(after), drawn, showing, LIMIT)


def hot(made: Comparison) -> int:
    """Pixels of the map (the lower left panel) that are coloured, the mask's rim aside."""
    sheet = Image.open(BytesIO(made.look.data)).convert("RGB")
    third = sheet.crop((0, sheet.height // 2 + 20, sheet.width // 2 - 8, sheet.height))
    red, green, blue = third.split()
    bands = zip(red.tobytes(), green.tobytes(), blue.tobytes(), strict=True)
    return sum(r > g + 50 for r, g, _ in bands)


def test_what_changed_inside_the_mask_alone_counts_as_nothing():
    after = PLAIN.copy()
    after.paste((255, 0, 0), (300, 300, 600, 600))
    made = compared(after, mask())
    assert (made.masked, made.pixels, made.largest, made.above) == (True, 0, 0, 0)
    assert made.counted == 1200 * 900 - 300 * 300
    assert hot(made) == 0


def test_one_level_in_one_pixel_outside_is_counted_and_seen():
    after = PLAIN.copy()
    after.putpixel((900, 100), (120, 141, 160))
    made = compared(after, mask())
    assert (made.pixels, made.largest) == (1, 1)
    assert hot(made) > 0


def test_without_a_mask_noise_is_no_change_and_the_share_is_told():
    after = Image.new("RGB", SIZE, (128, 148, 168))
    after.paste((120, 140, 220), (0, 0, 600, 450))
    made = compared(after)
    assert (made.masked, made.above) == (False, 8)
    assert (made.pixels, made.counted, made.largest) == (600 * 450, 1200 * 900, 60)


def test_a_change_of_alpha_alone_is_a_change():
    after = PLAIN.convert("RGBA")
    after.putpixel((5, 5), (120, 140, 160, 254))
    assert compared(after, mask()).pixels == 1


def test_other_sizes_of_one_shape_are_compared_at_the_smaller_one():
    made = compared(Image.new("RGB", (400, 300), (120, 140, 160)))
    assert (made.pixels, made.counted, made.size) == (0, 400 * 300, (400, 300))


def test_other_shapes_are_shown_and_not_compared():
    made = compared(Image.new("RGB", (900, 900), (120, 140, 160)))
    assert (made.pixels, made.largest) == (None, None)


def test_a_picture_that_grew_is_compared_at_its_place():
    grown = Placement(left=100, top=50, width=1200, height=900, canvas=(1400, 1000))
    after = Image.new("RGB", grown.canvas, (9, 9, 9))
    after.paste(PLAIN, (100, 50))
    drawn = render.to_png(new_part(grown))
    showing = Showing(800, 200_000)
    made = compare(file(PLAIN), file(after), drawn, showing, LIMIT, grown)
    assert (made.masked, made.pixels, made.counted) == (True, 0, 1200 * 900)
    after.putpixel((100, 50), (120, 140, 163))
    made = compare(file(PLAIN), file(after), drawn, showing, LIMIT, grown)
    assert (made.pixels, made.largest) == (1, 3)


@pytest.mark.parametrize("size", [(900, 300), (300, 900), (500, 500)])
def test_the_sheet_fits_its_edge_and_its_budget(size: tuple[int, int]):
    noise = Image.effect_noise(size, 90).convert("RGB")
    showing = Showing(768, 30_000)
    made = compare(file(noise), file(noise), None, showing, LIMIT)
    assert max(made.look.width, made.look.height) <= 768
    assert len(made.look.data) <= 30_000
    assert made.pixels == 0

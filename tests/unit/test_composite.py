"""The composite: nothing outside changes, whatever the picture, the mask and the model do."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Literal

import pytest
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageStat

from aquatint.domain.requests.regions import Region
from aquatint.domain.types import Placement
from aquatint.imaging.editing.composite import (
    encode_exact,
    keep_outside,
    outside_difference,
    pad_coverage,
    pad_for_sending,
    undo,
)
from aquatint.imaging.masks import render
from aquatint.imaging.masks.coverage import Coverage
from aquatint.imaging.masks.levels import BILINEAR, mapped, resized

SIZE = (240, 160)


def noise(dice: Random, mode: str, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes(mode, size, dice.randbytes(size[0] * size[1] * len(mode)))


def photograph(size: tuple[int, int] = SIZE) -> Image.Image:
    """Light that changes smoothly over a surface, and a grain that no model repeats."""
    bands = [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)]
    smooth = resized(Image.merge("RGB", bands), size, BILINEAR)
    soft = mapped(smooth, [60 + v * 0.5 for v in range(256)] * 3)
    count = size[0] * size[1]
    grain = Image.frombytes("L", size, bytes(128 + b % 5 for b in Random(1).randbytes(count)))
    return ImageChops.add(soft, Image.merge("RGB", (grain, grain, grain)), 1, -128)


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return tuple(image.crop((x, y, x + 1, y + 1)).tobytes())


def redrawn(image: Image.Image) -> Image.Image:
    """What models do to a whole picture: brighter, warmer, softer, a pixel off."""
    warm = mapped(image, [min(255.0, v * f) for f in (1.1, 1.04, 0.95) for v in range(256)])
    return ImageChops.offset(warm.filter(ImageFilter.GaussianBlur(0.8)), 1, 1)


def rect(x: int, y: int, width: int, height: int, size: tuple[int, int] = SIZE) -> Coverage:
    return render.render([Region(kind="rect", x=x, y=y, width=width, height=height)], size)


def random_mask(dice: Random, size: tuple[int, int]) -> Coverage:
    def place() -> int:
        return dice.randint(-10, 60)

    regions = [
        Region(
            kind=dice.choice(["rect", "ellipse"]),
            op=dice.choice(["add", "add", "subtract"]),
            x=place(),
            y=place(),
            width=dice.randint(1, 50),
            height=dice.randint(1, 50),
        )
        for _ in range(dice.randint(1, 4))
    ]
    return render.render(
        regions,
        size,
        grow=dice.choice([0, 0, 4]),
        feather=dice.choice([0, 0, 5]),
        invert=dice.random() < 0.3,
    )


def test_outside_difference_is_0_over_50_random_masks_and_pictures():
    dice = Random(20261121)
    worst = 0
    for _ in range(50):
        size = dice.randint(1, 70), dice.randint(1, 70)
        original = noise(dice, dice.choice(["RGB", "RGBA", "L"]), size)
        model = noise(dice, dice.choice(["RGB", "RGBA"]), size)
        mask = random_mask(dice, size)
        feather = dice.choice([None, 0, 3.5, 20])
        kept = keep_outside(original, model, mask, feather=feather)
        file = Image.open(BytesIO(encode_exact(kept.image, dice.choice(["png", "webp"]))))
        worst = max(worst, kept.outside_max, outside_difference(original, file, mask))
    assert worst == 0


def test_outside_difference_finds_one_level_in_one_pixel_and_looks_nowhere_else():
    mask = rect(100, 50, 40, 40)
    image = photograph()
    other = image.copy()
    other.paste((0, 0, 0), (100, 50, 140, 90))
    assert outside_difference(image, other, mask) == 0
    red, green, blue = other.split()
    blue.putpixel((99, 50), pixel(image, 99, 50)[2] + 1)
    assert outside_difference(image, Image.merge("RGB", (red, green, blue)), mask) == 1


def test_outside_difference_sees_alpha_and_the_colours_below_it():
    mask = rect(0, 0, 1, 1)
    clear = Image.new("RGBA", SIZE, (10, 20, 30, 0))
    assert outside_difference(clear, Image.new("RGBA", SIZE, (10, 20, 30, 4)), mask) == 4
    assert outside_difference(clear, Image.new("RGBA", SIZE, (10, 27, 30, 0)), mask) == 7


def test_the_model_shows_inside_and_its_changes_outside_are_counted():
    original = photograph()
    model = mapped(original, [min(255, v + 20) for v in range(256)] * 3)
    model.paste((0, 0, 255), (90, 40, 150, 120))
    kept = keep_outside(original, model, rect(60, 20, 120, 120))
    assert kept.outside_max == 0
    assert kept.model_outside_share == 1.0
    assert kept.model_outside_mean == pytest.approx(20, abs=0.5)
    assert kept.feather == 2
    red, _, blue = pixel(kept.image, 120, 80)
    assert (red, blue) == (0, 235)


def seam(original: Image.Image, result: Image.Image, inside: Coverage) -> float:
    """How far the tone just inside the mask lies from the original's, in mean levels."""
    ring = render.minus(inside, render.shrunk(inside, 10)).image
    apart = [
        abs(a - b)
        for a, b in zip(
            ImageStat.Stat(original, ring).mean, ImageStat.Stat(result, ring).mean, strict=True
        )
    ]
    return max(apart)


def test_matching_along_the_rim_takes_the_step_in_tone_away():
    original = photograph()
    model = redrawn(original)
    mask = rect(60, 30, 120, 100)
    kept = keep_outside(original, model, mask)
    pasted = Image.composite(model, original, mask.image)
    assert kept.matched
    assert seam(original, pasted, mask) > 8
    assert seam(original, kept.image, mask) < 2


def test_a_model_that_changed_nothing_is_not_matched():
    original = photograph()
    kept = keep_outside(original, original, rect(60, 30, 120, 100))
    assert not kept.matched
    assert kept.image == original
    assert (kept.model_outside_mean, kept.model_outside_share) == (0, 0)


def test_a_mask_of_one_pixel_is_edited_and_not_matched():
    original = photograph((40, 30))
    model = Image.new("RGB", (40, 30), (255, 0, 255))
    kept = keep_outside(original, model, rect(7, 8, 1, 1, (40, 30)))
    assert not kept.matched
    assert kept.image.getpixel((7, 8)) == (255, 0, 255)
    assert kept.outside_max == 0


def test_a_mask_over_everything_gives_the_models_own_pixels():
    original = photograph()
    model = redrawn(original)
    kept = keep_outside(original, model, render.blank(SIZE, 255))
    assert kept.image == model
    assert (kept.outside_max, kept.model_outside_mean, kept.model_outside_share) == (0, 0, 0)


def test_a_mask_over_nothing_gives_the_original():
    original = photograph()
    kept = keep_outside(original, redrawn(original), render.blank(SIZE))
    assert kept.image == original


def test_a_mask_that_touches_all_edges_runs_to_them_unfeathered():
    original = Image.new("RGB", SIZE, (40, 40, 40))
    model = Image.new("RGB", SIZE, (90, 90, 90))
    mask = render.minus(render.blank(SIZE, 255), rect(100, 60, 30, 30))
    kept = keep_outside(original, model, mask, feather=8)
    corner, rim = kept.image.getpixel((0, 0)), kept.image.getpixel((99, 70))
    assert corner == kept.image.getpixel((239, 159)) == kept.image.getpixel((0, 80))
    assert rim != corner


def test_a_soft_mask_is_blended_by_its_own_softness():
    original = Image.new("RGB", (9, 1), (0, 0, 0))
    model = Image.new("RGB", (9, 1), (200, 200, 200))
    soft = Coverage(Image.frombytes("L", (9, 1), bytes([0, 32, 64, 96, 128, 160, 192, 224, 255])))
    kept = keep_outside(original, model, soft)
    assert kept.feather is None
    red = list(kept.image.split()[0].tobytes())
    assert red == [round(200 * v / 255) for v in soft.image.tobytes()]


def test_an_rgba_original_keeps_its_alpha_outside_and_takes_the_models_inside():
    original = photograph().convert("RGBA")
    original.putalpha(Image.linear_gradient("L").crop((0, 0, *SIZE)))
    model = Image.new("RGBA", SIZE, (0, 200, 0, 0))
    mask = rect(60, 30, 120, 100)
    kept = keep_outside(original, model, mask)
    assert kept.image.mode == "RGBA"
    assert kept.image.getpixel((120, 80)) == (0, 200, 0, 0)
    assert outside_difference(original, kept.image, mask) == 0


def test_transparency_inside_makes_an_rgb_picture_rgba_and_outside_does_not():
    original = photograph()
    model = photograph().convert("RGBA")
    mask = rect(60, 30, 120, 100)
    model.putpixel((0, 0), (0, 0, 0, 0))
    assert keep_outside(original, model, mask).image.mode == "RGB"
    model.putpixel((100, 80), (0, 0, 0, 0))
    kept = keep_outside(original, model, mask)
    assert kept.image.mode == "RGBA"
    assert kept.outside_max == 0


def test_a_transparent_models_hidden_colour_does_not_tint_the_ramp():
    original = Image.new("RGBA", SIZE, (200, 200, 200, 255))
    model = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    kept = keep_outside(original, model, rect(60, 30, 120, 100), feather=8)
    red, green, _, alpha = pixel(kept.image, 62, 80)
    assert 0 < alpha < 255
    assert abs(red - green) <= 4


# sending and undoing

WIDE = Placement(left=30, top=0, width=240, height=160, canvas=(300, 160))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    "placement",
    [
        WIDE,
        Placement(left=0, top=17, width=240, height=160, canvas=(240, 200)),
        Placement(left=8, top=8, width=240, height=160, canvas=(256, 176)),
        Placement(left=0, top=0, width=240, height=160, canvas=SIZE),
    ],
)
def test_padding_is_undone_byte_for_byte_where_nothing_was_scaled(mode: str, placement: Placement):
    original = photograph().convert(mode)
    sent = pad_for_sending(original, placement, placement.canvas)
    assert sent.size == placement.canvas
    assert undo(sent, placement, original.size) == original


@pytest.mark.parametrize("sent_size", [(600, 320), (450, 240), (1000, 534)])
def test_scaling_for_sending_is_undone_without_a_shift(sent_size: tuple[int, int]):
    ramp = resized(Image.linear_gradient("L").rotate(90), SIZE, BILINEAR)
    original = Image.merge("RGB", (ramp, ramp, ramp))
    back = undo(pad_for_sending(original, WIDE, sent_size), WIDE, SIZE)
    apart = ImageChops.difference(original, back).crop((4, 0, 236, 160))
    assert ImageStat.Stat(apart).mean[0] < 0.3


def test_the_padding_continues_the_pictures_edge():
    original = Image.new("RGB", SIZE, (30, 90, 150))
    sent = pad_for_sending(original, WIDE, (300, 160))
    assert sent.getpixel((2, 80)) == sent.getpixel((298, 80)) == (30, 90, 150)


def test_the_mask_goes_the_same_way_and_keeps_the_padding():
    mask = rect(0, 0, 240, 1)
    sent = pad_coverage(mask, WIDE, (75, 40))
    box = render.describe(sent).box
    assert box is not None
    assert box[1:] == (0, box[2], 1)
    assert 60 <= box[2] <= 62
    assert pad_coverage(mask, WIDE, WIDE.canvas).image.crop((30, 0, 270, 160)) == mask.image


@pytest.mark.parametrize("format", ["png", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_exact_file_decodes_to_the_same_pixels_and_carries_only_the_profile(
    format: Literal["png", "webp"], mode: str
):
    image = noise(Random(5), mode, (61, 47))
    image.info |= {"comment": "secret", "exif": b"Exif\0\0secret", "dpi": (72, 72)}
    data = encode_exact(image, format, b"a profile")
    back = Image.open(BytesIO(data))
    assert back.format == format.upper()
    assert back.convert(mode).tobytes() == image.tobytes()
    assert b"secret" not in data
    assert back.info.get("icc_profile") == b"a profile"
    assert "icc_profile" not in Image.open(BytesIO(encode_exact(image, format))).info


def test_a_brightened_copy_is_told_from_the_original_by_share_not_by_grain():
    original = photograph()
    grainy = ImageChops.add(original, Image.new("RGB", SIZE, (3, 3, 3)))
    bright = ImageEnhance.Brightness(original).enhance(1.3)
    mask = rect(60, 30, 120, 100)
    assert keep_outside(original, grainy, mask).model_outside_share == 0
    assert keep_outside(original, bright, mask).model_outside_share > 0.9

"""Extending: the old picture stays to the byte, and the new part joins it without an edge."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageChops, ImageFilter

from aquatint.domain.errors import BadRequest
from aquatint.domain.requests.extend import sides
from aquatint.domain.types import EditRequest, Placement
from aquatint.imaging.editing import inputs, results
from aquatint.imaging.editing.composite import keep_outside
from aquatint.imaging.editing.extension import extended, new_part, seam_of, sent_part
from aquatint.imaging.masks.levels import mapped
from retouching import CAT

LIMIT = 50_000_000
DEPTHS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 2}


def noise(dice: Random, mode: str, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes(mode, size, dice.randbytes(size[0] * size[1] * DEPTHS[mode]))


def grown_by(extend: str, size: tuple[int, int]) -> Placement:
    left, top, right, bottom = sides(extend, size, LIMIT)
    canvas = (left + size[0] + right, top + size[1] + bottom)
    return Placement(left=left, top=top, width=size[0], height=size[1], canvas=canvas)


def old_part(image: Image.Image, grown: Placement) -> Image.Image:
    right, bottom = grown.left + grown.width, grown.top + grown.height
    return image.crop((grown.left, grown.top, right, bottom))


def most(a: Image.Image, b: Image.Image) -> int:
    """The largest difference of any channel, in levels."""
    counts = ImageChops.difference(a, b).histogram()
    return max(place % 256 for place, count in enumerate(counts) if count)


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def shifted(image: Image.Image, levels: int = 9) -> Image.Image:
    """What a model gives back: every level off, a pixel off, and soft."""
    off = mapped(image, [min(255.0, v + levels) for v in range(256)] * len(image.getbands()))
    return ImageChops.offset(off.filter(ImageFilter.GaussianBlur(1)), 2, 1)


@pytest.mark.parametrize(
    ("extend", "size", "expected"),
    [
        ("right=50%", (451, 300), (0, 0, 226, 0)),
        ("left=200,top=100", (451, 300), (200, 100, 0, 0)),
        ('{"bottom": "25%", "left": "10px"}', (451, 300), (10, 0, 0, 75)),
        ("top: 10%; right: 1", (40, 30), (0, 3, 1, 0)),
        ("16:9", (1024, 1024), (398, 0, 398, 0)),
        ("9:16", (1024, 1024), (0, 398, 0, 398)),
        ("16:9", (400, 100), (0, 62, 0, 63)),
        ("1600x900", (451, 300), (574, 300, 575, 300)),
    ],
)
def test_words_become_pixels_of_each_side(
    extend: str, size: tuple[int, int], expected: tuple[int, int, int, int]
) -> None:
    assert sides(extend, size, LIMIT) == expected


@pytest.mark.parametrize(
    ("extend", "told"),
    [
        ("right=0", "does not grow"),
        ("left=-20", "does not grow"),
        ("right=0.1%", "does not grow"),
        ("east=20", "Use left, top, right, bottom"),
        ("right=0.5", "Write right=50%"),
        ("right", "cannot be read"),
        ("", "cannot be read"),
        ("0:9", "not a ratio"),
        ("4:3", "is 4:3 already (400x300)"),
        ("400x300", "not larger"),
        ("1000x200", "not larger"),
        ("right=99999%", "at most 50,000,000 pixels"),
        ("right=20000", "16,384 a side"),
    ],
)
def test_what_does_not_grow_a_picture_is_refused_with_its_fix(extend: str, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        sides(extend, (400, 300), LIMIT)
    assert told in f"{refused.value.message} {refused.value.fix}"


def test_an_object_and_its_words_are_one_request() -> None:
    said = [{"left": 200, "top": "10%"}, "left=200,top=10%"]
    asked = [EditRequest.model_validate({"prompt": "x", "images": "a", "extend": e}) for e in said]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("mode", list(DEPTHS))
@pytest.mark.parametrize("seed", range(4))
def test_the_old_picture_is_kept_to_the_byte(mode: str, seed: int) -> None:
    dice = Random(f"{mode} {seed}")
    size = dice.randint(1, 60), dice.randint(1, 60)
    of_each = [f"{side}={dice.randint(1, 90)}" for side in ("left", "top", "right", "bottom")]
    some = dice.sample(of_each, dice.randint(1, 4))
    grown = grown_by(
        dice.choice([",".join(some), "300x200", "3:1" if size[0] < 60 else "1:3"]), size
    )
    image = noise(dice, mode, size)
    canvas = extended(image, grown)
    assert (canvas.size, canvas.mode) == (grown.canvas, mode)
    assert old_part(canvas, grown).tobytes() == image.tobytes()
    drawn = shifted(noise(dice, "RGB", grown.canvas))
    done = results.composite(
        png(image), inputs.new_mask(grown), png(drawn), None, "png",
        max_pixels=LIMIT, edge=64, budget=9_000, grown=grown, seam=dice.choice([None, 0, 64]),
    )  # fmt: skip
    made = Image.open(BytesIO(done.data))
    assert made.size == grown.canvas
    both = mode if made.mode == mode else "RGBA" if mode == "LA" else "RGB"
    assert old_part(made.convert(both), grown).tobytes() == image.convert(both).tobytes()
    assert done.outside.largest_difference == 0


def test_the_seam_lies_in_the_new_part_and_leaves_no_edge() -> None:
    """The step over the border is no larger than the steps beside it, 12 levels off or not."""
    whole = Image.open(CAT).convert("RGB").filter(ImageFilter.GaussianBlur(3))
    grown = Placement(left=0, top=0, width=280, height=300, canvas=whole.size)
    old = old_part(whole, grown)
    model = mapped(whole, [min(255.0, v + 12) for v in range(256)] * 3)
    base = extended(old, grown)
    made = keep_outside(base, model, new_part(grown), grown=grown)
    assert made.feather == seam_of(grown) == 8

    def step(image: Image.Image, x: int) -> float:
        columns = [image.crop((at, 0, at + 1, 300)) for at in (x - 1, x)]
        counts = ImageChops.difference(*columns).histogram()
        return sum(place % 256 * count for place, count in enumerate(counts)) / 900

    naive = model.copy()
    naive.paste(old, (0, 0))
    assert step(naive, 280) > 10
    assert step(made.image, 280) < 4
    far = made.image.crop((300, 0, 451, 300)), whole.crop((300, 0, 451, 300))
    assert sum(ImageChops.difference(*far).histogram()[5:256]) < 0.05 * 151 * 300, "light matched"


def test_a_model_is_asked_for_the_new_part_and_a_strip_of_the_old() -> None:
    grown = grown_by("right=50%,top=40", (200, 100))
    kept = mapped(sent_part(grown).image, [255.0] + [0.0] * 255).getbbox()
    assert kept == (0, 42, 198, 140)
    assert mapped(new_part(grown).image, [255.0] + [0.0] * 255).getbbox() == (0, 40, 200, 140)


def test_what_is_sent_in_the_new_part_continues_the_picture_and_shows_no_second_one() -> None:
    cat = Image.open(CAT).convert("RGB")
    grown = grown_by("right=60%", cat.size)
    base = extended(cat, grown)
    assert most(base.crop((450, 0, 451, 300)), base.crop((451, 0, 452, 300))) <= 16, "it goes on"
    far = base.crop((560, 0, 722, 300))
    assert most(far, far.filter(ImageFilter.GaussianBlur(3))) < 6, "blurred further out"

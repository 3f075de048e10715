"""The draft engine: what it draws, what it says, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat, features

from aquatint.domain.engine import Event, Finished, Inputs, Partial, Sent
from aquatint.domain.errors import BadImage, BadMask, ModelCannot, NotKept
from aquatint.domain.types import Order
from aquatint.domain.usage import Usage
from aquatint.engines.draft.canvas import Canvas
from aquatint.engines.draft.engine import DraftEngine
from aquatint.engines.draft.figures import figure
from aquatint.engines.draft.reading import palette, read, subject
from aquatint.engines.draft.scenes import compose
from aquatint.engines.draft.typesetting import Typesetter

pytestmark = pytest.mark.short

SUNSETS = {
    "English": "A red sunset over the sea",
    "German": "Roter Sonnenuntergang über dem Meer",
    "Indonesian": "Matahari terbenam merah di laut",
    "Arabic": "غُروب أحمر فوق البحر",
    "Urdu": "سمندر پر سرخ غروب",
    "Chinese": "大海上的红色日落",
}


class Kept:
    """A part in memory; `full` stands for a disk without room."""

    def __init__(self, *, full: bool = False) -> None:
        self.data = bytearray()
        self.full = full
        self.discarded = False

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, data: bytes | memoryview, /) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.data += data

    def read(self, limit: int | None = None) -> bytes:
        return bytes(self.data[:limit])

    def discard(self) -> None:
        self.discarded = True


def order(prompt: str = "A red sunset over the sea", **changes: object) -> Order:
    said = {"prompt": prompt, "model": "draft", "size": "160x128", "quality": "low", **changes}
    return Order.model_validate(said)


async def events(asked: Order, inputs: Inputs | None = None, **engine: object) -> list[Event]:
    fonts, shaping = engine.get("fonts"), engine.get("shaping")
    assert fonts is None or isinstance(fonts, Sequence)
    assert shaping is None or isinstance(shaping, bool)
    drawer = DraftEngine(fonts=fonts, shaping=shaping)  # pyright: ignore[reportUnknownArgumentType]
    return [event async for event in drawer.render(asked, inputs or Inputs(), Kept)]


async def finished(asked: Order, inputs: Inputs | None = None, **engine: object) -> Finished:
    last = (await events(asked, inputs, **engine))[-1]
    assert isinstance(last, Finished)
    return last


async def drawn(asked: Order, inputs: Inputs | None = None, **engine: object) -> Image.Image:
    return opened((await finished(asked, inputs, **engine)).parts[0].read())


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def photo(size: tuple[int, int] = (160, 128)) -> Image.Image:
    """A picture with texture, so that every change shows."""
    red = Image.linear_gradient("L").resize(size)  # pyright: ignore[reportUnknownMemberType]
    green = Image.radial_gradient("L").resize(size)  # pyright: ignore[reportUnknownMemberType]
    return Image.merge("RGB", (red, green, ImageChops.invert(red)))


def mask(size: tuple[int, int], hole: tuple[int, int, int, int]) -> bytes:
    made = Image.new("RGBA", size, (0, 0, 0, 255))
    ImageDraw.Draw(made).ellipse(hole, fill=(255, 255, 255, 0))
    return png(made)


def changed(a: Image.Image, b: Image.Image, where: Image.Image) -> int:
    """How many pixels differ where `where` is white."""
    bands = ImageChops.difference(a.convert("RGB"), b.convert("RGB")).split()
    most = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    seen = ImageChops.multiply(most.point([0] + [255] * 255), where)  # pyright: ignore[reportUnknownMemberType]
    return where.width * where.height - seen.histogram()[0]


async def test_it_says_sent_first_and_finishes_once_at_no_cost():
    seen = await events(order(n=2))
    assert isinstance(seen[0], Sent)
    assert [type(event) for event in seen].count(Finished) == 1
    last = seen[-1]
    assert isinstance(last, Finished)
    assert (last.usage, last.model, len(last.parts)) == (Usage(), "draft", 2)


@pytest.mark.parametrize("size", ["1024x1024", "1536x864", "480x1440", "256x256", "33x47"])
async def test_the_picture_has_exactly_the_size_asked_for(size: str):
    image = await drawn(order(size=size))
    assert f"{image.width}x{image.height}" == size


async def test_auto_is_a_square_of_1024():
    assert (await drawn(order(size="auto"))).size == (1024, 1024)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "gif"])
async def test_the_file_is_in_the_format_asked_for(format: str):
    assert (await drawn(order(format=format))).format == format.upper()


async def test_the_same_order_gives_the_same_bytes_and_variants_differ():
    first, again = await finished(order(n=3)), await finished(order(n=3))
    files = [part.read() for part in first.parts]
    assert files == [part.read() for part in again.parts]
    assert len(set(files)) == 3


@pytest.mark.parametrize(
    "prompt", ["sunset", "login", "app icon", "pattern", "dog", "tea", "poster"]
)
async def test_a_gif_moves_in_every_frame(prompt: str):
    image = await drawn(order(prompt, format="gif", frames=5, frame_ms=120, size="96x96"))
    assert (getattr(image, "n_frames", 1), image.info["duration"]) == (5, 120)


async def test_a_gif_has_nine_frames_of_200_ms_unless_said():
    image = await drawn(order(format="gif"))
    assert (getattr(image, "n_frames", 1), image.info["duration"]) == (9, 200)


@pytest.mark.parametrize("format", ["png", "webp", "gif"])
@pytest.mark.parametrize("prompt", ["a cat", "mountains", "app icon", "poster"])
async def test_transparent_means_nothing_is_drawn_in_the_corner(prompt: str, format: str):
    image = await drawn(order(prompt, background="transparent", format=format))
    alpha = image.convert("RGBA").getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getextrema() == (0, 255)


async def test_lower_compression_figures_make_smaller_jpegs_and_webps():
    for format in ("jpeg", "webp"):
        small = (await finished(order(format=format, compression=10))).parts[0].size
        large = (await finished(order(format=format, compression=95))).parts[0].size
        assert small < large


async def test_partials_are_whole_pictures_of_the_asked_size_that_come_closer():
    seen = await events(order(partials=3))
    looks = [event for event in seen if isinstance(event, Partial)]
    last = seen[-1]
    assert isinstance(last, Finished)
    final = opened(last.parts[0].read())
    everywhere = Image.new("L", final.size, 255)
    far = [
        sum(ImageChops.difference(opened(look.part.read()), final).convert("L").histogram()[24:])
        for look in looks
    ]
    assert [look.index for look in looks] == [0, 1, 2]
    assert far == sorted(far, reverse=True)
    assert changed(opened(looks[0].part.read()), final, everywhere) > 0


@pytest.mark.parametrize(
    "prompt", [" \u200d\u202e\n", "\u0301\u0301", "\U0010fffd\ue000", "(", "👨‍👩‍👧‍👦🇩🇪1️⃣"]
)
@pytest.mark.parametrize("size", ["16x16", "3x200", "300x2"])
async def test_odd_prompts_and_slivers_are_drawn_too(prompt: str, size: str):
    image = await drawn(order(prompt, size=size))
    assert f"{image.width}x{image.height}" == size


async def test_svg_is_refused_with_a_way_out():
    with pytest.raises(ModelCannot, match='format="png"'):
        await events(order(format="svg"))


async def test_a_full_disk_is_not_kept_and_leaves_no_part():
    made: list[Kept] = []

    def part() -> Kept:
        made.append(Kept(full=True))
        return made[-1]

    with pytest.raises(NotKept, match="No space left"):
        async for _ in DraftEngine(fonts=[]).render(order(), Inputs(), part):
            pass
    assert [one.discarded for one in made] == [True]


@pytest.mark.parametrize("language", SUNSETS)
def test_a_red_sunset_at_sea_is_understood_in_every_language(language: str):
    colours = palette(SUNSETS[language], luck=1)
    assert subject(SUNSETS[language])[0] == "sea"
    assert (colours.time, colours.named) == ("dusk", True)
    assert abs(colours.hue - 27) < 6


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("app icon with a leaf", "icon"),
        ("favicon for a bakery", "icon"),
        ("Anmeldung für eine Bank", "login"),
        ("dashboard for a coffee shop", "dashboard"),
        ("kucing di kebun", "cat"),
        ("a woman by the sea", "person"),
        ("夜晚的城市", "city"),
        ("a redesign of our care process", "abstract"),
    ],
)
def test_the_subject_comes_from_the_words(prompt: str, kind: str):
    assert subject(prompt)[0] == kind


@pytest.mark.parametrize("language", SUNSETS)
async def test_without_fonts_or_shaping_the_reply_says_what_to_install(language: str):
    asked = order(SUNSETS[language], size="400x300")
    notes = (await finished(asked, fonts=[], shaping=False)).notes
    wanted = {
        "German": "fonts-noto-core", "Arabic": "libfribidi0 fonts-noto-core",
        "Urdu": "libfribidi0 fonts-noto-core", "Chinese": "fonts-noto-cjk",
    }  # fmt: skip
    assert [f"apt install {wanted[language]}." in note for note in notes] == (
        [True] if language in wanted else []
    )


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("سماء زرقاء", "Arabic text, 9 letters"),
        ("نیلا آسمان ہے", "Urdu text, 11 letters"),
        ("日落", "Chinese text, 2 letters"),
        ("さくら", "Japanese text, 3 letters"),
        ("सूर्य", "Devanagari text, 3 letters"),
        ("👩‍💻👍🏽", "2 emoji"),
    ],
)
def test_what_cannot_be_set_is_named_and_counted_in_a_box(text: str, box: str):
    made = Typesetter([], shaping=False).set(f"Sky: {text}", 900, 300, (20,), 4)
    runs = [run for line in made.lines for run in line.runs]
    assert [run.text for run in runs if run.box] == [box]
    assert [run.text for run in runs if not run.box] == ["Sky:"]


def test_letters_that_join_are_never_set_without_shaping_whatever_fonts_there_are():
    setter = Typesetter(None, shaping=False)
    for script, sample in (("ARABIC", "غروب"), ("URDU", "ٹڑھے"), ("DEVANAGARI", "सूर्य")):
        assert setter.can(script, sample) is None


def test_accents_without_a_font_become_plain_letters_and_that_is_said():
    made = Typesetter([], shaping=False).set("Grüße – Café", 900, 300, (20,), 4)
    assert [run.text for line in made.lines for run in line.runs] == ["Grusse", "-", "Cafe"]
    assert "accents" in made.notes[0]


@pytest.mark.parametrize("text", [*SUNSETS.values(), "सूर्योदय", "Fire 🔥👩‍💻", "ไทย"])
def test_on_this_machine_every_script_is_set_or_its_absence_is_told(text: str):
    made = Typesetter().set(text, 900, 300, (20,), 4)
    boxes = [run for line in made.lines for run in line.runs if run.box]
    assert bool(boxes) == any("could not be set" in note for note in made.notes)


@pytest.mark.parametrize(
    "text", ["word " * 300, "x" * 3000, "日落" * 300, "غروب " * 200, "🔥" * 200]
)
@pytest.mark.parametrize("shaping", [True, False])
def test_type_never_leaves_its_box_and_ends_with_dots(text: str, shaping: bool):
    if shaping and not features.check("raqm"):
        pytest.skip("shaping needs FriBidi")
    made = Typesetter(shaping=shaping).set(text, 300, 120, (24, 18), 4)
    assert made.width <= 300
    assert made.height <= 120
    assert len(made.lines) <= 4
    runs = [run for line in made.lines for run in line.runs]
    assert any("…" in run.text or run.box for run in runs)


@pytest.mark.skipif(not features.check("raqm"), reason="right-to-left order needs FriBidi")
def test_a_right_to_left_line_keeps_latin_and_numbers_readable():
    setter = Typesetter(shaping=True)
    if not setter.can("ARABIC", "مرحبا"):
        pytest.skip("no Arabic font on this machine")
    made = setter.set("مرحبا Camel 24 غروب 24/7", 2000, 100, (20,), 1)
    assert made.rtl
    seen = [run.text for run in made.lines[0].runs]
    assert seen == ["24/7", "غروب", "Camel", "24", "مرحبا"]


def lightness(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).mean[0]


@pytest.mark.parametrize(
    ("prompt", "size"),
    [
        ("App icon of a leaf", "512x512"),
        ("favicon for a bakery", "64x64"),
        ("ikon hati", "640x360"),
    ],
)
async def test_a_caption_never_covers_an_icon(prompt: str, size: str):
    image = await drawn(order(prompt, size=size))
    foot = image.crop((0, image.height * 23 // 25, image.width, image.height))
    rows = [foot.crop((0, y, foot.width, y + 1)).getcolors(2) for y in range(foot.height)]
    assert all(row is not None and len(row) == 1 for row in rows), "more than the ground is there"


async def test_a_small_or_transparent_picture_or_one_kept_as_a_favicon_has_no_caption():
    transparent, favicon = {"background": "transparent"}, {"icon": True}
    for changes in ({"size": "180x180"}, transparent, favicon):
        asked = order("ساعة حائط", **{"size": "512x512", **changes})
        assert (await finished(asked, fonts=[], shaping=False)).notes == ()


async def test_a_masked_region_has_no_caption_and_its_mark_is_small():
    base = Image.new("RGB", (480, 320), (120, 60, 60))
    inputs = Inputs((png(base),), mask(base.size, (40, 20, 440, 300)))
    asked = order("a dark forest, سماء", size="480x320", images=("a",), mask="m")
    made = await finished(asked, inputs, fonts=[], shaping=False)
    assert made.notes == ()
    lower = opened(made.parts[0].read()).convert("L").crop((60, 160, 420, 300))
    assert max(lower.tobytes()) < 240, "white letters"


ALTERNATIVES = [
    "the dashboard of a weather app, calm blue", "a landing page", "login", "a mobile app",
    "a cup of green tea", "perfume bottle", "a cat", "a portrait", "app icon of a leaf, teal",
    "a rose", "batik pattern", "abstract poster", "the sea at sunset", "snowy mountains",
    "a city at night", "a forest", "green hills at sunrise", "a lighthouse", "a dark dashboard",
]  # fmt: skip


@pytest.mark.parametrize("prompt", ALTERNATIVES)
async def test_four_alternatives_look_different(prompt: str):
    parts = (await finished(order(prompt, size="288x192", n=4))).parts
    small = [opened(part.read()).convert("RGB").reduce(12) for part in parts]
    for one, other in combinations(small, 2):
        apart = ImageStat.Stat(ImageChops.difference(one, other)).mean
        assert max(apart) > 16, "two of them look alike"


@pytest.mark.parametrize(
    "prompt", ["لوحة تحكم لتطبيق الطقس", "صفحة موقع لمخبز", "لاگ ان اسکرین ایپ", "تطبيق للهاتف"]
)
@pytest.mark.parametrize("size", [(240, 160), (120, 240)])
def test_a_screen_is_mirrored_where_people_read_from_right_to_left(
    prompt: str, size: tuple[int, int]
):
    brief = read(prompt, luck=1)
    assert brief.rtl
    usual = compose(size, replace(brief, rtl=False))
    assert compose(size, brief).tobytes() == ImageOps.mirror(usual).tobytes() != usual.tobytes()


def test_no_other_picture_and_no_other_language_is_mirrored():
    assert not read("The dashboard of a weather app", luck=1).rtl
    brief = read("غروب الشمس فوق بحر هادئ وقارب صغير", luck=1)
    sea = compose((240, 160), replace(brief, rtl=False))
    assert compose((240, 160), brief).tobytes() == sea.tobytes()


@pytest.mark.parametrize(
    ("dark", "plain"),
    [
        ("dark mode dashboard", "dashboard"),
        ("a dark landing page", "a landing page"),
        ("login, dark", "login"),
        ("dunkler Wald", "Wald"),
        ("dark mountains", "mountains"),
        ("a dark red sunset", "a red sunset"),
        ("pola batik gelap", "pola batik"),
        ("a dark pattern", "a pattern"),
        ("a dark poster", "a poster"),
        ("a cup of tea, dark", "a cup of tea"),
        ("dark red roses", "red roses"),
        ("a cat in a dark room", "a cat in a room"),
        ("app icon, dark", "app icon"),
        ("深色仪表盘界面", "仪表盘界面"),
        ("لوحة تحكم داكنة", "لوحة تحكم"),
        ("تاریک ایپ", "ایپ"),
    ],
)
@pytest.mark.parametrize("variant", range(4))
def test_dark_is_dark(dark: str, plain: str, variant: int):
    made = lightness(compose((240, 160), read(dark, 1, variant)))
    usual = lightness(compose((240, 160), read(plain, 1)))
    assert made < min(95, 0.7 * usual)


async def test_an_edit_that_asks_for_dark_makes_the_picture_darker():
    base = photo((480, 320))
    asked = order("make it dark", size="480x320", images=("a",))
    made = await drawn(asked, Inputs((png(base),)))
    assert lightness(made) < 0.6 * lightness(base)


@pytest.mark.parametrize(
    "prompt",
    ["a cup", "eine Tasse", "secangkir kopi", "فنجان قهوة", "وفنجان شاي", "چائے", "一杯茶"],
)
def test_a_cup_is_asked_for_in_six_languages(prompt: str):
    assert subject(prompt)[0] == "cup"


def test_a_cup_has_a_handle_to_look_through_and_a_wide_saucer():
    canvas = Canvas((400, 400), clear=True)
    figure(canvas, "cup", palette("a cup", luck=1), (200, 200), (400, 400))
    solid = canvas.image.getchannel("A").point([0] * 200 + [255] * 56)  # pyright: ignore[reportUnknownMemberType]

    def runs(y: int) -> list[int]:
        """How long each stretch of ink on a row is."""
        row = solid.crop((0, y, 400, y + 1)).tobytes()
        return [len(ink) for ink in row.replace(b"\x00", b" ").split()]

    bowl, handle = runs(216)
    assert bowl > 4 * handle
    assert max(runs(298)) > 1.5 * bowl


async def test_a_mask_is_honoured_to_the_pixel_and_filled_visibly():
    base = photo()
    hole = (40, 30, 120, 100)
    inputs = Inputs((png(base),), mask(base.size, hole))
    made = await drawn(order("a green leaf icon", images=("a",), mask="m"), inputs)
    inside = Image.new("L", base.size)
    ImageDraw.Draw(inside).ellipse(hole, fill=255)
    assert made.size == base.size
    assert changed(made, base, ImageChops.invert(inside)) == 0
    assert changed(made, base, inside) > 0.9 * inside.histogram()[255]


@pytest.mark.parametrize("hole", [(10, 10, 14, 14), (0, 0, 200, 10), (150, 0, 170, 140)])
async def test_nothing_is_written_outside_masks_too_small_for_the_mark(
    hole: tuple[int, int, int, int],
):
    base = photo().convert("RGBA")
    base.putalpha(Image.linear_gradient("L").resize(base.size))  # pyright: ignore[reportUnknownMemberType]
    inputs = Inputs((png(base), png(photo())), mask(base.size, hole))
    made = await drawn(order(images=("a", "b"), mask="m"), inputs)
    inside = Image.new("L", base.size)
    ImageDraw.Draw(inside).ellipse(hole, fill=255)
    outside = ImageChops.invert(inside)
    assert changed(made, base, outside) == 0
    assert changed(made.getchannel("A"), base.getchannel("A"), outside) == 0


async def test_an_edit_of_another_size_keeps_the_resized_picture_outside():
    base = photo((80, 64))
    inputs = Inputs((png(base),), mask(base.size, (0, 0, 39, 63)))
    made = await drawn(order(images=("a",), mask="m"), inputs)
    whole = base.resize((160, 128), Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]
    right = Image.new("L", whole.size)
    right.paste(255, (80, 0, 160, 128))
    assert changed(made, whole, right) == 0


async def test_an_edit_without_a_mask_restyles_the_whole_and_keeps_it_recognisable():
    base = photo()
    made = await drawn(order("purple", images=("a",)), Inputs((png(base),)))
    upper = Image.new("L", base.size)
    upper.paste(255, (0, 20, 160, 60))
    assert changed(made, base, upper) > 0.9 * 160 * 40
    light = [made.convert("L").resize((1, 4)).getpixel((0, i)) for i in range(2)]  # pyright: ignore[reportUnknownMemberType]
    assert light[0] != light[1]


async def test_strokes_of_a_markup_are_tinted_and_the_far_rest_is_left():
    base = photo()
    strokes = Image.new("RGBA", base.size)
    ImageDraw.Draw(strokes).rectangle((20, 30, 60, 50), fill=(255, 0, 0, 255))
    inputs = Inputs((png(base),), markup=png(strokes))
    made = await drawn(order("purple", images=("a",), markup="m"), inputs)
    near, far = Image.new("L", base.size), Image.new("L", base.size)
    near.paste(255, (25, 35, 55, 45))
    far.paste(255, (90, 20, 160, 80))
    assert changed(made, base, near) > 0.9 * 30 * 10
    assert changed(made, base, far) == 0


async def test_further_inputs_appear_as_small_references():
    inputs = Inputs((png(photo()), png(Image.new("RGB", (50, 50), (255, 0, 255)))))
    made = (await drawn(order("calm", images=("a", "b")), inputs)).convert("RGB")
    colours = {made.getpixel((x, y)) for x in range(40) for y in range(40)}
    assert (255, 0, 255) in colours


async def test_broken_inputs_are_named():
    whole = png(photo())
    with pytest.raises(BadImage, match="Picture 1 of 1"):
        await events(order(images=("a",)), Inputs((whole[:200],)))
    with pytest.raises(BadMask, match="not a usable PNG"):
        await events(order(images=("a",), mask="m"), Inputs((whole,), b"nothing"))
    with pytest.raises(BadMask, match="selects nothing"):
        await events(order(images=("a",), mask="m"), Inputs((whole,), whole))


async def test_the_doctor_hears_which_scripts_can_be_set_and_what_to_install():
    bare = await DraftEngine(fonts=[], shaping=False).check()
    assert {finding.level for finding in bare} == {"warn"}
    assert all(finding.fix.startswith("apt install ") for finding in bare)
    here = await DraftEngine().check()
    assert all(bool(finding.fix) == (finding.level == "warn") for finding in here)


async def test_a_broken_font_is_passed_over(tmp_path: Path):
    (tmp_path / "NotoSansArabic-Regular.ttf").write_bytes(b"this is not a font")
    notes = (await finished(order("غروب", size="400x300"), fonts=[str(tmp_path)])).notes
    assert ["Arabic text could not be set" in note for note in notes] == [True]


def test_a_font_file_given_by_hand_is_used(tmp_path: Path):
    own = ImageFont.load_default(20)
    assert isinstance(own, ImageFont.FreeTypeFont)
    assert isinstance(own.path, BytesIO)
    file = tmp_path / "My Own Face.ttf"
    file.write_bytes(own.path.getvalue())
    assert Typesetter([str(file)]).can("GREEK", "a") == "Aileron"

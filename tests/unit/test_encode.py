"""Other files of a picture: exact sizes, formats, and what may leave the machine."""

from __future__ import annotations

from io import BytesIO
from typing import cast

import pytest
from PIL import Image, ImageChops, ImageOps, ImageSequence, ImageStat

from aquatint.domain.errors import BadImage, BadRequest
from aquatint.imaging.encode import (
    WRITABLE,
    convert,
    cover,
    encode,
    fit,
    icon,
    prepare_input,
    scaled,
)
from aquatint.imaging.sniff import sniff
from unit import hostile
from unit.hostile import GPS_SECRET, cutout, photo, saved

SECRETS = (
    GPS_SECRET.encode(),
    hostile.COMMENT_SECRET,
    hostile.XMP_SECRET[-20:],
    b"HOME-ADDRESS",
    b"CameraMaker-4711",
    b"Exif",
    b"xmpmeta",
    b"acsp",  # what every ICC profile has in its header
)
INPUTS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return cast("tuple[int, ...]", image.getpixel((x, y)))


def unlike(a: Image.Image, b: Image.Image) -> float:
    difference = ImageChops.difference(a.convert("RGB"), b.convert("RGB"))
    return max(ImageStat.Stat(difference).mean)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "gif", "avif"])
@pytest.mark.parametrize("size", [(40, 40), (100, 20), (20, 100), (300, 200), (64, 48), (1, 1)])
def test_a_fitted_picture_has_exactly_the_size(format: str, size: tuple[int, int]) -> None:
    data = fit(saved(photo(), "PNG"), *size, format)
    assert sniff(data) == format
    assert opened(data).size == size


def test_fitting_covers_and_crops_the_middle() -> None:
    bands = Image.new("RGB", (300, 100), (255, 0, 0))
    bands.paste((0, 255, 0), (100, 0, 200, 100))
    middle = opened(fit(saved(bands, "PNG"), 50, 50, "png"))
    assert at(middle, 25, 25) == (0, 255, 0)
    assert min(at(middle, 2, 25)[1], at(middle, 47, 25)[1]) > 240


def test_a_picture_of_the_size_already_is_not_resampled() -> None:
    image = photo()
    assert cover(image, 64, 48) is image
    assert opened(fit(saved(image, "PNG"), 64, 48, "png")).tobytes() == image.tobytes()


@pytest.mark.parametrize("format", ["png", "webp", "avif"])
def test_alpha_and_profile_stay(format: str) -> None:
    data = saved(cutout(), "PNG", icc_profile=hostile.swapped_profile())
    done = opened(fit(data, 32, 24, format))
    assert done.mode == "RGBA"
    assert at(done, 16, 12)[3] < 20
    assert at(done, 1, 1)[3] > 235
    assert done.info["icc_profile"] == hostile.swapped_profile()


def test_jpeg_lies_on_white() -> None:
    done = opened(convert(saved(cutout(), "PNG"), "jpeg"))
    assert min(at(done, 32, 24)) > 240


@pytest.mark.parametrize("format", WRITABLE)
@pytest.mark.parametrize("name", INPUTS)
def test_every_format_becomes_every_other(name: str, format: str) -> None:
    image = photo()
    data = convert(saved(image, name), format)
    assert sniff(data) == format
    done = opened(data)
    if format != "ico":
        assert done.size == image.size
        assert unlike(done, image) < 12


def test_compression_is_the_quality_of_lossy_formats() -> None:
    data = saved(photo(200, 200), "PNG")
    for format in ("jpeg", "webp", "avif"):
        sizes = [len(convert(data, format, quality)) for quality in (0, 50, 100)]
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[2]


def test_lossless_webp_is_lossless() -> None:
    image = photo()
    assert opened(encode(image, "webp", lossless=True)).convert("RGB").tobytes() == image.tobytes()


@pytest.mark.parametrize(("source", "target"), [("GIF", "gif"), ("GIF", "webp"), ("WEBP", "gif")])
@pytest.mark.parametrize("size", [None, (20, 30)])
def test_an_animation_keeps_its_frames_times_and_loop(
    source: str, target: str, size: tuple[int, int] | None
) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    frames = [Image.new("RGB", (40, 40), colour) for colour in colours]
    data = saved(
        frames[0], source, save_all=True, append_images=frames[1:], duration=[50, 100, 200], loop=0
    )
    done = opened(convert(data, target, size=size))
    assert done.size == (size or (40, 40))
    assert done.info["loop"] == 0
    seen: list[int] = []
    for colour, frame in zip(colours, ImageSequence.Iterator(done), strict=True):
        shown = at(frame.convert("RGB"), 10, 10)
        assert max(abs(a - b) for a, b in zip(shown, colour, strict=True)) < 12
        seen.append(frame.info["duration"])
    assert seen == [50, 100, 200]


def test_an_animation_becomes_its_first_frame_where_there_is_no_other_way() -> None:
    done = opened(convert(hostile.animated("GIF", 4, 16), "png"))
    assert getattr(done, "n_frames", 1) == 1
    assert at(done.convert("RGB"), 3, 3) == (0, 0, 90)


def test_a_gif_keeps_clear_pixels_clear() -> None:
    done = opened(convert(saved(cutout(), "PNG"), "gif")).convert("RGBA")
    assert at(done, 32, 24)[3] == 0
    assert at(done, 1, 1)[3] == 255


@pytest.mark.parametrize(
    ("size", "sides"),
    [((300, 200), {16, 32, 48, 64, 128, 256}), ((60, 60), {16, 32, 48}), ((8, 8), {16})],
)
def test_an_icon_has_every_usual_size_up_to_its_own(size: tuple[int, int], sides: set[int]) -> None:
    done = opened(convert(saved(photo(*size), "PNG"), "ico"))
    assert {width for width, _ in done.info["sizes"]} == sides
    assert all(width == height for width, height in done.info["sizes"])


def test_an_icon_of_a_wide_picture_is_padded_clear() -> None:
    done = opened(convert(saved(photo(256, 128), "PNG"), "ico")).convert("RGBA")
    assert done.size == (256, 256)
    assert at(done, 128, 4)[3] == 0
    assert at(done, 128, 128)[3] == 255


@pytest.mark.parametrize("format", WRITABLE)
@pytest.mark.parametrize("name", INPUTS)
def test_what_is_written_never_carries_the_sources_metadata(name: str, format: str) -> None:
    done = convert(hostile.private(name), format)
    for secret in set(SECRETS) - {b"acsp"}:
        assert secret not in done
    assert not opened(done).getexif()


def test_a_format_nobody_writes_is_refused() -> None:
    with pytest.raises(BadRequest, match="not written as svg"):
        convert(saved(photo(), "PNG"), "svg")


@pytest.mark.parametrize("want_png", [False, True])
@pytest.mark.parametrize("name", INPUTS)
def test_nothing_but_pixels_leaves(name: str, want_png: bool) -> None:
    data = hostile.private(name)
    if name != "BMP":
        assert any(secret in data[: -len(hostile.COMMENT_SECRET)] for secret in SECRETS)
    sent = prepare_input(data, want_png=want_png)
    for secret in SECRETS:
        assert secret not in sent.data
    image = opened(sent.data)
    image.load()
    assert not image.getexif()
    assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert sent.format == ("jpeg" if name == "JPEG" and not want_png else "png")
    assert (sent.width, sent.height) == image.size == (64, 48)


def test_png_leaves_with_only_the_chunks_that_are_pixels() -> None:
    sent = prepare_input(hostile.private("PNG"))
    kinds = {sent.data[i + 4 : i + 8] for i in _chunk_starts(sent.data)}
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def _chunk_starts(data: bytes) -> list[int]:
    starts, at = list[int](), 8
    while at < len(data):
        starts.append(at)
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return starts


def test_colours_are_converted_before_their_profile_goes() -> None:
    red = Image.new("RGB", (20, 20), (255, 0, 0))
    for name in ("PNG", "JPEG", "WEBP", "AVIF", "TIFF"):
        data = saved(red, name, icc_profile=hostile.swapped_profile())
        shown = at(opened(prepare_input(data).data), 10, 10)
        assert shown[1] > 235, name
        assert shown[0] < 25, name


def test_alpha_survives_the_conversion_of_colours() -> None:
    data = saved(cutout(), "PNG", icc_profile=hostile.swapped_profile())
    sent = opened(prepare_input(data).data)
    assert (at(sent, 32, 24)[3], at(sent, 1, 1)[3]) == (0, 255)
    assert at(sent, 1, 1)[1] > 235


def test_a_sideways_photograph_leaves_upright() -> None:
    sent = prepare_input(hostile.sideways())
    assert (sent.format, sent.width, sent.height, sent.notes) == ("jpeg", 40, 80, ())
    red, green, blue = at(opened(sent.data), 3, 6)
    assert red > 230
    assert max(green, blue) < 30


def test_a_jpeg_stays_nearly_itself() -> None:
    data = saved(photo(200, 200), "JPEG", quality=90)
    assert unlike(opened(prepare_input(data).data), opened(data)) < 1


@pytest.mark.parametrize(
    ("name", "format"),
    [("AVIF", "PNG"), ("TIFF", "PNG"), ("BMP", "PNG"), ("WEBP", None), ("PNG", None)],
)
def test_a_conversion_is_said(name: str, format: str | None) -> None:
    notes = prepare_input(saved(photo(), name)).notes
    assert notes == ((f"The {name} was sent as {format}.",) if format else ())


def test_an_animation_says_that_only_its_first_frame_was_sent() -> None:
    sent = prepare_input(hostile.animated("GIF", 7, 16))
    assert sent.notes == ("Only the first of 7 frames was sent.",)
    assert at(opened(sent.data).convert("RGB"), 3, 3) == (0, 0, 90)


def test_an_opaque_alpha_channel_is_dropped_except_where_png_was_wanted() -> None:
    data = saved(photo(mode="RGBA"), "PNG")
    assert opened(prepare_input(data).data).mode == "RGB"
    assert opened(prepare_input(data, want_png=True).data).mode == "RGBA"


def test_what_is_too_large_as_png_is_sent_as_jpeg() -> None:
    data = saved(photo(400, 300), "BMP")
    sent = prepare_input(data, max_bytes=30_000)
    assert sent.format == "jpeg"
    assert sent.notes == ("The BMP was sent as JPEG.",)


@pytest.mark.parametrize(("alpha", "want_png"), [(False, False), (True, False), (False, True)])
def test_what_is_still_too_large_is_scaled_and_says_from_what_to_what(
    alpha: bool, want_png: bool
) -> None:
    noise = Image.effect_noise((400, 300), 90).convert("RGB")
    if alpha:
        noise.putalpha(ImageOps.fit(Image.linear_gradient("L"), noise.size))
    sent = prepare_input(saved(noise, "PNG"), max_bytes=20_000, want_png=want_png)
    assert len(sent.data) <= 20_000
    assert sent.format == ("png" if alpha or want_png else "jpeg")
    assert opened(sent.data).mode == ("RGBA" if alpha else "RGB")
    assert sent.width < 400
    assert f"from 400x300 to {sent.width}x{sent.height}" in sent.notes[-1]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
@pytest.mark.parametrize("name", hostile.CORPUS)
def test_only_decodable_pictures_ever_leave(name: str) -> None:
    build, is_picture = hostile.CORPUS[name]
    if is_picture:
        sent = prepare_input(build())
        assert opened(sent.data).mode in {"RGB", "RGBA"}
    else:
        with pytest.raises(BadImage):
            prepare_input(build())


def test_an_svg_does_not_leave() -> None:
    with pytest.raises(BadImage, match="SVG"):
        prepare_input(b"<svg width='9' height='9'/>")


@pytest.mark.parametrize("target", ["gif", "webp"])
def test_what_moves_on_a_clear_ground_leaves_no_trail(target: str) -> None:
    frames: list[Image.Image] = []
    for left in (0, 20):
        frame = Image.new("RGBA", (40, 40))
        frame.paste((250, 0, 0, 255), (left, 0, left + 20, 40))
        frames.append(frame)
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2, duration=50)
    done = opened(convert(data, target))
    done.seek(1)
    last = done.convert("RGBA")
    assert (at(last, 5, 5)[3], at(last, 30, 5)[3]) == (0, 255)


@pytest.mark.parametrize(
    ("side", "sides"),
    [(48, {16, 32, 48}), (40, {16, 32, 40}), (256, {16, 32, 48, 64, 128, 256}), (8, {8})],
)
def test_an_icon_of_a_size_is_made_of_all_the_pixels_there_are(side: int, sides: set[int]) -> None:
    for image in (photo(600, 300, "RGBA"), photo(20, 10, "RGBA")):
        done = opened(icon(image, side))
        assert {width for width, _ in done.info["sizes"]} == sides
        clear = done.convert("RGBA").getchannel("A")
        assert clear.getpixel((side // 2, 0)) == 0
        assert clear.getpixel((side // 2, side // 2)) == 255


def test_a_copy_is_scaled_without_a_rim_of_what_is_clear() -> None:
    image = Image.new("RGBA", (256, 256), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (64, 64, 192, 192))
    small = opened(scaled(image, (30, 30), "png"))
    reds = [small.getpixel((x, y)) for x in range(30) for y in range(30)]
    assert all(pixel[1] == 0 for pixel in reds if isinstance(pixel, tuple) and pixel[3] > 8)

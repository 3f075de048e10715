"""What a picture is: formats, sizes, hostile files, provenance, upright pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from typing import cast
from warnings import catch_warnings, simplefilter

import pytest
from PIL import Image

from aquatint.domain.errors import BadImage
from aquatint.imaging.decode import (
    EXTENSION,
    MIME,
    ImageInfo,
    decoding,
    inspect,
    open_frames,
    open_upright,
    provenance,
    sniff,
)
from aquatint.imaging.sniff import svg_size
from unit import hostile
from unit.hostile import chunk, cutout, header, photo, saved

C2PA_UUID = bytes.fromhex("6332706100110010800000aa00389b71")
JUMBF = b"\0\0\0\x2djumb\0\0\0\x25jumd" + C2PA_UUID + b"\x03c2pa\0"


def at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return cast("tuple[int, ...]", image.getpixel((x, y)))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "ICO"])
def test_the_format_is_told_from_the_bytes(name: str) -> None:
    kind = sniff(saved(photo(), name)[:64])
    assert kind == name.lower()
    assert MIME[name.lower()].startswith("image/")
    assert EXTENSION[name.lower()] in {"png", "jpg", "webp", "gif", "avif", "tif", "bmp", "ico"}


@pytest.mark.parametrize(
    "text",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf \n<?xml version='1.0'?>\n<!-- a > b --><svg width='1'>",
        b'<!DOCTYPE svg PUBLIC "x" "y" [ <!ENTITY a "b"> ]><svg >',
        "<svg>".encode("utf-16"),
        b"<!--" + b" " * 20_000 + b"--><svg:svg xmlns:svg='x'>",
    ],
)
def test_an_svg_is_known_by_its_root_whatever_stands_before(text: bytes) -> None:
    assert sniff(text) == "svg"


@pytest.mark.parametrize(
    "text", [b"<html><svg></svg></html>", b"<svgx>", b"<!-- never closed <svg>", b"<?xml <svg>"]
)
def test_what_only_mentions_svg_is_none(text: bytes) -> None:
    assert sniff(text) is None


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"avif\0\0\0\0mif1miaf", "avif"),
        (b"mif1\0\0\0\0avifmiaf", "avif"),
        (b"heic\0\0\0\0mif1heic", "heic"),
        (b"mp42\0\0\0\0isommp42", None),
    ],
)
def test_the_brands_tell_avif_heic_and_video_apart(brands: bytes, kind: str | None) -> None:
    assert sniff(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands) == kind


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ("width='640' height='480px'", (640, 480)),
        ("width='100%' height='50%' viewBox='0 0 300.4 150'", (300, 150)),
        ("viewBox='0,0,32,16'", (32, 16)),
        ("viewBox='0 0 -1 5'", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_an_svgs_size_is_read_from_its_root(root: str, size: tuple[int, int]) -> None:
    svg = f"<svg {root}><rect width='9' height='9'/></svg>".encode()
    assert svg_size(svg) == size
    seen = inspect(svg)
    assert (seen.format, seen.width, seen.height, seen.provenance) == ("svg", *size, False)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
def test_a_picture_is_seen_as_it_is(name: str) -> None:
    seen = inspect(saved(photo(), name))
    assert (seen.format, seen.mime) == (name.lower(), MIME[name.lower()])
    assert (seen.width, seen.height, seen.frames, seen.alpha) == (64, 48, 1, False)
    assert (seen.provenance, seen.orientation) == (False, 1)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_transparency_is_seen_where_a_pixel_has_it(name: str) -> None:
    assert inspect(saved(cutout(), name)).alpha
    full = saved(photo(mode="RGBA"), name)
    assert not inspect(full).alpha


def test_a_shallow_look_says_what_the_header_allows() -> None:
    full = saved(photo(mode="RGBA"), "PNG")
    assert inspect(full, deep=False).alpha
    assert not inspect(full, deep=True).alpha


@pytest.mark.parametrize(("name", "frames"), [("GIF", 12), ("WEBP", 12), ("AVIF", 3), ("PNG", 5)])
def test_frames_are_counted(name: str, frames: int) -> None:
    assert inspect(hostile.animated(name, frames, 16, lossless=True)).frames == frames


def test_pages_of_a_tiff_are_counted() -> None:
    pages = saved(photo(), "TIFF", save_all=True, append_images=[photo(), photo()])
    assert inspect(pages).frames == 3


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # one line on stderr otherwise
@pytest.mark.parametrize("name", hostile.CORPUS)
def test_every_hostile_file_ends_as_seen_or_as_a_clear_error(name: str) -> None:
    build, is_picture = hostile.CORPUS[name]
    data = build()
    if is_picture:
        seen = inspect(data)
        assert seen.width >= 4
        assert open_upright(data).size == (seen.width, seen.height)
        return
    for look in cast("list[Callable[[bytes], object]]", [inspect, open_upright]):
        with pytest.raises(BadImage) as caught:
            look(data)
        assert caught.value.message.endswith(".")
        assert caught.value.fix.startswith(("Give", "Scale", "Open", "Download", "Export", "Run"))
        assert "secret" not in str(caught.value)  # another file's content never leaves


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", "empty"),
        ("web page", "an HTML page"),
        ("png bomb", "40000x40000 (1,600.0 megapixels)"),
        ("half a png", "cut off"),
        ("png with a wrong checksum", "checksum of chunk 'IDAT'"),
        ("heic that is cut off", "HEIC"),
        ("png of no size", "0x0"),
        ("gif of 5,000 frames", "more than 4096 frames"),
    ],
)
def test_the_error_says_what_it_is(name: str, words: str) -> None:
    with pytest.raises(BadImage) as caught:
        inspect(hostile.CORPUS[name][0]())
    assert words in str(caught.value)


def test_the_pixel_limit_is_the_callers() -> None:
    data = saved(photo(100, 100), "PNG")
    assert inspect(data, max_pixels=10_000).width == 100
    for look in (inspect, open_upright):
        with pytest.raises(BadImage, match="megapixels"):
            look(data, max_pixels=9_999)  # type: ignore[operator]


def test_a_manifest_is_noticed_in_png_jpeg_and_webp() -> None:
    png = saved(photo(), "PNG")
    signed = png[:33] + chunk(b"caBX", JUMBF) + png[33:]
    assert (provenance(png), provenance(signed), inspect(signed).provenance) == (False, True, True)

    jpeg = saved(photo(), "JPEG")
    segment = b"JP\0\x01\0\0\0\x01" + JUMBF
    signed = jpeg[:2] + b"\xff\xeb" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    assert (provenance(jpeg), provenance(signed), inspect(signed).provenance) == (False, True, True)

    webp = saved(photo(), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    body = webp[8:] + b"C2PA" + struct.pack("<I", len(JUMBF)) + JUMBF + b"\0" * (len(JUMBF) & 1)
    signed = b"RIFF" + struct.pack("<I", len(body)) + body
    assert (provenance(webp), provenance(signed), inspect(signed).provenance) == (False, True, True)


def test_words_in_the_pixels_are_no_manifest() -> None:
    png = saved(photo(), "PNG")
    assert not provenance(png + chunk(b"tEXt", b"caBX c2pa jumb")[4:])
    assert not provenance(b"caBX c2pa jumb")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_out_upright(name: str, orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    upright = photo(40, 80)
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, name, exif=exif, **({} if name in {"PNG", "TIFF"} else {"quality": 98}))
    seen = inspect(data)
    assert (seen.width, seen.height, seen.orientation) == (40, 80, orientation)
    image = open_upright(data)
    assert image.size == (40, 80)
    red, green, blue = at(image, 3, 6)
    assert red > 230
    assert max(green, blue) < 30
    assert not open_upright(data).getexif()


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 255, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("I;16", 77 * 257, (77, 77, 77)),
        ("LA", (77, 128), (77, 77, 77, 128)),
        ("RGBA", (9, 8, 7, 6), (9, 8, 7, 6)),
    ],
)
def test_unusual_modes_become_rgb_by_scaling_not_clipping(
    mode: str, value: int | tuple[int, ...], expected: tuple[int, ...]
) -> None:
    image = open_upright(saved(Image.new(mode, (5, 5), value), "PNG"))
    assert image.mode == ("RGBA" if len(expected) == 4 else "RGB")
    assert at(image, 2, 2) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.0, 1.0, 255), (0.0, 200.0, 200), (-5.0, 5.0, 255)]
)
def test_float_samples_are_scaled_by_their_range(low: float, high: float, expected: int) -> None:
    image = Image.new("F", (2, 1), low)
    image.putpixel((1, 0), high)
    opened = open_upright(saved(image, "TIFF"))
    assert at(opened, 0, 0) == (0, 0, 0)
    assert at(opened, 1, 0)[0] == pytest.approx(expected, abs=1)


def test_cmyk_and_lab_look_like_the_picture_they_were() -> None:
    for name in ("cmyk jpeg", "cmyk tiff", "lab tiff"):
        corner = at(open_upright(hostile.CORPUS[name][0]()), 4, 4)
        assert corner[0] > 220, name
        assert max(corner[1:]) < 40, name


def test_only_the_profile_stays_with_the_pixels() -> None:
    assert open_upright(hostile.private("PNG")).info == {"icc_profile": hostile.swapped_profile()}
    assert open_upright(hostile.private("JPEG")).info == {"icc_profile": hostile.swapped_profile()}
    assert open_upright(hostile.private("GIF")).info == {}
    assert open_upright(hostile.CORPUS["png with a broken profile"][0]()).info == {}


def test_a_jpeg_may_be_opened_smaller_but_not_below_what_was_asked() -> None:
    data = saved(photo(1600, 800), "JPEG")
    assert open_upright(data).size == (1600, 800)
    assert open_upright(data, near=400).size == (400, 200)
    assert max(open_upright(data, near=401).size) == 800


@pytest.mark.parametrize("name", ["GIF", "WEBP"])
def test_frames_come_one_by_one_with_their_time(name: str) -> None:
    frames = list(open_frames(hostile.animated(name, 4, 16, loop=0, lossless=True)))
    assert [(ms, loop) for _, ms, loop in frames] == [(40, 0)] * 4
    assert [at(image, 5, 5)[0] for image, _, _ in frames] == [0, 1, 2, 3]


def test_an_animation_too_large_to_hold_is_refused() -> None:
    with pytest.raises(BadImage, match="too much to convert"):
        list(open_frames(hostile.animated("GIF", 20, 16), max_pixels=256))


def grown(at_frame: int, side: int) -> bytes:
    """A GIF of twelve frames of 16x16, of which one says that it is `side` square."""
    data, start = bytearray(hostile.animated("GIF", 12, 16)), 0
    for _ in range(at_frame + 1):
        start = data.index(b"\x2c\0\0\0\0\x10\0\x10\0", start + 1)
    data[start + 5 : start + 9] = side.to_bytes(2, "little") * 2
    return bytes(data)


@pytest.mark.parametrize("frame", [0, 1, 11])
def test_a_frame_beyond_its_screen_is_judged_before_pillow_makes_room_for_it(frame: int) -> None:
    with catch_warnings(record=True) as heard:
        simplefilter("always")
        with pytest.raises(BadImage, match="11000x11000"):
            inspect(grown(frame, 11_000), deep=False)
    assert not heard


def test_frames_that_grow_are_counted_as_large_as_they_become() -> None:
    with pytest.raises(BadImage, match="12 frames of 60x60"):
        list(open_frames(grown(1, 60), max_pixels=3600))


def test_the_boundary_translates_pillows_errors_and_lets_ours_through() -> None:
    for error in (OSError("truncated"), struct.error("x"), IndexError("y")):
        with pytest.raises(BadImage), decoding("png"):
            raise error
    for ours in (MemoryError(), TypeError("x")):  # no fault of the file
        with pytest.raises(type(ours)), decoding("png"):
            raise ours
    own = BadImage("a", "b")
    with pytest.raises(BadImage) as caught, decoding("png"):
        raise own
    assert caught.value is own


def test_a_look_leaves_pillow_as_it_was() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(BadImage):
        inspect(hostile.bomb_png())
    inspect(saved(photo(), "PNG"))
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_picture_that_says_nothing_of_note_is_plain() -> None:
    png = hostile.PNG + header(4, 4) + saved(photo(4, 4), "PNG")[33:]
    assert inspect(png) == ImageInfo("png", "image/png", 4, 4)
    assert open_upright(png).tobytes() == Image.open(BytesIO(png)).tobytes()

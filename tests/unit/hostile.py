"""Pictures that lie, break off, or are made to cost: built in code, each a few lines."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from types import MappingProxyType
from typing import Literal

from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

PNG = b"\x89PNG\r\n\x1a\n"
GPS_SECRET = "52.5163N"  # what must not survive: see `private`
XMP_SECRET = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>taken at HOME-ADDRESS</x:xmpmeta>"
COMMENT_SECRET = b"the client is ACME"


def chunk(kind: bytes, body: bytes) -> bytes:
    """Encode one PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """Encode an IHDR chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))


def photo(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Draw a gradient with detail in it, in any of Pillow's usual modes; red corner at top left."""
    red = ImageOps.fit(Image.linear_gradient("L"), (width, height))
    green = ImageOps.fit(Image.radial_gradient("L"), (width, height))
    image = Image.merge("RGB", (red, green, red.transpose(Image.Transpose.ROTATE_180)))
    image.paste((255, 0, 0), (0, 0, width // 4, height // 4))
    return image if mode == "RGB" else image.convert(mode)


def saved(image: Image.Image, name: str, **options: object) -> bytes:
    """Encode with Pillow."""
    out = BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def cutout(width: int = 64, height: int = 48) -> Image.Image:
    """Draw a picture with a clear hole in its middle and a half-clear rim."""
    image = photo(width, height, "RGBA")
    alpha = Image.new("L", image.size, 255)
    alpha.paste(128, (width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    alpha.paste(0, (width // 3, height // 3, 2 * width // 3, 2 * height // 3))
    image.putalpha(alpha)
    return image


def bomb_png() -> bytes:
    """Deflate 1.6 gigapixels into about 200 KB: 40,000 x 40,000 black pixels of one bit."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    total = 40_000 * 5_001
    rest = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = rest.compress(bytes(total % (1 << 20))) + rest.flush()
    adler = struct.pack(">I", (total % 65_521) << 16 | 1)
    stream = b"\x78\xda" + block * (total >> 20) + tail + adler
    return PNG + header(40_000, 40_000, 1, 0) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def animated(name: str, frames: int, side: int = 8, **options: object) -> bytes:
    """Encode an animation whose frames all differ, 40 ms each."""
    images = [Image.new("RGB", (side, side), (i % 256, i // 256, 90)) for i in range(frames)]
    return saved(images[0], name, save_all=True, append_images=images[1:], duration=40, **options)


def sideways() -> bytes:
    """A JPEG stored 80x40 that a person sees as 40x80 (EXIF orientation 6), red at top left."""
    upright = photo(40, 80)
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


def private(name: str, image: Image.Image | None = None) -> bytes:
    """Encode a picture with EXIF, GPS, XMP and comment or text, as far as its format has them."""
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker-4711"
    exif.get_ifd(0x8825)[1] = GPS_SECRET
    options: dict[str, object] = {"exif": exif}
    if name in {"JPEG", "WEBP", "AVIF"}:
        options["xmp"] = XMP_SECRET
    if name in {"JPEG", "GIF"}:
        options["comment"] = COMMENT_SECRET
    if name == "PNG":
        text = PngInfo()
        text.add_text("Comment", COMMENT_SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", XMP_SECRET.decode())
        text.add_text("workflow", "CameraMaker-4711", zip=False)
        options["pnginfo"] = text
    if name == "TIFF":
        options["tiffinfo"] = {270: COMMENT_SECRET.decode(), 700: XMP_SECRET}
    if name in {"GIF", "BMP"}:
        del options["exif"]
    if name != "GIF" and name != "BMP":
        options["icc_profile"] = swapped_profile()
    data = saved(image or photo(), name, **options)
    return data + COMMENT_SECRET  # what phones append: Pillow must not carry it either


@cache
def swapped_profile() -> bytes:
    """Make an RGB profile in which red means green and green red: sRGB with two tags swapped.

    Once: a profile holds the second that it was made in.
    """
    profile = _profile("sRGB").tobytes()
    profile = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return profile.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))


def grey_profile() -> bytes:
    """Make a grey profile of gamma 2.2, in the three tags it must have; Pillow makes none."""
    curve = b"curv" + bytes(4) + struct.pack(">IHH", 1, 0x0233, 0)
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(79)
    tags, at, table, body = (b"desc", b"wtpt", b"kTRC"), 128 + 4 + 36, b"", b""
    for tag, value in zip(tags, (name, white, curve), strict=True):
        table += tag + struct.pack(">II", at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">I4sI4s4s4s", at + len(body), b"test", 0x02100000, b"mntr", b"GRAY", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(24) + struct.pack(">iiii", 0, 63190, 65536, 54061)
    return head[:128].ljust(128, b"\0") + struct.pack(">I", 3) + table + body


def _profile(space: Literal["sRGB", "LAB"]) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] untyped in Pillow


def _png(*chunks: bytes) -> bytes:
    return PNG + b"".join(chunks)


def _pixels(width: int = 4, height: int = 4) -> bytes:
    return chunk(b"IDAT", zlib.compress((b"\0" + b"\x80" * 3 * width) * height))


def _of_palette(palette: bytes | None, *after: bytes, transparency: bytes | None = None) -> bytes:
    """A PNG of numbers of colours, 4x4, all 0."""
    rows = chunk(b"IDAT", zlib.compress(bytes(5) * 4))
    colours = [] if palette is None else [chunk(b"PLTE", palette)]
    clear = [] if transparency is None else [chunk(b"tRNS", transparency)]
    return _png(header(4, 4, colour=3), *colours, *clear, rows, *after, chunk(b"IEND", b""))


def png_of_16_bits(image: Image.Image) -> bytes:
    """Encode RGB pixels as a 16-bit PNG, each sample's lower byte 7."""
    row, raw = 3 * image.width, image.convert("RGB").tobytes()
    rows = [raw[at : at + row] for at in range(0, len(raw), row)]
    wide = b"".join(b"\0" + bytes(b for level in one for b in (level, 7)) for one in rows)
    head = header(*image.size, bits=16)
    return _png(head, chunk(b"IDAT", zlib.compress(wide)), chunk(b"IEND", b""))


def _with_late_profile(data: bytes) -> bytes:
    return data[:-12] + chunk(b"iCCP", b"late\0\0broken") + data[-12:]


def _with_bytes(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _jpeg_of_scans() -> bytes:
    whole = saved(photo(1600, 1600), "JPEG", progressive=True)
    at = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[at : at + 10] * 5_000 + whole[-2:]


def _jpeg_of_size(width: int, height: int) -> bytes:
    data = saved(photo(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return _with_bytes(data, at, struct.pack(">HH", height, width))


def _webp_of_size(width: int, height: int) -> bytes:
    data = saved(cutout(), "WEBP")
    at = data.index(b"VP8X") + 12
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _with_bytes(data, at, sides)


def _gif_of_blocks() -> bytes:
    return saved(photo().quantize(), "GIF")[:-1] + b"\x21\xfe" + b"\x01a" * 1_200_000 + b"\0;"


def _tiff_of_strips() -> bytes:
    count = 200_000
    entries = ((256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, count, 100))
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, 5) + directory + bytes(34) + bytes(4 * count)


def _float_tiff() -> bytes:
    return saved(photo(mode="L").convert("F"), "TIFF")


def _lab_tiff() -> bytes:
    lab = ImageCms.profileToProfile(photo(), _profile("sRGB"), _profile("LAB"), outputMode="LAB")
    assert lab is not None
    return saved(lab, "TIFF")


def _gif_of_frames(count: int) -> bytes:
    whole = saved(photo(8, 8).quantize(), "GIF")
    at = whole.rindex(b"\x2c\0\0\0\0")
    return whole[:at] + whole[at:-1] * count + b";"


def _cut(name: str, mode: str = "RGB") -> Callable[[], bytes]:
    def half() -> bytes:
        data = saved(photo(200, 200, mode), name)
        return data[: len(data) * 6 // 10]

    return half


# name -> (builder, whether it is still a picture)
CORPUS: Mapping[str, tuple[Callable[[], bytes], bool]] = MappingProxyType(
    {
        "nothing": (lambda: b"", False),
        "one byte": (lambda: b"\x89", False),
        "text named png": (lambda: b"a secret note\n" * 40, False),
        "web page": (lambda: b"<!DOCTYPE html><html><body>404</body></html>", False),
        "json error": (lambda: b'{"error": "a secret"}', False),
        "pdf": (lambda: b"%PDF-1.7\n" + bytes(900), False),
        "zip": (lambda: b"PK\x03\x04" + bytes(900), False),
        "video": (lambda: b"\0\0\0\x18ftypmp42" + bytes(900), False),
        "icon": (lambda: saved(photo(32, 32), "ICO"), False),
        "heic that is cut off": (
            lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
            False,
        ),
        "png bomb": (bomb_png, False),
        "png of no size": (lambda: _png(header(0, 0), _pixels(), chunk(b"IEND", b"")), False),
        "png of one long row": (lambda: _png(header(40_000, 1), _pixels(40_000, 1)), False),
        "jpeg of 65000x65000": (lambda: _jpeg_of_size(65_000, 65_000), False),
        "webp of 16000x16000": (lambda: _webp_of_size(16_000, 16_000), False),
        "gif of 60000x60000": (
            lambda: _with_bytes(
                saved(photo().quantize(), "GIF"), 6, struct.pack("<HH", 60_000, 60_000)
            ),
            False,
        ),
        "bmp of 60000x60000": (
            lambda: _with_bytes(saved(photo(), "BMP"), 18, struct.pack("<ii", 60_000, 60_000)),
            False,
        ),
        "half a png": (_cut("PNG"), False),
        "half a jpeg": (_cut("JPEG"), False),
        "half a webp": (_cut("WEBP"), False),
        "half a gif": (_cut("GIF"), False),
        "half an avif": (_cut("AVIF"), False),
        "half a bmp": (_cut("BMP"), False),
        "half a tiff": (_cut("TIFF"), False),
        "palette png without its palette": (lambda: _of_palette(None), False),
        "palette png with its palette behind the pixels": (
            lambda: _of_palette(None, chunk(b"PLTE", bytes(9))),
            False,
        ),
        "palette png with an empty palette": (lambda: _of_palette(b""), True),
        "palette png with half a colour": (lambda: _of_palette(bytes(4)), True),
        "palette png with a clear colour and no palette": (
            lambda: _of_palette(None, transparency=b"\0"),
            False,
        ),
        "png header only": (lambda: _png(header(4, 4)), False),
        "png with a wrong checksum": (
            lambda: _png(header(4, 4), _pixels()[:-1] + b"\0", chunk(b"IEND", b"")),
            False,
        ),
        "png named jpeg inside": (lambda: PNG + saved(photo(), "JPEG"), False),
        "png with a text bomb": (
            lambda: _png(
                header(4, 4),
                chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(30_000_000), 1)),
                _pixels(),
                chunk(b"IEND", b""),
            ),
            False,
        ),
        "png with 20 MB of text": (
            lambda: _png(
                header(4, 4),
                chunk(b"tEXt", b"k\0" + b"x" * 20_000_000),
                _pixels(),
                chunk(b"IEND", b""),
            ),
            True,
        ),
        "png of 200,000 chunks": (
            lambda: _png(header(4, 4), chunk(b"abCd", b"") * 200_000, _pixels()),
            False,
        ),
        "png with a zip behind it": (
            lambda: saved(photo(), "PNG") + b"PK\x03\x04" + bytes(99),
            True,
        ),
        "gif that is a script": (
            lambda: saved(photo().quantize(), "GIF") + b"/*<script>alert(1)</script>*/",
            True,
        ),
        "gif of 2,000 frames": (lambda: _gif_of_frames(2_000), True),
        "gif of 5,000 frames": (lambda: _gif_of_frames(5_000), False),
        "gif of tiny blocks": (_gif_of_blocks, False),
        "jpeg of 100,000 segments": (
            lambda: b"\xff\xd8" + b"\xff\xe5\0\x02" * 100_000 + saved(photo(), "JPEG")[2:],
            False,
        ),
        "jpeg of 5,000 scans": (_jpeg_of_scans, False),
        "tiff of 200,000 strips": (_tiff_of_strips, False),
        "jpeg with broken exif": (
            lambda: saved(photo(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(9)),
            True,
        ),
        "png with a broken profile": (
            lambda: saved(photo(), "PNG", icc_profile=b"no profile"),
            True,
        ),
        "png with a second, broken profile behind the pixels": (
            lambda: _with_late_profile(saved(photo(), "PNG", icc_profile=swapped_profile())),
            True,
        ),
        "16-bit png": (lambda: saved(photo(mode="L").convert("I;16"), "PNG"), True),
        "cmyk jpeg": (lambda: saved(photo(mode="CMYK"), "JPEG"), True),
        "palette png with a clear colour": (
            lambda: saved(photo().quantize(16), "PNG", transparency=0),
            True,
        ),
        "grey png with alpha": (lambda: saved(cutout().convert("LA"), "PNG"), True),
        "grey png with a clear grey": (lambda: saved(photo(mode="L"), "PNG", transparency=9), True),
        "one-bit png": (lambda: saved(photo(mode="1"), "PNG"), True),
        "one-bit png with a clear bit": (
            lambda: saved(photo(mode="1"), "PNG", transparency=0),
            True,
        ),
        "float tiff": (_float_tiff, True),
        "cmyk tiff": (lambda: saved(photo(mode="CMYK"), "TIFF"), True),
        "lab tiff": (_lab_tiff, True),
        "sideways jpeg": (sideways, True),
    }
)

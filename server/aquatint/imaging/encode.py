"""The only module that makes another picture file of a picture; imports Pillow, so lazily."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops

from ..domain.errors import BadRequest
from .colour import is_opaque, on_colour, on_white, to_srgb
from .decode import ImageInfo, inspect, open_frames, open_upright, resized
from .limits import MAX_PIXELS
from .sniff import MIME

MAX_SENT = 49_000_000  # bytes; the API takes files under 50 MB
WRITABLE = ("png", "jpeg", "webp", "gif", "avif", "ico")
_ICO_SIDES = (16, 32, 48, 64, 128, 256)
_ANIMATED = frozenset({"gif", "webp"})


def convert(
    data: bytes,
    format: str,
    compression: int | None = None,
    *,
    size: tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> bytes:
    """Encode a picture as another format, fitted to `size` when given.

    `format` is one of WRITABLE; `compression` is the API's 0-100 (JPEG, WebP, AVIF: 100 is best).
    GIF and WebP keep each other's animation, the others take the first frame. JPEG lies on white.
    The ICC profile stays; EXIF, GPS, XMP and text are never written. Raises BadImage, BadRequest.
    """
    if format not in WRITABLE:
        raise _unwritable(format)
    seen = inspect(data, max_pixels=max_pixels, deep=False)
    if seen.frames > 1 and seen.format in _ANIMATED and format in _ANIMATED:
        return _animated(data, format, compression, size, max_pixels)
    image = open_upright(data, max_pixels)
    return encode(cover(image, *size) if size else image, format, compression)


def scaled(
    image: Image.Image, size: tuple[int, int], format: str, compression: int | None = None
) -> bytes:
    """Encode RGB(A) pixels at another size: scaled to cover it, the middle kept.

    In the picture's own colour space and encoding (not in linear light), as browsers and design
    tools scale; colours are weighed by their alpha, so that no rim shows. Raises BadRequest.
    """
    if format not in WRITABLE:
        raise _unwritable(format)
    return encode(cover(image, *size), format, compression)


def icon(image: Image.Image, side: int) -> bytes:
    """An ICO of every usual size below `side` pixels, and `side` itself."""
    out = BytesIO()
    if max(image.size) < side:
        scale = side / max(image.size)
        image = resized(image, round(image.width * scale), round(image.height * scale))
    _save_ico(to_srgb(image.copy()), out, side)
    return out.getvalue()


def fit(data: bytes, width: int, height: int, format: str, compression: int | None = None) -> bytes:
    """Scale a picture to cover width x height pixels, crop its middle to exactly that, encode."""
    return convert(data, format, compression, size=(width, height))


def cut(
    data: bytes,
    box: tuple[int, int, int, int] | None,
    background: tuple[int, int, int] | None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[bytes, tuple[int, int], bool]:
    """A part of a picture (left, top, right, bottom), or all of it, on a colour where one is given.

    Gives a PNG of exactly these pixels, its size, and whether it has transparency. First frame.
    """
    image = open_upright(data, max_pixels)
    if box is not None:
        part = image.crop(box)
        part.info = dict(image.info)
        image = part
    if background is not None:
        image = on_colour(image, background)
    out = BytesIO()
    icc = image.info.get("icc_profile")
    image.save(out, "PNG", compress_level=1, icc_profile=icc)
    return out.getvalue(), image.size, not is_opaque(image)


def cover(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale to cover and crop the middle, in one resampling; keeps alpha and `info`."""
    if image.size == (width, height):
        return image
    scale = max(width / image.width, height / image.height)
    wide, tall = width / scale, height / scale
    left, top = (image.width - wide) / 2, (image.height - tall) / 2
    box = (
        max(0.0, left),
        max(0.0, top),
        min(image.width, left + wide),
        min(image.height, top + tall),
    )
    return resized(image, width, height, box)


def encode(
    image: Image.Image, format: str, compression: int | None = None, *, lossless: bool = False
) -> bytes:
    """Encode RGB(A) pixels with their ICC profile and no other metadata; `lossless` is for WebP."""
    out = BytesIO()
    icc = image.info.get("icc_profile")
    match format:
        case "png":
            image.save(out, "PNG", compress_level=4, icc_profile=icc)
        case "jpeg":
            quality = 92 if compression is None else max(1, compression)
            fine = 0 if quality >= 90 else 2  # 4:4:4, else 4:2:0
            on_white(image).save(out, "JPEG", quality=quality, subsampling=fine, icc_profile=icc)
        case "webp":
            quality = 90 if compression is None else compression
            image.save(
                out, "WEBP", quality=quality, method=4, lossless=lossless, icc_profile=icc or b""
            )
        case "avif":
            quality = 80 if compression is None else compression
            image.save(out, "AVIF", quality=quality, speed=8, icc_profile=icc)
        case "gif":
            _save_gif([to_srgb(image.copy())], [0], 1, out)
        case _:
            _save_ico(to_srgb(image.copy()), out)
    return out.getvalue()


def _animated(
    data: bytes,
    format: str,
    compression: int | None,
    size: tuple[int, int] | None,
    max_pixels: int,
) -> bytes:
    """Every frame fitted; durations and the loop kept."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    loop = 0
    for frame, duration, loop in open_frames(data, max_pixels):  # noqa: B007 the last one counts
        frames.append(to_srgb(cover(frame, *size) if size else frame))
        durations.append(duration)
    if format == "gif":
        out = BytesIO()
        _save_gif(frames, durations, loop, out)
        return out.getvalue()
    return _animated_webp(frames, durations, loop, 90 if compression is None else compression)


def _animated_webp(
    frames: Sequence[Image.Image], durations: Sequence[int], loop: int, quality: int
) -> bytes:
    out = BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=list(durations),
        loop=loop,
        quality=quality,
        method=2,
    )
    data = bytearray(out.getvalue())
    if bytes(data[12:16]) == b"VP8X" and any(frame.mode == "RGBA" for frame in frames):
        data[20] |= 0x10  # libwebp forgets the alpha flag where each frame's own box is opaque
    return bytes(data)


def _save_gif(
    frames: Sequence[Image.Image], durations: Sequence[int], loop: int, out: BytesIO
) -> None:
    """Colours chosen per frame and dithered; half-transparent pixels become one or the other."""
    clear = any(frame.mode == "RGBA" for frame in frames)
    first, *rest = (_paletted(frame, clear) for frame in frames)
    options: dict[str, object] = {"loop": loop} if loop != 1 else {}
    if clear:
        options |= {"transparency": 255, "disposal": 2}
    if rest:
        options |= {"save_all": True, "append_images": rest, "duration": list(durations)}
    first.save(out, "GIF", **options)


def _paletted(image: Image.Image, clear: bool) -> Image.Image:
    """256 colours; with `clear`, 255 and the last index for what is transparent."""
    flat = image.convert("RGB")
    palette = flat.quantize(255 if clear else 256, Image.Quantize.MEDIANCUT)
    result = flat.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if image.mode == "RGBA":
        clear_here = ImageChops.invert(image.getchannel("A"))
        result.paste(255, mask=clear_here.convert("1", dither=Image.Dither.NONE))
    return result


def _save_ico(image: Image.Image, out: BytesIO, largest: int | None = None) -> None:
    """Every usual size up to the picture's own (or below `largest`, and that one), each made of
    all its pixels, on a transparent square."""
    side = largest or max(image.size)
    sides = [step for step in _ICO_SIDES if step <= side] or [_ICO_SIDES[0]]
    if largest and largest not in sides:
        sides = [*(step for step in sides if step < largest), largest]
    frames = [_on_square(image, step) for step in sides]
    frames[-1].save(out, "ICO", sizes=[(step, step) for step in sides], append_images=frames[:-1])


def _on_square(image: Image.Image, side: int) -> Image.Image:
    scale = min(1.0, side / max(image.size))
    small = resized(image, round(image.width * scale), round(image.height * scale))
    square = Image.new("RGBA", (side, side))
    square.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return square


def _unwritable(format: str) -> BadRequest:
    return BadRequest(
        f"Pictures are not written as {format}.", f"Use one of {', '.join(WRITABLE)}."
    )


# What leaves for the provider


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it leaves the machine: nothing but pixels. `notes` tell what was changed."""

    data: bytes
    mime: str
    format: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


def prepare_input(
    data: bytes,
    *,
    want_png: bool = False,
    max_bytes: int = MAX_SENT,
    max_pixels: int = MAX_PIXELS,
) -> Prepared:
    """Make the file that may be sent: first frame, upright, sRGB, RGB(A), no metadata at all.

    Everything is decoded and encoded anew, a JPEG too (quality 95, 4:4:4): cutting its segments
    out would leave what phones append after the picture (a second picture or a film, with GPS),
    and pixels are the one thing sure to carry nothing else. What is kept exact comes from the
    original, never from this. JPEG stays JPEG unless `want_png`; all else becomes PNG, or JPEG
    where that would be above `max_bytes`, or is scaled down. Raises BadImage.
    """
    seen = inspect(data, max_pixels=max_pixels, deep=False)
    image = to_srgb(open_upright(data, max_pixels))
    if image.mode == "RGBA" and not want_png and is_opaque(image):
        image = image.convert("RGB")
    format = "jpeg" if seen.format == "jpeg" and not want_png else "png"
    encoded, format, image = _under(image, format, want_png, max_bytes)
    notes = sent_as(seen, format)
    if image.size != (seen.width, seen.height):
        notes.append(
            f"It was scaled from {seen.width}x{seen.height} to {image.width}x{image.height}, "
            f"because more than {max_bytes / 1e6:,.3g} MB cannot be sent."
        )
    return Prepared(encoded, MIME[format], format, *image.size, tuple(notes))


def sent_as(seen: ImageInfo, format: str) -> list[str]:
    """What must be said of a picture that leaves as `format`: other frames, another kind."""
    notes: list[str] = []
    if seen.frames > 1:
        unit = "page" if seen.format == "tiff" else "frame"
        notes.append(f"Only the first of {seen.frames} {unit}s was sent.")
    if format != seen.format and seen.format not in {"webp", "gif", "jpeg"}:
        notes.append(f"The {seen.format.upper()} was sent as {format.upper()}.")
    return notes


def _under(
    image: Image.Image, format: str, want_png: bool, max_bytes: int
) -> tuple[bytes, str, Image.Image]:
    """Encode under the limit: as wished, else as JPEG, else smaller and smaller."""
    while True:
        encoded = _for_sending(image, format)
        if len(encoded) > max_bytes and not want_png and image.mode == "RGB":
            format = "jpeg"
            encoded = _for_sending(image, format)
        if len(encoded) <= max_bytes or image.size == (1, 1):
            return encoded, format, image
        scale = min(0.9, 0.95 * math.sqrt(max_bytes / len(encoded)))
        image = resized(image, int(image.width * scale), int(image.height * scale))


def _for_sending(image: Image.Image, format: str) -> bytes:
    out = BytesIO()
    if format == "png":
        image.save(out, "PNG", compress_level=1)  # sending is short, level 6 is not
    else:
        image.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()

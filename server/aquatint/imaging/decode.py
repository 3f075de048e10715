"""The only module that opens a picture's bytes; imports Pillow, so it is imported lazily itself."""

from __future__ import annotations

import importlib
import struct
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType

from PIL import Image, ImageCms
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from ..domain.errors import BadImage
from . import metadata
from .colour import in_own_mode, is_opaque, to_rgb
from .limits import MAX_PIXELS, check_size, check_structure
from .sniff import EXTENSION, MIME, describe, png_chunks, provenance, sniff, svg_size

__all__ = [
    "EXTENSION",
    "MAX_PIXELS",
    "MIME",
    "ImageInfo",
    "decoding",
    "inspect",
    "open_frames",
    "open_upright",
    "provenance",
    "recognise",
    "resized",
    "sniff",
]

ACCEPTED = "PNG, JPEG, WebP, GIF, AVIF, TIFF or BMP"
# What Pillow raises for broken bytes. TypeError and MemoryError are left out: they are our faults.
BROKEN = (
    OSError,  # truncated, unidentified
    SyntaxError,  # what Pillow's plugins raise for "not mine"
    ValueError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,  # the AVIF decoder
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,  # where warnings are errors
    UserWarning,  # where warnings are errors: "Truncated File Read" and its like
    ImageCms.PyCMSError,
)

# The classes themselves, not Image.open: that would warn about sizes that we refuse just after,
# try formats nobody asked for, and make a multi-picture JPEG (most telephones) something else.
_CLASSES: Mapping[str, Callable[[BytesIO], ImageFile]] = MappingProxyType(
    {
        "png": PngImageFile,
        "jpeg": JpegImageFile,
        "webp": WebPImageFile,
        "gif": GifImageFile,
        "avif": AvifImageFile,
        "tiff": TiffImageFile,
        "bmp": BmpImageFile,
    }
)
_TURN: Mapping[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
_ORIENTATION = 0x0112
_SELF_TURNING = frozenset({"tiff", "heic"})  # their decoders bake the orientation in


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a picture is: width and height in pixels as a person sees it (orientation applied).

    `orientation` is the EXIF value that was applied (1 none). `alpha` says that a pixel of the
    first frame is not opaque (without deep: that one could be). `mode`, `depth` (bits a sample) and
    `metadata` (such as "EXIF") are those of the file.
    """

    format: str
    mime: str
    width: int
    height: int
    frames: int = 1
    alpha: bool = False
    provenance: bool = False
    orientation: int = 1
    mode: str = "RGB"
    depth: int = 8
    metadata: tuple[str, ...] = ()


def recognise(data: bytes) -> str:
    """Name the format of bytes that are to be decoded. Raises BadImage, also for SVG and ICO."""
    kind = sniff(data)
    if kind is None:
        raise BadImage(
            f"This is not a picture: it is {describe(data)}.", f"Give a {ACCEPTED} file."
        )
    if kind in _CLASSES or kind == "heic":
        return kind
    raise BadImage(
        f"{kind.upper()} pictures are not opened here.", f"Export it as PNG, or give a {ACCEPTED}."
    )


def inspect(data: bytes, *, max_pixels: int = MAX_PIXELS, deep: bool = True) -> ImageInfo:
    """Look at a picture; `deep` also decodes the first frame, so that a half file is caught.

    An SVG is read as text and never rendered (0x0 where it names no size). Raises BadImage.
    """
    if sniff(data) == "svg":
        width, height = svg_size(data)
        return ImageInfo("svg", MIME["svg"], width, height, alpha=True, mode="SVG")
    kind = recognise(data)
    with decoding(kind):
        image, frames = _open(kind, data, max_pixels)
        with image:
            mode, orientation = image.mode, _orientation(image, data)
            depth, carried = metadata.depth(kind, image, data), metadata.carried(kind, image, data)
            width, height = image.size
            if orientation >= 5 and kind not in _SELF_TURNING:
                width, height = height, width
            if deep:
                image.load()
            alpha = not is_opaque(image) if deep else image.has_transparency_data
    return ImageInfo(
        kind,
        MIME[kind],
        width,
        height,
        frames,
        alpha,
        provenance(data),
        orientation,
        mode,
        depth,
        carried,
    )


def open_upright(
    data: bytes,
    max_pixels: int = MAX_PIXELS,
    *,
    near: int | None = None,
    own_mode: bool = False,
) -> Image.Image:
    """Decode the first frame, orientation baked in, as RGB or RGBA; `info` has only a profile.

    With `near`, a JPEG may come out smaller than it is, its longest edge still at least `near`.
    With `own_mode` grey stays L, LA or I;16. Raises BadImage.
    """
    kind = recognise(data)
    with decoding(kind):
        image, _ = _open(kind, data, max_pixels)
        with image:
            orientation = 1 if kind in _SELF_TURNING else _orientation(image, data)
            if near is not None and isinstance(image, JpegImageFile):
                scale = min(1.0, near / max(image.size))
                image.draft(None, (int(image.width * scale), int(image.height * scale)))
            upright = in_own_mode(image) if own_mode else to_rgb(image)
    return upright.transpose(_TURN[orientation]) if orientation > 1 else upright


def open_frames(
    data: bytes, max_pixels: int = MAX_PIXELS
) -> Generator[tuple[Image.Image, int, int]]:
    """Decode every frame of a GIF or WebP: RGB(A), milliseconds, and the loop count (0 for ever).

    Raises BadImage, also when all frames together are above eight times `max_pixels`.
    """
    kind = recognise(data)
    with decoding(kind):
        image, frames = _open(kind, data, max_pixels)
        with image:
            loop = image.info.get("loop", 1)
            done = 0  # pixels; a later frame of a GIF may be larger than those before it
            for number in range(frames):
                image.seek(number)
                size = image.width * image.height
                if done + (frames - number) * size > 8 * max_pixels:
                    raise BadImage(
                        f"The animation is {frames} frames of {image.width}x{image.height}, too "
                        "much to convert.",
                        "Ask for fewer frames or a smaller size.",
                    )
                done += size
                image.load()
                yield to_rgb(image.copy()), int(image.info.get("duration", 0)), loop


def resized(
    image: Image.Image,
    width: int,
    height: int,
    box: tuple[float, float, float, float] | None = None,
    filter: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """Scale (the part in `box` of) RGB(A) pixels, alpha weighed in; `info` stays."""
    return image.resize(  # pyright: ignore[reportUnknownMemberType] its stub names numpy
        (max(1, width), max(1, height)), filter, box, reducing_gap=2.0
    )


@contextmanager
def decoding(kind: str) -> Generator[None]:
    """Turn everything that Pillow is known to raise into one BadImage."""
    try:
        yield
    except BROKEN as exc:
        cut = isinstance(exc, EOFError | struct.error) or "truncat" in str(exc).lower()
        reason = " ".join(str(exc).split())[:160].rstrip(".") or type(exc).__name__
        raise BadImage(
            f"The {kind.upper()} is cut off: it ends before the picture does."
            if cut
            else f"The {kind.upper()} is damaged: {reason}.",
            "Download or export it again; if it opens elsewhere, save it as PNG and give that.",
        ) from exc


def _open(kind: str, data: bytes, max_pixels: int) -> tuple[Image.Image, int]:
    """Read the header, judge it, decode nothing yet. Gives the picture and its frame count."""
    if kind == "heic":
        return _open_heic(data, max_pixels), 1
    frames = check_structure(kind, data, max_pixels)
    image = _CLASSES[kind](BytesIO(data))
    check_size(image.width, image.height, max_pixels)
    if image.mode == "P" and image.palette is None:
        raise ValueError("it has no palette, and its pixels are numbers of colours in one")
    return image, frames or getattr(image, "n_frames", 1)


def _open_heic(data: bytes, max_pixels: int) -> Image.Image:
    try:
        heif = importlib.import_module("pi_heif")
    except ImportError as exc:
        raise BadImage(
            "HEIC pictures need an extra that is not installed.",
            'Run pip install "aquatint[heic]" and restart the server, or give a JPEG.',
        ) from exc
    file = heif.open_heif(BytesIO(data))
    width, height = file.size
    check_size(width, height, max_pixels)
    return file.to_pillow()


def _orientation(image: Image.Image, data: bytes) -> int:
    """The EXIF orientation, 1 where there is none or its EXIF cannot be read."""
    if isinstance(image, PngImageFile) and not any(
        chunk == b"eXIf" for chunk, _, _ in png_chunks(data)
    ):
        return 1  # asked for the EXIF of a PNG, Pillow decodes its pixels first
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except BROKEN:
        return 1
    return value if value in _TURN else 1

"""The only module that judges what a picture would cost to decode, before Pillow sees it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..domain.errors import BadImage
from .sniff import jpeg_segments, png_chunks, webp_chunks

MAX_PIXELS = 50_000_000
MAX_SIDE = 16_384
MAX_FRAMES = 4_096
_MAX_PARTS = 65_536  # chunks, segments, strips: Pillow walks them in Python
_MAX_BLOCKS = 1_000_000  # sub-blocks of a GIF; 50 MB in whole ones are 200,000
_MAX_SCANNED = 10_000_000_000  # pixels times scans of a progressive JPEG: seconds
_MAX_RLE = 4_000_000  # bytes; Pillow unpacks run-length BMP in Python
_AGAIN = "Open it in an image editor, save it as PNG or JPEG, and give that file."


def check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a size that no decoder should be asked for. Raises BadImage."""
    if width < 1 or height < 1:
        raise BadImage(f"The picture says it is {width}x{height} pixels, so it is empty.", _AGAIN)
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise BadImage(
            f"The picture is {width}x{height} ({width * height / 1e6:,.1f} megapixels); at most "
            f"{max_pixels / 1e6:,.0f} megapixels and {MAX_SIDE} pixels a side are opened.",
            "Scale it down first and give the smaller file.",
        )


def check_structure(kind: str, data: bytes, max_pixels: int = MAX_PIXELS) -> int | None:
    """Refuse files whose structure is broken or made to cost. Raises BadImage.

    Returns the number of frames (pages of a TIFF) where the walk counted them.
    """
    check = _CHECKS.get(kind)
    frames = check(data, max_pixels) if check else None
    if frames is not None and frames > MAX_FRAMES:
        raise BadImage(
            f"The {kind.upper()} has more than {MAX_FRAMES} frames.",
            "Give the one frame you mean as a PNG.",
        )
    return frames


def _made_to_cost(kind: str, what: str) -> BadImage:
    return BadImage(f"The {kind} has {what}, which no honest file needs.", _AGAIN)


def _png(data: bytes, max_pixels: int) -> int:
    frames = 1
    for count, (kind, start, end) in enumerate(png_chunks(data)):
        if count > _MAX_PARTS:
            raise _made_to_cost("PNG", f"more than {_MAX_PARTS} chunks")
        if kind == b"IHDR":
            width, height = (int.from_bytes(data[start + at : start + at + 4]) for at in (0, 4))
            check_size(width, height, max_pixels)
        if kind == b"acTL":
            frames = int.from_bytes(data[start : start + 4], "big")
        whole = end + 4 <= len(data)
        if whole and zlib.crc32(memoryview(data)[start - 4 : end]) != int.from_bytes(
            data[end : end + 4], "big"
        ):
            raise BadImage(
                f"The PNG is damaged: the checksum of chunk {kind.decode('latin-1')!a} is wrong.",
                "Download or export it again.",
            )
    return frames


def _jpeg(data: bytes, max_pixels: int) -> int:
    for count, (marker, start, _) in enumerate(jpeg_segments(data)):
        if count > _MAX_PARTS // 8:
            raise _made_to_cost("JPEG", f"more than {_MAX_PARTS // 8} segments")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height = int.from_bytes(data[start + 1 : start + 3], "big")
            width = int.from_bytes(data[start + 3 : start + 5], "big")
            check_size(width, height, max_pixels)
            scans = data.count(b"\xff\xda")
            if width * height * scans > _MAX_SCANNED:
                raise _made_to_cost("JPEG", f"{scans} scans")
    return 1


def _webp(data: bytes, max_pixels: int) -> None:
    """The decoder allocates its canvas when it is made, so its size is judged here."""
    for kind, start, _ in webp_chunks(data):
        body = data[start : start + 10]
        if kind == b"VP8X":
            width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        elif kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            width, height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        elif kind == b"VP8 ":
            width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        else:
            continue
        check_size(width, height, max_pixels)
        return


def _gif(data: bytes, max_pixels: int) -> int:
    """Count the frames: Pillow would do it block by block, without an end.

    A frame beyond the screen makes it larger, in Pillow too, which allocates it as it goes there.
    """

    def number(at: int) -> int:
        return int.from_bytes(data[at : at + 2], "little")

    at = 13 + _colours(data, 10)
    frames = blocks = 0
    width, height = number(6), number(8)
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x21:
            at += 2
        elif data[at] == 0x2C:
            width = max(width, number(at + 1) + number(at + 5))
            height = max(height, number(at + 3) + number(at + 7))
            check_size(width, height, max_pixels)
            at += 11 + _colours(data, at + 9)
            frames += 1
        else:
            at += 1
            continue
        while at < len(data) and data[at]:
            at += 1 + data[at]
            blocks += 1
            if blocks > _MAX_BLOCKS:
                raise _made_to_cost("GIF", f"more than {_MAX_BLOCKS} blocks")
        at += 1
    return max(1, frames)


def _colours(data: bytes, flags: int) -> int:
    """Bytes of the colour table that the packed flags at this offset announce."""
    packed = data[flags] if flags < len(data) else 0
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _tiff(data: bytes, max_pixels: int) -> int:
    """Count the pages, and refuse strip tables that Pillow would turn into objects one by one."""
    order = "little" if data[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    pages, at, seen = 0, number(4, 4), set[int]()
    while at and at + 2 <= len(data) and at not in seen and pages <= MAX_FRAMES:
        seen.add(at)
        entries = number(at, 2)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            if number(entry, 2) in {273, 279, 324, 325} and number(entry + 4, 4) > _MAX_PARTS:
                raise _made_to_cost("TIFF", f"more than {_MAX_PARTS} strips")
        pages += 1
        at = number(at + 2 + 12 * entries, 4)
    return max(1, pages)


def _bmp(data: bytes, max_pixels: int) -> int:
    if len(data) > _MAX_RLE and int.from_bytes(data[30:34], "little") in {1, 2}:
        raise BadImage("The BMP is large and run-length coded, which is too slow to open.", _AGAIN)
    return 1


_CHECKS: Mapping[str, Callable[[bytes, int], int | None]] = MappingProxyType(
    {"png": _png, "jpeg": _jpeg, "webp": _webp, "gif": _gif, "tiff": _tiff, "bmp": _bmp}
)

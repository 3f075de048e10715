"""The only module that tells what a file is from its bytes alone; it needs no Pillow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

MIME: Mapping[str, str] = MappingProxyType(
    {
        "png": "image/png",
        "jpeg": "image/jpeg",
        "webp": "image/webp",
        "gif": "image/gif",
        "svg": "image/svg+xml",
        "avif": "image/avif",
        "heic": "image/heic",
        "tiff": "image/tiff",
        "bmp": "image/bmp",
        "ico": "image/x-icon",
    }
)
EXTENSION: Mapping[str, str] = MappingProxyType(
    {**{name: name for name in MIME}, "jpeg": "jpg", "tiff": "tif"}
)

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x00\x00\x01\x00", "ico"),
)
_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "a Photoshop document"),
    (b"II+\x00", "a BigTIFF"),
    (b"MM\x00+", "a BigTIFF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\x1aE\xdf\xa3", "a video"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_SVG_LOOK = 65_536  # bytes of prolog, comments and doctype that may come before <svg
_SVG_PROLOG = (("<?", "?>"), ("<!--", "-->"))
_DOCTYPE = re.compile(r"<!doctype\b[^>\[]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
_SVG_ROOT = re.compile(r"<(?:[a-z]{1,16}:)?svg(?=[\s/>])[^>]{0,8192}", re.IGNORECASE)
_LENGTH = re.compile(
    r"""\s(width|height)\s*=\s*["']\s*([0-9]{1,7}(?:\.[0-9]{1,6})?)(?:px)?\s*["']"""
)
_VIEW_BOX = re.compile(r"""\sviewBox\s*=\s*["']([^"']{1,200})["']""")


def sniff(head: bytes) -> str | None:
    """Tell the format of a file from its first bytes (64 do, an SVG with a long prolog needs more).

    One of the keys of MIME, or None for anything else.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if head[4:8] == b"ftyp":
        return _brand(head)
    return "svg" if svg_root(head) is not None else None


def _brand(head: bytes) -> str | None:
    size = min(int.from_bytes(head[:4], "big"), 256)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heic" if brands & _HEIC_BRANDS else None


def describe(data: bytes) -> str:
    """Name what is not a picture in words for an error, without repeating any of its content."""
    head = data[:512]
    for magic, words in _OTHERS:
        if head.startswith(magic):
            return words
    if not head:
        return "empty"
    if head[4:8] == b"ftyp":
        return "a video"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start.startswith((b"{", b"[")):
        return "JSON text"
    controls = any(byte < 9 or 13 < byte < 32 for byte in head)
    return "data of an unknown kind" if controls else "text"


def svg_root(data: bytes) -> str | None:
    """Give the opening `<svg ...` tag (at most 8 KB of it), None when the text is not SVG."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = data[:_SVG_LOOK].decode("utf-16", "ignore")
    else:
        text = data[:_SVG_LOOK].decode("utf-8-sig", "ignore")
    at = 0
    while True:
        at += len(text) - at - len(text[at:].lstrip())
        for opening, closing in _SVG_PROLOG:
            if text.startswith(opening, at):
                end = text.find(closing, at)
                if end < 0:
                    return None
                at = end + len(closing)
                break
        else:
            doctype = _DOCTYPE.match(text, at)
            if doctype is None:
                root = _SVG_ROOT.match(text, at)
                return root.group() if root else None
            at = doctype.end()


def svg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as the root tag says them, else its viewBox, else (0, 0)."""
    root = svg_root(data) or ""
    sides = {name: round(float(value)) for name, value in _LENGTH.findall(root)}
    if len(sides) == 2:
        return sides["width"], sides["height"]
    box = _VIEW_BOX.search(root)
    numbers = re.findall(r"-?[0-9]{1,7}(?:\.[0-9]{1,6})?", box.group(1)) if box else []
    if len(numbers) != 4:
        return 0, 0
    width, height = float(numbers[2]), float(numbers[3])
    return (round(width), round(height)) if width > 0 and height > 0 else (0, 0)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk a PNG: each chunk's type and where its body starts and ends (its CRC follows)."""
    at = 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at + 8, at + 8 + size
        if data[at + 4 : at + 8] == b"IEND":
            return
        at += 12 + size


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Walk a JPEG's header up to its first scan: each marker and its body's start and end."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        end = at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        yield marker, at + 4, end
        if marker == 0xDA:
            return
        at = end


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk a WebP: each chunk's type and where its body starts and ends."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, at + 8 + size
        at += 8 + size + (size & 1)


def provenance(data: bytes) -> bool:
    """Tell whether a C2PA manifest is present in a PNG, JPEG or WebP. It is not verified.

    Where it lives: PNG `caBX` chunk, JPEG APP11 JUMBF segments, WebP `C2PA` chunk (C2PA 2.x, A.3).
    """
    match sniff(data[:64]):
        case "png":
            return any(kind == b"caBX" for kind, _, _ in png_chunks(data))
        case "jpeg":
            return any(
                marker == 0xEB and b"jumb" in data[start:end] and b"c2pa" in data[start:end]
                for marker, start, end in jpeg_segments(data)
            )
        case "webp":
            return any(kind == b"C2PA" for kind, _, _ in webp_chunks(data))
        case _:
            return False

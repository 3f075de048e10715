"""Names what a file holds beside its pixels, and how deep its samples are; decodes nothing."""

from __future__ import annotations

from typing import cast

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from .sniff import png_chunks, provenance

PROFILE = "ICC profile"
_KEYS = {"exif": "EXIF", "xmp": "XMP", "photoshop": "IPTC", "comment": "a comment"}
_TIFF_TAGS = {34665: "EXIF", 34853: "GPS", 700: "XMP", 33723: "IPTC", 270: "a description"}
_BITS_PER_SAMPLE = 258
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})


def carried(kind: str, image: Image.Image, data: bytes) -> tuple[str, ...]:
    """The kinds of metadata in a file, like ("EXIF", "XMP", PROFILE)."""
    names = [word for key, word in _KEYS.items() if image.info.get(key)]
    if kind == "png":
        names = _in_png(data)
    if isinstance(image, TiffImageFile):
        names = [word for tag, word in _TIFF_TAGS.items() if tag in image.tag_v2]
    if provenance(data):
        names.append("C2PA")
    if image.info.get("icc_profile"):
        names.append(PROFILE)
    return tuple(dict.fromkeys(names))


def _in_png(data: bytes) -> list[str]:
    names: list[str] = []
    for kind, start, _ in png_chunks(data):
        if kind == b"eXIf":
            names.append("EXIF")
        elif kind == b"iTXt" and data.startswith(b"XML:com.adobe.xmp\0", start):
            names.append("XMP")
        elif kind in _PNG_TEXT:
            names.append("text")
    return names


def depth(kind: str, image: Image.Image, data: bytes) -> int:
    """Bits per sample as they are in the file, 8 where there are fewer. Pillow decodes most
    files to 8 bits without saying so."""
    bits = 8
    if kind == "png":
        bits = data[24]
    elif isinstance(image, TiffImageFile):
        bits = max(cast("tuple[int, ...]", image.tag_v2.get(_BITS_PER_SAMPLE, (8,))))
    elif kind == "avif":
        bits = _of_avif(data)
    elif kind == "heic":
        bits = int(image.info.get("bit_depth", 8))
    return max(8, bits)


def _of_avif(data: bytes) -> int:
    """Source: AV1-ISOBMFF 2.3.3, `av1C`: high_bitdepth and twelve_bit in its third byte."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8

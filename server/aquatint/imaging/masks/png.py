"""Masks as PNG, and how any picture that someone hands in as a mask is to be read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageChops, ImageStat

from ...domain.errors import BadMask
from ...domain.requests.regions import Edit
from .coverage import Coverage, hard
from .levels import NONE, extremes, mapped, table, where

LIMIT = 4_000_000  # bytes; the smallest mask limit that the API's pages state
# What a JPEG or a brush's rim leaves near black and white is meant as black and white.
SNAP = table(lambda v: 0 if v < 16 else 255 if v > 239 else v)
MID_GREYS = slice(16, 240)
MOST_GREY = 0.4  # a blurred mask has few mid-greys, a photograph hardly anything else
MOST_COLOURED = 0.05
MOST_APART = 12  # levels between a picture and the same picture with a hole in it


def to_png(coverage: Coverage) -> bytes:
    """The stored form, RGBA: grey is the coverage itself, alpha is 0 wherever that is above 0.

    So every reader sees alpha 0 = edit here, and `understand` gets the softness back exactly. A
    hard mask looks the same stored and sent.
    """
    grey = coverage.image
    return _png(Image.merge("RGBA", (grey, grey, grey, mapped(grey, NONE))))


def sent_png(coverage: Coverage) -> bytes:
    """The form that leaves: edit = white with alpha 0, keep = black with alpha 255.

    One picture for services that read alpha and for those that take white as edit.
    """
    return to_png(hard(coverage))


def understand(
    image: Image.Image,
    edit: Edit | None = None,
    of: Callable[[], Image.Image | None] = lambda: None,
) -> tuple[Coverage, str | None]:
    """Any 8-bit picture as a mask, and a note on how it was read (None for one of ours).

    Without `edit`: our own form exactly, else alpha if it varies (transparent = edit), else
    brightness (white = edit). `of` opens the picture it is for, since a copy of that with a hole in
    it is a mask too. Raises BadMask for what is not a mask.
    """
    alpha = _alpha(image)
    if edit is None and alpha is not None:
        grey = stored_grey(image, alpha)
        if grey is not None:
            return Coverage(grey), None
    if edit == "transparent" or (
        edit is None and alpha is not None and extremes(alpha) != (255, 255)
    ):
        if edit is None and alpha is not None:
            _refuse_cutout(image, alpha, of)
        return _by_alpha(alpha)
    return _by_brightness(image, edit)


def _by_alpha(alpha: Image.Image | None) -> tuple[Coverage, str]:
    if alpha is None or extremes(alpha) == (255, 255):
        raise BadMask(
            "The mask has no transparent pixels, so nothing in it says edit.",
            "Say edit='white' or edit='black' if its brightness is meant, or call make_mask.",
        )
    coverage = mapped(ImageChops.invert(alpha), SNAP)
    return Coverage(coverage), "The mask was read by its alpha: transparent means edit."


def _by_brightness(image: Image.Image, edit: Edit | None) -> tuple[Coverage, str]:
    grey = image.convert("RGB").convert("L")
    if edit is None:
        _refuse_photograph(image, grey)
    low, high = extremes(grey)
    word = edit or "white"
    note = f"The mask was read by its brightness: {word} means edit."
    if low == high:
        tone = {0: "black", 255: "white"}.get(low, "grey")
        note = f"The mask is {tone} all over. {note}"
    grey = mapped(grey, SNAP)
    return Coverage(ImageChops.invert(grey) if word == "black" else grey), note


def _refuse_cutout(
    image: Image.Image, alpha: Image.Image, of: Callable[[], Image.Image | None]
) -> None:
    """A logo or a cut-out is not a mask; the very picture with a hole in it is."""
    solid = mapped(alpha, where(lambda v: v > 127))
    look = _like_a_picture(image, image.convert("RGB").convert("L"), solid)
    if look is None:
        return
    picture = of()
    if picture is None:
        return  # it may be that of an original which nobody knows here
    if picture.size == image.size:
        apart = ImageChops.difference(image.convert("RGB"), picture.convert("RGB"))
        if sum(ImageStat.Stat(apart, solid).mean) < 3 * MOST_APART:
            return
    raise BadMask(
        f"This looks like a picture with transparency, not like a mask: {look}.",
        "Call make_mask(image=..., regions=[...]) to say which part to change, or, if its "
        "transparent part is the mask, make_mask with the region {kind: 'image', image: ..., "
        "edit: 'transparent'}.",
    )


def _like_a_picture(
    image: Image.Image, grey: Image.Image, solid: Image.Image | None = None
) -> str | None:
    """What of an image is not a mask's look, judged where it is solid; None for a mask's."""
    counts = grey.histogram(solid)
    mid = sum(counts[MID_GREYS]) / (sum(counts) or 1)
    coloured = _coloured(image, solid)
    if mid > MOST_GREY:
        return f"{mid:.0%} of it is neither black nor white"
    return f"{coloured:.0%} of it is coloured" if coloured > MOST_COLOURED else None


def _refuse_photograph(image: Image.Image, grey: Image.Image) -> None:
    look = _like_a_picture(image, grey)
    if look is None:
        return
    raise BadMask(
        f"This looks like a picture, not like a mask: {look}, and it has no transparency.",
        "Call make_mask(image=..., regions=[...]) to say which part to change, or, if its "
        "brightness is the mask, make_mask with the region {kind: 'image', image: ..., edit: "
        "'white'}.",
    )


def _coloured(image: Image.Image, solid: Image.Image | None) -> float:
    """The share of (solid) pixels that have a colour, looked for on a small copy."""
    factor = max(1, max(image.size) // 256)
    small = image.convert("RGB").reduce(factor)
    _, saturation, value = small.convert("HSV").split()
    bright, looked_at = mapped(value, where(lambda v: v > 48)), small.width * small.height
    if solid is not None:
        seen = mapped(solid.reduce(factor), where(lambda v: v > 127))
        bright, looked_at = ImageChops.darker(bright, seen), seen.histogram()[255]
    return sum(saturation.histogram(bright)[64:]) / (looked_at or 1)


def stored_grey(image: Image.Image, alpha: Image.Image) -> Image.Image | None:
    """The grey of a picture in our stored form; None for any other."""
    if image.mode != "RGBA":
        return None
    red, green, blue, _ = image.split()
    if red != green or red != blue or mapped(red, NONE) != alpha:
        return None
    return red


def _alpha(image: Image.Image) -> Image.Image | None:
    if not image.has_transparency_data:
        return None
    return image.convert("RGBA").getchannel("A")


def _png(image: Image.Image) -> bytes:
    """Run lengths alone pack flat masks best and fastest; a ragged one gets the slower way."""
    out = BytesIO()
    image.save(out, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    if out.tell() > LIMIT:
        out = BytesIO()
        image.save(out, "PNG", compress_level=3)
    return out.getvalue()

"""The only module that changes colour modes and colour spaces; imported lazily (Pillow)."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Literal, cast

from PIL import Image, ImageChops, ImageCms, ImageMath


def to_rgb(image: Image.Image) -> Image.Image:
    """Give the pixels as 8-bit RGB, or RGBA where there is transparency.

    16-bit and float samples are scaled, not clipped; CMYK and grey go through their own profile
    where they have one. `info` keeps the ICC profile where it still applies, and nothing else.
    RGB(A) pixels are given back as they are, not copied.
    """
    profile = _profile(image)
    raw: bytes = image.info.get("icc_profile") or b""  # now: a chunk behind the pixels may differ
    if image.mode.startswith("I") or image.mode == "F":
        image.info.pop("transparency", None)  # counts in the samples that were scaled away
        image = _to_8bit(image)
    target = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == "LAB":
        image = _through(image, _made("LAB"), "RGB")
    if image.mode in {"CMYK", "L"} and profile is not None:
        image = _through(image, profile, "RGB")
    if image.mode == "1":
        image = image.convert("L")
    image.load()
    # The same pixels, uncopied, but without the file's own object and the EXIF it holds.
    plain = image._new(image.im)  # pyright: ignore[reportPrivateUsage] has no public twin
    result = plain if image.mode == target else image.convert(target)
    applies = profile is not None and raw[16:20] == b"RGB "
    result.info = {"icc_profile": raw} if applies else {}
    return result


def in_own_mode(image: Image.Image) -> Image.Image:
    """As `to_rgb`, but grey stays grey with its own profile: L, LA, or I;16 if it is deep."""
    clear = image.has_transparency_data
    if image.mode in {"1", "L", "LA"}:
        target = "LA" if clear else "L"
    elif image.mode.startswith("I;16") and not clear:
        target = "I;16"
    else:
        return to_rgb(image)
    raw: bytes = image.info.get("icc_profile") or b""
    image.load()
    if image.mode != target and target == "I;16":
        image = image.convert("I")  # the one way from the other byte order
    plain = image._new(image.im)  # pyright: ignore[reportPrivateUsage] as in to_rgb
    result = plain if image.mode == target else plain.convert(target)
    result.info = {"icc_profile": raw} if raw[16:20] == b"GRAY" else {}
    return result


def eight_bit(image: Image.Image) -> Image.Image:
    """Give pixels of `in_own_mode` as RGB or RGBA, in their own colour space."""
    if image.mode in {"RGB", "RGBA"}:
        return image
    bare = image.copy()
    bare.info.clear()
    return to_rgb(bare)


def has_colour(image: Image.Image, where: Image.Image) -> bool:
    """Tell whether more than 2 % of the pixels in the mask `where` are plainly not grey."""
    red, green, blue = image.convert("RGB").split()
    apart = ImageChops.lighter(
        ImageChops.difference(red, green), ImageChops.difference(green, blue)
    )
    counts = apart.histogram(where)
    return sum(counts[32:]) > 0.02 * sum(counts)


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert RGB(A) pixels from the profile in `info` to sRGB, and drop the profile."""
    profile = _profile(image)
    if profile is not None and "sRGB" not in ImageCms.getProfileDescription(profile):
        image = _through(image, profile, cast("Literal['RGB', 'RGBA']", image.mode))
    image.info = {}
    return image


def from_srgb(image: Image.Image, raw: bytes | None) -> Image.Image:
    """Convert sRGB pixels to an ICC profile's space, so that they may stand beside its pixels."""
    target = None if not raw else _profile_of(raw)
    if target is None or "sRGB" in ImageCms.getProfileDescription(target):
        return image
    grey = (raw or b"")[16:20] == b"GRAY"
    try:
        done = ImageCms.profileToProfile(
            image.convert("RGB") if grey else image,
            _made("sRGB"),
            target,
            outputMode="L" if grey else image.mode,
        )
    except ImageCms.PyCMSError:
        return image
    if done is None or not grey:
        return done or image
    result = done.convert(image.mode)
    if image.mode == "RGBA":
        result.putalpha(image.getchannel("A"))
    return result


def is_opaque(image: Image.Image) -> bool:
    """Tell whether no pixel lets anything through; decodes the pixels."""
    if not image.has_transparency_data:
        return True
    alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    return alpha.getchannel("A").getextrema()[0] == 255


def on_white(image: Image.Image) -> Image.Image:
    """Lay an RGBA picture onto white, keeping its profile."""
    return on_colour(image, (255, 255, 255))


def on_colour(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """Lay an RGBA picture onto a colour (in the picture's own space), keeping its profile."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, colour)
    flat.paste(image, mask=image.getchannel("A"))
    flat.info = dict(image.info)
    return flat


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The embedded profile; None when there is none or it is unusable."""
    raw = image.info.get("icc_profile")
    return _profile_of(raw) if isinstance(raw, bytes) and raw else None


def _profile_of(raw: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(BytesIO(raw))
    except (OSError, TypeError, ImageCms.PyCMSError):
        return None


def _through(image: Image.Image, profile: ImageCms.ImageCmsProfile, mode: str) -> Image.Image:
    """Into sRGB by the profile; unchanged where the profile is for other pixels than these."""
    try:
        done = ImageCms.profileToProfile(image, profile, _made("sRGB"), outputMode=mode)
    except ImageCms.PyCMSError:
        return image
    return done or image


def _made(space: Literal["sRGB", "LAB"]) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] untyped in Pillow


def _to_8bit(image: Image.Image) -> Image.Image:
    """One channel of 16-bit, 32-bit or float samples, scaled by the range they are in."""
    wide = image if image.mode == "F" else image.convert("I")
    low, high = cast("tuple[float, float]", wide.getextrema())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("its samples are not finite numbers")
    if image.mode.startswith("I;16"):
        scale, start = 1 / 257, 0.0
    elif low >= 0 and high <= 1 and image.mode == "F":
        scale, start = 255.0, 0.0
    elif low >= 0 and high <= 65_535:
        scale, start = (1.0 if high <= 255 else 1 / 257), 0.0
    else:
        scale, start = 255 / ((high - low) or 1), low
    shifted = ImageMath.lambda_eval(lambda args: (args["v"] - start) * scale, v=wide.convert("F"))
    return shifted.convert("L")

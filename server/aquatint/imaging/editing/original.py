"""The image that an edit keeps: opened in its own mode and depth, and what of it is not kept."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageMath

from ..colour import eight_bit, on_white
from ..decode import ImageInfo, inspect, open_upright
from ..masks.coverage import Coverage
from ..masks.levels import NONE, mapped
from ..metadata import PROFILE

DEEP = "I;16"
_OTHER_COLOURS = frozenset({"CMYK", "YCbCr", "LAB", "HSV"})


@dataclass(frozen=True, slots=True)
class Original:
    """Upright L, LA, I;16, RGB or RGBA pixels, with the profile in their `info`.

    `converted` says what was lost on the way, like "from 16-bit to 8-bit"; None when nothing was.
    `metadata` names what the file carries that no result does.
    """

    image: Image.Image
    converted: str | None
    metadata: tuple[str, ...]

    @property
    def profile(self) -> bytes | None:
        return self.image.info.get("icc_profile")


def open_original(data: bytes, max_pixels: int, *, depth: int) -> Original:
    """The first frame, at most `depth` bits deep (what the result's format can hold)."""
    info = inspect(data, max_pixels=max_pixels, deep=False)
    image = open_upright(data, max_pixels, own_mode=True)
    if image.mode == DEEP and depth < 16:
        image = eight_bit(image).convert("L")
    kept = {PROFILE} if image.info.get("icc_profile") else set[str]()
    lost = tuple(name for name in info.metadata if name not in kept)
    return Original(image, _converted(info, image.mode), lost)


def _converted(info: ImageInfo, mode: str) -> str | None:
    changes: list[str] = []
    bits = 32 if info.mode in {"I", "F"} and info.depth > 16 else info.depth
    if bits > 8 and mode != DEEP:
        changes.append(f"from {bits}-bit to 8-bit")
    if info.mode in _OTHER_COLOURS:
        changes.append(f"from {info.mode} to RGB")
    return " and ".join(changes) or None


def in_mode_of(
    original: Image.Image, result: Image.Image, coverage: Coverage, *, coloured: bool
) -> tuple[Image.Image, str | None]:
    """An 8-bit RGB(A) composite in its original's mode and depth, and what must be said of that.

    `coloured` tells whether the model drew in colour where the mask is.
    """
    if original.mode in {"RGB", "RGBA"}:
        return result, None
    profile: bytes | None = original.info.get("icc_profile")
    if coloured and original.mode != DEEP and profile is None:
        note = "The grey input became RGB with the same values, since what was drawn has colour."
        return result, note
    deep = original.mode == DEEP
    own = _deepened(original, result, coverage) if deep else _grey(result)
    own.info = {"icc_profile": profile} if profile else {}
    kind = "16-bit grey" if deep else "grey with a profile"
    note = f"The input is {kind}, so what was drawn in colour became grey."
    return own, note if coloured else None


def _grey(result: Image.Image) -> Image.Image:
    return result.convert("LA" if result.mode == "RGBA" else "L")


def _deepened(original: Image.Image, result: Image.Image, coverage: Coverage) -> Image.Image:
    """The 8-bit result at 16 bits, and the original's own 16 bits wherever coverage is 0."""
    levels = on_white(result).convert("L").convert("I")
    wide = ImageMath.lambda_eval(lambda args: args["v"] * 257, v=levels)
    # Mode I, because Pillow pastes I;16 through a mask onto the wrong pixels.
    wide.paste(original.convert("I"), mask=mapped(coverage.image, NONE))
    return wide.convert(DEEP)


def deep_difference(a: Image.Image, b: Image.Image, outside: Image.Image) -> int:
    """The largest difference of two I;16 images where `outside` is 255; 0..65535."""
    apart = ImageMath.lambda_eval(
        lambda args: abs(args["a"] - args["b"]), a=a.convert("I"), b=b.convert("I")
    )
    kept = Image.new("I", a.size)
    kept.paste(apart, mask=outside)
    return round(kept.getextrema()[1])  # pyright: ignore[reportArgumentType] of one band

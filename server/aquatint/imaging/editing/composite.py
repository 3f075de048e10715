"""Lays the model's picture over the original so that what the mask keeps stays exactly the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from io import BytesIO
from typing import Literal

from PIL import Image, ImageChops, ImageFilter, ImageStat

from ...domain.types import Placement
from ..masks.coverage import Coverage, averaged, feathered, is_soft
from ..masks.levels import ANY, FULL, LANCZOS, NONE, extremes, mapped, resized, where
from .extension import drawn_out, seam_of, toned
from .original import DEEP, deep_difference

RIM = 512  # longest side, in pixels, of the copies on which colours are compared
FEWEST = 500  # pixels of rim; from fewer no tone can be told
GAIN = (0.8, 1.25)  # beyond this the model drew another light, not another exposure
SHIFT = 32.0  # levels, for the same reason
NOTICED = 8  # levels; a smaller change is noise or compression


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite and its proof. Levels are 0..255; outside means coverage 0.

    `outside_max`: the largest difference from the original outside (0 by construction, measured).
    `model_outside_mean` and `model_outside_share`: what the model had changed there itself, as mean
    levels and as the share of outside pixels that changed by more than NOTICED. `matched` tells
    whether the colours were matched along the rim, `feather` how long the ramp is in pixels (None
    where the mask's own softness was used).
    """

    image: Image.Image
    outside_max: int
    model_outside_mean: float
    model_outside_share: float
    matched: bool
    feather: float | None


def keep_outside(
    original: Image.Image,
    model: Image.Image,
    coverage: Coverage,
    *,
    feather: float | None = None,
    grown: Placement | None = None,
) -> Composite:
    """The original wherever coverage is 0, the model's picture where it is 255, a ramp between.

    All three have one size. The result is RGBA if the original has alpha or the model returned some
    inside, else RGB. ICC profiles are the caller's: pass the original's to `encode_exact`. Without
    `feather` a hard mask gets a ramp inwards of 0.4 % of the shorter side, at least 2 pixels; where
    the original was `grown`, `seam_of` it, and the model's light is matched along that edge.
    """
    base, drawn = _alike(original, model, coverage)
    mean, share = _changed(base, drawn, coverage)
    ramp, length = coverage, feather
    if feather is None and not is_soft(coverage):
        length = seam_of(grown) if grown else max(2.0, 0.004 * min(base.size))
    if length is not None:
        ramp = feathered(coverage, length)
    table = _match(base, drawn, coverage)
    matched = table is not None
    if grown is not None:
        drawn, table = toned(mapped(drawn, table) if table else drawn, base, grown), None
    result = base.copy()
    box = coverage.image.getbbox()
    if box is not None:
        part = mapped(drawn.crop(box), table) if table else drawn.crop(box)
        result.paste(_blend(base.crop(box), part, ramp.image.crop(box)), box[:2])
    return Composite(
        image=result,
        outside_max=outside_difference(base, result, coverage),
        model_outside_mean=mean,
        model_outside_share=share,
        matched=matched,
        feather=length,
    )


def outside_difference(a: Image.Image, b: Image.Image, coverage: Coverage) -> int:
    """The largest difference in any channel, alpha included, where coverage is 0.

    In 0..255; in 0..65535 when both are 16-bit grey.
    """
    if a.mode == b.mode == DEEP:
        return deep_difference(a, b, mapped(coverage.image, NONE))
    both = "RGBA" if a.has_transparency_data or b.has_transparency_data else "RGB"
    apart = ImageChops.difference(_as(a, both), _as(b, both))
    counts = apart.histogram(mapped(coverage.image, NONE))
    return max((place % 256 for place, count in enumerate(counts) if count), default=0)


def pad_for_sending(image: Image.Image, placement: Placement, size: tuple[int, int]) -> Image.Image:
    """The picture on its canvas, its edges drawn out softly around it, at the size that is sent."""
    where = (placement.left, placement.top)
    image = resized(image, (placement.width, placement.height), LANCZOS)
    canvas = image
    if placement.canvas != image.size:
        canvas = drawn_out(image, placement)
        canvas.paste(image, where)
    return resized(canvas, size, LANCZOS)


def pad_coverage(coverage: Coverage, placement: Placement, size: tuple[int, int]) -> Coverage:
    """The mask for the same canvas: the padding is kept; no covered pixel gets lost in scaling."""
    canvas = Image.new("L", placement.canvas)
    image = averaged(coverage.image, (placement.width, placement.height))
    canvas.paste(image, (placement.left, placement.top))
    return Coverage(averaged(canvas, size), coverage.notes)


def undo(image: Image.Image, placement: Placement, original_size: tuple[int, int]) -> Image.Image:
    """Take the padding and the scaling back, in one step: byte-exact where nothing was scaled."""
    across, down = image.width / placement.canvas[0], image.height / placement.canvas[1]
    left, top = placement.left * across, placement.top * down
    box = (left, top, left + placement.width * across, top + placement.height * down)
    if (box[2] - left, box[3] - top) == original_size and left.is_integer() and top.is_integer():
        return image.crop((int(left), int(top), int(box[2]), int(box[3])))
    return resized(image, original_size, LANCZOS, box)


def encode_exact(
    image: Image.Image, format: Literal["png", "webp"], icc: bytes | None = None
) -> bytes:
    """A file that decodes to exactly these pixels, colour under alpha 0 included; no metadata."""
    out = BytesIO()
    bare = image.copy()
    bare.info.clear()  # Pillow would write what it finds there
    if format == "png":
        bare.save(out, "PNG", compress_level=1, icc_profile=icc)
    else:
        profile = icc or b""
        bare.save(out, "WEBP", lossless=True, exact=True, quality=20, method=1, icc_profile=profile)
    return out.getvalue()


def _alike(
    original: Image.Image, model: Image.Image, coverage: Coverage
) -> tuple[Image.Image, Image.Image]:
    """Both in one mode: RGBA where there is alpha to show, else RGB."""
    mode = "RGB"
    if original.has_transparency_data:
        mode = "RGBA"
    elif model.has_transparency_data:
        alpha = model.convert("RGBA").getchannel("A")
        alpha.paste(255, mask=mapped(coverage.image, NONE))
        mode = "RGBA" if extremes(alpha) != (255, 255) else "RGB"
    return _as(original, mode), _as(model, mode)


def _as(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _blend(base: Image.Image, drawn: Image.Image, ramp: Image.Image) -> Image.Image:
    if base.mode == "RGB":
        return Image.composite(drawn, base, ramp)
    # mixed premultiplied, since a transparent pixel's colour must not tint its neighbours; but
    # that rounds, so both ends of the ramp are laid over it untouched
    mixed = Image.composite(drawn.convert("RGBa"), base.convert("RGBa"), ramp).convert("RGBA")
    mixed = Image.composite(base, mixed, mapped(ramp, NONE))
    return Image.composite(drawn, mixed, mapped(ramp, FULL))


def _changed(base: Image.Image, drawn: Image.Image, coverage: Coverage) -> tuple[float, float]:
    outside = mapped(coverage.image, NONE)
    if outside.getbbox() is None:
        return 0.0, 0.0
    seen = "RGBa" if base.mode == "RGBA" else "RGB"  # what alpha hides has not changed
    apart = ImageChops.difference(_as(base, seen), _as(drawn, seen))
    total = sum(place % 256 * n for place, n in enumerate(apart.histogram(outside)[:768]))
    most = reduce(ImageChops.lighter, apart.split()).histogram(outside)
    return total / 3 / sum(most), sum(most[NOTICED + 1 :]) / sum(most)


def _match(base: Image.Image, drawn: Image.Image, coverage: Coverage) -> list[float] | None:
    """A lookup table that brings the model's tones to the original's along the mask's rim.

    Source of the method: measured in facts/imaging.md section 2. None where there is no rim to
    judge by, or where matching would not bring the two nearer.
    """
    factor = max(1, max(base.size) // RIM)
    was, now = base.reduce(factor), drawn.reduce(factor)
    rim = _rim(coverage.image.reduce(factor), was, now)
    if rim.histogram()[255] < FEWEST:
        return None
    before, after = ImageStat.Stat(now, rim), ImageStat.Stat(was, rim)
    table: list[float] = []
    for band in range(3):
        spread = after.stddev[band] / max(before.stddev[band], 1.0)
        gain = min(max(spread, GAIN[0]), GAIN[1])
        middle = before.mean[band]
        shift = min(max(after.mean[band] - middle, -SHIFT), SHIFT)
        table += [min(max(round((v - middle) * gain + middle + shift), 0), 255) for v in range(256)]
    table += list(range(256)) * (len(base.getbands()) - 3)
    return table if _apart(was, mapped(now, table), rim) < _apart(was, now, rim) else None


def _rim(mask: Image.Image, was: Image.Image, now: Image.Image) -> Image.Image:
    """The ring just outside the mask where both pictures can be seen; 255 inside the ring."""
    near = mapped(mask.filter(ImageFilter.GaussianBlur(8)), where(lambda v: v > 3))
    rim = ImageChops.subtract(near, mapped(mask, ANY))
    for image in (was, now):
        if image.mode == "RGBA":
            seen = mapped(image.getchannel("A"), where(lambda v: v > 200))
            rim = ImageChops.darker(rim, seen)
    return rim


def _apart(a: Image.Image, b: Image.Image, where: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(a, b), where).mean[:3])

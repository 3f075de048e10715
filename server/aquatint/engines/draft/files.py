"""A draft as a file: png, jpeg, webp or gif."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from itertools import chain

from PIL import Image

from ...domain.types import Order
from .canvas import mapped, sized


def encode(first: Image.Image, others: Iterable[Image.Image], order: Order) -> bytes:
    """The file in the asked format; a gif has the other frames too.

    Compression is the quality of jpeg and webp, 0-100.
    """
    out = BytesIO()
    quality = 90 if order.compression is None else order.compression
    if order.format == "jpeg":
        _flat(first).save(out, "JPEG", quality=max(1, quality), optimize=False)
    elif order.format == "webp":
        first.save(out, "WEBP", quality=quality, method=2)
    elif order.format == "gif":
        made = _indexed(first, others)
        clear = {"transparency": 255} if first.mode == "RGBA" else {}
        made[0].save(
            out, "GIF", save_all=True, append_images=made[1:], duration=order.frame_ms or 200,
            loop=0, disposal=2 if clear else 1, optimize=False, **clear,
        )  # fmt: skip
    else:
        first.save(out, "PNG", compress_level=1)
    return out.getvalue()


def early(image: Image.Image, step: int, order: Order) -> bytes:
    """An early look: the finished picture in a few soft blobs, more of them each time."""
    cells = 10 * 3**step
    small = sized(image, (cells, max(1, cells * image.height // image.width)))
    return encode(sized(small, image.size), (), order)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, (255, 255, 255))
    ground.paste(image, (0, 0), image)
    return ground


def _indexed(first: Image.Image, others: Iterable[Image.Image]) -> list[Image.Image]:
    """In 255 colours of the first frame, for their motion brings no new ones; 255 is clear."""
    small = _flat(first).reduce(max(1, min(first.size) // 256))
    inks = small.quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    made: list[Image.Image] = []
    for frame in chain([first], others):
        few = _flat(frame).quantize(255, palette=inks, dither=Image.Dither.NONE)
        if frame.mode == "RGBA":
            few.paste(255, (0, 0), mapped(frame.getchannel("A"), [255] * 128 + [0] * 128))
        made.append(few)
    return made

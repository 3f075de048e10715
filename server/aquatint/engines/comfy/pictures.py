"""The two changes to inputs that ComfyUI's ways with masks ask for."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def with_alpha(picture: bytes, mask: bytes) -> bytes:
    """A PNG of the picture whose transparency is the mask's: what is clear there is changed.

    Load Image reads a mask from it, and keeps the colours under it.
    """
    with Image.open(BytesIO(picture)) as image, Image.open(BytesIO(mask)) as shape:
        whole = image.convert("RGB")
        alpha = shape.convert("RGBA").getchannel("A")
        if alpha.size != whole.size:
            alpha = alpha.resize(whole.size, Image.Resampling.NEAREST)
        whole.putalpha(alpha)
    return _png(whole)


def all_of(picture: bytes) -> bytes:
    """A mask of the picture's size by which everything is changed."""
    with Image.open(BytesIO(picture)) as image:
        return _png(Image.new("RGBA", image.size))


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()

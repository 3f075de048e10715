"""Draft edits: repaints a masked part, tints what is marked, restyles, or draws in a style."""

from __future__ import annotations

from io import BytesIO
from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps, UnidentifiedImageError

from ...domain.errors import BadImage, BadMask
from ...domain.ports import Inputs
from ...domain.types import Order
from .canvas import Canvas, inked, mapped, sized, sticker, white
from .mark import label, mark
from .scene import compose
from .style import asks_for_style, palette_of
from .typesetting import Typesetter
from .vocabulary import Palette, palette, subject


def base_size(asked: str, auto: tuple[int, int]) -> tuple[int, int]:
    """Pixels of `WxH`; `auto` for anything else."""
    wide, _, high = asked.partition("x")
    return (int(wide), int(high)) if wide.isdigit() and high.isdigit() else auto


def edit(
    order: Order, inputs: Inputs, setter: Typesetter, chance: int
) -> tuple[list[Image.Image], tuple[str, ...]]:
    """The edited picture (one frame) and what must be said about it.

    With a mask every pixel outside it is that of the first picture at the asked size.
    """
    base = opened(inputs.images[0], f"Picture 1 of {len(inputs.images)}")
    size = base_size(order.size, base.size)
    base = base if base.size == size else sized(base, size, Image.Resampling.LANCZOS)
    dice = Random(chance)  # noqa: S311 - chance that must repeat, no secret
    colours = palette(order.prompt, dice)
    room: Image.Image | None = None
    styled = inputs.mask is None and inputs.markup is None and asks_for_style(order.prompt)
    if styled:
        colours = palette_of(base, colours)
        clear = order.background == "transparent" and order.format != "jpeg"
        canvas = Canvas(size, clear=clear)
        compose(canvas, colours, dice, 0, subject(order.prompt))
        image = canvas.image
    elif inputs.mask is not None:
        room = editable(inputs.mask, size)
        image = repaint(base, room, order.prompt, colours, dice)
    elif inputs.markup is not None:
        image = tint(base, opened(inputs.markup, "The markup"), colours)
    else:
        image = restyle(base, colours, 0.72)
    if (
        order.background == "transparent"
        and order.format != "jpeg"
        and image.mode == "RGB"
        and room is None
    ):
        sticker(image)
    others = [opened(data, f"Picture {i}") for i, data in enumerate(inputs.images[1:], 2)]
    if not styled:
        inset(image, others, room)
    notes = label(image, setter, order.prompt, colours, room)
    mark(image, setter, colours, room)
    return [image], notes


def opened(data: bytes, what: str) -> Image.Image:
    """RGB, or RGBA where there is transparency. Raises BadImage."""
    try:
        image = Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF"))
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (
        OSError,
        SyntaxError,
        ValueError,
        UnidentifiedImageError,
        Image.DecompressionBombError,
    ) as broken:
        raise BadImage(
            f"{what} is no usable picture: {broken}.", "Give a whole PNG, JPEG or WebP file."
        ) from broken


def editable(data: bytes, size: tuple[int, int]) -> Image.Image:
    """White where the mask's alpha is 0, black elsewhere; at `size`. Raises BadMask."""
    try:
        mask = Image.open(BytesIO(data), formats=("PNG", "WEBP")).convert("RGBA").getchannel("A")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise BadMask(
            f"The mask is no usable PNG: {broken}.", "Call make_mask and pass its image."
        ) from broken
    room = mapped(mask, [255] + [0] * 255)
    if room.getbbox() is None:
        raise BadMask(
            "The mask selects nothing: no pixel of it is transparent.",
            "Call make_mask and pass its image.",
        )
    return room if room.size == size else sized(room, size, Image.Resampling.NEAREST)


def restyle(base: Image.Image, colours: Palette, strength: float) -> Image.Image:
    """The picture printed in three inks of the palette, posterised a little; its alpha kept."""
    grey = ImageOps.autocontrast(base.convert("L"), cutoff=1)
    grey = Image.blend(grey, ImageOps.posterize(grey, 3), 0.45)
    inks = inked(grey, colours.tone(0.22, 0.08), colours.tone(0.62, 0.16), colours.pop(0.95, 0.05))
    made = Image.blend(base.convert("RGB"), inks, strength)
    if base.mode == "RGBA":
        made.putalpha(base.getchannel("A"))
    return made


def repaint(
    base: Image.Image, room: Image.Image, prompt: str, colours: Palette, dice: Random
) -> Image.Image:
    """The prompt's composition inside `room`, over an echo of what was there; nothing outside."""
    box = room.getbbox()
    assert box is not None  # editable() saw to it
    region = room.crop(box)
    below = base.crop(box).convert("RGB")
    unit = min(region.size)
    canvas = Canvas(region.size)
    compose(canvas, colours, dice, 0, subject(prompt))
    echo = restyle(below.filter(ImageFilter.GaussianBlur(max(2, unit / 40))), colours, 0.6)
    fill = Image.blend(canvas.image, echo, 0.16)
    soft = region.filter(ImageFilter.GaussianBlur(max(1.0, unit / 120)))
    rim = ImageChops.darker(region, mapped(soft, [max(0, 2 * v - 255) for v in range(256)]))
    made = base.copy()
    if base.mode == "RGBA":
        fill.putalpha(255)
    made.paste(fill, box[:2], rim)
    return made


def tint(base: Image.Image, markup: Image.Image, colours: Palette) -> Image.Image:
    """The palette laid over what the strokes cover, softly, and no further than they reach."""
    if markup.mode != "RGBA":
        raise BadImage(
            "The markup has no transparent pixels.", "Draw the strokes on a transparent ground."
        )
    strokes = sized(markup.getchannel("A"), base.size)
    spread = max(2.0, min(base.size) / 60)
    soft = mapped(
        strokes.filter(ImageFilter.GaussianBlur(spread)), [min(255, v * 3) for v in range(256)]
    )
    return Image.composite(restyle(base, colours, 0.9), base, soft)


def inset(image: Image.Image, others: list[Image.Image], room: Image.Image | None) -> None:
    """The other inputs as small cards along the top; with `room`, only those that fit inside it."""
    side = max(16, round(min(image.size) * 0.15))
    gap = max(4, side // 6)
    for i, other in enumerate(others[: max(1, (image.width - side * 2) // (side + gap))]):
        x, y = gap + i * (side + gap), gap
        if room is not None and not white(room.crop((x, y, x + side, y + side))):
            continue
        card = Canvas((side, side), clear=True)
        card.rect(0, 0, side, side, side * 0.14, (255, 255, 255))
        image.paste(card.image, (x, y), card.image)
        inner = side - max(4, side // 12) * 2
        thumb = ImageOps.fit(other.convert("RGB"), (inner, inner))
        image.paste(thumb, (x + (side - inner) // 2, y + (side - inner) // 2))

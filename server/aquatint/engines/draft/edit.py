"""Draft edits: repaints a masked part, tints what is marked, restyles, or draws in a style."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageChops, ImageFilter, ImageOps

from ...domain.engine import Inputs
from ...domain.errors import BadImage, BadMask
from .canvas import Canvas, mapped, paste, sized, white
from .colours import Palette, palette_of
from .reading import Brief
from .scenes import compose

BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def opened(data: bytes, what: str) -> Image.Image:
    """RGB, or RGBA where there is transparency. Raises BadImage."""
    try:
        image = Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF"))
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    except BROKEN as broken:
        raise BadImage(
            f"{what} is not a usable picture: {broken}.", "Give a whole PNG, JPEG or WebP file."
        ) from broken


def editable(data: bytes, size: tuple[int, int]) -> Image.Image:
    """White where the mask's alpha is 0, black elsewhere; at `size`. Raises BadMask."""
    fix = "Call make_mask and pass its image."
    try:
        mask = Image.open(BytesIO(data), formats=("PNG", "WEBP")).convert("RGBA").getchannel("A")
    except BROKEN as broken:
        raise BadMask(f"The mask is not a usable PNG: {broken}.", fix) from broken
    room = mapped(mask, [255] + [0] * 255)
    if room.getbbox() is None:
        raise BadMask("The mask selects nothing: no pixel of it is transparent.", fix)
    return room if room.size == size else sized(room, size, Image.Resampling.NEAREST)


def edit(base: Image.Image, inputs: Inputs, brief: Brief, room: Image.Image | None) -> Image.Image:
    """The first picture, changed as the brief says; outside `room` not by one level."""
    if room is not None:
        image = repaint(base, room, brief)
    elif inputs.markup is not None:
        image = tint(base, opened(inputs.markup, "The markup"), brief.palette)
    else:
        image = restyle(base, brief.palette, (0.72, 0.45, 0.95, 0.6)[brief.variant % 4])
    others = [opened(data, f"Picture {i}") for i, data in enumerate(inputs.images[1:], 2)]
    inset(image, others, room)
    return image


def in_style(base: Image.Image, brief: Brief, *, clear: bool) -> Image.Image:
    """A new picture with the colours of the first."""
    return compose(base.size, replace(brief, palette=palette_of(base, brief.palette)), clear=clear)


def restyle(base: Image.Image, colours: Palette, strength: float) -> Image.Image:
    """The picture printed in three inks of the palette, posterised a little; its alpha kept."""
    grey = ImageOps.autocontrast(base.convert("L"), cutoff=1)
    grey = Image.blend(grey, ImageOps.posterize(grey, 3), 0.45)
    inks = colours.tone(0.22, 0.08), colours.tone(0.62, 0.16), colours.pop(0.95, 0.05)
    if colours.dark:
        inks = colours.tone(0.1, 0.04), colours.tone(0.3, 0.08), colours.pop(0.6, 0.06)
        strength = max(strength, 0.85)
    made = Image.blend(
        base.convert("RGB"), ImageOps.colorize(grey, inks[0], inks[2], inks[1]), strength
    )
    if base.mode == "RGBA":
        made.putalpha(base.getchannel("A"))
    return made


def repaint(base: Image.Image, room: Image.Image, brief: Brief) -> Image.Image:
    """The prompt's composition inside `room`, over an echo of what was there; nothing outside."""
    box = room.getbbox()
    assert box is not None  # editable() saw to it
    region, below = room.crop(box), base.crop(box).convert("RGB")
    unit = min(region.size)
    below = below.filter(ImageFilter.GaussianBlur(max(2, unit / 40)))
    echo = restyle(below, brief.palette, 0.6)
    fill = Image.blend(compose(region.size, brief), echo, 0.16)
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
    blur = ImageFilter.GaussianBlur(max(2.0, min(base.size) / 60))
    soft = mapped(strokes.filter(blur), [min(255, v * 3) for v in range(256)])
    return Image.composite(restyle(base, colours, 0.9), base, soft)


def inset(image: Image.Image, others: list[Image.Image], room: Image.Image | None) -> None:
    """The other inputs as small cards along the top; with `room`, only those that fit inside it."""
    side = max(16, round(min(image.size) * 0.15))
    gap, rim = max(4, side // 6), max(4, side // 12)
    for i, other in enumerate(others[: max(1, (image.width - side * 2) // (side + gap))]):
        x, y = gap + i * (side + gap), gap
        if room is None or white(room.crop((x, y, x + side, y + side))):
            card = Canvas((side, side), clear=True)
            card.rect(0, 0, side, side, side * 0.14, (255, 255, 255))
            paste(image, card.image, (x, y))
            inner = side - rim * 2
            image.paste(ImageOps.fit(other.convert("RGB"), (inner, inner)), (x + rim, y + rim))

"""Draws smooth-edged shapes, gradients, glows and shadows with Pillow, opaque or on nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor

from PIL import Image, ImageDraw, ImageFilter

RGB = tuple[int, int, int]
Fill = RGB | tuple[RGB, RGB]  # one colour, or top to bottom
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


def sized(
    image: Image.Image, size: tuple[int, int], how: int = Image.Resampling.BICUBIC
) -> Image.Image:
    return image.resize(size, how)  # pyright: ignore[reportUnknownMemberType] - Pillow names numpy


def mapped(image: Image.Image, table: Sequence[float]) -> Image.Image:
    return image.point([round(v) for v in table])  # pyright: ignore[reportUnknownMemberType] - same


def white(mask: Image.Image) -> bool:
    """Whether a mask is 255 everywhere."""
    return mask.getextrema()[0] == 255


def smooth(
    box: Box, limit: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw, float], None]
) -> tuple[Image.Image, int, int] | None:
    """The mask of a shape inside `limit`, drawn larger and reduced; with its left top corner."""
    left, top = max(0, floor(box[0])), max(0, floor(box[1]))
    width, height = min(limit[0], ceil(box[2])) - left, min(limit[1], ceil(box[3])) - top
    if width <= 0 or height <= 0:
        return None
    scale = 4 if width * height < 400_000 else 2
    big = Image.new("L", (width * scale, height * scale))
    draw(ImageDraw.Draw(big), scale)
    return big.reduce(scale), left, top


def gradient(size: tuple[int, int], fill: Fill) -> Image.Image:
    if len(fill) == 3:
        return Image.new("RGB", size, fill)
    ramp = sized(Image.linear_gradient("L"), (1, size[1]))
    return sized(inked(ramp, *fill), size)


def inked(grey: Image.Image, *tones: RGB) -> Image.Image:
    """Grey as colour: from the first tone at black to the last at white, evenly."""
    steps = len(tones) - 1

    def level(v: int, channel: int) -> float:
        k = min(steps - 1, v * steps // 255)
        return tones[k][channel] + (tones[k + 1][channel] - tones[k][channel]) * (
            v * steps / 255 - k
        )

    bands = [mapped(grey, [level(v, channel) for v in range(256)]) for channel in range(3)]
    return Image.merge("RGB", bands)


class Canvas:
    """A picture of `width` x `height` pixels; `unit` is its shorter side. Coordinates in pixels."""

    def __init__(self, size: tuple[int, int], *, clear: bool = False) -> None:
        self.size = self.width, self.height = size
        self.unit = min(size)
        self.clear = clear
        self.image = Image.new("RGBA" if clear else "RGB", size)

    def backdrop(self, fill: Fill) -> None:
        """What lies behind everything; nothing at all on a clear canvas."""
        if not self.clear:
            self.image.paste(gradient(self.size, fill), (0, 0))

    def lay(self, mask: Image.Image, left: int, top: int, fill: Fill, alpha: float = 1) -> None:
        if alpha < 1:
            mask = mapped(mask, [v * alpha for v in range(256)])
        paint = gradient(mask.size, fill)
        if self.clear:
            paint.putalpha(mask)
            self.image.alpha_composite(paint, (left, top))
        else:
            self.image.paste(paint, (left, top), mask)

    def shape(
        self,
        box: Box,
        draw: Callable[[ImageDraw.ImageDraw, float, float, float], None],
        fill: Fill,
        alpha: float = 1,
    ) -> None:
        """`draw` gets a pen, the scale, and what to subtract from x and y."""
        left, top = max(0, floor(box[0])), max(0, floor(box[1]))
        found = smooth(box, self.size, lambda pen, s: draw(pen, s, left, top))
        if found:
            self.lay(*found, fill, alpha)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Fill, alpha: float = 1) -> None:
        self.pie(x, y, rx, ry, 0, 360, fill, alpha)

    def pie(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        fill: Fill,
        alpha: float = 1,
    ) -> None:
        def draw(pen: ImageDraw.ImageDraw, s: float, left: float, top: float) -> None:
            at = ((x - rx - left) * s, (y - ry - top) * s, (x + rx - left) * s, (y + ry - top) * s)
            pen.pieslice(at, start, end, fill=255)

        self.shape((x - rx, y - ry, x + rx + 1, y + ry + 1), draw, fill, alpha)

    def rect(
        self, x: float, y: float, w: float, h: float, radius: float, fill: Fill, alpha: float = 1
    ) -> None:
        def draw(pen: ImageDraw.ImageDraw, s: float, left: float, top: float) -> None:
            x0, y0 = (x - left) * s, (y - top) * s
            at = (x0, y0, max(x0, x0 + w * s - 1), max(y0, y0 + h * s - 1))
            pen.rounded_rectangle(at, min(radius, w / 2, h / 2) * s, fill=255)

        if w > 0 and h > 0:
            self.shape((x, y, x + w, y + h), draw, fill, alpha)

    def poly(self, points: Sequence[Point], fill: Fill, alpha: float = 1) -> None:
        def draw(pen: ImageDraw.ImageDraw, s: float, left: float, top: float) -> None:
            pen.polygon([((x - left) * s, (y - top) * s) for x, y in points], fill=255)

        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.shape((min(xs), min(ys), max(xs) + 1, max(ys) + 1), draw, fill, alpha)

    def line(self, points: Sequence[Point], width: float, fill: Fill, alpha: float = 1) -> None:
        def draw(pen: ImageDraw.ImageDraw, s: float, left: float, top: float) -> None:
            path = [((x - left) * s, (y - top) * s) for x, y in points]
            pen.line(path, fill=255, width=max(1, round(width * s)), joint="curve")
            half = width * s / 2
            for x, y in (path[0], path[-1]):
                pen.ellipse((x - half, y - half, x + half, y + half), fill=255)

        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = (min(xs) - width, min(ys) - width, max(xs) + width, max(ys) + width)
        self.shape(box, draw, fill, alpha)

    def glow(self, x: float, y: float, radius: float, colour: RGB, alpha: float = 1) -> None:
        """A light that fades to nothing at `radius`."""
        side = max(2, round(radius * 2))
        fade = [255 * max(0.0, 1 - v / 178) ** 1.6 for v in range(256)]  # 178 at the edges' middle
        light = sized(mapped(Image.radial_gradient("L"), fade), (side, side))
        self._soft(light, round(x - radius), round(y - radius), colour, alpha)

    def shadow(
        self, x: float, y: float, w: float, h: float, radius: float, blur: float, alpha: float = 0.3
    ) -> None:
        """The soft shadow of a rounded box, made at a quarter of the size."""
        pad = blur * 2
        dim = Image.new("L", (ceil((w + 2 * pad) / 4), ceil((h + 2 * pad) / 4)))
        at = (pad / 4, pad / 4, (pad + w) / 4, (pad + h) / 4)
        ImageDraw.Draw(dim).rounded_rectangle(at, radius / 4, fill=255)
        dim = dim.filter(ImageFilter.GaussianBlur(blur / 4))
        dim = sized(dim, (dim.width * 4, dim.height * 4))
        self._soft(dim, round(x - pad), round(y - pad), (12, 14, 24), alpha)

    def _soft(self, mask: Image.Image, left: int, top: int, colour: RGB, alpha: float) -> None:
        """Lay the part of a mask that falls on the canvas."""
        right, foot = min(mask.width, self.width - left), min(mask.height, self.height - top)
        x, y = max(0, -left), max(0, -top)
        if right > x and foot > y:
            self.lay(mask.crop((x, y, right, foot)), left + x, top + y, colour, alpha)


def sticker(image: Image.Image) -> None:
    """Clear a rim around the picture, with round corners."""
    frame = Canvas(image.size, clear=True)
    pad = frame.unit * 0.05
    wide, high = frame.width - 2 * pad, frame.height - 2 * pad
    frame.rect(pad, pad, wide, high, frame.unit * 0.14, (0, 0, 0))
    image.putalpha(frame.image.getchannel("A"))


def frame(
    image: Image.Image, box: tuple[float, float, float, float], radius: float, fill: RGB
) -> None:
    """A thin rounded outline with a faint ground."""
    left, top = int(box[0]), int(box[1])

    def draw(pen: ImageDraw.ImageDraw, s: float) -> None:
        at = ((box[0] - left) * s, (box[1] - top) * s, (box[2] - left) * s, (box[3] - top) * s)
        pen.rounded_rectangle(
            at, radius * s, fill=36, outline=190, width=max(1, round(s * radius / 5))
        )

    found = smooth((left, top, box[2] + 1, box[3] + 1), image.size, draw)
    if found:
        image.paste(fill, found[1:], found[0])

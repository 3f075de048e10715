"""Draws smooth-edged shapes, gradients, glows and shadows with Pillow, opaque or on nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, cos, floor, radians, sin
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageOps

RGB = tuple[int, int, int]
Fill = RGB | tuple[RGB, RGB]  # one colour, or top to bottom
Point = tuple[float, float]
Ink = Callable[[ImageDraw.ImageDraw, list[Point], float], Any]  # pen, points, pixels per unit


def sized(
    image: Image.Image, size: tuple[int, int], how: int = Image.Resampling.BICUBIC
) -> Image.Image:
    return image.resize(size, how)  # pyright: ignore[reportUnknownMemberType] - Pillow names numpy


def mapped(image: Image.Image, table: Sequence[float]) -> Image.Image:
    return image.point([round(v) for v in table])  # pyright: ignore[reportUnknownMemberType] - same


def white(mask: Image.Image) -> bool:
    """Whether a mask is 255 everywhere."""
    return mask.getextrema()[0] == 255


def gradient(size: tuple[int, int], fill: Fill) -> Image.Image:
    if len(fill) == 3:
        return Image.new("RGB", size, fill)
    ramp = sized(Image.linear_gradient("L"), (1, size[1]))
    return sized(ImageOps.colorize(ramp, *fill), size)


def paste(image: Image.Image, art: Image.Image, at: tuple[int, int]) -> None:
    """Lay a picture with alpha on another, cut where it hangs over the left or top edge."""
    left, top = min(art.width, max(0, -at[0])), min(art.height, max(0, -at[1]))
    art = art.crop((left, top, art.width, art.height))
    at = max(0, at[0]), max(0, at[1])
    if image.mode == "RGBA":
        image.alpha_composite(art, at)
    else:
        image.paste(art, at, art)


class Canvas:
    """A picture of `width` x `height` pixels; `unit` is its shorter side. Coordinates in pixels.

    `zoom` enlarges all that is drawn around `about` (shares of width and height), a backdrop apart.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        clear: bool = False,
        zoom: float = 1,
        about: Point = (0.5, 0.5),
    ) -> None:
        self.size = self.width, self.height = size
        self.unit = min(size)
        self.clear = clear
        self.zoom = zoom
        self.about = about[0] * size[0], about[1] * size[1]
        self.image = Image.new("RGBA" if clear else "RGB", size)

    def spot(self, x: float, y: float) -> Point:
        (ax, ay), z = self.about, self.zoom
        return ax + (x - ax) * z, ay + (y - ay) * z

    def backdrop(self, fill: Fill) -> None:
        """What lies behind everything; nothing at all on a clear canvas."""
        if not self.clear:
            self.image.paste(gradient(self.size, fill), (0, 0))

    def lay(self, mask: Image.Image, left: int, top: int, fill: Fill, alpha: float = 1) -> None:
        """Colour through a mask, the part of it that falls on the canvas."""
        right, foot = min(mask.width, self.width - left), min(mask.height, self.height - top)
        x, y = max(0, -left), max(0, -top)
        if right <= x or foot <= y:
            return
        mask = mask.crop((x, y, right, foot))
        if alpha < 1:
            mask = mapped(mask, [v * alpha for v in range(256)])
        paint = gradient(mask.size, fill)
        if self.clear:
            paint.putalpha(mask)
            self.image.alpha_composite(paint, (left + x, top + y))
        else:
            self.image.paste(paint, (left + x, top + y), mask)

    def shape(
        self, points: Sequence[Point], ink: Ink, fill: Fill, alpha: float = 1, pad: float = 0
    ) -> None:
        """What `ink` draws in the box of the points (and `pad`), larger, then reduced."""
        spots, z = [self.spot(*point) for point in points], self.zoom
        xs, ys = [x for x, _ in spots], [y for _, y in spots]
        left, top = (max(0, floor(min(one) - pad * z)) for one in (xs, ys))
        right, foot = (ceil(max(one) + pad * z) + 1 for one in (xs, ys))
        wide, high = min(self.width, right) - left, min(self.height, foot) - top
        if wide > 0 and high > 0:
            k = 4 if wide * high < 400_000 else 2
            big = Image.new("L", (wide * k, high * k))
            path = [((x - left) * k, (y - top) * k) for x, y in spots]
            ink(ImageDraw.Draw(big), path, k * z)
            self.lay(big.reduce(k), left, top, fill, alpha)

    def pie(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Fill,
        alpha: float = 1,
    ) -> None:  # fmt: skip
        box = [(x - rx, y - ry), (x + rx, y + ry)]
        self.shape(
            box, lambda pen, b, _: pen.pieslice((*b[0], *b[1]), start, end, 255), fill, alpha
        )

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Fill, alpha: float = 1) -> None:
        self.pie(x, y, rx, ry, 0, 360, fill, alpha)

    def rect(
        self, x: float, y: float, w: float, h: float, radius: float, fill: Fill, alpha: float = 1
    ) -> None:
        def ink(pen: ImageDraw.ImageDraw, b: list[Point], k: float) -> None:
            (x0, y0), (x1, y1) = b
            at = (x0, y0, max(x0, x1 - 1), max(y0, y1 - 1))
            pen.rounded_rectangle(at, min(radius, w / 2, h / 2) * k, 255)

        if w > 0 and h > 0:
            self.shape([(x, y), (x + w, y + h)], ink, fill, alpha)

    def poly(self, points: Sequence[Point], fill: Fill, alpha: float = 1) -> None:
        self.shape(points, lambda pen, path, _: pen.polygon(path, 255), fill, alpha)

    def line(self, points: Sequence[Point], width: float, fill: Fill, alpha: float = 1) -> None:
        """With round ends."""

        def ink(pen: ImageDraw.ImageDraw, path: list[Point], k: float) -> None:
            pen.line(path, 255, max(1, round(width * k)), "curve")
            half = width * k / 2
            for x, y in (path[0], path[-1]):
                pen.ellipse((x - half, y - half, x + half, y + half), 255)

        self.shape(points, ink, fill, alpha, width)

    def glow(self, x: float, y: float, radius: float, colour: RGB, alpha: float = 1) -> None:
        """A light that fades to nothing at `radius`."""
        (x, y), radius = self.spot(x, y), radius * self.zoom
        side = max(2, round(radius * 2))
        fade = [255 * max(0.0, 1 - v / 178) ** 1.6 for v in range(256)]  # 178 at the edges' middle
        light = sized(mapped(Image.radial_gradient("L"), fade), (side, side))
        self.lay(light, round(x - radius), round(y - radius), colour, alpha)

    def shadow(self, x: float, y: float, w: float, h: float, radius: float, blur: float) -> None:
        """The soft shadow of a rounded box, made at a quarter of the size."""
        (x, y), z = self.spot(x, y), self.zoom
        w, h, pad = w * z, h * z, blur * z * 2
        dim = Image.new("L", (ceil((w + 2 * pad) / 4), ceil((h + 2 * pad) / 4)))
        at = (pad / 4, pad / 4, (pad + w) / 4, (pad + h) / 4)
        ImageDraw.Draw(dim).rounded_rectangle(at, radius * z / 4, 255)
        dim = dim.filter(ImageFilter.GaussianBlur(pad / 8))
        dim = sized(dim, (dim.width * 4, dim.height * 4))
        self.lay(dim, round(x - pad), round(y - pad), (12, 14, 24), 0.3)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Points along an ellipse, degrees clockwise from the right."""
    steps = [radians(start + (end - start) * i / 24) for i in range(25)]
    return [(x + cos(a) * rx, y + sin(a) * ry) for a in steps]


def sticker(image: Image.Image) -> None:
    """Clear a rim around the picture, with round corners."""
    frame = Canvas(image.size, clear=True)
    pad = frame.unit * 0.05
    wide, high = frame.width - 2 * pad, frame.height - 2 * pad
    frame.rect(pad, pad, wide, high, frame.unit * 0.14, (0, 0, 0))
    image.putalpha(frame.image.getchannel("A"))

"""Which part of a picture is shown, and how large; the only module that enlarges what is seen."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from .decode import resized
from .limits import MAX_SIDE

Size = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels
SQUARES = 8  # times: from here on the pixels themselves are what is looked at
CHECKER = ((104, 104, 104), (152, 152, 152))  # behind what is transparent
SQUARE = 8  # pixels of it


@dataclass(frozen=True, slots=True)
class View:
    """The part `box` of a picture of `whole` pixels, shown at `size` pixels."""

    whole: Size
    box: Box
    size: Size

    @property
    def part(self) -> Size:
        return self.box[2] - self.box[0], self.box[3] - self.box[1]

    @property
    def scale(self) -> float:
        return max(self.size) / max(self.part)

    @property
    def near(self) -> int:
        """The longest edge at which the whole must be decoded, so that the part is sharp."""
        return min(MAX_SIDE, round(2 * self.scale * max(self.whole)))


def view_of(whole: Size, edge: int, box: Box | None = None, *, enlarge: bool = False) -> View:
    """The view whose longest edge is at most `edge`; smaller parts are enlarged if that is asked.

    From SQUARES times on by a whole number, so that all pixels become squares of one size.
    """
    box = box or (0, 0, *whole)
    width, height = box[2] - box[0], box[3] - box[1]
    scale = edge / max(width, height)
    if not enlarge:
        scale = min(1.0, scale)
    elif scale >= SQUARES:
        scale = int(scale)
    return View(whole, box, (max(1, round(width * scale)), max(1, round(height * scale))))


def part_of(image: Image.Image, view: View) -> Image.Image:
    """The pixels of a view, RGB(A), as squares where it enlarges a lot. `info` stays.

    `image` is the whole picture, and may have been decoded at a smaller size.
    """
    across, down = image.width / view.whole[0], image.height / view.whole[1]
    left, top, right, bottom = view.box
    box = (left * across, top * down, right * across, bottom * down)
    how = Image.Resampling.HAMMING  # as previews are shrunk
    if view.scale > 1:
        squares = view.scale >= SQUARES
        how = Image.Resampling.NEAREST if squares else Image.Resampling.LANCZOS
    return resized(image, *view.size, box, how)


def on_checker(image: Image.Image) -> Image.Image:
    """RGB, with grey squares where the picture is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, CHECKER[0])
    draw = ImageDraw.Draw(ground)
    for y in range(0, image.height, SQUARE):
        for x in range(y % (2 * SQUARE), image.width, 2 * SQUARE):
            draw.rectangle((x, y, x + SQUARE - 1, y + SQUARE - 1), fill=CHECKER[1])
    return Image.alpha_composite(ground.convert("RGBA"), image.convert("RGBA")).convert("RGB")

"""What is said of a mask that is not of the first picture's size, or was made for another one.

Nothing advised here may change another part of the picture than was meant.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import BadMask

Size = tuple[int, int]  # width, height in pixels
SAME_SHAPE = 0.01  # relative difference of two shapes that still counts as none
PLACES = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """An edit's pictures, by the words and with the sizes that they came with; and the picture
    that the mask was made for, where that is known and none of them."""

    labels: tuple[str, ...]
    sizes: tuple[Size, ...]
    made_for: str | None = None


def misplaced(given: Given, at: int) -> BadMask:
    """The mask was made for the picture at that place."""
    return BadMask(
        f"This mask belongs to {given.labels[at]}, which is {PLACES[at]}; a mask is for the first "
        "image.",
        f"Put {given.labels[at]} first in images, or call {_anew(given)} for the first one.",
    )


def wrong_size(mask: Size, given: Given) -> BadMask:
    """The mask has not the size of the first picture, and scaling it was not asked for."""
    first, size = given.labels[0], given.sizes[0]
    said = f"The mask is {_text(mask)}, but the first image, {first}, is {_text(size)}."
    ways = [f"call {_anew(given)}"]
    if mask in given.sizes:
        at = given.sizes.index(mask)
        said += f" {given.labels[at]}, which is {PLACES[at]}, has the mask's size."
        ways.insert(0, f"put {given.labels[at]} first in images, if the mask belongs to it")
    elif given.made_for:
        said += f" It was made for {given.made_for}."
    if same_shape(mask, size):
        ways.append('pass mask_fit="scale", if it shows the same picture in another size')
    if mask[0] >= size[0] and mask[1] >= size[1]:
        grow = f'pass extend="{_text(mask)}" and no mask, if the picture is to grow to that size'
        ways.append(f"{grow}, itself in the middle, and the model to fill the new part")
    fix = "; or ".join(ways)
    return BadMask(said, f"{fix[0].upper()}{fix[1:]}.")


def scaled(mask: Size, size: Size) -> str:
    """What is said of a mask that was brought to the first picture's size."""
    note = f"The mask was scaled from {_text(mask)} to {_text(size)}."
    if same_shape(mask, size):
        return note
    return f"{note} Their shapes differ, so it was stretched: look whether it is still in place."


def same_shape(a: Size, b: Size) -> bool:
    return abs(a[0] * b[1] / (a[1] * b[0]) - 1) <= SAME_SHAPE


def _anew(given: Given) -> str:
    return f'make_mask(image="{given.labels[0]}", regions=[...])'


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"

"""How far a picture is to grow, from the words of a caller to pixels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator

from ..errors import BadRequest

if TYPE_CHECKING:
    from ..types import Placement  # which has requests, and they have Extend

Size = tuple[int, int]  # width, height in pixels
Sides = tuple[int, int, int, int]  # left, top, right, bottom: how many pixels each side grows by

SIDES = ("left", "top", "right", "bottom")
FORMS = "right=50%, left=200,top=100 (pixels), a ratio like 16:9, or a size like 1600x900"
MOST_EDGE = 16_384  # pixels of a side; files that are larger are not opened either

_PAIR = re.compile(r"([a-z]+)\s*[=:]\s*(-?[0-9]{1,6}(?:\.[0-9]{1,4})?)\s*(%|px|)")
_RATIO = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,4})?):([0-9]{1,5}(?:\.[0-9]{1,4})?)")
_SIZE = re.compile(r"([0-9]{1,6})\s*[xX×]\s*([0-9]{1,6})")


def _in_words(given: object) -> object:
    """`{"right": "50%"}` as `right=50%`, so that recipes and repeats have one form."""
    if not isinstance(given, Mapping):
        return given
    table = cast("Mapping[str, Any]", given)
    return ",".join(f"{side}={amount}" for side, amount in table.items())


Extend = Annotated[str, BeforeValidator(_in_words, json_schema_input_type=str)]


def sides(extend: str, size: Size, max_pixels: int) -> Sides:
    """How many pixels each side of a picture of `size` grows by. Raises BadRequest.

    A ratio or a size grows both ways, so that the picture stays in the middle; percentages are of
    the side they grow.
    """
    words = re.sub(r"[{}\"'\s]", "", extend).lower()
    if ratio := _RATIO.fullmatch(words):
        grown = _to_ratio(words, float(ratio[1]), float(ratio[2]), size)
    elif target := _SIZE.fullmatch(words):
        grown = _to_size(words, (int(target[1]), int(target[2])), size)
    else:
        grown = _by_sides(extend, words, size)
    wide, high = size[0] + grown[0] + grown[2], size[1] + grown[1] + grown[3]
    if wide * high > max_pixels or max(wide, high) > MOST_EDGE:
        raise BadRequest(
            f"extend: the picture would be {wide}x{high}; at most {max_pixels:,} pixels and "
            f"{MOST_EDGE:,} a side are made.",
            "Grow it by less.",
        )
    return grown


def told(grown: Placement | None) -> tuple[str, ...]:
    """What becomes of the picture, in words; nothing where it does not grow."""
    if grown is None:
        return ()
    (wide, high), old = grown.canvas, f"{grown.width}x{grown.height}"
    place = f"left {grown.left}, top {grown.top}"
    return (f"extend: {old} becomes {wide}x{high}; the old picture stands at {place}.",)


def enlarged(grown: Placement | None, placed: Placement | None, drawn: Size) -> tuple[str, ...]:
    """That the new part is drawn smaller than it becomes, where it is."""
    if grown is None or placed is None or placed.canvas[0] <= 1.02 * drawn[0]:
        return ()
    times = placed.canvas[0] / drawn[0]
    return (f"extend: the new part is drawn smaller and enlarged {times:.2g} times.",)


def _by_sides(extend: str, words: str, size: Size) -> Sides:
    grown = dict.fromkeys(SIDES, 0)
    for part in re.split(r"[,;]", words):
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise BadRequest(f"extend: {extend!r:.60} cannot be read.", f"Pass {FORMS}.")
        side, number, unit = pair[1], float(pair[2]), pair[3]
        if side not in SIDES:
            raise BadRequest(f"extend: {side[:20]!r} is no side.", f"Use {', '.join(SIDES)}.")
        if unit != "%" and not number.is_integer():
            raise BadRequest(
                f"extend: {part[:40]} is not a whole number of pixels.",
                f"Write {side}=50% for half of that side, or {side}=200 for pixels.",
            )
        whole = size[0] if side in {"left", "right"} else size[1]
        grown[side] = round(number / 100 * whole) if unit == "%" else int(number)
        if grown[side] < 1:
            raise BadRequest(
                f"extend: {part[:40]} does not grow the picture.",
                "Pass at least one pixel, or leave that side out; export_image(crop=...) cuts.",
            )
    return grown["left"], grown["top"], grown["right"], grown["bottom"]


def _to_ratio(words: str, across: float, down: float, size: Size) -> Sides:
    if not across or not down:
        raise BadRequest(f"extend: {words} is not a ratio.", f"Pass {FORMS}.")
    wide = max(size[0], round(size[1] * across / down))
    high = max(size[1], round(size[0] * down / across))
    if (wide, high) == size:
        raise BadRequest(
            f"extend: the picture is {words} already ({size[0]}x{size[1]}).",
            "Leave extend out, or name the sides: right=50%.",
        )
    return _around(size, (wide, high))


def _to_size(words: str, target: Size, size: Size) -> Sides:
    if target[0] < size[0] or target[1] < size[1] or target == size:
        raise BadRequest(
            f"extend: {words} is not larger than the picture, {size[0]}x{size[1]}.",
            "Pass a size that holds it, a ratio like 16:9, or export_image to make it smaller.",
        )
    return _around(size, target)


def _around(size: Size, target: Size) -> Sides:
    across, down = target[0] - size[0], target[1] - size[1]
    return across // 2, down // 2, across - across // 2, down - down // 2

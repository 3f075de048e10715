"""The arithmetic of picture sizes: which are legal, and which legal one serves what was asked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..types import Placement

Size = tuple[int, int]  # width, height in pixels

MAX_EXACT = 3840  # the longest edge that is fitted locally, the same as the services' own
WORDS: Mapping[str, float] = MappingProxyType(
    {"square": 1.0, "landscape": 3 / 2, "portrait": 2 / 3}
)

_SIZE = re.compile(r"([1-9][0-9]{0,5})[xX×]([1-9][0-9]{0,5})")
_RATIO = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,4})?):([0-9]{1,5}(?:\.[0-9]{1,4})?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A short list of sizes and no others."""

    only: tuple[Size, ...]
    auto: bool = True  # the service also takes the word "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Any size within limits, both edges on a grid.

    `aim` is how many pixels a word or a ratio is drawn at, `recommended` the sizes that win there
    when their ratio is exactly the one asked for, `experimental` the pixel count above which the
    service promises less.
    """

    max_edge: int
    max_pixels: int
    min_edge: int = 1
    min_pixels: int = 1
    multiple: int = 1
    max_ratio: float = math.inf
    aim: int = 1_500_000
    recommended: tuple[Size, ...] = ()
    experimental: int | None = None
    auto: bool = True


Rule = Fixed | Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """How an animation's frames share one drawn sheet: (frames up to, columns, rows)."""

    layouts: tuple[tuple[int, int, int], ...]
    max_edge: int
    min_pixels: int
    max_pixels: int
    multiple: int
    max_ratio: float
    aim: int
    recommended: tuple[Size, ...] = ()

    def cells(self, frames: int) -> tuple[int, int]:
        """Columns and rows of the sheet that many frames are drawn on."""
        return next(((c, r) for most, c, r in self.layouts if frames <= most), self.layouts[-1][1:])

    def frame(self, frames: int) -> Grid:
        """The rule that one frame must obey so that the sheet obeys its own."""
        columns, rows = self.cells(frames)
        return Grid(
            max_edge=self.max_edge // max(columns, rows),
            max_pixels=self.max_pixels // (columns * rows),
            min_pixels=-(-self.min_pixels // (columns * rows)),
            multiple=self.multiple,
            max_ratio=self.max_ratio,
            aim=self.aim,
            recommended=self.recommended,
        )


def text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def parse_size(words: str) -> Size | None:
    """`1024x1024` (x, X or ×, no spaces) as width and height; None for anything else."""
    found = _SIZE.fullmatch(words)
    return (int(found[1]), int(found[2])) if found else None


def parse_ratio(words: str) -> float | None:
    """`16:9`, `2.35:1`, `square`, `landscape`, `portrait` as width over height; None for others."""
    if words in WORDS:
        return WORDS[words]
    found = _RATIO.fullmatch(words)
    if not found or not float(found[1]) or not float(found[2]):
        return None
    return float(found[1]) / float(found[2])


def legal(rule: Rule, w: int, h: int) -> list[str]:
    """Why the rule forbids w x h, in words; an empty list when it does not."""
    if isinstance(rule, Fixed):
        return [] if (w, h) in rule.only else ["the only sizes are " + _list(rule.only)]
    reasons: list[str] = []
    off = [str(edge) for edge in dict.fromkeys((w, h)) if edge % rule.multiple]
    if off:
        verb = "are not multiples" if len(off) > 1 else "is not a multiple"
        reasons.append(f"{' and '.join(off)} {verb} of {rule.multiple}")
    if max(w, h) > rule.max_edge:
        reasons.append(f"the longest edge may be {rule.max_edge}")
    if min(w, h) < rule.min_edge:
        reasons.append(f"the shortest edge may be {rule.min_edge}")
    if max(w, h) > rule.max_ratio * min(w, h):
        reasons.append(f"the shape may be {rule.max_ratio:g}:1 at most")
    if w * h < rule.min_pixels:
        reasons.append(f"{w * h:,} pixels are under the floor of {rule.min_pixels:,}")
    if w * h > rule.max_pixels:
        reasons.append(f"{w * h:,} pixels are over the cap of {rule.max_pixels:,}")
    return reasons


def nearest(rule: Rule, ratio: float) -> Size:
    """The legal size that a word or a ratio stands for; always legal.

    A recommended size of exactly that ratio wins. Else, among the legal sizes of 0.6 to 1.6 times
    `aim` pixels: the nearest in ratio (to 0.1 %), then in pixels to `aim`, then the smaller, which
    is the cheaper.
    """
    if isinstance(rule, Grid):
        for size in rule.recommended:
            if math.isclose(size[0] / size[1], ratio) and not legal(rule, *size):
                return size
    aim = rule.aim if isinstance(rule, Grid) else rule.only[0][0] * rule.only[0][1]
    near = _candidates(rule, ratio)
    middle = [(w, h) for w, h in near if 0.6 * aim <= w * h <= 1.6 * aim] or near
    return min(
        middle,
        key=lambda s: (
            round(abs(math.log(s[0] / s[1] / ratio)), 3),
            abs(s[0] * s[1] - aim),
            s[0] * s[1],
        ),
    )


def covering(rule: Rule, w: int, h: int) -> Size:
    """The legal size to draw when w x h is wanted in the end; always legal.

    w x h itself if legal, else a size at least as wide and as high, weighing shape against size as
    `_strain` does. Where none covers, the best smaller one: what is drawn is then scaled up, which
    the caller sees by comparing, and says.
    """
    if not legal(rule, w, h):
        return w, h
    near = _candidates(rule, w / h)
    if isinstance(rule, Grid):
        step = _step(rule)
        up = (-(-w // step) * step, -(-h // step) * step)
        near += [] if legal(rule, *up) else [up]
    covers = [size for size in near if size[0] >= w and size[1] >= h]
    return min(covers or near, key=lambda size: _strain(size, w, h))


def canvas(rule: Rule, w: int, h: int) -> tuple[Size, Placement]:
    """The legal size to send a picture of w x h at, and where it stands on the padded canvas.

    Sending: pad the picture to `placement.canvas`, resize that to the size. Undoing: resize what
    came back to `placement.canvas`, crop. A legal picture goes as it is.
    """
    if not legal(rule, w, h):
        return (w, h), place((w, h), w, h)
    sent = min(_candidates(rule, w / h), key=lambda size: _strain(size, w, h))
    return sent, place(sent, w, h)


def place(sent: Size, w: int, h: int) -> Placement:
    """A picture of w x h in the middle of the smallest canvas that has the shape of `sent`."""
    wide, high = max(w, round(h * sent[0] / sent[1])), max(h, round(w * sent[1] / sent[0]))
    return Placement(
        left=(wide - w) // 2, top=(high - h) // 2, width=w, height=h, canvas=(wide, high)
    )


def suggest(rule: Rule, w: int, h: int, *, exact: bool = True) -> str:
    """What to ask for instead of an illegal w x h: the nearest legal size, and `exact_size`."""
    words = f"Use size={text(canvas(rule, w, h)[0])}"
    if not exact or max(w, h) > MAX_EXACT:
        return words + "."
    drawn = covering(rule, w, h)
    how = "and fitted" if drawn[0] >= w and drawn[1] >= h else "and scaled up"
    return f"{words}, or exact_size={text((w, h))} (drawn at {text(drawn)} {how})."


def largest(rule: Rule) -> tuple[Size, ...]:
    """The sizes among which the dearest is: all of a fixed list, the largest square of a grid."""
    return rule.only if isinstance(rule, Fixed) else _squares(rule)[-1:]


def _strain(size: Size, w: int, h: int) -> float:
    """How ill `size` serves a picture of w x h.

    1 % of padding weighs as much as 10 % of scaling, and any padding at all as another 10 %.
    """
    wide, high = place(size, w, h).canvas
    padding = math.log(wide * high / (w * h))
    scaling = abs(math.log(size[0] * size[1] / (wide * high))) / 2
    return 10 * padding + scaling + (0.1 if padding else 0)


def _candidates(rule: Rule, ratio: float) -> list[Size]:
    """Legal sizes of about that ratio: for each long edge the two short edges next to it."""
    if isinstance(rule, Fixed):
        return list(rule.only)
    step = _step(rule)
    shape = min(max(ratio, 1 / ratio), rule.max_ratio)
    found: list[Size] = []
    for long in range(step, rule.max_edge + 1, step):
        below = int(long / shape) // step * step
        for short in (below, below + step):
            size = (long, short) if ratio >= 1 else (short, long)
            if short and not legal(rule, *size):
                found.append(size)
    return found or list(_squares(rule))


def _squares(rule: Grid) -> tuple[Size, ...]:
    step = _step(rule)
    edges = range(step, rule.max_edge + 1, step)
    return tuple((edge, edge) for edge in edges if not legal(rule, edge, edge))


def _step(rule: Grid) -> int:
    """What we choose ourselves lies on 16 pixels even where the rule is finer: codecs like it."""
    return rule.multiple * -(-16 // rule.multiple)


def _list(sizes: tuple[Size, ...]) -> str:
    *most, last = [text(size) for size in sizes]
    return f"{', '.join(most)} and {last}" if most else last

"""The size to order, by what the caller asked for, the model draws, and the picture has."""

from __future__ import annotations

from dataclasses import dataclass

from ..models import sizes
from ..models.registry import Choice, Defaults, Gif
from ..models.sizes import MAX_EXACT, Grid, Rule, Size
from ..types import Format, Placement
from . import copy_sizes
from .validation import RequestCheck


def exact_size(check: RequestCheck, format: Format, first: Size | None) -> Size | None:
    asked = check.request.exact_size
    if asked is None:
        return None
    exact = sizes.parse_size(asked.strip())
    if exact is None:
        check.wrong(
            f"exact_size: {asked!r} is not a width and a height.",
            "Write it as exact_size=1080x1080.",
        )
    elif max(exact) > (most := max((MAX_EXACT, *(first or ())))):
        check.wrong(
            f"exact_size: the longest edge may be {most}.",
            "Ask for a smaller one; export_image can enlarge a picture afterwards.",
        )
    if format == "svg":
        check.wrong("exact_size: an svg is not made of pixels.", "Leave exact_size out.")
    if check.keep and exact == first:
        return None  # it has that size as it is
    if check.edit and check.edit.extend:
        check.wrong(
            "exact_size: extend says how large the picture becomes.",
            "Leave exact_size out, or pass extend=1600x900; export_image writes other sizes.",
        )
    elif check.keep:
        check.wrong(
            "exact_size: a masked edit keeps the first picture's own size.",
            "Leave exact_size out, or pass outside=model.",
        )
    return exact


@dataclass(frozen=True, slots=True)
class Rules:
    """What is forbidden, advised against, and by which rule we choose ourselves.

    `edits` is the rule for a picture that is sent at its own size if that obeys it.
    """

    forbids: Rule
    chooses: Rule
    edits: Rule
    advises: Rule | None = None

    @classmethod
    def of(cls, choice: Choice, format: Format, frames: int | None) -> Rules:
        model = choice.model
        gif: Gif | None = model.gif if format == "gif" else None
        if gif and gif.sizes:
            return cls(gif.sizes, gif.sizes, gif.sizes)
        if gif and gif.sheet:
            frame = gif.sheet.frame(frames or gif.usual_frames)
            return cls(model.sizes, frame, frame, advises=frame)
        usual = model.sizes if model.fit is None else model.fit
        edits = usual
        if choice.nearby and model.unknown and isinstance(usual, Grid):
            edits = Grid(max_edge=usual.max_edge, max_pixels=usual.max_pixels)
        return cls(model.sizes, usual, edits)


def size_of(
    check: RequestCheck,
    rules: Rules,
    exact: Size | None,
    defaults: Defaults,
    first: Size | None,
    densest: Size | None,
) -> tuple[str, Placement | None]:
    """The size to order, and where the first picture stands on it when it must be fitted.

    `densest` is drawn instead of the size that was asked for.
    """
    asked = (check.request.size or "").strip().lower()
    named = asked not in {"", "auto"}
    if asked == "auto" and rules.forbids.auto and not check.keep:
        copy_sizes.check_edges(check, None, exact=exact is not None)
        return "auto", None
    placement: Placement | None = None
    if first and check.keep:
        if named:
            _check_own_size(check, asked, first)
        drawn, placement = sizes.canvas(rules.edits, *first)
    elif named:
        size = sizes.text(densest) if densest else _asked(check, rules, asked)
        drawn = sizes.parse_size(size)
        if drawn is None:
            copy_sizes.check_edges(check, None, exact=exact is not None)
            return size, None
    elif exact:
        drawn = _cover(check, rules, exact)
    elif first:
        drawn, placement = sizes.canvas(rules.edits, *first)
    elif not asked and (marked := check.targets.covering):
        drawn = sizes.covering(rules.chooses, *marked)
    else:
        drawn = _usual(check, rules, defaults.size.strip().lower())
        if drawn is None:
            copy_sizes.check_edges(check, None, exact=False)
            return "auto", None
    whole = drawn
    if exact:
        whole = exact
    elif first and placement:
        whole = first
    enough = copy_sizes.enough(check, rules.chooses, drawn, whole, exact=exact is not None)
    _remark(check, rules, enough, exact if named else None)
    return sizes.text(enough), placement if enough == drawn else None


def _check_own_size(check: RequestCheck, asked: str, first: Size) -> None:
    """A masked edit has its first picture's size, so another one would be ignored."""
    size, ratio = sizes.parse_size(asked), sizes.parse_ratio(asked)
    own = first[0] / first[1]
    if size != first and (ratio is None or not 0.99 < ratio / own < 1.01):
        grows = check.edit is not None and check.edit.extend
        which = (
            "an extended edit has the grown"
            if grows
            else "a masked edit keeps the first picture's own"
        )
        fix = "Leave size out." if grows else "Leave size out, or pass outside=model."
        check.wrong(f"size: {which} size, {sizes.text(first)}.", fix)


def _usual(check: RequestCheck, rules: Rules, words: str) -> Size | None:
    """The default size as this model has it, None for the service's own choice.

    A default is nothing the caller did wrong, so it is never refused.
    """
    if words == "auto" and rules.forbids.auto:
        return None
    size = sizes.parse_size(words)
    if size:
        return sizes.canvas(rules.chooses, *size)[0]
    ratio = sizes.parse_ratio("square" if words == "auto" else words)
    if ratio is None:
        check.warnings.append(
            f"The default size {words!r} cannot be read: set AQUATINT_SIZE to 1024x1024."
        )
        ratio = 1.0
    return sizes.nearest(rules.chooses, ratio)


def _remark(check: RequestCheck, rules: Rules, drawn: Size, exact: Size | None) -> None:
    pixels = rules.forbids.experimental if isinstance(rules.forbids, Grid) else None
    if pixels and drawn[0] * drawn[1] > pixels:
        check.warnings.append(f"size: above {pixels:,} pixels is experimental at {check.name}.")
    if exact and (drawn[0] < exact[0] or drawn[1] < exact[1]):
        check.warnings.append(
            f"size: {sizes.text(drawn)} does not cover exact_size, so it will be scaled up."
        )


def _asked(check: RequestCheck, rules: Rules, words: str) -> str:
    """The size behind the caller's words; anything at all once a problem was noted."""
    size, ratio = sizes.parse_size(words), sizes.parse_ratio(words)
    if size:
        _check_size(check, rules, size)
        return sizes.text(size)
    if ratio is None:
        check.wrong(
            f"size: {words!r} is not a size.",
            "Use 1024x1024 and the like, square, landscape, portrait, a ratio like 16:9, or auto.",
        )
        return words
    near = sizes.nearest(rules.chooses, ratio)
    off = near[0] / near[1] / ratio
    if not 0.8 < off < 1.25:
        check.cannot(
            f"size: {words} is far from every shape {check.name} draws.",
            f"Use size={sizes.text(near)}, or exact_size with the width and height wanted.",
        )
    elif not 0.99 < off < 1.01:
        check.warnings.append(f"size: {words} is drawn at {sizes.text(near)}, the nearest shape.")
    return sizes.text(near)


def _check_size(check: RequestCheck, rules: Rules, size: Size) -> None:
    reasons = sizes.legal(rules.forbids, *size)
    advice = sizes.legal(rules.advises, *size) if rules.advises else []
    if reasons and (advice or rules.advises is None):
        fitted = not (check.keep or check.request.exact_size or check.request.format == "svg")
        check.cannot(
            f"size: {check.name} does not draw {sizes.text(size)}: {'; '.join(reasons)}.",
            sizes.suggest(rules.chooses, *size, exact=fitted),
            lambda peer: not sizes.legal(peer.sizes, *size),
        )
    elif advice:
        check.warnings.append(
            f"size: {sizes.text(size)} may be refused: {'; '.join(advice)} (measured by others)."
        )


def _cover(check: RequestCheck, rules: Rules, exact: Size) -> Size:
    drawn = sizes.covering(rules.chooses, *exact)
    if drawn[0] < exact[0] or drawn[1] < exact[1]:
        check.warnings.append(
            f"exact_size: nothing that {check.name} draws covers {sizes.text(exact)};"
            f" {sizes.text(drawn)} is drawn and scaled up."
        )
    return drawn

"""Turns a request into an order a model can draw, or says everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from ..models import sizes
from ..models.registry import Choice, Defaults, Gif
from ..models.sizes import MAX_EXACT, Grid, Rule, Size
from ..types import (
    EditRequest,
    Format,
    GenerateRequest,
    Order,
    Placement,
    Quality,
    SaveTarget,
)
from . import copy_sizes
from .save_targets import SaveTargets
from .validation import (
    LOSSY,
    RequestCheck,
    animation,
    check_inputs,
    check_look,
    check_words,
    choose_format,
    extended,
    words,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """An order and what is done here with what comes back.

    `convert` is the format asked for where the order's is another one (the model cannot, or the
    pixels must stay exact until the end); other extensions of `save_to` are converted when saved.
    `placement` is set where the first picture is to be padded and scaled to the order's size before
    it is sent, and that undone after; `grown` where it is extended before that. `shown` is the size
    of what is shown and copied in the end, None where the model decides it. `warnings` begins with
    the choice's own.
    """

    order: Order
    exact_size: Size | None
    convert: Format | None
    compression: int | None
    warnings: tuple[str, ...]
    placement: Placement | None = None
    grown: Placement | None = None
    shown: Size | None = None
    save_to: tuple[SaveTarget, ...] = ()


def plan(
    request: GenerateRequest | EditRequest,
    choice: Choice,
    targets: SaveTargets,
    *,
    defaults: Defaults,
    partials: int = 0,
    safety_identifier: str | None = None,
    svg_model: str | None = None,
    first: Size | None = None,
    max_pixels: int = 50_000_000,
) -> Plan:
    """The order for a request; `first` is the upright size of an edit's first picture.

    Raises what is wrong; when that is several things, ModelCannot if all are about the model, else
    BadRequest, which lists them as `field: what is wrong. Fix.` The order's `images`, `mask` and
    `markup` are left empty: they are keys, which the caller fills in.
    """
    check = RequestCheck(request, choice, targets)
    check_words(check)
    check_inputs(check)
    format, convert = choose_format(check)
    check_look(check, format)
    frames, frame_ms = animation(check, format)
    grown = extended(check, first, max_pixels)
    first = first if grown is None else grown.canvas
    exact = _exact_size(check, format, first)
    rules = _Rules.of(choice, format, frames)
    check, densest = copy_sizes.drawn_for(check, rules.forbids, first)
    size, placement = _size(check, rules, exact, defaults, first, densest)
    quality = _quality(check, defaults)
    check.raise_problems()
    model, alone = check.model, request.n == 1 and format not in {"gif", "svg"}
    order = Order(
        prompt=request.prompt,
        model=choice.name,
        size=size,
        quality=quality,
        background=request.background,
        format=format,
        compression=request.compression if format in LOSSY else None,
        n=request.n,
        moderation=request.moderation,
        complexity=request.complexity,
        frames=frames,
        frame_ms=frame_ms,
        partials=partials if model.stream and alone else 0,
        input_fidelity=check.edit.input_fidelity if check.edit else None,
        safety_identifier=safety_identifier,
        svg_model=svg_model if format == "svg" else None,
        icon=targets.icon or None,
        chosen=_chosen(request, format),
    )
    warnings = (*choice.warnings, *check.warnings, *targets.notes)
    shown = exact or (first if placement else sizes.parse_size(size))
    files = check.targets.files
    return Plan(
        order, exact, convert, request.compression, warnings, placement, grown, shown, files
    )


def _exact_size(check: RequestCheck, format: Format, first: Size | None) -> Size | None:
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
class _Rules:
    """What is forbidden, what is only advised against, and by which rule we choose ourselves.

    `edits` is the rule for a picture that is sent at its own size if that obeys it.
    """

    forbids: Rule
    chooses: Rule
    edits: Rule
    advises: Rule | None = None

    @classmethod
    def of(cls, choice: Choice, format: Format, frames: int | None) -> _Rules:
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


def _size(
    check: RequestCheck,
    rules: _Rules,
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


def _usual(check: RequestCheck, rules: _Rules, words: str) -> Size | None:
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


def _remark(check: RequestCheck, rules: _Rules, drawn: Size, exact: Size | None) -> None:
    pixels = rules.forbids.experimental if isinstance(rules.forbids, Grid) else None
    if pixels and drawn[0] * drawn[1] > pixels:
        check.warnings.append(f"size: above {pixels:,} pixels is experimental at {check.name}.")
    if exact and (drawn[0] < exact[0] or drawn[1] < exact[1]):
        check.warnings.append(
            f"size: {sizes.text(drawn)} does not cover exact_size, so it will be scaled up."
        )


def _asked(check: RequestCheck, rules: _Rules, words: str) -> str:
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


def _check_size(check: RequestCheck, rules: _Rules, size: Size) -> None:
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


def _cover(check: RequestCheck, rules: _Rules, exact: Size) -> Size:
    drawn = sizes.covering(rules.chooses, *exact)
    if drawn[0] < exact[0] or drawn[1] < exact[1]:
        check.warnings.append(
            f"exact_size: nothing that {check.name} draws covers {sizes.text(exact)};"
            f" {sizes.text(drawn)} is drawn and scaled up."
        )
    return drawn


def _quality(check: RequestCheck, defaults: Defaults) -> Quality:
    asked, has = check.request.quality, check.model.qualities
    if asked is None:
        usual = (defaults.quality, "auto", *has)
        return next(quality for quality in usual if quality in has)
    if asked not in has:
        check.cannot(
            f"quality: {check.name} does not know {asked}.",
            f"Use {words(has, 'or')}.",
            lambda peer: asked in peer.qualities,
        )
    check.gated(f"quality={asked}", asked)
    return asked


def _chosen(request: GenerateRequest | EditRequest, format: Format) -> frozenset[str]:
    """The optional fields of the order that are the caller's own words."""
    names = {"size", "quality", "background", "moderation", "complexity", "frames", "frame_ms"}
    names |= {"input_fidelity"}
    chosen = {name for name in names if getattr(request, name, None) is not None}
    if request.format == format:
        chosen.add("format")
    if request.compression is not None and format in LOSSY:
        chosen.add("compression")
    if request.n != 1:
        chosen.add("n")
    return frozenset(chosen)

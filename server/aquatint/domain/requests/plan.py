"""Turns a request into an order a model can draw, or says everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from ..conversation import Conversation
from ..models import sizes
from ..models.registry import Choice, Defaults
from ..models.sizes import Size
from ..types import (
    EditRequest,
    Format,
    GenerateRequest,
    Order,
    Placement,
    Quality,
    SaveTarget,
)
from . import copy_sizes, ordered_size
from .edit_inputs import check_inputs, extended
from .save_targets import SaveTargets
from .validation import (
    LOSSY,
    RequestCheck,
    animation,
    check_look,
    check_words,
    choose_format,
    words,
)
from .wording import sent_words


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
    conversation: Conversation | None = None,
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
    exact = ordered_size.exact_size(check, format, first)
    rules = ordered_size.Rules.of(choice, format, frames)
    check, densest = copy_sizes.drawn_for(check, rules.forbids, first)
    size, placement = ordered_size.size_of(check, rules, exact, defaults, first, densest)
    quality = _quality(check, defaults)
    check.raise_problems()
    model, alone = check.model, request.n == 1 and format not in {"gif", "svg"}
    order = Order(
        prompt=request.words if model.engine == "draft" else sent_words(request),
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
        seed=request.seed,
        partials=partials if model.stream and alone else 0,
        input_fidelity=check.edit.input_fidelity if check.edit else None,
        safety_identifier=safety_identifier,
        svg_model=svg_model if format == "svg" else None,
        conversation=conversation if model.engine == "openai" else None,
        icon=targets.icon or None,
        chosen=_chosen(request, format),
    )
    warnings = (*choice.warnings, *check.warnings, *targets.notes)
    shown = exact or (first if placement else sizes.parse_size(size))
    files = check.targets.files
    return Plan(
        order, exact, convert, request.compression, warnings, placement, grown, shown, files
    )


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
    names |= {"seed"}
    names |= {"input_fidelity"}
    chosen = {name for name in names if getattr(request, name, None) is not None}
    if request.format == format:
        chosen.add("format")
    if request.compression is not None and format in LOSSY:
        chosen.add("compression")
    if request.n != 1:
        chosen.add("n")
    return frozenset(chosen)

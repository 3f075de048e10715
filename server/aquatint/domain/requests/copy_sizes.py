"""How large a picture must be drawn for the copies in save_to, and how large these may be."""

from __future__ import annotations

import math
from dataclasses import replace

from ..models import sizes
from ..models.sizes import MAX_EXACT, Rule, Size
from ..types import SaveTarget
from .save_targets import pixels_of, scaled_up, size_of
from .validation import RequestCheck, words


def drawn_for(
    check: RequestCheck, rule: Rule, first: Size | None
) -> tuple[RequestCheck, Size | None]:
    """The size to draw so that plain names, beside `@2x`, have the size that was asked for.

    None leaves the size as it is asked for: there are no such names, or the model cannot draw
    that many pixels, which is said. `first` is an edit's first picture's size.
    """
    asked = sizes.parse_size((check.request.size or "").strip().lower())
    files = check.targets.files
    plain = [one for one in files if _in_shares(one) and one.density < one.densest]
    if asked is None or check.request.exact_size or not plain:
        return check, None
    name, densest = plain[0].name, max(one.densest for one in plain)
    size = round(asked[0] * densest), round(asked[1] * densest)
    why = sizes.legal(rule, *size)
    if not check.keep and not why:
        check.warnings.append(
            f"save_to: drawn at {sizes.text(size)}, so that {name} has {sizes.text(asked)}."
        )
        shared = [
            one.model_copy(update={"densest": densest}) if _in_shares(one) else one for one in files
        ]
        return replace(check, targets=replace(check.targets, files=tuple(shared))), size
    has = pixels_of(plain[0], first if check.keep and first else asked, exact=False) or asked
    keeps = "a masked edit keeps the first picture's size"
    reason = keeps if check.keep else f"{check.name} does not draw {sizes.text(size)}"
    fix = "." if check.keep else f"; exact_size={sizes.text(asked)} instead of size scales up."
    check.warnings.append(f"save_to: {name} will be {sizes.text(has)}: {reason}{fix}")
    return check, None


def _in_shares(one: SaveTarget) -> bool:
    """Whether its size is a share of the picture's."""
    return not one.mark and one.extension not in {"ico", "svg"}


def check_edges(check: RequestCheck, whole: Size | None, *, exact: bool) -> None:
    """Notes every copy that is longer than may be made; the picture's own size always may.

    `whole` is what is copied; None where the model decides it.
    """
    most = max((MAX_EXACT, *(whole or ())))
    for one in check.targets.files:
        size = pixels_of(one, whole, exact=exact)
        longest = max(size or (*one.mark, 0)) * (1 if size else one.density)
        if longest > most:
            pixels = sizes.text(size) if size else f"{longest:g} pixels long"
            check.wrong(
                f"save_to: {one.name} would be {pixels}.",
                f"The longest edge may be {most}; export_image can make a larger copy afterwards.",
            )


def enough(check: RequestCheck, chooses: Rule, drawn: Size, whole: Size, *, exact: bool) -> Size:
    """`drawn`, or the size to draw instead so that no copy in save_to must be scaled up.

    `whole` is what is shown and copied: exact_size, the first picture's size, or the drawn one. A
    size that was asked for in pixels is not changed, nor a masked edit's.
    """
    check_edges(check, whole, exact=exact)
    copies = [(one, size_of(one, whole, exact=exact)) for one in check.targets.files]
    has = drawn if exact else whole
    lacking = [(one.name, size) for one, size in copies if size[0] > has[0] or size[1] > has[1]]
    if not lacking or check.problems:
        return drawn
    asked = sizes.parse_size((check.request.size or "").strip().lower())
    if not asked and not check.keep:
        wide, high = _hull(whole, [size for _, size in lacking])
        larger = sizes.covering(chooses, wide, high)
        if larger[0] >= wide and larger[1] >= high:
            names = words([name for name, _ in lacking], "and")
            check.warnings.append(f"save_to: drawn at {sizes.text(larger)} for {names}.")
            return larger
        if larger[0] * larger[1] > drawn[0] * drawn[1]:
            drawn = has = larger
    check.warnings.extend(
        scaled_up(name) for name, size in lacking if size[0] > has[0] or size[1] > has[1]
    )
    return drawn


def _hull(whole: Size, copies: list[Size]) -> Size:
    """The smallest size of the shape of `whole` that is as wide and as high as each of these."""
    scale = max(max(w / whole[0], h / whole[1]) for w, h in copies)
    return math.ceil(whole[0] * scale - 1e-6), math.ceil(whole[1] * scale - 1e-6)

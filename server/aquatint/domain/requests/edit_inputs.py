"""What is wrong with the pictures of an edit, and with what is to be done with them."""

from __future__ import annotations

from ..errors import BadRequest
from ..models.sizes import Size
from ..types import EditRequest, Placement
from .extend import sides
from .validation import RequestCheck, words


def check_inputs(check: RequestCheck) -> None:
    model, edit = check.model, check.edit
    task = "edit" if edit else "generate"
    if task not in model.endpoints:
        check.cannot(
            f"model: {check.name} cannot {task} pictures.",
            "Leave model out.",
            lambda peer: task in peer.endpoints,
        )
    if edit is None:
        return
    if not 1 <= len(edit.images) <= model.images:
        check.wrong(
            f"images: {len(edit.images)} given; it takes 1 to {model.images}.",
            "Give the picture to change first, then the references.",
        )
    _check_extend(check, edit)
    _check_refine(check, edit)
    if not edit.mask and not edit.extend and (edit.outside == "keep" or edit.mask_fit == "scale"):
        name = "outside=keep" if edit.outside == "keep" else "mask_fit=scale"
        check.wrong(f"{name}: it needs a mask.", "Pass a mask from make_mask, or leave it out.")
    if edit.seam not in (None, "auto") and not (check.keep and 0 <= edit.seam <= 64):
        check.wrong(
            f"seam: {edit.seam:g} is out of range." if check.keep else "seam: it needs a mask.",
            "Pass 0 to 64 pixels with a mask, or leave it out.",
        )
    if edit.mask and edit.markup:
        check.wrong("markup: it does not go with a mask.", "Give one of the two.")
    elif edit.mask and not model.mask:
        check.cannot(
            f"mask: {check.name} does not take one.", "Leave mask out.", lambda peer: peer.mask
        )
    elif edit.markup and not model.markup:
        check.cannot(
            f"markup: {check.name} does not take it.",
            "Use mask, or leave markup out.",
            lambda peer: peer.markup,
        )
    fidelity = edit.input_fidelity
    if fidelity and fidelity not in model.fidelity:
        has = (
            f"has only {words(model.fidelity, 'and')}"
            if model.fidelity
            else "does not have that choice"
        )
        check.cannot(f"input_fidelity: {check.name} {has}.", "Leave input_fidelity out.")


def _check_refine(check: RequestCheck, edit: EditRequest) -> None:
    """A conversation draws one picture a turn, from words, pictures and a mask."""
    if not edit.refine:
        return
    if check.model.engine == "draft":
        check.warnings.append("refine: a draft remembers nothing; it is drawn as any other edit.")
        return
    if check.model.engine != "openai":
        check.cannot(f"refine: {check.name} remembers nothing.", "Leave refine out.")
    if edit.n != 1:
        check.wrong("n: a conversation draws one picture a turn.", "Use n=1, or leave refine out.")
    if edit.markup:
        check.wrong(
            "markup: it does not go with refine.", "Say it in words or use a mask, or leave it out."
        )


def _check_extend(check: RequestCheck, edit: EditRequest) -> None:
    """An extended edit sends a mask of its own, and keeps all of the picture."""
    if not edit.extend:
        return
    for name in ("mask", "markup"):
        if getattr(edit, name):
            check.wrong(
                f"{name}: it does not go with extend, which changes nothing of the picture.",
                f"Extend it first; then edit the result with {name}.",
            )
    if edit.outside == "model":
        check.wrong(
            "outside=model: it does not go with extend, which keeps the picture.",
            "Leave outside out; the reply also names the model's own picture.",
        )
    if not check.model.mask and not edit.mask:
        check.cannot(
            f"extend: {check.name} takes no mask, which that needs.",
            "Leave extend out.",
            lambda peer: peer.mask,
        )


def extended(check: RequestCheck, first: Size | None, max_pixels: int) -> Placement | None:
    """Where the first picture stands on the canvas that it is extended to."""
    if check.edit is None or check.edit.extend is None or first is None:
        return None
    try:
        left, top, right, bottom = sides(check.edit.extend, first, max_pixels)
    except BadRequest as problem:
        check.problems.append(problem)
        return None
    (width, height), canvas = first, (left + first[0] + right, top + first[1] + bottom)
    return Placement(left=left, top=top, width=width, height=height, canvas=canvas)

"""Writes an order down as the Images API's parameters, and knows which of them may be left out."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image, ImageChops

from ...domain.engine import Inputs
from ...domain.errors import BadMask
from ...domain.types import Order

MaskForm = Literal["both", "alpha", "white"]
Upload = tuple[str, bytes, str]

# The API's optional parameters, by the order's field that sets them.
_FIELDS = {
    "size": "size",
    "quality": "quality",
    "n": "n",
    "output_format": "format",
    "background": "background",
    "output_compression": "compression",
    "moderation": "moderation",
    "complexity": "complexity",
    "seed": "seed",
    "frame_count": "frames",
    "frame_duration_ms": "frame_ms",
    "input_fidelity": "input_fidelity",
    "safety_identifier": "safety_identifier",
    "svg": "svg_model",
    "stream": "partials",
    "partial_images": "partials",
}
STREAMING = frozenset({"stream", "partial_images"})  # one goes with the other
_NAMED = re.compile(rf"(?<![\w.])({'|'.join(_FIELDS)})(?![\w])")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the method of the SDK's `images`, and its arguments."""

    method: Literal["generate", "edit"]
    arguments: dict[str, Any]
    # What the SDK has no name for.
    extra: dict[str, str | int] = field(default_factory=dict[str, str | int])

    def without(self, names: frozenset[str]) -> Call:
        kept = {name: value for name, value in self.arguments.items() if name not in names}
        extra = {name: value for name, value in self.extra.items() if name not in names}
        return Call(self.method, kept, extra)

    def sends(self, name: str) -> bool:
        return name in self.arguments or name in self.extra


def call_for(order: Order, inputs: Inputs, form: MaskForm) -> Call:
    """Generations without pictures, edits with; only what is set is sent."""
    arguments = _shared(order)
    extra: dict[str, str | int] = {} if order.seed is None else {"seed": order.seed}
    if not inputs.images:
        return Call("generate", only_set(arguments, moderation=order.moderation), extra)
    images = [_upload(f"image-{at}", data) for at, data in enumerate(inputs.images, 1)]
    # A single picture goes as bare `image`: several services cannot read a list of one.
    arguments["image"] = images[0] if len(images) == 1 else images
    if inputs.mask is not None:
        arguments["mask"] = ("mask.png", in_form(inputs.mask, form), "image/png")
    if inputs.markup is not None:
        arguments["markup"] = ("markup.png", inputs.markup, "image/png")
    # The SDK's edit() has no argument for moderation.
    extra |= {"moderation": order.moderation} if order.moderation else {}
    return Call("edit", only_set(arguments, input_fidelity=order.input_fidelity), extra)


def chosen_by(order: Order) -> frozenset[str]:
    """The parameters the caller set: these are never left out."""
    names = {name for name, field in _FIELDS.items() if field in order.chosen}
    return frozenset(names | {"n"} if order.n > 1 else names)


def droppable(param: str, message: str, call: Call, order: Order) -> frozenset[str]:
    """The parameters to leave out after a refusal that names one: sent, optional, not chosen."""
    names = [re.split(r"[.\[]", param, maxsplit=1)[0]] if param else _NAMED.findall(message)
    for name in names:
        if name in _FIELDS and call.sends(name) and name not in chosen_by(order):
            return STREAMING if name in STREAMING else frozenset({name})
    return frozenset()


def in_form(mask: bytes, form: MaskForm) -> bytes:
    """The mask (edit = white with alpha 0) in the one way an exceptional service understands.

    `alpha` says it by alpha alone, over black; `white` by white on black, without alpha.
    """
    if form == "both":
        return mask
    try:
        with Image.open(io.BytesIO(mask), formats=["PNG"]) as opened:
            rgba = opened.convert("RGBA")
    except OSError as exc:
        raise BadMask("The mask is not a PNG.", "Call make_mask again.") from exc
    if form == "white":
        only = ImageChops.invert(rgba.getchannel("A"))
    else:
        only = Image.new("RGBA", rgba.size)
        only.putalpha(rgba.getchannel("A"))
    out = io.BytesIO()
    only.save(out, "PNG")
    return out.getvalue()


def _shared(order: Order) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "model": order.model,
        "prompt": order.prompt,
        "size": order.size,
        "quality": order.quality,
        "n": order.n,
        "output_format": order.format,
    }
    if order.svg_model is not None and order.format == "svg":
        arguments["svg"] = {"model": order.svg_model}
    if order.partials > 0 and order.n == 1 and order.format not in ("gif", "svg"):
        arguments |= {"stream": True, "partial_images": order.partials}
    return only_set(
        arguments,
        background=order.background,
        output_compression=order.compression,
        complexity=order.complexity,
        frame_count=order.frames,
        frame_duration_ms=order.frame_ms,
        safety_identifier=order.safety_identifier,
    )


def only_set(arguments: dict[str, Any], **optional: object) -> dict[str, Any]:
    return arguments | {name: value for name, value in optional.items() if value is not None}


def data_url(data: bytes) -> str:
    """A prepared input as the wires have it that take no files."""
    _, mime = _kind(data)
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _upload(name: str, data: bytes) -> Upload:
    """Named and typed: the SDK sends bare bytes as octet-stream, which the API refuses."""
    extension, mime = _kind(data)
    return (f"{name}.{extension}", data, mime)


def _kind(data: bytes) -> tuple[str, str]:
    """Extension and type of a prepared input."""
    if data.startswith(b"\xff\xd8"):
        return "jpg", "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp", "image/webp"
    return "png", "image/png"

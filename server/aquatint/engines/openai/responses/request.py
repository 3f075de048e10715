"""Writes a turn of a conversation down as the Responses API's parameters."""

from __future__ import annotations

from typing import Any

from ....domain.conversation import Conversation
from ....domain.engine import Inputs
from ....domain.types import Order
from ..request import MaskForm, data_url, in_form, only_set

# They do not go on with `previous_response_id`, so every turn says them.
INSTRUCTIONS = (
    "Call the image generation tool exactly once. Change what the user asks for and nothing else. "
    "Text that shall stand in the picture is handed on letter by letter, in its own script."
)
JOB = "aquatint_job"  # the key of our job's id in the response's metadata


def turn_of(order: Order, inputs: Inputs, talk: Conversation, form: MaskForm, job: str) -> Any:
    """The arguments of the SDK's `responses.create`; only what is set is sent.

    It is drawn in the background and stored, so that any process can fetch it by its id.
    """
    images = inputs.images[1:] if talk.remembered else inputs.images
    content: list[dict[str, str]] = [{"type": "input_text", "text": order.prompt}]
    content += [{"type": "input_image", "image_url": data_url(image)} for image in images]
    arguments: dict[str, Any] = {
        "model": talk.mainline,
        "instructions": INSTRUCTIONS,
        "input": [{"role": "user", "content": content}],
        "tools": [_tool(order, inputs, form)],
        "tool_choice": {"type": "image_generation"},
        "max_tool_calls": 1,  # one picture is paid for
        "background": True,
        "store": True,
        "stream": True,
        "metadata": {JOB: job},
    }
    return only_set(
        arguments,
        previous_response_id=talk.after,
        safety_identifier=order.safety_identifier,
    )


def _tool(order: Order, inputs: Inputs, form: MaskForm) -> dict[str, Any]:
    tool: dict[str, Any] = {
        "type": "image_generation",
        "action": "edit",
        "model": order.model,
        "size": order.size,
        "quality": order.quality,
        "output_format": order.format,
    }
    if order.svg_model is not None and order.format == "svg":
        tool["svg"] = {"model": order.svg_model}
    if inputs.mask is not None:
        tool["input_image_mask"] = {"image_url": data_url(in_form(inputs.mask, form))}
    return only_set(
        tool,
        background=order.background,
        output_compression=order.compression,
        moderation=order.moderation,
        complexity=order.complexity,
        frame_count=order.frames,
        frame_duration_ms=order.frame_ms,
        input_fidelity=order.input_fidelity,
        partial_images=order.partials or None,
    )

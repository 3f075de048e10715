"""What a provider counted."""

from __future__ import annotations

from .frozen import Frozen


class Usage(Frozen):
    """Tokens as the provider counted them: `usage` of the Images API; of a conversation,
    `tool_usage.image_gen`, and `mainline` for its own `usage`."""

    text_in: int = 0
    image_in: int = 0
    image_out: int = 0
    text_out: int = 0
    svg_model: str | None = None
    svg_in: int = 0
    svg_out: int = 0
    mainline: str | None = None
    mainline_in: int = 0
    mainline_out: int = 0

"""OpenAI's Responses API: conversations whose turns each draw one picture."""

from .engine import ResponsesEngine

__all__ = ["ResponsesEngine"]

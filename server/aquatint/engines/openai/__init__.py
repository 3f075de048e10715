"""Every service that speaks OpenAI's Images API."""

from .engine import OpenAIEngine

__all__ = ["OpenAIEngine"]

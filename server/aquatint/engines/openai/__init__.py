"""Every service that speaks OpenAI's Images API, and OpenAI's conversations about pictures."""

from .connection import Connection
from .engine import OpenAIEngine
from .responses import ResponsesEngine

__all__ = ["Connection", "OpenAIEngine", "ResponsesEngine"]

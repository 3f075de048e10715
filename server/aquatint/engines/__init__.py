"""What draws: one folder an engine, each behind the Engine port."""

__all__ = ["comfy", "draft", "openai"]

"""The prompts that people pick in their host."""

__all__ = ["guides", "messages"]

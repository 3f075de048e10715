"""MCP: words for agents in, content blocks out."""

__all__ = ["instructions", "server"]

"""MCP: words for agents in, content blocks out."""

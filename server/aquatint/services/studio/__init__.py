"""What the page may ask for: typed operations, the same over MCP Apps and on loopback."""

__all__ = ["link", "operations"]

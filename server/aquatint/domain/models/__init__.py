"""Models as data: the table, what it says of sizes and prices, and which model serves a name."""

__all__ = ["registry", "sizes"]

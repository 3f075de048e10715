"""Which part of an image may change: rendered, combined, shown and written as PNG."""

__all__ = ["coverage", "flood_fill", "levels", "looks", "render"]

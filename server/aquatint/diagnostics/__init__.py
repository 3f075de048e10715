"""Is everything well, and what to do where it is not."""

__all__ = ["checks"]

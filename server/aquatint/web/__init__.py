"""The same server over HTTP."""

__all__ = ["app", "door", "studio"]

"""Free drafts, drawn on this machine."""

from .engine import DraftEngine

__all__ = ["DraftEngine"]

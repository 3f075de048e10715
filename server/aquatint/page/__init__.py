"""The studio's page: one self-contained HTML, built from server/studio (`make page`)."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["html"]


def html() -> str:
    """The page as it is committed."""
    return (files(__name__) / "page.html").read_text("utf-8")

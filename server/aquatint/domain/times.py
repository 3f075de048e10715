"""Instants as people read them: epoch seconds in, words in UTC out."""

from __future__ import annotations

from datetime import UTC, datetime


def to_the_second(seconds: float) -> str:
    """Like 2026-11-21T14:03:09Z, which programs read too."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_the_minute(seconds: float) -> str:
    """Like 2026-11-21 14:03 UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")

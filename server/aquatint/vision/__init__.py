"""Finds things in pictures on this machine, where the extras `vision` and `ocr` are installed."""

__all__ = ["eyes"]

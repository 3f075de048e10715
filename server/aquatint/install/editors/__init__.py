"""Configuration files changed in place, byte for byte outside our entry."""

__all__ = ["edit"]

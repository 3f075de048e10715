"""The only way to addresses that are not the provider's."""

from .fetch import HttpsFetch

__all__ = ["HttpsFetch"]

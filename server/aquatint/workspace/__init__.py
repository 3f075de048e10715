"""The only way to files that are not ours."""

from .access import LocalWorkspace

__all__ = ["LocalWorkspace"]

"""The catalog of jobs and images, in one SQLite file."""

from .catalog import SqliteCatalog

__all__ = ["SqliteCatalog"]

"""Images as durable files in a folder."""

from .blobs import FolderBlobs

__all__ = ["FolderBlobs"]

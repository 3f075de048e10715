"""Where images and the catalog are kept."""

__all__ = ["files", "leases", "sqlite"]

"""What callers may ask for: checked, planned, and everything that is wrong with it at once."""

__all__ = ["existing", "extend", "plan", "regions", "save_targets"]

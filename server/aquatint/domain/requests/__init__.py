"""What callers may ask for: checked, planned, and everything that is wrong with it at once."""

__all__ = ["existing", "extend", "mask_fit", "plan", "regions", "save_targets", "spellings"]

"""What an edit sends, and the exact composite it makes of the answer."""

__all__ = ["inputs", "mask_preview", "results"]

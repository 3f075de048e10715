"""Free drafts, drawn on this machine."""

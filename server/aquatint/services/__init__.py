"""The use cases: making, changing, looking, spending, deleting."""

__all__ = [
    "annotations",
    "closeups",
    "deletion",
    "editing",
    "exports",
    "images",
    "library",
    "naming",
    "outcomes",
    "pricing",
    "reading",
    "references",
    "replied",
    "spending",
    "stand_in",
    "studio",
    "waiting",
]

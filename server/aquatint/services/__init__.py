"""The use cases: making, changing, looking, spending, deleting."""

__all__ = [
    "deletion",
    "editing",
    "images",
    "library",
    "outcomes",
    "pricing",
    "references",
    "spending",
    "waiting",
]

"""From bytes to bytes: everything that looks at or changes pixels. No files, no network."""

__all__ = [
    "closeup",
    "compare",
    "contact_sheet",
    "cutouts",
    "decode",
    "editing",
    "encode",
    "looks",
    "masks",
    "previews",
    "provenance",
    "reading",
    "sniff",
    "svg",
]

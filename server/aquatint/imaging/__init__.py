"""From bytes to bytes: everything that looks at or changes pixels. No files, no network."""

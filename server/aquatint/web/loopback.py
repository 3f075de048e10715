"""What listens on this machine: its address, and the files that only their owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

HOST = "127.0.0.1"


def drafted(path: Path, text: str) -> Path:
    """A 0600 file beside `path`, written whole, to be given that name; gone when it failed."""
    draft = path.with_name(f"{path.name}-{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
    except OSError:
        draft.unlink()
        raise
    return draft

"""Names that nobody can guess: 16 letters of base32 are 80 random bits."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

ID = re.compile(r"[a-z2-7]{16}")
JOB = re.compile(r"job-[a-z2-7]{16}")


def new_id(random: Callable[[int], bytes]) -> str:
    """An id made of ten bytes of `random` (os.urandom)."""
    return base64.b32encode(random(10)).decode().lower()

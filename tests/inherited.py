"""What a process that a test starts has of this one's environment."""

from __future__ import annotations

import os


def inherited(*names: str) -> dict[str, str]:
    """These variables, and those by which coverage measures the new process too."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in names or name.startswith("COVERAGE_")
    }

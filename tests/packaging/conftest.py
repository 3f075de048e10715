"""What `make bundle` and the targets before it build, once for all tests that start it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from outsider import ROOT


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder dist/, built anew with everything that goes into a release but the image."""
    command = ["make", "--silent", "bundle", "sbom"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return ROOT / "dist"

"""What strangers need is installed once, from locks, when it is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from clients.strangers import ROOT, Strangers


@pytest.fixture(scope="session")
def installed() -> None:
    make = ["make", "--silent", "-j2", "-C", str(ROOT), "strangers"]
    done = subprocess.run(make, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def strangers(tmp_path: Path, installed: None) -> Strangers:
    return Strangers(tmp_path)

"""`aquatint studio` as a process, and a visitor who uses its link."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from inherited import inherited


def environ_of(home: Path) -> dict[str, str]:
    return {**inherited(), "AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}


@contextmanager
def studio(home: Path, *flags: str) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """The studio of a home; its link and its process."""
    command = [sys.executable, "-m", "aquatint", "studio", "--no-browser", *flags]
    with subprocess.Popen(
        command, env=environ_of(home), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[4], process
        finally:
            process.terminate()


def place_of(link: str) -> str:
    return f"http://{urlsplit(link).netloc}"


@contextmanager
def visitor(link: str) -> Generator[httpx2.Client]:
    """A browser's state after it opened the link."""
    with httpx2.Client(base_url=place_of(link), trust_env=False, timeout=30) as client:
        assert client.get(link).status_code == 200
        yield client

"""The promise of supply: nothing older than its known holes, and every promise has its test."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = dict(
    re.findall(
        r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements/run.txt").read_text("utf-8"), re.MULTILINE
    )
)
# The oldest that may be installed, and why. Advisories: each project's own security page.
FLOORS = {
    "mcp": "2.3",  # its stdio transport diverts fd 1; DNS rebinding checks on by default
    "pillow": "12.3",  # decoder fixes of 2026
    "httpx2": "2.12",  # the first that openai and mcp share
    "httpcore2": "2.12",  # dials what fetch judged
    "openai": "3.52",
    "pydantic": "2.11",
    "starlette": "0.49.1",  # Range headers cost no more than they say (CVE-2025-62727)
    "uvicorn": "0.35",
    "h11": "0.16",  # chunked bodies are parsed strictly (CVE-2025-43859)
    "py-svg-hush": "0.3",
    "cryptography": "44.0.1",  # OpenSSL of CVE-2024-12797
}


def test_no_dependency_is_below_its_floor() -> None:
    found = [(name, one) for name in FLOORS for one in (LOCK[name], version(name))]
    assert not [(name, one) for name, one in found if Version(one) < Version(FLOORS[name])]


def test_pip_could_not_choose_one_below_its_floor_either() -> None:
    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        floor = FLOORS.get(requirement.name)
        lowest = max(Version(one.version) for one in requirement.specifier if one.operator == ">=")
        assert floor is None or lowest >= Version(floor), line


def test_every_lock_pins_with_hashes() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text("utf-8")
        pins = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
        blocks = re.findall(
            r"^[\w.-]+==[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE
        )
        assert len(pins) == len(blocks) > 0, lock.name


def test_every_promise_of_security_md_names_a_test_that_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) >= 30
    assert not {name for name in named if f"def {name}(" not in sources}

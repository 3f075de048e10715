"""The official conformance suite: what it may ask of a server that is a product, not its fixture.

Its other scenarios call tools, prompts and resources named `test_...`, which only a fixture has.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from clients.strangers import Strangers

pytestmark = pytest.mark.full
# Scenario: checks that pass. None may fail.
LEGACY = {
    "server-initialize": 3,
    "server-session-lifecycle": 3,
    "ping": 2,
    "completion-complete": 2,
    "tools-list": 3,
    "resources-list": 2,
    "prompts-list": 2,
    "server-sse-multiple-streams": 2,
    "dns-rebinding-protection": 2,
}
MODERN = {
    "completion-complete": 2,
    "tools-list": 4,
    "resources-list": 2,
    "prompts-list": 2,
    "server-sse-multiple-streams": 1,
    "dns-rebinding-protection": 2,
    "sep-2164-resource-not-found": 4,
    "caching": 8,
    "http-header-validation": 14,
    "input-required-result-unsupported-methods": 2,
    "input-required-result-ignore-extra-params": 2,
    "server-stateless": 26,
}
# Two checks of server-stateless call a tool `test_missing_capability` and need it to be there.
NEED_A_FIXTURE = {"ServerRejectsUndeclaredCapability", "MissingCapabilityHttp400"}


@pytest.fixture
def address(strangers: Strangers) -> Generator[str]:
    script = Path(__file__).parent / "unlocked.py"
    with subprocess.Popen(
        [sys.executable, script, str(strangers.home)],
        env=strangers.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            first = process.stdout.readline().strip()
            assert first.startswith("http://"), "the server did not start"
            yield first
        finally:
            process.terminate()


@pytest.mark.parametrize(("revision", "expected"), [("2025-11-25", LEGACY), ("2026-07-28", MODERN)])
def test_every_scenario_without_a_fixture_passes(
    strangers: Strangers, address: str, revision: str, expected: dict[str, int]
) -> None:
    # One picture first: with none, reading resources would be skipped.
    drawn = strangers.run("aquatint", "draw", "A fox", "--size", "64x64")
    assert drawn.returncode == 0, drawn.stderr
    out = strangers.place / "conformance"
    done = strangers.npm_tool(
        "conformance", "server", "--url", address, "--requirements", revision, "-o", out
    )
    checks: dict[str, list[dict[str, Any]]] = {}
    for scenario in expected:
        (file,) = out.glob(f"server-{scenario}-20*/checks.json")
        checks[scenario] = json.loads(file.read_text("utf-8"))
    wrong = [
        (scenario, check["name"], check.get("errorMessage"))
        for scenario, found in checks.items()
        for check in found
        if check["status"] == "FAILURE" and check["name"] not in NEED_A_FIXTURE
    ]
    assert not wrong, done.stdout
    passed = {
        scenario: sum(check["status"] == "SUCCESS" for check in found)
        for scenario, found in checks.items()
    }
    assert passed == expected

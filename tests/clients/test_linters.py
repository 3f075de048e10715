"""What linters for MCP servers say, all of it offline: nothing is uploaded anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clients.strangers import Strangers

pytestmark = pytest.mark.full


def test_the_gauntlet_finds_nothing_above_low(strangers: Strangers) -> None:
    """Poisoned or hidden words, schema rot, definitions that drift, malformed arguments."""
    settings = ("--env", f"AQUATINT_HOME={strangers.home}", "--env", "AQUATINT_MIN_FREE=0")
    done = strangers.python(
        *("clients", "mcp-gauntlet", "run", "aquatint", *settings),
        *("--no-agentic", "--no-track-drift", "--fail-on", "medium", "-o", strangers.place),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads((strangers.place / "report.json").read_text("utf-8"))
    scores = {one["key"]: one["score"] for one in report["dimensions"]}
    assert scores["security"] == scores["robustness"] == scores["description_quality"] == 100
    # Arguments whose names say all there is to say, in a listing that every conversation pays for.
    low = {
        finding["message"]
        for one in report["dimensions"]
        for finding in one["findings"]
        if finding["severity"] != "info"
    }
    assert all(message.endswith("has no description") for message in low), low


def test_every_schema_passes_the_providers_strict_modes(strangers: Strangers) -> None:
    done = strangers.python(
        *("clients", "mcp-strict-check", "--cmd", "aquatint", "--json"),
        *("--env", f"AQUATINT_HOME={strangers.home}", "--fail-on", "silent"),
    )
    found = json.loads(done.stdout)["findings"]
    # Anthropic's strict tool use counts the optional arguments of all tools: 24 at most. Of those
    # the API has 17; who wants strict mode gives a model fewer tools.
    assert [one["code"] for one in found] == ["CL2-too-many-optional-params"], done.stdout

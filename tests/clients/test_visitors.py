"""Client libraries, each with what a model gets of a reply, its quirks included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clients.strangers import NODE, Strangers

pytestmark = pytest.mark.full
SCRIPT = Path(__file__).parent / "visitors.py"
WHOLE = ["text", "image"]
VISITORS = {  # by their environment; what their models get
    "clients": {
        "agent_framework": ["text", "data"],  # its word for a picture
        "llama_index": ["text"],
        "pydantic_ai": ["str", "BinaryImage"],
    },
    "clients-older": {
        "autogen": WHOLE,
        "beeai": ["status", "images", "job", "model"],  # and more of the structure, but no picture
        "haystack": WHOLE,
        "mcp_agent": WHOLE,
        "mcp_use": WHOLE,
        "semantic_kernel": WHOLE,
        "smolagents": ["text"],
        "strands": WHOLE,
    },
}


@pytest.mark.parametrize(
    ("environment", "client", "expected"),
    [
        pytest.param(environment, client, expected, id=client)
        for environment, clients in VISITORS.items()
        for client, expected in clients.items()
    ],
)
def test_a_reply_is_read(
    strangers: Strangers, environment: str, client: str, expected: list[str]
) -> None:
    done = strangers.python(environment, "python", SCRIPT, client)
    assert done.returncode == 0, done.stdout + done.stderr
    name, version, read = json.loads(done.stdout.splitlines()[-1])
    read = read[: len(expected)] if client == "beeai" else read
    assert read == expected, (name, version)


@pytest.mark.parametrize(
    ("client", "expected"), [("langchain", ["text", "image_url"]), ("openai_agents", WHOLE)]
)
def test_a_reply_is_read_in_javascript(
    strangers: Strangers, client: str, expected: list[str]
) -> None:
    script = Path(__file__).with_name("visitors.mjs")
    done = strangers.run(NODE / "node", script, client, strangers.home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == expected

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
        "agno": WHOLE,
        "dspy": ["text"],
        "google_adk": WHOLE,  # as JSON
        "llama_index": ["text"],
        "pydantic_ai": ["str", "BinaryImage"],
    },
    "clients-frameworks": {"camel": WHOLE, "crewai": ["text"]},
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
    ("client", "expected"),
    [("langchain", ["text", "image_url"]), ("mastra", WHOLE), ("openai_agents", WHOLE)],
)
def test_a_reply_is_read_in_javascript(
    strangers: Strangers, client: str, expected: list[str]
) -> None:
    script = Path(__file__).with_name("visitors.mjs")
    done = strangers.run(NODE / "node", script, client, strangers.home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == expected


def test_a_command_line_that_never_tells_its_roots_gets_an_answer_all_the_same(
    strangers: Strangers,
) -> None:
    names = ("AQUATINT_HOME", "AQUATINT_MIN_FREE", "PATH")
    env = {name: strangers.environ[name] for name in names}
    config, path = strangers.place / "servers.json", strangers.home / "fox.png"
    config.write_text(json.dumps({"mcpServers": {"aquatint": {"command": "aquatint", "env": env}}}))
    asked = json.dumps({"prompt": "A fox", "size": "64x64", "save_to": str(path)})
    words = ["--server", "aquatint", "--config-file", str(config), "--tool", "generate_image"]
    done = strangers.python(
        "clients-older", "mcp-cli", "cmd", *words, "--tool-args", asked, "--raw"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.stat().st_size > 0

"""What the MCP Inspector's command line says about this server, in both protocol revisions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.strangers import Strangers

pytestmark = pytest.mark.full
Inspect = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=["legacy", "modern"])
def inspect(request: pytest.FixtureRequest, strangers: Strangers) -> Inspect:
    """The Inspector asks one thing of a server of its own."""

    def ask(
        method: str, *more: str, server: tuple[str, ...] = ("aquatint",)
    ) -> subprocess.CompletedProcess[str]:
        settings = ["--protocol-era", request.param, "-e", f"AQUATINT_HOME={strangers.home}"]
        words = ["--cli", *server, "--method", method, *more, *settings]
        return strangers.npm_tool("mcp-inspector", *words)

    return ask


def well(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The answer to a question that must bring no complaint of any kind."""
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return json.loads(done.stdout)


def test_strict_mode_finds_nothing_in_the_schemas(inspect: Inspect) -> None:
    tools = well(inspect("tools/list", "--strict"))["tools"]
    assert [tool["name"] for tool in tools][:3] == ["generate_image", "edit_image", "make_mask"]


def test_strict_mode_would_complain_about_a_loose_schema(inspect: Inspect) -> None:
    unsaved = (sys.executable, str(Path(__file__).parent / "loose.py"))
    done = inspect("tools/list", "--strict", server=unsaved)
    assert done.returncode == 6
    assert "Bare `true`" in done.stderr


def test_it_calls_tools_and_reads_what_they_made(inspect: Inspect) -> None:
    asked = ("--tool-name", "generate_image", "--tool-arg", "prompt=A fox", "size=64x64")
    made = well(inspect("tools/call", *asked))
    assert [block["type"] for block in made["content"]][:2] == ["text", "image"]
    image = made["structuredContent"]["images"][0]
    listed = well(inspect("resources/list"))["resources"]
    assert image["uri"] in [one["uri"] for one in listed]
    read = well(inspect("resources/read", "--uri", image["uri"]))["contents"]
    assert read[0]["mimeType"] == "image/png"
    templates = well(inspect("resources/templates/list"))["resourceTemplates"]
    assert "image://{id}" in [one["uriTemplate"] for one in templates]


def test_it_shows_a_refusal_as_the_tools_own_words(inspect: Inspect) -> None:
    done = inspect("tools/call", "--tool-name", "generate_image", "--tool-arg", "promt=x")
    assert done.returncode == 5  # the Inspector's code for isError
    assert "Did you mean 'prompt'?" in done.stdout


def test_it_lists_prompts(inspect: Inspect) -> None:
    prompts = well(inspect("prompts/list"))["prompts"]
    assert "fix_part_of_picture" in [prompt["name"] for prompt in prompts]

"""Every call that any text tells an agent to make is one that the tools take."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.types import Tool

from agent import FILL, Name, ToolCall, calls
from aquatint.mcp_server.instructions import INSTRUCTIONS
from aquatint.mcp_server.prompts.guides import GUIDES
from aquatint.mcp_server.prompts.messages import CONDITION
from conftest import Connect, MakeApp

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]


def strings(path: Path) -> Iterator[str]:
    """The texts in a module; what is filled in while it runs is left open."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    within = {id(part) for whole in joined for part in whole.values}
    for whole in joined:
        yield "".join(
            str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else "X"
            for part in whole.values
        )
    for node in nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in within
        ):
            yield node.value


def texts() -> Iterator[tuple[str, str]]:
    yield "instructions", INSTRUCTIONS
    for page in PAGES:
        yield page.relative_to(ROOT).as_posix(), page.read_text("utf-8")
    for path in ROOT.glob("server/**/*.py"):
        yield from ((path.name, text) for text in strings(path))
    for path in (ROOT / "tests/e2e/prompts").glob("*.txt"):
        yield path.name, path.read_text("utf-8")


def known(value: Any) -> bool:
    """Whether a value stands there, rather than a place for one."""
    if isinstance(value, list):
        return all(map(known, cast("list[Any]", value)))
    return not isinstance(value, Name) and value != FILL


def faults(tools: dict[str, Tool], call: ToolCall) -> list[str]:
    """What the tools' schemas say against a call, as far as its values are given."""
    schema: dict[str, Any] = tools[call.tool].input_schema
    lost = [name for name in call.arguments if name not in schema["properties"]]
    said = {name: value for name, value in call.arguments.items() if known(value)}
    found = Draft202012Validator({**schema, "required": []}).iter_errors(said)  # pyright: ignore
    return lost + [str(fault.message) for fault in found]


@pytest.fixture
async def tools(make_app: MakeApp) -> dict[str, Tool]:
    async with Client(make_app().server) as client:
        return {tool.name: tool for tool in (await client.list_tools()).tools}


async def test_every_call_that_is_named_is_one_the_tools_take(tools: dict[str, Tool]) -> None:
    told = [(place, call) for place, text in texts() for call in calls(text)]
    assert not [(place, call, wrong) for place, call in told if (wrong := faults(tools, call))]
    assert len(told) > 30
    assert {"instructions", "replies.py", "ui_mockup.txt"} <= {place for place, _ in told}


@pytest.mark.parametrize(
    "wrong",
    [
        "get_image(pic=PICTURE)",
        'edit_image(images=PICTURE, quality="best")',
        'make_mask(regions=[{"kind": "hexagon"}])',
    ],
)
async def test_a_call_the_tools_do_not_take_would_be_found(
    wrong: str, tools: dict[str, Tool]
) -> None:
    (call,) = calls(wrong)
    assert faults(tools, call)


async def test_agents_are_told_how_to_work_before_they_begin(connect: Connect) -> None:
    async with connect() as client:
        instructions = client.instructions or ""
    assert instructions == INSTRUCTIONS
    # Hosts cut at about 2 KB.
    assert len(instructions.encode()) < 2_048
    advice = ("latest", "base64", "make_mask", "the red", "identical", "dry_run", "cost_usd")
    advice += ("working", "save_to", "n=4", "sheet=true", "absolute path", "money was spent")
    assert not [words for words in advice if words not in instructions]
    assert {call.tool for call in calls(instructions)} == {
        "edit_image",
        "get_image",
        "make_mask",
        "recent_images",
    }


def test_every_condition_of_a_step_can_hold() -> None:
    names = {one.name for guide in GUIDES for one in guide.arguments}
    facts = {"draft", "prices", "budget", "workspace", "newest", "picture_words"}
    pages = sorted((ROOT / "server/aquatint/mcp_server/prompts").glob("*.md"))
    assert {"closing", "shared", *(guide.name for guide in GUIDES)} == {one.stem for one in pages}
    found = [one["name"] for page in pages for one in CONDITION.finditer(page.read_text("utf-8"))]
    assert len(found) > 10
    assert set(found) <= names | facts

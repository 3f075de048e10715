"""An agent without a mind: reads the calls in a text for agents, and follows a prompt's steps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from mcp import Client
from mcp.types import CallToolResult

from words import images_of, text_of

TOOLS = ("generate_image", "edit_image", "make_mask", "get_image", "export_image", "recent_images")
CALL = re.compile(rf"(?<![\w.])(?:{'|'.join(TOOLS)})\(")
NAMED = re.compile(r"\b(?:is|one is) ([A-Z]{2,})\b")
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[()]')
WORDS = {"true": True, "false": False, "null": None}
FILL = "what the agent fills in"


@dataclass(frozen=True)
class Name:
    """Capitals, which stand for what an earlier reply named."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    tool: str
    arguments: dict[str, Any]
    start: int


def calls(text: str) -> Iterator[ToolCall]:
    """Every `tool(argument=value, ...)` in a text; values in JSON, capitals, or `...`."""
    for found in CALL.finditer(text):
        depth = 1
        for token in TOKENS.finditer(text, found.end()):
            depth += {"(": 1, ")": -1}.get(token[0], 0)
            if not depth:
                yield _parsed(text[found.start() : token.end()], found.start())
                break
        else:
            raise AssertionError(f"no end: {text[found.start() :][:80]}")


def _parsed(source: str, start: int) -> ToolCall:
    node = ast.parse(source, mode="eval").body
    assert isinstance(node, ast.Call), source
    assert isinstance(node.func, ast.Name), source
    bare = {one.id: FILL for one in node.args if isinstance(one, ast.Name)}
    named = {str(one.arg): _value(one.value) for one in node.keywords}
    return ToolCall(node.func.id, bare | named, start)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return WORDS[node.id] if node.id in WORDS else Name(node.id)
    if isinstance(node, ast.List):
        return [_value(one) for one in node.elts]
    if isinstance(node, ast.Dict):
        keys = [_value(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(_value, node.values), strict=True))
    value = ast.literal_eval(node)
    return FILL if value is ... else value


@dataclass
class Agent:
    """Does what the numbered steps say, in their order: calls tools, and gives results their names.

    A name is that of the first picture in the last reply; FILE is another file name each time.
    """

    client: Client
    names: dict[str, str] = field(default_factory=dict[str, str])
    done: list[tuple[ToolCall, CallToolResult]] = field(
        default_factory=list[tuple[ToolCall, CallToolResult]]
    )
    files: Iterator[str] = field(default_factory=lambda: (f"icons/{n}.png" for n in count()))

    async def follow(self, prompt: str) -> None:
        for step in re.findall(r"^\d+\. (.*)$", prompt, re.MULTILINE):
            marks = [(call.start, call) for call in calls(step)]
            marks += [(one.start(), Name(one[1])) for one in NAMED.finditer(step)]
            for _, mark in sorted(marks, key=lambda each: each[0]):
                if isinstance(mark, ToolCall):
                    await self._call(mark)
                else:
                    self.names[mark.text] = images_of(self.done[-1][1])[0]["uri"]

    async def _call(self, call: ToolCall) -> None:
        arguments = {name: self._meant(value) for name, value in call.arguments.items()}
        result = await self.client.call_tool(call.tool, arguments)
        assert not result.is_error, f"{call.tool}({arguments}): {text_of(result)}"
        self.done.append((call, result))

    def _meant(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._meant(one) for one in cast("list[Any]", value)]
        if isinstance(value, Name):
            return next(self.files) if value.text == "FILE" else self.names[value.text]
        return value

    def made(self, tool: str) -> list[dict[str, Any]]:
        """The pictures that the calls of one tool made, in order."""
        return [one for call, result in self.done if call.tool == tool for one in images_of(result)]

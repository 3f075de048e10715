"""Every place in the server that makes an error, by its source: what no error may say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import aquatint
from aquatint.domain.errors import BY_NAME, BadRequest

pytestmark = pytest.mark.short
SERVER = Path(aquatint.__file__).parent
UNCHANGED = re.compile(r"\b(call|try)( it| the tool)? again(?! with)\b", re.IGNORECASE)
# An asked-for change stands before the word: "Reword the prompt and call again".
CHANGED = re.compile(r"\b(change|correct|reword|run)\b.*again", re.IGNORECASE)


def words(node: ast.expr | None) -> str:
    """The constant words of a string, an f-string or what is joined of them."""
    if node is None:
        return ""
    parts = [one for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return " ".join(one.value for one in parts if isinstance(one.value, str))


def errors() -> Iterator[tuple[str, str, str, str]]:
    """Where, which class, its message and its fix."""
    for path in sorted(SERVER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name, given = node.func.id, [*node.args, None, None]
                if name in BY_NAME:
                    where = f"{path.relative_to(SERVER)}:{node.lineno}"
                    yield where, name, words(given[0]), words(given[1])


ALL = list(errors())


def test_the_walk_finds_them() -> None:
    assert len(ALL) > 150


def test_every_class_says_when_a_call_may_pass() -> None:
    assert {name for _, name, _, _ in ALL if BY_NAME[name].retry == "no"} == set()


def test_what_must_change_is_not_told_to_be_called_again_as_it_is() -> None:
    found = [
        (where, fix)
        for where, name, _, fix in ALL
        if issubclass(BY_NAME[name], BadRequest) and UNCHANGED.search(fix)
        if not CHANGED.search(fix)
    ]
    assert found == []


def test_nothing_is_said_twice() -> None:
    found = [
        (where, sentence)
        for where, _, message, fix in ALL
        for sentence in re.findall(r"[^.]{12,}\.", fix)
        if sentence.strip() in message
    ]
    assert found == []

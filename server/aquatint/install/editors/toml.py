"""One table of a TOML document, put in or taken out by its lines; all others stay as they are."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from ...domain.errors import Misconfigured
from ..hosts import fields_of
from .jsonc import FIX

HEADER = re.compile(r"^[ \t]*\[\[?(?P<path>[^\[\]]+)\]\]?[ \t]*(?:#.*)?$")
LINE = re.compile(r"[^\n]*\n|[^\n]+")
BARE = re.compile(r"[A-Za-z0-9_-]+")


def read(text: str) -> dict[str, Any]:
    """Raises Misconfigured that names the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at (.*)\)$", str(error))
        what = str(error).removesuffix(found.group()).strip() if found else str(error)
        last = f"line {len(LINE.findall(text))}, at the end"
        place = found.group(1) if found and found.group(1).startswith("line") else last
        raise Misconfigured(f"{place}: {what}.", FIX, code="broken_config") from error


def put(text: str, path: tuple[str, ...], table: dict[str, Any]) -> str:
    """The text with this table at the path: where it stood before, else at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    block = newline.join(_lines(path, table)) + newline
    lines = LINE.findall(text)
    spans = _spans(lines, path)
    if spans:
        start = spans[0][0]
        kept = _without(lines, spans)
        return "".join(kept[:start]) + block + "".join(kept[start:])
    if not text:
        return block
    ending = "" if text.endswith("\n") else newline
    return text + ending + newline + block


def drop(text: str, path: tuple[str, ...]) -> str:
    """The text without the table at the path, its sub-tables, and the blank line before it."""
    lines = LINE.findall(text)
    spans = [
        (start - (start > 0 and not lines[start - 1].strip()), end)
        for start, end in _spans(lines, path)
    ]
    return "".join(_without(lines, spans))


def _without(lines: list[str], spans: list[tuple[int, int]]) -> list[str]:
    gone = {index for start, end in spans for index in range(start, end)}
    return [line for index, line in enumerate(lines) if index not in gone]


def _spans(lines: list[str], path: tuple[str, ...]) -> list[tuple[int, int]]:
    """[start, end) of each table at or below the path, without the comments after it."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    last = 0
    quote = ""
    for index, line in enumerate([*lines, "[-]"]):
        header = None if quote else HEADER.match(line.rstrip("\r\n"))
        if header:
            if start is not None:
                spans.append((start, last + 1))
            ours = _keys(header["path"])[: len(path)] == path
            start = index if ours else None
        quote = _quote_after(line, quote)
        if quote or (line.strip() and not line.lstrip().startswith("#")):
            last = index
    return spans


def _quote_after(line: str, quote: str) -> str:
    """The triple quote that is open after this line, given the one that was open before it."""
    for mark in re.findall(r'"""|\'\'\'', line):
        quote = "" if quote == mark else quote or mark
    return quote


def _keys(dotted: str) -> tuple[str, ...]:
    """The keys of a table's header."""
    try:
        node: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    keys: list[str] = []
    while isinstance(node, dict):
        key, node = next(iter(node.items()))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        keys.append(str(key))  # pyright: ignore[reportUnknownArgumentType]
    return tuple(keys)


def _lines(path: tuple[str, ...], table: dict[str, Any]) -> list[str]:
    """A table as text: its values first, then its sub-tables."""
    lines = [f"[{'.'.join(map(_key, path))}]"]
    tables = {name: fields_of(table[name]) for name in table if isinstance(table[name], dict)}
    lines += [
        f"{_key(name)} = {_value(value)}" for name, value in table.items() if name not in tables
    ]
    for name, value in tables.items():
        lines += ["", *_lines((*path, name), value)]
    return lines


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """Strings, numbers, booleans and lists; JSON's form of each is TOML's too."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown.replace("\x7f", "\\u007f")

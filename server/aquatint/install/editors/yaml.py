"""One entry of a YAML mapping, put in or taken out by its lines; all others stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, cast

from ...domain.errors import Misconfigured
from ..hosts import fields_of
from .jsonc import FIX

Compose = Callable[[str, type], Any]  # its stub leaves out what it takes and gives
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
LINE = re.compile(r"[^\n]*\n|[^\n]+")
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # that mean a value
# What JSON shows as it is, and YAML takes for a line end or does not take at all.
ODD = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


def read(text: str) -> dict[str, Any]:
    """Raises Misconfigured that names the line."""
    import yaml

    try:
        value: Any = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        what = f"{place}: {error.problem or 'this is not YAML'}."
        raise Misconfigured(what, FIX, code="broken_config") from error
    except yaml.YAMLError as error:
        raise Misconfigured(f"{error}.", FIX, code="broken_config") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Misconfigured("line 1: names with values were expected.", FIX, code="broken_config")
    return value  # pyright: ignore[reportUnknownVariableType]


def put(text: str, path: tuple[str, ...], entry: dict[str, Any]) -> str:
    """The text with this entry at the path (of two keys): in its place, else as the first."""
    section, name = path
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = LINE.findall(text)
    found = _section(text, section)
    if found is None:
        ending = "" if not text or text.endswith("\n") else newline
        block = [f"{section}:", *_lines(name, entry, "  ")]
        return text + ending + newline.join(block) + newline
    line, children = found
    if name in children:
        start, end, indent = children[name]
        shown = [each + newline for each in _lines(name, entry, indent)]
        return "".join([*lines[:start], *shown, *lines[end:]])
    indent = next(iter(children.values()))[2] if children else "  "
    head = lines[line].rstrip("\r\n")
    empty = re.fullmatch(r"([^#]*:)[ \t]*(?:\{[ \t]*\}|null|~)?([ \t]*(?:#.*)?)", head)
    if not children and empty:
        head = empty[1] + empty[2]
    shown = [head + newline, *(each + newline for each in _lines(name, entry, indent))]
    return "".join([*lines[:line], *shown, *lines[line + 1 :]])


def drop(text: str, path: tuple[str, ...]) -> str:
    """The text without the entry at the path; a section that is left empty becomes `{}`."""
    section, name = path
    found = _section(text, section)
    if found is None or name not in found[1]:
        return text
    line, children = found
    start, end, _ = children[name]
    lines = LINE.findall(text)
    if len(children) == 1:
        head = lines[line].rstrip("\r\n")
        lines[line] = re.sub(r"^([^#]*:)", r"\1 {}", head) + lines[line][len(head) :]
    return "".join([*lines[:start], *lines[end:]])


def drop_section(text: str, section: str) -> str:
    """The text without a section, all of it."""
    found = _section(text, section)
    if found is None:
        return text
    end = max((child[1] for child in found[1].values()), default=found[0] + 1)
    lines = LINE.findall(text)
    return "".join([*lines[: found[0]], *lines[end:]])


def _section(text: str, name: str) -> tuple[int, dict[str, tuple[int, int, str]]] | None:
    """The line of a top-level key, and [start, end) and indentation of each entry below it."""
    import yaml

    read(text)
    compose = cast("Compose", yaml.compose)  # pyright: ignore[reportUnknownMemberType]
    root = compose(text, yaml.SafeLoader)
    if root is None:
        return None
    for key, value in root.value:
        if key.value != name:
            continue
        line = _line(text, key.start_mark)
        if not isinstance(value, yaml.MappingNode) or value.flow_style:
            return line, {}
        return line, {
            child.value: (
                _line(text, child.start_mark),
                _end(text, inner),
                " " * child.start_mark.column,
            )
            for child, inner in value.value
        }
    return None


def _line(text: str, mark: Any) -> int:
    return text.count("\n", 0, mark.index)


def _end(text: str, node: Any) -> int:
    """The line after the last one that belongs to a node.

    A block's own end mark is where the next token begins, past comments that are not its own.
    """
    inner: Any = node.value
    if isinstance(inner, list) and inner and not node.flow_style:
        last: Any = inner[-1]  # pyright: ignore[reportUnknownVariableType]
        return _end(text, last[1] if isinstance(last, tuple) else last)  # pyright: ignore[reportUnknownArgumentType]
    if getattr(node, "style", None) in {"|", ">"}:
        return _line(text, node.end_mark)
    return _line(text, node.end_mark) + 1


def _lines(name: str, entry: dict[str, Any], indent: str) -> list[str]:
    step = "  "
    lines = [f"{indent}{_value(name)}:"]
    for key, value in entry.items():
        if fields := fields_of(value):
            lines.append(f"{indent}{step}{_value(key)}:")
            lines += [f"{indent}{step * 2}{_value(k)}: {_value(v)}" for k, v in fields.items()]
        elif isinstance(value, list) and value:
            lines.append(f"{indent}{step}{_value(key)}:")
            lines += [f"{indent}{step}- {_value(item)}" for item in cast("list[Any]", value)]
        else:
            lines.append(f"{indent}{step}{_value(key)}: {_value(value)}")
    return lines


def _value(value: Any) -> str:
    """JSON's form, which is YAML's too; plain words go without quotes, as hosts write them."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return ODD.sub(lambda odd: f"\\u{ord(odd.group()):04x}", shown)

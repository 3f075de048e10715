"""JSON with comments, read with positions and changed in place: what is not ours stays as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ...domain.errors import Misconfigured

BLOCK = re.compile(r"/\*.*?\*/", re.DOTALL)
BLANK = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
# What may follow a member on its own line: blanks, comments that end there.
REST = re.compile(r"[ \t]*(?:/\*[^\r\n]*?\*/[ \t]*)*(?://[^\r\n]*)?")
DEPTH = 100
FIX = "Mend that line (an editor shows it in red), then run this again. Nothing was written."


@dataclass(frozen=True, slots=True)
class Node:
    """A value at text[start:end]; `members` are those of an object or array, else None."""

    start: int
    end: int
    value: Any
    members: tuple[Member, ...] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One of an object, or (its key empty) of an array; `comma` is where its comma ends."""

    key: str
    start: int
    node: Node
    comma: int | None


def parse(text: str) -> Node:
    """The whole document; an empty one is an empty object. Raises Misconfigured with the line."""
    start = _blank(text, 0)
    if start == len(text):
        return Node(0, 0, {}, ())
    node = _value(text, start, 0)
    if (after := _blank(text, node.end)) != len(text):
        raise broken(text, after, "something stands after the end")
    return node


def put(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with this value at the path of keys; objects that are missing on the way are made.

    An existing value is replaced. Raises Misconfigured where the path meets anything but an object.
    """
    node = parse(text)
    if node.end == 0:
        return text + json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    for depth, key in enumerate(path):
        member = find(text, node, key)
        if member is None:
            return _insert(text, node, key, _nested(path[depth + 1 :], value))
        node = member.node
    return text[: node.start] + _shown(text, value, node.start) + text[node.end :]


def put_item(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with this value appended to the array at the path, made if missing."""
    node = at(text, path)
    if node is None:
        return put(text, path, [value])
    if not isinstance(node.value, list):
        raise broken(text, node.start, f'"{path[-1]}" is not a list')
    return _insert(text, node, "", value)


def drop(text: str, path: tuple[str, ...], index: int | None = None) -> str:
    """The text without the member at the path, or without item `index` of the array there.

    Its comma and what follows on its line go too. A path that does not exist is left alone.
    """
    parent = at(text, path if index is not None else path[:-1])
    if parent is None or parent.members is None:
        return text
    wanted = index
    if wanted is None:
        find(text, parent, path[-1])
        keys = [member.key for member in parent.members]
        wanted = keys.index(path[-1]) if path[-1] in keys else None
    return text if wanted is None else _remove(text, parent, parent.members, wanted)


def at(text: str, path: tuple[str, ...]) -> Node | None:
    """The node at a path of keys, if it is there."""
    node = parse(text)
    for key in path:
        member = find(text, node, key)
        if member is None:
            return None
        node = member.node
    return node


def find(text: str, node: Node, key: str) -> Member | None:
    if not isinstance(node.value, dict):
        raise broken(text, node.start, f'an object was expected here, to hold "{key}"')
    found = [member for member in node.members or () if member.key == key]
    if len(found) > 1:
        raise broken(text, found[1].start, f'"{key}" stands here a second time')
    return found[0] if found else None


def broken(text: str, position: int, what: str) -> Misconfigured:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return Misconfigured(f"line {line}, column {column}: {what}.", FIX, code="broken_config")


def _blank(text: str, position: int) -> int:
    return _past(BLANK, text, position)


def _past(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _value(text: str, start: int, depth: int) -> Node:
    opening = text[start : start + 1]
    if opening in {"{", "["}:
        if depth == DEPTH:
            raise broken(text, start, "this is nested too deeply")
        return _container(text, start, depth)
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise broken(text, error.pos, f"this is not JSON ({error.msg})") from error
    return Node(start, end, value)


def _container(text: str, start: int, depth: int) -> Node:
    is_object = text[start] == "{"
    closing = "}" if is_object else "]"
    members: list[Member] = []
    position = _blank(text, start + 1)
    while text[position : position + 1] != closing:
        if members and members[-1].comma is None:
            raise broken(text, position, f"a comma or {closing} is missing before this")
        member = _member(text, position, depth, is_object)
        members.append(member)
        position = _blank(text, member.comma or member.node.end)
    end = position + 1
    if is_object:
        fields = {member.key: member.node.value for member in members}
        return Node(start, end, fields, tuple(members))
    return Node(start, end, [member.node.value for member in members], tuple(members))


def _member(text: str, start: int, depth: int, is_object: bool) -> Member:
    key, position = "", start
    if is_object:
        if text[start : start + 1] != '"':
            raise broken(text, start, "a name in double quotes was expected here")
        named = _value(text, start, depth)
        key, position = named.value, _blank(text, named.end)
        if text[position : position + 1] != ":":
            raise broken(text, position, f'a colon is missing after "{key}"')
        position = _blank(text, position + 1)
    node = _value(text, position, depth + 1)
    after = _blank(text, node.end)
    return Member(key, start, node, after + 1 if text[after : after + 1] == "," else None)


def _nested(path: tuple[str, ...], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _indent(text: str, position: int) -> str:
    """The blanks that begin the line of this position."""
    line = text.rfind("\n", 0, position) + 1
    match = re.compile(r"[ \t]*").match(text, line)
    return match.group() if match else ""


def _owns_line(text: str, position: int) -> bool:
    line = text.rfind("\n", 0, position) + 1
    return line > 0 and not text[line:position].strip(" \t")


def _unit(text: str) -> str:
    """One step of indentation, as the document's first member has it."""
    members = parse(text).members
    if members and _owns_line(text, members[0].start):
        return _indent(text, members[0].start) or "  "
    return "  "


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _dumped(value: Any, unit: str | None) -> str:
    shown = json.dumps(value, ensure_ascii=False, indent=unit)
    # A lone surrogate can be written only as the escape that it was.
    lone = any("\ud800" <= letter <= "\udfff" for letter in shown)
    return json.dumps(value, indent=unit) if lone else shown


def _shown(text: str, value: Any, position: int, *, indent: str | None = None) -> str:
    """The value as it looks at this place: on lines of its own where the document has lines."""
    if "\n" not in text.strip():
        return _dumped(value, None)
    lead = _indent(text, position) if indent is None else indent
    return _dumped(value, _unit(text)).replace("\n", _newline(text) + lead)


def _insert(text: str, into: Node, key: str, value: Any) -> str:
    """The text with one more member at the end of this object or array."""
    newline, unit, members = _newline(text), _unit(text), into.members or ()
    last = members[-1] if members else None
    name = f"{json.dumps(key, ensure_ascii=False)}: " if key else ""
    on_lines = (
        _owns_line(text, members[0].start)
        if members
        else "\n" in text.strip() or not text[: into.start].strip()
    )
    end = (last.comma or last.node.end) if last else into.start + 1
    comma, trailing = ("," if last and not last.comma else ""), ("," if last and last.comma else "")
    if not on_lines:
        space = " " if last else ""
        return f"{text[:end]}{comma}{space}{name}{_dumped(value, None)}{trailing}{text[end:]}"
    base = _indent(text, into.start)
    lead = _indent(text, members[0].start) if members else base + unit
    shown = _dumped(value, unit).replace("\n", newline + lead)
    rest = _past(REST, text, end)
    # An object that closed on the line it opened on closes below its new member.
    closing = "" if last or "\n" in text[rest : into.end - 1] else newline + base
    head = text[:end] + comma + text[end:rest]
    return f"{head}{newline}{lead}{name}{shown}{trailing}{closing}{text[rest:]}"


def _remove(text: str, parent: Node, members: tuple[Member, ...], index: int) -> str:
    member, is_last = members[index], index == len(members) - 1
    end = member.comma or member.node.end
    rest = _past(REST, text, end)
    own_lines = _owns_line(text, member.start) and (
        is_last or text[rest : rest + 1] in {"\r", "\n"}
    )
    if own_lines:
        start = text.rfind("\n", 0, member.start)
        start -= text[start - 1 : start] == "\r"
        behind = members[index - 1] if index else None
        gap = text[(behind.comma or behind.node.end) if behind else parent.start + 1 : start]
        if "//" in BLOCK.sub("", gap) and text[rest : rest + 1] in {"}", "]"}:
            start = text.rfind("\n", 0, member.start) + 1  # else the comment hides the bracket
        end = rest
    else:
        before = members[index - 1] if is_last and index else None
        # A comma that ours brought goes with it; one that stands after the last stays.
        kept = before and (before.comma if member.comma else before.node.end)
        start = kept or member.start
        end = end if is_last else members[index + 1].start
    head, tail = text[:start], text[end:]
    if own_lines and is_last and index and not member.comma:
        # The comma before ours separates nothing any more; what stands behind it stays.
        comma = members[index - 1].comma
        assert comma is not None
        head = head[: comma - 1] + head[comma:]
    around = text[parent.start + 1 : start] + text[end : parent.end - 1]
    if len(members) == 1 and not around.strip():
        return text[: parent.start + 1] + text[parent.end - 1 :]
    return head + tail

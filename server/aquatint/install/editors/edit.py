"""A host's configuration as text: read, one entry put in or taken out, and the change proved.

Every edit is parsed again and compared with what it should have become; where the two differ,
nothing is handed out. So an editor of text can be small: what it does not understand is an error.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ...domain.errors import Misconfigured
from ..hosts import Kind, fields_of
from . import jsonc, toml, yaml

Fields = dict[str, Any]
BOM = "\ufeff"
BY_HAND = "Add or remove it by hand; `aquatint install HOST --print` shows it. Nothing was written."


def read(kind: Kind, text: str) -> Fields:
    """The document. Raises Misconfigured with the line of what is wrong, and the fix."""
    text = text.removeprefix(BOM)
    if kind == "toml":
        return toml.read(text)
    if kind == "yaml":
        return yaml.read(text)
    node = jsonc.parse(text)
    if node.end and text[node.start] != "{":
        raise jsonc.broken(text, node.start, "an object in braces was expected")
    return fields_of(node.value)


def entry_at(fields: Fields, path: tuple[str, ...]) -> Any:
    """What stands at a path of keys, None where nothing does."""
    node: Any = fields
    for key in path:
        node = fields_of(node).get(key)
    return node


def put(kind: Kind, text: str, path: tuple[str, ...], entry: Fields) -> str:
    """The text with this entry at the path. Raises Misconfigured where that cannot be proved."""
    expected = copy.deepcopy(read(kind, text))
    if entry_at(expected, path) == entry:
        return text
    node = expected
    for key in path[:-1]:
        if node.get(key) is None:
            node[key] = {}
        if not isinstance(node[key], dict):
            raise Misconfigured(f'"{key}" holds no entries.', jsonc.FIX, code="broken_config")
        node = fields_of(node[key])
    node[path[-1]] = entry
    edit = {"json": jsonc.put, "toml": toml.put, "yaml": yaml.put}[kind]
    return _proved(
        kind, text, expected, lambda plain: edit(_opened(kind, plain, path), path, entry)
    )


def drop(kind: Kind, text: str, path: tuple[str, ...]) -> str:
    """The text without the entry at the path; its container stays. Raises as `put` does."""
    expected = copy.deepcopy(read(kind, text))
    parent = fields_of(entry_at(expected, path[:-1]))
    if path[-1] not in parent:
        return text
    del parent[path[-1]]
    if kind == "toml" and not parent:
        del expected[path[0]]  # a table that holds nothing is not there
    edit = {"json": jsonc.drop, "toml": toml.drop, "yaml": yaml.drop}[kind]
    return _proved(kind, text, expected, lambda plain: edit(plain, path))


def drop_empty(kind: Kind, text: str, name: str) -> str:
    """The text without this top-level name, if what it holds is empty; else as it is."""
    fields = read(kind, text)
    if name not in fields or fields[name] or kind == "toml":
        return text
    expected = {key: value for key, value in fields.items() if key != name}
    if kind == "json":
        return _proved(kind, text, expected, lambda plain: jsonc.drop(plain, (name,)))
    return _proved(kind, text, expected, lambda plain: yaml.drop_section(plain, name))


def put_input(text: str, item: Fields) -> str:
    """The JSON text with this question (an item with an `id`) among its `inputs`, once."""
    expected = copy.deepcopy(read("json", text))
    inputs: list[Fields] = expected.setdefault("inputs", [])
    if any(one.get("id") == item["id"] for one in inputs):
        return text
    inputs.append(item)
    return _proved("json", text, expected, lambda plain: jsonc.put_item(plain, ("inputs",), item))


def drop_input(text: str, name: str) -> str:
    """The JSON text without the question of this id."""
    expected = copy.deepcopy(read("json", text))
    inputs: list[Fields] = expected.get("inputs") or []
    index = next((i for i, one in enumerate(inputs) if one.get("id") == name), None)
    if index is None:
        return text
    del inputs[index]
    return _proved("json", text, expected, lambda plain: jsonc.drop(plain, ("inputs",), index))


def _opened(kind: Kind, text: str, path: tuple[str, ...]) -> str:
    """JSON whose container is null gets an empty one; a host reads both alike."""
    node = jsonc.at(text, path[:1]) if kind == "json" else None
    if node is None or node.end == 0 or node.value is not None:
        return text
    return text[: node.start] + "{}" + text[node.end :]


def _proved(kind: Kind, text: str, expected: Fields, edit: Callable[[str], str]) -> str:
    bom = BOM if text.startswith(BOM) else ""
    plain = text.removeprefix(BOM)
    changed = edit(plain)
    try:
        changed.encode()
        proved = read(kind, changed) == expected
    except (UnicodeEncodeError, Misconfigured):
        proved = False
    if not proved:
        what = "The entry stands where it cannot be changed without touching the rest."
        raise Misconfigured(what, BY_HAND, code="config_layout")
    return bom + changed

"""An entry of a host's configuration: whose it is, and what it should say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, cast

from .hosts import INPUT, KEY, Host, fields_of

Fields = dict[str, Any]
# What a person leaves where a key belongs: sk-..., sk-xxxx, your-api-key, <key>.
PLACEHOLDER = re.compile(
    r"(?i)^$|\.\.\.|…|^<.*>$|x{6}|your[\W_]|replace.?(me|this|with)|change.?me|placeholder"
)
REFERENCE = re.compile(r"^\$\w+$|^\$\{[^}]*\}$|^%\w+%$")


def text_of(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def words_of(fields: Mapping[str, Any], name: str) -> list[str]:
    value = fields.get(name)
    return [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def env_of(host: Host, entry: Mapping[str, Any]) -> dict[str, str]:
    """The environment an entry sets."""
    value = fields_of(entry.get(host.fields[2]))
    return {str(name): str(each) for name, each in value.items()}


def is_ours(host: Host, entry: object) -> bool:
    """Whether the entry starts aquatint, wherever from: a script, uvx, pipx run, python -m."""
    fields = fields_of(entry)
    program = text_of(fields, host.fields[0])
    stems = {PurePosixPath(program).stem, PureWindowsPath(program).stem}
    arguments = words_of(fields, host.fields[1])
    named = [one for one in arguments if re.fullmatch(r"aquatint(\[.*\])?([=@~<>].*)?", one)]
    return "aquatint" in stems or bool(named)


def is_placeholder(value: str) -> bool:
    return bool(PLACEHOLDER.search(value)) and not REFERENCE.match(value)


def merged(host: Host, old: Mapping[str, Any], new: Mapping[str, Any]) -> Fields:
    """Our entry brought up to date: the command is the new one, what a person added stays."""
    program, arguments, environment = host.fields
    result: Fields = {**new, **old, program: new[program], arguments: new[arguments]}
    env = {**env_of(host, new), **env_of(host, old)}
    given = {name: value for name, value in env_of(host, new).items() if name != KEY}
    env.update(given)
    key = env_of(host, new).get(KEY)
    stale = env.get(KEY) and (is_placeholder(env[KEY]) or (key and not REFERENCE.match(key)))
    if key and (stale or env.get(KEY) == ""):
        env[KEY] = key
    if env or environment in result:
        result[environment] = env
    for field in ("env_vars", "env_keys"):
        names = list(dict.fromkeys([*words_of(old, field), *words_of(new, field)]))
        if names:
            result[field] = names
    return result


def without_key(host: Host, entry: Mapping[str, Any]) -> Fields:
    """The entry without any word of the key."""
    result = dict(entry)
    environment = host.fields[2]
    if environment in result:
        result[environment] = {n: v for n, v in env_of(host, entry).items() if n != KEY}
    for field in ("env_vars", "env_keys"):
        if field in result:
            result[field] = [name for name in words_of(entry, field) if name != KEY]
    return result


def question(host: Host) -> Fields | None:
    """The secret that the host asks its user for, as an item of `inputs`."""
    if host.way != "input":
        return None
    return {
        "type": "promptString",
        "id": INPUT,
        "description": "OpenAI API key for aquatint (empty: free drafts)",
        "password": True,
    }


def asks(entry: object) -> bool:
    """Whether anything in this value refers to our question."""
    return "${input:" + INPUT + "}" in str(entry)

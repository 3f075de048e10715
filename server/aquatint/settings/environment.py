"""How variables and flags are read: texts as values, paths from where they are meant, old names."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import cast, get_origin

from pydantic.fields import FieldInfo

from ..domain.words import visible

PREFIX = "AQUATINT_"
FORMER = {"AQUATINT_PRESS": "AQUATINT_WORKER"}  # names of before 2026-11-27, which people still set


def typed(field: FieldInfo, text: str, pathsep: str) -> object:
    """A list is split, words are lower-cased; pydantic reads the rest from the text."""
    if get_origin(field.annotation) is tuple:
        return tuple(part for part in text.split(pathsep) if part)
    if "Literal[" in str(field.annotation):
        return text.upper() if "DEBUG" in str(field.annotation) else text.lower()
    return text


def placed(
    variable: str, value: object, user_home: str | None, cwd: str | None, problems: list[str]
) -> object:
    """Paths made absolute: `~` is the user's home, the rest is relative to `cwd`, if to anything.

    What cannot be placed is a problem and left out.
    """
    if isinstance(value, tuple):
        parts = cast("tuple[str, ...]", value)
        each = (placed(variable, part, user_home, cwd, problems) for part in parts)
        return tuple(path for path in each if path is not None)
    path = str(value)
    if user_home and (path == "~" or path.startswith(("~/", "~\\"))):
        path = user_home + path[1:]
    if cwd and not path.startswith("~"):
        path = str(PurePath(cwd) / path)
    if PurePath(path).is_absolute():
        return path
    problems.append(
        f"{variable}={path}: a relative path, and hosts start servers anywhere. "
        "Write all of it, or begin with ~/."
    )
    return None


def renamed(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The environment with settings under their names of today, and a note on each old name."""
    renamed = dict(environ)
    notes: list[str] = []
    for old, new in FORMER.items():
        if old in renamed:
            value = renamed.pop(old)
            renamed[new] = renamed.get(new, "").strip() or value
            notes.append(f"{old} is called {new} now, and still works; please rename it.")
    return renamed, notes


def unknown(environ: Mapping[str, str], known: Collection[str]) -> list[str]:
    """A line on each variable that looks like ours and is not `known`."""
    lines: list[str] = []
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "`aquatint serve --help` lists them."
            lines.append(f"{visible(variable)} is not a setting. {hint}")
    return lines


def not_utf8(what: str, value: str, fix: str) -> str:
    return f"{what} ({visible(value)}) is not valid UTF-8, so it cannot be used. {fix}"

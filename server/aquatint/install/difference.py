"""What people see of a configuration: the change as a diff, with everybody's secrets hidden."""

from __future__ import annotations

import difflib
import re

from ..domain.redaction import redact

NAMED = re.compile(
    r"(?i)(?<![\w.${-])([\w.-]*(?:key|token|secret|passw|auth|credential|cookie)[\w.-]*[\"']?\s*[:=]\s*[\"']?)"
    r"(?![\"'$\[{(]|true\b|false\b|null\b|\d+\b|-?\s*$)([^\"',}\s][^\"',}\n]*)"
)
LONG = re.compile(r"(?<=[\"'=])(?=[A-Za-z_+-]*\d)(?=[\d_+-]*[A-Za-z])[A-Za-z0-9_+-]{24,}(?=[\"'])")
WIDTH = 400


def shown(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without values that look secret: ours, and those of other entries beside it."""
    lines = (LONG.sub("(hidden)", NAMED.sub(r"\1(hidden)", line)) for line in text.split("\n"))
    clipped = (line if len(line) <= WIDTH else line[:WIDTH] + " ..." for line in lines)
    return redact("\n".join(clipped), secrets)


def change(before: str, after: str, path: str, secrets: tuple[str, ...] = ()) -> str:
    """A unified diff with one line of context; empty where nothing changes."""
    old, new = before.splitlines(), after.splitlines()
    lines = difflib.unified_diff(old, new, path, path, lineterm="", n=1)
    return shown("\n".join(lines), secrets)

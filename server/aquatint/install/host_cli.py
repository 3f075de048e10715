"""A host's own command line, where it has one: what is asked of it, and how it is run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from ..domain.errors import Misconfigured
from .entry import env_of, question, words_of
from .hosts import Host

SECONDS = 60


def found(host: Host, environ: Mapping[str, str]) -> str | None:
    """The path of the host's command, if it has one and it is installed."""
    return shutil.which(host.program, path=environ.get("PATH", "")) if host.program else None


def adding(host: Host, name: str, entry: dict[str, Any], project: bool) -> list[str]:
    """What the host's command is given to add an entry."""
    scope = ["-s", "project" if project else "user"]
    command = [str(entry[host.fields[0]]), *words_of(entry, host.fields[1])]
    pairs = [f"{key}={value}" for key, value in env_of(host, entry).items()]
    if host.name == "claude-code":
        return ["mcp", "add-json", *scope, name, json.dumps(entry, ensure_ascii=False)]
    if host.name == "gemini":
        flags = [word for pair in pairs for word in ("-e", pair)]
        return ["mcp", "add", *scope, *flags, name, *command]
    if host.name == "codex":
        flags = [word for pair in pairs for word in ("--env", pair)]
        return ["mcp", "add", name, *flags, "--", *command]
    asked = question(host)
    item = {"name": name, **entry, **({"inputs": [asked]} if asked else {})}
    return ["--add-mcp", json.dumps(item, ensure_ascii=False)]


def removing(host: Host, name: str, project: bool) -> list[str] | None:
    """What the host's command is given to remove an entry; None where it cannot."""
    scope = ["-s", "project" if project else "user"]
    if host.name in {"claude-code", "gemini"}:
        return ["mcp", "remove", *scope, name]
    return ["mcp", "remove", name] if host.name == "codex" else None


def run(program: str, arguments: list[str], environ: Mapping[str, str], folder: str) -> None:
    """Run it to its end. Raises Misconfigured with its output."""
    try:
        ended = subprocess.run(  # noqa: S603  # the host's own program, found on the user's PATH
            [program, *arguments],
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(program, str(error)) from error
    if ended.returncode:
        raise _failed(program, (ended.stderr or ended.stdout).decode(errors="replace").strip())


def _failed(program: str, output: str) -> Misconfigured:
    fix = "Run this again with --by file: aquatint edits the configuration itself."
    return Misconfigured(f"{program} failed: {output[:500]}", fix)

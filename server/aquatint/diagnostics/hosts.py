"""Is aquatint set up well in each host: what `doctor` says about their configurations."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from ..domain.errors import Misconfigured
from ..domain.types import Finding
from ..install.editors import edit
from ..install.entry import REFERENCE, env_of, is_ours, is_placeholder, text_of, words_of
from ..install.files import open_to_others, read_text
from ..install.hosts import HOSTS, KEY, Host, fields_of, places
from ..install.launch import launch_command
from ..settings import Settings

Fault = tuple[str, str, str]  # level, what is wrong, what to do
# The references each host resolves, where it resolves any.
RESOLVED = {
    "claude-code": r"\$\{\w+(:-[^}]*)?\}",
    "vscode": r"\$\{(input|env):[^}]+\}",
    "cursor": r"\$\{env:\w+\}",
    "gemini": r"\$\w+|\$\{\w+(:-[^}]*)?\}",
    "windsurf": r"\$\{(env|file):[^}]+\}",
}


def inspect(settings: Settings, environ: Mapping[str, str], system: str) -> list[Finding]:
    """A finding per host configuration that has an entry of aquatint, or per fault in it.

    `environ` is the process's (without the key), `system` is sys.platform. Reads files only.
    """
    found: list[Finding] = []
    for host in HOSTS:
        for file in _files(settings, host, environ, system):
            for level, text, fix in _faults(settings, host, file, environ):
                found.append(Finding(f"host {host.name}", level, text, fix))  # pyright: ignore[reportArgumentType]
    return found


def _files(
    settings: Settings, host: Host, environ: Mapping[str, str], system: str
) -> Iterator[Path]:
    """The user's configurations of a host, and the one of the folder we stand in."""
    home = settings.user_home
    paths = [Path(one) for one in places(host, environ, home, system)] if home else []
    if host.project:
        paths.append(Path(settings.cwd) / host.project)
    yield from (path for path in dict.fromkeys(paths) if path.is_file())


def _faults(
    settings: Settings, host: Host, file: Path, environ: Mapping[str, str]
) -> Iterator[Fault]:
    """What is to say about one file: nothing, where it has no entry of ours."""
    try:
        text = read_text(file)
        fields = edit.read(host.kind, text)
    except Misconfigured as error:
        if "aquatint" in _raw(file):
            yield "fail", f"{file}: {error.message}", "Mend that line; the host reads none of it."
        return
    named = fields_of(edit.entry_at(fields, host.path))
    ours = {name: entry for name, entry in named.items() if is_ours(host, entry)}
    if not ours:
        return
    if (refused := _dialect(host, text)) is not None:
        yield "fail", f"{file}: {host.title} {refused}", "Remove what it does not read."
    for name, entry in ours.items():
        again = f"aquatint install {host.name}" + ("" if name == "aquatint" else f" --name {name}")
        faults = [
            *_command(host, entry, environ, again),
            *_environment(host, entry),
            *_key(settings, host, entry, file, fields, again),
        ]
        yield from ((level, f"{name} in {file}: {what}", fix) for level, what, fix in faults)
        if not faults:
            yield "ok", f"{name} in {file}", ""


def _raw(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _dialect(host: Host, text: str) -> str | None:
    """What of this JSON the host itself does not read."""
    if host.kind != "json" or host.dialect == "lenient":
        return None
    plain = text.removeprefix(edit.BOM)
    if host.dialect == "comments":
        plain = re.sub(r'("(?:\\.|[^"\\])*")|//[^\r\n]*|/\*.*?\*/', r"\1", plain, flags=re.DOTALL)
    try:
        json.loads(plain)
    except json.JSONDecodeError as error:
        kinds = "no trailing commas" if host.dialect == "comments" else "no comments or such"
        return f"reads {kinds} (line {error.lineno})"
    return None


def _command(
    host: Host, entry: dict[str, Any], environ: Mapping[str, str], again: str
) -> Iterator[Fault]:
    program = text_of(entry, host.fields[0])
    if not program:
        yield "fail", "it names no command", f"Run {again}."
    elif not PurePath(program).is_absolute():
        where = shutil.which(program, path=environ.get("PATH", ""))
        if where is None:
            yield "fail", f"the command {program} is nowhere on PATH", f"Run {again}."
        else:
            fix = f"Run {again}: hosts with windows have a PATH of their own."
            yield "warn", f"the command {program} is not absolute (here it is {where})", fix
    elif shutil.which(program) is None:
        what = "cannot be executed" if Path(program).exists() else "does not exist"
        yield "fail", f"the command {program} {what}", f"Run {again}."
    elif (now := launch_command(sys.executable, environ))[0] != program:
        yield "warn", f"it starts {program}, and this is {now[0]}", f"Run {again} to change it."


def _environment(host: Host, entry: dict[str, Any]) -> Iterator[Fault]:
    """Settings that are none, or that have no such value: what the server would say itself."""
    env = {name: value for name, value in env_of(host, entry).items() if name != KEY}
    plain = {name: value for name, value in env.items() if not value.startswith("$")}
    home = "/" if sys.platform != "win32" else "C:\\"
    for problem in Settings.from_env(plain, user_home=home).problems:
        yield "fail", problem, "Correct it there."


def _key(
    settings: Settings,
    host: Host,
    entry: dict[str, Any],
    file: Path,
    fields: dict[str, Any],
    again: str,
) -> Iterator[Fault]:
    env = env_of(host, entry)
    value = env.get(KEY)
    forwarded = KEY in [*words_of(entry, "env_vars"), *words_of(entry, "env_keys")]
    if value is None and host.way in {"forward", "keyring"} and not forwarded:
        yield "warn", f"it does not forward {KEY}: pictures are free drafts", f"Run {again}."
    elif value is None and host.way in {"reference", "input", "file"}:
        if not (env.get("AQUATINT_BASE_URL") or env.get("OPENAI_BASE_URL")):
            yield "warn", "it has no key: pictures are free local drafts", f"Run {again}."
    elif value and REFERENCE.match(value):
        yield from _reference(settings, host, value, fields, again)
    elif value is not None and is_placeholder(value):
        yield "fail", "a placeholder stands where the key belongs", f"Run {again}."
    elif value and open_to_others(file):
        yield "warn", "the key stands in it, and others may read it", f"chmod 600 {file}"


def _reference(
    settings: Settings, host: Host, value: str, fields: dict[str, Any], again: str
) -> Iterator[Fault]:
    allowed = RESOLVED.get(host.name)
    if allowed is None or not re.fullmatch(allowed, value):
        yield "fail", f"{host.title} does not resolve {value}", f"Run {again}."
    elif value.startswith("${input:"):
        inputs: list[dict[str, Any]] = fields.get("inputs") or []
        if all(value != "${input:" + str(one.get("id")) + "}" for one in inputs):
            yield "fail", f"no input answers {value}", f"Run {again}."
    elif settings.api_key is None and KEY in value:
        fix = f"Set it in the environment that {host.title} is started from."
        yield "warn", f"its key is {value}, and {KEY} is not set here", fix

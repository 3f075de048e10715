"""The hosts that aquatint can be installed in: where each keeps its servers, and an entry's form.

Facts, each with its source: the host's own documentation, or what its command line did when it was
run (Claude Code 2.1.330, Gemini CLI 0.61, Codex 0.169, November 2026).
"""

from __future__ import annotations

import ntpath
import posixpath
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

Kind = Literal["json", "toml", "yaml"]
KEY = "OPENAI_API_KEY"
INPUT = "aquatint-openai-key"
# How a host gets the key to a server without the key standing in the file; `file`: not at all.
Way = Literal["reference", "input", "inherit", "forward", "keyring", "file"]


@dataclass(frozen=True, slots=True)
class Host:
    """One host. `places` are templates by system (sys.platform), the likeliest first."""

    name: str
    title: str
    places: Mapping[str, tuple[str, ...]]
    path: tuple[str, ...] = ("mcpServers",)
    kind: Kind = "json"
    project: str | None = None  # below the project's folder
    way: Way = "reference"
    reference: str = ""
    fixed: tuple[tuple[str, Any], ...] = ()  # fields beside command, arguments and environment
    fields: tuple[str, str, str] = ("command", "args", "env")
    marks: tuple[str, ...] = ()  # what else shows that the host is here
    program: str | None = None  # its own command line
    dialect: Literal["strict", "comments", "lenient"] = "lenient"  # which JSON it reads
    key_note: str = ""
    after: str = ""


def _everywhere(*places: str) -> Mapping[str, tuple[str, ...]]:
    return dict.fromkeys(("linux", "darwin", "win32"), places)


def _application(folder: str, *more: str) -> Mapping[str, tuple[str, ...]]:
    """Where Electron keeps an application's files on each system."""
    return {
        "linux": tuple(f"{{config}}/{one}" for one in (folder, *more)),
        "darwin": tuple(f"{{home}}/Library/Application Support/{one}" for one in (folder, *more)),
        "win32": tuple(f"{{appdata}}/{one}" for one in (folder, *more)),
    }


_DESKTOP = "Claude/claude_desktop_config.json"
# The Store's package sees its own copy of the roaming folder.
_STORE = "{localappdata}/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/" + _DESKTOP
_SHELL = "Set OPENAI_API_KEY in the environment that {title} is started from."

HOSTS = (
    Host(
        "claude-desktop",
        "Claude Desktop",
        {**_application(_DESKTOP), "win32": (_STORE, "{appdata}/" + _DESKTOP)},
        way="file",
        dialect="strict",
        key_note="{title} expands no variables, so the key itself has to be in this file. "
        "--key-in-file writes it there; the .mcpb bundle keeps it in the system's keychain.",
        after="Quit Claude Desktop and start it again.",
    ),
    Host(
        "claude-code",
        "Claude Code",
        _everywhere("{CLAUDE_CONFIG_DIR}/.claude.json", "{home}/.claude.json"),
        project=".mcp.json",
        reference="${OPENAI_API_KEY:-}",
        fixed=(("type", "stdio"),),
        marks=("{home}/.claude",),
        program="claude",
        dialect="strict",
        key_note=_SHELL,
        after="Start a new session; /mcp shows it.",
    ),
    Host(
        "vscode",
        "VS Code",
        _application(
            "Code/User/mcp.json", "Code - Insiders/User/mcp.json", "VSCodium/User/mcp.json"
        ),
        path=("servers",),
        project=".vscode/mcp.json",
        way="input",
        reference="${input:" + INPUT + "}",
        fixed=(("type", "stdio"),),
        program="code",
        key_note="{title} asks for the key once, and keeps it in its own secret store.",
        after="Run `MCP: List Servers` in the command palette and start it.",
    ),
    Host(
        "cursor",
        "Cursor",
        _everywhere("{home}/.cursor/mcp.json"),
        project=".cursor/mcp.json",
        reference="${env:OPENAI_API_KEY}",
        key_note=_SHELL,
        after="Switch it on in Cursor's settings, under MCP.",
    ),
    Host(
        "codex",
        "Codex",
        _everywhere("{CODEX_HOME}/config.toml", "{home}/.codex/config.toml"),
        path=("mcp_servers",),
        kind="toml",
        project=".codex/config.toml",
        way="forward",
        fixed=(("startup_timeout_sec", 60),),  # ten by default: too short for a first uvx
        program="codex",
        key_note=_SHELL,
        after="Start a new session; /mcp shows it.",
    ),
    Host(
        "gemini",
        "Gemini CLI",
        _everywhere("{GEMINI_CLI_HOME}/.gemini/settings.json", "{home}/.gemini/settings.json"),
        project=".gemini/settings.json",
        reference="$OPENAI_API_KEY",
        program="gemini",
        dialect="comments",
        key_note=_SHELL,
        after="Start a new session in a trusted folder; /mcp shows it.",
    ),
    Host(
        "windsurf",
        "Windsurf",
        _everywhere("{home}/.codeium/windsurf/mcp_config.json"),
        reference="${env:OPENAI_API_KEY}",
        dialect="strict",
        key_note=_SHELL,
        after="Press refresh in Cascade's list of MCP servers.",
    ),
    Host(
        "zed",
        "Zed",
        {
            "linux": ("{FLATPAK_XDG_CONFIG_HOME}/zed/settings.json", "{config}/zed/settings.json"),
            "darwin": ("{home}/.config/zed/settings.json",),
            "win32": ("{appdata}/Zed/settings.json",),
        },
        path=("context_servers",),
        project=".zed/settings.json",
        way="inherit",
        fixed=(("source", "custom"),),
        key_note="{title} gives servers its own environment, so the file names no key. " + _SHELL,
        after="Zed starts it at once and shows it in the agent panel's settings.",
    ),
    Host(
        "goose",
        "Goose",
        {
            "linux": ("{GOOSE_PATH_ROOT}/config/config.yaml", "{config}/goose/config.yaml"),
            "darwin": ("{GOOSE_PATH_ROOT}/config/config.yaml", "{home}/.config/goose/config.yaml"),
            "win32": (
                "{GOOSE_PATH_ROOT}/config/config.yaml",
                "{appdata}/Block/goose/config/config.yaml",
            ),
        },
        path=("extensions",),
        kind="yaml",
        way="keyring",
        fixed=(("enabled", True), ("type", "stdio"), ("description", "Makes and edits pictures")),
        fields=("cmd", "args", "envs"),
        key_note="{title} takes OPENAI_API_KEY from its environment or its keyring, and does not "
        "start the extension without: `goose configure` stores it. --no-key leaves it out.",
        after="Start a new session.",
    ),
)


def fields_of(value: object) -> dict[str, Any]:
    """The value if it is an object with names, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def entry_of(
    host: Host, name: str, command: tuple[str, ...], env: Mapping[str, str]
) -> dict[str, Any]:
    """The entry as the host reads it, without a key."""
    program, arguments, environment = host.fields
    entry: dict[str, Any] = dict(host.fixed)
    if host.way == "keyring":
        entry["name"] = name
    entry[program], entry[arguments] = command[0], list(command[1:])
    if env or host.kind == "json":
        entry[environment] = dict(env)
    return entry


def with_key(host: Host, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, naming the key as the host resolves it; unchanged where it names none."""
    environment = host.fields[2]
    if host.way in {"reference", "input"}:
        return {**entry, environment: {KEY: host.reference, **entry.get(environment, {})}}
    field = {"forward": "env_vars", "keyring": "env_keys"}.get(host.way)
    if field is None:
        return entry
    named: list[str] = entry.get(field) or []
    return {**entry, field: named if KEY in named else [*named, KEY]}


def places(host: Host, environ: Mapping[str, str], home: str, system: str) -> list[str]:
    """The paths where this system's host may keep its configuration, the likeliest first."""
    return _filled(host.places.get(system, host.places["linux"]), environ, home, system)


def marks(host: Host, environ: Mapping[str, str], home: str, system: str) -> list[str]:
    """Folders that show that the host is installed, beside its configuration's own."""
    return _filled(host.marks, environ, home, system)


def _filled(
    templates: tuple[str, ...], environ: Mapping[str, str], home: str, system: str
) -> list[str]:
    """Templates whose variables are all set."""
    join = ntpath.join if system == "win32" else posixpath.join
    known = {
        **environ,
        "home": home,
        "config": environ.get("XDG_CONFIG_HOME") or join(home, ".config"),
        "appdata": environ.get("APPDATA") or join(home, "AppData", "Roaming"),
        "localappdata": environ.get("LOCALAPPDATA") or join(home, "AppData", "Local"),
    }
    names = [[name for _, name, _, _ in string.Formatter().parse(one) if name] for one in templates]
    filled = [
        one.format_map(known)
        for one, each in zip(templates, names, strict=True)
        if all(known.get(name) for name in each)
    ]
    return [path.replace("/", "\\") for path in filled] if system == "win32" else filled

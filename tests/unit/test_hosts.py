"""Each host's configuration is looked for where that host keeps it, on every system."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from aquatint.install.difference import change, shown
from aquatint.install.entry import is_ours, is_placeholder, merged
from aquatint.install.hosts import HOSTS, KEY, places, with_key
from aquatint.install.launch import launch_command
from aquatint.settings import Settings

BY_NAME = {host.name: host for host in HOSTS}
WINDOWS = {"APPDATA": "C:\\Users\\me\\AppData\\Roaming"}
PLACES = [
    ("claude-desktop", "linux", "/h/.config/Claude/claude_desktop_config.json"),
    (
        "claude-desktop",
        "darwin",
        "/h/Library/Application Support/Claude/claude_desktop_config.json",
    ),
    (
        "claude-desktop",
        "win32",
        "C:\\Users\\me\\AppData\\Roaming\\Claude\\claude_desktop_config.json",
    ),
    ("claude-code", "darwin", "/h/.claude.json"),
    ("claude-code", "win32", "C:\\Users\\me\\.claude.json"),
    ("vscode", "linux", "/h/.config/Code/User/mcp.json"),
    ("vscode", "darwin", "/h/Library/Application Support/Code/User/mcp.json"),
    ("vscode", "win32", "C:\\Users\\me\\AppData\\Roaming\\Code\\User\\mcp.json"),
    ("cursor", "linux", "/h/.cursor/mcp.json"),
    ("cursor", "win32", "C:\\Users\\me\\.cursor\\mcp.json"),
    ("codex", "darwin", "/h/.codex/config.toml"),
    ("gemini", "linux", "/h/.gemini/settings.json"),
    ("windsurf", "darwin", "/h/.codeium/windsurf/mcp_config.json"),
    ("zed", "linux", "/h/.config/zed/settings.json"),
    ("zed", "darwin", "/h/.config/zed/settings.json"),
    ("zed", "win32", "C:\\Users\\me\\AppData\\Roaming\\Zed\\settings.json"),
    ("goose", "darwin", "/h/.config/goose/config.yaml"),
    ("goose", "win32", "C:\\Users\\me\\AppData\\Roaming\\Block\\goose\\config\\config.yaml"),
]


@pytest.mark.parametrize(("name", "system", "path"), PLACES)
def test_a_host_keeps_its_configuration_there(name: str, system: str, path: str) -> None:
    home = "C:\\Users\\me" if system == "win32" else "/h"
    environ = WINDOWS if system == "win32" else {}
    assert path in places(BY_NAME[name], environ, home, system)


def test_a_hosts_own_variable_comes_first() -> None:
    found = places(BY_NAME["codex"], {"CODEX_HOME": "/c"}, "/h", "linux")
    assert found == ["/c/config.toml", "/h/.codex/config.toml"]
    assert places(BY_NAME["codex"], {"CODEX_HOME": ""}, "/h", "linux") == found[1:]


OURS = [
    {"command": "/x/bin/aquatint"},
    {"command": "C:\\x\\Scripts\\aquatint.exe"},
    {"command": "uvx", "args": ["aquatint"]},
    {"command": "uvx", "args": ["aquatint[heic]@latest"]},
    {"command": "pipx", "args": ["run", "aquatint==1.0"]},
    {"command": "python", "args": ["-m", "aquatint"]},
]
OTHERS: list[Any] = [
    {"command": "npx", "args": ["aquatint-like"]},
    {"url": "http://x"},
    None,
    "aquatint",
]


def test_an_entry_is_ours_if_it_starts_aquatint() -> None:
    assert all(is_ours(BY_NAME["cursor"], entry) for entry in OURS)
    assert not any(is_ours(BY_NAME["cursor"], entry) for entry in OTHERS)
    assert is_ours(BY_NAME["goose"], {"cmd": "/x/aquatint"})


@pytest.mark.parametrize("key", ["", "sk-...", "sk-…", "<key>", "sk-xxxxxxxx", "YOUR_API_KEY"])
def test_a_stand_in_for_a_key_is_known(key: str) -> None:
    assert is_placeholder(key)


@pytest.mark.parametrize("key", ["sk-proj-aB3xyourQ9hereT", "${env:OPENAI_API_KEY}", "$K"])
def test_a_key_and_a_reference_are_no_stand_ins(key: str) -> None:
    assert not is_placeholder(key)


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_bringing_up_to_date_what_is_up_to_date_changes_nothing(host: Any) -> None:
    program, arguments, environment = host.fields
    plain: dict[str, Any] = {
        program: "/x/aquatint",
        arguments: [],
        environment: {"AQUATINT_SIZE": "1x1"},
    }
    entry = with_key(host, plain)
    assert merged(host, entry, entry) == entry
    assert with_key(host, entry) == entry


def test_nobodys_secret_is_shown() -> None:
    text = (
        '"GITHUB_TOKEN": "ghp_1", "x": 1\nAPI_KEY = "abc"\n  password: hunter2 # y\n'
        '"args": ["--api-key=zzz9"]\n"Authorization": "Bearer abcdef123"\nhttps://me:pw@host/\n'
        '"--tok", "a8F3kQ9zL2mX7vB4nC6dE1gH"\nmine-is-fully-hidden'
    )
    told = shown(text, ("mine-is-fully-hidden",))
    for secret in ("ghp_1", "abc", "hunter2", "zzz9", "me:pw", "a8F3kQ9z", "mine-is"):
        assert secret not in told, told


def test_references_and_settings_are_shown() -> None:
    text = (
        f'"{KEY}": "${{{KEY}:-}}"\n"{KEY}": "${{env:{KEY}}}"\nenv_vars = ["{KEY}"]\n'
        '"password": true\n'
        '"AQUATINT_SAFETY_IDENTIFIER": "team"\n"command": "/home/me/.cache/uv/archive-v0/aB3/x"'
    )
    assert shown(text) == text
    assert change("a\n", "a\n", "f") == ""


def a_program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="programs by their mode")
def test_what_would_vanish_is_fetched_again_by_whoever_fetched_it(tmp_path: Path) -> None:
    uvx, pipx = a_program(tmp_path / "uvx"), a_program(tmp_path / "pipx")
    environ = {"PATH": str(tmp_path)}
    for python in ("/h/.cache/uv/archive-v0/a1/bin/python", "/c/environments-v2/x/bin/python3"):
        command = launch_command(python, environ)
        assert command[0] == uvx
        assert command[-1] == "aquatint"
    uv = a_program(tmp_path / "uv")
    assert launch_command("/d/u/x/bin/python", {"UV_CACHE_DIR": "/d/u", "UV": uv})[0] == uvx
    command = launch_command("/h/.cache/pipx/1f/bin/python", environ)
    assert command[:2] == (pipx, "run")
    assert launch_command(sys.executable, environ)[0].endswith("/aquatint")


def test_the_settings_that_were_given_are_an_environment_again() -> None:
    from aquatint.settings import given

    environ = {
        "AQUATINT_BUDGET_USD": "2.50",
        "AQUATINT_LINKS": "Never",
        "AQUATINT_ROOTS": "/a:~/b",
        "AQUATINT_WAIT": "45",
        "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
        KEY: "sk-secret",
    }
    settings = Settings.from_env(environ, user_home="/h")
    assert given(settings, ":") == {
        "AQUATINT_BUDGET_USD": "2.5",
        "AQUATINT_LINKS": "never",
        "AQUATINT_ROOTS": "/a:/h/b",
        "AQUATINT_WAIT": "45",
        "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
    }
    again = Settings.from_env(given(settings, ":"), user_home="/h")
    assert again.model_copy(update={"api_key": settings.api_key}) == settings


@pytest.mark.parametrize("value", ["${env:OPENAI_API_KEY}", "$OPENAI_API_KEY", "${input:k}"])
def test_a_reference_that_a_host_left_as_it_is_is_no_key(value: str) -> None:
    settings = Settings.from_env({KEY: value})
    assert settings.api_key is None
    (problem,) = settings.problems
    assert "left as it is" in problem

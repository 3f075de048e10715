"""`aquatint install` through the real command line, on copies of what hosts really keep."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
import yaml
from mcp import Client, StdioServerParameters

from aquatint.cli.commands.install import install, uninstall
from aquatint.cli.parser import SECRET as SECRET_FIELD
from aquatint.cli.parser import make_parser
from aquatint.diagnostics.hosts import inspect
from aquatint.install.editors import edit
from aquatint.install.files import BACKUP, locate
from aquatint.install.hosts import HOSTS, KEY, Host, fields_of
from aquatint.settings import Settings, setting_fields
from inherited import inherited

SECRET = "sk-proj-q7Gm2Zt9Lw4Xc8Vb1Nn5"
FOREIGN = "ghp_zQ8w2Er5Ty7Ui1Op4As6Df9Gh3Jk0Lz"
SCRIPT = str(Path(sys.executable).parent / "aquatint")
SYSTEM = "linux"
pytestmark = pytest.mark.skipif(sys.platform != SYSTEM, reason="the paths are Linux's")


class Told(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@dataclass
class Person:
    """Somebody with a home of their own, at a terminal."""

    home: Path

    def environ(self, **more: str) -> dict[str, str]:
        own = {"HOME": str(self.home), "PATH": "/nowhere", KEY: SECRET}
        values = {**inherited(), **own, **more}
        return {name: value for name, value in values.items() if value}

    def run(self, *words: str, **environ: str) -> Told:
        """What the command line does, without a process of its own: those take half a second."""
        given, place = make_parser().parse_args(words), str(self.home)
        settings = Settings.from_env(
            self.environ(**environ),
            cwd=place,
            user_home=place,
            **{name: getattr(given, name) for name in setting_fields() if name != SECRET_FIELD},
        )
        carry_out = {"install": install, "uninstall": uninstall}[given.command]
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = carry_out(settings, given)
        return Told(code, out.getvalue(), err.getvalue())

    def shell(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *words],
            env=self.environ(**environ),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def file(self, host: Host) -> Path:
        return locate(host, {}, str(self.home), SYSTEM).path

    def has(self, host: Host, content: bytes) -> Path:
        file = self.file(host)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def entry(self, host: Host, name: str = "aquatint") -> dict[str, Any]:
        fields = edit.read(host.kind, self.file(host).read_bytes().decode())
        return fields_of(edit.entry_at(fields, (*host.path, name)))


@pytest.fixture
def me(tmp_path: Path) -> Person:
    return Person(tmp_path)


BY_NAME = {host.name: host for host in HOSTS}
EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
# As the hosts, their documentation and their users leave them: comments, other servers, odd
# indentation, CRLF, a byte order mark, letters of other scripts.
FILES = {
    "claude-desktop": (
        '{\r\n    "mcpServers": {\r\n        "dateien": {\r\n            "command": "npx",\r\n'
        '            "args": ["-y", "@x/fs", "C:\\\\Users\\\\Jörg\\\\文件"],\r\n'
        f'            "env": {{"GITHUB_TOKEN": "{FOREIGN}"}}\r\n        }}\r\n    }},\r\n'
        '    "globalShortcut": ""\r\n}'
    ).encode(),
    "claude-code": (
        '{\n  "numStartups": 41,\n  "mcpServers": {},\n  "projects": {\n    "/home/me/a": {\n'
        '      "mcpServers": {"x": {"command": "y"}},\n      "history": ["مرحبا"]\n'
        '    }\n  },\n  "oauthAccount": {"emailAddress": "me@example.com"}\n}\n'
    ).encode(),
    "vscode": (
        '\ufeff{\n\t// Servers for every workspace\n\t"inputs": [\n\t\t{\n'
        '\t\t\t"type": "promptString",\n\t\t\t"id": "gh",\n\t\t\t"description": "Token", // mine\n'
        '\t\t\t"password": true,\n\t\t},\n\t],\n\t"servers": {\n\t\t"github": {\n'
        '\t\t\t"url": "https://example.com/mcp/",\n\t\t\t"headers": {"A": "${input:gh}"},\n'
        '\t\t},\n\t\t/* later:\n\t\t"old": {} */\n\t},\n}\n'
    ).encode(),
    "cursor": b'{"mcpServers":{"a":{"url":"http://127.0.0.1:3000/mcp"}}}',
    "codex": (
        '# my codex\nmodel = "m" # why not\napproval_policy = "on-request"\n\n'
        '[projects."/home/me/täst"]\ntrust_level = "trusted"\n\n[mcp_servers.docs]\n'
        'command = "npx"\nargs = [\n  "-y", # yes\n  "docs",\n]\nstartup_timeout_sec = 30\n\n'
        f'[mcp_servers.docs.env]\nAPI_TOKEN = "{FOREIGN}"\n\n# the end\n[tui]\nb = 1\n'
    ).encode(),
    "gemini": (
        b'{\n   "theme": "Dracula", // dark\n   /* servers */\n   "mcpServers": {\n'
        b'      "py": {"command": "python", "env": {"K": "$K"}}\n   }\n}\n'
    ),
    "windsurf": b'{\n  "mcpServers": {\n  }\n}\n',
    "zed": (
        "// Zed settings\n//\n// For information, see the documentation.\n{\n"
        '  "theme": {"mode": "system", "light": "One Light"},\n'
        '  "context_servers": {\n    "svelte": {\n      "source": "custom",\n'
        '      "command": "npx",\n      "args": ["-y", "@x/mcp"],\n    }, // 好\n  },\n'
        '  "buffer_font_size": 15, // px\n}\n'
    ).encode(),
    "goose": (
        "GOOSE_PROVIDER: openai\n# what it may do\nextensions:\n  developer:\n    bundled: true\n"
        "    display_name: Developer\n    enabled: true # always\n    name: developer\n"
        "    timeout: 300\n    type: builtin\n  github:\n    cmd: npx\n    args:\n    - -y\n"
        f"    envs:\n      GITHUB_TOKEN: {FOREIGN}\n    type: stdio\n\nGOOSE_MODEL: m\n"
    ).encode(),
}


@EACH
def test_it_adds_one_entry_and_uninstall_leaves_the_file_as_it_was(me: Person, host: Host) -> None:
    file = me.has(host, FILES[host.name])
    file.chmod(0o640)
    done = me.shell("install", host.name, "--budget-usd", "2.5", AQUATINT_HOME="~/pics")
    assert done.returncode == 0, done.stderr
    entry = me.entry(host)
    assert entry[host.fields[0]] == SCRIPT
    env = entry[host.fields[2]]
    assert env["AQUATINT_BUDGET_USD"] == "2.5"
    assert env["AQUATINT_HOME"] == str(me.home / "pics")
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.with_name(file.name + BACKUP).read_bytes() == FILES[host.name]
    assert f"+++ {file}" in done.stdout
    shown = done.stdout + done.stderr + file.read_text("utf-8")
    assert SECRET not in shown
    assert FOREIGN not in done.stdout

    written = file.read_bytes()
    again = me.run("install", host.name)
    assert "Nothing to change" in again.stdout
    assert file.read_bytes() == written

    gone = me.run("uninstall", host.name)
    assert gone.returncode == 0, gone.stderr
    assert file.read_bytes() == FILES[host.name]
    assert [one.name for one in file.parent.iterdir() if BACKUP in one.name] == []


@EACH
def test_every_line_that_was_there_is_there_still(me: Person, host: Host) -> None:
    me.has(host, FILES[host.name])
    me.run("install", host.name)
    new = me.file(host).read_bytes().decode()
    words = [word for line in FILES[host.name].decode().splitlines() for word in line.split()]
    position = 0
    for word in words:
        position = new.index(word.rstrip(",}"), position)
    assert b"\r\n" not in FILES[host.name] or "\n" not in new.replace("\r\n", "")


@EACH
@pytest.mark.parametrize("empty", [None, b"", b"\n"], ids=["missing", "empty", "a line end"])
def test_it_makes_a_configuration_where_there_is_none(
    me: Person, host: Host, empty: bytes | None
) -> None:
    if empty is not None:
        me.has(host, empty)
    assert me.run("install", host.name).returncode == 0
    assert me.entry(host)[host.fields[0]] == SCRIPT
    if empty is None:
        assert me.file(host).stat().st_mode & 0o077 == 0
    me.run("uninstall", host.name)
    assert (me.file(host).read_bytes() if me.file(host).exists() else None) == empty


@EACH
def test_the_key_is_referred_to_as_the_host_resolves_it(me: Person, host: Host) -> None:
    done = me.run("install", host.name)
    entry = me.entry(host)
    named = {
        "reference": lambda: entry["env"][KEY] == host.reference,
        "input": lambda: entry["env"][KEY] == "${input:aquatint-openai-key}",
        "forward": lambda: entry["env_vars"] == [KEY],
        "keyring": lambda: entry["env_keys"] == [KEY],
        "inherit": lambda: KEY not in str(entry) and "own environment" in done.stdout,
        "file": lambda: KEY not in str(entry) and "--key-in-file" in done.stdout,
    }
    assert named[host.way]()


def test_vscode_asks_for_the_key_once_and_keeps_it_secret(me: Person) -> None:
    host = BY_NAME["vscode"]
    me.run("install", "vscode")
    fields = edit.read("json", me.file(host).read_text("utf-8"))
    assert [(one["id"], one["password"]) for one in fields["inputs"]] == [
        ("aquatint-openai-key", True)
    ]


@EACH
def test_the_key_is_written_only_when_told_and_never_shown(me: Person, host: Host) -> None:
    done = me.run("install", host.name, "--key-in-file")
    shown = me.run("install", host.name, "--key-in-file", "--print")
    assert SECRET in me.file(host).read_text("utf-8")
    assert me.file(host).stat().st_mode & 0o077 == 0
    for one in (done, shown, me.run("install", host.name, "--size", "64x64"), me.run("install")):
        assert one.returncode == 0, one.stderr
        assert SECRET not in one.stdout + one.stderr
    assert me.entry(host)[host.fields[2]][KEY] == SECRET  # brought up to date, the key kept


def test_no_key_goes_into_a_file_that_a_project_shares(me: Person) -> None:
    refused = me.run("install", "cursor", "--project", "--key-in-file")
    assert refused.returncode == 1
    assert "shared" in refused.stderr
    none = me.run("install", "cursor", "--key-in-file", OPENAI_API_KEY="")
    assert none.returncode == 1
    assert "no key can be written" in none.stderr


@EACH
def test_print_only_prints_what_can_be_pasted(me: Person, host: Host) -> None:
    shown = me.run("install", host.name, "--print", "--name", "pictures")
    assert list(me.home.iterdir()) == []
    fields = edit.read(host.kind, shown.stdout)
    assert edit.entry_at(fields, (*host.path, "pictures", host.fields[0])) == SCRIPT


@pytest.mark.parametrize("name", [host.name for host in HOSTS if host.project])
def test_a_project_has_its_own_configuration(me: Person, name: str) -> None:
    host = BY_NAME[name]
    (me.home / "work").mkdir()
    assert me.run("install", name, "--project", "work").returncode == 0
    assert (me.home / "work" / str(host.project)).exists()
    assert not me.file(host).exists()
    me.run("uninstall", name, "--project", "work")
    assert not (me.home / "work" / str(host.project)).exists()


def test_a_host_without_projects_says_so(me: Person) -> None:
    refused = me.run("install", "windsurf", "--project")
    assert refused.returncode == 1
    assert "no configuration for single projects" in refused.stderr


OTHER: dict[str, bytes] = {
    "cursor": b'{"mcpServers": {"aquatint": {"command": "npx", "args": ["painter"]}}}',
    "codex": b'[mcp_servers.aquatint]\ncommand = "npx"\n',
    "goose": b"extensions:\n  aquatint:\n    type: stdio\n    cmd: npx\n",
}


@pytest.mark.parametrize("name", OTHER)
def test_another_servers_entry_is_replaced_only_by_force(me: Person, name: str) -> None:
    host = BY_NAME[name]
    file = me.has(host, OTHER[name])
    for command in ("install", "uninstall"):
        refused = me.run(command, name)
        assert refused.returncode == 1
        assert "--force" in refused.stderr
        assert file.read_bytes() == OTHER[name]
    assert me.run("install", name, "--name", "mine").returncode == 0
    assert me.run("install", name, "--force").returncode == 0
    assert me.entry(host)[host.fields[0]] == SCRIPT
    assert file.with_name(file.name + BACKUP).exists()


def test_an_older_entry_of_ours_keeps_what_a_person_added(me: Person) -> None:
    host = BY_NAME["cursor"]
    env = {KEY: "sk-...", "AQUATINT_SIZE": "64x64"}
    old = {"command": "/old/venv/bin/aquatint", "args": ["serve"], "env": env, "disabled": True}
    me.has(host, json.dumps({"mcpServers": {"aquatint": old}}).encode())
    assert me.run("install", "cursor", "--quality", "low").returncode == 0
    entry = me.entry(host)
    assert entry == {
        "command": SCRIPT,
        "args": [],
        "env": {
            KEY: "${env:OPENAI_API_KEY}",
            "AQUATINT_SIZE": "64x64",
            "AQUATINT_QUALITY": "low",
        },
        "disabled": True,
    }


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("claude-desktop", b'{\n  "mcpServers": {\n    "a": {}\n    "b": {}\n  }\n}', "line 4"),
        ("zed", b'{\n  // "x\n  "context_servers": [],\n}', "holds no entries"),
        ("codex", b"a = 1\nb = = 2\n", "line 2"),
        ("goose", b"a: 1\n b: [\n", "line 2"),
        ("cursor", b"\xff\xfe{\x00}\x00", "not UTF-8"),
    ],
)
def test_a_broken_file_is_an_error_and_stays(
    me: Person, name: str, content: bytes, told: str
) -> None:
    file = me.has(BY_NAME[name], content)
    for command in ("install", "uninstall")[: 1 + (name != "zed")]:
        failed = me.run(command, name)
        assert failed.returncode == 1
        assert told in failed.stderr
        assert str(file) in failed.stderr
        assert "Nothing was written" in failed.stderr
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert file.read_bytes() == content


def test_a_link_stays_a_link_and_is_named(me: Person) -> None:
    host = BY_NAME["cursor"]
    real = me.home / "dotfiles" / "mcp.json"
    real.parent.mkdir()
    real.write_bytes(FILES["cursor"])
    me.file(host).parent.mkdir()
    me.file(host).symlink_to(real)
    done = me.run("install", "cursor")
    assert "is a link" in done.stdout
    assert me.file(host).is_symlink()
    assert b"aquatint" in real.read_bytes()
    me.run("uninstall", "cursor")
    assert real.read_bytes() == FILES["cursor"]


def test_a_folder_that_cannot_be_written_is_named(me: Person) -> None:
    (me.home / ".cursor").write_text("not a folder")
    failed = me.run("install", "cursor")
    assert failed.returncode == 1
    assert str(me.file(BY_NAME["cursor"])) in failed.stderr
    assert "Traceback" not in failed.stderr


def test_without_a_host_it_lists_them_and_where(me: Person) -> None:
    me.has(BY_NAME["zed"], FILES["zed"])
    me.run("install", "zed")
    listed = me.run("install")
    assert listed.returncode == 0
    for host in HOSTS:
        assert str(me.file(host)) in listed.stdout
    assert "found, set up as aquatint" in listed.stdout
    assert me.shell("install", "emacs").returncode == 2


def test_what_a_variable_of_the_host_moves_is_found_there(me: Person) -> None:
    moved = me.home / "elsewhere"
    me.run("install", "codex", CODEX_HOME=str(moved))
    assert tomllib.loads((moved / "config.toml").read_text("utf-8"))["mcp_servers"]["aquatint"]
    me.run("install", "goose", XDG_CONFIG_HOME=str(moved))
    goose = yaml.safe_load((moved / "goose" / "config.yaml").read_text("utf-8"))
    assert goose["extensions"]["aquatint"]["cmd"] == SCRIPT


@pytest.mark.parametrize("name", ["claude-desktop", "vscode", "codex", "zed", "goose"])
async def test_what_was_written_starts_and_lists_its_tools(me: Person, name: str) -> None:
    host = BY_NAME[name]
    me.run("install", name, "--size", "64x64", AQUATINT_HOME="~/pics")
    entry = me.entry(host)
    program, arguments, environment = host.fields
    env = {key: value for key, value in entry[environment].items() if key != KEY}
    server = StdioServerParameters(
        command=entry[program],
        args=entry[arguments],
        env={**inherited(), **env, "HOME": str(me.home)},
        cwd="/",
    )
    with anyio.fail_after(30):
        async with Client(server) as client:
            assert len((await client.list_tools()).tools) == 8


def findings(me: Person, **environ: str) -> list[tuple[str, str, str]]:
    settings = Settings.from_env(environ, cwd=str(me.home), user_home=str(me.home))
    found = inspect(settings, {"PATH": "/usr/bin:/bin"}, SYSTEM)
    return [(one.name, one.level, one.text + " " + one.fix) for one in found]


@EACH
def test_the_doctor_finds_nothing_wrong_with_what_install_wrote(me: Person, host: Host) -> None:
    assert findings(me) == []
    me.run("install", host.name, *(["--key-in-file"] if host.way == "file" else []))
    assert [(name, level) for name, level, _ in findings(me, OPENAI_API_KEY=SECRET)] == [
        (f"host {host.name}", "ok")
    ]


FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("cursor", {"command": "/gone/aquatint"}, "fail", "/gone/aquatint does not exist"),
    ("cursor", {"command": "aquatint"}, "fail", "nowhere on PATH"),
    ("cursor", {"command": "sh", "args": ["-c", "x", "aquatint"]}, "warn", "is not absolute"),
    ("cursor", {"env": {KEY: SECRET, "AQUATINT_HOEM": "/x"}}, "fail", "Did you mean AQUATINT_HOME"),
    ("cursor", {"env": {KEY: SECRET, "AQUATINT_HOME": "pics"}}, "fail", "a relative path"),
    ("cursor", {"env": {KEY: SECRET, "AQUATINT_WAIT": "soon"}}, "fail", "AQUATINT_WAIT"),
    ("cursor", {"env": {KEY: "sk-..."}}, "fail", "a placeholder"),
    ("cursor", {"env": {KEY: "your-api-key-here"}}, "fail", "a placeholder"),
    ("cursor", {"env": {}}, "warn", "it has no key"),
    ("cursor", {"env": {KEY: "${OPENAI_API_KEY}"}}, "fail", "does not resolve"),
    ("claude-desktop", {"env": {KEY: "${OPENAI_API_KEY}"}}, "fail", "does not resolve"),
    ("vscode", {"env": {KEY: "${input:k}"}}, "fail", "no input answers"),
    ("codex", {"env": {}, "env_vars": []}, "warn", "does not forward"),
    ("cursor", {"command": "/bin/sh", "args": ["aquatint"]}, "warn", "and this is"),
]


@pytest.mark.parametrize(("name", "change", "level", "told"), FAULTS)
def test_the_doctor_names_the_fault(
    me: Person, name: str, change: dict[str, Any], level: str, told: str
) -> None:
    host = BY_NAME[name]
    plain: dict[str, Any] = {"command": SCRIPT, "args": [], "env": {KEY: SECRET}, **change}
    file = me.has(host, edit.put(host.kind, "", (*host.path, "aquatint"), plain).encode())
    file.chmod(0o600)
    found = findings(me, OPENAI_API_KEY=SECRET)
    assert [(one[1], told in one[2]) for one in found] == [(level, True)], found
    assert SECRET not in str(found)


def test_the_doctor_names_a_file_its_host_cannot_read(me: Person) -> None:
    me.has(BY_NAME["claude-code"], b'{\n// mine\n"mcpServers": {"a": {"command": "aquatint"}}}')
    me.has(BY_NAME["gemini"], b'{/* ok */ "mcpServers": {"aquatint": {"command": "aquatint"},}}')
    me.has(BY_NAME["zed"], b'{"context_servers": {"aquatint": {')
    told = {(name, text) for name, level, text in findings(me) if level == "fail"}
    assert any(name == "host claude-code" and "line 2" in text for name, text in told)
    assert any(name == "host gemini" and "no trailing commas" in text for name, text in told)
    assert any(name == "host zed" and "line 1" in text for name, text in told)


def test_the_doctor_minds_a_key_that_others_can_read(me: Person) -> None:
    me.run("install", "claude-desktop", "--key-in-file")
    os.chmod(me.file(BY_NAME["claude-desktop"]), 0o644)  # noqa: PTH101
    (found,) = findings(me, OPENAI_API_KEY=SECRET)
    assert found[1] == "warn"
    assert "chmod 600" in found[2]


def a_command(folder: Path, name: str, *lines: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    (folder / name).chmod(0o755)
    return str(folder)


def test_the_command_of_vscode_is_given_the_entry_and_its_question(me: Person) -> None:
    path = a_command(me.home / "bin", "code", 'printf "%s" "$2" > "$HOME/told"')
    done = me.run("install", "vscode", "--by", "host", PATH=f"{path}:/bin:/usr/bin")
    assert done.returncode == 0, done.stderr
    told = json.loads((me.home / "told").read_text("utf-8"))
    assert (told["name"], told["command"]) == ("aquatint", SCRIPT)
    assert told["inputs"][0]["password"] is True
    # That one wrote nothing, so we did.
    assert me.entry(BY_NAME["vscode"])["command"] == SCRIPT


def test_a_hosts_command_that_fails_is_quoted_and_nothing_is_written(me: Person) -> None:
    path = a_command(me.home / "bin", "claude", 'echo "no: $OPENAI_API_KEY" >&2', "exit 3")
    failed = me.run("install", "claude-code", PATH=f"{path}:/bin:/usr/bin")
    assert failed.returncode == 1
    assert "failed: no:\n" in failed.stderr  # and it was not handed the key
    assert "--by file" in failed.stderr
    assert SECRET not in failed.stderr
    assert not me.file(BY_NAME["claude-code"]).exists()
    assert me.run("install", "cursor", "--by", "host").returncode == 1

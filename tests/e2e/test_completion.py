"""Completion in the real shells: what TAB makes of a line that was begun."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inherited import inherited
from screen import Terminal, aquatint

pytest.importorskip("shtab")
NAMES = (
    "2026-11-21-a-fox-aaaabbbbccccdddd.png",
    "2026-11-20-fuchs-im-schnee-zzzzyyyyxxxx2345.webp",
)


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    """A home with two pictures, so far as a shell can see."""
    home.mkdir()
    for name in NAMES:
        (home / name).touch()
    (home / ".aquatint").mkdir()
    own = {"AQUATINT_HOME": str(home), "HOME": str(home), "TERM": "vt100"}
    return {**inherited(), "PATH": "/usr/bin:/bin", **own}


def script(shell: str, env: dict[str, str], folder: Path) -> Path:
    file = folder / f"completion.{shell}"
    made = subprocess.run(
        aquatint("completion", shell), env=env, cwd=folder, capture_output=True, check=True
    )
    file.write_bytes(made.stdout)
    return file


@contextmanager
def typing(argv: list[str], env: dict[str, str], folder: Path, *first: str) -> Generator[Terminal]:
    with Terminal(argv, {**env, "PS1": "? "}, folder) as shell:
        for line in first:
            shell.type(f"{line}\n")
        shell.type("echo rea''dy\n")
        shell.until(r"[\r\n]ready")
        yield shell


def completed(shell: Terminal, begun: str, wanted: str) -> None:
    """TAB after `begun` makes the line that follows it in `wanted`; the line is then given up."""
    shell.seen = b""
    shell.type(f"{begun}\t")
    shell.until(re.escape(wanted.rstrip()))
    shell.type("\x15")


LINES = (
    ("aquatint comp", "aquatint completion "),
    ("aquatint draw x --exact", "aquatint draw x --exact-size "),
    ("aquatint draw x --quality medi", "--quality medium "),
    ("aquatint show aaaa", "aquatint show aaaabbbbccccdddd"),
    ("aquatint edit latest --mask zz", "--mask zzzzyyyyxxxx2345"),
    ("aquatint add notes", "aquatint add notes.txt"),
)


def test_bash_completes_commands_options_words_pictures_and_files(
    env: dict[str, str], workspace: Path
) -> None:
    (workspace / "notes.txt").touch()
    source = f"source {script('bash', env, workspace)}"
    with typing(["bash", "--norc", "--noprofile", "-i"], env, workspace, source) as shell:
        for begun, wanted in LINES:
            completed(shell, begun, wanted)


def have(program: str) -> None:
    if shutil.which(program) is None:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", program], check=True)


@pytest.mark.full
def test_zsh_completes_the_same(env: dict[str, str], workspace: Path) -> None:
    have("zsh")
    (workspace / "notes.txt").touch()
    script("zsh", env, workspace).rename(workspace / "_aquatint")
    first = ("fpath=($PWD $fpath)", "autoload -Uz compinit && compinit -u -D")
    with typing(["zsh", "-f", "-i"], env, workspace, *first) as shell:
        for begun, wanted in LINES:
            completed(shell, begun, wanted)


@pytest.mark.full
def test_fish_completes_the_same_and_says_what_each_is(
    env: dict[str, str], workspace: Path
) -> None:
    have("fish")
    (workspace / "notes.txt").touch()
    file = script("fish", env, workspace)

    def offered(begun: str) -> list[str]:
        argv = ["fish", "--no-config", "-c", f"source {file}; complete -C '{begun}'"]
        told = subprocess.run(argv, env=env, cwd=workspace, capture_output=True, check=True)
        return told.stdout.decode().splitlines()

    for begun, wanted in LINES:
        assert wanted.split()[-1] in [line.split("\t")[0] for line in offered(begun)]
    assert "aaaabbbbccccdddd\ta-fox" in offered("aquatint show ")

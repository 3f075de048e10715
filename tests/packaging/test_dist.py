"""The wheel and the sdist as strangers get them: started by uvx and by pipx from the built file."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

import wheels
from outsider import ROOT, TOOLS, makes_a_draft, strangers

BUILT = [f"dist/{wheels.WHEEL}", f"dist/{wheels.SDIST}"]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    wheels.build(ROOT, tmp_path, "-t", "wheel")
    return tmp_path / wheels.WHEEL


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    assert wheels.faults_of_wheel(wheel) == []
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if "test" in name]


def test_a_wheel_that_lacks_or_holds_too_much_is_refused(wheel: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.whl"
    with zipfile.ZipFile(wheel) as good, zipfile.ZipFile(bad, "w") as archive:
        for name in good.namelist():
            if name != "aquatint/py.typed":
                text = good.read(name)
                archive.writestr(name, text.replace(b"mcp-name", b"mcp-nobody"))
        archive.writestr("tests/test_it.py", "")
    assert wheels.faults_of_wheel(bad) == [
        "bad.whl lacks aquatint/py.typed",
        "bad.whl holds tests/test_it.py",
        "bad.whl carries no mcp-name for the registry: make docs",
    ]


def test_the_same_commit_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    wheels.build(ROOT, again, "-t", "wheel")
    assert (again / wheels.WHEEL).read_bytes() == wheel.read_bytes()


@pytest.mark.full
@pytest.mark.parametrize("file", BUILT)
async def test_uvx_starts_the_built_file(file: str, dist: Path, tmp_path: Path) -> None:
    images = tmp_path / "pictures"
    environ = strangers(tmp_path, AQUATINT_HOME=str(images), AQUATINT_MIN_FREE="0")
    command = [str(TOOLS / "uvx"), "--from", str(dist.parent / file), "aquatint"]
    await makes_a_draft(command, environ, images)


@pytest.mark.full
async def test_pipx_runs_the_built_wheel(dist: Path, tmp_path: Path) -> None:
    images = tmp_path / "pictures"
    environ = strangers(tmp_path, AQUATINT_HOME=str(images), AQUATINT_MIN_FREE="0")
    command = [str(TOOLS / "pipx"), "run", "--spec", str(dist / wheels.WHEEL), "aquatint"]
    await makes_a_draft(command, environ, images)


@pytest.mark.full
async def test_pipx_installs_the_built_sdist(dist: Path, tmp_path: Path) -> None:
    images = tmp_path / "pictures"
    environ = strangers(tmp_path, AQUATINT_HOME=str(images), AQUATINT_MIN_FREE="0")
    install = [TOOLS / "pipx", "install", dist / wheels.SDIST]
    told = subprocess.run(install, env=environ, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    await makes_a_draft([str(tmp_path / ".local/bin/aquatint")], environ, images)

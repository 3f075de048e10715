"""Builds the wheel and the sdist in dist/, and refuses what is not fit to publish (`make dist`).

The same commit gives the same bytes on any machine: the time in the archives is the commit's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from aquatint import __version__

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
WHEEL = f"aquatint-{__version__}-py3-none-any.whl"
SDIST = f"aquatint-{__version__}.tar.gz"
NEEDED = {
    "aquatint/__main__.py",
    "aquatint/domain/models/models.toml",
    "aquatint/mcp_server/prompts/closing.md",
    "aquatint/py.typed",
}
NEEDED_META = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def build(source: Path, target: Path, *what: str) -> None:
    """Run the locked back end, in no environment but ours, so that nothing is fetched."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target), *what]
    told = subprocess.run(command, cwd=source, env=dated(), capture_output=True, check=False)  # noqa: S603  # our own
    if told.returncode:
        sys.exit(told.stderr.decode())


def dated() -> dict[str, str]:
    """The environment with the time of the commit, where there is one and nothing else was said."""
    asked = ["git", "log", "-1", "--format=%ct"]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    epoch = {"SOURCE_DATE_EPOCH": told.stdout.strip()} if told.stdout.strip() else {}
    return {**epoch, **os.environ}


def faults_of_wheel(path: Path) -> list[str]:
    """What is missing from a wheel, and what does not belong there."""
    meta = f"aquatint-{__version__}.dist-info/"
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"{meta}METADATA").decode()
    wanted = NEEDED | {meta + name for name in NEEDED_META}
    sources = {
        one.relative_to(ROOT / "server").as_posix()
        for one in (ROOT / "server/aquatint").rglob("*")
        if one.is_file() and "__pycache__" not in one.parts
    }
    faults = [f"{path.name} lacks {name}" for name in sorted((wanted | sources) - names)]
    strange = sorted(name for name in names - sources if not name.startswith(meta))
    faults += [f"{path.name} holds {name}" for name in strange]
    if not re.search(r"^<!-- mcp-name: \S+ -->$", metadata, re.MULTILINE):
        faults.append(f"{path.name} carries no mcp-name for the registry: make docs")
    return faults


def faults_of_sdist(path: Path, wheel: bytes) -> list[str]:
    """Whether the sdist alone gives the very same wheel."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(path, folder)
        source = Path(folder) / path.name.removesuffix(".tar.gz")
        build(source, Path(folder), "-t", "wheel")
        same = (Path(folder) / WHEEL).read_bytes() == wheel
    return [] if same else [f"{path.name} builds another wheel than this folder does"]


def main() -> int:
    for old in (*DIST.glob("aquatint-*.whl"), *DIST.glob("aquatint-*.tar.gz")):
        old.unlink()
    build(ROOT, DIST)
    wheel, sdist = DIST / WHEEL, DIST / SDIST
    faults = [*faults_of_wheel(wheel), *faults_of_sdist(sdist, wheel.read_bytes())]
    for line in faults or (f"{path} {path.stat().st_size:,} bytes" for path in (wheel, sdist)):
        sys.stdout.write(f"{line}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

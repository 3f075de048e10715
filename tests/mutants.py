"""Breaks the code in one place after another, in a copy of it, and tells what no test noticed.

`python tests/mutants.py [WORD...]` tries the rows of mutants.toml, or those whose names hold one of
the words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]
ROWS = Path(__file__).with_suffix(".toml")
NEEDED = ("server", "tests", "docs", "packaging", "examples", "pyproject.toml", "README.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", ".venv*")
FAILED = 1  # pytest's exit code when a test failed; 0 when all passed
AT_ONCE = 3  # each in a copy of its own: starting pytest is most of the time
PATIENCE = 150.0  # seconds; a mutant that hangs is noticed


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str
    tests: list[str]

    def fits(self, root: Path) -> bool:
        """Whether the text to change stands there, once."""
        return self.place(root).read_text("utf-8").count(self.old) == 1

    def place(self, root: Path) -> Path:
        return root / "server/aquatint" / self.file


def mutants() -> list[Mutant]:
    rows = tomllib.loads(ROWS.read_text("utf-8"))
    return [Mutant(name, **row) for name, row in rows.items()]


def copied(root: Path) -> Path:
    root.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(ROOT / name, root / name)
    return root


def run(root: Path, tests: Sequence[str], *options: str) -> int:
    """pytest's exit code on the copy, which stands before the package that is installed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *options]
    environ = {**os.environ, "PYTHONPATH": str(root / "server"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            [*command, *(f"tests/{test}" for test in tests)],
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return FAILED


def tried(mutant: Mutant, root: Path) -> str:
    """What became of it: killed, SURVIVED, or why it could not be tried."""
    if not mutant.fits(root):
        return "DOES NOT FIT: its text does not stand there once"
    place = mutant.place(root)
    text = place.read_text("utf-8")
    place.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    code = run(root, mutant.tests)
    place.write_text(text, "utf-8")
    return {0: "SURVIVED", FAILED: "killed"}.get(code, f"NOT TRIED: pytest ended with {code}")


def main(words: Sequence[str]) -> int:
    chosen = [one for one in mutants() if not words or any(word in one.name for word in words)]
    alive: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        free: SimpleQueue[Path] = SimpleQueue()
        for at in range(AT_ONCE):
            free.put(copied(Path(folder) / str(at)))
        tests = sorted({test for one in chosen for test in one.tests})
        if run(Path(folder) / "0", tests, "-n", str(AT_ONCE)) != 0:
            print("The tests do not pass without a mutant.")
            return 1

        def end_of(one: Mutant) -> str:
            root = free.get()
            try:
                return tried(one, root)
            finally:
                free.put(root)

        for one, end in zip(chosen, pool.map(end_of, chosen), strict=True):
            print(f"{one.name:45} {end}", flush=True)
            alive += [] if end == "killed" else [one.name]
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutants killed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

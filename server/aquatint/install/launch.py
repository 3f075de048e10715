"""How a host starts this aquatint again: the command that is written into its configuration."""

from __future__ import annotations

import json
import re
import shutil
import sysconfig
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

# Environments that their makers delete again: uvx's, and pipx run's.
UV_CACHE = re.compile(r"[/\\](archive-v\d+|environments-v\d+|builds-v\d+)[/\\]")
PIPX_CACHE = re.compile(
    r"[/\\](\.cache[/\\]pipx|pipx[/\\]\.cache|pipx[/\\]cache)[/\\]", re.IGNORECASE
)


def launch_command(executable: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The absolute command that starts what runs now, or fetches it again where it would vanish.

    `executable` is sys.executable. Programs are absolute because hosts with windows have a short
    PATH of their own.
    """
    runner = _runner(executable, environ)
    if runner:
        return runner
    folder = Path(sysconfig.get_path("scripts"))
    for name in ("aquatint", "aquatint.exe"):
        if (folder / name).is_file():
            return (str(folder / name),)
    return (executable, "-m", "aquatint")


def _runner(executable: str, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    path = environ.get("PATH", "")
    cache = environ.get("UV_CACHE_DIR")
    if UV_CACHE.search(executable) or (cache and Path(executable).is_relative_to(cache)):
        uv = environ.get("UV")  # uv tells what it starts where it is
        beside = str(Path(uv).parent) if uv else ""
        uvx = shutil.which("uvx", path=beside) or shutil.which("uvx", path=path) or "uvx"
        origin = _origin()
        return (uvx, "--from", origin, "aquatint") if origin else (uvx, "aquatint")
    if PIPX_CACHE.search(executable):
        pipx = shutil.which("pipx", path=path) or "pipx"
        origin = _origin()
        return (pipx, "run", "--spec", origin, "aquatint") if origin else (pipx, "run", "aquatint")
    return None


def _origin() -> str | None:
    """Where this package was installed from, if not from the index: a file, a folder, a commit."""
    try:
        text = distribution("aquatint").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    if not text:
        return None
    url = json.loads(text)
    vcs = url.get("vcs_info")
    return f"{vcs['vcs']}+{url['url']}@{vcs['commit_id']}" if vcs else str(url["url"])

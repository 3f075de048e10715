"""The files of hosts: found, read, backed up, and replaced in one step or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import Misconfigured
from .hosts import Host, marks, places

BACKUP = ".before-aquatint"


@dataclass(frozen=True, slots=True)
class Place:
    """A host's configuration: its path, whether it exists, and whether the host seems to."""

    path: Path
    exists: bool
    found: bool


def locate(host: Host, environ: Mapping[str, str], home: str, system: str) -> Place:
    """Where this user's configuration of the host is, or would be.

    The likeliest place with a file wins, then one whose folder is there, then the likeliest.
    """
    paths = [Path(one) for one in places(host, environ, home, system)]
    for path in paths:
        if path.exists() or path.is_symlink():
            return Place(path, path.exists(), found=True)
    for path in paths:
        if path.parent.is_dir() and str(path.parent) != home:
            return Place(path, exists=False, found=True)
    seen = any(Path(one).exists() for one in marks(host, environ, home, system))
    return Place(paths[0], exists=False, found=seen)


def read_text(path: Path) -> str:
    """The file's text with its own line ends, "" for no file. Raises Misconfigured."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        fix = "Save it as UTF-8 in an editor, then run this again. Nothing was written."
        raise Misconfigured(f"{path} is not UTF-8 (byte {error.start}).", fix) from error
    except OSError as error:
        fix = "Make it readable for you, or name another with --file."
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.", fix) from error


def write_text(path: Path, before: str, after: str, *, private: bool) -> Path:
    """Put `after` in the place of `before`; gives the file that was written.

    A link stays, and the file it points to is replaced. Permissions stay; a new file is for its
    owner alone if `private`. Raises Misconfigured where the file changed meanwhile.
    """
    real = Path(os.path.realpath(path))
    if path.is_symlink() and not real.parent.is_dir():
        fix = "Remove the link or make its folder. Nothing was written."
        raise Misconfigured(f"{path} is a link to {real}, and that folder is not there.", fix)
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        if read_text(real) != before:
            fix = "Run this again. Nothing was written."
            raise Misconfigured(f"{path} was changed by another program at the same time.", fix)
        _replace(real, after.encode(), 0o600 if private else 0o644)
    except OSError as error:
        fix = "Make its folder writable for you, or name another file with --file."
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.", fix) from error
    return real


def back_up(path: Path, text: str) -> Path:
    """A copy of the text beside its file, with the file's permissions."""
    real = Path(os.path.realpath(path))
    backup = real.with_name(real.name + BACKUP)
    try:
        _replace(backup, text.encode(), stat.S_IMODE(real.stat().st_mode), like=real)
    except OSError as error:
        fix = "Make its folder writable for you. Nothing was written."
        raise Misconfigured(f"{backup} cannot be written: {error.strerror}.", fix) from error
    return backup


def backup_of(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return real.with_name(real.name + BACKUP)


def open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read the file."""
    return os.name == "posix" and path.exists() and bool(path.stat().st_mode & 0o077)


def _replace(real: Path, content: bytes, new_mode: int, *, like: Path | None = None) -> None:
    """Write beside the file, then rename: there is the old or the new one, never a part."""
    known = like or real
    old = known.stat() if known.exists() else None
    handle, temporary = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(stat.S_IMODE(old.st_mode) if old else new_mode)
        if old and os.name == "posix":
            with contextlib.suppress(PermissionError):  # only root may give a file away
                os.chown(temporary, old.st_uid, old.st_gid)
        Path(temporary).replace(real)
    finally:
        Path(temporary).unlink(missing_ok=True)

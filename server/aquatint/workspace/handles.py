"""Opens folders and files below a root by handles and follows no link; it knows no policy."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

HANDLES = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd

# Windows has few of these flags, and needs one that others lack.
_LINKLESS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | _LINKLESS | getattr(os, "O_DIRECTORY", 0)
_FILE = os.O_RDONLY | _LINKLESS | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _LINKLESS
_NO_HARD_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
_IS_LINK = {errno.ELOOP, errno.EMLINK}  # what O_NOFOLLOW says; with O_DIRECTORY some say ENOTDIR


class Linked(Exception):
    """A name on the way is a symbolic link (or a junction)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder; `fd` is None where the system has no handles to walk (Windows)."""

    path: str
    fd: int | None

    def entry(self, name: str) -> str:
        """What to call a file of this folder, together with `dir_fd=self.fd`."""
        return name if self.fd is not None else str(Path(self.path, name))

    def look(self, name: str) -> os.stat_result | None:
        """What stands under a name, the link itself if it is one; None when nothing does."""
        try:
            return os.stat(self.entry(name), dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_link(self, name: str) -> bool:
        info = self.look(name)
        return info is not None and stat.S_ISLNK(info.st_mode)

    def names(self, limit: int) -> list[str]:
        with os.scandir(self.path if self.fd is None else self.fd) as entries:
            return [entry.name for entry in islice(entries, limit)]

    def writable(self) -> bool:
        here = "." if self.fd is not None else self.path
        effective = os.access in os.supports_effective_ids
        return os.access(here, os.W_OK | os.X_OK, dir_fd=self.fd, effective_ids=effective)


@contextlib.contextmanager
def enter(
    root: str, parts: Sequence[str], *, make: bool = False, handles: bool = HANDLES
) -> Generator[Folder]:
    """Open root/parts, one handle at a time. Raises Linked and OSError; `make` adds folders."""
    path = str(Path(root, *parts))
    if not handles:
        yield _resolved(root, path, make)
        return
    fd = os.open(root, _FOLDER)
    try:
        for name in parts:
            below = _step(Folder(root, fd), name, make)
            os.close(fd)
            fd = below
        yield Folder(path, fd)
    finally:
        os.close(fd)


def _step(folder: Folder, name: str, make: bool) -> int:
    if make and folder.look(name) is None:
        with contextlib.suppress(FileExistsError):  # someone else was quicker
            os.mkdir(name, dir_fd=folder.fd)
    try:
        return os.open(name, _FOLDER, dir_fd=folder.fd)
    except OSError as error:
        if error.errno in _IS_LINK or folder.is_link(name):
            raise Linked(name) from error
        raise


def _resolved(root: str, path: str, make: bool) -> Folder:
    """Resolve, then check: it loses a race against someone who swaps folders for links."""
    real = os.path.realpath(path)
    if os.path.normcase(real) != os.path.normcase(path):
        raise Linked(os.path.relpath(path, root))
    if make:
        Path(path).mkdir(parents=True, exist_ok=True)
    if not stat.S_ISDIR(Path(path).stat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    return Folder(path, None)


@contextlib.contextmanager
def open_file(folder: Folder, name: str) -> Generator[int]:
    """A read handle to whatever stands there, at once even for a pipe; judge it by `fstat`."""
    if folder.fd is None and folder.is_link(name):
        raise Linked(name)
    try:
        fd = os.open(folder.entry(name), _FILE, dir_fd=folder.fd)
    except OSError as error:
        if error.errno in _IS_LINK or folder.is_link(name):
            raise Linked(name) from error
        raise
    try:
        yield fd
    finally:
        os.close(fd)


def read(fd: int, limit: int) -> bytes | None:
    """All bytes of an open file, None when there are more than `limit`."""
    chunks = list[bytes]()
    size = 0
    while chunk := os.read(fd, 1 << 20):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            return None
    return b"".join(chunks)


def write(folder: Folder, name: str, part: str, data: bytes, *, overwrite: bool) -> None:
    """Write `data` under `part`, then give it its name, whole or not at all.

    Raises FileExistsError when the name is taken and `overwrite` is false, else OSError.
    """
    fd = os.open(folder.entry(part), _NEW, 0o666, dir_fd=folder.fd)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        _settle(folder, part, name, overwrite)
    finally:
        with contextlib.suppress(FileNotFoundError):  # a rename took it
            os.unlink(folder.entry(part), dir_fd=folder.fd)
    if folder.fd is not None:
        with contextlib.suppress(OSError):  # some network folders cannot; the file itself is safe
            os.fsync(folder.fd)


def _settle(folder: Folder, part: str, name: str, overwrite: bool) -> None:
    source, final, fd = folder.entry(part), folder.entry(name), folder.fd
    if not overwrite:
        follow = os.link not in os.supports_follow_symlinks  # Windows has no choice
        try:
            os.link(source, final, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=follow)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            os.close(os.open(final, _NEW, 0o666, dir_fd=fd))  # claim the name, then replace it
        else:
            return
    os.replace(source, final, src_dir_fd=fd, dst_dir_fd=fd)

"""The only way to files that are not ours: which folders are open, and what may be done there."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath

import anyio.to_thread

from ..domain.errors import BadImage, BadRequest, NoSuchImage, NotKept, PathNotAllowed
from ..domain.outside import Target
from ..domain.types import LOCAL, Caller, Finding
from . import handles as folders
from .policy import Root, Roots, bad_path, is_hidden, shown

EXTENSIONS = frozenset({"png", "jpg", "jpeg", "webp", "gif", "avif", "ico", "svg"})
_IMAGES = EXTENSIONS | {"heic", "heif", "bmp", "tif", "tiff"}  # worth naming as a near name
_NEAR_AMONG = 2_000  # entries of a folder that are looked through for a near name


def _token() -> str:
    return os.urandom(8).hex()


class LocalWorkspace:
    """Reads and writes inside the allowed folders; implements the port Workspace.

    The local user reads below the workspace (the host's roots, else `cwd` unless that holds the
    whole home folder), below `roots` (AQUATINT_ROOTS), below aquatint's `home`, and, unless
    `strict`, below `user_home`, which is never written to. What is hidden (a name that starts with
    a dot) stays closed below both homes, and below a host's root that holds the user's.
    Anyone else has `roots` alone: the other folders hold other people's files.
    Our roots are resolved once, the host's with each call; below them no link is followed.
    """

    def __init__(
        self,
        *,
        home: str,
        roots: Sequence[str],
        cwd: str,
        user_home: str | None,
        strict: bool = False,
        max_bytes: int = 50_000_000,
        extensions: frozenset[str] = EXTENSIONS,
        token: Callable[[], str] = _token,
        handles: bool = folders.HANDLES,
    ) -> None:
        self._roots = Roots(home=home, roots=roots, cwd=cwd, user_home=user_home, strict=strict)
        self._max_bytes = max_bytes
        self._extensions = extensions
        self._token = token
        self._handles = handles

    async def read(self, path: str, caller: Caller) -> bytes:
        """A file's bytes. Raises PathNotAllowed, NoSuchImage or BadImage."""
        return await anyio.to_thread.run_sync(self._read, path, caller)

    async def place(self, path: str, caller: Caller) -> str:
        """The absolute path that a path means to the caller. Raises PathNotAllowed, BadRequest."""
        root, parts = await anyio.to_thread.run_sync(self._roots.locate, path, caller)
        return str(Path(root.real, *parts))

    async def digests(self, sizes: Mapping[str, int]) -> dict[str, str]:
        """The SHA-256 of those files that have exactly these sizes; of files we wrote, by path."""
        return await anyio.to_thread.run_sync(self._digests, sizes) if sizes else {}

    async def check_target(self, path: str, caller: Caller, overwrite: bool) -> Target:
        """Judge a place to write; missing folders are made later. PathNotAllowed, BadRequest."""
        return await anyio.to_thread.run_sync(self._check_target, path, caller, overwrite)

    async def write(self, target: Target, data: bytes, caller: Caller, overwrite: bool) -> None:
        """Write atomically, judged again. Raises PathNotAllowed, BadRequest or NotKept."""
        await anyio.to_thread.run_sync(self._write, target.path, data, caller, overwrite)

    def read_roots(self, caller: Caller) -> list[str]:
        """The folders this caller may read below."""
        return [root.real for root in self._roots.readable(caller)]

    def write_roots(self, caller: Caller) -> list[str]:
        """The folders this caller may write below."""
        return [root.real for root in self._roots.writable(caller)]

    def workspace(self, caller: Caller) -> str:
        """Where a relative path starts: the first workspace root, else aquatint's home."""
        return self._roots.workspace(caller)

    async def check(self) -> list[Finding]:
        """Whether the folders that `save_to` may write to are there."""
        return await anyio.to_thread.run_sync(self._check)

    def _read(self, path: str, caller: Caller) -> bytes:
        root, parts = self._roots.locate(path, caller)
        if not parts:
            raise BadImage(f"{shown(path)} is a folder.", "Give the path of a picture file.")
        try:
            with (
                folders.enter(root.real, parts[:-1], handles=self._handles) as folder,
                folders.open_file(folder, parts[-1]) as fd,
            ):
                info = os.fstat(fd)
                self._judge(path, info)
                data = folders.read(fd, self._max_bytes)
                if data is None:
                    raise self._too_large(path, "more")
                return data
        except folders.Linked as link:
            raise _through_link(path, link) from link
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._missing(path, root, parts, caller) from error
        except OSError as error:
            raise _unreadable(path, error) from error

    def _digests(self, sizes: Mapping[str, int]) -> dict[str, str]:
        found: dict[str, str] = {}
        for path, size in sizes.items():
            parts = Path(path).parts
            with (
                contextlib.suppress(OSError, folders.Linked, ValueError),
                folders.enter(parts[0], parts[1:-1], handles=self._handles) as folder,
                folders.open_file(folder, parts[-1]) as fd,
            ):
                info = os.fstat(fd)
                if stat.S_ISREG(info.st_mode) and info.st_size == size:
                    data = folders.read(fd, size)
                    found[path] = hashlib.sha256(data or b"").hexdigest()
        return found

    def _judge(self, path: str, info: os.stat_result) -> None:
        """Judge what was opened: nobody can swap it any more."""
        if not stat.S_ISREG(info.st_mode):
            kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe, device or socket"
            raise BadImage(f"{shown(path)} is {kind}.", "Give the path of a picture file.")
        if info.st_nlink > 1 and hasattr(os, "geteuid") and info.st_uid != os.geteuid():
            raise PathNotAllowed(
                f"{shown(path)} is a hard link to a file of another user.",
                "Copy the picture, and give the copy's path.",
            )
        if info.st_size > self._max_bytes:
            raise self._too_large(path, f"{info.st_size:,}")

    def _too_large(self, path: str, size: str) -> BadImage:
        message = f"{shown(path)} has {size} bytes; at most {self._max_bytes:,} are read."
        return BadImage(message, "Give a smaller copy of the picture.", code="too_large")

    def _missing(
        self, path: str, root: Root, parts: tuple[str, ...], caller: Caller
    ) -> NoSuchImage:
        import difflib  # a server starts without it

        try:
            with folders.enter(root.real, parts[:-1], handles=self._handles) as folder:
                names = folder.names(_NEAR_AMONG)
        except (OSError, folders.Linked):
            names = []
        names = [
            name
            for name in names
            if _extension(name) in _IMAGES and (root.hidden or not is_hidden(name))
        ]
        near = difflib.get_close_matches(parts[-1], names, n=3)
        start = self._roots.workspace(caller)
        fix = f"Give an absolute path, or one that starts at {start}."
        if near:
            fix = f"Near names there: {', '.join(shown(name) for name in near)}."
        fix += ' For a picture made here pass "latest", or an image://id from recent_images.'
        return NoSuchImage(f"There is no file {shown(path)} (the workspace is {start}).", fix)

    def _place(self, path: str, caller: Caller) -> tuple[Root, tuple[str, ...]]:
        root, parts = self._roots.locate(path, caller, write=True)
        if not parts or _extension(parts[-1]) not in self._extensions:
            raise BadRequest(
                f"{shown(path)} does not end in a format that can be written.",
                f"End it in one of: {', '.join(sorted(self._extensions))}.",
                code="bad_extension",
            )
        return root, parts

    def _check_target(self, path: str, caller: Caller, overwrite: bool) -> Target:
        root, parts = self._place(path, caller)
        *above, name = parts
        target = Target(str(Path(root.real, *parts)))
        try:
            for depth in range(len(above), -1, -1):  # the deepest folder that is there already
                try:
                    with folders.enter(root.real, above[:depth], handles=self._handles) as folder:
                        if depth == len(above):
                            _check_free(path, folder, name, overwrite)
                        if not folder.writable():
                            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                        return target
                except FileNotFoundError:
                    continue
            if root.real == self._roots.home.real and _can_be_made(root.real):
                return target  # the first picture makes the home
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        except folders.Linked as link:
            raise _through_link(path, link) from link
        except OSError as error:
            raise BadRequest(
                f"Nothing can be written at {shown(path)}: {error.strerror}.",
                f"Choose another folder below {root.real}.",
                code="unwritable",
            ) from error

    def _write(self, path: str, data: bytes, caller: Caller, overwrite: bool) -> None:
        root, parts = self._place(path, caller)
        part = f".aquatint-{self._token()}.part"
        try:
            if root.real == self._roots.home.real:
                Path(root.real).mkdir(parents=True, exist_ok=True)
            with folders.enter(root.real, parts[:-1], make=True, handles=self._handles) as folder:
                _check_free(path, folder, parts[-1], overwrite)
                folders.write(folder, parts[-1], part, data, overwrite=overwrite)
        except folders.Linked as link:
            raise _through_link(path, link) from link
        except FileExistsError as error:
            raise _exists(path) from error
        except OSError as error:
            raise NotKept(
                f"The picture could not be written to {shown(path)}: {error.strerror}.",
                f"The picture itself is kept in {self._roots.home.real}; choose another folder.",
                spent="yes",
            ) from error

    def _check(self) -> list[Finding]:
        findings = list[Finding]()
        for root in self._roots.writable(Caller(LOCAL)):
            try:
                with folders.enter(root.real, (), handles=self._handles) as folder:
                    trouble = "" if folder.writable() else "not writable"
            except (OSError, folders.Linked) as error:
                trouble = str(error)
            fix = "Make the folder writable, or take it out of AQUATINT_ROOTS." if trouble else ""
            text = f"{root.real}: {trouble or 'open for reading and writing'}"
            findings.append(Finding("workspace", "warn" if trouble else "ok", text, fix))
        return findings


def _can_be_made(folder: str) -> bool:
    above = next((one for one in Path(folder).parents if one.exists()), None)
    return above is not None and folders.Folder(str(above), None).writable()


def _check_free(path: str, folder: folders.Folder, name: str, overwrite: bool) -> None:
    info = folder.look(name)
    if info is None:
        return
    if stat.S_ISLNK(info.st_mode):
        raise folders.Linked(name)
    if not stat.S_ISREG(info.st_mode):
        raise bad_path(f"{shown(path)} is a folder or no regular file.", "Choose another name.")
    if not overwrite:
        raise _exists(path)


def _extension(name: str) -> str:
    return PurePath(name).suffix[1:].lower()


def _exists(path: str) -> BadRequest:
    return BadRequest(
        f"{shown(path)} exists already.",
        "Choose another name, or pass overwrite=true.",
        code="exists",
    )


def _through_link(path: str, link: folders.Linked) -> PathNotAllowed:
    return PathNotAllowed(
        f"{shown(path)} goes through the link {shown(link.name)}; links are not followed.",
        "Give the path it leads to, and add that folder to AQUATINT_ROOTS if it lies outside.",
    )


def _unreadable(path: str, error: OSError) -> BadRequest:
    if error.errno == errno.ENAMETOOLONG:
        return bad_path(f"{shown(path)} is too long a name for this system.", "Give a shorter one.")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return PathNotAllowed(
            f"The system does not let this server read {shown(path)}.",
            "Change the file's permissions, or give a copy's path.",
        )
    return BadImage(f"{shown(path)} cannot be read: {error.strerror}.", "Give another file.")

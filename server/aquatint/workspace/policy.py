"""Says which folders are open to whom, and in which of them a path lies; it opens nothing."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..domain.addresses import file_path
from ..domain.errors import BadRequest, PathNotAllowed
from ..domain.types import LOCAL, Caller


@dataclass(frozen=True, slots=True)
class Root:
    """An open folder; `hidden` tells whether names that start with a dot are open below it."""

    real: str
    given: str  # before links were resolved; callers may spell it either way
    hidden: bool = True


class Roots:
    """The policy behind Workspace, whose docstring states it. Given folders are absolute."""

    def __init__(
        self, *, home: str, roots: Sequence[str], cwd: str, user_home: str | None, strict: bool
    ) -> None:
        self.home = _root(home, hidden=False)  # the catalog and the token are its hidden part
        self._given = [_root(each) for each in roots]
        self._user_home = _root(user_home, hidden=False) if user_home else None
        self._strict = strict
        self._cwd = [] if self._holds_home(cwd) else [_root(cwd)]

    def writable(self, caller: Caller) -> list[Root]:
        """Workspace roots first; for anyone but the local user AQUATINT_ROOTS alone."""
        if caller.owner != LOCAL:
            return self._given
        return [*self._workspaces(caller), *self._given, self.home]

    def readable(self, caller: Caller) -> list[Root]:
        roots = self.writable(caller)
        home = self._user_home
        if home is None or self._strict or caller.owner != LOCAL or _is_disk(home.real):
            return roots
        return [*roots, home]

    def workspace(self, caller: Caller) -> str:
        """Where a relative path starts: the first workspace root, else aquatint's home."""
        return [*self._workspaces(caller), self.home][0].real

    def locate(
        self, path: str, caller: Caller, *, write: bool = False
    ) -> tuple[Root, tuple[str, ...]]:
        """The closest open root above a path, and the names below it, by the letters alone.

        Raises PathNotAllowed, and BadRequest for what is not a path.
        """
        roots = self.writable(caller) if write else self.readable(caller)
        whole = PurePath(self._absolute(path, caller)).parts
        found = [
            (len(above), root)
            for root in roots
            for above in (PurePath(root.real).parts, PurePath(root.given).parts)
            if _same(whole[: len(above)], above)
        ]
        allowed = [
            (depth, root)
            for depth, root in found
            if root.hidden or not any(is_hidden(name) for name in whole[depth:])
        ]
        if not allowed:
            raise self._closed(path, roots, write=write, hidden=bool(found))
        depth, root = max(allowed, key=lambda each: each[0])
        return root, whole[depth:]

    def _workspaces(self, caller: Caller) -> list[Root]:
        if caller.owner != LOCAL:
            return self._given
        hosts = [_root(each, hidden=not self._holds_home(each)) for each in caller.roots]
        return hosts or self._cwd

    def _absolute(self, path: str, caller: Caller) -> str:
        """The path a caller means. Tidied by its letters, which is sound where no link counts."""
        if path.startswith("file://"):
            path = file_path(path)
        try:
            encoded = os.fsencode(path)
        except UnicodeEncodeError as error:
            raise bad_path("The path holds broken text.", "Give it in valid Unicode.") from error
        if b"\0" in encoded or not path.strip():
            raise bad_path("The path is empty or holds a NUL.", "Give the path of a file.")
        if self._user_home and (path == "~" or path.startswith(("~/", f"~{os.sep}"))):
            path = str(Path(self._user_home.given, path[2:].lstrip(os.sep)))
        return os.path.normpath(Path(self.workspace(caller), path))

    def _holds_home(self, folder: str) -> bool:
        """Whether a folder is the whole disk, the user's home, or above it."""
        real = os.path.realpath(folder)
        home = self._user_home
        return _is_disk(real) or (home is not None and PurePath(home.real).is_relative_to(real))

    def _closed(self, path: str, roots: list[Root], *, write: bool, hidden: bool) -> PathNotAllowed:
        verb = "write to" if write else "read"
        why = f"lies outside the folders that this server may {verb}"
        if hidden:
            why = f"is hidden or lies in a hidden folder, which this server may not {verb} there"
        fix = "Whoever runs the server can open a folder with AQUATINT_ROOTS."
        if roots:
            do = "Save it below" if write else "Copy it into"
            fix = f"{do} {roots[0].real}, or add its folder to AQUATINT_ROOTS."
        if self._strict and not write:
            fix += " AQUATINT_STRICT keeps the home folder closed."
        return PathNotAllowed(f"{shown(path)} {why}.", fix)


def is_hidden(name: str) -> bool:
    # HFS+ ignores invisible letters, so that "\u200c.ssh" opens ".ssh"
    return "".join(each for each in name if unicodedata.category(each) != "Cf").startswith(".")


def shown(path: str) -> str:
    """A path as it may stand in an answer: no control or bidi characters, and not endless."""
    text = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in path)
    return text if len(text) <= 200 else f"{text[:120]}…{text[-60:]}"


def bad_path(message: str, fix: str) -> BadRequest:
    return BadRequest(message, fix, code="bad_path")


def _root(path: str, *, hidden: bool = True) -> Root:
    return Root(os.path.realpath(path), os.path.normpath(path), hidden)


def _is_disk(real: str) -> bool:
    return PurePath(real).parent == PurePath(real)


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return [os.path.normcase(each) for each in one] == [os.path.normcase(each) for each in other]

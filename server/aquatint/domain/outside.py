"""The ports to what is not ours: files in the caller's folders, and addresses on the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from .types import Caller, Finding


@dataclass(frozen=True, slots=True)
class Target:
    """A place save_to may write: checked, absolute."""

    path: str


class Verify(Protocol):
    """Reads and verifies where a picture's bytes say they come from (C2PA). Never raises."""

    def __call__(self, data: bytes, mime: str, /) -> dict[str, object]: ...


class Workspace(Protocol):
    """The only way to files that are not ours: reads and writes inside the allowed folders."""

    async def read(self, path: str, caller: Caller) -> bytes:
        """Raises PathNotAllowed, NoSuchImage or BadImage (no regular file, too large)."""
        ...

    async def place(self, path: str, caller: Caller) -> str:
        """The absolute path that a path means to the caller. Raises PathNotAllowed, BadRequest."""
        ...

    async def digests(self, sizes: Mapping[str, int]) -> dict[str, str]:
        """The SHA-256 of those files that have exactly these sizes; of files we wrote, by path."""
        ...

    async def check_target(self, path: str, caller: Caller, overwrite: bool) -> Target:
        """Judge a place to write before anything is paid. Raises PathNotAllowed, BadRequest."""
        ...

    async def write(self, target: Target, data: bytes, caller: Caller, overwrite: bool) -> None:
        """Atomically; raises PathNotAllowed, BadRequest (exists) or NotKept (disk)."""
        ...

    async def check(self) -> list[Finding]: ...


class Fetch(Protocol):
    """The only way to addresses that are not the provider's."""

    async def get(self, url: str) -> bytes:
        """A picture. https, public addresses only. Raises BadRequest, NoSuchImage, Unavailable."""
        ...

    async def save(self, url: str, write: Callable[[bytes], object]) -> None:
        """The same for whatever stands there, handed to `write` piece by piece."""
        ...

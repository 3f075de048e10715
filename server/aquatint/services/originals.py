"""An edit's inputs, opened and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .references import Opened

if TYPE_CHECKING:
    from ..imaging.editing.inputs import GivenMask  # imports Pillow


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask that was handed in, and what it covers of the first picture."""

    opened: Opened
    read: GivenMask


@dataclass(frozen=True, slots=True)
class Markup:
    """Hints drawn over the first picture, and the PNG of them that may be sent."""

    opened: Opened
    data: bytes


@dataclass(frozen=True, slots=True)
class Originals:
    """An edit's inputs, opened and checked; `size` is the upright first picture's, in pixels,
    `notes` are what must be said of them."""

    images: tuple[Opened, ...]
    mask: Mask | None
    markup: Markup | None
    size: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def marks(self) -> dict[str, Opened]:
        given = {"mask": self.mask, "markup": self.markup}
        return {name: one.opened for name, one in given.items() if one is not None}

"""What can be found in a picture, and the port that finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[int, int, int, int]  # left, top, width, height in pixels
Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Cutout:
    """A thing cut out of its picture.

    `alpha` is 8-bit grey of the picture's size, soft where the thing ends (hair, glass); from 128
    on a pixel is more the thing's than not. `certainty` runs from 0 to 1.
    """

    alpha: Image.Image
    certainty: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A face, or a line of text with what it reads: its outline in pixels, and its certainty."""

    outline: Corners
    certainty: float
    words: str = ""

    @property
    def box(self) -> Box:
        """The whole pixels around it."""
        across, down = [x for x, _ in self.outline], [y for _, y in self.outline]
        left, top = int(min(across)), int(min(down))
        return left, top, -int(-max(across) // 1) - left, -int(-max(down) // 1) - top


@dataclass(frozen=True, slots=True)
class Lifted:
    """A thing without what was behind it: RGBA of the picture's size, exact where alpha is 255."""

    image: Image.Image
    certainty: float


class Vision(Protocol):
    """Finds things in an upright picture, on this machine and for nothing.

    Each call may take a second and a few hundred megabytes: give it a thread, and few at a time.
    Raises Misconfigured, with the line that installs it, where an extra is missing.
    """

    def subject(self, image: Image.Image) -> Cutout | None:
        """What stands out of the picture; None where nothing does."""
        ...

    def object(self, image: Image.Image, box: Box) -> Cutout | None:
        """The thing in a rough box; None where the box shows no one thing."""
        ...

    def object_at(self, image: Image.Image, x: float, y: float) -> Cutout | None:
        """The thing under a point."""
        ...

    def snapped(self, image: Image.Image, rough: Image.Image) -> Cutout | None:
        """The thing that a rough coverage (8-bit grey, 0 or 255) was meant for, within it."""
        ...

    def lifted(self, image: Image.Image) -> Lifted | None:
        """What stands out of an RGB picture, without its background; None where nothing does."""
        ...

    def faces(self, image: Image.Image) -> tuple[Spot, ...]:
        """Every face, in rows from the top, from the left in each."""
        ...

    def text(self, image: Image.Image) -> tuple[Spot, ...]:
        """Every line of text, in the same order."""
        ...

    def alphabet(self) -> frozenset[str]:
        """Every character that `text` may tell; none where the extra is missing."""
        ...

    def prepare_to_read(self) -> None:
        """Load what `text` needs in nobody's time; nothing where the extra is missing."""
        ...

"""The port Vision on local networks. Importing this is cheap; looking imports the rest."""

from __future__ import annotations

import importlib.util
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ..domain.errors import Misconfigured
from ..domain.vision import Box, Cutout, Lifted, Spot

if TYPE_CHECKING:
    from PIL import Image

    from .networks import Networks

IDLE = 300.0  # seconds without a look after which the networks are given up
NEEDED = {"vision": ("numpy", "onnxruntime"), "ocr": ("numpy", "onnxruntime", "rapidocr")}
UNTIL = "Until then describe the region by rect, ellipse, polygon, brush or color."
INSTEAD_OF_CUTTING = "Until then draw it anew by a model that knows background=transparent."


class Eyes:
    """Looks one picture at a time, for each look takes both cores and much memory.

    `idle` is how many seconds the networks stay in memory after the last look.
    """

    def __init__(self, idle: float = IDLE) -> None:
        self._idle = idle
        self._networks: Networks | None = None
        self._turn = threading.Lock()

    def subject(self, image: Image.Image) -> Cutout | None:
        need("vision", "subject, background")
        from .subjects import subject

        with self._turn:
            return subject(self._opened(), image)

    def object(self, image: Image.Image, box: Box) -> Cutout | None:
        need("vision", "object")
        from .subjects import boxed

        with self._turn:
            return boxed(self._opened(), image, box)

    def object_at(self, image: Image.Image, x: float, y: float) -> Cutout | None:
        need("vision", "object")
        from .subjects import pointed

        with self._turn:
            return pointed(self._opened(), image, (x, y))

    def snapped(self, image: Image.Image, rough: Image.Image) -> Cutout | None:
        need("vision", "expand")
        from .subjects import snapped

        with self._turn:
            return snapped(self._opened(), image, rough)

    def lifted(self, image: Image.Image) -> Lifted | None:
        need("vision", "what to cut out", INSTEAD_OF_CUTTING)
        from .rims import lifted
        from .subjects import subject

        with self._turn:
            found = subject(self._opened(), image)
        return None if found is None else Lifted(lifted(image, found.alpha), found.certainty)

    def faces(self, image: Image.Image) -> tuple[Spot, ...]:
        need("vision", "face")
        from .faces import faces

        with self._turn:
            return faces(self._opened(), image)

    def text(self, image: Image.Image) -> tuple[Spot, ...]:
        need("ocr", "text")
        from .text import lines

        with self._turn:
            return lines(self._opened(), image)

    def alphabet(self) -> frozenset[str]:
        if not installed("ocr"):
            return frozenset()
        from .text import alphabet

        with self._turn:
            return alphabet(self._opened())

    def prepare_to_read(self) -> None:
        def load() -> None:
            with suppress(Exception):  # whoever reads later meets it again, and tells
                self.alphabet()

        if installed("ocr"):
            threading.Thread(target=load, daemon=True).start()

    def _opened(self) -> Networks:
        from .networks import Networks

        if self._networks is None:
            self._networks = Networks(self._idle)
        return self._networks


def installed(extra: str) -> bool:
    return all(importlib.util.find_spec(name) for name in NEEDED[extra])


def need(extra: str, what: str, until: str = UNTIL) -> None:
    """Raises Misconfigured with the line that installs an extra, where it is not installed."""
    if installed(extra):
        return
    named = "vision,ocr" if extra == "ocr" else extra
    raise Misconfigured(
        f"Finding {what} needs the extra {extra}, which is not installed here.",
        f"Run pip install 'aquatint[{named}]', or start it with uvx --from 'aquatint[{named}]' "
        f"aquatint, and restart the server. {until}",
        code="needs_extra",
    )

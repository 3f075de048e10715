"""Faces: BlazeFace's full-range network over the whole picture, and over tiles of it for groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin, tau

import numpy as np
from PIL import Image

from ..domain.vision import Spot
from .arrays import Floats, pixels_of
from .networks import Networks
from .order import in_rows

FILE = "blazeface.onnx"
SIDE = 192  # pixels of the square that the network takes
CELLS = 48  # of a side, one answer each
SURE = 0.6  # the least certainty of a face
SAME = 0.3  # overlap (intersection over union) from which on two answers are one face
TILES = (1, 2, 3)  # tiles a side; below some 100 pixels of 1500 a face is only seen closer
OVERLAP = 0.25  # of a tile's side: a face on the seam of two is whole in one of them
FEWEST_PIXELS = 256  # of a tile's longer side: smaller tiles would only be enlarged
CORNERS = 72  # of the ellipse drawn for a face


@dataclass(frozen=True, slots=True)
class Face:
    """Middle, width and height in pixels, and the certainty."""

    x: float
    y: float
    width: float
    height: float
    certainty: float

    def overlap(self, other: Face) -> float:
        """The share of what either covers that both cover; 1 where one lies wholly in the other."""
        across = _shared(self.x, self.width, other.x, other.width)
        down = _shared(self.y, self.height, other.y, other.height)
        both = across * down
        mine, its = self.width * self.height, other.width * other.height
        return max(both / (mine + its - both), 0.999 * (both >= 0.8 * min(mine, its)))


def faces(networks: Networks, image: Image.Image) -> tuple[Spot, ...]:
    """Every face as an ellipse from the brow to the chin, in rows from the top."""
    found: list[Face] = []
    for count in TILES:
        for frame in _tiles(image.size, count):
            found += _look(networks, image, frame)
    kept = _distinct(found)
    return tuple(in_rows([Spot(_ellipse(face), face.certainty) for face in kept]))


def _tiles(size: tuple[int, int], count: int) -> list[tuple[int, int, int, int]]:
    """Frames (left, top, right, bottom) that cover the picture and overlap."""
    if count == 1:
        return [(0, 0, *size)]
    width, height = (side / (count - (count - 1) * OVERLAP) for side in size)
    if max(width, height) < FEWEST_PIXELS:
        return []
    step = 1 - OVERLAP
    return [
        (
            int(column * step * width),
            int(row * step * height),
            min(size[0], int(column * step * width + width) + 1),
            min(size[1], int(row * step * height + height) + 1),
        )
        for row in range(count)
        for column in range(count)
    ]


def _look(networks: Networks, image: Image.Image, frame: tuple[int, int, int, int]) -> list[Face]:
    """What one frame shows: put on a black square, for the network knows no other shape."""
    width, height = frame[2] - frame[0], frame[3] - frame[1]
    scale = SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = Image.new("RGB", (SIDE, SIDE))
    square.paste(image.resize(size, Image.Resampling.BILINEAR, frame, 3.0))
    picture = np.ascontiguousarray(pixels_of(square).transpose(2, 0, 1)[None] * 2 - 1)
    boxes, scores = networks.run(FILE, picture)
    certain = _certainties(scores.reshape(-1))
    found: list[Face] = []
    for cell in np.flatnonzero(certain >= SURE):
        x, y, w, h = (float(one) / scale for one in boxes[0, cell, :4])
        middle = SIDE / CELLS / scale
        x += frame[0] + (int(cell) % CELLS + 0.5) * middle
        y += frame[1] + (int(cell) // CELLS + 0.5) * middle
        inside = frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]
        if w > 0 and h > 0 and inside:
            found.append(Face(x, y, w, h, float(certain[cell])))
    return found


def _certainties(scores: Floats) -> Floats:
    return (1 / (1 + np.exp(-np.clip(scores, -80, 80)))).astype(np.float32)


def _distinct(found: list[Face]) -> list[Face]:
    """One face for all answers that overlap: their average, weighed by certainty."""
    left = sorted(found, key=lambda face: -face.certainty)
    kept: list[Face] = []
    while left:
        best = left[0]
        same = [face for face in left if best.overlap(face) > SAME]
        left = [face for face in left if best.overlap(face) <= SAME]
        near = [face for face in same if face.certainty > 0.9 * best.certainty]
        weight = sum(face.certainty for face in near)
        mean = [
            sum(getattr(face, name) * face.certainty for face in near) / weight
            for name in ("x", "y", "width", "height")
        ]
        kept.append(Face(mean[0], mean[1], mean[2], mean[3], best.certainty))
    return kept


def _shared(a: float, length_a: float, b: float, length_b: float) -> float:
    """How far two stretches, given by middle and length, overlap."""
    ends = min(a + length_a / 2, b + length_b / 2) - max(a - length_a / 2, b - length_b / 2)
    return max(0.0, ends)


def _ellipse(face: Face) -> tuple[tuple[float, float], ...]:
    turns = [step * tau / CORNERS for step in range(CORNERS)]
    return tuple(
        (face.x + face.width / 2 * cos(turn), face.y + face.height / 2 * sin(turn))
        for turn in turns
    )

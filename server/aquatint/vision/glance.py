"""One look of U2-Net's small network at a frame of a picture, and what is made of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..imaging.masks.flood_fill import connected
from .arrays import Floats, grey_of, pixels_of, scaled
from .networks import Networks

FILE = "u2netp.onnx"
SIDE = 320  # pixels of the square that the network was taught on
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
NOTHING = 0.4  # the network's strongest answer below which it saw no thing
FEWEST = 0.002  # of the pixels looked at

Frame = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True, slots=True)
class Glance:
    """The answer (0 to 1, SIDE x SIDE) in a frame, and its certainty where it says `thing`."""

    answer: Floats
    frame: Frame
    certainty: float


def look(networks: Networks, image: Image.Image, frame: Frame) -> Glance | None:
    """What the network says of a frame of an RGB picture; None where it sees no thing there."""
    small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, frame, 3.0)
    pixels = pixels_of(small)
    pixels = (pixels / np.float32(max(float(pixels.max()), 1e-6)) - MEAN) / DEVIATION
    picture = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)
    raw = networks.run(FILE, picture)[0][0, 0]
    low, high = float(raw.min()), float(raw.max())
    if high < NOTHING:
        return None
    answer = ((raw - low) / max(high - low, 1e-6)).astype(np.float32)
    solid = answer[answer > 0.5]
    if solid.size < FEWEST * answer.size:
        return None
    return Glance(answer, frame, high * float(solid.mean()))


def joined(looks: Sequence[Glance]) -> Glance | None:
    """Looks at frames one within the next, as one at the widest: the mean where several saw."""
    if not looks:
        return None
    *narrower, widest = looks
    answer, seen = widest.answer.copy(), np.ones_like(widest.answer)
    for one in narrower:
        rows, columns = _cells(widest, one.frame)
        size = columns.stop - columns.start, rows.stop - rows.start
        answer[rows, columns] += scaled(one.answer, size)
        seen[rows, columns] += 1
    certainty = sum(one.certainty for one in looks) / len(looks)
    return Glance(answer / seen, widest.frame, certainty)


def clipped(glance: Glance, frame: Frame) -> Glance:
    """The same without what lies outside a frame."""
    return replace(glance, answer=np.where(covered(glance, frame), glance.answer, np.float32(0)))


def covered(glance: Glance, frame: Frame) -> NDArray[np.bool_]:
    """Which cells of the answer lie in a frame, at least in part."""
    there = np.zeros(glance.answer.shape, np.bool_)
    there[_cells(glance, frame)] = True
    return there


def _cells(glance: Glance, frame: Frame) -> tuple[slice, slice]:
    """The rows and columns of the answer that a frame within its own touches."""
    left, top, right, bottom = glance.frame
    across, down = SIDE / (right - left), SIDE / (bottom - top)
    rows = slice(floor((frame[1] - top) * down), ceil((frame[3] - top) * down))
    return rows, slice(floor((frame[0] - left) * across), ceil((frame[2] - left) * across))


def under(glance: Glance, at: tuple[float, float]) -> Glance | None:
    """Only the part that touches a point (or lies within a few pixels of it)."""
    left, top, right, bottom = glance.frame
    x = min(SIDE - 1, int((at[0] - left) * SIDE / (right - left)))
    y = min(SIDE - 1, int((at[1] - top) * SIDE / (bottom - top)))
    solid = glance.answer > 0.5
    if not solid[y, x]:
        return None
    part = connected(grey_of(solid.astype(np.float32)), x, y)
    near = pixels_of(part.resize((SIDE // 8, SIDE // 8), Image.Resampling.BOX)) > 0
    kept = scaled(near.astype(np.float32), (SIDE, SIDE)) > 0
    return replace(glance, answer=np.where(kept, glance.answer, np.float32(0)))


def cut_off(glance: Glance, size: tuple[int, int]) -> bool:
    """Whether the thing reaches a side of the frame that is not a side of the picture."""
    solid = glance.answer[2:-2, 2:-2] > 0.5
    left, top, right, bottom = glance.frame
    sides = (
        (left > 0, solid[:, 0]),
        (top > 0, solid[0]),
        (right < size[0], solid[:, -1]),
        (bottom < size[1], solid[-1]),
    )
    return any(inner and bool(side.any()) for inner, side in sides)


def padded(frame: Frame, size: tuple[int, int], share: float) -> Frame:
    """A frame with a share of its sides around it, inside the picture."""
    across, down = share * (frame[2] - frame[0]), share * (frame[3] - frame[1])
    return within((frame[0] - across, frame[1] - down, frame[2] + across, frame[3] + down), size)


def within(frame: tuple[float, float, float, float], size: tuple[int, int]) -> Frame:
    """The whole pixels of a frame inside the picture, at least one."""
    left = min(max(0, floor(frame[0])), size[0] - 1)
    top = min(max(0, floor(frame[1])), size[1] - 1)
    return (
        left,
        top,
        min(max(left + 1, ceil(frame[2])), size[0]),
        min(max(top + 1, ceil(frame[3])), size[1]),
    )

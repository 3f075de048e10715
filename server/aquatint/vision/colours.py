"""What colours say of a rough answer: pixels coloured like the thing, or like what is around it.

The network answers on 320 pixels and knows no colour models. Two histograms, of the thing and of
the rest, are made from its answer, weigh each pixel, and are made again, as in GrabCut (Rother et
al. 2004), with a blur in place of its graph cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .arrays import Floats, scaled
from .edges import sums

COPY = 160  # pixels of the square that is worked on
BINS = 12  # of each colour
ROUNDS = 3
TRUST = 1.3  # what a colour's evidence counts beside the network's; measured with `make eyes`
DECIDED = 0.03  # an answer nearer to 0 or 1 counts as this
STRONGEST = 3.0  # evidence of one colour, as the logarithm of its odds


def supported(
    image: Image.Image, frame: tuple[int, int, int, int], answer: Floats, inside: NDArray[np.bool_]
) -> Floats:
    """The answer (0 to 1) in a frame of an RGB picture, with what its colours say of it.

    `inside` (as large as the answer) is where the thing may be. COPY x COPY.
    """
    small = image.resize((COPY, COPY), Image.Resampling.LANCZOS, frame, 3.0)
    bins = np.asarray(small, np.intp) * BINS // 256
    colours = (bins[..., 0] * BINS + bins[..., 1]) * BINS + bins[..., 2]
    there = scaled(inside.astype(np.float32), (COPY, COPY)) > 0.5
    thing: Floats = scaled(answer, (COPY, COPY)) * there
    sure = np.clip(thing, DECIDED, 1 - DECIDED)
    network = np.log(sure / (1 - sure))
    for _ in range(ROUNDS):
        odds = np.log(_shares(colours, thing) / _shares(colours, 1 - thing))
        evidence = _blurred(np.clip(odds, -STRONGEST, STRONGEST)[colours])
        likely = (1 / (1 + np.exp(-network - TRUST * evidence))).astype(np.float32)
        thing = ((likely + _blurred(likely)) / 2 * there).astype(np.float32)
    return thing


def _shares(colours: NDArray[np.intp], weights: Floats) -> Floats:
    """The share of each colour among weighted pixels; near colours lend each other some."""
    counts = np.bincount(colours.ravel(), weights.ravel(), BINS**3).reshape(BINS, BINS, BINS)
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if one == axis else (0, 0) for one in range(3)])
        below, above = (np.roll(padded, step, axis) for step in (1, -1))
        middle = [slice(1, -1) if one == axis else slice(None) for one in range(3)]
        counts = ((below + 2 * padded + above) / 4)[tuple(middle)]
    few = 0.5 / BINS  # so that no colour is ruled out
    return ((counts + few) / max(float(counts.sum()), few)).ravel().astype(np.float32)


def _blurred(values: Floats) -> Floats:
    return sums(values, 1) / sums(np.ones_like(values), 1)

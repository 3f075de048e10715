"""The examples are run as a reader would run them, and what they wrote is looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from retouching import apart
from words import look

EXAMPLES = Path(__file__).parents[2] / "examples"


def told(script: str, **environ: str) -> str:
    """What an example prints, run from elsewhere without a key."""
    ours = ("OPENAI_", "AQUATINT_")
    plain = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script)],
        env={**plain, "AQUATINT_MIN_FREE": "0", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_draws_two_pictures_and_a_contact_sheet(tmp_path: Path) -> None:
    words = told("demo/demo.py", DEMO_OUT=str(tmp_path))
    assert look(tmp_path / "contact-sheet.jpg")[1] == "jpeg"
    drawn = [Path(line.split("  ")[0]) for line in words.splitlines()[:2]]
    assert [look(path)[1] for path in drawn] == ["png", "png"]
    assert "2 picture(s) in all" in words


def test_the_retouch_story_changes_three_parts_and_nothing_else(tmp_path: Path) -> None:
    words = told("retouch/retouch.py", RETOUCH_OUT=str(tmp_path))
    assert words.count("outside it, 0 levels apart") == 3
    assert look(tmp_path / "retouch.png") == ((1232, 855), "png")
    assert look(tmp_path / "retouch.jpg") == ((924, 641), "jpeg")
    before = Image.open(EXAMPLES / "retouch" / "coffee.png").convert("RGB")
    parts = {  # a box inside each part, and one outside
        "coffee": ((260, 130, 300, 170), (90, 220, 130, 300)),
        "saucer": ((90, 220, 130, 300), (260, 130, 300, 170)),
        "table": ((500, 50, 590, 300), (260, 130, 300, 170)),
    }
    for name, (changed, kept) in parts.items():
        after = Image.open(tmp_path / f"after-{name}.png").convert("RGB")
        assert after.size == before.size
        for box, least in ((changed, 60), (kept, 0)):
            inside = Image.new("L", before.size)
            inside.paste(255, box)
            difference = apart(after, before, inside)
            assert difference >= least if least else difference == 0


def test_the_readmes_picture_of_it_is_small() -> None:
    image = EXAMPLES.parent / "docs" / "images" / "retouch.jpg"
    assert image.stat().st_size <= 200_000
    assert look(image) == ((924, 641), "jpeg")

"""A picture that no line of the TypeScript SDKs can hold: v1 and v2 hang up above 10 MiB."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from PIL import Image

from clients.strangers import NODE, ROOT, Strangers

pytestmark = pytest.mark.full
EDGE = 2048


@pytest.mark.parametrize("sdk", ["v1", "v2"])
def test_a_heavy_picture_reaches_a_typescript_client_without_cutting_it_off(
    strangers: Strangers, sdk: str
) -> None:
    image = strangers.place / "noise.png"
    noise = os.urandom(EDGE * EDGE * 3)  # does not compress
    Image.frombytes("RGB", (EDGE, EDGE), noise).save(image, compress_level=1)
    assert image.stat().st_size > 10 << 20
    added = strangers.run("aquatint", "add", image)
    (uri,) = re.findall(r"image://\w+", added.stdout)
    script = Path(__file__).parent / "heavy.mjs"
    examples = ROOT / "examples" / "any_client"
    done = strangers.run(NODE / "node", script, examples, sdk, strangers.home, uri)
    assert done.returncode == 0, done.stdout + done.stderr
    (length,) = re.findall(r"^read: (\d+)$", done.stdout, re.MULTILINE)
    assert 0 < int(length) < 10 << 20  # a copy that fits; the whole file is at its path

"""Six client libraries of other makers do the main job: list, draw, mask, edit, be refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from clients.strangers import NODE, ROOT, Strangers

pytestmark = pytest.mark.full
EXAMPLES = ROOT / "examples" / "any_client"
# The script, its environment (none: Node), and what its last line must tell.
CLIENTS = (
    ("with_fastmcp.py", "clients", "fastmcp", "2026-07-28", "stdio"),
    ("with_openai_agents.py", "clients", "openai-agents", "2026-07-28", "http"),
    ("with_langchain.py", "clients-older", "langchain-mcp-adapters", "2025-11-25", "stdio"),
    ("with_typescript.mjs", None, "@modelcontextprotocol/client", "2026-07-28", "stdio"),
    ("with_typescript_v1.mjs", None, "@modelcontextprotocol/sdk", "2025-11-25", "stdio"),
    # It gives its probe of the newer revision one second, which a busy machine may not keep.
    ("with_ai_sdk.mjs", None, "@ai-sdk/mcp", "2026-07-28|2025-11-25", "stdio"),
)


@pytest.mark.parametrize(
    ("script", "environment", "name", "revision", "transport"),
    CLIENTS,
    ids=[Path(row[0]).stem for row in CLIENTS],
)
def test_a_foreign_client_draws_masks_and_edits(
    strangers: Strangers,
    capsys: pytest.CaptureFixture[str],
    script: str,
    environment: str | None,
    name: str,
    revision: str,
    transport: str,
) -> None:
    if environment:
        done = strangers.python(environment, "python", EXAMPLES / script)
    else:
        done = strangers.run(NODE / "node", EXAMPLES / script)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()[-1].split()
    assert told == [name, told[1], told[2], transport]
    assert told[2] in revision.split("|")
    assert re.fullmatch(r"\d+\.\d+\.\d+", told[1])
    with capsys.disabled():
        print(f"\n{name:32} {told[1]:10} {told[2]}  {transport}")
    assert changed_only_on_the_left(strangers.home)


def changed_only_on_the_left(home: Path) -> bool:
    """Whether the two pictures in a home differ in the left half, where the mask was, alone."""
    before, after = (
        Image.open(next(home.glob(f"????-??-??-{name}-*.png"))).convert("RGB")
        for name in ("a-red-bicycle", "a-wall-of-green-tiles")
    )
    box = ImageChops.difference(before, after).getbbox()
    return box is not None and box[2] <= 240

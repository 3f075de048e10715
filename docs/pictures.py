"""Draws docs/images/drafts.jpg: the README's first prompts, by the draft engine, on one sheet.

    .venv/bin/python docs/pictures.py

It wants the fonts that `aquatint doctor` names, so `make docs` leaves it alone.
"""

from __future__ import annotations

import base64
import re
import sys
import tempfile
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import ImageContent

ROOT = Path(__file__).parents[1]
PROMPT = re.compile(r"^- (?P<language>[^:\n]+): `(?P<prompt>[^`\n]+)`$", re.MULTILINE)


def first_prompts() -> dict[str, str]:
    """The README's prompts by language, in its order."""
    return dict(PROMPT.findall((ROOT / "README.md").read_text("utf-8")))


async def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "aquatint"], env={"AQUATINT_HOME": home}
        )
        async with Client(server) as client:
            for prompt in reversed(first_prompts().values()):  # the sheet begins with the newest
                await client.call_tool("generate_image", {"prompt": prompt, "size": "16:9"})
            listing = await client.call_tool("recent_images", {"sheet": True})
    sheet = next(block for block in listing.content if isinstance(block, ImageContent))
    (ROOT / "docs/images/drafts.jpg").write_bytes(base64.b64decode(sheet.data))


if __name__ == "__main__":
    anyio.run(main)

"""What makes a start slow stays out of it: hosts wait for tools/list."""

from __future__ import annotations

import os
import subprocess
import sys

SLOW = (
    "PIL",
    "openai",
    "sqlite3",
    "numpy",
    "onnxruntime",
    "rapidocr",
    "aquatint.engines",
    "aquatint.storage",
    "aquatint.services.images",
)
SCRIPT = """
import sys
import aquatint.app, aquatint.settings
app = aquatint.app.build(aquatint.settings.Settings.from_env({"OPENAI_API_KEY": "sk-x"}))
server = app.server
print("\\n".join(sys.modules))
"""


def test_a_server_is_built_without_pillow_the_sdk_the_catalog_or_an_adapter() -> None:
    environ = {"PATH": os.environ["PATH"]}  # and so without coverage, which loads sqlite3
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = done.stdout.split()
    assert "aquatint.mcp_server.server" in loaded
    slow = [name for name in loaded if name.startswith(tuple(f"{one}." for one in SLOW))]
    assert [name for name in loaded if name in SLOW] + slow == []

"""Client libraries, each with what it reads of a reply: AutoGen once read none that had a link."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clients.strangers import Strangers

pytestmark = pytest.mark.full
SCRIPT = Path(__file__).parent / "visitors.py"


@pytest.mark.parametrize("client", ["autogen", "mcp_use"])
def test_a_reply_is_read_whole(strangers: Strangers, client: str) -> None:
    done = strangers.python("clients-older", "python", SCRIPT, client)
    assert done.returncode == 0, done.stdout + done.stderr
    name, version, read = json.loads(done.stdout.splitlines()[-1])
    assert read == ["text", "image"], (name, version)

"""What several suites of engines are worked with."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from contract.test_openai import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    folder = tmp_path / "parts"
    folder.mkdir()
    desk = Desk(folder)
    async with desk.http:
        yield desk

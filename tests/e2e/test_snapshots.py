"""What agents see, committed: a change of it is a reviewed diff (make snapshots writes it anew)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from conftest import Connect

FOLDER = Path(__file__).parent / "tools"
UPDATE = os.environ.get("AQUATINT_UPDATE_SNAPSHOTS") == "1"
pytestmark = pytest.mark.short


def wire(model: Any) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def test_every_tool_is_what_was_committed(connect: Connect) -> None:
    async with connect() as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        text = json.dumps(wire(tool), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        path = FOLDER / f"{tool.name}.json"
        if UPDATE:
            path.write_text(text, "utf-8")
        assert path.read_text("utf-8") == text, "make snapshots, then review the diff"
    assert {path.stem for path in FOLDER.glob("*.json")} == {tool.name for tool in tools}


async def test_what_a_model_pays_for_stays_small(connect: Connect) -> None:
    async with connect() as client:
        listing = await client.list_tools()
    paid = [
        {"name": one.name, "description": one.description, "inputSchema": one.input_schema}
        for one in listing.tools
    ]
    assert len(json.dumps(paid, separators=(",", ":"), ensure_ascii=False).encode()) <= 9_900
    whole = json.dumps(wire(listing), separators=(",", ":"), ensure_ascii=False)
    assert len(whole.encode()) <= 11_200


async def test_every_tool_says_what_it_may_do_and_declares_no_output_schema(
    connect: Connect,
) -> None:
    async with connect() as client:
        for tool in (await client.list_tools()).tools:
            assert tool.output_schema is None
            assert tool.annotations
            assert tool.annotations.read_only_hint is not None
            assert tool.input_schema["additionalProperties"] is False

"""What clients of other makers need of calls and replies, each seen in one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client import advertise
from mcp.types import CallToolResult, ImageContent, Implementation

from aquatint.mcp_server.clients import APPS
from conftest import Connect
from words import images_of, text_of

pytestmark = pytest.mark.short


def kinds(result: CallToolResult) -> list[str]:
    return [block.type for block in result.content]


async def fox(client: Client, **arguments: Any) -> CallToolResult:
    asked = {"prompt": "A fox", "size": "64x64", **arguments}
    return await client.call_tool("generate_image", asked)


async def test_no_schema_offers_alternatives(connect: Connect) -> None:
    """beeai refuses `anyOf`, and a dialect with one type for each value a list of them."""
    async with connect() as client:
        schemas = [tool.input_schema for tool in (await client.list_tools()).tools]
    text = json.dumps(schemas)
    assert not [word for word in ("anyOf", "oneOf", "allOf", '"type": [') if word in text]
    assert schemas[1]["properties"]["images"]["items"] == {"type": "string"}


async def test_what_is_not_given_may_be_null(connect: Connect) -> None:
    """crewai-tools fills in every argument that its model left out."""
    given: dict[str, dict[str, Any]] = {
        "generate_image": {"prompt": "A fox", "size": "64x64"},
        "edit_image": {"images": ["latest"], "prompt": "Blue"},
        "make_mask": {"image": "latest", "regions": [{"kind": "all", "angle": None, "op": None}]},
        "get_image": {"image": "latest"},
        "export_image": {"image": "latest", "name": "fox"},
        "recent_images": {},
        "open_studio": {},
    }
    async with connect() as client:
        for tool in (await client.list_tools()).tools:
            if tool.name not in given:
                continue
            nothing = dict.fromkeys(tool.input_schema["properties"])
            answer = await client.call_tool(tool.name, {**nothing, **given[tool.name]})
            assert not answer.is_error, (tool.name, text_of(answer))
        answer = await client.call_tool("generate_image", {"prompt": None})
    assert "prompt" in text_of(answer)
    assert answer.is_error


@pytest.mark.parametrize("spelled", ["a.png", ["a.png"], '["a.png"]'], ids=str)
async def test_a_list_may_come_as_a_string_or_as_json(
    connect: Connect, tmp_path: Path, spelled: str | list[str]
) -> None:
    async with connect(AQUATINT_ROOTS=str(tmp_path)) as client:
        save_to = json.loads(json.dumps(spelled).replace("a.png", str(tmp_path / "a.png")))
        saved = images_of(await fox(client, save_to=save_to))[0]["saved"]
        assert [one["path"] for one in saved] == [str(tmp_path / "a.png")]
        given = json.loads(json.dumps(spelled).replace("a.png", "latest"))
        edited = await client.call_tool("edit_image", {"images": given, "prompt": "Blue"})
        assert images_of(edited)[0]["parents"]


@pytest.mark.parametrize("seam", [None, "auto", 3], ids=str)
async def test_a_seam_may_be_a_word_that_its_schema_leaves_out(
    connect: Connect, seam: object
) -> None:
    async with connect() as client:
        await fox(client)
        region = {"kind": "rect", "x": 0, "y": 0, "width": 20, "height": 64}
        mask = await client.call_tool("make_mask", {"image": "latest", "regions": [region]})
        arguments = {"images": ["latest"], "prompt": "Blue", "mask": images_of(mask)[0]["uri"]}
        edited = await client.call_tool("edit_image", arguments | {"seam": seam})
        assert images_of(edited)[0]["outside"]["largest_difference"] == 0
        text = text_of(edited)
    assert ("seam: 3 pixels" in text) == (seam == 3), text


async def test_a_setting_says_what_replies_show(connect: Connect) -> None:
    """llama-index, Google's ADK and Continue hand pictures to the model as base64."""
    region = {"kind": "rect", "x": 0, "y": 0, "width": 20, "height": 64}
    mask = {"image": "latest", "regions": [region]}
    async with connect(AQUATINT_REPLY="path") as client:
        for tool, arguments in (("make_mask", mask), ("get_image", {"image": "latest"})):
            assert "image" not in kinds(await fox(client))
            assert "image" not in kinds(await client.call_tool(tool, arguments))
        assert "image" in kinds(await fox(client, reply="preview", fresh=True))
        closer = {"image": "latest", "crop": [0, 0, 9, 9]}
        assert "image" in kinds(await client.call_tool("get_image", closer))
    async with connect(AQUATINT_REPLY="full") as client:
        (whole,) = [b for b in (await fox(client)).content if isinstance(b, ImageContent)]
        assert whole.mime_type == "image/png"
        assert "image" in kinds(await client.call_tool("make_mask", mask))


def named(name: str, version: str = "1.0.0") -> dict[str, Any]:
    return {"client_info": Implementation(name=name, version=version)}


async def nothing(*_: Any) -> Any:
    raise AssertionError("nobody samples")


AGENT_FRAMEWORK = {**named("mcp", "0.1.0"), "sampling_callback": nothing}
MASTRA = {**named("whatever the user calls it"), "extensions": [advertise(APPS)]}
# Who asks, what they announce, and the blocks and structure that they get.
ASKING: dict[str, tuple[dict[str, Any], str, bool]] = {
    "nobody's name": ({}, "text image", True),
    "claude": (named("claude-code", "2.1.330"), "text image resource_link", True),
    "code": (named("Visual Studio Code - Insiders", "1.9"), "text image resource_link", True),
    "inspector": (named("inspector-cli", "2.12.0"), "text image resource_link", True),
    "codex": (named("codex-mcp-client", "0.171.0"), "text image", False),
    "no codex": (named("not-codex-mcp-client"), "text image", True),
    "agent-framework": (AGENT_FRAMEWORK, "text image", False),
    "one that samples": ({**AGENT_FRAMEWORK, **named("goose")}, "text image", True),
    "mastra": (MASTRA, "text image", False),
    "one with apps": ({**MASTRA, **named("goose", "2.0.0")}, "text image", True),
}


@pytest.mark.parametrize("who", ASKING)
async def test_each_client_gets_what_it_can_show(connect: Connect, who: str) -> None:
    asking, blocks, structured = ASKING[who]
    async with connect(client=asking) as client:
        made = await fox(client)
        assert kinds(made) == blocks.split()
        listed = await client.call_tool("recent_images", {"sheet": True})
        assert kinds(listed) == ["text", "image"]
        for reply in (made, listed):
            assert (reply.structured_content is not None) is structured
            assert "image://" in text_of(reply)
    for setting in ("always", "never", "true", "false"):
        async with connect(client=asking, AQUATINT_LINKS=setting) as client:
            linked = "resource_link" in kinds(await fox(client))
            assert linked is (setting in {"always", "true"})

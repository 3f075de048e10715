"""A client that asks the same again at once did not get the reply: it gets the picture, unpaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.types import CallToolResult, Implementation

from conftest import Connect, MakeApp
from fake_openai import FakeOpenAI, fake_openai
from serving import over_http, serving
from words import draw, images_of, text_of

FOX: dict[str, Any] = {"prompt": "A fox", "size": "1024x1024"}


class Clock:
    """Stands still until it is moved on; seconds since the epoch."""

    def __init__(self) -> None:
        self.time = 1_795_000_000.0

    def __call__(self) -> float:
        return self.time


async def ids(client: Client, tool: str = "generate_image", **arguments: Any) -> list[str]:
    return [one["id"] for one in images_of(await ask(client, tool, **arguments))]


async def ask(client: Client, tool: str = "generate_image", **arguments: Any) -> CallToolResult:
    asked = FOX if tool == "generate_image" else {}
    return await client.call_tool(tool, {**asked, **arguments})


async def test_three_unreadable_replies_are_paid_once(
    connect: Connect, make_app: MakeApp, workspace: Path
) -> None:
    provider, clock = fake_openai(), Clock()
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=provider)) as http,
        connect(make_app(http, clock, OPENAI_API_KEY="sk-test")) as client,
    ):
        first = await ids(client)
        clock.time += 9
        again = await ask(client, save_to=["fox.png"])
        clock.time += 9  # after the reply that was given again, not after the first one
        assert await ids(client) == first
        assert await ids(client, fresh=True) != first
        assert paid(provider) == 2
        clock.time += 10.5
        await ids(client)
        assert paid(provider) == 3
    assert [one["id"] for one in images_of(again)] == first
    assert again.structured_content
    assert again.structured_content["reused"] is True
    assert "nothing was paid again" in text_of(again)
    assert (workspace / "fox.png").exists()


def paid(provider: FakeOpenAI) -> int:
    return len(provider.paid)


async def test_a_draft_is_given_again_too_and_an_edit(connect: Connect, make_app: MakeApp) -> None:
    clock = Clock()
    async with connect(make_app(now=clock)) as client:
        first = await ids(client, size="64x64")
        assert await ids(client, size="64x64") == first
        assert await ids(client, size="64x96") != first
        blue: dict[str, Any] = {"images": [f"image://{first[0]}"], "prompt": "Blue"}
        edited = await ids(client, "edit_image", **blue)
        assert await ids(client, "edit_image", **blue) == edited
        clock.time += 11
        assert await ids(client, size="64x64") != first
        assert await ids(client, "edit_image", **blue) != edited


async def test_what_was_deleted_meanwhile_is_drawn_anew(
    connect: Connect, make_app: MakeApp
) -> None:
    app = make_app()
    async with connect(app) as client, app.service() as service:
        first = await ids(client, size="64x64")
        await service.library.references.context.catalog.forget(first[0], "local")
        assert await ids(client, size="64x64") != first


async def test_reuse_can_be_switched_off(connect: Connect) -> None:
    async with connect(AQUATINT_REUSE="0") as client:
        assert await ids(client, size="64x64") != await ids(client, size="64x64")


async def test_the_next_process_knows_nothing_of_it(connect: Connect) -> None:
    async with connect() as client:
        first = await draw(client, "A fox", size="64x64")
    async with connect() as client:
        assert (await draw(client, "A fox", size="64x64"))["id"] != first["id"]


async def test_over_http_another_client_gets_its_own(home: Path, mode: str) -> None:
    names = [Implementation(name=name, version="1") for name in ("one", "other")]
    with serving(home) as server:
        seen: list[list[str]] = []
        for name in (names[0], names[1]):
            async with over_http(server, mode, client_info=name) as client:
                seen.append(await ids(client, size="64x64"))
                assert await ids(client, size="64x64") == seen[-1]
    assert seen[0] != seen[1]

"""Hosts hand on the OPENAI_BASE_URL of their own chat: drafts come of it, free and said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Connect
from fake_openai import FakeOpenAI, fake_openai, serve
from words import look, refusal, text_of

KEY = "sk-proj-of-another-programs-chat"
GROQ = {"OPENAI_API_KEY": "gsk_of_the_chat", "OPENAI_BASE_URL": "https://api.groq.com/openai/v1"}
FOX = {"prompt": "A red fox", "size": "1024x1024"}


@pytest.fixture
def fake() -> FakeOpenAI:
    fake = fake_openai()
    fake.keys = {KEY}
    return fake


@pytest.fixture
def url(fake: FakeOpenAI) -> Iterator[str]:
    with serve(fake) as url:
        yield f"{url}/v1"


async def test_a_known_chat_service_is_never_asked(connect: Connect) -> None:
    async with connect(**GROQ) as client:
        drawn = await client.call_tool("generate_image", FOX)
        told = text_of(drawn)
        assert not drawn.is_error, told
        for words in ("api.groq.com, which serves chat", "free of charge", "AQUATINT_BASE_URL"):
            assert words in told
        assert "no OPENAI_API_KEY" not in told
        told = await refusal(client, model="gpt-image-2")
        assert "api.groq.com" in told
        assert "AQUATINT_BASE_URL" in told


@pytest.mark.parametrize("mode_of_service", ["404_route", "405"])
async def test_a_service_without_the_route_gives_a_draft(
    connect: Connect, fake: FakeOpenAI, url: str, mode_of_service: str, workspace: Path
) -> None:
    fake.mode = mode_of_service
    async with connect(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url) as client:
        drawn = await client.call_tool("generate_image", {**FOX, "save_to": "fox.png"})
        told = text_of(drawn)
        assert not drawn.is_error, told
        for words in ("127.0.0.1", "makes no pictures", "Nothing was paid", "AQUATINT_BASE_URL"):
            assert words in told
        assert drawn.structured_content
        assert drawn.structured_content["model"] == "draft"
        assert drawn.structured_content["cost_usd"] == 0
        assert look(workspace / "fox.png")[0] == (1024, 1024)
        uri = drawn.structured_content["images"][0]["uri"]
        asked = {"prompt": "Blue", "images": [uri], "extend": {"right": "50%"}}
        changed = await client.call_tool("edit_image", asked)
        assert not changed.is_error, text_of(changed)
        assert "makes no pictures" in text_of(changed)
        assert changed.structured_content
        assert changed.structured_content["model"] == "draft"
    assert [got.path for got in fake.requests] == ["images/generations", "images/edits"]


async def test_an_address_that_was_chosen_for_pictures_fails_in_words(
    connect: Connect, fake: FakeOpenAI, url: str
) -> None:
    fake.mode = "404_route"
    for chosen in ({}, {"OPENAI_BASE_URL": GROQ["OPENAI_BASE_URL"]}):
        async with connect(OPENAI_API_KEY=KEY, AQUATINT_BASE_URL=url, **chosen) as client:
            told = await refusal(client)
    assert "no such address" in told
    assert "AQUATINT_BASE_URL" in told
    assert len(fake.requests) == 2


async def test_its_own_address_wins(connect: Connect, fake: FakeOpenAI, url: str) -> None:
    environ = {**GROQ, "OPENAI_API_KEY": KEY, "AQUATINT_BASE_URL": url}
    async with connect(**environ) as client:
        drawn = await client.call_tool("generate_image", {"prompt": "A red fox"})
        assert not drawn.is_error, text_of(drawn)
        assert "draft" not in text_of(drawn)
    assert [got.path for got in fake.requests] == ["images/generations"]

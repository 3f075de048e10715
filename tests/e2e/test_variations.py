"""Variations, seeds and named references through the tools."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Connect
from fake_openai import FakeOpenAI, fake_openai, serve
from words import draw, images_of, refusal, text_of


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def paid(provider: FakeOpenAI) -> Generator[dict[str, str]]:
    with serve(provider) as url:
        yield {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{url}/v1"}


async def test_variations_need_no_words_and_are_found_by_what_they_are(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI, workspace: Path
) -> None:
    Image.new("RGB", (1024, 1024), "teal").save(workspace / "own.png")
    async with connect(**paid) as client:
        asked = {"images": ["own.png"], "prompt": "", "vary": "subtle", "n": 3}
        made = images_of(await client.call_tool("edit_image", asked))
        assert len(made) == 3
        sent = provider.paid[-1].fields
        assert sent["prompt"].startswith("Draw a close variation of the first picture")
        assert sent["n"] == "3"
        page = await client.call_tool("recent_images", {"query": "variation"})
        assert {one["uri"] for one in images_of(page)} == {one["uri"] for one in made}
        assert "close variation" not in text_of(page)
        assert "prompt: it is empty" in await refusal(
            client, "edit_image", images=["own.png"], prompt=""
        )


async def test_a_prompt_may_speak_of_names(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI
) -> None:
    async with connect(**paid) as client:
        for name in ("logo", "mug"):
            image = await draw(client, f"a {name}")
            await client.call_tool("export_image", {"image": image["uri"], "name": name})
        asked = {"images": ["@mug", "@logo"], "prompt": "print @logo on @mug"}
        await client.call_tool("edit_image", asked)
        sent = provider.paid[-1]
        assert sent.fields["prompt"].endswith("(@mug is picture 1, @logo is picture 2.)")
        assert len(sent.files["image[]"]) == 2


async def test_up_to_sixteen_references_go_along(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI
) -> None:
    async with connect(**paid) as client:
        names: list[str] = []
        for number in range(16):
            image = await draw(client, f"thing {number}", quality="low")
            names.append(f"@thing-{number}")
            await client.call_tool("export_image", {"image": image["uri"], "name": names[-1]})
        asked = {"images": names, "prompt": f"all of {' and '.join(names)}", "reply": "path"}
        images_of(await client.call_tool("edit_image", asked))
        assert len(provider.paid[-1].files["image[]"]) == 16
        assert "@thing-15 is picture 16" in provider.paid[-1].fields["prompt"]
        told = await refusal(client, "edit_image", **{**asked, "images": [*names, names[0]]})
        assert "17 images are too many" in told


async def test_a_seed_is_refused_where_there_is_none_and_makes_a_draft_another_one(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI
) -> None:
    async with connect(**paid) as client:
        told = await refusal(client, model="gpt-image-2", seed=7)
        assert "gpt-image-2 has none" in told
        assert "Leave seed out" in told
        assert not provider.paid
        provider.takes = frozenset({"seed"})

        async def drafted(**more: Any) -> bytes:
            image = await draw(client, model="draft", size="256x256", **more)
            return Path(image["path"]).read_bytes()

        assert await drafted(seed=7) == await drafted(seed=7, fresh=True)
        assert len({await drafted(seed=1), await drafted(seed=2), await drafted()}) == 3
        assert "seed: -1 is out of range" in await refusal(client, model="draft", seed=-1)
    async with connect(**paid, AQUATINT_PRICE_USD="0.01") as client:
        await refusal(client, model="somebodys-own", seed=7)  # which this provider does not have
        assert provider.paid[-1].fields["seed"] == 7

"""Conversations through the tools: remembered, priced, exact outside a mask, and never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Connect
from e2e.test_worker import answer, call, gone, serving, worker_of
from fake_openai import FakeOpenAI, fake_openai, serve
from inherited import inherited
from ledger import jobs, states, until
from words import images_of, masked_edit, refusal, text_of


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def paid(provider: FakeOpenAI) -> Any:
    with serve(provider) as url:
        yield {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{url}/v1"}


@pytest.fixture
def photo(workspace: Path) -> Path:
    file = workspace / "photo.png"
    Image.effect_noise((1024, 1024), 60).convert("RGB").save(file)
    return file


async def test_each_turn_goes_on_from_the_picture_that_it_is_given(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI, photo: Path
) -> None:
    async with connect(**paid) as client:

        async def turn(image: str, prompt: str) -> dict[str, Any]:
            asked = {"images": [image], "prompt": prompt, "refine": True}
            told = await client.call_tool("edit_image", asked)
            assert f'from these words: "Revised: {prompt}"' in text_of(told)
            assert told.structured_content
            assert told.structured_content["revised_prompt"] == f"Revised: {prompt}"
            usage = told.structured_content["usage"]
            assert usage["mainline"] == "gpt-5.6-terra"
            return {**images_of(told)[0], "cost": told.structured_content["cost_usd"]}

        first = await turn(str(photo), "warmer")
        second = await turn("latest", "and less text")
        branch = await turn(first["uri"], "colder instead")
        sent = [got.fields.get("previous_response_id") for got in provider.paid]
        assert sent == [None, "resp_0001", "resp_0001"]
        pieces = [got.fields["input"][0]["content"] for got in provider.paid]
        assert [one["type"] for one in pieces[0]] == ["input_text", "input_image"]
        assert [one["type"] for one in (*pieces[1], *pieces[2])] == ["input_text", "input_text"]
        # 196 tokens of picture, 1,100 and some read; then what the text model read and wrote.
        assert second["cost"] > first["cost"] > 196 * 30e-6 + 2000 * 2e-6 + 150 * 12e-6
        assert [one["uri"] for one in branch["parents"]] == [first["uri"]]
        recipe = await client.read_resource(f"{second['uri']}/recipe")
        assert "Revised: and less text" in str(recipe)
        listed = await client.call_tool("recent_images", {"query": "less text"})
        assert images_of(listed)[0]["uri"] == second["uri"]


def test_a_person_at_a_terminal_talks_about_a_picture_too(
    home: Path, paid: dict[str, str], photo: Path
) -> None:
    environ = {**inherited(), **paid, "AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "aquatint", *words]
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return ran.stdout + ran.stderr

    told = said("edit", str(photo), "warmer", "--refine", "--quality", "low")
    assert "Drawn from these words: Revised: warmer" in told
    assert "Note: Conversation: begins with this picture" in told
    said("edit", "latest", "colder", "--refine", "--quality", "low")
    shown = said("show", "latest")
    assert "drawn as  Revised: colder" in shown
    assert "turn      2 of a conversation with gpt-5.6-terra" in shown
    assert "resp_" not in shown


async def test_a_masked_turn_changes_what_the_mask_says_and_the_next_one_sees_the_result(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI, photo: Path
) -> None:
    async with connect(**paid) as client:
        await masked_edit(client, photo, refine=True)
        asked: dict[str, Any] = {"images": ["latest"], "prompt": "darker", "refine": True}
        await client.call_tool("edit_image", asked)
        sent = provider.paid[-1].fields
        assert sent["previous_response_id"] == "resp_0001"
        kinds = [piece["type"] for piece in sent["input"][0]["content"]]
        assert kinds == ["input_text", "input_image"], "the model never saw what was put together"


async def test_what_a_conversation_cannot_do_costs_nothing_and_says_what_to_do(
    connect: Connect, paid: dict[str, str], provider: FakeOpenAI, photo: Path
) -> None:
    asked: dict[str, Any] = {"images": [str(photo)], "prompt": "warmer", "refine": True}
    async with connect(**paid) as client:
        told = await refusal(client, "edit_image", **asked, n=2)
        assert "Use n=1, or leave refine out" in told
        dry = await client.call_tool("edit_image", {**asked, "dry_run": True})
        assert "'mainline': 'gpt-5.6-terra', 'turn': 1" in text_of(dry)
        plain = await client.call_tool(
            "edit_image", {**asked, "refine": False, "dry_run": True, "quality": "low"}
        )
        assert dry.structured_content
        assert plain.structured_content
        assert dry.structured_content["cost_usd"] > plain.structured_content["cost_usd"] + 0.02
    async with connect(**paid, AQUATINT_MAINLINE_MODEL="gpt-99", AQUATINT_BUDGET_USD="5") as client:
        told = await refusal(client, "edit_image", **asked)
        assert "price of" in told
        assert "is unknown" in told
    assert not provider.paid
    async with connect() as client:  # a draft
        told = await client.call_tool("edit_image", asked)
        assert "a draft remembers nothing" in text_of(told)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("all_of_them", [True, False], ids=["server and worker", "worker"])
def test_the_picture_of_a_turn_outlives_whoever_asked_for_it(
    home: Path, paid: dict[str, str], provider: FakeOpenAI, photo: Path, all_of_them: bool
) -> None:
    turns, url = provider.conversations, paid["OPENAI_BASE_URL"]
    turns.hold()
    roots = {"AQUATINT_ROOTS": str(photo.parent)}
    with serving(home, url, **roots) as server:
        call(server, 1, "edit_image", images=[str(photo)], prompt="warmer", refine=True)
        until(lambda: jobs(home) and jobs(home)[0]["ticket"])
        worker = worker_of(server)
        assert worker
        os.kill(worker, signal.SIGKILL)
        if all_of_them:
            os.killpg(server.process.pid, signal.SIGKILL)
        until(lambda: gone(worker))
        turns.release()
        if not all_of_them:
            assert answer(server, 1)["structuredContent"]["status"] == "done"
    if all_of_them:
        with serving(home, url, **roots) as server:
            call(server, 1, "recent_images")
            answer(server, 1)
            until(lambda: states(home) == ["done"])
    assert len(provider.paid) == 1, "it was sent once"
    assert provider.drawn == 1
    assert provider.last in [file.read_bytes() for file in home.glob("*.png")]
    (job,) = jobs(home)
    assert job["revised_prompt"] == "Revised: warmer"
    assert job["cost"]

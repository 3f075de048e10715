"""Work outlives the request that asked for it: working, waiting on, leaving, asking again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import ResourceListChangedNotification
from PIL import Image

from aquatint.domain.types import LOCAL, Caller
from aquatint.services.outcomes import Outcome, Progress
from conftest import Connect, MakeApp
from e2e.test_studio import page
from fake_openai import fake_openai
from retouching import paying
from words import draw, images_of, refusal, text_of

SLOW: dict[str, Any] = {
    "prompt": "mountains, forest, rain, night",
    "size": "2048x2048",
    "n": 2,
    "reply": "path",
}


async def leave(client: Client, arguments: dict[str, Any], tool: str = "generate_image") -> None:
    """Call, and go away as soon as the server knows that it was sent: before, it is dropped."""

    async def drawing() -> bool:
        running = (await page(client, "jobs"))["running"]
        return any(str(job["stage"]).startswith(("drawing", "saving")) for job in running)

    async with anyio.create_task_group() as group:
        group.start_soon(client.call_tool, tool, arguments)
        with anyio.fail_after(60):
            while not await drawing():
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()


async def what_is_listed(client: Client) -> list[dict[str, Any]]:
    """The pictures, as soon as there are any; asked for as a person would, so that drawing goes on
    beside it."""
    with anyio.fail_after(60):
        while True:
            if listed := images_of(await client.call_tool("recent_images", {})):
                return listed
            await anyio.sleep(0.1)


async def test_a_long_call_answers_working_and_get_image_waits_on(connect: Connect) -> None:
    async with connect(AQUATINT_WAIT="0.01") as client:
        result = await client.call_tool("generate_image", SLOW)
        assert result.structured_content
        assert result.structured_content["status"] == "working", text_of(result)
        job = result.structured_content["job"]
        assert f'get_image(image="{job}")' in text_of(result)
        running = await client.call_tool("recent_images", {})
        assert job in text_of(running)
        with anyio.fail_after(60):
            while result.structured_content["status"] == "working":
                result = await client.call_tool("get_image", {"image": job, "reply": "path"})
                assert result.structured_content
    assert len(images_of(result)) == 2


async def test_a_call_whose_caller_left_still_ends_as_a_listed_picture(
    connect: Connect, home: Path
) -> None:
    async with connect() as client:
        await leave(client, SLOW)
        listed = await what_is_listed(client)
    assert len(listed) == 2
    assert len(list(home.glob("*.png"))) == 2


async def test_asking_again_after_leaving_gets_the_same_picture(
    connect: Connect, home: Path
) -> None:
    async with connect() as client:
        await leave(client, SLOW)
        result = await client.call_tool("generate_image", SLOW)
    assert result.structured_content
    assert result.structured_content["reused"] is True
    assert "fresh" in text_of(result)
    assert len(list(home.glob("*.png"))) == 2


async def test_the_same_call_twice_at_once_is_one_job(connect: Connect, home: Path) -> None:
    async with connect() as client, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(client.call_tool, "generate_image", {"prompt": "one fox only"})
    assert len(list(home.glob("*.png"))) == 1


async def test_fresh_insists(connect: Connect, home: Path) -> None:
    async with connect() as client, anyio.create_task_group() as group:
        for _ in range(3):
            arguments = {"prompt": "one fox only", "size": "64x64", "fresh": True}
            group.start_soon(client.call_tool, "generate_image", arguments)
    assert len(list(home.glob("*.png"))) == 3


async def test_a_reused_picture_is_still_saved_where_it_was_asked(
    connect: Connect, workspace: Path, home: Path
) -> None:
    async with connect() as client:
        await leave(client, {**SLOW, "n": 1})
        again = {**SLOW, "n": 1, "save_to": "hero.png"}
        image = images_of(await client.call_tool("generate_image", again))[0]
    assert [one["path"] for one in image["saved"]] == [str(workspace / "hero.png")]
    assert (workspace / "hero.png").read_bytes() == Path(image["path"]).read_bytes()


async def test_progress_is_reported_while_a_call_waits(connect: Connect) -> None:
    beats: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        beats.append((progress, message))

    async with connect() as client:
        arguments = {"prompt": "A fox", "size": "256x256"}
        await client.call_tool("generate_image", arguments, progress_callback=hear)
    assert beats
    assert all(message for _, message in beats)


async def test_a_new_picture_is_announced_to_both_revisions(make_app: MakeApp, mode: str) -> None:
    told = anyio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, ResourceListChangedNotification):
            told.set()

    app = make_app()
    async with Client(app.server, mode=mode, message_handler=hear) as client:  # pyright: ignore[reportArgumentType]
        with anyio.fail_after(10):
            if mode == "legacy":
                assert client.server_capabilities.resources
                assert client.server_capabilities.resources.list_changed
                await draw(client, size="32x32")
                await told.wait()
            else:
                async with client.listen(resources_list_changed=True) as changes:
                    await draw(client, size="32x32")
                    async for change in changes:
                        assert "ResourcesListChanged" in type(change).__name__
                        break


async def test_another_process_of_the_same_home_is_waited_for(
    connect: Connect, make_app: MakeApp
) -> None:
    app = make_app(AQUATINT_WAIT="0.01")
    async with connect(app) as first, connect(make_app()) as second:
        result = await first.call_tool("generate_image", SLOW)
        assert result.structured_content
        job = result.structured_content["job"]
        done = await second.call_tool("get_image", {"image": job, "reply": "path"})
        assert len(images_of(done)) == 2


async def test_many_who_wait_for_a_job_of_another_process_are_answered_together(
    connect: Connect, make_app: MakeApp
) -> None:
    answers: list[Outcome] = []

    async def report(_: Progress) -> None:
        pass

    async with connect(make_app(AQUATINT_WAIT="0.01")) as first, make_app().service() as second:
        result = await first.call_tool("generate_image", SLOW)
        assert result.structured_content
        job = result.structured_content["job"]

        async def wait() -> None:
            answers.append(await second.wait_for(job, Caller(LOCAL), report))

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(wait)
    assert [answer.status for answer in answers] == ["done"] * 8
    assert {answer.images for answer in answers} == {answers[0].images}
    assert len(answers[0].images) == 2


async def test_a_job_that_ended_and_is_not_written_down_yet_is_not_called_running(
    connect: Connect, home: Path
) -> None:
    async with connect() as client:
        await draw(client, size="64x64")
        with closing(sqlite3.connect(home / ".aquatint" / "catalog.sqlite")) as catalog, catalog:
            catalog.execute("UPDATE jobs SET state = 'intent', ended = NULL")
        recent = await client.call_tool("recent_images", {})
        assert recent.structured_content
        (open_job,) = recent.structured_content["running"]
        assert open_job["ended"] == "done"
        assert "Ended (done), but not listed yet" in text_of(recent)
        assert "Running" not in text_of(recent)
        seen = await client.call_tool("get_image", {"image": open_job["job"]})
    assert len(images_of(seen)) == 1


async def test_a_provider_that_cannot_be_reached_costs_nothing(connect: Connect) -> None:
    nowhere = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    async with connect(**nowhere) as client:
        told = await refusal(client)
        assert "money spent: no" in told
        assert "127.0.0.1:9" in told or "reach" in told


@pytest.mark.parametrize("paid", [True, False])
async def test_a_dry_run_says_what_the_same_call_would_be_answered_by(
    connect: Connect, home: Path, make_app: MakeApp, paid: bool
) -> None:
    asked = {**SLOW, "n": 1}
    dry = {**asked, "dry_run": True}
    async with paying(make_app, fake_openai(delay=0.5)) if paid else connect() as client:
        new = await client.call_tool("generate_image", dry)
        await leave(client, asked)
        listed = await what_is_listed(client)
        again = await client.call_tool("generate_image", dry)
        fresh = await client.call_tool("generate_image", {**dry, "fresh": True})
        result = await client.call_tool("generate_image", asked)
    assert f"Already made: {listed[0]['uri']}. The same call" in text_of(again)
    assert "Already" not in text_of(new) + text_of(fresh)
    assert result.structured_content
    assert result.structured_content["reused"] is True
    assert images_of(result)[0]["uri"] == listed[0]["uri"]
    assert "nothing was paid again. For another one pass fresh=true" in text_of(result)


async def test_a_dry_run_of_an_edit_knows_its_twin_and_stores_nothing(
    connect: Connect, home: Path, workspace: Path
) -> None:
    Image.new("RGB", (640, 480), "teal").save(workspace / "own.png")
    asked = {"images": "own.png", "prompt": "bluer", "reply": "path"}
    dry = {**asked, "dry_run": True}
    async with connect() as client:
        await client.call_tool("edit_image", dry)
        assert not list(home.glob("**/*.png"))
        await leave(client, asked, "edit_image")
        listed = await what_is_listed(client)
        before = sorted(home.glob("**/*.png"))
        again = await client.call_tool("edit_image", dry)
    assert f"Already made: {listed[0]['uri']}" in text_of(again)
    assert sorted(home.glob("**/*.png")) == before

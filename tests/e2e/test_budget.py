"""Limits on money, end to end: refused before sending, asked for where a person can be asked."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.types import ElicitResult, TextResourceContents

from aquatint.cli.main import run
from aquatint.domain.types import GenerateRequest, JobRecord
from conftest import MakeApp
from fake_openai import FakeOpenAI, fake_openai
from ledger import happened, jobs
from words import draw, images_of, refusal, text_of

# One picture at 1024x1024 costs $0.0059 at low and $0.0132 at medium, the default.


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@asynccontextmanager
async def paying(
    make_app: MakeApp, provider: FakeOpenAI, mode: Any = "auto", answer: Any = None, **environ: str
) -> AsyncGenerator[Client]:
    transport = httpx2.ASGITransport(app=provider)
    async with httpx2.AsyncClient(transport=transport) as http:
        app = make_app(http, **{"OPENAI_API_KEY": "sk-test", **environ})
        async with Client(app.server, mode=mode, elicitation_callback=answer) as client:
            yield client


def spent(home: Path) -> float:
    return sum(row["cost"] or 0 for row in jobs(home))


# The budget


async def test_over_budget_is_refused_before_sending_with_a_way_on(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, home: Path
) -> None:
    async with paying(make_app, provider, mode, AQUATINT_BUDGET_USD="0.02") as client:
        await draw(client)
        told = await refusal(client, prompt="Another fox")
        assert len(provider.paid) == 1
        assert "code: over_budget" in told
        assert "money spent: no" in told
        for words in ("$0.0200 for any day", "Enough comes free by 20", 'quality="low"'):
            assert words in told
        assert f"${spent(home):.4f} of the" in told
        way_on = await draw(client, prompt="Another fox", quality="low")
        assert way_on["id"]
        assert await draw(client, prompt="Another fox", model="draft")
        again = await client.call_tool("generate_image", {"prompt": "A red fox", "dry_run": True})
        assert not again.is_error
    assert len(provider.paid) == 2
    assert spent(home) <= 0.02


async def test_more_than_the_whole_budget_never_frees(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider, AQUATINT_BUDGET_USD="0.001") as client:
        told = await refusal(client)
    assert "more than the whole budget" in told
    assert "No model draws this size" in told
    assert 'model="draft"' in told
    assert not provider.requests


async def test_one_call_may_be_too_dear_by_itself(make_app: MakeApp, provider: FakeOpenAI) -> None:
    limits = {"AQUATINT_MAX_CALL_USD": "0.02"}
    async with paying(make_app, provider, **limits) as client:
        told = await refusal(client, n=2)
        assert "code: over_call_limit" in told
        assert 'quality="low"' in told
        assert await draw(client)
        told = await refusal(client, "edit_image", images="latest", prompt="blue", n=3)
        assert "code: over_call_limit" in told
        told = await refusal(client, size="auto")  # reserves the dearest
        assert "code: over_call_limit" in told
    assert len(provider.paid) == 1


async def test_with_a_limit_a_price_must_be_known(make_app: MakeApp, provider: FakeOpenAI) -> None:
    new = {"model": "painter-9"}
    for limit in ("AQUATINT_BUDGET_USD", "AQUATINT_MAX_CALL_USD"):
        async with paying(make_app, provider, **{limit: "1"}) as client:
            told = await refusal(client, **new)
        assert "code: no_price" in told
        assert "AQUATINT_PRICE_USD" in told
    priced = {"AQUATINT_BUDGET_USD": "1", "AQUATINT_PRICE_USD": "2"}
    async with paying(make_app, provider, **priced) as client:
        assert "code: over_budget" in await refusal(client, **new)
    assert not provider.requests


@pytest.mark.parametrize("servers", [1, 2])
async def test_racing_calls_stay_within_the_budget(
    servers: int, make_app: MakeApp, provider: FakeOpenAI, home: Path
) -> None:
    limit = {"AQUATINT_BUDGET_USD": "0.033"}  # five at low
    ends: list[bool | None] = []

    async def ask(client: Client, number: int) -> None:
        arguments = {"prompt": f"fox {number}", "quality": "low", "reply": "path"}
        ends.append((await client.call_tool("generate_image", arguments)).is_error)

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(paying(make_app, provider, **limit))
            for _ in range(servers)
        ]
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(ask, clients[number % servers], number)
    assert ends.count(True) == 15
    assert len(provider.paid) == 5
    assert spent(home) <= 0.033


# Asking the user


def answering(action: Any, pay: bool | None = None) -> tuple[list[str], Any]:
    asked: list[str] = []

    async def answer(_: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action=action, content=None if pay is None else {"pay": pay})

    return asked, answer


CONFIRM = {"AQUATINT_CONFIRM_USD": "0.01"}


async def test_a_dear_call_is_made_when_the_user_agrees(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, workspace: Path
) -> None:
    asked, answer = answering("accept", pay=True)
    async with paying(make_app, provider, mode, answer, **CONFIRM) as client:
        await draw(client, quality="low")
        assert asked == []
        await draw(client)
        assert len(asked) == 1
        assert "1 picture" in asked[0]
        assert "medium" in asked[0]
        assert "$0.0132" in asked[0]
        for images in ("latest", Path(provider_picture(workspace)).name):
            edit = {"images": images, "prompt": f"bluer {images}"}
            images_of(await client.call_tool("edit_image", edit))
        await client.call_tool("generate_image", {"prompt": "dear", "n": 9, "dry_run": True})
        await draw(client, model="draft")
    assert len(asked) == 3
    assert len(provider.paid) == 4


def provider_picture(workspace: Path) -> Path:
    from PIL import Image

    path = workspace / "own.png"
    Image.new("RGB", (640, 480), "teal").save(path)
    return path


@pytest.mark.parametrize(("action", "pay"), [("accept", False), ("decline", None)])
async def test_a_dear_call_is_not_made_when_the_user_declines(
    action: str, pay: bool | None, make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    asked, answer = answering(action, pay)
    async with paying(make_app, provider, mode, answer, **CONFIRM) as client:
        told = await refusal(client)
    assert len(asked) == 1
    assert "code: declined" in told
    assert not provider.requests


async def test_where_nobody_can_be_asked_the_way_is_told(
    make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    async with paying(make_app, provider, mode, **CONFIRM) as client:
        told = await refusal(client)
        for words in (
            "code: needs_confirmation",
            "AQUATINT_CONFIRM_USD",
            "$0.0132",
            'quality="low"',
        ):
            assert words in told
        await draw(client, quality="low")
        edit = {"images": "latest", "prompt": "blue"}
        assert "code: needs_confirmation" in await refusal(client, "edit_image", **edit)
        wrong = await refusal(client, size="7x7x7")
        assert "7x7x7" in wrong
    assert len(provider.paid) == 1


async def test_an_unknown_price_is_asked_for_too(
    make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    asked, answer = answering("decline")
    async with paying(make_app, provider, mode, answer, **CONFIRM) as client:
        told = await refusal(client, model="painter-9")
    assert "an unknown price" in asked[0]
    assert "code: declined" in told


async def test_a_user_may_agree_to_an_unknown_price(
    make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    asked, answer = answering("accept", pay=True)
    async with paying(make_app, provider, mode, answer, **CONFIRM) as client:
        assert await draw(client, model="gpt-image-2.6-flare", format="svg")
    assert len(asked) == 1
    assert len(provider.paid) == 1


async def test_nobody_is_asked_about_a_call_that_costs_nothing(
    make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    asked, answer = answering("decline")
    free = {**CONFIRM, "AQUATINT_PRICE_USD": "0"}
    async with paying(make_app, provider, mode, answer, **free) as client:
        assert await draw(client, model="gpt-image-2.6-flare", format="svg")
    assert asked == []
    assert len(provider.paid) == 1


# The ledger, as people see it


def at(home: Path, *arguments: str) -> list[str]:
    return [*arguments, "--home", str(home)]


async def test_spending_is_told_in_the_terminal_and_as_a_resource(
    make_app: MakeApp,
    provider: FakeOpenAI,
    mode: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    provider.script = ["ok", "500"]
    async with paying(make_app, provider, mode) as client:
        await draw(client)
        failed = await refusal(client, prompt="lost")
        assert "money spent: unknown" in failed
        read = await client.read_resource("images://spend?days=2")
        templates = (await client.list_resource_templates()).resource_templates
    assert "images://spend{?days}" in [one.uri_template for one in templates]
    content = read.contents[0]
    assert isinstance(content, TextResourceContents)
    told = json.loads(content.text)
    assert (told["calls"], len(told["unknown"])) == (2, 1)
    assert told["usd"] == pytest.approx(spent(home), abs=1e-6)
    lost = next(row for row in jobs(home) if row["state"] == "unknown")
    assert told["unknown"][0]["job"] == lost["id"]
    assert await in_terminal(at(home, "spend", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["usd"] == told["usd"]
    assert await in_terminal(at(home, "spend")) == 0
    printed = capsys.readouterr().out
    for words in ("total", "1 unknown", lost["id"], lost["request_id"] or "unknown"):
        assert words in printed
    assert await in_terminal(at(home, "recent", "red")) == 0
    assert "image://" in capsys.readouterr().out
    assert await in_terminal(at(home, "doctor", "--repair")) == 0
    printed = capsys.readouterr().out
    assert "0 recovered" in printed
    assert "1 call(s) of the last 30 days have an unknown outcome" in printed


async def in_terminal(argv: list[str]) -> int:
    """The command line starts an event loop of its own, so it gets a thread."""
    return await anyio.to_thread.run_sync(run, argv)


async def test_a_waiting_call_is_cancelled_from_the_terminal_at_no_cost(
    make_app: MakeApp, provider: FakeOpenAI, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = provider.hold()
    told: list[str] = []
    ends: list[int] = []
    async with paying(make_app, provider, AQUATINT_CONCURRENCY="1") as client:

        async def second() -> None:
            told.append(await refusal(client, prompt="second"))

        async with anyio.create_task_group() as group:
            group.start_soon(draw, client, "first")
            await happened(lambda: any(row["sent"] for row in jobs(home)))
            group.start_soon(second)
            await happened(lambda: len(jobs(home)) == 2)
            first, waiting = (row["id"] for row in jobs(home))
            ends.append(await in_terminal(at(home, "cancel", waiting)))
            ends.append(await in_terminal(at(home, "cancel", first)))
            held.release()
        drawn, dropped = (row["id"] for row in jobs(home))
        ends += [await in_terminal(at(home, "cancel", one)) for one in (drawn, dropped)]
    assert ends == [0, 1, 1, 1]
    printed = capsys.readouterr()
    assert f"{jobs(home)[1]['id']} is cancelled; nothing was paid." in printed.out
    assert f"It is too late: {drawn} was sent at 20" in printed.err
    assert f"{drawn} has ended already: its picture is there." in printed.err
    assert f"{dropped} has ended already: This call was cancelled before it was sent" in printed.err
    assert "code: cancelled" in told[0]
    assert "money spent: no" in told[0]
    assert len(provider.paid) == 1


async def test_what_a_killed_server_left_is_ended_by_the_next(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, home: Path
) -> None:
    async with paying(make_app, provider, mode) as client:
        await draw(client)
    app = make_app(OPENAI_API_KEY="sk-test")
    async with app.service() as service:
        row = jobs(home)[0]
        record = await service.context.catalog.job(row["id"], "local")
        assert isinstance(record, JobRecord)
        left = record.job.model_copy(
            update={"id": "job-" + "a" * 16, "digest": "x", "image_ids": ("b" * 16,)}
        )
        assert left.request == GenerateRequest(prompt="A red fox")
        await service.context.catalog.begin(left, None, lease="gone")
        await service.context.catalog.sent(left.id, "gone")
    async with paying(make_app, provider, mode) as client:
        told = await refusal(client, "get_image", image=left.id)
        assert "code: interrupted" in told
        assert "money spent: unknown" in told
        recent = await client.call_tool("recent_images", {})
        assert "Running" not in text_of(recent)
    assert len(provider.paid) == 1

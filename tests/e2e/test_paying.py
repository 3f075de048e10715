"""The whole path with a key: the real SDK, a strict provider, and every way it can fail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.shared.dispatcher import ProgressFnT
from mcp.types import CallToolResult, ImageContent
from PIL import Image

from conftest import Connect, MakeApp
from fake_openai import FakeOpenAI, fake_openai
from ledger import happened
from words import draw, images_of, look, parents, refusal, text_of

KEY = "sk-test"


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@asynccontextmanager
async def paying(
    make_app: MakeApp, provider: FakeOpenAI, mode: str = "auto", **environ: str
) -> AsyncGenerator[Client]:
    transport = httpx2.ASGITransport(app=provider)
    async with httpx2.AsyncClient(transport=transport) as http:
        app = make_app(http, **{"OPENAI_API_KEY": KEY, **environ})
        async with Client(app.server, mode=mode) as client:  # pyright: ignore[reportArgumentType]
            yield client


async def generate(client: Client, **arguments: Any) -> CallToolResult:
    return await client.call_tool("generate_image", {"prompt": "A red fox", **arguments})


async def test_a_paid_picture_is_kept_byte_for_byte_and_priced(
    make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    async with paying(make_app, provider, mode) as client:
        result = await generate(client)
    image = images_of(result)[0]
    data = Path(image["path"]).read_bytes()
    assert hashlib.sha256(data).digest() == hashlib.sha256(provider.last).digest()
    assert b"caBX" in data
    sent = provider.paid[0].fields
    assert (sent["model"], sent["quality"], sent["size"]) == (
        "gpt-image-2.5-flare",
        "medium",
        "1024x1024",
    )
    assert "response_format" not in sent
    structure = result.structured_content
    assert structure
    assert structure["cost_usd"] == pytest.approx(0.0132, abs=0.0005)
    assert structure["usage"]["image_out"] == 439
    assert "draft" not in text_of(result).lower()


async def test_the_dry_run_agrees_with_the_bill(make_app: MakeApp, provider: FakeOpenAI) -> None:
    async with paying(make_app, provider) as client:
        arguments = {"size": "landscape", "quality": "high", "n": 2}
        quote = (await generate(client, dry_run=True, **arguments)).structured_content
        assert not provider.paid
        bill = (await generate(client, **arguments)).structured_content
    assert quote
    assert bill
    assert quote["cost_usd"] == pytest.approx(bill["cost_usd"], rel=0.02)


async def test_what_a_cost_is_made_of_is_said_beside_it(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "free": {"model": "draft", "size": "64x64"},
        "from the provider's count": {},
        "estimate": {"dry_run": True},
        "at most, an estimate": {"dry_run": True, "size": "auto"},
        "price unknown": {"model": "gpt-image-9", "dry_run": True},
    }
    async with paying(make_app, provider) as client:
        for note, arguments in kinds.items():
            result = await generate(client, **arguments)
            assert result.structured_content
            assert result.structured_content["cost_note"] == note, arguments
            assert re.search(rf"; cost: {note}(;|$)", text_of(result), re.MULTILINE), arguments
        provider.mode = "no_usage"
        uncounted = (await generate(client, model="gpt-image-9")).structured_content
        assert uncounted
        assert uncounted["cost_note"] == "price unknown"
        listed = (await client.call_tool("recent_images", {})).structured_content
        assert listed
        assert "cost_note" not in listed
    async with paying(
        make_app, provider, AQUATINT_PRICE_USD="0.04", OPENAI_BASE_URL="https://gateway.test/v1"
    ) as client:
        priced = (await generate(client, model="flux-9")).structured_content
    assert priced
    assert (priced["cost_usd"], priced["cost_note"]) == (0.04, "estimate")


async def test_a_caller_that_leaves_drops_no_job_that_another_waits_for(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    waits = anyio.Event()

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        waits.set()

    async with paying(make_app, provider, AQUATINT_CONCURRENCY="1") as client:
        shared = {"prompt": "One for two"}
        with anyio.fail_after(30):
            async with anyio.create_task_group() as staying:
                staying.start_soon(draw, client, "One before it")
                await happened(lambda: provider.paid)
                async with anyio.create_task_group() as leaving:
                    leaving.start_soon(waiting, client, shared, heard)
                    await waits.wait()
                    waits = anyio.Event()
                    staying.start_soon(waiting, client, shared, heard)
                    await waits.wait()
                    leaving.cancel_scope.cancel()
                await client.list_tools()  # by its answer the server knows that one has left
                held.release(2)
    assert [got.fields["prompt"] for got in provider.paid] == ["One before it", "One for two"]


async def waiting(client: Client, arguments: dict[str, Any], heard: ProgressFnT) -> None:
    result = await client.call_tool("generate_image", arguments, progress_callback=heard)
    assert images_of(result)


async def test_a_retired_model_is_drawn_by_its_successor_and_said_so(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider) as client:
        result = await generate(client, model="gpt-image-1")
    assert provider.paid[0].fields["model"] == "gpt-image-2.5-flare"
    assert "gpt-image-1 was shut down on 2026-10-23" in text_of(result)


async def test_elsewhere_every_name_goes_through_untouched(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    base = {"OPENAI_BASE_URL": "https://gateway.test/v1"}
    async with paying(make_app, provider, **base) as client:
        await client.call_tool("generate_image", {"prompt": "x", "model": "gpt-image-1"})
        await client.call_tool("generate_image", {"prompt": "x", "model": "flux-9"})
    assert [got.fields["model"] for got in provider.requests] == ["gpt-image-1", "flux-9"]


async def test_an_unknown_model_goes_through_with_a_warning(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider) as client:
        result = await generate(client, model="gpt-image-2.5-flair", dry_run=True)
    assert "gpt-image-2.5-flare" in text_of(result)
    assert "price unknown" in text_of(result)


# (what the provider does, code, words the agent must read, spent, paid calls)
FAULTS = [
    ("401", "invalid_key", ("OPENAI_API_KEY",), "no", 1),
    ("403", "org_unverified", ("settings/organization/general", "15 minutes"), "no", 1),
    ("404", "model_not_found", ("model",), "no", 1),
    ("moderation", "content_policy", ("sexual",), "no", 1),
    ("quota", "billing", ("credit",), "no", 1),
    ("billing_400", "billing", ("billing",), "no", 1),
    ("retry_after_3600", "rate_limited", ("3600",), "no", 1),
    ("409", "conflict", (), "unknown", 1),
    ("500", "provider_error", (), "unknown", 1),
    ("html502", "provider_error", (), "unknown", 1),
    ("html200", "bad_provider_reply", ("no JSON",), "unknown", 1),
    ("data_null", "bad_provider_reply", (), "yes", 1),
    ("data_empty", "bad_provider_reply", (), "yes", 1),
    ("b64_bad", "bad_provider_reply", (), "yes", 1),
    ("b64_text", "bad_provider_reply", (), "yes", 1),
    ("truncated_png", "bad_provider_reply", (), "yes", 1),
    ("cut_in_picture", "bad_provider_reply", (), "yes", 1),
    ("empty", "bad_provider_reply", (), "unknown", 1),
    ("redirect", "redirect", (), "no", 1),
]


@pytest.mark.parametrize(("fault", "code", "words", "spent", "hits"), FAULTS)
async def test_each_fault_of_the_provider_is_told_recorded_and_never_paid_twice(
    make_app: MakeApp,
    provider: FakeOpenAI,
    home: Path,
    fault: str,
    code: str,
    words: tuple[str, ...],
    spent: str,
    hits: int,
) -> None:
    provider.mode = fault
    async with paying(make_app, provider) as client:
        told = await refusal(client)
    assert f"code: {code}" in told
    assert f"money spent: {spent}" in told
    assert KEY not in told
    for word in words:
        assert word in told
    assert len(provider.requests) == hits
    assert not list(home.glob("2*"))
    assert not list((home / ".aquatint" / "parts").glob("*"))


@pytest.mark.parametrize(
    "dress", ["b64_urlsafe", "b64_unpadded", "b64_data_uri", "b64_escaped", "wrong_content_type"]
)
async def test_an_oddly_dressed_reply_is_still_the_picture(
    make_app: MakeApp, provider: FakeOpenAI, dress: str
) -> None:
    provider.mode = dress
    async with paying(make_app, provider) as client:
        image = images_of(await generate(client))[0]
    assert Path(image["path"]).read_bytes() == provider.last


async def test_a_reply_in_another_format_is_named_by_its_bytes(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    provider.mode = "wrong_format"
    async with paying(make_app, provider) as client:
        result = await generate(client)
    image = images_of(result)[0]
    assert look(image["path"])[1] == image["format"] == "jpeg"
    assert image["path"].endswith(".jpg")
    told = "format: png was asked for, and jpeg came."
    assert told in text_of(result)
    assert result.structured_content
    assert told in result.structured_content["warnings"]


async def test_another_size_or_background_than_asked_is_told_in_text_and_structure(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    provider.mode = "own_way"
    async with paying(make_app, provider) as client:
        result = await generate(client, size="1040x1040", background="transparent", n=1)
        asked = await generate(client, size="1088x1088")
    assert result.structured_content
    assert asked.structured_content
    warnings = result.structured_content["warnings"]
    for told in (
        "size: 1040x1040 was asked for, and 1088x1088 came.",
        "background: transparent was asked for, and nothing of what came is.",
    ):
        assert told in warnings
        assert f"Note: {told}" in text_of(result)
    assert "warnings" not in asked.structured_content


async def test_a_keyless_service_on_this_machine_costs_nothing_and_edits_pictures_as_they_are(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    provider.mode, provider.keys = "own_way", None
    Image.new("RGB", (448, 320), "teal").save(workspace / "own.png")
    local = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "http://127.0.0.1:8188/v1"}
    limits = {"AQUATINT_BUDGET_USD": "0.01", "AQUATINT_CONFIRM_USD": "0"}
    async with paying(make_app, provider, **local, **limits) as client:
        edit = {"images": "own.png", "prompt": "bluer", "model": "sd-turbo"}
        result = await client.call_tool("edit_image", edit)
        known = await refusal(client, n=9)
    assert provider.paid[0].fields["size"] == "448x320"
    image = images_of(result)[0]
    assert (image["width"], image["height"], parents(image)[1:]) == (448, 320, [])
    assert result.structured_content
    assert result.structured_content["cost_usd"] == 0
    assert "price" not in text_of(result)
    assert "code: needs_confirmation" in known


async def test_a_missing_picture_of_several_costs_the_others_nothing(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    provider.mode = "fewer"
    async with paying(make_app, provider) as client:
        result = await generate(client, n=3)
    assert len(images_of(result)) == 2
    assert "2 pictures came; 3 were asked for" in text_of(result)


async def test_early_looks_are_streamed_and_the_last_is_kept_when_the_picture_never_comes(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider, AQUATINT_PARTIALS="2") as client:
        assert look(images_of(await generate(client))[0]["path"])[1] == "png"
        provider.mode = "stream_partials_then_end"
        told = await refusal(client, prompt="A hare")
        assert "code: stream_incomplete" in told
        assert "image://" in told
        kept = images_of(await client.call_tool("get_image", {"image": "latest"}))[0]
    assert "early look" in kept["note"]
    assert f"image://{kept['id']}" in told


async def test_an_svg_is_kept_with_a_link_and_no_preview(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider) as client:
        result = await generate(client, model="gpt-image-2.6-flare", format="svg")
        contents = (await client.read_resource(images_of(result)[0]["uri"])).contents[0]
    assert images_of(result)[0]["format"] == "svg"
    assert not [block for block in result.content if isinstance(block, ImageContent)]
    assert contents.mime_type == "image/svg+xml"


async def test_an_exact_size_no_model_draws_is_drawn_larger_and_fitted(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    async with paying(make_app, provider) as client:
        result = await generate(client, exact_size="1080x1080", save_to="tile.jpg")
        image = images_of(result)[0]
        (raw,) = parents(image, "raw")
        original = images_of(await client.call_tool("get_image", {"image": raw}))
    assert provider.paid[0].fields["size"] == "1088x1088"
    assert look(workspace / "tile.jpg") == ((1080, 1080), "jpeg")
    assert (image["width"], image["height"]) == (1080, 1080)
    assert (original[0]["width"], original[0]["height"]) == (1088, 1088)
    assert Path(original[0]["path"]).read_bytes() == provider.last


async def test_a_draft_can_be_asked_for_although_there_is_a_key(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async with paying(make_app, provider) as client:
        image = await draw(client, model="draft", size="64x64")
    assert image["model"] == "draft"
    assert not provider.requests


async def test_what_fails_is_in_no_list_and_what_was_paid_is_found_again(
    connect: Connect, make_app: MakeApp, provider: FakeOpenAI
) -> None:
    provider.script = ["ok", "moderation", "500", "ok"]
    async with paying(make_app, provider) as client:
        for prompt in ("one", "two", "three", "four"):
            await client.call_tool("generate_image", {"prompt": prompt})
    async with connect() as client:
        found = images_of(await client.call_tool("recent_images", {}))
    assert [one["prompt"] for one in found] == ["four", "one"]


async def test_a_service_that_a_setting_names_is_taken_at_its_word(
    make_app: MakeApp, provider: FakeOpenAI, workspace: Path
) -> None:
    Image.new("RGB", (64, 64)).save(workspace / "photo.png")
    elsewhere = {"AQUATINT_BASE_URL": "http://10.0.0.5:8000/v1", "AQUATINT_SERVICE": "ollama"}
    async with paying(make_app, provider, **elsewhere) as client:
        told = await client.call_tool(
            "edit_image", {"images": [str(workspace / "photo.png")], "prompt": "redder"}
        )
        assert told.is_error
        assert "Ollama at 10.0.0.5 does not edit pictures" in text_of(told)
    async with paying(make_app, provider, **elsewhere | {"AQUATINT_SERVICE": "olama"}) as client:
        told = await generate(client)
        assert "AQUATINT_SERVICE=olama: there is no such service" in text_of(told)
    assert not provider.paid

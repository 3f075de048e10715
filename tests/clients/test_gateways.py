"""LiteLLM's proxy, run for real between the server and the strict provider."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from aquatint.domain.conversation import Conversation
from aquatint.domain.engine import Accepted, Event, Finished, Inputs
from aquatint.domain.types import Order
from aquatint.engines.openai import Connection, ResponsesEngine
from clients.strangers import ROOT
from conftest import Connect
from fake_openai import FakeOpenAI, MemoryPart, encoded, fake_openai, serve
from ledger import until
from words import draw, images_of, masked_edit, refusal, text_of

pytestmark = pytest.mark.full
KEY = "sk-proxy"
MODELS = ("gpt-image-2.5-flare", "gpt-image-2.5-sunburst", "gpt-5.6-terra")
OWN = 3  # requests upstream that one of ours becomes: LiteLLM's own retries cannot be turned off


@dataclass
class Gateway:
    """The proxy's address, and what stands behind it."""

    url: str
    fake: FakeOpenAI

    @property
    def settings(self) -> dict[str, str]:
        return {"OPENAI_API_KEY": KEY, "AQUATINT_BASE_URL": self.url}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, installed: None) -> Generator[Gateway]:
    folder = tmp_path_factory.mktemp("litellm")
    fake = fake_openai()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serve(fake) as url, (folder / "log.txt").open("wb") as log:
        (folder / "config.yaml").write_text(_configuration(f"{url}/v1"))
        with subprocess.Popen(
            [
                ROOT / ".venv-gateways/bin/litellm",
                *("--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)),
            ],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # prices from its own files
            },
            stdout=log,
            stderr=log,
        ) as process:
            try:
                until(lambda: _alive(port) or process.poll() is not None, 180)
                assert process.poll() is None, (folder / "log.txt").read_text()[-2000:]
                yield Gateway(f"http://127.0.0.1:{port}/v1", fake)
            finally:
                process.kill()


@pytest.fixture
def gateway(proxy: Gateway) -> Generator[Gateway]:
    proxy.fake.requests.clear()
    yield proxy
    proxy.fake.mode = "ok"


def _configuration(url: str) -> str:
    rows = "".join(
        f"  - model_name: {name}\n"
        f"    litellm_params: {{model: openai/{name}, api_base: {url}, api_key: sk-test,"
        " max_retries: 0}\n"
        for name in MODELS
    )
    return (
        f"model_list:\n{rows}"
        "litellm_settings: {num_retries: 0, telemetry: false}\n"
        "router_settings: {num_retries: 0, disable_cooldowns: true}\n"
        f"general_settings: {{master_key: {KEY}}}\n"
    )


def _alive(port: int) -> bool:
    try:
        answer = httpx2.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=2)
    except httpx2.HTTPError:
        return False
    return answer.is_success


async def test_it_draws_and_tells_the_price(connect: Connect, gateway: Gateway) -> None:
    async with connect(**gateway.settings) as client:
        image = await draw(client, "ein Fuchs 狐狸", quality="low")
        assert Path(image["path"]).read_bytes() == gateway.fake.last
        assert len(gateway.fake.paid) == 1
        told = await client.call_tool("get_image", {"image": image["uri"]})
        assert images_of(told)[0]["model"] == "gpt-image-2.5-flare"
        webp = await draw(client, "a fox", format="webp", n=2, size="1536x1024", quality="low")
        assert webp["format"] == "webp"


async def test_a_masked_edit_stays_exact(
    connect: Connect, gateway: Gateway, workspace: Path
) -> None:
    photo = workspace / "photo.png"
    Image.effect_noise((1024, 1024), 60).convert("RGB").save(photo)
    async with connect(**gateway.settings) as client:
        await masked_edit(client, photo)


async def test_early_looks_are_not_asked_for_through_it(connect: Connect, gateway: Gateway) -> None:
    async with connect(**gateway.settings, AQUATINT_PARTIALS="2") as client:
        told = await client.call_tool("generate_image", {"prompt": "a fox", "quality": "low"})
        assert "no early looks through it" in text_of(told)
        (paid,) = gateway.fake.paid
        assert "stream" not in paid.fields, "it would pay three times, and answer 500"


FAILURES = [
    ("rate_limit", "rate_limited", OWN),
    ("retry_after_3600", "rate_limited", OWN),
    ("quota", "billing", OWN),
    ("billing_400", "billing", 1),
    ("500", "provider_error", OWN),
    ("503", "provider_error", OWN),
    ("504", "gateway_timeout", OWN),
    ("moderation", "content_policy", 1),
    ("401", "invalid_key", 1),
    ("409", "conflict", OWN),
]


@pytest.mark.parametrize(("failure", "code", "most"), FAILURES)
async def test_one_draw_is_one_request_of_ours_whatever_goes_wrong(
    connect: Connect, gateway: Gateway, failure: str, code: str, most: int
) -> None:
    gateway.fake.mode = failure
    async with connect(**gateway.settings, AQUATINT_SERVICE="litellm") as client:
        told = await refusal(client)
    assert f"code: {code}" in told, told
    assert 1 <= len(gateway.fake.paid) <= most, f"{len(gateway.fake.paid)} requests upstream"


async def test_a_conversation_goes_on_through_it(gateway: Gateway) -> None:
    there = Connection(api_key=KEY, base_url=gateway.url, service="litellm")
    engine = ResponsesEngine(there)
    picture = encoded(Image.new("RGB", (1024, 1024), "teal"), "png")

    def turn(talk: Conversation) -> Any:
        order = Order(
            prompt="warmer",
            model="gpt-image-2.5-sunburst",
            size="1024x1024",
            quality="low",
            images=("a",),
            conversation=talk,
        )
        return order, engine.render(order, Inputs((picture,)), MemoryPart, job="j")

    _, events = turn(Conversation(mainline="gpt-5.6-terra"))
    first: list[Event] = [event async for event in events]
    (accepted,) = (event for event in first if isinstance(event, Accepted))
    talk = Conversation(mainline="gpt-5.6-terra", after=accepted.ticket, turns=2, remembered=True)
    order, events = turn(talk)
    second: list[Event] = [event async for event in events]
    assert isinstance(second[-1], Finished)
    assert [got.fields.get("previous_response_id") for got in gateway.fake.paid] == [
        None,
        next(iter(gateway.fake.conversations.turns)),
    ]
    fetching = engine.resume(order, MemoryPart, job="j", ticket=accepted.ticket)
    fetched: list[Event] = [event async for event in fetching]
    assert isinstance(fetched[-1], Finished), "by the gateway's own name for it"
    assert isinstance(first[-1], Finished)
    assert fetched[-1].parts[0].read() == first[-1].parts[0].read()
    await engine.aclose()

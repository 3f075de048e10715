"""Pictures from telephones and from https addresses as inputs of an edit, and what refuses them."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from PIL import Image

from aquatint.app import build
from aquatint.settings import Settings
from conftest import MakeApp
from fake_openai import FakeOpenAI, fake_openai
from https import Answer, Net, Trust, make_trust, ok, serving, status
from retouching import paying
from words import images_of, refusal, text_of

DATA = Path(__file__).parents[1] / "data"
CAT = (DATA / "chelsea.png").read_bytes()
URL = "https://pictures.example"


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


# Photographs from telephones


@pytest.fixture
def photo(workspace: Path) -> str:
    (workspace / "IMG_0001.HEIC").write_bytes((DATA / "halves.heic").read_bytes())
    return "IMG_0001.HEIC"


async def test_a_heic_photograph_is_edited_as_a_picture_that_every_service_takes(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, photo: str
) -> None:
    pytest.importorskip("pi_heif", reason="the extra `heic` is not installed")
    async with paying(make_app, provider, mode) as client:
        arguments = {"images": photo, "prompt": "make it blue", "size": "1024x1024"}
        result = await client.call_tool("edit_image", arguments)
    assert images_of(result)
    (sent,) = provider.paid[0].files["image"]
    assert sent.mime in {"image/png", "image/jpeg"}
    assert b"Canary" not in sent.data
    with Image.open(io.BytesIO(sent.data)) as image:
        assert image.size == (96, 64)
        assert not image.getexif()
        left, right = (image.convert("RGB").getpixel((x, 32)) for x in (20, 76))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > 90 > left[2]
    assert right[2] > 150 > 90 > right[0]


async def test_without_the_extra_a_heic_photograph_is_refused_with_what_to_install(
    make_app: MakeApp, provider: FakeOpenAI, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)  # as if it were not installed
    async with paying(make_app, provider) as client:
        told = await refusal(client, "edit_image", images=photo, prompt="make it blue")
    assert 'pip install "aquatint[heic]"' in told
    assert "money spent: no" in told
    assert provider.paid == []


# Pictures at https addresses


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def editing(
    home: Path, provider: FakeOpenAI, net: Net, trust: Trust
) -> AsyncGenerator[Client]:
    """A client of a server whose only way to https addresses is this net."""
    environ = {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0", "OPENAI_API_KEY": "sk-test"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=provider)) as http:
        app = build(
            Settings.from_env(environ),
            http_client=http,
            fetch=lambda: net.fetch(trust, max_bytes=300_000),
        )
        async with Client(app.server) as client:
            yield client


async def test_a_picture_at_an_https_address_is_edited(
    home: Path, provider: FakeOpenAI, trust: Trust
) -> None:
    async with (
        serving(trust, {"/cat.png": ok(CAT)}) as net,
        editing(home, provider, net, trust) as client,
    ):
        arguments = {"images": f"{URL}/cat.png", "prompt": "a hat", "size": "1024x1024"}
        result = await client.call_tool("edit_image", arguments)
        assert images_of(result), text_of(result)
    (sent,) = provider.paid[0].files["image"]
    with Image.open(io.BytesIO(sent.data)) as image:
        assert image.size == (451, 300)


BIG = b"HTTP/1.1 200 OK\r\nContent-Length: 300001\r\n\r\n"
PAGE = ok(b"<!doctype html><title>Sign in</title>", "Content-Type: text/html")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (status(404), ("no_such_image", "pictures.example has no such picture", "Check the URL")),
        (PAGE, ("bad_image", "an HTML page", "the URL of the picture file itself")),
        (
            status(302, "Location: https://192.168.0.1/cat.png"),
            ("192.168.0.1", "public", "give a file's path"),
        ),
        (BIG, ("too_large", "300,000 bytes", "smaller picture")),
    ],
    ids=["404", "html", "redirect inwards", "too big"],
)
async def test_what_stands_at_an_address_and_is_no_input_is_said_at_no_cost(
    home: Path, provider: FakeOpenAI, trust: Trust, answer: Answer, says: tuple[str, ...]
) -> None:
    async with (
        serving(trust, {"/cat.png": answer}) as net,
        editing(home, provider, net, trust) as client,
    ):
        told = await refusal(client, "edit_image", images=f"{URL}/cat.png", prompt="a hat")
    for words in (*says, "money spent: no"):
        assert words in told
    assert "Sign in" not in told
    assert provider.paid == []
    assert len(net.dialled) == 1

"""Bad input: each gets an error that names the fix, and nothing is lost or spent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from conftest import Connect
from fake_openai import encoded
from words import draw, look, refusal, text_of

KEY = {"OPENAI_API_KEY": "sk-never-used", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
FLARE = "gpt-image-2.5-flare"
# (arguments, words that the error must say)
BAD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"prompt": ""}, ("prompt", "empty")),
    ({"prompt": "x" * 33_000}, ("prompt", "32,000")),
    ({"size": "1080x1080"}, ("1080x1080", "16", "exact_size")),
    ({"size": "4096x4096"}, ("4096x4096", "3840")),
    ({"size": "17:1"}, ("17:1",)),
    ({"size": "huge"}, ("huge", "square")),
    ({"background": "transparent", "format": "jpeg"}, ("transparent", "png")),
    ({"compression": 50, "format": "png"}, ("compression", "jpeg")),
    ({"compression": 101, "format": "jpeg"}, ("compression", "100")),
    ({"n": 11}, ("n", "10")),
    ({"n": 0}, ("n", "1")),
    ({"model": "gpt-image-2", "quality": "xhigh"}, ("xhigh", "high")),
    ({"model": "gpt-image-2.6-flare", "format": "svg", "n": 2}, ("svg", "n")),
    ({"frames": 4}, ("frames", "gif")),
    ({"quailty": "low"}, ("quailty", "Did you mean 'quality'")),
    ({"quality": "ultra"}, ("quality", "xhigh")),
    ({"exact_size": "big"}, ("exact_size",)),
    ({"save_to": "../outside.png"}, ("outside.png", "AQUATINT_ROOTS")),
    ({"save_to": "picture.xyz"}, ("xyz", "png")),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda value: str(value)[:40])
async def test_a_wrong_request_is_refused_before_anything_is_sent(
    connect: Connect, arguments: dict[str, Any], words: tuple[str, ...]
) -> None:
    async with connect(**KEY) as client:
        told = await refusal(client, **{"model": FLARE, **arguments})
    assert "money spent: no" in told
    for word in words:
        assert word in told


async def test_all_problems_are_told_at_once(connect: Connect) -> None:
    async with connect(**KEY) as client:
        wrong: dict[str, Any] = {"prompt": " ", "n": 2, "size": "1080x1080", "frames": 3}
        told = await refusal(client, model=FLARE, save_to=["../out.png", "x.xyz"], **wrong)
    for word in ("5 things", "prompt", "1080x1080", "frames", "out.png", "x.xyz"):
        assert word in told
    assert told.count("nothing was sent") == 1
    assert "again" not in told
    assert "retryable: when changed" in told


async def test_a_paid_model_without_a_key_says_what_to_set(connect: Connect) -> None:
    async with connect() as client:
        told = await refusal(client, model=FLARE)
    assert "OPENAI_API_KEY" in told
    assert "code: no_key" in told


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("aaaaaaaaaaaaaaaa", ("aaaaaaaaaaaaaaaa", "recent_images")),
        ("image://aaaaaaaaaaaaaaaa", ("recent_images",)),
        ("latest", ("generate_image",)),
        ("job-aaaaaaaaaaaaaaaa", ("job-aaaaaaaaaaaaaaaa", "recent_images")),
        ("missing.png", ("missing.png",)),
        ("/etc/passwd", ("AQUATINT_ROOTS",)),
        ("attachment://1", ("attachment", "aquatint add")),
        ("/mnt/data/cat.png", ("attachment", "path")),
        ("ftp://example.org/x.png", ("ftp", "https://")),
        ("http://127.0.0.1/x.png", ("https",)),
        ("data:image/png;base64,!!!", ("damaged", "path")),
        ("data:text/plain,hello", ("base64",)),
        ("data:image/png;base64,aGVsbG8=", ("text",)),
        ("", ("empty",)),
    ],
)
async def test_a_reference_to_nothing_says_where_to_look(
    connect: Connect, reference: str, words: tuple[str, ...]
) -> None:
    async with connect() as client:
        told = await refusal(client, "get_image", image=reference)
    for word in words:
        assert word in told


async def test_a_data_url_may_hold_as_many_bytes_as_a_file_and_no_more(
    connect: Connect, workspace: Path
) -> None:
    limit = 100_000
    image = encoded(Image.new("RGB", (64, 64)), "png")
    exact, longer = (image.ljust(size, b"\0") for size in (limit, limit + 3))
    async with connect(AQUATINT_MAX_BYTES=str(limit)) as client:
        for data in (exact, longer):
            url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
            (workspace / "one.png").write_bytes(data)
            for reference in (url, "one.png"):
                result = await client.call_tool("get_image", {"image": reference})
                assert result.is_error == (data is longer), text_of(result)
                assert not result.is_error or "100,000" in text_of(result)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("recent_images", {"cursor": "nonsense"}, ("cursor",)),
        ("recent_images", {"limit": 1000}, ("limit", "50")),
        ("recent_images", {"kind": "video"}, ("kind", "generated")),
        ("get_image", {"image": "latest", "edge": 5}, ("edge", "64")),
        ("get_image", {}, ("image", "required")),
        ("gen_image", {}, ("generate_image",)),
    ],
)
async def test_the_free_tools_are_as_strict(
    connect: Connect, tool: str, arguments: dict[str, Any], words: tuple[str, ...]
) -> None:
    async with connect() as client:
        await draw(client, size="32x32")
        told = await refusal(client, tool, **arguments)
    for word in words:
        assert word in told


async def test_an_existing_file_is_never_replaced_unasked(
    connect: Connect, workspace: Path, home: Path
) -> None:
    (workspace / "hero.png").write_bytes(b"mine")
    async with connect() as client:
        told = await refusal(client, save_to="hero.png")
        assert "overwrite" in told
        assert not list(home.glob("*.png"))
        assert (workspace / "hero.png").read_bytes() == b"mine"
        await draw(client, size="64x64", save_to="hero.png", overwrite=True)
    assert look(workspace / "hero.png") == ((64, 64), "png")


async def test_save_to_writes_what_the_extension_says(connect: Connect, workspace: Path) -> None:
    targets = ["public/hero.webp", "public/hero.png", "hero.avif", "favicon.ico", "hero.jpg"]
    async with connect() as client:
        image = await draw(client, size="128x128", save_to=targets)
    assert [one["path"] for one in image["saved"]] == [str(workspace / one) for one in targets]
    assert image["format"] == "webp"
    formats = [look(workspace / target)[1] for target in targets]
    assert formats == ["webp", "png", "avif", "ico", "jpeg"]


async def test_several_pictures_get_numbered_names(connect: Connect, workspace: Path) -> None:
    async with connect() as client:
        await draw(client, n=3, size="64x64", save_to="icon.png")
    assert sorted(path.name for path in workspace.iterdir()) == [
        "icon-1.png",
        "icon-2.png",
        "icon-3.png",
    ]


async def test_a_folder_that_cannot_be_written_is_told_before_anything_is_drawn(
    connect: Connect, workspace: Path, home: Path
) -> None:
    (workspace / "public").write_text("a file where a folder should be")
    async with connect() as client:
        told = await refusal(client, save_to="public/hero.png")
    assert "public" in told
    assert not list(home.glob("*.png"))


async def test_a_query_of_odd_characters_is_harmless(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("recent_images", {"query": "\x00", "limit": 5})
    assert not result.is_error, text_of(result)


async def test_a_number_beyond_reason_is_refused_at_once(connect: Connect) -> None:
    async with connect() as client:
        with anyio.fail_after(10):
            for n in (2**70, -(2**70)):
                assert "n:" in await refusal(client, n=n, dry_run=True)

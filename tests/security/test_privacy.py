"""The promise of privacy: what is forgotten is gone, what is not kept is nowhere."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextResourceContents
from PIL import Image

from aquatint.cli.commands.forget import forget
from aquatint.cli.main import with_service
from aquatint.settings import Settings
from conftest import MakeApp
from e2e.test_paying import paying
from fake_openai import fake_openai
from inherited import inherited
from unit import hostile
from unit.hostile import COMMENT_SECRET, GPS_SECRET, XMP_SECRET
from words import draw, images_of, parents, refusal, text_of

WORD = "xylophonistin"  # in no other file, so that bytes can be searched for it


def holders(home: Path, *words: str) -> list[str]:
    """Files whose name or bytes have one of the words, folded as the index folds them or not."""
    found: list[str] = []
    for path in home.rglob("*"):
        if path.is_file():
            data = path.name.encode() + b"\n" + path.read_bytes()
            found += [path.name for word in words if word.encode() in data]
    return found


def aquatint(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aquatint", *arguments],
        env=inherited()
        | {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0", "HOME": str(home.parent)},
        capture_output=True,
        text=True,
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


async def forgotten(home: Path, *ids: str, before: str = "", dry_run: bool = False) -> int:
    """The command in this process: starting one takes a second."""
    settings = Settings.from_env({"AQUATINT_HOME": str(home)})
    date = datetime.fromisoformat(before) if before else None
    arguments = Namespace(ids=list(ids), before=date, dry_run=dry_run)
    return await with_service(settings, lambda service: forget(service, arguments))


def stored(home: Path) -> list[str]:
    inner = [p for p in (home / ".aquatint").rglob("*") if p.parent.name in {"previews", "inputs"}]
    return [path.name for path in [*home.glob("*.*"), *inner] if path.is_file()]


async def test_a_forgotten_picture_leaves_no_row_file_preview_input_or_word(
    make_app: MakeApp, home: Path, workspace: Path
) -> None:
    app = make_app()
    async with Client(app.server) as client:
        kept = await draw(client, "A heron", size="256x256")
        base = await draw(client, f"A {WORD}", size="256x256", save_to="copy.png")
        arguments = {"images": [base["uri"]], "prompt": "at night", "exact_size": "64x64"}
        child = images_of(await client.call_tool("edit_image", arguments))[0]
    assert holders(home, WORD)
    files = stored(home)
    done = aquatint(home, "forget", base["uri"])
    assert done.returncode == 0, done.stderr
    assert not holders(home, WORD)
    assert len(stored(home)) == len(files) - 3  # the picture, its preview, the input made of it
    assert f"Forgotten, with files, previews and inputs: {base['uri']}." in done.stdout
    assert f"Remaining, made from them: {child['uri']}." in done.stdout
    assert str(workspace / "copy.png") in done.stdout
    assert (workspace / "copy.png").exists()
    async with Client(make_app().server) as client:
        listed = await client.call_tool("recent_images", {})
        assert [one["uri"] for one in images_of(listed)] == [child["uri"], kept["uri"]]
        assert "There is no picture" in await refusal(client, "get_image", image=base["uri"])
        assert images_of(await client.call_tool("get_image", {"image": child["uri"]}))
        told = await client.call_tool("recent_images", {"query": WORD})
        assert images_of(told) == []


async def test_the_raw_picture_behind_a_fitted_one_is_forgotten_with_it(
    make_app: MakeApp, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Client(make_app().server) as client:
        fitted = await draw(client, f"A {WORD}", size="256x256", exact_size="100x50")
    (raw,) = parents(fitted, "raw")
    assert await forgotten(home, fitted["uri"], dry_run=True) == 0
    assert raw in capsys.readouterr().out
    assert holders(home, WORD)
    assert await forgotten(home, fitted["uri"]) == 0
    assert raw in capsys.readouterr().out
    assert not holders(home, WORD)
    assert stored(home) == []


async def test_everything_before_a_date_is_forgotten_failures_too(
    make_app: MakeApp, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = fake_openai()
    async with paying(make_app, provider) as client:
        await draw(client, f"A {WORD}", size="1024x1024")
        await draw(client, "A heron", size="1024x1024", n=2)
        provider.mode = "moderation"
        await refusal(client, prompt=f"A bad {WORD}")
    assert await forgotten(home, before="2001-01-01") == 0
    assert "nothing" in capsys.readouterr().out
    assert len(holders(home, WORD)) >= 2
    assert await forgotten(home, before="2999-01-01") == 0
    assert "The words of 1 call(s)" in capsys.readouterr().out
    assert stored(home) == []
    assert not holders(home, WORD, "heron")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either ids"),
        (["image://abcdefgh23456777"], "There is no picture"),
        (["latest"], "There is no picture"),
        (["../../etc/passwd"], "There is no picture"),
    ],
)
async def test_forgetting_nothing_in_particular_is_refused(
    home: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await forgotten(home, *arguments) == 1
    assert words in capsys.readouterr().err


async def recipe(client: Client, uri: str) -> dict[str, Any]:
    (read,) = (await client.read_resource(f"{uri}/recipe")).contents
    assert isinstance(read, TextResourceContents)
    return json.loads(read.text)


async def test_prompts_can_be_kept_as_hashes_only(make_app: MakeApp, home: Path) -> None:
    provider = fake_openai()
    async with paying(make_app, provider, AQUATINT_KEEP_PROMPTS="false") as client:
        image = await draw(client, f"A {WORD}", size="1024x1024", exact_size="64x64")
        arguments = {"images": [image["uri"]], "prompt": f"A bluer {WORD}"}
        images_of(await client.call_tool("edit_image", arguments))
        provider.mode = "moderation"
        await refusal(client, prompt=f"A bad {WORD}")
        told = await refusal(client, "recent_images", query=WORD)
        made = await recipe(client, image["uri"])
    assert provider.paid[0].fields["prompt"] == f"A {WORD}"
    assert not holders(home, WORD)
    digest = hashlib.sha256(f"A {WORD}".encode()).hexdigest()[:16]
    assert holders(home, f"sha256-{digest}")  # file names
    assert "AQUATINT_KEEP_PROMPTS" in told
    assert made["arguments"]["prompt"] == f"sha256:{digest}"
    assert "AQUATINT_KEEP_PROMPTS" in made["prompt"]


async def test_a_call_that_is_asked_again_is_still_recognised_without_its_prompt(
    make_app: MakeApp,
) -> None:
    provider = fake_openai()
    async with paying(make_app, provider, AQUATINT_KEEP_PROMPTS="false") as client:
        first, second = [await draw(client, "A fox", size="1024x1024", fresh=f) for f in (0, 1)]
    assert first["id"] != second["id"]
    assert len(provider.paid) == 2


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
async def test_no_metadata_reaches_the_provider(
    make_app: MakeApp, workspace: Path, format: str
) -> None:
    provider = fake_openai()
    data = hostile.private(format.upper())
    secrets = [GPS_SECRET.encode(), XMP_SECRET, COMMENT_SECRET, b"CameraMaker-4711"]
    assert sum(secret in data for secret in secrets) >= 2
    (workspace / f"private-name.{format}").write_bytes(data)
    async with paying(make_app, provider) as client:
        name = f"private-name.{format}"
        result = await client.call_tool("edit_image", {"images": [name], "prompt": "brighter"})
        assert images_of(result), text_of(result)
    (got,) = provider.paid
    sent = [file for files in got.files.values() for file in files]
    assert sent
    for file in sent:
        assert not [secret for secret in secrets if secret in file.data]
        assert "private" not in file.name
        with Image.open(io.BytesIO(file.data)) as image:
            assert not image.getexif()
            assert "icc_profile" not in image.info

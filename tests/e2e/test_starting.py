"""It starts always: whatever is wrong is said in words, drafts work, tools are listed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aquatint.app import choose_home
from aquatint.settings import Settings
from conftest import Connect, MakeApp
from inherited import inherited
from words import draw, images_of, refusal, text_of


async def test_a_bad_setting_is_named_and_drafts_still_work(connect: Connect) -> None:
    async with connect(AQUATINT_WAIT="soon", AQUATINT_HOEM="/x", OPENAI_API_KEY="sk-x") as client:
        assert (await client.list_tools()).tools
        result = await client.call_tool(
            "generate_image", {"prompt": "fox", "model": "draft", "size": "64x64"}
        )
        told = await refusal(client)
    assert images_of(result)
    for words in (text_of(result), told):
        assert "AQUATINT_WAIT='soon'" in words
        assert "Did you mean AQUATINT_HOME" in words


def test_without_any_home_pictures_go_where_the_reply_says(tmp_path: Path) -> None:
    environ = inherited("PATH") | {"HOME": "/nowhere", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "aquatint", "draw", "A fox", "--size", "32x32", "--min-free"]
    done = subprocess.run(
        [*command, "0"], env=environ, cwd="/", capture_output=True, text=True, check=True
    )
    image = Path(done.stdout.splitlines()[0])
    assert image.is_file()
    assert image.parent.parent == tmp_path.resolve()
    assert str(image.parent) in done.stderr
    assert "AQUATINT_HOME" in done.stderr


async def test_the_default_home_is_absolute_wherever_the_host_stands(tmp_path: Path) -> None:
    for cwd in ("/", str(tmp_path)):
        settings = Settings.from_env({}, cwd=cwd, user_home=str(tmp_path))
        assert choose_home(settings) == (str(tmp_path / "Pictures" / "aquatint"), None)


async def test_a_home_that_cannot_be_made_is_named_and_nothing_is_asked(
    connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    async with connect(AQUATINT_HOME=str(tmp_path / "file" / "home")) as client:
        assert (await client.list_tools()).tools
        told = await refusal(client)
    assert "AQUATINT_HOME" in told
    assert str(tmp_path / "file") in told


async def test_a_missing_home_is_made(make_app: MakeApp, home: Path, connect: Connect) -> None:
    assert not home.exists()
    async with connect() as client:
        await draw(client, size="32x32")
    assert home.stat().st_mode & 0o077 == 0


async def test_a_corrupt_catalog_is_named_and_left_alone(connect: Connect, home: Path) -> None:
    catalog = home / ".aquatint" / "catalog.sqlite"
    catalog.parent.mkdir(parents=True)
    catalog.write_bytes(b"this is not a database, but it may be all there is" * 100)
    before = catalog.read_bytes()
    async with connect() as client:
        assert (await client.list_tools()).tools
        told = await refusal(client)
    assert "catalog" in told
    assert str(catalog) in told
    assert catalog.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="no read-only mounts to try")
async def test_too_little_free_space_is_told_before_paying(connect: Connect) -> None:
    async with connect(AQUATINT_MIN_FREE=str(10**18)) as client:
        told = await refusal(client)
    assert "free" in told
    assert "money spent: no" in told


async def test_a_bad_models_table_is_named_and_the_own_one_serves(
    connect: Connect, tmp_path: Path
) -> None:
    table = tmp_path / "models.toml"
    table.write_text("[[[")
    async with connect(AQUATINT_MODELS=str(table)) as client:
        result = await client.call_tool("generate_image", {"prompt": "fox", "size": "32x32"})
    assert images_of(result)
    assert str(table) in text_of(result)

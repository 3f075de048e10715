"""It starts always: whatever is wrong is said in words, drafts work, tools are listed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters

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


def run(
    home: Path, *arguments: str, cwd: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as a host or a person starts it."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "PYTHONUTF8": "1"}
    environ |= {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0", **more}
    done = subprocess.run(
        [sys.executable, "-m", "aquatint", *arguments],
        env=environ,
        cwd=cwd or home.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert "the worker died" not in done.stderr
    return done


ABSURD = {
    "AQUATINT_REUSE": "inf",
    "AQUATINT_WAIT": "nan",
    "AQUATINT_DEADLINE": "1e999",
    "AQUATINT_PRICE_USD": "-inf",
    "AQUATINT_BUDGET_USD": "1e308",
    "AQUATINT_MAX_BYTES": "9" * 30,
    "AQUATINT_MAX_PIXELS": "9" * 30,
    "AQUATINT_MAX_LINE": "9" * 30,
    "AQUATINT_CONCURRENCY": "9" * 5000,
    "AQUATINT_ROOTS": "/\udcff",
    "AQUATINT_MODEL": "a\udcffb",
    "OPENAI_ORG_ID": "\udcff",
}


def test_absurd_settings_are_each_named_and_no_process_dies_of_them(home: Path) -> None:
    """With a provider's address, so that a worker would be started with these settings."""
    paid = run(home, "draw", "a fox", **ABSURD, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert paid.returncode == 1
    draft = run(home, "draw", "a fox", "--model", "draft", "--size", "32x32", **ABSURD)
    assert draft.returncode == 0, draft.stderr
    doctor = run(home, "doctor", "--offline", **ABSURD)
    assert doctor.returncode == 1
    assert "AQUATINT_REUSE" in draft.stderr
    for name in ABSURD:
        assert name in paid.stderr
        assert name in doctor.stdout


@pytest.mark.parametrize("value", ["inf", "nan", "-inf", "1e9", "0x10"])
def test_seconds_are_finite_and_within_reason(value: str) -> None:
    settings = Settings.from_env({"AQUATINT_REUSE": value, "AQUATINT_WAIT": value})
    assert [problem.split("=")[0] for problem in settings.problems] == [
        "AQUATINT_WAIT",
        "AQUATINT_REUSE",
    ]
    assert (settings.wait, settings.reuse) == (45, 600)


@pytest.mark.parametrize(
    ("environ", "worker"),
    [
        ({"AQUATINT_PRESS": "false"}, False),
        ({"AQUATINT_PRESS": "false", "AQUATINT_WORKER": " "}, False),
        ({"AQUATINT_PRESS": "false", "AQUATINT_WORKER": "true"}, True),
    ],
)
def test_the_former_name_of_a_setting_counts_where_the_new_one_says_nothing(
    environ: dict[str, str], worker: bool
) -> None:
    settings = Settings.from_env(environ)
    assert settings.worker is worker
    assert settings.problems == ()
    [note] = settings.notes
    assert "AQUATINT_WORKER" in note


def test_a_key_that_is_not_utf8_is_named_and_not_shown() -> None:
    settings = Settings.from_env({"OPENAI_API_KEY": "sk-secret-\udcff"})
    assert settings.api_key is None
    assert settings.problems[0].startswith("OPENAI_API_KEY (***) is not valid UTF-8")


@pytest.mark.parametrize("port", ["99999", "-1", "1e3", "65536", "9" * 5000])
def test_a_port_that_cannot_be_is_wrong_usage(home: Path, port: str) -> None:
    done = run(home, "serve", f"--http={port}")
    assert done.returncode == 2
    assert "is not a port: pass 0 to 65535" in done.stderr


def test_a_base_url_with_an_impossible_port_is_named(home: Path) -> None:
    done = run(home, "doctor", OPENAI_BASE_URL="http://127.0.0.1:99999/v1")
    assert done.returncode == 1
    assert "OPENAI_BASE_URL" in done.stdout


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"\xff" * 40])
def test_a_token_file_that_would_admit_anybody_is_refused(home: Path, content: bytes) -> None:
    file = home / ".aquatint" / "http-token"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    done = run(home, "serve", "--http", "0")
    assert done.returncode == 1
    assert str(file) in done.stderr
    assert "Delete it" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file name is Unicode")
async def test_a_working_folder_that_is_not_utf8_is_named_and_nothing_goes_elsewhere(
    home: Path, tmp_path: Path
) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102 - its name is bytes
    cwd = os.fsdecode(folder)
    done = run(home, "draw", "a fox", "--size", "32x32", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[0]).parent == home
    assert "The working folder" in done.stderr
    refused = run(home, "draw", "a fox", "--size", "32x32", "-o", "here.png", cwd=cwd)
    assert refused.returncode == 1
    assert "here.png" in refused.stderr
    assert not Path("/here.png").exists()
    assert run(home, "doctor", "--offline", cwd=cwd).returncode == 1
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "aquatint"],
        env={"PATH": os.environ["PATH"], "AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"},
        cwd=cwd,
    )
    with anyio.fail_after(60):
        async with Client(server) as client:
            result = await client.call_tool("generate_image", {"prompt": "fox", "size": "32x32"})
    assert images_of(result)
    assert "The working folder" in text_of(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "http://[::1"),
        ("show", "https://ex℀mple.com/"),
        ("edit", "file://[::1", "redder"),
        ("mask", "http://h:99999/", "--all"),
        ("add", "file://host/x.png"),
    ],
    ids=str,
)
def test_an_odd_address_on_the_command_line_is_a_plain_error(
    home: Path, arguments: tuple[str, ...]
) -> None:
    done = run(home, *arguments)
    assert done.returncode == 1
    what, fix = done.stderr.splitlines()
    assert "URL" in what
    assert fix

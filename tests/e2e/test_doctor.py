"""`aquatint doctor` as people run it, on a strict provider that fails on command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from mcp import Client

from aquatint.cli.commands.doctor import doctor
from aquatint.cli.parser import make_parser
from aquatint.diagnostics.checks import examine as look
from aquatint.engines.draft.engine import DraftEngine
from aquatint.settings import Settings
from conftest import MakeApp
from fake_openai import FakeOpenAI, fake_openai, serve
from https import make_trust
from inherited import inherited
from words import draw, refusal

CANARY = "c4n4ry7Zq2Lw9Vx"
KEY = f"sk-proj-{CANARY}"
DARK = "c4n4ry-prompt"


@pytest.fixture
def fake() -> FakeOpenAI:
    fake = fake_openai()
    fake.keys = {KEY}
    return fake


def run(
    folder: Path, command: str = "doctor", *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, in this folder and with this environment alone."""
    base = inherited("PATH") | {"HOME": str(folder), "PYTHONUTF8": "1"}
    base |= {"AQUATINT_HOME": str(folder / "home"), "AQUATINT_MIN_FREE": "0"}
    base |= {"AQUATINT_WORKER": "false", "OPENAI_API_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-m", "aquatint", command, *arguments],
        env=base | environ,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for secret in (CANARY, DARK, "Traceback"):
        assert secret not in done.stdout + done.stderr
    return done


def section(told: str, title: str) -> str:
    """The lines of one group of what the doctor prints."""
    return told.split(f"\n{title}\n")[1].split("\n\n", maxsplit=1)[0]


def by_name(told: str) -> dict[str, dict[str, str]]:
    """What the doctor's JSON says, by name; of several with one name the first."""
    found: list[dict[str, str]] = json.loads(told)
    return {line["name"]: line for line in reversed(found)}


def examined(folder: Path, *arguments: str, **environ: str) -> dict[str, dict[str, str]]:
    return by_name(run(folder, "doctor", "--json", *arguments, **environ).stdout)


Examine = Callable[..., Awaitable[dict[str, dict[str, str]]]]


@pytest.fixture
def examine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Examine:
    """The same in this process, where nothing depends on the environment but settings."""

    async def ask(*arguments: str, **environ: str) -> dict[str, dict[str, str]]:
        base = {"AQUATINT_HOME": str(tmp_path / "home"), "OPENAI_API_KEY": KEY}
        base |= {"AQUATINT_WORKER": "false", "AQUATINT_MIN_FREE": "0", **environ}
        settings = Settings.from_env(base, user_home=str(tmp_path))
        parsed = make_parser().parse_args(["doctor", "--json", *arguments])
        code = await doctor(settings, parsed)
        found = by_name(capsys.readouterr().out)
        assert code == any(line["level"] == "fail" for line in found.values())
        assert CANARY not in str(found)
        return found

    return ask


def test_where_all_is_well_the_doctor_says_so_in_groups_and_asks_for_nothing_that_costs(
    tmp_path: Path, fake: FakeOpenAI
) -> None:
    fake.headers = {"openai-organization": "acme"}
    with serve(fake) as url:
        done = run(tmp_path, OPENAI_BASE_URL=f"{url}/v1")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")][:3] == [
        "Program",
        "Key and service",
        "Models",
    ]
    starts = {line.index("  ", 8) for line in lines if line.startswith("  ok    key ")}
    assert len(starts) == 1
    for words in ("127.0.0.1 accepts the key", "organization acme", "listed for this key"):
        assert words in done.stdout
    assert "0 failed, " in lines[-1]
    assert [got.path for got in fake.requests] == ["models"]


async def test_offline_nothing_is_asked(examine: Examine, fake: FakeOpenAI) -> None:
    with serve(fake) as url:
        found = await examine("--offline", OPENAI_BASE_URL=f"{url}/v1")
    assert found["access"]["level"] == "info"
    assert fake.requests == []


@pytest.mark.parametrize(
    ("mode", "name", "level", "says", "fix"),
    [
        ("401", "access", "fail", "refused the API key", "OPENAI_API_KEY"),
        ("few_models", "gpt-image-2.5-flare", "warn", "not in the", "AQUATINT_MODEL"),
        ("html200", "access", "fail", "not as an API does", "/v1"),
    ],
)
async def test_what_a_provider_answers_is_told_with_a_fix(
    examine: Examine, fake: FakeOpenAI, mode: str, name: str, level: str, says: str, fix: str
) -> None:
    fake.mode = mode
    with serve(fake) as url:
        line = (await examine(OPENAI_BASE_URL=f"{url}/v1"))[name]
    assert line["level"] == level
    assert says in line["text"]
    assert fix in line["fix"]


@pytest.mark.parametrize(
    ("mode", "name", "fix"),
    [
        ("quota", "billing", "settings/organization/billing"),
        ("403", "verification", "settings/organization/general"),
    ],
)
async def test_what_only_paid_calls_tell_is_learned_from_the_ledger(
    make_app: MakeApp,
    tmp_path: Path,
    fake: FakeOpenAI,
    examine: Examine,
    mode: str,
    name: str,
    fix: str,
) -> None:
    fake.script = [mode]
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=fake)) as http,
        Client(make_app(http, OPENAI_API_KEY=KEY).server) as client,
    ):
        assert (await examine("--offline"))[name]["text"].endswith("only a paid call can tell")
        await refusal(client, prompt=DARK)
        found = await examine("--offline")
        await draw(client, "a fox")
        mended = (await examine("--offline"))[name]
    assert found[name]["level"] == "warn"
    assert "last seen 20" in found[name]["text"]
    assert "request id req-1" in found[name]["text"]
    assert fix in found[name]["fix"]
    assert DARK not in str(found)
    assert mended["level"] == "ok"
    assert "drawn since" in mended["text"]


async def test_a_service_that_cannot_be_reached_ends_in_an_answer(examine: Examine) -> None:
    line = (await examine(OPENAI_BASE_URL="http://127.0.0.1:9/v1"))["network"]
    assert line["level"] == "fail"
    assert "could not be reached" in line["text"]


def test_a_certificate_of_ones_own_is_trusted_when_it_is_named(
    tmp_path: Path, fake: FakeOpenAI
) -> None:
    trust = make_trust(tmp_path)
    with serve(fake, trust.file) as url:
        environ = {"OPENAI_BASE_URL": f"{url}/v1"}
        found = examined(tmp_path, REQUESTS_CA_BUNDLE=str(trust.authority), **environ)
        assert found["TLS"]["level"] == "fail"
        assert "SSL_CERT_FILE" in found["TLS"]["fix"]
        assert "REQUESTS_CA_BUNDLE" in found["certificates"]["text"]
        found = examined(tmp_path, SSL_CERT_FILE=str(trust.authority), **environ)
        assert found["access"]["level"] == "ok"


def test_a_proxy_is_named_without_its_password_and_who_goes_around_it(
    tmp_path: Path, fake: FakeOpenAI
) -> None:
    proxy = f"http://me:{CANARY}@127.0.0.1:9"
    with serve(fake) as url:
        environ = {"OPENAI_BASE_URL": f"{url}/v1", "HTTP_PROXY": "", "http_proxy": proxy}
        found = examined(tmp_path, **environ)
        assert found["proxy"]["level"] == "warn"
        assert "127.0.0.1:9" in found["proxy"]["text"]
        assert "NO_PROXY" in found["proxy"]["fix"]
        assert found["network"]["level"] == "fail"
        found = examined(tmp_path, no_proxy="127.0.0.1", **environ)
    assert "do not go through it" in found["proxy"]["text"]
    assert found["access"]["level"] == "ok"


def test_where_nothing_works_everything_is_told_and_nothing_crashes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = run(
        tmp_path,
        HOME="/nowhere",
        OPENAI_API_KEY="${OPENAI_API_KEY}",
        OPENAI_BASE_URL="ftp://[",
        AQUATINT_HOME=str(tmp_path / "file" / "home"),
        AQUATINT_WIAT="3",
        AQUATINT_MODELS="/nowhere/models.toml",
        ALL_PROXY="socks5://127.0.0.1:9",
        SSL_CERT_FILE="/nowhere/ca.pem",
        PYTHONUTF8="0",
        LC_ALL="C",
    )
    assert done.returncode == 1
    told = ("the host left", "AQUATINT_WAIT", "models.toml", "AQUATINT_HOME", "http(s) address")
    for words in told:
        assert words in done.stdout
    assert " failed, " in done.stdout.splitlines()[-1]


async def test_scripts_without_a_font_are_named_with_what_to_install(make_app: MakeApp) -> None:
    app = make_app()
    async with app.service() as service:
        engines = {**service.context.engines, "draft": DraftEngine(fonts=[], shaping=False)}
        bare = replace(service, context=replace(service.context, engines=engines))
        sections = await look(app.settings, bare, online=False)
    [fonts] = [section.findings for section in sections if section.title.startswith("Fonts")]
    fixes = {line.name: line.fix for line in fonts if line.level == "warn"}
    assert fixes["Arabic"] == "apt install libfribidi0 fonts-noto-core"
    assert fixes["Chinese"] == "apt install fonts-noto-cjk"
    assert fixes["emoji"] == "apt install fonts-noto-color-emoji"


async def test_a_hosts_broken_configuration_is_found(tmp_path: Path, examine: Examine) -> None:
    assert (await examine("--offline"))["hosts"]["level"] == "info"
    (tmp_path / ".cursor").mkdir()
    entry = {"command": "/nowhere/aquatint", "env": {"OPENAI_API_KEY": KEY}}
    (tmp_path / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"aquatint": entry}}))
    assert (await examine("--offline"))["host cursor"]["level"] == "fail"


async def test_the_report_names_no_server_of_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"OPENAI_BASE_URL": "https://acme.openai.azure.com/openai/v1", "OPENAI_API_KEY": KEY}
    environ |= {"AQUATINT_HOME": str(tmp_path / "home"), "AQUATINT_WORKER": "false"}
    arguments = make_parser().parse_args(["doctor", "--report", "--offline"])
    await doctor(Settings.from_env(environ, user_home=str(tmp_path)), arguments)
    told = capsys.readouterr().out
    assert "Azure OpenAI, v1 route at (host)" in told
    assert "acme" not in told


def test_a_setting_under_its_former_name_works_and_the_doctor_says_its_new_one(
    tmp_path: Path, fake: FakeOpenAI
) -> None:
    with serve(fake) as url:
        environ = {"OPENAI_BASE_URL": f"{url}/v1", "AQUATINT_WORKER": "", "AQUATINT_PRESS": "false"}
        told = run(tmp_path, "doctor", **environ)
        report = run(tmp_path, "doctor", "--report", **environ)
    assert told.returncode == 0, told.stdout
    note = "AQUATINT_PRESS is called AQUATINT_WORKER now"
    assert f"  warn  settings        {note}" in told.stdout
    assert "a paid picture is lost when the server is killed" in told.stdout  # there is no worker
    assert "- `AQUATINT_WORKER` `False`" in report.stdout


async def test_a_synchronised_home_is_warned_of(tmp_path: Path, examine: Examine) -> None:
    home = tmp_path / "OneDrive - Acme" / "pictures"
    found = await examine("--offline", AQUATINT_HOME=str(home))
    assert "OneDrive - Acme" in found["synchronised"]["text"]


def test_a_report_has_what_an_issue_needs_and_nothing_private(
    tmp_path: Path, fake: FakeOpenAI
) -> None:
    with serve(fake) as url:
        environ = {
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_ORG_ID": "org-private",
            "AQUATINT_QUALITY": "high",
        }
        fake.script = ["quota"]
        assert run(tmp_path, "draw", "a fox, secretly", **environ).returncode == 1
        fake.headers = {"openai-organization": "acme"}
        done = run(tmp_path, "doctor", "--report", **environ)
        told = run(tmp_path, "doctor", **environ).stdout
    assert done.returncode == 0, done.stdout
    # Billing and the missing worker; besides them the scripts that this machine has no font for.
    count = 2 + section(told, "Fonts of drafts").count("  warn  ")
    assert told.splitlines()[-1].startswith(
        f"0 failed, {count} worth a look. First (billing): Add credit"
    )
    assert "money spent: no" in told
    for words in (
        "- `OPENAI_API_KEY` (set)",
        "- `AQUATINT_QUALITY` `high`",
        "- `AQUATINT_HOME` `~/home`",
        "**billing**",
        "request id req-1",
        "**aquatint**",
    ):
        assert words in done.stdout
    for words in (str(tmp_path), "org-private", "acme", "secretly"):
        assert words not in done.stdout


def test_the_address_of_a_chat_is_told_by_the_doctor_and_the_command_line(tmp_path: Path) -> None:
    chat = {"OPENAI_API_KEY": "gsk_x", "OPENAI_BASE_URL": "https://api.groq.com/openai/v1"}
    done = run(tmp_path, "doctor", "--offline", **chat)
    assert "api.groq.com, which serves chat" in done.stdout
    assert "AQUATINT_BASE_URL" in done.stdout
    done = run(tmp_path, "draw", "a fox", "--size", "256x256", **chat)
    assert done.returncode == 0, done.stderr
    assert "api.groq.com" in done.stdout + done.stderr

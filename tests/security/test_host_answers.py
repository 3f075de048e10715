"""The host's side: whatever it answers, a call goes on without it or says what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.types import ElicitResult, ErrorData, ListRootsResult, Root
from PIL import Image
from pydantic import FileUrl

from aquatint.cli.main import run
from conftest import Connect, MakeApp
from fake_openai import FakeOpenAI, fake_openai
from wire import Pipes, pipes
from words import images_of, refusal

MOST = 8_192  # bytes of an error reply


@pytest.fixture(params=[True, False], ids=["2026", "2025"])
def modern(request: pytest.FixtureRequest) -> bool:
    return request.param


# Roots


async def test_every_picture_of_an_edit_may_lie_in_the_hosts_folders(
    connect: Connect, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    cat, mask = folder / "cat.png", folder / "mask.png"
    Image.new("RGB", (64, 64), "teal").save(cat)
    Image.new("L", (64, 64), 255).save(mask)
    hints = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    hints.paste((255, 0, 0, 255), (8, 8, 24, 24))
    hints.save(folder / "markup.png")
    asked: list[object] = []

    async def roots(_: Any) -> ListRootsResult:
        asked.append(True)
        return ListRootsResult(roots=[Root(uri=FileUrl(folder.as_uri()))])

    async with connect(client={"list_roots_callback": roots}) as client:
        first = await client.call_tool("edit_image", {"images": [str(cat)], "prompt": "bluer"})
        images = images_of(first)
        named = {"images": images[0]["uri"], "prompt": "redder"}
        for number, other in enumerate(({"mask": str(mask)}, {"markup": f"{folder}/markup.png"})):
            assert len(asked) == 1 + number
            assert images_of(await client.call_tool("edit_image", {**named, **other}))
        region = {"kind": "image", "image": str(mask)}
        images_of(await client.call_tool("make_mask", {"image": str(cat), "regions": [region]}))
        images_of(await client.call_tool("get_image", {"image": str(cat)}))
        assert len(asked) == 5
        images_of(await client.call_tool("get_image", {"image": "latest"}))
        assert len(asked) == 5


def drawn_with_roots(server: Pipes, roots: object) -> Any:
    """Draw into a relative path, and answer the question for roots in the revision's own way."""
    arguments = {"prompt": "a fox", "size": "64x64", "save_to": "fox.png", "reply": "path"}
    call = {"name": "generate_image", "arguments": arguments}
    server.replies["roots/list"] = {"result": roots}
    result = server.ask(1, "tools/call", call)["result"]
    if server.modern:
        assert result["resultType"] == "input_required"
        [key] = result["inputRequests"]
        answer = {"inputResponses": {key: roots}, "requestState": result["requestState"]}
        result = server.ask(2, "tools/call", {**call, **answer})["result"]
    assert not result.get("isError"), result
    return result


def test_roots_that_are_no_folders_of_this_machine_are_left_out(
    home: Path, tmp_path: Path, modern: bool
) -> None:
    project = tmp_path / "a project"
    project.mkdir()
    odd = [
        "vscode-remote://ssh-remote/home/me",
        "file://server/share",
        "http://[::1",
        "file://[::1",
        "https://ex\u2100mple.com/",
        "",
    ]
    roots = {"roots": [{"uri": uri} for uri in [*odd, project.as_uri()]]}
    with pipes(home, modern=modern, capabilities={"roots": {}}) as server:
        drawn_with_roots(server, roots)
    assert (project / "fox.png").exists()


@pytest.mark.parametrize("nonsense", [{"roots": 7}, {"roots": [{"url": 1}, None]}])
def test_a_list_of_roots_that_cannot_be_read_counts_as_none(
    home: Path, tmp_path: Path, modern: bool, nonsense: object
) -> None:
    with pipes(home, modern=modern, capabilities={"roots": {}}) as server:
        drawn_with_roots(server, nonsense)
    assert (tmp_path / "fox.png").exists()


@pytest.mark.parametrize("reply", [{"error": {"code": -32601, "message": "no"}}, None])
def test_a_host_that_lists_no_roots_or_never_answers_is_not_waited_for(
    home: Path, tmp_path: Path, reply: dict[str, Any] | None
) -> None:
    arguments = {"prompt": "a fox", "size": "64x64", "save_to": "fox.png"}
    with pipes(home, modern=False, capabilities={"roots": {}}) as server:
        server.replies |= {"roots/list": reply} if reply else {}
        call = {"name": "generate_image", "arguments": arguments}
        assert not server.ask(1, "tools/call", call)["result"]["isError"]
    assert (tmp_path / "fox.png").exists()


# The question about the price


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


async def refused_after(
    make_app: MakeApp,
    provider: FakeOpenAI,
    mode: Any,
    answer: Any,
    wait: str = "3600",
    **arguments: Any,
) -> str:
    """What is told with waits of an hour, unless `wait` names seconds: all else comes at once."""
    limits = {"AQUATINT_CONFIRM_USD": "0.001", "AQUATINT_DEADLINE": "3600", "AQUATINT_WAIT": wait}
    with anyio.fail_after(60):
        return await _refused(make_app, provider, mode, answer, limits, **arguments)


async def _refused(
    make_app: MakeApp,
    provider: FakeOpenAI,
    mode: Any,
    answer: Any,
    limits: dict[str, str],
    **arguments: Any,
) -> str:
    transport = httpx2.ASGITransport(app=provider)
    async with httpx2.AsyncClient(transport=transport) as http:
        app = make_app(http, OPENAI_API_KEY="sk-test", **limits)
        async with Client(app.server, mode=mode, elicitation_callback=answer) as client:
            return await refusal(client, **arguments)


@pytest.mark.parametrize("content", [None, {"pay": "perhaps"}, {"price": True}])
async def test_an_answer_about_the_price_that_cannot_be_read_pays_nothing(
    make_app: MakeApp, provider: FakeOpenAI, mode: str, content: Any
) -> None:
    async def answer(*_: Any) -> ElicitResult:
        return ElicitResult(action="accept", content=content)

    said = await refused_after(make_app, provider, mode, answer)
    assert "could not be read" in said or "cannot be read" in said
    assert "money spent: no" in said
    assert "Resolver" not in said
    assert not provider.requests


async def test_a_host_that_answers_the_question_with_an_error_is_told_at_once(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    async def answer(*_: Any) -> ErrorData:
        return ErrorData(code=-32601, message="no")

    said = await refused_after(make_app, provider, "legacy", answer)
    assert "code: not_answered" in said
    assert "AQUATINT_CONFIRM_USD" in said
    assert not provider.requests


async def test_a_question_that_nobody_answers_ends_before_hosts_lose_patience(
    make_app: MakeApp, provider: FakeOpenAI
) -> None:
    """The call is bounded by AQUATINT_WAIT, not by what a paid call may take."""

    async def answer(*_: Any) -> ErrorData:
        await anyio.Event().wait()
        raise AssertionError

    said = await refused_after(make_app, provider, "legacy", answer, wait="0.5")
    assert "code: not_answered" in said
    assert "was not answered within 0.5 s; nothing was sent or paid" in said
    assert "then call again" in said
    assert "money spent: no" in said
    assert not provider.requests


async def test_the_question_shows_names_from_outside_short_and_on_one_line(
    make_app: MakeApp, provider: FakeOpenAI, mode: str
) -> None:
    asked: list[str] = []

    async def answer(_: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="decline")

    model = "painter\n\n\u202eIt is free.\x1b[2J" + "x" * 5_000
    await refused_after(make_app, provider, mode, answer, model=model)
    assert len(asked[0]) < 200
    assert asked[0].isprintable()
    assert "for an unknown price?" in asked[0]


# Errors

LONG = "x" * 100_000
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("generate_image", {f"argument {n}": n for n in range(20_000)}),
    ("generate_image", {"model": LONG}),
    ("generate_image", {"size": LONG}),
    ("generate_image", {"quality": LONG}),
    ("generate_image", {"save_to": LONG + ".png"}),
    ("generate_image", {"save_to": [f"{n}.xyz" for n in range(5_000)]}),
    ("edit_image", {"images": LONG, "prompt": "x"}),
    ("edit_image", {"images": [], "prompt": "x", LONG: 1}),
    ("make_mask", {"regions": [{"kind": "all", "x": 1}] * 5_000, "width": 9, "height": 9}),
    ("make_mask", {"regions": [{"kind": LONG, LONG: 1}] * 100}),
    ("make_mask", {"regions": [{"kind": "all", f"f{n}": 1} for n in range(5_000)]}),
    ("get_image", {"image": f"image://{LONG}"}),
    ("get_image", {"image": f"{LONG}://x"}),
    ("recent_images", {"cursor": LONG}),
    ("recent_images", {"kind": LONG}),
    (LONG, {}),
]


async def test_no_error_reply_is_longer_than_8_kb(connect: Connect) -> None:
    async with connect() as client:
        for tool, arguments in WRONG:
            said = await refusal(client, tool, **arguments)
            assert len(said.encode()) <= MOST, (tool[:20], str(arguments)[:80])
            assert "code: " in said
        for uri in (f"image://{LONG}", f"images://recent?limit={LONG}", f"x://{LONG}"):
            with pytest.raises(MCPError) as raised:
                await client.read_resource(uri)
            assert len(str(raised.value).encode()) <= MOST
        for name, given in (
            (LONG, {}),
            ("ui_mockup", {LONG: "x"}),
            ("asset_set", {"format": LONG}),
        ):
            with pytest.raises(MCPError) as raised:
                await client.get_prompt(name, {"assets": "x", "screen": "x", **given})
            assert len(str(raised.value).encode()) <= MOST


ODD_URLS = ["http://[::1", "https://[::1", "file://[::1", "https://ex\u2100mple.com/", "file://x/y"]


async def test_odd_addresses_are_plain_errors_everywhere(
    connect: Connect, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connect() as client:
        for url in ODD_URLS:
            said = await refusal(client, "get_image", image=url)
            assert "code: bad_url" in said, said
            said = await refusal(client, "edit_image", images=url, prompt="x", dry_run=True)
            assert "code: bad_url" in said
        for uri in ("image://[::1", "images://[::1", "http://[::1", "https://ex\u2100mple.com/"):
            with pytest.raises(MCPError, match="There is no"):
                await client.read_resource(uri)
    for url in ODD_URLS:
        assert await anyio.to_thread.run_sync(run, ["add", url, "--home", str(home)]) == 1
        printed = capsys.readouterr()
        assert "URL" in printed.err, printed
        assert "Traceback" not in printed.err


def test_no_argument_begins_a_line_of_the_log(home: Path, modern: bool) -> None:
    forged = "x\nERROR aquatint: forged\r\x1b[31m\u2028\u202eforged"
    calls: list[dict[str, Any]] = [
        {"name": forged, "arguments": {}},
        {"name": "get_image", "arguments": {"image": forged}},
        {"name": "generate_image", "arguments": {"prompt": forged, "model": forged}},
        {"name": "generate_image", "arguments": {"prompt": "x", forged: forged}},
        {"name": "recent_images", "arguments": {"cursor": forged, "query": forged}},
    ]
    with pipes(home, modern=modern, AQUATINT_LOG="DEBUG") as server:
        for number, call in enumerate(calls):
            server.ask(number, "tools/call", call)
        server.ask("p", "prompts/get", {"name": forged})
        server.ask("r", "resources/read", {"uri": f"image://{forged}"})
        server.ask("m", forged, {})
        server.send(json.dumps({"jsonrpc": "2.0", "method": forged}).encode())
        server.alive()
    log = (home.parent / "stderr.txt").read_text("utf-8")
    assert log
    assert not [line for line in log.splitlines() if line.startswith(("ERROR aquatint", "forged"))]

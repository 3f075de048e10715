"""The same protocol over a real pipe and a real port, in both revisions."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters

from inherited import inherited
from ledger import sent, until
from serving import over_http, serving
from words import draw, images_of, text_of


def environ(home: Path) -> dict[str, str]:
    kept = inherited("PATH", "HOME")
    return {**kept, "AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}


def stdio(home: Path, cwd: Path | str = "/") -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aquatint"], env=environ(home), cwd=str(cwd)
    )


async def session(client: Client) -> None:
    """What every transport must carry: list, draw with progress, read, search, refuse."""
    beats: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        beats.append(progress)

    names = [tool.name for tool in (await client.list_tools()).tools]
    assert "generate_image" in names
    result = await client.call_tool(
        "generate_image", {"prompt": "猫", "size": "256x256"}, progress_callback=hear
    )
    image = images_of(result)[0]
    assert beats
    assert Path(image["path"]).stat().st_size == image["bytes"]
    assert (await client.read_resource(image["uri"])).contents
    found = images_of(await client.call_tool("recent_images", {"query": "猫"}))
    assert [one["id"] for one in found] == [image["id"]]
    told = await client.call_tool("generate_image", {"prompt": "x", "siez": "1:1"})
    assert told.is_error
    assert "size" in text_of(told)


async def test_a_session_over_stdio(home: Path, mode: str) -> None:
    with anyio.fail_after(60):
        async with Client(stdio(home), mode=mode) as client:  # pyright: ignore[reportArgumentType]
            await session(client)


async def test_a_session_over_http(home: Path, mode: str) -> None:
    with anyio.fail_after(60), serving(home) as served:
        async with over_http(served, mode) as client:
            await session(client)


async def test_two_servers_share_one_home(home: Path) -> None:
    with anyio.fail_after(60):
        async with Client(stdio(home)) as one, Client(stdio(home)) as two:
            image = await draw(one, size="64x64")
            found = images_of(await two.call_tool("recent_images", {}))
            assert [each["id"] for each in found] == [image["id"]]


async def test_http_answers_its_own_token_host_and_pages_only(home: Path) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    with anyio.fail_after(60), serving(home) as served:
        port, token = served.port, served.token
        own = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "Host": f"127.0.0.1:{port}",
        }
        rows = [
            ({"Authorization": ""}, {401}),
            ({"Authorization": "Bearer wrong"}, {401}),
            ({"Authorization": f"Basic {token}"}, {401}),
            ({"Host": "evil.example"}, {421}),
            ({"Host": f"evil.example:{port}"}, {421}),
            ({"Host": f"127.0.0.1:{port}.evil.example"}, {421}),
            ({"Origin": "https://evil.example"}, {403}),
            ({"Origin": "null"}, {403}),
            ({"Origin": f"http://127.0.0.1:{port + 1}"}, {403}),
            ({"Content-Type": "text/plain"}, {400, 415}),
        ]
        async with httpx2.AsyncClient() as http:
            for headers, expected in rows:
                answer = await http.post(
                    f"http://127.0.0.1:{port}/mcp", json=body, headers={**own, **headers}
                )
                assert answer.status_code in expected, (headers, answer.status_code)
    token_file = home / ".aquatint" / "http-token"
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aquatint", *arguments],
        env={**environ(home), **more},
        capture_output=True,
        text=True,
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def test_drawing_from_a_terminal_prints_path_and_cost(home: Path) -> None:
    done = run(home, "draw", "Ein roter Fuchs", "--size", "64x64", "-o", "fox.webp")
    assert done.returncode == 0, done.stderr
    path, copy = done.stdout.splitlines()
    assert Path(path).exists()
    assert copy.strip() == "saved to fox.webp"
    assert (home.parent / "fox.webp").exists()
    assert "$0.0000" in done.stderr


def test_a_refused_drawing_says_the_fix_and_fails(home: Path) -> None:
    done = run(home, "draw", "x", "-n", "11")
    assert done.returncode == 1
    assert "n=1 to n=10" in done.stderr
    assert done.stdout == ""


def test_the_doctor_finds_everything_well_but_the_key(home: Path) -> None:
    done = run(home, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^  warn  key ", done.stdout, re.MULTILINE)
    assert "FAIL" not in done.stdout


def test_the_doctor_names_a_bad_setting_and_fails(home: Path) -> None:
    done = run(home, "doctor", "--json", AQUATINT_WIAT="3")
    assert done.returncode == 1
    assert "AQUATINT_WAIT" in done.stdout


def test_an_end_of_input_finishes_what_runs_and_leaves(home: Path) -> None:
    lines = [
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
        '"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"generate_image",'
        '"arguments":{"prompt":"a fox","size":"1024x1024"},"_meta":{"progressToken":1}}}',
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "aquatint"],
        env=environ(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n".join(lines) + "\n")
        process.stdin.flush()
        heard = [process.stdout.readline()]
        while "notifications/progress" not in heard[-1]:
            heard.append(process.stdout.readline())
            assert heard[-1], "the server has ended"
        until(lambda: sent(home))  # before that it would be dropped
        rest, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert len(list(home.glob("*.png"))) == 1
    assert all(line.startswith('{"jsonrpc"') for line in [*heard, *rest.splitlines()])


@pytest.mark.parametrize("patient", [True, False], ids=["answered", "unanswered"])
def test_a_handshake_may_follow_a_probe(home: Path, patient: bool) -> None:
    """Vercel's AI SDK does so when `server/discover` is not answered within a second."""
    probe, handshake, ready, listing = (
        '{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":'
        '{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
        '"io.modelcontextprotocol/clientCapabilities":{},'
        '"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}}}',
        '{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
        '"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        '{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{}}',
    )
    with subprocess.Popen(
        [sys.executable, "-m", "aquatint"],
        env=environ(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        answers: dict[int, dict[str, Any]] = {}

        def ask(*lines: str, until: int) -> None:
            assert process.stdin
            assert process.stdout
            process.stdin.write("".join(f"{line}\n" for line in lines))
            process.stdin.flush()
            while until not in answers:
                answer = json.loads(process.stdout.readline())  # fails at the end of output
                answers[answer["id"]] = answer

        if patient:
            ask(probe, until=1)
            ask(handshake, until=2)
        else:
            ask(probe, handshake, until=2)
        ask(ready, listing, until=3)
        process.stdin.close()
        assert process.wait(30) == 0
    assert answers[2]["result"]["protocolVersion"] == "2025-11-25"
    assert len(answers[3]["result"]["tools"]) == 8

"""The studio on loopback lets in whoever has a fresh link, once, and nobody else."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
from mcp.types import TextContent

from aquatint.services.studio.link import link
from aquatint.web.door import Door
from conftest import Connect, MakeApp
from visiting import place_of, studio, visitor

CALL: dict[str, Any] = {"op": "list", "args": {}}


def test_a_link_opens_once_and_becomes_a_cookie_that_only_the_browser_sees(home: Path) -> None:
    with studio(home) as (address, _):
        with visitor(address) as client:
            page = client.get("/")
            assert (page.status_code, page.text[:15]) == (200, "<!doctype html>")
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
            (cookie,) = client.cookies.jar
            assert cookie.has_nonstandard_attr("HttpOnly")
            assert cookie.get_nonstandard_attr("SameSite") == "strict"
            assert parse_qs(urlsplit(address).query)["token"] != [cookie.value]
            assert client.post("/call", json=CALL).json()["total"] == 0
        again = httpx2.get(address, trust_env=False)
        assert again.status_code == 401
        assert "set-cookie" not in again.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Cookie": "aquatint-1=guess"}, 401),
    ],
)
def test_other_sites_and_other_names_get_nothing(
    home: Path, headers: dict[str, str], status: int
) -> None:
    with studio(home) as (address, _), visitor(address) as client:
        if "Cookie" in headers:
            client.cookies.clear()
        for path in ("/", "/events"):
            assert client.get(path, headers=headers).status_code == status
        assert client.post("/call", json=CALL, headers=headers).status_code == status
        form = client.post("/call", data={"op": "list"}, headers=headers)
        assert form.status_code == status
        assert client.post("/link", headers=headers).status_code in {status, 401}


def test_an_open_page_outlives_its_server_and_no_forged_or_old_session_does(home: Path) -> None:
    with studio(home) as (first, process), visitor(first) as client:
        (cookie,) = client.cookies.jar
        process.kill()
        process.wait(30)
        with studio(home) as (second, _):
            assert place_of(second) == place_of(first)
            assert client.post("/call", json=CALL).json()["total"] == 0
            until, token, signature = (cookie.value or "").split(".")
            later = f"{int(until) + 1}.{token}.{signature}"
            for forged in (later, f"{until}.{token}", f"x.{token}.{signature}", ".", ""):
                client.cookies.clear()
                client.cookies.set(cookie.name, forged, domain="127.0.0.1")
                assert client.post("/call", json=CALL).status_code == 401
    kept = home / ".aquatint/studio-door"
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text("{")  # deleted or damaged, it ends every session
    with studio(home) as (third, _), visitor(third) as client:
        assert client.get("/").status_code == 200
        client.cookies.clear()
        client.cookies.set(cookie.name, cookie.value or "", domain="127.0.0.1")
        assert client.get("/").status_code == 401


def test_a_session_lives_seven_days() -> None:
    now = [1_000_000.0]
    door = Door(9, wall=lambda: now[0])
    session = door.enter(parse_qs(urlsplit(door.link()).query)["token"][0])
    assert session
    now[0] += 7 * 86400 - 1
    assert door.knows(session)
    now[0] += 1
    assert not door.knows(session)
    assert not Door(9, wall=lambda: 0.0).knows(session)


def test_a_form_of_another_page_is_no_call(home: Path) -> None:
    with studio(home) as (address, _), visitor(address) as client:
        body = '{"op": "list", "args": {}}'
        assert client.post("/call", content=body).status_code == 415
        assert client.post("/link", headers={"Authorization": "Bearer guess"}).status_code == 401
        large = client.post("/call", json={"op": "list", "args": {"query": "x" * 3_000_000}})
        assert large.status_code == 413


def test_a_second_studio_of_a_home_gives_a_link_to_the_first(home: Path) -> None:
    with studio(home) as (first, _), studio(home) as (second, process):
        assert process.wait(30) == 0
        assert place_of(first) == place_of(second)
        assert first != second
        with visitor(second) as client:
            assert client.get("/").status_code == 200


def test_it_ends_when_nobody_looks(home: Path) -> None:
    with studio(home, "--idle", "0.2") as (_, process):
        assert process.wait(60) == 0


async def test_an_agent_in_a_terminal_gets_a_link_where_the_user_allows_it(
    connect: Connect, home: Path
) -> None:
    with studio(home) as (address, _):
        async with connect() as client:
            (block,) = (await client.call_tool("open_studio", {})).content
            assert isinstance(block, TextContent)
            given = next(word for word in block.text.split() if word.startswith("http"))
            assert place_of(given) == place_of(address)
            with visitor(given) as browser:
                assert browser.get("/").status_code == 200
        async with connect(AQUATINT_STUDIO="never") as client:
            (block,) = (await client.call_tool("open_studio", {})).content
            assert isinstance(block, TextContent)
            assert "http" not in block.text


async def test_two_servers_that_need_it_first_start_one_page_process(
    make_app: MakeApp, home: Path
) -> None:
    given: list[str] = []

    async def ask() -> None:
        async with make_app().service() as service:
            given.append(await link(service))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
    locks = [one.read_text("ascii").split() for one in home.glob(".aquatint/runners/*.lock")]
    started = {int(pid) for _, pid in locks} - {os.getpid()}
    try:
        assert len({place_of(one) for one in given}) == 1
        with visitor(given[0]) as browser:
            assert browser.get("/").status_code == 200
    finally:
        for pid in started:  # also the one that was second, and leaves by itself
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

"""HTTP over real sockets: a client without the token holds little, and only for a short while."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
import uvicorn

from aquatint.web.app import token_at
from aquatint.web.connections import bounded
from serving import over_http, serving

PATIENCE = 30.0


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def read_to_end(connection: socket.socket) -> bytes:
    """What the other side sends until it closes the connection; fails when it does not."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


async def test_300_silent_connections_lock_nobody_out_and_fill_no_log(home: Path) -> None:
    with serving(home) as server, ExitStack() as stack:
        silent = [stack.enter_context(dial(server.port)) for _ in range(300)]
        for number, connection in enumerate(silent):
            if number % 3 == 0:
                connection.sendall(b"POST /mcp HTTP/1.1\r\nHost: x\r\n")
        with anyio.fail_after(PATIENCE):
            async with over_http(server, "auto") as client:
                assert (await client.list_tools()).tools
        for connection in silent[:200]:
            assert read_to_end(connection) == b""
        for _ in range(100):
            with dial(server.port) as connection:
                connection.sendall(b"\x16\x03\x01 not HTTP at all\r\n\r\n")
                assert b"400" in read_to_end(connection).partition(b"\r\n")[0]
    assert len(server.log.splitlines()) <= 3, server.log


@contextmanager
def listening(seconds: float, most: int = 64) -> Generator[int]:
    """An app behind bounded connections, in a thread; gives its port."""

    async def app(scope: object, receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    http = bounded(seconds, most)
    config = uvicorn.Config(app, http=http, ws="none", lifespan="off", log_level="critical")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_connection_without_headers_is_closed_in_time() -> None:
    with listening(0.3) as port:
        for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            with dial(port) as connection:
                connection.sendall(begun)
                assert read_to_end(connection) == b""
        with dial(port) as connection:
            connection.sendall(REQUEST)
            assert connection.recv(4096).startswith(b"HTTP/1.1 204")
            connection.sendall(REQUEST[:9])  # the next request on it is waited for no longer
            assert read_to_end(connection) == b""


def test_above_the_limit_the_oldest_silent_connection_goes() -> None:
    with listening(PATIENCE, most=3) as port, ExitStack() as stack:
        silent = [stack.enter_context(dial(port)) for _ in range(5)]
        assert [read_to_end(one) for one in silent[:2]] == [b"", b""]
        silent[4].sendall(REQUEST)
        assert silent[4].recv(4096).startswith(b"HTTP/1.1 204")


def test_a_body_without_a_token_is_not_taken(home: Path) -> None:
    with serving(home) as server, dial(server.port) as connection:
        head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 70000000"
        connection.sendall(head.encode() + b"\r\n\r\n{")
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in answer.lower()


def test_a_refusal_waits_for_a_small_body_a_short_while(home: Path) -> None:
    """Closed on bytes that nobody read, a connection is reset, and some clients lose the answer."""
    with serving(home) as server:
        head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 6"
        for body in (b"x" * 6, b""):
            with dial(server.port) as connection:
                connection.sendall(head.encode() + b"\r\n\r\n")
                connection.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    connection.recv(4096)
                connection.settimeout(PATIENCE)
                connection.sendall(body)
                assert connection.recv(4096).startswith(b"HTTP/1.1 401")


async def test_the_scheme_is_read_in_any_case_and_oauth_is_looked_for_in_vain(home: Path) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    with serving(home) as server:
        url = f"http://127.0.0.1:{server.port}"
        accept = {"Accept": "application/json, text/event-stream"}
        async with httpx2.AsyncClient(headers=accept, timeout=PATIENCE) as http:
            for scheme in ("Bearer", "bearer", "BEARER"):
                own = {"Authorization": f"{scheme} {server.token}"}
                answer = await http.post(f"{url}/mcp", json=body, headers=own)
                assert answer.status_code not in {401, 403}, answer.text
            for given in (f"Bearer{server.token}", server.token, f"Basic {server.token}", "bearer"):
                answer = await http.post(f"{url}/mcp", json=body, headers={"Authorization": given})
                assert answer.status_code == 401
            for path in ("oauth-protected-resource", "oauth-authorization-server/mcp"):
                answer = await http.get(f"{url}/.well-known/{path}")
                assert answer.status_code == 404
                assert "www-authenticate" not in answer.headers


def test_the_token_is_made_once_and_leaves_no_other_file(tmp_path: Path) -> None:
    token, path = token_at(str(tmp_path))
    assert token_at(str(tmp_path)) == (token, path)
    assert [one.name for one in (tmp_path / ".aquatint").iterdir()] == ["http-token"]

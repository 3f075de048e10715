"""A provider process that obeys the prompts it gets, and tells what it was asked and what it sent.

A prompt like `mode=500 after=0.3 pad=3000000 a fox` asks for that mode of `fake_openai`, a pause
in seconds, a PNG of so many bytes; `noise=1` for one that no PNG makes smaller; `once=1` keeps the
mode to the first request of that prompt.
`GET /asked` gives one row per request: the only count that the fault suite believes.
A script: it prints its URL, and ends with its standard input.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import anyio
import uvicorn
from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fake_openai import MODES, FakeOpenAI, Got, encoded, size_of, with_chunk

BACKLOG = 512
LARGE = 120_000_000  # bytes of a reply without an end in sight


@dataclass(frozen=True, slots=True)
class Asked:
    """One paid request as the provider saw it; `at` in seconds of its own clock."""

    path: str
    prompt: str
    at: float
    digests: list[str]  # SHA-256 of every picture that was drawn for it
    usage: dict[str, Any]


class Obedient(FakeOpenAI):
    """The strict provider, with its orders in the prompts; takes any key."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = None
        self.bomb_bytes = 200_000_000
        self._rows: dict[int, dict[str, Any]] = {}
        self._now = self._most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/asked":
            answer = {"asked": list(self._rows.values()), "most": self._most}
            await JSONResponse(answer)(scope, receive, send)
            return
        self._now += 1
        self._most = max(self._most, self._now)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._now -= 1

    async def _route(self, got: Got, mode: str, request: Request) -> Response:
        if not got.path.startswith("images/") or not got.fields:
            return await super()._route(got, mode, request)
        prompt = str(got.fields["prompt"])
        again = any(row["prompt"] == prompt for row in self._rows.values())
        row = {"path": request.url.path, "prompt": prompt, "at": time.monotonic()}
        self._rows[id(got)] = row | {"digests": [], "usage": {}}
        orders = dict(word.split("=", 1) for word in prompt.split() if "=" in word)
        await anyio.sleep(float(orders.get("after", 0)))
        if not (again and "once" in orders):
            mode = orders.get("mode", mode)
        if "/stolen/" in request.url.path:
            return Response(status_code=500)
        if mode == "redirect_here":
            place = f"{got.origin}/stolen/v1/{got.path}"
            return Response(status_code=307, headers={"location": place})
        if mode == "wrong_key":
            told = got.headers["authorization"]
            return JSONResponse({"error": {"message": f"Incorrect API key: {told}"}}, 401)
        if mode == "stream_stall":
            return StreamingResponse(self._stall(got), media_type="text/event-stream")
        if mode == "large":
            return StreamingResponse(_endless(LARGE), media_type="application/json")
        if mode in STATUS:
            return Response("upstream", int(mode), STATUS[mode])
        return await super()._route(got, mode, request)

    async def _stall(self, got: Got) -> AsyncIterator[bytes]:
        for name, partial in self.partials(got):
            event = json.dumps({"type": f"image_generation.{name}", **partial})
            yield f"data: {event}\n\n".encode()
        await anyio.sleep_forever()

    def draw(self, got: Got, fmt: str | None = None) -> bytes:
        data = super().draw(got, fmt)
        orders = str(got.fields["prompt"]).split()
        if "noise=1" in orders:  # as large as a picture of that size can be
            data = with_chunk(_noise(*size_of(got)), b"caBX", os.urandom(32))
        pad = next((int(word[4:]) for word in orders if word.startswith("pad=")), 0)
        if pad > len(data):
            data = with_chunk(data, b"caBX", os.urandom(pad - len(data)))
        if "mode=url" not in orders:
            del self.images[self.drawn]
        self._rows[id(got)]["digests"].append(hashlib.sha256(data).hexdigest())
        return data

    def reply(self, got: Got, **changes: Any) -> dict[str, Any]:
        reply = super().reply(got, **changes)
        self._rows[id(got)]["usage"] = reply["usage"]
        return reply


@functools.lru_cache(maxsize=1)
def _noise(width: int, height: int) -> bytes:
    image = Image.frombytes("RGB", (width, height), os.urandom(3 * width * height))
    return encoded(image, "png")


async def _endless(size: int) -> AsyncIterator[bytes]:
    yield b'{"data": [{"b64_json": "'
    for _ in range(size // 1_000_000):
        yield b"A" * 1_000_000
    yield b'"}]}'


STATUS = {"502": {}, "504": {}, "503": {"retry-after": "1"}}  # bare answers, as proxies give them
assert "500" in MODES


class Provider:
    """The suite's view of that process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def asked(self, part: str = "") -> list[Asked]:
        """Every paid request so far whose prompt has these words."""
        rows = self._told()["asked"]
        return [Asked(**row) for row in rows if part in row["prompt"]]

    def most(self) -> int:
        """How many requests were in flight at once."""
        return self._told()["most"]

    def settings(self, mode: str = "") -> dict[str, str]:
        """The variables that lead a server here."""
        return {"OPENAI_BASE_URL": f"{self.url}{mode}/v1", "OPENAI_API_KEY": KEY}

    def _told(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/asked", timeout=30) as answer:
            return json.loads(answer.read())


KEY = "sk-canary-5c1f0e9d7b3a2468"  # so that nobody can mistake another text for it


@contextmanager
def provider() -> Generator[Provider]:
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-m", "faults.provider"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": tests},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # clients that are killed make it complain
        start_new_session=True,
    ) as process:
        assert process.stdout
        try:
            yield Provider(process.stdout.readline().decode().strip())
        finally:
            process.kill()


def main() -> None:
    def watch() -> None:
        sys.stdin.read()
        os._exit(0)  # whoever started us is gone

    threading.Thread(target=watch, daemon=True).start()
    config = uvicorn.Config(Obedient(), log_level="critical", lifespan="off", ws="none")
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()

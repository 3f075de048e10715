"""The way to the studio on this machine: the one page process of a home, started at first use."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from ...domain.errors import Unavailable
from ...settings import given

if TYPE_CHECKING:
    from ..images import ImageService

ROLE = "studio"
HOST = "127.0.0.1"
PATIENCE = 20.0  # seconds for a new page process to answer
LOOK = 0.1  # seconds between two looks for it


async def link(service: ImageService) -> str:
    """An address that opens the studio once, in a browser on this machine. Raises Unavailable."""
    await service.ready()
    found = await ask(service)
    if found is not None:
        return found
    await anyio.to_thread.run_sync(_start, service)
    with anyio.move_on_after(PATIENCE):
        while True:
            found = await ask(service)
            if found is not None:
                return found
            await anyio.sleep(LOOK)
    raise Unavailable(
        f"The studio did not start within {PATIENCE:.0f} s.", "Run `aquatint studio` to see why."
    )


async def ask(service: ImageService) -> str | None:
    """A fresh link from the page process that runs; None where none does."""
    words = service.context.leases.claimed(ROLE)
    if not words:
        return None
    return await anyio.to_thread.run_sync(_ask, json.loads(words))


def _ask(reached: dict[str, str | int]) -> str | None:
    connection = http.client.HTTPConnection(HOST, int(reached["port"]), timeout=5)
    try:
        headers = {"Authorization": f"Bearer {reached['secret']}"}
        connection.request("POST", "/link", headers=headers)
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


def _start(service: ImageService) -> None:
    """In a session of its own: it outlives the server that needed it first."""
    settings = service.settings
    key = settings.api_key
    environ = {
        **settings.inherited,
        **given(settings, os.pathsep),
        **({"OPENAI_API_KEY": key.get_secret_value()} if key else {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "aquatint", "studio", "--no-browser"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # it may outlive us, which is no reason for a warning

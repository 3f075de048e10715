"""The strict provider of the tests, sending one ready picture whatever is asked. A script."""

from __future__ import annotations

import argparse
import io
import os
import socket

import uvicorn
from bench_masks import image

from fake_openai import FakeOpenAI, Got, with_chunk

GRAIN = 6  # makes 1.2 MB of 1024x1024


class OnePicture(FakeOpenAI):
    """Answers every call with the same bytes, so that drawing takes no time."""

    def __init__(self, *, edge: int, delay: float, pad: int) -> None:
        super().__init__(delay=delay)
        out = io.BytesIO()
        image((edge, edge), GRAIN).save(out, "PNG", compress_level=6)
        filler = os.urandom(max(0, pad - out.tell()))
        self._data = with_chunk(out.getvalue(), b"caBX", b"fake c2pa " + filler)

    def draw(self, got: Got, fmt: str | None = None) -> bytes:
        self.requests.clear()
        return self._data


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints its URL.")
    parser.add_argument("--edge", type=int, default=1024, help="pixels of the square it sends")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--pad", type=int, default=0, help="pad the PNG to this many bytes")
    options = parser.parse_args()
    app = OnePicture(edge=options.edge, delay=options.delay, pad=options.pad)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        # Loopback's segments of 64 KB fill the window, and half the answers wait 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 16_000)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", ws="none", access_log=False
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()

"""The promise of pictures: no file crashes, stalls or swells the server that looks at it."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aquatint.domain.errors import AquatintError
from aquatint.imaging import encode, previews
from aquatint.imaging.sniff import png_chunks
from unit.hostile import CORPUS, PNG, chunk, cutout, header, photo, private, saved
from wire import peak_memory

MOST_PIXELS = 50_000_000
DEARER = 2.0  # times the processor time of the largest picture that is allowed, at most
GROWTH = 300_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
needs_fork = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def large(colour: int) -> Callable[[], bytes]:
    """49 megapixels of nothing in 200 KB: as much as the caps let through."""

    def build() -> bytes:
        row = b"\0" + bytes(7000 * {2: 3, 6: 4}[colour])
        squeezer = zlib.compressobj(9)
        body = b"".join(squeezer.compress(row) for _ in range(7000)) + squeezer.flush()
        head = header(7000, 7000, colour=colour)
        return PNG + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")

    return build


LARGEST = large(2)
FILES = {name: build for name, (build, _) in CORPUS.items()} | {"49 MP of RGB": LARGEST}


def look(data: bytes) -> str:
    """What the server does to a picture that came in, and to one that is to be sent."""
    try:
        seen, _ = previews.first_look(data, edge=768, budget=42_000, max_pixels=MOST_PIXELS)
        encode.prepare_input(data, max_pixels=MOST_PIXELS)
    except AquatintError as error:
        return f"refused: {error.message}"
    return f"seen as {seen.format}"


def in_a_child(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run in a forked process; its result, or the signal or exception that ended it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = work()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must hear of it
            told = {"crash": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(told).encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"crash": signal.Signals(os.WTERMSIG(status)).name}
    return json.loads(text)


def measured(data: bytes) -> dict[str, Any]:
    before, started = peak_memory(os.getpid()), time.process_time()
    verdict = look(data)
    seconds, growth = time.process_time() - started, peak_memory(os.getpid()) - before
    return {"verdict": verdict, "seconds": seconds, "growth": growth}


@pytest.fixture(scope="module")
def most_seconds() -> float:
    """What a file may cost of the processor on this machine, as fast as it is in this run."""
    return DEARER * in_a_child(lambda: measured(LARGEST()))["seconds"]


def test_the_corpus_is_as_long_as_promised() -> None:
    assert len(FILES) >= 40


@pytest.mark.full
@needs_fork
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_costs_what_a_large_one_does_and_300_mb(
    name: str, most_seconds: float
) -> None:
    data = FILES[name]()
    told = in_a_child(lambda: measured(data))
    assert "crash" not in told, told
    assert told["seconds"] <= most_seconds, told
    assert told["growth"] <= GROWTH, told


def mutants(seed: int) -> Iterator[bytes]:
    """Valid and hostile files with bytes flipped, cut, doubled, moved, and lengths overwritten.

    Of PNGs every second one is sealed again, or its checksums would stop nearly all at the gate.
    """
    dice = random.Random(seed)
    seeds = [saved(photo(), name) for name in FORMATS] + [saved(cutout(), "PNG")]
    seeds += [saved(photo(mode=mode), "PNG") for mode in ("1", "L", "LA", "P", "I;16")]
    seeds += [saved(photo().quantize(16), "PNG", transparency=0), private("PNG")]
    small = [build() for build in FILES.values() if build.__name__ != "build"]
    seeds += [data for data in small if 0 < len(data) < 200_000]
    while True:
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data) + 1)
            match dice.randrange(5):
                case 0:
                    data[at : at + 1] = bytes([dice.randrange(256)])
                case 1:
                    data[at : at + 4] = dice.choice([b"\xff" * 4, bytes(4), b"\x7f" + b"\xff" * 3])
                case 2:
                    del data[at : at + dice.randint(1, 64)]
                case 3:
                    data[at:at] = data[at : at + dice.randint(1, 256)]
                case _:
                    data = data[: max(at, 1)]
        yield sealed(bytes(data)) if dice.random() < 0.5 else bytes(data)


def sealed(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what is in them now; anything else as it is."""
    if not data.startswith(PNG):
        return data
    whole = bytearray(data)
    for _, start, end in png_chunks(data):
        if end + 4 <= len(whole):
            whole[end : end + 4] = zlib.crc32(whole[start - 4 : end]).to_bytes(4)
    return bytes(whole)


def fuzz(seed: int, *, count: int, seconds: float) -> dict[str, Any]:
    """Look at mutants until there were `count`, or `seconds` are over."""
    slowest, done, until = 0.0, 0, time.monotonic() + seconds
    for data in mutants(seed):
        started = time.process_time()
        try:
            look(data)
        except Exception as error:  # noqa: BLE001  # that is what is looked for
            return {"crash": f"{type(error).__name__}: {error}", "bytes": data[:2000].hex()}
        slowest, done = max(slowest, time.process_time() - started), done + 1
        if done >= count or time.monotonic() >= until:
            break
    return {"done": done, "slowest": slowest, "peak": peak_memory(os.getpid())}


@needs_fork
def test_400_mutated_files_crash_nothing() -> None:
    told = in_a_child(lambda: fuzz(1, count=400, seconds=20))
    assert "crash" not in told, told


@pytest.mark.full
@needs_fork
def test_mutated_files_crash_nothing_in_two_minutes(most_seconds: float) -> None:
    told = in_a_child(lambda: fuzz(int(time.time()), count=10**9, seconds=115))
    sys.stderr.write(f"{told}\n")
    assert "crash" not in told, told
    assert told["slowest"] <= most_seconds, (told, most_seconds)

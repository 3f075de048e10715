"""What every blob store promises, and what the local folder promises besides."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from aquatint.domain.errors import Misconfigured, NoSuchImage, NotKept
from aquatint.storage.files.blobs import FolderBlobs


@pytest.fixture(params=["files"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> FolderBlobs:
    return {"files": lambda: FolderBlobs(str(tmp_path / "home"), min_free=0)}[request.param]()


def home(blobs: FolderBlobs) -> Path:
    return Path(blobs.path("x") or "").parent


def left(blobs: FolderBlobs) -> list[str]:
    return sorted(p.name for p in (home(blobs) / ".aquatint/parts").glob("*"))


# Every store


async def test_a_part_is_read_back_and_kept_under_its_name(blobs: FolderBlobs):
    part = blobs.part()
    part.write(b"abc")
    part.write(memoryview(b"def"))
    assert (part.size, part.read(), part.read(2)) == (6, b"abcdef", b"ab")
    await blobs.keep(part, "a.png")
    assert await blobs.read("a.png") == b"abcdef"
    part.discard()
    assert await blobs.read("a.png") == b"abcdef"


async def test_a_discarded_part_leaves_nothing(blobs: FolderBlobs):
    part = blobs.part()
    part.write(b"abc")
    part.discard()
    part.discard()
    assert left(blobs) == []


async def test_what_is_lent_is_seen_until_it_is_taken_back(blobs: FolderBlobs):
    assert await blobs.lent("job1") is None
    for words in (b"first look", b"second look"):
        part = blobs.part()
        part.write(words)
        await blobs.lend("job1", part)
        assert await blobs.lent("job1") == words
        part.discard()
    assert await blobs.lent("job2") is None
    await blobs.lend("job1", None)
    await blobs.lend("job1", None)
    assert await blobs.lent("job1") is None
    assert left(blobs) == []


async def test_keeping_never_overwrites_and_the_bytes_stay(blobs: FolderBlobs):
    await blobs.put("a.png", b"first")
    part = blobs.part()
    part.write(b"second")
    with pytest.raises(NotKept) as caught:
        await blobs.keep(part, "a.png")
    part.discard()
    assert await blobs.read("a.png") == b"first"
    assert part.read() == b"second"
    assert str(part.path) in caught.value.message
    assert caught.value.spent == "yes"
    assert await blobs.clean(0, now=2**40) == 0  # what was paid for is not swept up


async def test_putting_again_replaces(blobs: FolderBlobs):
    await blobs.put(".aquatint/previews/a.webp", b"first")
    await blobs.put(".aquatint/previews/a.webp", b"second")
    assert await blobs.read(".aquatint/previews/a.webp") == b"second"
    assert left(blobs) == []


async def test_what_is_gone_is_no_such_image_and_can_be_deleted_again(blobs: FolderBlobs):
    await blobs.put("a.png", b"x")
    await blobs.delete("a.png")
    await blobs.delete("a.png")
    with pytest.raises(NoSuchImage, match="recent_images"):
        await blobs.read("a.png")


@pytest.mark.parametrize("key", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\0", "a\\b", "c:a"])
async def test_a_key_that_leaves_the_store_is_a_mistake(blobs: FolderBlobs, key: str):
    with pytest.raises(ValueError, match="not a key of ours"):
        await blobs.put(key, b"x")


async def test_64_keeps_at_once_leave_64_pictures(blobs: FolderBlobs):
    async def keep(n: int) -> None:
        part = blobs.part()
        part.write(b"%d" % n * 1000)
        await blobs.keep(part, f"{n}.png")

    async with anyio.create_task_group() as group:
        for n in range(64):
            group.start_soon(keep, n)
    assert [await blobs.read(f"{n}.png") for n in range(64)] == [
        b"%d" % n * 1000 for n in range(64)
    ]
    assert left(blobs) == []


# The folder


async def test_nobody_else_can_look_in(blobs: FolderBlobs):
    await blobs.put(".aquatint/previews/a.webp", b"x")
    part = blobs.part()
    await blobs.keep(part, "b.png")
    made = [home(blobs), *home(blobs).rglob("*")]
    assert len(made) == 6
    assert [p for p in made if p.stat().st_mode & 0o077] == []


def test_nothing_is_made_before_it_is_needed(blobs: FolderBlobs):
    assert blobs.free() > 0
    assert not home(blobs).exists()


async def test_a_home_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    blobs = FolderBlobs(str(tmp_path / "file" / "home"))
    for use in (blobs.ready, lambda: blobs.put("a", b"x")):
        with pytest.raises(Misconfigured, match="AQUATINT_HOME") as caught:
            await use()
        assert caught.value.reason == "home_not_writable"
        assert str(tmp_path / "file" / "home") in caught.value.message
    assert [finding.level for finding in await blobs.check()] == ["fail"]


async def test_too_little_space_is_told_before_paying(tmp_path: Path):
    blobs = FolderBlobs(str(tmp_path / "home"), min_free=2**60)
    with pytest.raises(Misconfigured, match=r"Only [\d,]+ MB are free") as caught:
        await blobs.ready()
    assert caught.value.reason == "disk_full"
    assert [finding.level for finding in await blobs.check()] == ["fail"]


async def test_a_good_home_is_ready(blobs: FolderBlobs):
    await blobs.ready()
    assert [finding.level for finding in await blobs.check()] == ["ok"]
    assert left(blobs) == []


async def test_a_failing_keep_says_where_the_bytes_are(blobs: FolderBlobs):
    await blobs.put("sub", b"a file where a folder should be")
    part = blobs.part()
    part.write(b"paid")
    with pytest.raises(NotKept) as caught:
        await blobs.keep(part, "sub/a.png")
    assert Path(caught.value.message.split("Its bytes are in ")[1][:-1]).read_bytes() == b"paid"


async def test_only_old_parts_are_cleaned(blobs: FolderBlobs):
    old, young = blobs.part(), blobs.part()
    os.utime(old.path, (1000, 1000))
    os.utime(young.path, (5000, 5000))
    assert await blobs.clean(3600, now=5000) == 1
    assert left(blobs) == [young.path.name]


FULL_DISK = f"""
import anyio, resource, sys
from aquatint.storage.files.blobs import FolderBlobs
from aquatint.domain.errors import NotKept
blobs = FolderBlobs(sys.argv[1], min_free=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
part = blobs.part()
part.write(b"x" * 65536)
try:
    part.write(b"x")
except OSError as exc:
    assert exc.errno == {errno.EFBIG}, exc
part.discard()
async def main():
    try:
        await blobs.put("a.png", b"x" * 65537)
    except NotKept as exc:
        assert exc.reason == "disk_full", exc
        return "refused"
assert anyio.run(main) == "refused"
"""


def test_a_disk_that_fills_up_leaves_no_torn_file(tmp_path: Path):
    subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], check=True, timeout=60)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


KILLED = """
import anyio, hashlib, os, random, signal, sys
from aquatint.storage.files.blobs import FolderBlobs
blobs = FolderBlobs(sys.argv[1], min_free=0)
async def forever():
    os.write(ready, b".")
    for n in range(10**9):
        data = os.urandom(200_000)
        part = blobs.part()
        part.write(data)
        await blobs.keep(part, hashlib.sha256(data).hexdigest() + ".png")
luck = random.Random(7)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
for _ in range(10):
    started, ready = os.pipe()
    child = os.fork()
    if not child:
        anyio.run(forever)
    os.read(started, 1)
    signal.setitimer(signal.ITIMER_REAL, luck.uniform(0.005, 0.08))
    signal.sigwait({signal.SIGALRM})
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_a_killed_process_leaves_no_torn_picture(tmp_path: Path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=True, timeout=60)
    kept = list(tmp_path.glob("*.png"))
    assert kept
    assert [p for p in kept if hashlib.sha256(p.read_bytes()).hexdigest() != p.stem] == []

"""Money on record: reservation, sending, leases, and what is left after a kill."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aquatint.domain import names
from aquatint.domain.budget import Limit, Shortfall
from aquatint.domain.errors import BadRequest, NoSuchImage
from aquatint.domain.lineage import Parent
from aquatint.domain.ports import Holder
from aquatint.domain.requests.save_targets import parse
from aquatint.domain.types import Failure, Finish, GenerateRequest, Job, JobRecord, Order
from aquatint.jobs.context import JobContext
from aquatint.jobs.recovery import reconcile, settled
from aquatint.services.spending import cancel, statement
from aquatint.storage.files.blobs import FolderBlobs
from aquatint.storage.leases import Leases
from aquatint.storage.sqlite.catalog import SqliteCatalog
from aquatint.vision.eyes import Eyes
from aquatint.workspace import LocalWorkspace
from plain_engine import nobody

ROOT = Path(__file__).parents[1]
NOW = 1_795_000_000.0  # 2026-11-18
IDS = [f"{letter * 16}" for letter in "abcdefgh"]


def job(number: int, **more: Any) -> Job:
    name = f"job-{'abcdefgh'[number] * 16}"
    values: dict[str, Any] = {
        "id": name,
        "owner": "local",
        "kind": "generated",
        "engine": "openai",
        "order": Order(prompt="a fox", model="m-1", size="48x32", quality="low"),
        "finish": Finish(),
        "request": GenerateRequest(prompt="a fox"),
        "digest": name,
        "image_ids": (IDS[number],),
        "derived_ids": (f"y{IDS[number][1:]}", f"z{IDS[number][1:]}"),
        "estimate_usd": 0.25,
        "project": "/site",
        "created": NOW,
    }
    return Job(**values | more)


def png(width: int = 48) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 32), "teal").save(file, "png")
    return file.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
async def context(home: Path) -> AsyncIterator[JobContext]:
    leases = Leases(str(home), "me")
    leases.take()
    context = JobContext(
        engines={},
        blobs=FolderBlobs(str(home), min_free=0),
        catalog=SqliteCatalog(str(home / ".aquatint/catalog.sqlite"), now=lambda: NOW),
        workspace=LocalWorkspace(
            home=str(home), roots=(), cwd="/", user_home=None, strict=True, max_bytes=1000
        ),
        now=lambda: NOW,
        price=lambda model, usage, n: 0.0,
        max_pixels=1_000_000,
        leases=leases,
        vision=Eyes(),
    )
    yield context
    await context.catalog.aclose()
    leases.release()


async def ended(context: JobContext, one: Job) -> JobRecord:
    record = await context.catalog.job(one.id, one.owner)
    assert record is not None
    return record


# A home that an older version made


@pytest.fixture
def old_home(home: Path) -> Path:
    """Made by the code before 2026-11-27: jobs say `picture_ids`, a dead worker `press_died`.

    One done, one whose worker died, one that was sent and one that was not by a killed server.
    """
    place = home / ".aquatint/catalog.sqlite"
    place.parent.mkdir(parents=True)
    shutil.copy(ROOT / "data/old_home/catalog-2026-11-26.sqlite", place)
    return home


async def test_an_old_home_opens_lists_and_recovers(old_home: Path, context: JobContext) -> None:
    page = await context.catalog.recent("local", None, None, 10, None)
    assert [image.id for image in page.images] == ["ddddddddddddddda"]
    trouble = (await context.catalog.troubles(10))[0]
    assert trouble.failure
    assert (trouble.job.image_ids, trouble.failure.code) == (("pppppppppppppppa",), "press_died")
    key = names.image_key(1e9, "r fox", "rrrrrrrrrrrrrrra", "png")
    await context.blobs.put(key, png())
    repairs = await reconcile(context, nobody)
    assert (repairs.recovered, repairs.dropped, repairs.unknown) == (1, 1, 0)
    page = await context.catalog.recent("local", "fox", None, 10, None)
    assert [image.id for image in page.images] == ["rrrrrrrrrrrrrrra", "ddddddddddddddda"]
    record = await context.catalog.job("job-uuuuuuuuuuuuuuuu", "local")
    assert record
    assert (record.state, record.cost_usd) == ("failed", 0)


# Leases

HOLDER = """
import sys
from aquatint.storage.leases import Leases
Leases(sys.argv[1], "other").take()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lease_lives_as_long_as_its_process(home: Path) -> None:
    mine = Leases(str(home), "me")
    assert not mine.alive("me")
    mine.take()
    mine.take()
    assert mine.alive("me")
    assert not mine.alive("other")
    argv = [sys.executable, "-c", HOLDER, str(home)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert mine.alive("other")
        assert mine.alive("other")
        assert Leases(str(home), "third").alive("other")
        holder.kill()
        holder.wait()
    assert not mine.alive("other")
    locks = home / ".aquatint" / "runners"
    assert {path.name: path.stat().st_mode & 0o777 for path in locks.iterdir()} == {
        "me.lock": 0o600,
        "other.lock": 0o600,
    }
    mine.release()
    assert not Leases(str(home), "third").alive("me")


def test_leases_left_long_ago_are_removed_by_the_next(home: Path) -> None:
    first = Leases(str(home), "first")
    first.take()
    locks = home / ".aquatint" / "runners"
    (locks / "killed.lock").touch()
    (locks / "new.lock").touch()
    for name in ("killed.lock", "first.lock"):
        os.utime(locks / name, (NOW - 2e9, 0))
    Leases(str(home), "second").take()
    assert sorted(path.stem for path in locks.iterdir()) == ["first", "new", "second"]


def test_a_lease_is_taken_anew_where_its_home_was_deleted(home: Path) -> None:
    mine = Leases(str(home), "me")
    mine.take()
    shutil.rmtree(home)
    assert not Leases(str(home), "other").alive("me")
    mine.take()
    assert Leases(str(home), "other").alive("me")
    shutil.rmtree(home)
    home.mkdir()
    mine.release()  # what is gone needs no removing


def test_a_process_that_does_not_beat_falls_silent(home: Path) -> None:
    clock = [0.0]
    worker = Leases(str(home), "worker", "worker")
    worker.take()
    watcher = Leases(str(home), "me", monotonic=lambda: clock[0])

    def silence(after: float) -> float:
        clock[0] += after
        return watcher.silence("worker")

    assert silence(100) == 0  # a first look
    assert [silence(1), silence(1.5)] == [1, 2.5]
    assert silence(60) == 4.5  # we may have been stopped ourselves
    os.utime(home / ".aquatint/runners/worker.lock", (NOW, NOW))  # whatever the system's time says
    assert silence(1) == 0
    worker.beat()
    assert silence(1) == 0
    assert silence(1) == 1
    assert watcher.silence("nobody") == 0


def test_a_sent_job_is_abandoned_by_the_dead_and_by_those_silent_beyond_its_deadline(
    home: Path,
) -> None:
    clock = [0.0]
    worker = Leases(str(home), "worker", "worker")
    worker.take()
    watcher = Leases(str(home), "me", monotonic=lambda: clock[0])

    def abandoned(seconds: float, lease: str = "worker", sent: float | None = NOW) -> bool:
        clock[0] += 2
        record = JobRecord(job=job(0, deadline=3600.0), state="intent", sent=sent, lease=lease)
        return watcher.abandoned(record, NOW + seconds)

    assert abandoned(0, "gone")
    assert not abandoned(1800)
    assert not abandoned(3700)
    assert abandoned(3700)
    assert abandoned(3600.5), "told by its deadline, and a little more"
    assert not abandoned(3500)
    assert not abandoned(3700, sent=None)
    worker.beat()
    assert not abandoned(3700)


def test_the_living_processes_of_a_home_can_be_named(home: Path) -> None:
    worker = Leases(str(home), "worker", "worker")
    worker.take()
    me = Leases(str(home), "me")
    me.take()
    (home / ".aquatint/runners/gone.lock").touch()
    assert me.holders() == [Holder("worker", "worker", os.getpid())]
    assert worker.holders() == [Holder("me", "server", os.getpid())]


def test_one_process_of_a_home_has_a_role_until_it_ends(home: Path) -> None:
    me, other = Leases(str(home), "me"), Leases(str(home), "other")
    assert me.claimed("studio") is None
    assert me.claim("studio")
    assert other.claimed("studio") == ""
    assert not other.claim("studio", "mine")
    assert me.claim("studio", "at port 9")
    assert (other.claimed("studio"), me.claimed("studio")) == ("at port 9", "at port 9")
    me.release()
    assert other.claimed("studio") is None
    assert other.claim("studio", "now here")
    assert me.claimed("studio") == "now here"


def test_a_lease_is_no_path(home: Path) -> None:
    assert not Leases(str(home), "me").alive("../../etc/passwd")
    assert not Leases(str(home), "me").alive("")


# Sending


async def test_only_one_process_sends_a_job_and_none_after_its_end(context: JobContext) -> None:
    catalog = context.catalog
    await catalog.begin(job(0), None, lease="me")
    assert (await ended(context, job(0))).lease == "me"
    assert await catalog.sent(job(0).id, "worker")
    assert await catalog.sent(job(0).id, "worker")
    assert not await catalog.sent(job(0).id, "me")
    assert (await ended(context, job(0))).lease == "worker"
    await catalog.settle(JobRecord(job=job(0), state="unknown", ended=NOW), ())
    assert not await catalog.sent(job(0).id, "worker")
    assert not await catalog.sent("job-nobody", "worker")


async def test_a_job_is_cancelled_until_it_is_sent(context: JobContext) -> None:
    for number in (0, 1):
        await context.catalog.begin(job(number), None, lease="me")
    await cancel(context, job(0).id, "local")
    assert not await context.catalog.sent(job(0).id, "me")
    record = await ended(context, job(0))
    assert (record.state, record.cost_usd) == ("failed", 0)
    assert record.failure
    assert record.failure.code == "cancelled"
    await context.catalog.sent(job(1).id, "me")
    with pytest.raises(BadRequest, match="too late"):
        await cancel(context, job(1).id, "local")
    assert (await ended(context, job(1))).state == "intent"
    with pytest.raises(BadRequest, match="has ended"):
        await cancel(context, job(0).id, "local")
    with pytest.raises(NoSuchImage):
        await cancel(context, job(1).id, "somebody else")


async def test_a_call_that_pauses_for_the_provider_can_be_cancelled(context: JobContext) -> None:
    catalog = context.catalog
    await catalog.begin(job(0), None, lease="me")
    await catalog.sent(job(0).id, "worker")
    await catalog.pausing(job(0).id, "me")  # another's
    assert (await ended(context, job(0))).sent == NOW
    await catalog.pausing(job(0).id, "worker")
    assert (await ended(context, job(0))).sent is None
    await cancel(context, job(0).id, "local")
    assert not await catalog.sent(job(0).id, "worker")
    record = await ended(context, job(0))
    assert (record.state, record.cost_usd) == ("failed", 0)


# The budget


async def test_a_call_that_does_not_fit_is_told_what_stands_in_its_way(context: JobContext) -> None:
    limit = Limit(0.6, NOW - 3600)
    catalog = context.catalog
    old = JobRecord(job=job(0), state="done", cost_usd=5.0, ended=NOW - 3601)
    paid = JobRecord(job=job(1), state="done", cost_usd=0.1, ended=NOW - 1800)
    for record in (old, paid):
        await catalog.settle(record, ())
    assert await catalog.begin(job(2), None, limit, lease="me") is None
    assert await catalog.begin(job(3), None, limit, lease="me") is None  # 0.10 + 2 x 0.25
    short = await catalog.begin(job(4), None, limit, lease="me")
    assert isinstance(short, Shortfall)
    assert short.spent == pytest.approx(0.6)
    assert short.frees(0.6, 0.1, 3600) == NOW + 1800
    assert short.frees(0.6, 0.25, 3600) == NOW + 3600
    assert short.frees(0.6, 0.61, 3600) is None
    assert await catalog.job(job(4).id, "local") is None


async def test_what_is_paid_already_or_free_passes_a_spent_budget(context: JobContext) -> None:
    catalog, limit = context.catalog, Limit(0.25, 0)
    assert await catalog.begin(job(0, digest="d"), None, limit, lease="me") is None
    assert isinstance(await catalog.begin(job(1, digest="d"), None, limit), Shortfall)
    twin = await catalog.begin(job(1, digest="d"), 0.0, limit)
    assert isinstance(twin, JobRecord)
    assert await catalog.begin(job(2, engine="draft", estimate_usd=0.0), None, limit) is None
    assert await catalog.begin(job(3, owner="ann"), None, limit) is None


async def test_money_comes_back_when_less_was_spent_than_reserved(context: JobContext) -> None:
    catalog, limit = context.catalog, Limit(0.25, 0)
    await catalog.begin(job(0), None, limit)
    await catalog.settle(JobRecord(job=job(0), state="failed", cost_usd=0.0, ended=NOW), ())
    assert await catalog.begin(job(1), None, limit) is None
    await catalog.settle(JobRecord(job=job(1), state="unknown", cost_usd=0.25, ended=NOW), ())
    assert isinstance(await catalog.begin(job(2), None, limit), Shortfall)


RACERS = """
import os, sys
sys.path.insert(0, sys.argv[2])
import anyio
from kills import job
from aquatint.storage.sqlite.catalog import SqliteCatalog
from aquatint.domain.budget import Limit
from aquatint.vision.eyes import Eyes
async def race():
    catalog = SqliteCatalog(sys.argv[1], now=lambda: 1e9)
    for number in range(50):
        begun = await catalog.begin(job(number), None, Limit(10.0, 0), lease="me")
        os.write(1, b"." if begun is None else b"-")
    await catalog.aclose()
ready, go = os.pipe()
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        os.close(go)
        os.read(ready, 1)
        anyio.run(race)
        os._exit(0)
    children.append(child)
os.close(go)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
"""


async def test_four_racing_processes_keep_one_budget(context: JobContext, home: Path) -> None:
    path = str(home / ".aquatint/catalog.sqlite")
    argv = [sys.executable, "-c", RACERS, path, str(ROOT)]
    told = subprocess.run(argv, check=True, timeout=60, stdout=subprocess.PIPE).stdout
    assert len(told) == 200
    assert told.count(b".") == 40  # of 25 cents each
    assert await context.catalog.spent("local", 0) == pytest.approx(10.0)


# Reconciling


async def test_a_living_process_keeps_its_jobs(context: JobContext) -> None:
    await context.catalog.begin(job(0), None, lease="me")
    await context.catalog.begin(job(1), None, lease="gone")
    await context.catalog.sent(job(1).id, "me")
    assert not await reconcile(context, nobody)
    assert len(await context.catalog.unsettled()) == 2
    record = await ended(context, job(0))
    assert await settled(context, record, nobody) == record


async def test_what_was_not_sent_costs_nothing(context: JobContext) -> None:
    await context.catalog.begin(job(0), None, lease="gone")
    assert (await reconcile(context, nobody)).dropped == 1
    record = await ended(context, job(0))
    assert (record.state, record.cost_usd) == ("failed", 0)
    assert record.failure
    assert (record.failure.code, record.failure.spent) == ("cancelled", "no")


async def test_what_was_sent_and_left_no_picture_is_unknown_and_shown(context: JobContext) -> None:
    await context.catalog.begin(job(0), None, lease="me")
    await context.catalog.sent(job(0).id, "gone")
    assert (await reconcile(context, nobody)).unknown == 1
    record = await ended(context, job(0))
    assert (record.state, record.cost_usd) == ("unknown", 0.25)
    assert record.failure
    assert (record.failure.code, record.failure.spent) == ("interrupted", "unknown")
    assert "2026-11-18T" in record.failure.fix
    told = await statement(context, "local", 1)
    assert (told.usd, told.calls) == (0.25, 1)
    assert [one.job.id for one in told.unknown] == [job(0).id]
    row = told.rows[0]
    assert (row.day, row.model, row.project, row.unknown) == ("2026-11-18", "m-1", "/site", 1)
    assert json.loads(json.dumps(told.facts()))["unknown"][0]["time"].startswith("2026-11-18T")


async def test_a_free_draft_that_was_stopped_is_nobodys_doubt(context: JobContext) -> None:
    await context.catalog.begin(job(0, engine="draft", estimate_usd=0.0), None, lease="gone")
    await context.catalog.sent(job(0).id, "gone")
    assert (await reconcile(context, nobody)).unknown == 0
    assert (await statement(context, "local", 1)).calls == 0


async def test_a_stored_picture_is_taken_in_and_finished(context: JobContext, home: Path) -> None:
    one = job(0, finish=Finish(exact_size=(24, 24), save_to=parse(["x.png"]).files))
    await context.catalog.begin(one, None, lease="me")
    await context.catalog.sent(one.id, "gone")
    key = names.image_key(NOW, "a fox", one.image_ids[0], "png")
    await context.blobs.put(key, png())
    half_done = names.image_key(NOW, "a fox", one.derived_ids[1], "webp")
    await context.blobs.put(half_done, b"made just before the kill")
    assert (await reconcile(context, nobody)).recovered == 1
    record = await ended(context, one)
    assert (record.state, record.cost_usd) == ("done", 0.25)
    assert any("Recovered" in warning for warning in record.warnings)
    assert any("save_to" in warning for warning in record.warnings)
    shown = record.images[0]
    assert (shown.width, shown.height, shown.kind) == (24, 24, "generated")
    assert shown.parents == (Parent(id=one.image_ids[0], role="raw"),)
    original = await context.catalog.image(one.image_ids[0], "local")
    assert original
    assert (original.width, original.key, original.kind) == (48, key, "raw")
    assert (await context.blobs.read(key)) == png()
    assert not (home / half_done).exists()
    assert not await reconcile(context, nobody)


async def test_of_two_pictures_one_may_be_there(context: JobContext) -> None:
    one = job(0, image_ids=(IDS[0], IDS[1]), derived_ids=tuple(IDS[2:6]))
    await context.catalog.begin(one, None, lease="me")
    await context.catalog.sent(one.id, "gone")
    await context.blobs.put(names.image_key(NOW, "a fox", IDS[1], "png"), png())
    record = await settled(context, await ended(context, one), nobody)
    assert record.state == "done"
    assert [image.id for image in record.images] == [IDS[1]]
    assert "1 of 2 pictures were there." in record.warnings


CRASHED = Failure(kind="Unavailable", code="crashed", message="", fix="", spent="unknown")


async def test_an_image_that_was_rescued_is_taken_in(context: JobContext, home: Path) -> None:
    """What a full disk or a crash of ours left, once that is mended."""
    for number, code in enumerate(("not_kept", "crashed", "crashed")):
        one = job(number)
        await context.catalog.begin(one, None, lease="me")
        await context.catalog.sent(one.id, "me")
        failure = CRASHED.model_copy(update={"code": code, "spent": "yes"})
        record = JobRecord(job=one, state="failed", failure=failure, cost_usd=0.04, ended=NOW)
        await context.catalog.settle(record, ())
    part = context.blobs.part()
    part.write(png())
    key = names.image_key(NOW, "a fox", IDS[0], "png")
    where = await context.blobs.rescue(part, key)
    assert where == str(home / f".aquatint/parts/{IDS[0]}.rescued")
    await context.blobs.put(names.image_key(NOW, "a fox", IDS[1], "png"), png())
    broken = context.blobs.part()
    broken.write(png()[:60])
    await context.blobs.rescue(broken, names.image_key(NOW, "a fox", IDS[2], "png"))
    assert sorted(await context.blobs.rescued()) == [IDS[0], IDS[2]]
    assert (await reconcile(context, nobody)).recovered == 2
    for number in (0, 1):
        record = await ended(context, job(number))
        assert (record.state, record.cost_usd) == ("done", 0.04)
        assert await context.blobs.read(record.images[0].key) == png()
    assert (await ended(context, job(2))).state == "failed"
    assert await context.blobs.rescued() == [IDS[2]]
    assert not await reconcile(context, nobody)


async def test_old_parts_and_inputs_go_and_the_rest_stays(context: JobContext, home: Path) -> None:
    part = context.blobs.part()
    part.write(b"half")
    old, new = names.input_key("old", "png"), names.input_key("new", "png")
    for key in (old, new, "2026-picture.png"):
        await context.blobs.put(key, png())
    parts = next((home / ".aquatint/parts").iterdir())
    for path in (parts, home / old, home / "2026-picture.png"):
        os.utime(path, (NOW - 90_000, NOW - 90_000))
    os.utime(home / new, (NOW - 80_000, NOW - 80_000))
    assert (await reconcile(context, nobody)).cleaned == 2
    assert not parts.exists()
    assert not (home / old).exists()
    assert (home / new).exists()
    assert (home / "2026-picture.png").exists()
    part.discard()


async def test_spending_is_told_by_day_model_and_project(context: JobContext) -> None:
    day = 86400.0
    costs = [(0, 0.5, 0.0), (1, 0.25, 0.0), (2, 1.0, day), (3, 9.0, 40 * day)]
    for number, cost, ago in costs:
        one = job(number, owner="ann" if number == 2 else "local")
        await context.catalog.settle(
            JobRecord(job=one, state="done", cost_usd=cost, ended=NOW - ago), ()
        )
    free = job(4, engine="draft", estimate_usd=0.0)
    await context.catalog.settle(JobRecord(job=free, state="done", cost_usd=0.0, ended=NOW), ())
    other = job(5, project="/other", estimate_usd=None)
    await context.catalog.settle(JobRecord(job=other, state="done", ended=NOW), ())
    told = await statement(context, None, 30)
    rows = [(row.day, row.project, row.calls, row.usd, row.unpriced) for row in told.rows]
    assert rows == [
        ("2026-11-18", "/site", 2, 0.75, 0),
        ("2026-11-18", "/other", 1, 0.0, 1),
        ("2026-11-17", "/site", 1, 1.0, 0),
    ]
    assert (await statement(context, "local", 30)).usd == 0.75
    assert (await statement(context, "local", 365)).usd == 9.75
    with pytest.raises(BadRequest):
        await statement(context, None, 0)


@pytest.mark.parametrize("kills", [20, pytest.param(500, marks=pytest.mark.full)])
def test_whenever_it_is_killed_the_disk_and_the_ledger_agree(kills: int, tmp_path: Path) -> None:
    (tmp_path / "warm").mkdir()
    argv = [sys.executable, str(ROOT / "kills.py"), str(tmp_path / "home"), str(kills), "7"]
    ran = subprocess.run(argv, check=True, timeout=600, stdout=subprocess.PIPE)
    told = json.loads(ran.stdout)
    assert told["killed"] == kills
    assert told["paid"] == told["done"] + told["unknown"] > kills / 2
    assert told["recovered"] > 0
    wrong = ("torn", "rows without their file", "files without a row", "paid twice")
    assert {name: told[name] for name in (*wrong, "paid without a record")} == dict.fromkeys(
        (*wrong, "paid without a record"), 0
    )

"""What every catalog promises, and what the SQLite file promises besides."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from aquatint.domain.errors import BadRequest, Busy, Misconfigured
from aquatint.domain.types import Failure, JobRecord
from aquatint.domain.usage import Usage
from aquatint.storage.sqlite.catalog import SqliteCatalog
from aquatint.storage.sqlite.connection import CatalogFile
from ledger import happened
from records import NOW, done, image, job


@pytest.fixture(params=["sqlite"])
async def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteCatalog]:
    stores: dict[str, Callable[[], SqliteCatalog]] = {
        "sqlite": lambda: SqliteCatalog(
            str(tmp_path / "home/catalog.db"),
            now=lambda: NOW,
            abandoned=lambda record: record.lease == "gone",
        )
    }
    store = stores[request.param]()
    yield store
    await store.aclose()


async def names(catalog: SqliteCatalog, query: str | None = None, kind: str | None = None) -> str:
    page = await catalog.recent("ann", query, kind, 50, None)
    assert page.total == len(page.images)
    return " ".join(image.id for image in page.images)


# Every catalog: the ledger


async def test_a_job_comes_back_as_it_was_recorded(catalog: SqliteCatalog):
    order = job("1", parents=("x",), project="site", warnings=("w",))
    assert await catalog.begin(order, None) is None
    assert await catalog.job("1", "ann") == JobRecord(job=order, state="intent")
    assert await catalog.sent("1", "me")
    assert await catalog.sent("1", "me")
    assert await catalog.running("ann") == [
        JobRecord(job=order, state="intent", sent=NOW, lease="me")
    ]
    assert await catalog.unsettled() == await catalog.running("ann")
    shown = image("b", job="1", parents=("a",), alpha=True, saved=("/x.png",), note="fitted")
    raw = image("a", job="1", provenance=True)
    end = done(order, shown, usage=Usage(image_out=7), cost_usd=0.2, seconds=3.5, model="m-1.1")
    await catalog.settle(end, (raw, shown))
    assert await catalog.job("1", "ann") == end.model_copy(update={"sent": NOW})
    assert await catalog.image("a", "ann") == raw
    assert await catalog.running("ann") == await catalog.unsettled() == []


async def test_what_a_gone_process_sent_is_taken_over_by_one(catalog: SqliteCatalog):
    await catalog.begin(job("1"), None)
    assert await catalog.sent("1", "gone")
    assert not await catalog.sent("1", "b"), "without saying whose it was"
    assert await catalog.sent("1", "b", "gone")
    assert not await catalog.sent("1", "c", "gone")
    (record,) = await catalog.unsettled()
    assert (record.lease, record.sent) == ("b", NOW)
    assert await catalog.sent("1", "c", "b"), "it may go on and on"


async def test_shown_pictures_keep_the_order_of_the_reply(catalog: SqliteCatalog):
    order = job("1")
    a, b, c = (image(id, job="1") for id in "abc")
    await catalog.begin(order, None)
    await catalog.settle(done(order, c, a), (a, b, c))
    record = await catalog.job("1", "ann")
    assert record is not None
    assert [p.id for p in record.images] == ["c", "a"]
    assert set((await names(catalog)).split()) == {"a", "c"}
    assert set((await names(catalog, kind="generated")).split()) == {"a", "b", "c"}


async def test_the_first_end_stays(catalog: SqliteCatalog):
    order = job("1")
    await catalog.begin(order, None)
    failure = Failure(kind="BadReply", code="bad_reply", message="no", fix="again", spent="yes")
    first = JobRecord(job=order, state="failed", failure=failure, ended=NOW)
    await catalog.settle(first, ())
    await catalog.settle(done(order, image("a", job="1")), ())
    assert await catalog.job("1", "ann") == first
    assert await names(catalog) == ""


async def test_a_picture_that_turns_up_later_ends_the_unknown(catalog: SqliteCatalog):
    order = job("1")
    await catalog.begin(order, None)
    await catalog.settle(JobRecord(job=order, state="unknown", ended=NOW), ())
    end = done(order, image("a", job="1"))
    await catalog.settle(end, ())
    assert await catalog.job("1", "ann") == end


async def test_a_draft_whose_worker_goes_on_after_all_is_kept(catalog: SqliteCatalog):
    order = job("1")
    for code in ("worker_not_answering", "cancelled"):
        await catalog.begin(order, None)
        failure = Failure(kind="Unavailable", code=code, message="no", fix="again", spent="no")
        given_up = JobRecord(job=order, state="failed", failure=failure, cost_usd=0.0, ended=NOW)
        await catalog.settle(given_up, ())
        again = JobRecord(job=order, state="unknown", ended=NOW)
        await catalog.settle(again, ())
        assert await catalog.job(order.id, "ann") == given_up, "only a picture may follow"
        end = done(order, image(f"a{order.id}", job=order.id))
        await catalog.settle(end, ())
        expected = given_up if code == "cancelled" else end
        assert await catalog.job(order.id, "ann") == expected
        order = job("2")


async def test_a_job_whose_intent_was_lost_is_recorded_all_the_same(catalog: SqliteCatalog):
    end = done(job("1"), image("a", job="1"))
    await catalog.settle(end, end.images)
    assert await catalog.job("1", "ann") == end


async def test_the_same_request_finds_its_running_twin(catalog: SqliteCatalog):
    await catalog.begin(job("1", digest="d"), None)
    twin = await catalog.begin(job("2", digest="d"), 0.0)
    assert isinstance(twin, JobRecord)
    assert (twin.job.id, twin.state) == ("1", "intent")
    assert await catalog.begin(job("3", digest="other"), 0.0) is None
    assert await catalog.begin(job("4", digest="d", owner="bob"), 0.0) is None
    assert await catalog.begin(job("5", digest="d"), None) is None  # fresh


async def test_an_undelivered_picture_is_reused_until_it_is_old_or_delivered(
    catalog: SqliteCatalog,
):
    end = done(job("1", digest="d"), image("a", job="1"))
    await catalog.begin(end.job, None)
    await catalog.settle(end, ())
    assert await catalog.begin(job("2", digest="d"), NOW - 600) == end
    assert await catalog.begin(job("3", digest="d", owner="ann"), NOW + 1) is None
    await catalog.settle(JobRecord(job=job("3"), state="failed", ended=NOW), ())
    await catalog.delivered("1")
    assert await catalog.begin(job("4", digest="d"), NOW - 600) is None


async def test_what_a_killed_process_left_does_not_count_as_running(catalog: SqliteCatalog):
    await catalog.begin(job("0", digest="e", created=NOW - 3599), None, lease="at work")
    await catalog.begin(job("1", digest="d"), None, lease="gone")
    assert [record.job.id for record in await catalog.running("ann")] == ["0"]
    twin = await catalog.begin(job("3", digest="e"), 0.0)
    assert isinstance(twin, JobRecord)
    assert twin.job.id == "0"
    assert await catalog.begin(job("2", digest="d"), 0.0) is None
    assert [record.job.id for record in await catalog.unsettled()] == ["2", "1", "0"]


async def test_a_call_that_crashed_after_it_was_paid_is_not_paid_again(catalog: SqliteCatalog):
    paid = Failure(kind="Unavailable", code="crashed", message="no", fix="", spent="unknown")
    free = paid.model_copy(update={"spent": "no"})
    other = paid.model_copy(update={"code": "timeout"})
    for id, failure in (("1", paid), ("2", free), ("3", other)):
        order = job(id, digest=id)
        await catalog.begin(order, None)
        await catalog.settle(JobRecord(job=order, state="unknown", failure=failure, ended=NOW), ())
    twin = await catalog.begin(job("4", digest="1"), NOW - 600)
    assert isinstance(twin, JobRecord)
    assert (twin.job.id, twin.failure) == ("1", paid)
    assert await catalog.begin(job("5", digest="1"), NOW + 1) is None
    assert await catalog.begin(job("6", digest="2"), NOW - 600) is None
    assert await catalog.begin(job("7", digest="3"), NOW - 600) is None


async def test_what_is_found_afterwards_ends_a_paid_failure_as_done(catalog: SqliteCatalog):
    for id, spent in (("1", "yes"), ("2", "no")):
        order = job(id)
        failure = Failure.model_validate(
            {"kind": "NotKept", "code": "disk_full", "message": "", "fix": "", "spent": spent}
        )
        await catalog.begin(order, None)
        await catalog.settle(JobRecord(job=order, state="failed", failure=failure, ended=NOW), ())
        late = done(order, image(id, job=id))
        await catalog.settle(late, (), recovered=True)
        kept = await catalog.job(id, "ann")
        assert kept
        assert kept.state == ("done" if spent == "yes" else "failed")


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="reads /proc/locks")
async def test_a_write_waits_for_its_turn_so_that_latecomers_do_not_overtake(tmp_path: Path):
    """Without turns SQLite lets latecomers overtake: of 16 writers some waited for 20 seconds."""
    import fcntl

    catalog = SqliteCatalog(str(file(tmp_path)), now=lambda: NOW)
    await catalog.add(image("a"))
    place = file(tmp_path).with_suffix(".turn")

    def waits() -> bool:
        inode = f":{place.stat().st_ino} "
        lines = Path("/proc/locks").read_text().splitlines()
        return any("->" in line and inode in line for line in lines)

    with place.open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        async with anyio.create_task_group() as group:
            group.start_soon(catalog.add, image("b"))
            with anyio.fail_after(4):  # it goes on without, when nobody gives it its turn
                while not waits():
                    await anyio.sleep(0.01)
            with closing(sqlite3.connect(file(tmp_path))) as other:
                assert other.execute("SELECT count(*) FROM pictures").fetchone() == (1,)
            fcntl.flock(turn, fcntl.LOCK_UN)
    assert await names(catalog) == "b a"
    await catalog.aclose()


async def test_who_waits_while_the_file_is_held_hears_it_together(tmp_path: Path):
    place = tmp_path / "catalog.db"
    catalog = SqliteCatalog(str(place), now=lambda: NOW, patience=1.0)
    await catalog.begin(job("1"), None)
    refused: list[Busy] = []

    async def ask() -> None:
        with pytest.raises(Busy) as caught:
            await catalog.job("1", "ann")
        refused.append(caught.value)

    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with anyio.fail_after(20):  # one after another they would need 40
            async with anyio.create_task_group() as group:
                for _ in range(40):
                    group.start_soon(ask)
    assert len(refused) == 40
    assert await catalog.job("1", "ann")
    await catalog.aclose()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="reads /proc/locks")
async def test_processes_write_in_turn_and_read_at_any_time(tmp_path: Path):
    place = tmp_path / "catalog.db"
    catalog = SqliteCatalog(str(place), now=lambda: NOW)
    await catalog.begin(job("1"), None)
    written: list[str] = []

    async def write() -> None:
        await catalog.begin(job("2"), None)
        written.append("2")

    with place.with_suffix(".turn").open("rb") as turn:
        waiting = re.compile(rf"-> FLOCK .*:{os.fstat(turn.fileno()).st_ino} ")
        fcntl.flock(turn, fcntl.LOCK_EX)
        async with anyio.create_task_group() as group:
            group.start_soon(write)
            await happened(lambda: written or waiting.search(Path("/proc/locks").read_text()))
            assert not written
            assert await catalog.job("1", "ann")
            fcntl.flock(turn, fcntl.LOCK_UN)
    assert written
    await catalog.aclose()


async def test_the_last_troubles_come_back_whoevers_they_are(catalog: SqliteCatalog):
    failure = Failure(kind="Misconfigured", code="billing", message="no", fix="pay")
    ends = {"1": "failed", "2": "done", "3": "unknown", "4": "refused", "5": "intent"}
    for place, (id, state) in enumerate(ends.items()):
        order = job(id, owner="ann" if place % 2 else "ben")
        await catalog.begin(order, None)
        if state != "intent":
            said = None if state == "done" else failure
            end = JobRecord.model_validate(
                {"job": order, "state": state, "failure": said, "ended": NOW - place}
            )
            await catalog.settle(end, ())
    assert [record.job.id for record in await catalog.troubles(10)] == ["1", "3", "4"]
    assert [record.failure for record in await catalog.troubles(1)] == [failure]


async def test_when_a_model_drew_last_is_known_and_for_another_it_is_not(catalog: SqliteCatalog):
    for id, ended in (("1", NOW - 9), ("2", NOW - 5), ("3", NOW - 7)):
        order = job(id)
        await catalog.begin(order, None)
        await catalog.settle(done(order, image(id, job=id), ended=ended, seconds=1.0), ())
    assert await catalog.drawn("m-1") == NOW - 5
    assert await catalog.drawn("m-2") is None


async def test_the_pace_is_the_median_of_the_last_twenty(catalog: SqliteCatalog):
    assert await catalog.seconds("m-1", "1024x1024", "medium") is None
    for n in range(23):
        await catalog.settle(done(job(str(n)), ended=NOW + n, seconds=float(n)), ())
    assert await catalog.seconds("m-1", "1024x1024", "medium") == 12.5  # of 3..22
    assert await catalog.seconds("m-1", "1024x1024", "high") is None


async def test_spending_counts_costs_and_what_is_reserved(catalog: SqliteCatalog):
    await catalog.settle(done(job("1"), cost_usd=0.25), ())
    await catalog.settle(done(job("2"), cost_usd=8.0, ended=NOW - 100), ())
    await catalog.settle(JobRecord(job=job("3"), state="refused", ended=NOW), ())
    await catalog.settle(JobRecord(job=job("4", estimate_usd=2.0), state="unknown", ended=NOW), ())
    await catalog.begin(job("5", estimate_usd=4.0), None)
    await catalog.begin(job("6", estimate_usd=None), None)
    await catalog.begin(job("7", owner="bob"), None)
    assert await catalog.spent("ann", NOW - 10) == 6.25
    assert await catalog.spent("ann", NOW + 10) == 4.0  # what still runs has no date


# Every catalog: the pictures


async def test_search_finds_words_in_six_languages_and_ids(catalog: SqliteCatalog):
    prompts = {
        "zh": "海边的日落，一只猫",
        "ar": "غُرُوبُ الشَّمْسِ",
        "ur": "ایک خوبصورت بلی",
        "de": "Über den Dächern",
        "id": "Seekor kucing hitam",
        "en": "A red car at sunset",
    }
    for id, prompt in prompts.items():
        await catalog.add(image(f"{id}7f3a", prompt=prompt, kind="mask"))
    asked = {
        "zh": ["日落", "猫"],
        "ar": ["غروب"],
        "ur": ["خوبصورت"],
        "de": ["uber", "Dächern"],
        "id": ["Kucing"],
        "en": ["sunset car", "sun"],
    }
    for id, queries in asked.items():
        for query in (*queries, f"{id}7f3a"):
            assert await names(catalog, query) == f"{id}7f3a"
    assert await names(catalog, "日落", "generated") == ""
    assert len((await names(catalog, '"')).split()) == 6


async def test_a_walk_over_the_pages_loses_and_repeats_nothing_while_pictures_come_in(
    catalog: SqliteCatalog,
):
    for n in range(25):
        await catalog.add(image(f"old{n}", kind="mask" if n % 5 else "generated"))
    for query, kind, expected in [(None, None, 25), ("car", None, 25), (None, "mask", 20)]:
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await catalog.recent("ann", query, kind, 4, cursor)
            seen += [p.id for p in page.images]
            await catalog.add(image(f"new{query}{kind}{len(seen)}", kind="mask"))
            if (cursor := page.cursor) is None:
                break
        old = [id for id in seen if id.startswith("old")]
        assert len(old) == len(set(old)) == expected
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize("cursor", ["x", "AAAA", "日", "_" * 12, "a" * 500, "\ud800"])
async def test_a_cursor_that_is_none_of_ours_is_refused(catalog: SqliteCatalog, cursor: str):
    with pytest.raises(BadRequest, match="without cursor"):
        await catalog.recent("ann", None, None, 5, cursor)


async def test_another_owner_sees_nothing(catalog: SqliteCatalog):
    await catalog.begin(job("1"), None)
    await catalog.add(image("a", job="1"))
    assert await catalog.job("1", "bob") is None
    assert await catalog.image("a", "bob") is None
    assert await catalog.running("bob") == []
    assert await catalog.ids("bob", "", 9) == []
    assert await catalog.forget("a", "bob") is None
    assert await catalog.spent("bob", 0) == 0
    for query in (None, "car", "a"):
        page = await catalog.recent("bob", query, None, 9, None)
        assert (page.images, page.total) == ((), 0)
    assert await names(catalog) == "a"


async def test_ids_complete_newest_first(catalog: SqliteCatalog):
    for id in ("7fa", "7fb", "8aa", "7%"):
        await catalog.add(image(id))
    assert await catalog.ids("ann", "7f", 9) == ["7fb", "7fa"]
    assert await catalog.ids("ann", "", 2) == ["7%", "8aa"]
    assert await catalog.ids("ann", "7%", 9) == ["7%"]


async def test_adding_twice_keeps_one(catalog: SqliteCatalog):
    await catalog.add(image("a"))
    await catalog.add(image("a", prompt="other"))
    assert await names(catalog) == await names(catalog, "car") == "a"


async def test_half_a_character_is_a_bad_request(catalog: SqliteCatalog):
    for use in (
        lambda: catalog.begin(job("1", prompt="\ud800"), None),
        lambda: catalog.add(image("a", prompt="\ud800")),
        lambda: catalog.image("\ud800", "ann"),
    ):
        with pytest.raises(BadRequest, match="surrogate"):
            await use()
    assert await names(catalog) == ""


# The SQLite file


def file(tmp_path: Path) -> Path:
    return tmp_path / "home/catalog.db"


async def test_a_forgotten_picture_leaves_no_trace_in_the_file(
    catalog: SqliteCatalog, tmp_path: Path
):
    end = done(job("1", prompt="Xylophonquartz"), image("a", job="1", prompt="Xylophonquartz"))
    await catalog.begin(end.job, None)
    await catalog.settle(end, ())
    await catalog.add(image("b"))
    assert b"ylophonquartz" in file(tmp_path).read_bytes()
    assert await catalog.forget("a", "ann") == end.images[0]
    assert b"ylophonquartz" not in file(tmp_path).read_bytes()
    assert await names(catalog) == "b"
    record = await catalog.job("1", "ann")
    assert record is not None
    assert record.job.order.prompt == ""


async def test_nothing_is_made_before_first_use_and_then_only_for_its_owner(
    catalog: SqliteCatalog, tmp_path: Path
):
    assert not file(tmp_path).parent.exists()
    await catalog.add(image("a"))
    assert [finding.level for finding in await catalog.check()] == ["ok"]
    assert file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert file(tmp_path).parent.stat().st_mode & 0o777 == 0o700


async def test_a_write_holds_the_file_before_it_looks_and_a_read_does_not(tmp_path: Path):
    store = CatalogFile(str(file(tmp_path)))

    def held(_: sqlite3.Connection) -> bool:
        other = sqlite3.connect(file(tmp_path), timeout=0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        finally:
            other.close()
        return False

    assert await store.write(held)
    assert not await store.read(held)
    await store.aclose()


async def test_a_write_ahead_log_is_turned_back(catalog: SqliteCatalog, tmp_path: Path):
    await catalog.add(image("a"))
    await catalog.aclose()
    other = sqlite3.connect(file(tmp_path))
    assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    other.close()
    await catalog.add(image("b"))
    assert file(tmp_path).read_bytes()[18:20] == b"\x01\x01"  # sqlite.org/fileformat2.html 1.3.3
    assert await names(catalog) == "b a"


@pytest.mark.parametrize("damage", [0, 4096], ids=["header", "pages"])
async def test_a_damaged_file_is_named_each_time_and_left_alone(
    catalog: SqliteCatalog, tmp_path: Path, damage: int
):
    await catalog.add(image("a"))
    await catalog.aclose()
    with file(tmp_path).open("r+b") as raw:
        raw.seek(damage)
        raw.write(b"\xfe" * (file(tmp_path).stat().st_size - damage))
    before = file(tmp_path).read_bytes()
    for _ in range(2):
        for use in (lambda: names(catalog), lambda: catalog.add(image("b"))):
            with pytest.raises(
                Misconfigured, match=r"Move that file aside.*AQUATINT_HOME"
            ) as caught:
                await use()
            assert caught.value.reason == "catalog_corrupt"
            assert str(file(tmp_path)) in caught.value.message
    assert [finding.level for finding in await catalog.check()] == ["fail"]
    assert file(tmp_path).read_bytes() == before
    file(tmp_path).rename(tmp_path / "aside")
    await catalog.add(image("b"))
    assert await names(catalog) == "b"


async def test_a_file_moved_away_while_open_is_not_written_any_more(
    catalog: SqliteCatalog, tmp_path: Path
):
    await catalog.add(image("a"))
    file(tmp_path).rename(tmp_path / "aside")
    await catalog.add(image("b"))
    assert await names(catalog) == "b"


async def test_a_newer_schema_asks_for_an_upgrade(catalog: SqliteCatalog, tmp_path: Path):
    await catalog.add(image("a"))
    await catalog.aclose()
    other = sqlite3.connect(file(tmp_path))
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(Misconfigured, match="Upgrade aquatint"):
        await names(catalog)


async def test_a_place_that_takes_no_file_is_named(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    catalog = SqliteCatalog(str(tmp_path / "file/catalog.db"), now=lambda: NOW)
    with pytest.raises(Misconfigured, match="AQUATINT_HOME") as caught:
        await catalog.add(image("a"))
    assert caught.value.reason == "home_not_writable"


PRELUDE = f"""
import anyio, os, resource, sys
sys.path[:0] = [{os.fspath(Path(__file__).parent)!r}, {os.fspath(Path(__file__).parents[1])!r}]
from test_catalog import NOW, SqliteCatalog, done, job, image
from aquatint.domain.errors import Misconfigured
async def ready(work, n, go):
    catalog = SqliteCatalog(sys.argv[1], now=lambda: NOW)
    await catalog.unsettled()
    os.read(go, 1)  # the file is open; wait for the others
    await work(catalog, n)
def fleet(count, work):
    children = []
    go, start = os.pipe()
    for n in range(count):
        if not (child := os.fork()):
            os.close(start)
            anyio.run(ready, work, n, go)
            os._exit(0)
        children.append(child)
    os.close(start)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * count
"""


def run(program: str, path: Path) -> str:
    """Processes of their own, forked from one that has imported everything already."""
    argv = [sys.executable, "-c", PRELUDE + program, str(path)]
    return subprocess.run(argv, check=True, timeout=60, stdout=subprocess.PIPE, text=True).stdout


WRITERS = """
async def work(catalog, n):
    for k in range(25):
        order = job(f"{n}-{k}")
        await catalog.begin(order, None)
        await catalog.settle(done(order, image(f"p{n}-{k}", job=order.id)), ())
fleet(4, work)
"""


async def test_four_processes_write_one_file(catalog: SqliteCatalog, tmp_path: Path):
    run(WRITERS, file(tmp_path))
    page = await catalog.recent("ann", None, None, 200, None)
    assert page.total == len(page.images) == 100
    assert await catalog.unsettled() == []
    db = sqlite3.connect(file(tmp_path))
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


RACERS = """
async def work(catalog, n):
    for k in range(20):
        twin = await catalog.begin(job(f"{n}-{k}", digest=f"same {k}"), 0.0)
        os.write(1, f"{k} {twin.job.id if twin else f'{n}-{k}'}\\n".encode())
fleet(8, work)
"""


async def test_of_eight_processes_with_one_request_one_begins(
    catalog: SqliteCatalog, tmp_path: Path
):
    told = run(RACERS, file(tmp_path)).splitlines()
    begun = await catalog.unsettled()
    assert sorted(record.job.digest for record in begun) == sorted(f"same {k}" for k in range(20))
    answers = [f"{record.job.id.split('-')[1]} {record.job.id}" for record in begun] * 8
    assert sorted(told) == sorted(answers)


READ_ONLY = """
async def main():
    if os.getuid() == 0:
        os.setuid(65534)
    catalog = SqliteCatalog(sys.argv[1], now=lambda: NOW)
    try:
        await catalog.add(image("b"))
    except Misconfigured as exc:
        print(exc.reason)
anyio.run(main)
"""


async def test_a_read_only_folder_is_told(catalog: SqliteCatalog, tmp_path: Path):
    await catalog.add(image("a"))
    file(tmp_path).chmod(0o444)
    file(tmp_path).parent.chmod(0o555)
    try:
        assert run(READ_ONLY, file(tmp_path)).split() == ["home_not_writable"]
    finally:
        file(tmp_path).parent.chmod(0o700)
    assert await names(catalog) == "a"


FULL = """
async def main():
    catalog = SqliteCatalog(sys.argv[1], now=lambda: NOW)
    await catalog.add(image("a"))
    size = os.path.getsize(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    order = job("1")
    try:
        await catalog.settle(done(order, image("b", prompt="long " * 20_000)), ())
    except Misconfigured as exc:
        print(exc.reason, exc.spent)
    print((await catalog.recent("ann", None, None, 9, None)).total)
    await catalog.aclose()
anyio.run(main)
"""


async def test_a_full_disk_is_told_and_tears_nothing(catalog: SqliteCatalog, tmp_path: Path):
    assert run(FULL, file(tmp_path)).split() == ["disk_full", "yes", "1"]
    assert await names(catalog) == "a"
    assert await catalog.job("1", "ann") is None
    assert [finding.level for finding in await catalog.check()] == ["ok"]


async def test_writes_that_wait_together_share_a_transaction_and_a_bad_one_spoils_only_itself(
    catalog: SqliteCatalog, tmp_path: Path
):
    await catalog.add(image("first"))
    store = CatalogFile(str(file(tmp_path)))
    outcomes: dict[str, object] = {}

    def insert(number: int) -> Callable[[sqlite3.Connection], int]:
        def work(db: sqlite3.Connection) -> int:
            if number == 5:
                raise BadRequest("Five is right out.", "Send another number.")
            db.execute("INSERT INTO counts VALUES ('eve', ?, ?)", (f"kind {number}", number))
            return number

        return work

    async def write(number: int) -> None:
        try:
            outcomes[str(number)] = await store.write(insert(number))
        except BadRequest as error:
            outcomes[str(number)] = error.message

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(write, number)
    good = {str(number): number for number in range(20)}
    assert outcomes == good | {"5": "Five is right out."}
    written = "SELECT n FROM counts WHERE owner = 'eve' ORDER BY n"
    rows = await store.read(lambda db: db.execute(written).fetchall())
    assert [row[0] for row in rows] == [number for number in range(20) if number != 5]
    await store.aclose()


async def test_twenty_writes_at_once_are_three_transactions_at_most(
    catalog: SqliteCatalog, tmp_path: Path
):
    def commits() -> int:  # sqlite.org/fileformat2.html: the file change counter
        return int.from_bytes(file(tmp_path).read_bytes()[24:28])

    await catalog.add(image("first"))
    before = commits()
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(catalog.add, image(f"p{number}"))
    assert (await catalog.recent("ann", None, None, 50, None)).total == 21
    assert 1 <= commits() - before <= 3

"""A crash of ours inside a job is an end, told at once; what arrived is kept, not paid again."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from PIL import Image

from aquatint.domain.engine import Event, Finished, Inputs, Part, Sent
from aquatint.domain.types import Finish, GenerateRequest, Job, JobRecord, Order
from aquatint.domain.usage import Usage
from aquatint.jobs.context import JobContext
from aquatint.jobs.execute import Ended
from aquatint.jobs.recovery import reconcile
from aquatint.jobs.runner import InProcess
from aquatint.storage.files.blobs import FolderBlobs
from aquatint.storage.leases import Leases
from aquatint.storage.sqlite.catalog import SqliteCatalog
from aquatint.vision.eyes import Eyes
from aquatint.workspace import LocalWorkspace
from plain_engine import PlainEngine, nobody

NOW = 1_795_000_000.0
ESTIMATE = 0.25
LONG = 30.0
Render = Callable[[Callable[[], Part]], AsyncIterator[Event]]


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), "teal").save(file, "png")
    return file.getvalue()


class Engine(PlainEngine):
    """Draws as the test says."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncIterator[Event]:
        return self._render(part)


def drawn(part: Callable[[], Part], data: bytes) -> Part:
    one = part()
    one.write(data)
    return one


class Bench:
    def __init__(self, home: Path, render: Render, patience: float) -> None:
        self.home = home
        self.place = home / ".aquatint/catalog.sqlite"
        self.leases = Leases(str(home), "me")
        self.leases.take()
        self.announced: list[Ended] = []
        self.context = JobContext(
            engines={"openai": Engine(render)},
            blobs=FolderBlobs(str(home), min_free=0),
            catalog=SqliteCatalog(str(self.place), now=lambda: NOW, patience=patience),
            workspace=LocalWorkspace(
                home=str(home), roots=(), cwd="/", user_home=None, strict=True, max_bytes=1000
            ),
            now=lambda: NOW,
            price=lambda model, usage, n: None if usage is None else usage.image_out * 1e-6,
            max_pixels=1_000_000,
            leases=self.leases,
            vision=Eyes(),
        )

    def job(self, letter: str = "a", n: int = 1) -> Job:
        ids = [f"{letter}{number:015}" for number in range(3 * n)]
        return Job(
            id=f"job-{letter * 16}",
            owner="local",
            kind="generated",
            engine="openai",
            order=Order(prompt="a fox", model="m-1", size="48x32", quality="low", n=n),
            finish=Finish(),
            request=GenerateRequest(prompt="a fox", n=n),
            digest="the same",
            image_ids=tuple(ids[:n]),
            derived_ids=tuple(ids[n:]),
            estimate_usd=ESTIMATE,
            created=NOW,
        )

    def runner(self) -> InProcess:
        return InProcess(self.context, concurrency=1, drain=LONG, announce=self._announce)

    async def end_of(self, job: Job, runner: InProcess) -> JobRecord:
        assert await self.context.catalog.begin(job, NOW - 600, lease="me") is None
        runner.start(job)
        ended = await runner.wait(job.id, LONG)
        assert ended
        return ended.record

    async def listed(self, job: Job) -> JobRecord:
        record = await self.context.catalog.job(job.id, job.owner)
        assert record
        return record

    async def _announce(self, ended: Ended) -> None:
        self.announced.append(ended)

    async def until_listed(self, job: Job) -> JobRecord:
        with anyio.fail_after(LONG):
            while (record := await self.listed(job)).state == "intent":
                await anyio.sleep(0.01)
        return record


@pytest.fixture
async def open_bench(tmp_path: Path) -> AsyncIterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def opened(render: Render, patience: float = 30.0) -> Bench:
        benches.append(Bench(tmp_path / "home", render, patience))
        return benches[-1]

    yield opened
    for bench in benches:
        await bench.context.catalog.aclose()
        bench.leases.release()


OpenBench = Callable[..., Bench]


async def test_an_image_that_came_before_a_crash_is_kept_and_listed_with_a_warning(
    open_bench: OpenBench,
) -> None:
    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        yield Sent()
        drawn(part, png())
        raise RuntimeError("a bug")

    bench = open_bench(render)
    async with bench.runner() as runner:
        record = await bench.end_of(bench.job(), runner)
    assert (record.state, record.cost_usd) == ("done", ESTIMATE)
    assert any("aquatint itself failed" in warning for warning in record.warnings)
    assert await bench.context.blobs.read(record.images[0].key) == png()
    assert (await bench.listed(bench.job())).images == record.images
    assert [ended.record for ended in bench.announced] == [record]


async def test_a_crash_without_an_image_is_unknown_and_not_paid_again_by_itself(
    open_bench: OpenBench,
) -> None:
    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        yield Sent()
        raise ZeroDivisionError

    bench = open_bench(render)
    async with bench.runner() as runner:
        record = await bench.end_of(bench.job(), runner)
        twin = await bench.context.catalog.begin(bench.job("b"), NOW - 600, lease="me")
    assert record.failure
    assert (record.state, record.cost_usd) == ("unknown", ESTIMATE)
    assert (record.failure.code, record.failure.spent) == ("crashed", "unknown")
    assert "fresh=true" in record.failure.fix
    assert isinstance(twin, JobRecord)
    assert twin.failure == record.failure


async def test_a_crash_before_anything_was_sent_costs_nothing(open_bench: OpenBench) -> None:
    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        events: dict[str, Event] = {}
        yield events["missing"]

    bench = open_bench(render)
    async with bench.runner() as runner:
        record = await bench.end_of(bench.job(), runner)
    assert record.failure
    assert (record.state, record.cost_usd, record.failure.spent) == ("failed", 0, "no")
    assert await bench.context.catalog.begin(bench.job("b"), NOW - 600, lease="me") is None


async def test_a_whole_file_that_cannot_be_decoded_stays_where_the_error_says(
    open_bench: OpenBench,
) -> None:
    file = io.BytesIO()
    Image.new("P", (48, 32), 1).save(file, "png")
    data = file.getvalue()
    start = data.index(b"PLTE") - 4
    end = data.index(b"IDAT") - 4
    broken = data[:start] + data[end:]  # without its palette

    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        yield Sent()
        yield Finished((drawn(part, broken), drawn(part, png())))

    bench = open_bench(render)
    async with bench.runner() as runner:
        record = await bench.end_of(bench.job(n=2), runner)
    place = bench.home / ".aquatint/parts" / f"{bench.job(n=2).image_ids[0]}.rescued"
    assert place.read_bytes() == broken
    assert (record.state, [image.id for image in record.images]) == (
        "done",
        [bench.job(n=2).image_ids[1]],
    )
    assert any(str(place) in warning for warning in record.warnings)


@pytest.mark.parametrize("tokens", [10**400, -5, 10**9])
async def test_figures_that_cannot_be_true_are_not_booked(
    open_bench: OpenBench, tokens: int
) -> None:
    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        yield Sent()
        yield Finished((drawn(part, png()),), usage=Usage(image_out=tokens))

    bench = open_bench(render)
    async with bench.runner() as runner:
        record = await bench.end_of(bench.job(), runner)
    assert (record.state, record.cost_usd, record.usage) == ("done", ESTIMATE, None)
    assert any("The cost is the estimate." in warning for warning in record.warnings)
    assert (await bench.listed(bench.job())).cost_usd == ESTIMATE


async def test_a_record_that_cannot_be_written_ends_the_job_and_repairs_find_its_image(
    open_bench: OpenBench,
) -> None:
    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        yield Sent()
        yield Finished((drawn(part, png()),), request_id="req-\ud800")

    bench = open_bench(render)
    async with bench.runner() as runner:
        assert (await bench.end_of(bench.job(), runner)).state == "done"
        record = await bench.until_listed(bench.job())
        assert record.failure
        assert (record.state, record.failure.code) == ("unknown", "crashed")
    assert (await reconcile(bench.context, nobody)).recovered == 1
    record = await bench.listed(bench.job())
    assert record.state == "done"
    assert await bench.context.blobs.read(record.images[0].key) == png()


async def test_an_end_that_could_not_be_written_is_tried_again_until_it_is(
    open_bench: OpenBench,
) -> None:
    sent, go = anyio.Event(), anyio.Event()

    async def render(part: Callable[[], Part]) -> AsyncIterator[Event]:
        yield Sent()
        sent.set()
        await go.wait()
        yield Finished((drawn(part, png()),))

    bench = open_bench(render, patience=0.1)
    job = bench.job()
    async with bench.runner() as runner:
        assert await bench.context.catalog.begin(job, NOW - 600, lease="me") is None
        runner.start(job)
        await sent.wait()
        with closing(sqlite3.connect(bench.place, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            go.set()
            ended = await runner.wait(job.id, LONG)
            assert ended
            assert ended.record.state == "done"
            assert "not listed yet" in ended.record.warnings[-1]
            assert runner.busy
        listed = await bench.until_listed(job)
        await runner.all_ended()
        assert not runner.busy
    assert (listed.state, listed.images) == ("done", ended.record.images)
    assert len(bench.announced) == 2  # and again, now that it is in the list

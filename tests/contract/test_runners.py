"""What every runner of jobs promises; the same tests for the in-process one and the worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response

from aquatint.domain.errors import AquatintError
from aquatint.domain.ids import new_id
from aquatint.domain.names import image_key
from aquatint.domain.types import Finish, GenerateRequest, Job, Order
from aquatint.jobs.context import JobContext
from aquatint.jobs.execute import Ended
from aquatint.jobs.runner import Dispatch, InProcess, Runner
from aquatint.jobs.worker_client import WorkerClient
from aquatint.services.spending import cancel
from aquatint.settings import Settings
from aquatint.wiring import open_backend
from fake_openai import FakeOpenAI, Got, serve
from inherited import inherited

LONG = 30.0  # seconds; nothing here takes so long
MODEL = "gpt-image-2.5-flare"
ESTIMATE = 0.01  # dollars


class Absurd(FakeOpenAI):
    """Counts tokens without end where its mode says so."""

    def reply(self, got: Got, **changes: Any) -> dict[str, Any]:
        reply = super().reply(got, **changes)
        if self.mode == "absurd":
            reply["usage"]["output_tokens"] = 10**400
            reply["usage"]["output_tokens_details"]["image_tokens"] = 10**400
        return reply

    async def _route(self, got: Got, mode: str, request: Request) -> Response:
        return await super()._route(got, "ok" if mode == "absurd" else mode, request)


@pytest.fixture
def provider() -> FakeOpenAI:
    return Absurd()


@pytest.fixture
def url(provider: FakeOpenAI) -> Generator[str]:
    with serve(provider) as address:
        yield f"{address}/v1"


@dataclass
class Bench:
    """A runner, the workshop behind it, and what it announced."""

    runner: Runner
    context: JobContext
    announced: list[Ended] = field(default_factory=list[Ended])
    numbers: list[int] = field(default_factory=lambda: [0])

    async def start(self, prompt: str = "A red fox") -> Job:
        self.numbers[0] += 1
        number = self.numbers[0]

        def fresh() -> str:
            return new_id(lambda count: number.to_bytes(count, "big"))

        order = Order(prompt=prompt, model=MODEL, size="1024x1024", quality="low")
        job = Job(
            id=f"job-{fresh()}",
            owner="local",
            kind="generated",
            engine="openai",
            order=order,
            finish=Finish(),
            request=GenerateRequest(prompt=prompt),
            digest=f"digest {number}",
            image_ids=(fresh(),),
            derived_ids=(fresh(), fresh()),
            estimate_usd=ESTIMATE,
            created=self.context.now(),
        )
        await self.context.catalog.begin(job, None)
        self.runner.start(job)
        return job

    async def end_of(self, job: Job) -> Ended:
        ended = await self.runner.wait(job.id, LONG)
        assert ended is not None
        return ended

    async def drawing(self, job: Job) -> None:
        """Until the request left."""
        await self.until(lambda: getattr(self.runner.stage(job.id), "name", "") == "drawing")

    async def until(self, condition: Callable[[], object]) -> None:
        with anyio.fail_after(LONG):
            while not condition():
                await anyio.sleep(0.005)


Open = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture(params=["in process", "worker"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def bench(kind: str, url: str, home: Path) -> Open:
    """Opens a runner with so many calls at once."""

    @asynccontextmanager
    async def opened(concurrency: int = 8) -> AsyncGenerator[Bench]:
        environ = {
            **inherited(),
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": url,
            "AQUATINT_HOME": str(home),
            "AQUATINT_CONCURRENCY": str(concurrency),
        }
        settings = Settings.from_env(environ)
        announced: list[Ended] = []

        async def announce(ended: Ended) -> None:
            announced.append(ended)

        async with open_backend(settings) as backend:
            runner = (
                InProcess(backend.context, concurrency=concurrency, drain=LONG, announce=announce)
                if kind == "in process"
                else WorkerClient(
                    backend.context, settings.for_worker(), {}, announce=announce, move=never_moved
                )
            )
            async with runner:
                yield Bench(runner, backend.context, announced)

    return opened


def never_moved(job: Job) -> None:
    raise AssertionError(f"{job.id} was given back")


async def test_a_job_ends_as_a_kept_picture_on_record_and_is_announced(
    bench: Open, provider: FakeOpenAI
) -> None:
    async with bench() as one:
        job = await one.start()
        ended = await one.end_of(job)
        assert ended.record.state == "done", ended.record.failure
        image = ended.record.images[0]
        assert await one.context.blobs.read(image.key) == provider.last
        assert ended.record.cost_usd == pytest.approx(0.006, abs=0.003)
        kept = await one.context.catalog.job(job.id, "local")
        assert kept
        assert kept.images == ended.record.images
        await one.until(lambda: one.announced)
        assert one.announced == [ended]
        assert one.runner.stage(job.id) is None


FAULTS = {  # what the provider does: state, kind of failure, money spent, cost on record
    "401": ("failed", "Misconfigured", "no", 0.0),
    "moderation": ("refused", "Refused", "no", 0.0),
    "500": ("unknown", "Unavailable", "unknown", ESTIMATE),
    "b64_text": ("failed", "BadReply", "yes", 0.00592),  # as its usage says
}


async def test_what_goes_wrong_is_told_and_on_record(bench: Open, provider: FakeOpenAI) -> None:
    provider.script = list(FAULTS)
    async with bench() as one:
        for state, kind_of_failure, spent, cost in FAULTS.values():
            job = await one.start()
            record = (await one.end_of(job)).record
            assert record.failure
            assert (record.state, record.failure.kind) == (state, kind_of_failure)
            assert (record.failure.spent, record.cost_usd) == (spent, cost)
            kept = await one.context.catalog.job(job.id, "local")
            assert kept
            assert (kept.state, kept.failure) == (state, record.failure)
    assert len(provider.paid) == len(FAULTS)


async def test_a_job_passes_its_stages_in_order(bench: Open, provider: FakeOpenAI) -> None:
    held = provider.hold()
    provider.script = ["retry_after_soon", "ok"]
    seen: list[str] = []
    async with bench() as one:
        job = await one.start()

        def ended() -> bool:
            stage = one.runner.stage(job.id)
            if stage is not None and stage.name not in seen:
                seen.append(stage.name)
                if stage.name == "drawing":
                    held.release(2)
            return stage is None

        await one.until(ended)
        assert (await one.end_of(job)).record.state == "done"
    assert [name for name in seen if name in {"queued", "drawing", "pausing"}] == [
        "queued",
        "drawing",
        "pausing",
    ]


async def test_a_queued_job_knows_its_place_and_the_queue_is_fair(
    bench: Open, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    async with bench(concurrency=1) as one:
        first, second, third = [await one.start(prompt) for prompt in ("one", "two", "three")]
        await one.drawing(first)
        await one.until(lambda: str(one.runner.stage(third.id)) == "queued: 2 before it")
        assert str(one.runner.stage(second.id)) == "queued: 1 before it"
        held.release()
        await one.end_of(first)
        await one.until(lambda: str(one.runner.stage(third.id)) == "queued: 1 before it")
        held.release(2)
        await one.end_of(third)
    assert [got.fields["prompt"] for got in provider.paid] == ["one", "two", "three"]


async def test_a_job_dropped_before_it_was_sent_costs_nothing(
    bench: Open, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    async with bench(concurrency=1) as one:
        first, second = await one.start("one"), await one.start("two")
        await one.drawing(first)
        assert one.runner.cancel(second.id)
        record = (await one.end_of(second)).record
        assert record.failure
        assert (record.state, record.failure.code, record.cost_usd) == ("failed", "cancelled", 0)
        held.release()
        assert (await one.end_of(first)).record.state == "done"
        kept = await one.context.catalog.job(second.id, "local")
        assert kept
        assert (kept.state, kept.cost_usd) == ("failed", 0)
    assert len(provider.paid) == 1


async def test_a_job_that_pauses_for_the_provider_is_cancelled_and_never_sent_again(
    bench: Open, provider: FakeOpenAI
) -> None:
    provider.script = ["retry_after", "ok"]
    async with bench() as one:
        job = await one.start()
        await one.until(lambda: getattr(one.runner.stage(job.id), "name", "") == "pausing")
        assert one.runner.cancel(job.id)
        record = (await one.end_of(job)).record
        assert record.failure
        assert (record.state, record.failure.code, record.cost_usd) == ("failed", "cancelled", 0)
        again = await one.start()  # the script goes on: it would be the retry's "ok"
        assert (await one.end_of(again)).record.state == "done"
    assert len(provider.paid) == 2


async def test_a_job_that_another_process_cancels_while_it_pauses_is_never_sent_again(
    bench: Open, provider: FakeOpenAI
) -> None:
    provider.script = ["retry_after_ms", "ok"]
    async with bench() as one:
        job = await one.start()
        await one.until(lambda: getattr(one.runner.stage(job.id), "name", "") == "pausing")
        await cancel(one.context, job.id, "local")
        record = (await one.end_of(job)).record
        assert record.failure
        assert (record.state, record.failure.code, record.cost_usd) == ("failed", "cancelled", 0)
    assert len(provider.paid) == 1


async def test_figures_of_400_digits_are_told_and_not_booked(
    bench: Open, provider: FakeOpenAI
) -> None:
    provider.mode = "absurd"
    async with bench() as one:
        record = (await one.end_of(await one.start())).record
        assert (record.state, record.cost_usd, record.usage) == ("done", ESTIMATE, None)
        assert any("not booked" in warning for warning in record.warnings)


async def test_a_job_that_was_sent_cannot_be_dropped(bench: Open, provider: FakeOpenAI) -> None:
    held = provider.hold()
    async with bench() as one:
        job = await one.start()
        await one.drawing(job)
        assert not one.runner.cancel(job.id)
        held.release()
        assert (await one.end_of(job)).record.state == "done"
        assert not one.runner.cancel(job.id)
        assert not one.runner.cancel("job-nobody")


async def test_a_runner_that_was_left_takes_no_job(bench: Open, provider: FakeOpenAI) -> None:
    async with bench() as opened:
        pass
    with pytest.raises(AquatintError, match="being stopped") as refused:
        await opened.start()
    assert refused.value.spent == "no"
    assert provider.requests == []


async def test_a_wait_ends_with_its_time_and_can_be_taken_up_again(
    bench: Open, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    async with bench() as one:
        job = await one.start()
        assert await one.runner.wait(job.id, 0.01) is None
        assert await one.runner.wait("job-nobody", LONG) is None
        with anyio.move_on_after(0.01) as left:
            await one.end_of(job)
        assert left.cancelled_caught
        held.release()
        assert (await one.end_of(job)).record.state == "done"
        assert (await one.end_of(job)).record.state == "done"


async def test_a_picture_whose_folder_fails_comes_back_as_a_loose_preview(
    bench: Open, home: Path
) -> None:
    async with bench() as one:
        provider_id = new_id(lambda count: (1).to_bytes(count, "big"))
        taken = home / image_key(one.context.now(), "A red fox", provider_id, "png")
        taken.parent.mkdir(parents=True)
        taken.write_text("in the way")
        ended = await one.end_of(await one.start())
        assert ended.record.failure
        assert ended.record.failure.kind == "NotKept"
        assert ended.record.failure.spent == "yes"
        assert ended.unsaved[0].mime == "image/jpeg"
        assert ended.unsaved[0].data.startswith(b"\xff\xd8")
    assert taken.read_text() == "in the way"


async def test_many_jobs_at_once_all_end(bench: Open, provider: FakeOpenAI) -> None:
    provider.mode = "moderation"
    async with bench(concurrency=16) as one:
        jobs = [await one.start() for _ in range(40)]
        states = [(await one.end_of(job)).record.state for job in jobs]
    assert states == ["refused"] * 40
    assert len(provider.paid) == 40


# What only the worker promises: it comes when it is needed, and gives back what it cannot do.


@asynccontextmanager
async def pressing(
    home: Path, url: str, move: Callable[[Job], None], idle: float = LONG, **environ: str
) -> AsyncGenerator[Bench]:
    given = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": url, "AQUATINT_HOME": str(home)}
    settings = Settings.from_env(given)

    async def announce(ended: Ended) -> None:
        return None

    async with (
        open_backend(settings) as backend,
        WorkerClient(
            backend.context,
            settings.for_worker(),
            {**inherited(), **environ},
            announce=announce,
            move=move,
            idle=idle,
        ) as worker,
    ):
        yield Bench(worker, backend.context)


async def test_an_idle_worker_ends_and_the_next_job_has_a_new_one(url: str, home: Path) -> None:
    given_back: list[Job] = []
    async with pressing(home, url, given_back.append, idle=0) as one:
        for _ in range(4):  # each may come while the worker ends
            assert (await one.end_of(await one.start())).record.state == "done"
    assert not given_back


async def test_a_worker_that_cannot_start_gives_its_jobs_back(url: str, home: Path) -> None:
    given_back: list[Job] = []
    async with pressing(home, url, given_back.append, PYTHONHOME=str(home / "nowhere")) as one:
        assert [finding.level for finding in await one.runner.check()] == ["warn"]
        job = await one.start()
        assert await one.runner.wait(job.id, LONG) is None
        assert one.runner.stage(job.id) is None
        assert given_back == [job]
        dropped = await one.start()
        assert one.runner.cancel(dropped.id)
        record = (await one.end_of(dropped)).record
        assert record.failure
        assert (record.failure.code, record.cost_usd) == ("cancelled", 0)
    assert given_back == [job]


async def test_what_one_runner_gives_back_the_other_runs(
    url: str, home: Path, provider: FakeOpenAI
) -> None:
    given_back: list[Job] = []
    nowhere = str(home / "nowhere")

    def move(job: Job) -> None:
        here.start(job)

    async with pressing(home, url, move, PYTHONHOME=nowhere) as one:

        async def announce(ended: Ended) -> None:
            given_back.append(ended.record.job)

        async with InProcess(one.context, concurrency=1, drain=LONG, announce=announce) as here:
            runner = Dispatch(one.runner, here, lambda job: job.engine == "openai")
            both = Bench(runner, one.context)
            job = await both.start()
            assert (await both.end_of(job)).record.state == "done"
    assert given_back == [job]
    assert len(provider.paid) == 1

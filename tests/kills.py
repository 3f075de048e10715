"""Jobs in processes that are killed at random points, and what the disk says after each.

`python tests/kills.py HOME KILLS SEED` prints its tally as JSON. Every process runs three paid jobs
on the real catalog and the real folder; SIGKILL comes at a random call or return of any thread.
`paid.log` is the provider's own account: a line for each request that it took money for.
"""

from __future__ import annotations

import gc
import io
import json
import os
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
from PIL import Image

from aquatint.domain import ids
from aquatint.domain.engine import Finished, Inputs, Part, Sent
from aquatint.domain.types import Finish, GenerateRequest, Job, Order
from aquatint.jobs import recovery
from aquatint.jobs.context import JobContext
from aquatint.jobs.execute import execute
from aquatint.storage.files.blobs import FolderBlobs
from aquatint.storage.leases import Leases
from aquatint.storage.sqlite.catalog import SqliteCatalog
from aquatint.vision.eyes import Eyes
from aquatint.workspace import LocalWorkspace
from plain_engine import PlainEngine, nobody

JOBS = 3


class Provider(PlainEngine):
    """Takes the money first, then sends a picture."""

    def __init__(self, account: Path) -> None:
        self.account = account

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncIterator[Sent | Finished]:
        yield Sent()
        account = os.open(self.account, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(account, f"{order.prompt}\n".encode())
        os.close(account)
        image = Image.effect_noise((48, 32), 60).convert("RGB")
        file = io.BytesIO()
        image.save(file, "png")
        drawn = part()
        drawn.write(file.getvalue())
        yield Finished((drawn,))


def context_at(home: Path) -> tuple[JobContext, Leases]:
    leases = Leases(str(home), ids.new_id(os.urandom))
    context = JobContext(
        engines={"openai": Provider(home.parent / "paid.log")},
        blobs=FolderBlobs(str(home), min_free=0),
        catalog=SqliteCatalog(str(home / ".aquatint/catalog.sqlite"), now=lambda: 1e9),
        workspace=LocalWorkspace(
            home=str(home), roots=(), cwd="/", user_home=None, strict=True, max_bytes=1
        ),
        now=lambda: 1e9,
        price=lambda model, usage, n: 0.25 * n,
        max_pixels=1_000_000,
        leases=leases,
        vision=Eyes(),
    )
    return context, leases


def job(number: int) -> Job:
    identity = f"job-{ids.new_id(os.urandom)}"
    return Job(
        id=identity,
        owner="local",
        kind="generated",
        engine="openai",
        order=Order(prompt=identity, model="m", size="48x32", quality="low"),
        finish=Finish(exact_size=(24, 24)) if number % 2 else Finish(),
        request=GenerateRequest(prompt=identity),
        digest=identity,
        image_ids=(ids.new_id(os.urandom),),
        derived_ids=(ids.new_id(os.urandom), ids.new_id(os.urandom)),
        estimate_usd=0.25,
        created=1e9,
    )


async def work(home: Path) -> None:
    context, leases = context_at(home)
    leases.take()
    for number in range(JOBS):
        one = job(number)
        await context.catalog.begin(one, None, lease=leases.name)
        ended = await execute(one, context, lambda _: None)
        assert ended
        await context.catalog.settle(ended.record, ended.kept)
    await context.catalog.aclose()


async def mend(home: Path) -> dict[str, int]:
    """What a server does after its start; then look at everything there is."""
    context, leases = context_at(home)
    leases.take()
    repairs = await recovery.reconcile(context, nobody)
    assert await context.catalog.unsettled() == []
    page = await context.catalog.recent("local", None, "generated", 10_000, None)
    raw = await context.catalog.recent("local", None, "raw", 10_000, None)
    listed = {image.key for image in (*page.images, *raw.images)}
    files = {path.name for path in home.glob("*.*") if path.is_file()}
    account = home.parent / "paid.log"
    paid = account.read_text().split() if account.exists() else []
    ends = Counter[str]()
    for name in paid:
        record = await context.catalog.job(name, "local")
        ends["none" if record is None else record.state] += 1
    told = {
        "torn": sum(not whole(home / name) for name in files),
        "rows without their file": len(listed - files),
        "files without a row": len(files - listed),
        "paid twice": len(paid) - len(set(paid)),
        "paid without a record": ends["none"] + ends["failed"],
        "paid": len(paid),
        "done": ends["done"],
        "unknown": ends["unknown"],
        "recovered": repairs.recovered,
        "dropped": repairs.dropped,
    }
    await context.catalog.aclose()
    leases.release()
    return told


def whole(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


def forked(run: Callable[[], None]) -> int:
    """Run it in a process of its own, forked from this one, which has imported everything."""
    child = os.fork()
    if not child:
        run()
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main(home: Path, kills: int, seed: int) -> None:
    gc.disable()
    rng = random.Random(seed)
    steps = home.parent / "steps"

    def counted() -> None:
        count = ticking(lambda _: None)
        anyio.run(work, home)
        steps.write_text(str(count[0]))

    def killed() -> None:
        fatal = rng.randrange(1, int(steps.read_text()))
        ticking(lambda count: os.kill(os.getpid(), signal.SIGKILL) if count == fatal else None)
        anyio.run(work, home)

    def mended() -> None:
        told.write_text(json.dumps(anyio.run(mend, home)))

    told = home.parent / "told"
    for run in (work, mend):  # what is imported late must not attract most of the kills
        anyio.run(run, home.parent / "warm" / "home")
    assert forked(counted) == 0
    tally = Counter[str]()
    for _ in range(kills):
        tally["killed"] += forked(killed) == signal.SIGKILL
        rng.random()  # the child's draw was its own
        assert forked(mended) == 0
        round_ = json.loads(told.read_text())
        for name in ("recovered", "dropped"):
            tally[name] += round_.pop(name)
        tally.update(dict.fromkeys(round_, 0))
        for name, count in round_.items():
            tally[name] = max(tally[name], count)
    print(json.dumps(tally))


def ticking(tick: Callable[[int], None]) -> list[int]:
    """Count the calls and returns, C's too, in every thread from now on."""
    count = [0]

    def profile(*_: object) -> None:
        count[0] += 1
        tick(count[0])

    threading.setprofile(profile)
    sys.setprofile(profile)
    return count


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""Pages of the catalog, which must not get slower with what is in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from measure import Effort, Judged, Row, middle
from processes import OURS, Server

from aquatint.domain.types import Finish, GenerateRequest, ImageRecord, Job, JobRecord, Order
from aquatint.storage.sqlite.catalog import SqliteCatalog

SMALL = 1_000
WORDS = ("fox", "snow", "harbour", "dusk", "lantern", "moss", "glass", "tram", "plum", "rain")
PARTLY = "some of six words that a third holds each"
SOME = "fox snow harbour dusk lantern unheard"  # which no picture has all of
FEW = 20  # pictures of a page
Looks = dict[str, Callable[[SqliteCatalog], Awaitable[object]]]

LOOKS: Looks = {
    "the newest 20": lambda catalog: catalog.recent("local", None, None, FEW, None),
    "a search that finds a tenth": lambda catalog: catalog.recent("local", "fox", None, FEW, None),
    "a search that finds one": lambda catalog: catalog.recent("local", "n0000077", None, FEW, None),
    PARTLY: lambda catalog: catalog.recent("local", SOME, None, FEW, None),
    "masks only": lambda catalog: catalog.recent("local", None, "mask", FEW, None),
    "ids that begin so": lambda catalog: catalog.ids("local", "bench00007", FEW),
}


def rows(effort: Effort) -> list[Row]:
    with TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        few = asyncio.run(_measured(small, SMALL, effort.calls))
        many = asyncio.run(_measured(large, effort.rows, effort.calls))
        listed = _listed(str(large), effort.calls)
    name = f"{effort.rows:,} pictures beside {SMALL:,}"
    found = [Row(f"{what}, {name}", many[what], "ms", few[what], *_bound(what)) for what in LOOKS]
    slowest = max(took for what, took in many.items() if what != PARTLY)
    return [
        *found,
        Row(f"the slowest of these, {effort.rows:,} pictures", slowest, "ms", at_most=10),
        *(Row(f"{m} over stdio, {effort.rows:,}", ms, "ms", at_most=10) for m, ms in listed),
    ]


def _bound(what: str) -> tuple[Judged, float]:
    """What finds more in a larger catalog may take longer; the rest may not."""
    if what == PARTLY:  # goes through all that holds most of the words, of which there is nothing
        return "ours", 100
    return ("ours", 10) if "a tenth" in what else ("ratio", 2)


async def _measured(home: Path, many: int, calls: int) -> dict[str, float]:
    """The median milliseconds of each look at a catalog with so many pictures."""
    path = home / ".aquatint" / "catalog.sqlite"
    path.parent.mkdir(parents=True)
    catalog = SqliteCatalog(str(path), now=time.time)
    for start in range(0, many, 10_000):
        images = tuple(_image(n) for n in range(start, min(many, start + 10_000)))
        await catalog.settle(JobRecord(job=_job(start), state="done", images=images), images)
    found: dict[str, float] = {}
    for what, look in LOOKS.items():
        await look(catalog)
        times: list[float] = []
        for _ in range(calls):
            began = perf_counter()
            await look(catalog)
            times.append((perf_counter() - began) * 1000)
        found[what] = middle(times)
    await catalog.aclose()
    return found


def _job(number: int) -> Job:
    return Job(
        id=f"job-{number}",
        owner="local",
        kind="generated",
        engine="draft",
        order=Order(prompt="", model="draft", size="1024x1024", quality="low"),
        finish=Finish(),
        request=GenerateRequest(prompt=""),
        digest=str(number),
        image_ids=(),
        derived_ids=(),
        created=1_795_000_000.0,
    )


def _image(number: int) -> ImageRecord:
    words = " ".join(WORDS[(number + step * step) % len(WORDS)] for step in range(3))
    return ImageRecord(
        id=f"bench{number:011d}",
        owner="local",
        kind="mask" if number % 50 == 0 else "generated",
        prompt=f"A {words}, number n{number:07}",
        format="png",
        width=1024,
        height=1024,
        bytes=1_200_000,
        key=f"2026-11-21-{number}.png",
        sha256=f"{number:064x}",
        created=1_795_000_000.0 + number,
    )


def _listed(home: str, calls: int) -> list[tuple[str, float]]:
    """What an agent waits for: the same through the whole server."""
    with Server(OURS, AQUATINT_HOME=home) as server:
        server.initialize()
        asks = {
            "recent_images": lambda: server.call("recent_images", limit=FEW),
            "resources/list": lambda: server.ask("resources/list"),
        }
        found: list[tuple[str, float]] = []
        for what, ask in asks.items():
            server.answer(ask())
            times = [server.answer(ask()).seconds * 1000 for _ in range(calls)]
            found.append((what, middle(times)))
    return found

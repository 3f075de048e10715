"""Turns settings into what a server and its worker both need: home, catalog, engines, models."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources as files
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from .domain.errors import Misconfigured
from .domain.ids import new_id
from .settings import Settings

if TYPE_CHECKING:
    import httpx2

    from .domain.engine import Engine, Event, Inputs, Part
    from .domain.models.registry import Model, Models
    from .domain.outside import Fetch
    from .domain.types import Finding, Order
    from .engines.openai import Connection
    from .jobs.context import JobContext

PROVIDED_BYTES = 200_000_000  # of a picture behind an address; the engine's ceiling is lower


@dataclass(frozen=True, slots=True)
class Backend:
    """What jobs are worked with, where it is kept, and what people must be told about it.

    `ready` raises when no image could be stored now.
    """

    context: JobContext
    home: str
    models: Models
    notes: tuple[str, ...]
    ready: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_backend(
    settings: Settings,
    *,
    http_client: httpx2.AsyncClient | None = None,
    now: Callable[[], float] = time.time,
    role: str = "server",
) -> AsyncGenerator[Backend]:
    """For the server and for the worker, as `role` says; nothing is opened before its use."""
    # Imported here, for hosts wait for tools/list, which needs mcp_server only.
    from .domain.models.registry import cost
    from .jobs.context import JobContext
    from .storage.files import FolderBlobs
    from .storage.leases import Leases
    from .storage.sqlite import SqliteCatalog
    from .vision.eyes import Eyes
    from .workspace import LocalWorkspace

    home, home_note = choose_home(settings)
    models, models_note = _models(settings)
    leases = Leases(home, new_id(os.urandom), role)
    if in_use(home):  # else nothing is made before it is needed
        with suppress(Misconfigured):  # told by `ready` before anything is paid
            leases.take()
    blobs = FolderBlobs(home, min_free=settings.min_free)
    catalog = SqliteCatalog(
        str(Path(home) / ".aquatint" / "catalog.sqlite"),
        now=now,
        abandoned=lambda record: leases.abandoned(record, now()),
    )
    provider = cache(lambda: connection(settings, http_client))
    engines: dict[str, Engine] = {
        "openai": LazyEngine(lambda: openai_engine(settings, provider())),
        "responses": LazyEngine(lambda: responses_engine(settings, provider()), resumes=bool),
        "comfy": LazyEngine(
            lambda: comfy_engine(settings), stoppable=True, resumes=lambda ticket: True
        ),
        "draft": LazyEngine(draft_engine),
    }
    workspace = LocalWorkspace(
        home=home,
        roots=settings.roots,
        cwd=settings.cwd,
        user_home=settings.user_home,
        strict=settings.strict,
        max_bytes=settings.max_bytes,
    )
    context = JobContext(
        engines=engines,
        blobs=blobs,
        catalog=catalog,
        workspace=workspace,
        now=now,
        price=lambda name, usage, n: cost(models.row(name), usage, n),
        max_pixels=settings.max_pixels,
        leases=leases,
        vision=Eyes(),
        read_words=settings.read_words,
    )

    async def ready() -> None:
        await blobs.ready()
        leases.take()

    notes = tuple(note for note in (home_note, models_note) if note)
    try:
        yield Backend(context, home, models, notes, ready)
    finally:
        for engine in engines.values():
            await engine.aclose()
        await catalog.aclose()
        leases.release()


def connection(settings: Settings, http_client: httpx2.AsyncClient | None) -> Connection:
    from .engines.openai import Connection

    return Connection(
        api_key=settings.api_key.get_secret_value() if settings.api_key else "",
        base_url=settings.service_url,
        organization=settings.organization,
        project=settings.openai_project,
        deadline=settings.deadline,
        service=settings.service,
        keep_prompts=settings.keep_prompts,
        http_client=http_client,
    )


def openai_engine(settings: Settings, there: Connection) -> Engine:
    from .engines.openai import OpenAIEngine
    from .net import HttpsFetch

    fetch = HttpsFetch(enabled=True, max_bytes=PROVIDED_BYTES, seconds=settings.deadline)
    return OpenAIEngine(there, fetch=fetch, mask=settings.mask)


def responses_engine(settings: Settings, there: Connection) -> Engine:
    from .engines.openai import ResponsesEngine

    return ResponsesEngine(there, mask=settings.mask)


def comfy_engine(settings: Settings) -> Engine:
    from .engines.comfy import ComfyEngine

    place = settings.comfy_workflow and _place(settings.comfy_workflow, settings)
    return ComfyEngine(
        url=settings.comfy_url or "",
        workflow=place or None,
        deadline=settings.deadline,
        keep_prompts=settings.keep_prompts,
    )


def draft_engine() -> Engine:
    from .engines.draft import DraftEngine

    return DraftEngine()


def choose_home(settings: Settings) -> tuple[str, str | None]:
    """The folder for pictures, and a note when it is not where people expect it.

    A folder that was set is used as it is: its faults are told, never worked around.
    """
    if settings.home is not None:
        return str(_place(settings.home, settings)), None
    wanted: list[Path] = []
    if settings.user_home is not None:
        base = Path(settings.user_home)
        wanted = [base / "Pictures" / "aquatint", base / ".local" / "share" / "aquatint"]
    for place in wanted:
        if _usable(place):
            return str(place), None if place == wanted[0] else f"Pictures are kept in {place}."
    uid = os.getuid() if hasattr(os, "getuid") else "user"
    place = Path(os.path.realpath(_temporary())) / f"aquatint-{uid}"
    return str(place), (
        f"No home folder could be used, so pictures are kept in {place}, which the system may "
        "empty. Set AQUATINT_HOME to a folder of yours."
    )


def in_use(home: str) -> bool:
    """Whether aquatint has kept anything there."""
    return os.path.isdir(Path(home, ".aquatint"))  # noqa: PTH112 - a forbidden folder must not raise


def _usable(place: Path) -> bool:
    """Whether the folder can be written, or could be made, without making anything yet."""
    while not os.path.exists(place):  # noqa: PTH110 - a forbidden folder must not raise
        if place == place.parent:
            return False
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _temporary() -> str:
    import tempfile

    return tempfile.gettempdir()


def _place(path: str, settings: Settings) -> Path:
    """Absolute, from where the server stands: the worker stands elsewhere."""
    if path == "~" or path.startswith(("~/", "~\\")):
        path = (settings.user_home or "/") + path[1:]
    return (Path(settings.cwd) / path).absolute()


def _models(settings: Settings) -> tuple[Models, str | None]:
    from .domain.endpoints import host_of, is_here
    from .domain.models.registry import parse, with_price

    own = (files.files("aquatint.domain.models") / "models.toml").read_text("utf-8")
    note = None
    models = parse(own)
    if settings.models is not None:
        place = _place(settings.models, settings)
        try:
            models = parse(place.read_text("utf-8"))
        except (OSError, UnicodeError) as unreadable:
            note = f"AQUATINT_MODELS={place} cannot be read ({unreadable}); the own one is used."
        except Misconfigured as bad:
            note = f"AQUATINT_MODELS={place}: {bad} Until then the built-in table is used."
    models = replace(models, rows=_with_comfy(models.rows, parse(own), settings))
    if settings.price_usd is not None:
        rows = tuple(with_price(row, settings.price_usd) for row in models.rows)
        models = replace(models, rows=rows)
    elif settings.api_key is None and is_here(host_of(settings.service_url or "")):
        rows = tuple(with_price(row, 0) if row.prices is None else row for row in models.rows)
        models = replace(models, rows=rows)
    usual = models.defaults
    chosen = replace(
        usual,
        generate=settings.model or usual.generate,
        edit=settings.edit_model or usual.edit,
        quality=settings.quality or usual.quality,
        size=settings.size or usual.size,
    )
    return replace(models, defaults=chosen), note


def _with_comfy(rows: tuple[Model, ...], own: Models, settings: Settings) -> tuple[Model, ...]:
    """A table of somebody's own may know nothing of it; where none is set, no list names it."""
    if not any(row.engine == "comfy" for row in rows):
        rows = (*rows, own.of_engine("comfy"))
    if settings.comfy_url is not None:
        return rows
    return tuple(
        replace(row, ids=(), also=(*row.ids, *row.also)) if row.engine == "comfy" else row
        for row in rows
    )


class LazyEngine:
    """An engine whose SDK is imported when it is first asked, so that a server starts at once."""

    def __init__(
        self,
        load: Callable[[], Engine],
        *,
        stoppable: bool = False,
        resumes: Callable[[str], bool] = lambda ticket: False,
    ) -> None:
        self.stoppable, self.resumes = stoppable, resumes
        self._load = load
        self._engine: Engine | None = None
        self._lock = anyio.Lock()

    async def _loaded(self) -> Engine:
        async with self._lock:
            if self._engine is None:
                self._engine = await anyio.to_thread.run_sync(self._load)
        return self._engine

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncIterator[Event]:
        engine = await self._loaded()
        async for event in engine.render(order, inputs, part, job=job):
            yield event

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncIterator[Event]:
        engine = await self._loaded()
        async for event in engine.resume(order, part, job=job, ticket=ticket):
            yield event

    async def cancel(self, order: Order, *, job: str) -> bool:
        return await (await self._loaded()).cancel(order, job=job)

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        return await (await self._loaded()).check(models, online=online)

    async def aclose(self) -> None:
        if self._engine is not None:
            await self._engine.aclose()


class LazyFetch:
    """The same for the way to https addresses."""

    def __init__(self, load: Callable[[], Fetch]) -> None:
        self._load = load

    async def get(self, url: str) -> bytes:
        fetch = await anyio.to_thread.run_sync(self._load)
        return await fetch.get(url)

    async def save(self, url: str, write: Callable[[bytes], object]) -> None:
        fetch = await anyio.to_thread.run_sync(self._load)
        await fetch.save(url, write)

"""The composition root: settings in, a server out."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio

from . import __version__
from .domain.errors import AquatintError
from .domain.ids import new_id
from .mcp_server.instructions import INSTRUCTIONS
from .settings import Settings
from .wiring import (
    LazyFetch,
    choose_home,
    connection,
    draft_engine,
    in_use,
    open_backend,
    openai_engine,
)

if TYPE_CHECKING:
    import httpx2
    from anyio.abc import TaskGroup

    from .domain.outside import Fetch
    from .domain.types import Job
    from .jobs.context import JobContext
    from .jobs.execute import Ended
    from .jobs.runner import Runner
    from .mcp_server.server import Announce, AquatintServer
    from .services.images import ImageService
    from .wiring import Backend

__all__ = ["App", "build", "choose_home"]

log = logging.getLogger(__name__)

# Pixels of a draft, beyond which single calls of Pillow would hold up whatever else is answered.
LARGE = 4_000_000
DRAWN_AT_ONCE = 2  # large drafts in their worker: one is drawn while another one is kept


@dataclass(frozen=True, slots=True)
class App:
    """A server, and the use cases behind it for the command line."""

    settings: Settings
    make_server: Callable[[], AquatintServer]  # once
    service: Callable[[], AbstractAsyncContextManager[ImageService]]

    @property
    def server(self) -> AquatintServer:
        """Made when it is asked for: a command has no use for it, nor for the SDK behind it."""
        return self.make_server()


def build(
    settings: Settings,
    *,
    http_client: httpx2.AsyncClient | None = None,
    over_http: bool = False,
    now: Callable[[], float] = time.time,
    fetch: Callable[[], Fetch] | None = None,
) -> App:
    """Wire everything. Two calls give two servers; nothing is opened before it is used.

    `http_client` is the way to the provider, `fetch` the one to images at https addresses.
    """
    settings = settings.model_copy(update={"strict": settings.strict or over_http})
    # A session of its own, and a way to talk to it; an injected client cannot go there.
    can_have_worker = hasattr(os, "setsid") and hasattr(socket, "AF_UNIX") and http_client is None
    with_worker = can_have_worker and settings.worker
    fetching = settings.fetch if settings.fetch is not None else not over_http

    @asynccontextmanager
    async def open_service(
        announce: Announce, *, tidy: bool = True
    ) -> AsyncGenerator[ImageService]:
        async with (
            open_backend(settings, http_client=http_client, now=now) as backend,
            _open_runner(settings, backend, announce, with_worker) as runner,
            anyio.create_task_group() as background,
        ):
            if tidy and in_use(backend.home):
                background.start_soon(_tidy_up, backend.context, runner, announce)
            way = LazyFetch(fetch or (lambda: _https(fetching, settings)))
            yield _service(settings, backend, runner, way, background)
            background.cancel_scope.cancel()

    @asynccontextmanager
    async def alone() -> AsyncGenerator[ImageService]:
        async with open_service(_nobody, tidy=False) as service:
            yield service

    @cache
    def server() -> AquatintServer:
        from .mcp_server.server import AquatintServer

        return AquatintServer(
            name="aquatint",
            version=__version__,
            instructions=INSTRUCTIONS,
            open_service=open_service,
            warm=lambda: _warm(settings, with_worker),
            max_line=settings.max_line,
        )

    return App(settings, server, alone)


def _service(
    settings: Settings, backend: Backend, runner: Runner, fetch: Fetch, background: TaskGroup
) -> ImageService:
    """The use cases over what was opened."""
    # Imported here, for hosts wait for tools/list, which needs mcp_server only.
    from .domain.endpoints import is_first_party
    from .services import stand_in
    from .services.annotations import Annotating
    from .services.editing import Editing
    from .services.exports import Exports
    from .services.images import ImageService
    from .services.library import Library
    from .services.naming import Naming
    from .services.references import References
    from .services.replied import MOMENT, Replied
    from .services.waiting import Waiting

    def later(work: Callable[..., Coroutine[Any, Any, None]], *of: object) -> None:
        if not background.cancel_scope.cancel_called:
            background.start_soon(work, *of)

    context = backend.context
    references = References(context, context.workspace, fetch, settings.max_bytes)
    notices = (*backend.notes, *settings.problems)
    drafting = stand_in.notice(settings)
    library = Library(context, references, _verify, settings.keep_prompts)
    editing = Editing(context, references, _fresh_id)
    naming = Naming(context, references, editing.take_in)
    return ImageService(
        context=context,
        runner=runner,
        waiting=Waiting(context, runner, settings.wait, later),
        library=library,
        exports=Exports(context, library, naming),
        editing=editing,
        naming=naming,
        models=backend.models,
        settings=settings,
        first_party=is_first_party(settings.service_url),
        annotations=Annotating(context, _fresh_id),
        new_id=_fresh_id,
        ready=backend.ready,
        replied=Replied(context.now, min(MOMENT, settings.reuse)),
        later=later,
        notices=notices if drafting is None else (*notices, drafting),
    )


@asynccontextmanager
async def _open_runner(
    settings: Settings, backend: Backend, announce: Announce, with_worker: bool
) -> AsyncGenerator[Runner]:
    """Who runs jobs: this process, and where there can be workers, they.

    One for those that cost, another one for large drafts, which would hold up everything here.
    """
    from .jobs.runner import Dispatch, InProcess

    async def ended(_: Ended) -> None:
        await announce()

    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(
            InProcess(
                backend.context,
                concurrency=settings.concurrency,
                drain=settings.deadline,
                announce=ended,
            )
        )
        if not with_worker:
            yield here
            return
        from .jobs.worker_client import WorkerClient

        def worker(settings: Settings, *, free: bool) -> WorkerClient:
            return WorkerClient(
                backend.context,
                settings.model_copy(update={"home": backend.home}).for_worker(),
                settings.inherited,
                announce=ended,
                move=here.start,
                # The main process of a container takes everything with it when it ends.
                drain=settings.deadline if os.getpid() == 1 else 0,
                free=free,
            )

        keyless = {
            "api_key": None,
            "base_url": None,
            "openai_base_url": None,
            "comfy_url": None,
            "concurrency": DRAWN_AT_ONCE,
        }
        draws = worker(settings.model_copy(update=keyless), free=True)
        runner = Dispatch(await stack.enter_async_context(draws), here, _is_large_draft)
        if settings.engine != "draft":
            pays = await stack.enter_async_context(worker(settings, free=False))
            runner = Dispatch(pays, runner, lambda job: job.engine != "draft")
        yield runner


def _is_large_draft(job: Job) -> bool:
    """Whether drawing it takes so much that even a ping of this process would wait for it."""
    from .domain.models.sizes import parse_size

    sizes = (parse_size(job.order.size), job.finish.size, job.finish.exact_size)
    return job.engine == "draft" and any(size and size[0] * size[1] > LARGE for size in sizes)


async def _tidy_up(context: JobContext, runner: Runner, announce: Announce) -> None:
    """End what killed servers left, behind the first answers."""
    from .jobs.recovery import reconcile

    try:
        repairs = await reconcile(context, runner.start)
    except AquatintError as error:
        log.warning("what earlier servers left could not be sorted out: %s", error)
        return
    if repairs:
        log.warning("after earlier servers that were stopped: %s", repairs)
        await announce()


def _https(enabled: bool, settings: Settings) -> Fetch:
    from .net import HttpsFetch

    return HttpsFetch(enabled=enabled, max_bytes=settings.max_bytes)


def _verify(data: bytes, mime: str) -> dict[str, object]:
    from .imaging.provenance import read

    return read(data, mime)


def _fresh_id() -> str:
    return new_id(os.urandom)


async def _nobody() -> None:
    """The command line has no clients to tell."""


def _warm(settings: Settings, with_worker: bool) -> None:
    """Import what the first call will need, after the first answer is out."""
    try:
        if not settings.can_pay:
            draft_engine()
        elif not with_worker:  # else the worker imports the SDK, and this process never does
            openai_engine(settings, connection(settings, None))
    except AquatintError as error:
        log.warning("%s", error)
    from .imaging import decode, encode, previews

    log.debug("warm: %s", (encode.__name__, decode.__name__, previews.__name__))

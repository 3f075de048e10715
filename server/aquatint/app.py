"""The composition root: settings in, a server out. The only module that imports adapters."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from importlib import resources as files
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .core.errors import AquatintError, Misconfigured
from .core.ids import new_id
from .settings import Settings
from .surface.server import Announce, AquatintServer

if TYPE_CHECKING:
    import httpx2

    from .core.models import Models
    from .core.ports import Engine, Fetch
    from .core.types import Record
    from .studio import Studio

log = logging.getLogger(__name__)

INSTRUCTIONS = """\
aquatint makes pictures with OpenAI's GPT Image models and keeps every one.
- Refer to pictures by image://id, latest or a path; never carry base64.
- Prices follow quality and size: draft at low, finish at high; dry_run tells the cost.
- status "working" means it is still being drawn: call get_image with the job id, do not ask again.
- save_to writes a copy into the workspace; the reply names the absolute path of the original.
- Every error says what to do next and whether money was spent."""
DRAFTING = (
    "Drawn by the local draft engine, free of charge, because no OPENAI_API_KEY is set: "
    "a placeholder, not a model's picture."
)


@dataclass(frozen=True, slots=True)
class App:
    """A server, and the studio behind it for the command line."""

    settings: Settings
    server: AquatintServer
    studio: Callable[[], AbstractAsyncContextManager[Studio]]


def build(
    settings: Settings,
    *,
    http_client: httpx2.AsyncClient | None = None,
    over_http: bool = False,
    now: Callable[[], float] = time.time,
) -> App:
    """Wire everything. Two calls give two servers; nothing is opened before it is used."""

    @asynccontextmanager
    async def open_studio(announce: Announce) -> AsyncGenerator[Studio]:
        # Imported here, for hosts wait for tools/list, which needs the surface only.
        from .adapters.files import FolderBlobs
        from .adapters.lazy import LazyEngine, LazyFetch
        from .adapters.sqlite import SqliteCatalog
        from .adapters.workspace import Workspace
        from .core.endpoints import is_first_party
        from .core.models import cost
        from .gallery import Gallery
        from .jobs import InProcess
        from .references import References
        from .retouch import Retouch
        from .studio import Studio
        from .workshop import Workshop

        home, home_note = choose_home(settings)
        models, models_note = _models(settings)
        notices = tuple(note for note in (home_note, models_note, *settings.problems) if note)
        fetching = settings.fetch if settings.fetch is not None else not over_http
        blobs = FolderBlobs(home, min_free=settings.min_free)
        catalog = SqliteCatalog(str(Path(home) / ".aquatint" / "catalog.sqlite"), now=now)
        engines: dict[str, Engine] = {
            "openai": LazyEngine(lambda: _openai(settings, http_client)),
            "draft": LazyEngine(_draft),
        }
        door = Workspace(
            home=home,
            roots=settings.roots,
            cwd=settings.cwd,
            user_home=settings.user_home,
            strict=settings.strict or over_http,
            max_bytes=settings.max_bytes,
        )
        fetch: Fetch = LazyFetch(lambda: _fetch(fetching, settings))
        shop = Workshop(
            engines=engines,
            blobs=blobs,
            catalog=catalog,
            door=door,
            now=now,
            price=lambda name, usage, n: cost(models.row(name), usage, n),
            max_pixels=settings.max_pixels,
        )

        async def settled(_: Record) -> None:
            await announce()

        async with InProcess(
            shop,
            concurrency=settings.concurrency,
            drain=settings.deadline,
            announce=settled,
        ) as runner:
            references = References(shop, door, fetch, settings.max_bytes)
            try:
                yield Studio(
                    shop=shop,
                    runner=runner,
                    gallery=Gallery(shop, references),
                    retouch=Retouch(shop, references, _fresh_id),
                    models=models,
                    settings=settings,
                    first_party=is_first_party(settings.base_url),
                    new_id=_fresh_id,
                    ready=blobs.ready,
                    notices=notices if settings.can_pay else (*notices, DRAFTING),
                )
            finally:
                for engine in engines.values():
                    await engine.aclose()
                await catalog.aclose()

    @asynccontextmanager
    async def alone() -> AsyncGenerator[Studio]:
        async with open_studio(_nobody) as studio:
            yield studio

    server = AquatintServer(
        name="aquatint",
        version=__version__,
        instructions=INSTRUCTIONS,
        open_studio=open_studio,
        warm=lambda: _warm(settings),
    )
    return App(settings, server, alone)


def _fresh_id() -> str:
    return new_id(os.urandom)


async def _nobody() -> None:
    """The command line has no clients to tell."""


def choose_home(settings: Settings) -> tuple[str, str | None]:
    """The folder for pictures, and a note when it is not where people expect it.

    A folder that was set is used as it is: its faults are told, never worked around.
    """
    if settings.home is not None:
        return str(Path(_expand(settings.home, settings)).absolute()), None
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


def _usable(place: Path) -> bool:
    """Whether the folder can be written, or could be made, without making anything yet."""
    while not place.exists():
        if place == place.parent:
            return False
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _temporary() -> str:
    import tempfile

    return tempfile.gettempdir()


def _expand(path: str, settings: Settings) -> str:
    if path == "~" or path.startswith(("~/", "~\\")):
        return (settings.user_home or "/") + path[1:]
    return path


def _models(settings: Settings) -> tuple[Models, str | None]:
    from .core.models import parse, with_price

    own = (files.files("aquatint.core") / "models.toml").read_text("utf-8")
    note = None
    models = parse(own)
    if settings.models is not None:
        place = Path(_expand(settings.models, settings))
        try:
            models = parse(place.read_text("utf-8"))
        except (OSError, UnicodeError) as unreadable:
            note = f"AQUATINT_MODELS={place} cannot be read ({unreadable}); the own one is used."
        except Misconfigured as bad:
            note = f"AQUATINT_MODELS={place}: {bad} Until then the built-in table is used."
    if settings.price_usd is not None:
        rows = tuple(with_price(row, settings.price_usd) for row in models.rows)
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


def _openai(settings: Settings, http_client: httpx2.AsyncClient | None) -> Engine:
    from .adapters.openai import OpenAIEngine

    return OpenAIEngine(
        api_key=settings.api_key.get_secret_value() if settings.api_key else "",
        base_url=settings.base_url,
        organization=settings.organization,
        project=settings.openai_project,
        deadline=settings.deadline,
        mask=settings.mask,
        http_client=http_client,
    )


def _draft() -> Engine:
    from .adapters.draft import DraftEngine

    return DraftEngine()


def _fetch(enabled: bool, settings: Settings) -> Fetch:
    from .adapters.fetch import HttpsFetch

    return HttpsFetch(enabled=enabled, max_bytes=settings.max_bytes)


def _warm(settings: Settings) -> None:
    """Import what the first call will need, after the first answer is out."""
    try:
        _openai(settings, None) if settings.can_pay else _draft()
    except AquatintError as error:
        log.warning("%s", error)
    from .core import convert, pixels, previews

    log.debug("warm: %s", (convert.__name__, pixels.__name__, previews.__name__))

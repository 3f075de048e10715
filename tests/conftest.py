"""Real parts for every test: a server on a throw-away home, the real client in both revisions."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as property_tests
from mcp import Client

from aquatint.app import App, build
from aquatint.settings import Settings
from inherited import inherited

# A run that fails fails again; `--hypothesis-profile=default` looks for what none has met yet.
property_tests.register_profile("steady", derandomize=True)
property_tests.load_profile("steady")

MakeApp = Callable[..., App]
Connect = Callable[..., AbstractAsyncContextManager[Client]]


# About pictures, not the protocol: `make test` asks in one revision, `make test-full` in both.
ABOUT_PICTURES = {
    "test_assets",
    "test_cutouts",
    "test_editing",
    "test_eyes",
    "test_masks",
    "test_refusals",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in ABOUT_PICTURES and "legacy" in item.keywords:
            item.add_marker(pytest.mark.full)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def make_app(home: Path, workspace: Path, tmp_path: Path) -> MakeApp:
    """An app on a home of its own; keyword arguments are environment variables."""

    def make(http_client: Any = None, now: Callable[[], float] = time.time, **environ: str) -> App:
        own = {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0"}
        values = {**inherited(), **own, **environ}
        settings = Settings.from_env(values, cwd=str(workspace), user_home=str(tmp_path / "me"))
        return build(settings, http_client=http_client, now=now)

    return make


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both protocol revisions."""
    return request.param


@pytest.fixture
def connect(mode: str, make_app: MakeApp) -> Connect:
    """The real client on a server in memory, in one protocol revision."""

    @asynccontextmanager
    async def connected(
        app: App | None = None, client: dict[str, Any] | None = None, **environ: str
    ) -> AsyncGenerator[Client]:
        server = (app or make_app(**environ)).server
        async with Client(server, mode=mode, **(client or {})) as one:  # pyright: ignore[reportArgumentType]
            yield one

    return connected

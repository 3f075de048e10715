"""What a catalog holds that an older version wrote, as this one reads it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from aquatint.domain.types import ImageRecord
from aquatint.storage.sqlite.catalog import SqliteCatalog

OLD = Path(__file__).parents[1] / "data/old_home/catalog-2026-11-27.sqlite"


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[SqliteCatalog]:
    shutil.copy(OLD, tmp_path / "catalog.sqlite")
    store = SqliteCatalog(str(tmp_path / "catalog.sqlite"), now=lambda: 0.0)
    yield store
    await store.aclose()


async def listed(catalog: SqliteCatalog, kind: str | None, query: str | None = None) -> list[str]:
    page = await catalog.recent("local", query, kind, 50, None)
    assert page.total == len(page.images)
    return [image.prompt for image in page.images]


def roles(image: ImageRecord) -> list[str]:
    return [parent.role for parent in image.parents]


async def test_what_was_shown_has_the_kind_of_its_call_and_the_rest_is_raw(
    catalog: SqliteCatalog,
) -> None:
    assert await listed(catalog, "edited") == ["a blue boat", "a red boat"]
    assert await listed(catalog, "generated") == ["a fitted fox", "an old harbour"]
    assert sorted(await listed(catalog, "raw")) == [
        "a blue boat",  # what the model drew, and the exact composite behind the JPEG
        "a blue boat",
        "a fitted fox",
        "a red boat",
    ]
    assert len(await listed(catalog, None)) == 5
    assert await listed(catalog, None, "edited boat") == ["a blue boat", "a red boat"]
    assert await listed(catalog, None, "derived") == []


async def test_parents_get_the_roles_that_their_calls_tell_of(catalog: SqliteCatalog) -> None:
    blue, red = (await catalog.recent("local", None, "edited", 50, None)).images
    assert roles(red) == ["edited from", "mask", "raw"]
    assert roles(blue) == ["edited from", "reference", "mask", "raw"]
    (mask,) = (await catalog.recent("local", None, "mask", 50, None)).images
    assert roles(mask) == ["mask for"]
    assert blue.parents[2].id == mask.id
    exact = await catalog.image(blue.parents[-1].id, "local")
    assert exact
    assert (exact.kind, roles(exact)) == ("raw", ["edited from", "reference", "mask", "raw"])
    drawn = await catalog.image(exact.parents[-1].id, "local")
    assert drawn
    assert (drawn.kind, roles(drawn)) == ("raw", ["edited from", "reference", "mask"])
    fitted, plain = (await catalog.recent("local", None, "generated", 50, None)).images
    assert (roles(fitted), roles(plain)) == (["raw"], [])


async def test_old_pictures_are_found_by_the_folder_of_their_project(tmp_path: Path) -> None:
    copy = tmp_path / "catalog.sqlite"
    shutil.copy(OLD, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as old:
        old.execute("UPDATE jobs SET project = '/home/ann/harbour-site' WHERE kind = 'edited'")
    catalog = SqliteCatalog(str(copy), now=lambda: 0.0)
    try:
        assert await listed(catalog, None, "harbour-site") == ["a blue boat", "a red boat"]
    finally:
        await catalog.aclose()


async def test_an_old_server_that_still_runs_can_go_on_writing(
    catalog: SqliteCatalog, tmp_path: Path
) -> None:
    """It knows neither roles nor `raw`: what it lists has `derived` and bare parents."""
    newest = (await catalog.recent("local", None, "edited", 1, None)).images[0]
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)) as old:
        old.execute("UPDATE pictures SET kind = 'derived', roles = '[]' WHERE id = ?", (newest.id,))
    image = await catalog.image(newest.id, "local")
    assert image
    assert image.kind == "edited"
    assert {parent.role for parent in image.parents} == {"made from"}
    assert [one.id for one in image.parents] == [one.id for one in newest.parents]

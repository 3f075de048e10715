"""What the port Annotations promises of every catalog."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aquatint.domain.annotations import Annotation
from aquatint.domain.types import ImageRecord
from aquatint.storage.sqlite.catalog import SqliteCatalog


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[SqliteCatalog]:
    store = SqliteCatalog(str(tmp_path / "catalog.sqlite"), now=lambda: 0.0)
    yield store
    await store.aclose()


def mark(id: str, **more: Any) -> Annotation:
    values: dict[str, Any] = {"owner": "ann", "kind": "pin", "image": "i1", "created": 1.0}
    return Annotation(id=id, **values | more)


def ids(found: list[Annotation]) -> list[str]:
    return [one.id for one in found]


async def test_each_is_told_once_and_stays_open(catalog: SqliteCatalog) -> None:
    marks = catalog.annotations
    pin = mark("a", words="blue", x=10, y=20, points=((1, 2), (3, 4)))
    await marks.add(pin)
    await marks.add(mark("b", image="i2"))
    first = await marks.take("ann", (), 5.0)
    assert first == [
        mark("a", words="blue", x=10, y=20, points=((1, 2), (3, 4))),
        mark("b", image="i2"),
    ]
    assert await marks.take("ann", (), 6.0) == []
    assert [one.told for one in await marks.open("ann")] == [5.0, 5.0]
    assert ids(await marks.open("ann", "i2")) == ["b"]
    await marks.add(mark("c"))
    assert ids(await marks.take("ann", (), 7.0)) == ["c"]


async def test_nobody_hears_of_what_others_did(catalog: SqliteCatalog) -> None:
    marks = catalog.annotations
    await marks.add(mark("a"))
    assert await marks.take("bob", (), 1.0) == []
    assert await marks.open("bob") == []
    assert not await marks.remove("a", "bob")
    assert await marks.remove("a", "ann")
    assert not await marks.remove("a", "ann")
    assert await marks.open("ann") == []


async def test_a_project_hears_of_its_own_and_of_what_belongs_to_none(
    catalog: SqliteCatalog,
) -> None:
    marks = catalog.annotations
    for id, project in (("here", "/p"), ("there", "/q"), ("anywhere", "")):
        await marks.add(mark(id, project=project))
    assert ids(await marks.take("ann", ("/p",), 1.0)) == ["here", "anywhere"]
    assert ids(await marks.take("ann", (), 2.0)) == ["there"]


async def test_they_go_with_their_picture(catalog: SqliteCatalog) -> None:
    image = ImageRecord(
        id="i1", owner="ann", kind="added", prompt="", format="png", width=1, height=1, bytes=1,
        key="k", sha256="s", created=0.0,
    )  # fmt: skip
    await catalog.add(image)
    await catalog.annotations.add(mark("a"))
    await catalog.annotations.add(mark("b", image="i2"))
    await catalog.forget("i1", "ann")
    assert ids(await catalog.annotations.open("ann")) == ["b"]

"""By what pictures are found again in every catalog: names, files that were written, some words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aquatint.domain.errors import NoSuchImage
from aquatint.domain.types import Copy
from aquatint.storage.sqlite.catalog import SqliteCatalog
from records import done, image, job


def copy(path: str, sha256: str = "s", *, whole: bool = True) -> Copy:
    return Copy(path=path, width=8, height=6, bytes=9, sha256=sha256, whole=whole)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[SqliteCatalog]:
    store = SqliteCatalog(str(tmp_path / "catalog.db"), now=lambda: 0.0)
    yield store
    await store.aclose()


async def found(catalog: SqliteCatalog, query: str | None, kind: str | None = None) -> str:
    page = await catalog.recent("ann", query, kind, 50, None)
    assert page.total == len(page.images)
    return " ".join(one.id for one in page.images)


async def test_a_name_is_one_picture_of_one_owner_in_any_case_and_width(
    catalog: SqliteCatalog,
) -> None:
    for one in (image("a"), image("b", "a logo of a fox"), image("c", owner="bob")):
        await catalog.add(one)
    assert await catalog.name("a", "ann", "Logo") is None
    assert await catalog.name("a", "ann", "شعار-2") is None
    assert await catalog.name("c", "bob", "logo") is None
    for spelling in ("logo", "LOGO", "ｌｏｇｏ"):
        had = await catalog.named("ann", spelling)
        assert had
        assert (had.id, had.names) == ("a", ("Logo", "شعار-2"))
    assert await found(catalog, "@logo") == "a", "the name itself, not the word"
    assert await found(catalog, "logo") == "b a"
    assert await found(catalog, "شعار") == "a"
    assert await found(catalog, None, "named") == "a"
    assert await catalog.name("b", "ann", "LOGO") == "a"
    assert await found(catalog, "@logo") == "b"
    assert await found(catalog, None, "named") == "b a"
    assert await catalog.names("ann", 9) == ["LOGO", "شعار-2"]
    assert await catalog.names("ann", 1) == ["LOGO"]
    with pytest.raises(NoSuchImage):
        await catalog.name("c", "ann", "mine")


async def test_a_picture_is_found_by_the_folder_of_its_project_whatever_happens_to_it(
    catalog: SqliteCatalog,
) -> None:
    for id, project in (("1", "/home/ann/cafe-site"), ("2", "/home/ann/متجر"), ("3", "")):
        order = job(id, project=project)
        await catalog.begin(order, None)
        drawn = image(f"p{id}", job=id)
        await catalog.settle(done(order, drawn), (drawn,))
    assert await found(catalog, "cafe-site") == await found(catalog, "site") == "p1"
    assert await found(catalog, "متجر") == "p2"
    assert await found(catalog, "home") == "", "the folders above say nothing of a picture"
    await catalog.name("p1", "ann", "logo")
    await catalog.saved("p1", "ann", (copy("/elsewhere/logo.png"),))
    assert await found(catalog, "cafe logo") == "p1"


async def test_a_name_goes_with_its_picture_or_alone(catalog: SqliteCatalog) -> None:
    for one in (image("a"), image("b")):
        await catalog.add(one)
    await catalog.name("a", "ann", "logo")
    await catalog.name("b", "ann", "hero")
    await catalog.forget("a", "ann")
    assert await catalog.named("ann", "logo") is None
    assert await catalog.names("ann", 9) == ["hero"]
    had = await catalog.unname("ann", "HERO")
    assert had
    assert had.id == "b"
    assert await catalog.unname("ann", "hero") is None
    assert await found(catalog, "hero") == await found(catalog, None, "named") == ""
    assert await found(catalog, None) == "b"


async def test_pages_of_named_pictures_go_on_where_they_ended(catalog: SqliteCatalog) -> None:
    for number in range(7):
        await catalog.add(image(f"n{number}"))
        if number % 2 == 0:
            await catalog.name(f"n{number}", "ann", f"name{number}")
    ids: list[str] = []
    cursor = None
    while True:
        page = await catalog.recent("ann", None, "named", 3, cursor)
        assert page.total == 4
        ids += [one.id for one in page.images]
        cursor = page.cursor
        if cursor is None:
            break
    assert ids == ["n6", "n4", "n2", "n0"]


async def test_a_file_is_the_picture_that_was_written_there_last(catalog: SqliteCatalog) -> None:
    await catalog.add(image("a", saved=(copy("/site/public/hero.webp", "one"),)))
    await catalog.add(image("b"))
    assert await found(catalog, "public/hero.webp") == "a"
    assert await found(catalog, "hero.webp") == "a"
    assert await found(catalog, "/work/site/public/hero.webp") == "a"
    paths = ["/site/public/hero.webp", "/nowhere"]
    noted = await catalog.written(paths, "ann")
    assert {path: (one.image, one.sha256) for path, one in noted.items()} == {
        "/site/public/hero.webp": ("a", "one")
    }
    assert await catalog.written(paths, "bob") == {}
    await catalog.saved("b", "ann", (copy("/site/public/hero.webp", "two", whole=False),))
    (note,) = (await catalog.written(paths, "ann")).values()
    assert (note.image, note.sha256, note.whole) == ("b", "two", False)
    before = await catalog.image("a", "ann")
    assert before
    assert before.saved == ()
    assert await found(catalog, "hero.webp") == "b"
    await catalog.saved("b", "ann", (copy("/site/icon.png"),))
    after = await catalog.image("b", "ann")
    assert after
    assert [one.path for one in after.saved] == ["/site/public/hero.webp", "/site/icon.png"]
    await catalog.saved("a", "bob", (copy("/site/bob.png"),))
    assert await found(catalog, "bob") == ""
    await catalog.forget("b", "ann")
    assert await catalog.written(paths, "ann") == {}


async def test_folders_far_above_a_file_are_no_words_of_its_picture(catalog: SqliteCatalog) -> None:
    await catalog.add(image("a", saved=(copy("/home/ann/site/public/img/hero.webp"),)))
    assert await found(catalog, "img") == "a"
    assert await found(catalog, "home") == ""
    assert await found(catalog, "~/site/public/img/hero.webp") == "a"


PROMPTS = {
    "a": "a red fox in snow",
    "b": "a red car",
    "c": "a blue car in snow",
    "d": "a green field",
    "e": "a fox in a car",
    "f": "the red sea",
}


async def test_where_no_picture_has_all_words_those_with_most_come_first(
    catalog: SqliteCatalog,
) -> None:
    for id, prompt in PROMPTS.items():
        await catalog.add(image(id, prompt))
    await catalog.add(image("z", "red car snow", owner="bob"))
    all_words = await catalog.recent("ann", "car snow", None, 9, None)
    assert ([one.id for one in all_words.images], all_words.partly) == (["c"], False)
    some = await catalog.recent("ann", "red car snow", None, 9, None)
    assert some.partly
    assert [one.id for one in some.images] == ["c", "b", "a", "f", "e"]
    assert some.total == 5
    assert [
        one.id for one in (await catalog.recent("ann", "red ca zebra", None, 9, None)).images
    ] == ["f", "b", "a"], "only the last word may go on"
    nothing = await catalog.recent("ann", "zebra giraffe", None, 9, None)
    assert (nothing.images, nothing.total, nothing.partly) == ((), 0, False)
    one = await catalog.recent("ann", "zebra", None, 9, None)
    assert (one.images, one.partly) == ((), False)
    many = "wide angle photograph showing monochrome skyscrapers with one fox"
    assert (await catalog.recent("ann", many, None, 9, None)).total == 2, "only fox is held"


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("query", ["car", "red car snow", "in", "snow field sea fox"])
async def test_pages_of_a_search_hold_everything_once_in_order(
    catalog: SqliteCatalog, limit: int, query: str
) -> None:
    for id, prompt in PROMPTS.items():
        await catalog.add(image(id, prompt))
    whole = [one.id for one in (await catalog.recent("ann", query, None, 50, None)).images]
    ids: list[str] = []
    cursor = None
    while True:
        page = await catalog.recent("ann", query, None, limit, cursor)
        assert len(page.images) <= limit
        ids += [one.id for one in page.images]
        cursor = page.cursor
        if cursor is None:
            break
    assert ids == whole

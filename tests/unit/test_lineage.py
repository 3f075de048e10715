"""The family of a picture, drawn from what each picture was made from."""

from __future__ import annotations

from aquatint.domain.lineage import Parent, Role, versions


def made(*parents: tuple[str, Role]) -> tuple[Parent, ...]:
    return tuple(Parent(id=one, role=role) for one, role in parents)


# a photograph is edited (its raw reply stays behind), masked, edited again twice from there
FAMILY = {
    "raw-1": made(("photo", "edited from")),
    "edit-1": made(("photo", "edited from"), ("raw-1", "raw")),
    "mask": made(("edit-1", "mask for"), ("logo", "region from")),
    "raw-2": made(("edit-1", "edited from"), ("logo", "reference"), ("mask", "mask")),
    "edit-2": made(("edit-1", "edited from"), ("mask", "mask"), ("raw-2", "raw")),
    "edit-3": made(("edit-1", "edited from")),
    "logo-2": made(("logo", "edited from")),
}
TREE = [
    ("photo", None),
    ("edit-1", "photo"),
    ("mask", "edit-1"),
    ("edit-2", "edit-1"),
    ("edit-3", "edit-1"),
]


def test_whichever_member_is_asked_for_the_tree_is_the_same() -> None:
    for one in ("photo", "edit-1", "mask", "edit-2", "edit-3"):
        assert versions(one, FAMILY, 60) == TREE, one
    assert versions("logo", FAMILY, 60) == [("logo", None), ("logo-2", "logo")]
    assert versions("alone", FAMILY, 60) == [("alone", None)]


def test_a_raw_picture_is_shown_only_where_it_is_asked_for() -> None:
    assert ("raw-2", "edit-1") in versions("raw-2", FAMILY, 60)
    assert all(not one.startswith("raw") for one, _ in versions("edit-2", FAMILY, 60))


def test_what_is_asked_for_and_its_way_to_the_root_are_never_left_out() -> None:
    many = FAMILY | {f"more-{n}": made(("photo", "edited from")) for n in range(100)}
    found = versions("edit-3", many, 10)
    assert len(found) <= 10
    assert {"photo", "edit-1", "edit-3"} <= {one for one, _ in found}
    assert all(under is None or under in dict(found) for _, under in found)


def test_a_circle_in_a_damaged_catalog_ends() -> None:
    circle = {
        "a": made(("b", "edited from")),
        "b": made(("a", "edited from")),
        "c": made(("c", "raw")),
    }
    assert {one for one, _ in versions("a", circle, 60)} == {"a", "b"}
    assert versions("c", circle, 60) == [("c", None)]

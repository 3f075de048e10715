"""What a picture was made from: its parents, and what each of them was to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import model_validator

from .frozen import Frozen

Role = Literal[
    "edited from",  # the first picture of an edit
    "reference",  # its other ones
    "mask",
    "markup",
    "raw",  # what the same call had before: the provider's own picture, or a step after it
    "mask for",  # of a mask: the picture it selects a part of
    "region from",  # of a mask: a picture that one of its regions was read from
    "copy of",  # a file of another size or crop that save_to wrote, given back as a picture
    "made from",  # nothing more is known
]


_BESIDE = frozenset({"reference", "mask", "markup", "region from"})  # helped, and was not changed


class Parent(Frozen):
    """One picture that another was made from, by its id."""

    id: str
    role: Role = "made from"

    @model_validator(mode="before")
    @classmethod
    def _id_alone(cls, given: object) -> object:
        return {"id": given} if isinstance(given, str) else given

    @property
    def uri(self) -> str:
        return f"image://{self.id}"


def of_edit(parents: Iterable[str], images: int, *, mask: bool, markup: bool) -> tuple[Parent, ...]:
    """The inputs of an edit with their roles; their order is pictures, mask, markup."""
    others: list[Role] = ["reference"] * (images - 1)
    marks: tuple[tuple[Role, bool], ...] = (("mask", mask), ("markup", markup))
    roles: list[Role] = ["edited from", *others, *(role for role, there in marks if there)]
    given = tuple(parents)
    if len(roles) != len(given):  # no edit, or not as this version writes it
        return tuple(Parent(id=one) for one in given)
    return tuple(Parent(id=one, role=role) for one, role in zip(given, roles, strict=True))


def of_mask(parents: Iterable[str], picture: str | None) -> tuple[Parent, ...]:
    """What a mask was drawn for and from; `picture` is the id of what it is for."""
    return tuple(
        Parent(id=one, role="mask for" if one == picture else "region from") for one in parents
    )


def told(parents: Iterable[Parent]) -> list[dict[str, str]]:
    """The same as JSON has it: each one's address and role."""
    return [{"uri": one.uri, "role": one.role} for one in parents]


def in_words(parents: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(f"{one['role']}: {one['uri']}" for one in parents)


def source(parents: Iterable[Parent]) -> str | None:
    """The id of the picture that one was made of by the same call, None where it came as it is."""
    return next((one.id for one in reversed(tuple(parents)) if one.role == "raw"), None)


def versions(
    image: str, parents: Mapping[str, Sequence[Parent]], most: int
) -> list[tuple[str, str | None]]:
    """The tree that a picture belongs to: (id, the one that it is a version of), parents first.

    Its root is the oldest picture that `image` goes back to. Above `most` the youngest are left
    out, `image` and what it goes back to never. The provider's own picture (raw) stands for nothing
    where the one that was made of it is there.
    """
    hidden = {one.id for given in parents.values() for one in given if one.role == "raw"} - {image}

    def above(one: str) -> str | None:
        met: set[str] = set()
        found: str | None = one
        while found is not None and (not met or found in hidden) and found not in met:
            met.add(found)
            given = parents.get(found, ())
            found = next((up.id for up in given if up.role not in _BESIDE), None)
        return found

    path = [image]
    while (up := above(path[-1])) is not None and up not in path:
        path.append(up)
    below: defaultdict[str | None, list[str]] = defaultdict(list)
    for one in parents:
        if one not in hidden:
            below[above(one)].append(one)
    found: list[tuple[str, str | None]] = []
    ahead: list[tuple[str, str | None]] = [(path[-1], None)]
    met: set[str] = set()
    while ahead:
        one, up = ahead.pop()
        if one not in met:
            met.add(one)
            found.append((one, up))
            ahead.extend((child, one) for child in reversed(below[one]))
    kept = {one for one, _ in found[: max(0, most - len(path))]} | set(path)
    return [pair for pair in found if pair[0] in kept]

"""The arguments of the page's operations, checked; each class is one row of the contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...domain.annotations import MOST_WORDS, Mark, Place
from ...domain.frozen import Frozen
from ...domain.requests.regions import Region
from ...domain.types import Listing

Piece = Annotated[str, Field(max_length=700_000)]  # base64 of 500 KB and some


class Nothing(Frozen):
    """No arguments."""


class List(Frozen):
    """A page of pictures, newest first; `edge` is the thumbnails' longest side, 0 for none."""

    query: str | None = None
    kind: Listing | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 24
    cursor: str | None = None
    edge: Annotated[int, Field(ge=0, le=512)] = 320


class One(Frozen):
    """One picture, by any reference that agents use."""

    image: str


class Pixels(Frozen):
    """A picture, or its part `crop` (left, top, width, height in pixels), as large as `edge`."""

    image: str
    edge: Annotated[int, Field(ge=32, le=4096)] = 2048
    crop: tuple[float, float, float, float] | None = None


class Beside(Frozen):
    """What a person marks on a picture now; `regions` is left out where it is as before."""

    image: str
    person: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{4,40}$")]
    regions: Annotated[tuple[Region, ...] | None, Field(max_length=300)] = None
    at: tuple[float, float] | None = None


class Compare(Frozen):
    """An edited picture beside what it was edited from; the whole is as large as `edge`."""

    image: str
    edge: Annotated[int, Field(ge=64, le=2048)] = 2048


class File(Frozen):
    """A piece of a picture's own file, from byte `offset` on."""

    image: str
    offset: Annotated[int, Field(ge=0)] = 0


class Forget(Frozen):
    images: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]


class Cancel(Frozen):
    job: str


class Upload(Frozen):
    """A piece of a picture from the person; `upload` names the whole, `last` ends it."""

    upload: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,40}$")]
    offset: Annotated[int, Field(ge=0)]
    data: Piece
    last: bool = False
    name: Annotated[str, Field(max_length=200)] = "dropped"
    kind: Literal["dropped", "sketch"] | None = "dropped"


class Annotate(Frozen):
    """A mark on a picture; see domain.annotations.Annotation for its fields."""

    image: str
    kind: Mark
    words: Annotated[str, Field(max_length=MOST_WORDS)] = ""
    x: Place | None = None
    y: Place | None = None
    points: tuple[tuple[Place, Place], ...] = ()
    mask: str | None = None


class Name(Frozen):
    """A name for a picture, with or without its `@`."""

    image: str
    name: str


class Unname(Frozen):
    name: str


class Annotations(Frozen):
    image: str | None = None


class Unannotate(Frozen):
    id: str


class Changes(Frozen):
    """Whether anything is new since the `revision` of the last answer."""

    since: str = ""

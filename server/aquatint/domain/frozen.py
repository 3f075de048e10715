"""What our values are built on: frozen models that refuse unknown fields, and lenient lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _several(given: object) -> object:  # one string as a list of one, nothing as an empty list
    return () if given is None else (given,) if isinstance(given, str) else given


# A schema without `anyOf` or a list of types: some clients refuse either. One string, which it
# leaves out, is taken all the same.
Strings = Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=list[str])]


def rows_of(stored: object, *fields: str) -> object:
    """A stored list, with its bare words as rows that say them in these fields."""
    if not isinstance(stored, list | tuple):
        return stored
    rows = cast("Sequence[object]", stored)
    return [dict.fromkeys(fields, one) if isinstance(one, str) else one for one in rows]

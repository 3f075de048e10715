"""The only reader of the models table: TOML in, frozen rows out, and clear words on a bad one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from types import GenericAlias
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..errors import Misconfigured
from .rows import Defaults, Gif, Model, Prices, Tokens
from .sizes import Fixed, Grid, Rule, largest

Table = dict[str, Any]  # what TOML gives; ends in this module
T = TypeVar("T")

OWN = frozenset({"ids", "also", "like", "retired", "successor"})  # what `like` does not hand on
SECTIONS = ("defaults", "sizes", "gif", "prices", "authors", "tokens", "models")


def read(text: str) -> tuple[tuple[Model, ...], Defaults]:
    """Rows and defaults, each valid by itself. Raises Misconfigured naming row and field."""
    try:
        doc: Table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise wrong(f"it cannot be read as TOML: {exc}") from exc
    for section in doc:
        _known(section, SECTIONS, f"[{section}]")
    sizes = _sizes(doc)
    named: dict[str, Mapping[str, object]] = {
        "sizes": sizes,
        "fit": sizes,
        "gif": _gifs(doc, sizes),
        "prices": _values(Prices, doc.get("prices", {}), "prices"),
        "tokens": _values(Tokens, doc.get("tokens", {}), "tokens"),
    }
    raw = _tables(doc, "models")
    rows = {row: _resolved(_inherited(row, raw, ()), named, f"row {row!r}") for row in raw}
    authors = _values(Prices, doc.get("authors", {}), "authors")
    for row, fields in rows.items():
        fields |= {"row": row, "authors": authors}
    models = _values(Model, rows, "models")
    for row, model in models.items():
        if "gif" in model.formats and model.gif is None:
            raise wrong(f"row {row!r}, field 'gif': missing, though formats has gif")
    defaults = _values(Defaults, {"defaults": doc.get("defaults", {})}, "top level")
    return tuple(models.values()), defaults["defaults"]


def wrong(what: str) -> Misconfigured:
    return Misconfigured(
        f"The models table is unusable: {what}.",
        "Correct the file that AQUATINT_MODELS names, or unset it to use the built-in table.",
    )


def _values(kind: type[T], tables: object, section: str) -> dict[str, T]:
    """A section's tables as values of `kind`, no field unknown and none missing."""
    whole: Any = GenericAlias(dict, (str, kind))
    try:
        return TypeAdapter[dict[str, T]](whole).validate_python(tables, extra="forbid")
    except ValidationError as exc:
        faults: list[str] = []
        for error in exc.errors(include_url=False)[:3]:
            row, *field = [str(part) for part in error["loc"]] or ["?"]
            faults.append(f"[{section}] row {row!r}, field {'.'.join(field)!r}: {error['msg']}")
        raise wrong("; ".join(faults)) from exc


def _tables(doc: Table, section: str) -> dict[str, Table]:
    return _values(Table, doc.get(section, {}), section)


def _inherited(row: str, rows: Mapping[str, Table], below: tuple[str, ...]) -> Table:
    if row in below:
        raise wrong(f"row {row!r}, field 'like': goes in a circle")
    like = rows[row].get("like")
    if like is None:
        return rows[row]
    _known(like, rows, f"row {row!r}, field 'like'")
    parent = _inherited(like, rows, (*below, row))
    return {name: value for name, value in parent.items() if name not in OWN} | rows[row]


def _resolved(fields: Table, named: Mapping[str, Mapping[str, object]], where: str) -> Table:
    """Puts tables in the place of their names; an empty name stands for none."""
    whole = {name: value for name, value in fields.items() if name != "like"}
    for field, tables in named.items():
        name = whole.pop(field, "")
        if name != "":
            _known(name, tables, f"{where}, field {field!r}")
            whole[field] = tables[name]
    return whole


def _sizes(doc: Table) -> dict[str, Rule]:
    raw = _tables(doc, "sizes")
    fixed = _values(Fixed, {n: t for n, t in raw.items() if "only" in t}, "sizes")
    grids = _values(Grid, {n: t for n, t in raw.items() if "only" not in t}, "sizes")
    for name, rule in fixed.items():
        if not rule.only or min(min(size) for size in rule.only) < 1:
            raise wrong(f"[sizes] row {name!r}, field 'only': needs sizes of at least 1x1")
    for name, rule in grids.items():
        for field, value in (("multiple", rule.multiple), ("max_edge", rule.max_edge)):
            if not 1 <= value <= 65_536:
                raise wrong(f"[sizes] row {name!r}, field {field!r}: {value} is not in 1..65536")
        if not largest(rule):
            raise wrong(f"[sizes] row {name!r}, field 'max_pixels': no square size is left")
    return {**fixed, **grids}


def _gifs(doc: Table, sizes: Mapping[str, Rule]) -> dict[str, Gif]:
    raw = _tables(doc, "gif")
    whole = {name: _resolved(raw[name], {"sizes": sizes}, f"[gif] row {name!r}") for name in raw}
    gifs = _values(Gif, whole, "gif")
    for name, gif in gifs.items():
        counts = range(gif.frames[0], gif.frames[1] + 1) if gif.sheet else ()
        for frames in counts:
            if gif.sheet and not largest(gif.sheet.frame(frames)):
                raise wrong(
                    f"[gif] row {name!r}, field 'sheet': no size is left at {frames} frames"
                )
    return gifs


def _known(name: object, names: Collection[str], where: str) -> None:
    if name in names:
        return
    near = difflib.get_close_matches(str(name), list(names), 1)
    raise wrong(f"{where}: there is no {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))

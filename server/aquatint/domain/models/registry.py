"""Which model serves a name, today and at that service; what else asks about models starts here."""

from __future__ import annotations

import datetime
import difflib
from dataclasses import dataclass
from fnmatch import fnmatchcase

from . import table
from .prices import Estimate, about_tokens, cost, estimate, tokens, with_price
from .rows import Defaults, Endpoint, EngineName, Gif, Model, Prices, Tokens
from .sizes import parse_ratio, parse_size

__all__ = [
    "Choice",
    "Defaults",
    "Endpoint",
    "Estimate",
    "Gif",
    "Model",
    "Models",
    "Prices",
    "Tokens",
    "about_tokens",
    "cost",
    "estimate",
    "parse",
    "tokens",
    "with_price",
]


@dataclass(frozen=True, slots=True)
class Choice:
    """The row a request is drawn by, the name to send, and what the caller must be told.

    `peers` are the provider's other live models for that task, by id, for the fixes of errors.
    `nearby`: the service runs on this machine or in its network, and draws what it is given.
    `asked` is the name that the caller gave, where this model replaces it.
    """

    model: Model
    name: str
    warnings: tuple[str, ...] = ()
    peers: tuple[tuple[str, Model], ...] = ()
    nearby: bool = False
    asked: str | None = None

    @property
    def words(self) -> str:
        """The model as an error names it: as the caller did, and what draws in its place."""
        return self.name if self.asked is None else f"{self.asked} (drawn by {self.name})"


@dataclass(frozen=True, slots=True)
class Models:
    """The parsed table."""

    rows: tuple[Model, ...]
    defaults: Defaults

    def find(
        self,
        name: str | None,
        *,
        edit: bool,
        today: datetime.date,
        first_party: bool,
        engine_default: EngineName,
        nearby: bool = False,
    ) -> Choice:
        """The row for a name, or the default's for None. Never refuses.

        On OpenAI's own endpoint (`first_party`) a retired name goes to its successor, and a dying
        one is warned about; elsewhere names go through untouched.
        """
        name = name or self.usual(engine_default, edit=edit)
        model = self.row(name)
        if not first_party:
            unchecked = f"Nothing is known here about {name}, so it is not checked{_price(model)}."
            return Choice(model, name, (unchecked,) if model.unknown else (), nearby=nearby)
        endpoint: Endpoint = "edit" if edit else "generate"
        warnings: list[str] = []
        asked = None
        if not model.alive(today):
            asked, gone = name, model.retired
            while not model.alive(today):
                name = model.successor[endpoint]
                model = self.row(name)
            warnings.append(f"{asked} was shut down on {gone}; {name} takes its place.")
        if model.retired:
            heir = model.successor[endpoint]
            warnings.append(f"{name} shuts down on {model.retired}; use {heir} from now on.")
        if model.unknown:
            near = difflib.get_close_matches(name, self.names(today, edit), 3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            unchecked = f"{name} is not in the models table, so it is not checked{_price(model)}."
            warnings.append(unchecked + hint)
        live = ((peer, self.row(peer)) for peer in self.names(today, edit) if peer != name)
        peers = tuple((peer, row) for peer, row in live if row.engine == "openai")
        return Choice(model, name, tuple(warnings), peers, asked=asked)

    def names(self, today: datetime.date, edit: bool) -> tuple[str, ...]:
        """The ids that work today, those about to be shut down last."""
        endpoint = "edit" if edit else "generate"
        live = [m for m in self.rows if endpoint in m.endpoints and m.alive(today)]
        return tuple(i for m in sorted(live, key=lambda m: m.retired is not None) for i in m.ids)

    def usual(self, engine: EngineName, *, edit: bool) -> str:
        """The model that a call means that names none, where this engine draws such calls."""
        usual = self.defaults.edit if edit else self.defaults.generate
        if engine == "openai" or self.row(usual).engine == engine:
            return usual
        return self.defaults.draft if engine == "draft" else self.of_engine(engine).ids[0]

    def of_engine(self, engine: EngineName) -> Model:
        """The first row that this engine draws."""
        return next(row for row in self.rows if row.engine == engine)

    def row(self, name: str) -> Model:
        """The row of an exact id, else of the first pattern that fits, else the permissive one."""
        for model in self.rows:
            if name in model.ids or name in model.also:
                return model
        for model in self.rows:
            if not model.unknown and any(fnmatchcase(name, pattern) for pattern in model.also):
                return model
        return next(model for model in self.rows if model.unknown)


def parse(text: str) -> Models:
    """The models table from its text. Raises Misconfigured naming the row and field at fault."""
    models = Models(*table.read(text))
    if not any(model.unknown for model in models.rows):
        raise table.wrong('no row has also = ["*"], which serves the names that are not listed')
    seen: set[str] = set()
    for model in models.rows:
        for name in (*model.ids, *model.also):
            if name in seen:
                raise table.wrong(f"row {model.row!r}, field 'ids': {name!r} is in another row too")
            seen.add(name)
        for endpoint in model.endpoints if model.retired else ():
            _check_heir(models, model, endpoint)
    _check_defaults(models)
    return models


def _price(model: Model) -> str:
    return ", and its price is unknown" if model.usd_per_image is None else ""


def _check_defaults(models: Models) -> None:
    for field in ("generate", "edit", "draft"):
        if models.row(getattr(models.defaults, field)).unknown:
            raise table.wrong(f"row 'defaults', field {field!r}: no row has that id")
    size = models.defaults.size
    if size != "auto" and parse_size(size) is None and parse_ratio(size) is None:
        raise table.wrong(
            f"row 'defaults', field 'size': {size!r} is not a size, a ratio or a word"
        )


def _check_heir(models: Models, model: Model, endpoint: Endpoint) -> None:
    """Follows successors until one lives on."""
    start, passed = f"row {model.row!r}, field 'successor'", {model.row}
    while model.retired:
        name = model.successor.get(endpoint)
        if name is None:
            raise table.wrong(f"{start}: row {model.row!r} does not name one for {endpoint}")
        model = models.row(name)
        if model.unknown:
            raise table.wrong(f"{start}: no row has the id {name!r}")
        if model.row in passed:
            raise table.wrong(f"{start}: goes in a circle")
        passed.add(model.row)

"""What one row of the models table says, as frozen values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..types import Background, Format, Level, Quality
from .sizes import Fixed, Grid, Sheet

EngineName = Literal["openai", "comfy", "draft"]
Endpoint = Literal["generate", "edit"]
Counts = Mapping[Quality, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """USD per 1M tokens of each kind."""

    text_in: float
    image_in: float = 0.0
    image_out: float = 0.0
    text_out: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """How one picture is counted: levels of the published formula, a table, or USD by table.

    `at_most` multiplies the formula where only an upper bound is known; tables go by `WxH`.
    """

    levels: Counts = field(default_factory=dict[Quality, int])
    at_most: Mapping[Quality, float] = field(default_factory=dict[Quality, float])
    table: Mapping[str, Counts] = field(default_factory=dict[str, Counts])
    usd: Mapping[str, Mapping[Quality, float]] = field(
        default_factory=dict[str, Mapping[Quality, float]]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gif:
    """The limits of an animation. `sheet` is measured by others: advice; `sizes` is a rule."""

    frames: tuple[int, int]
    usual_frames: int
    ms: tuple[int, int]
    usual_ms: int
    ms_step: int
    sheet: Sheet | None = None
    sizes: Fixed | Grid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One family of models. What the fields mean, with sources, stands in `models.toml`.

    `fit` is the rule for sizes that we choose ourselves where that is not `sizes`.
    """

    row: str
    ids: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    engine: EngineName
    endpoints: tuple[Endpoint, ...]
    sizes: Fixed | Grid
    fit: Fixed | Grid | None = None
    qualities: tuple[Quality, ...]
    formats: tuple[Format, ...]
    backgrounds: tuple[Background, ...]
    alpha: tuple[Format, ...]
    fidelity: tuple[Literal["low", "high"], ...]
    complexity: tuple[Level, ...]
    preview: tuple[str, ...] = ()
    mask: bool
    markup: bool
    stream: bool
    seed: bool = False
    n: int
    prompt_chars: int
    images: int
    image_bytes: int
    mask_bytes: int
    gif: Gif | None = None
    prices: Prices | None = None
    tokens: Tokens | None = None
    authors: Mapping[str, Prices] = field(default_factory=dict[str, Prices])
    usd_per_image: float | None = None
    retired: datetime.date | None = None
    successor: Mapping[Endpoint, str] = field(default_factory=dict[Endpoint, str])

    @property
    def unknown(self) -> bool:
        """Whether this is the permissive row of names that the table does not list."""
        return "*" in self.also

    def alive(self, today: datetime.date) -> bool:
        return self.retired is None or today < self.retired


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What is taken when the caller does not say; `generate`, `edit` and `draft` are model ids."""

    generate: str
    edit: str
    draft: str
    quality: Quality
    size: str

"""Reads the engine's tables (words, figures, fonts), each once and only when it is needed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__name__.rpartition(".")[0]) / f"{name}.toml").read_text("utf-8"))

"""Others' JSON, in which nothing is certain: an object or a list, empty where none stands."""

from __future__ import annotations

import json
from typing import Any, cast


def as_object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def object_in(text: str | bytes) -> dict[str, Any]:
    try:
        return as_object(json.loads(text))
    except ValueError:
        return {}

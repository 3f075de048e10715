"""What a workflow needs that a ComfyUI does not have: nodes, models, other files. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ...domain.errors import Misconfigured
from ...domain.json_values import as_list, as_object
from .workflow import Graph, Roles, called

SHOWN = 5  # of a list of what is there


def check(graph: Graph, found: Roles, known: Mapping[str, Any], name: str) -> None:
    """Raises Misconfigured naming everything at once; `known` is /object_info of its classes."""
    lines = list(_missing(graph, found, known))
    if lines:
        raise Misconfigured(
            f"ComfyUI lacks what the workflow {name} needs: {'; '.join(lines)}.",
            "Install it in ComfyUI (its Manager finds missing nodes and models), or choose what is "
            "there in the workflow and export it again (API).",
            code="comfy_missing",
        )


def _missing(graph: Graph, found: Roles, known: Mapping[str, Any]) -> Iterator[str]:
    ours = {*found.images, *([found.mask] if found.mask else [])}
    for node in graph:
        kind = graph[node]["class_type"]
        spec = known.get(kind)
        if spec is None:
            yield f"{called(graph, node)} is of the kind {kind}, which is not installed"
            continue
        for name, value in graph[node]["inputs"].items():
            there = _choices(spec, name)
            if there is None or isinstance(value, list) or value in there:
                continue
            if node not in ours or name != "image":  # ours are uploaded first
                has = f"{called(graph, node)} has {name}={value!r}"
                yield f"{has}, and there is {_few(value, there)}"


def _choices(spec: Mapping[str, Any], name: str) -> list[object] | None:
    """What an input may be; None where that is no list. Both forms that /object_info has."""
    inputs = as_object(spec.get("input"))
    for part in ("required", "optional"):
        told = as_list(as_object(inputs.get(part)).get(name))
        if told and not isinstance(told[0], str):
            return as_list(told[0])
        if len(told) > 1 and told[0] == "COMBO":
            return as_list(as_object(told[1]).get("options"))
    return None


def _few(value: object, there: list[object]) -> str:
    words = [str(one) for one in there]
    near = difflib.get_close_matches(str(value), words, SHOWN, 0) or words[:SHOWN]
    more = f" and {len(words) - len(near)} more" if len(words) > len(near) else ""
    return (", ".join(near) + more) if words else "nothing"

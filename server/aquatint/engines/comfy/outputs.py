"""What ComfyUI's history says became of a prompt. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain.errors import AquatintError, Misconfigured, Unavailable
from ...domain.json_values import as_list, as_object
from ...domain.redaction import Gate
from .server import FOLDER, File
from .workflow import UNUSABLE

FAILED = "comfy_failed"  # the code of an error: a node raised it


@dataclass(frozen=True, slots=True)
class Outcome:
    """The file of a picture, and what must be told of it."""

    file: File
    notes: tuple[str, ...] = ()


def outcome_of(history: Mapping[str, Any], host: str, gate: Gate) -> Outcome:
    """Where the picture is. Raises what a node raised, with its title, or that it was stopped."""
    for message in map(as_list, as_list(as_object(history.get("status")).get("messages"))):
        kind, data = message[0] if message else "", as_object(message[-1]) if message else {}
        if kind == "execution_error":
            raise _failed(history, data, gate)
        if kind == "execution_interrupted":
            raise Unavailable(
                "It was interrupted in ComfyUI; nothing was paid.",
                "Call again if the picture is still wanted.",
                code="cancelled",
            )
    files = _files(as_object(history.get("outputs")))
    if not files:
        raise Misconfigured(
            f"The workflow ended on {host} without a picture.",
            "Title the node that saves the picture aquatint:output, and export it again (API).",
            code=UNUSABLE,
        )
    spare = len(files) - 1
    notes = (
        (f"The workflow saved {len(files)} pictures; the others are in ComfyUI's output folder.",)
        if spare
        else ()
    )
    return Outcome(files[0], notes)


def _files(outputs: Mapping[str, Any]) -> Sequence[File]:
    """Ours first, then what was saved, then what was only shown."""
    images = [
        as_object(image)
        for node in outputs.values()
        for image in as_list(as_object(node).get("images"))
    ]
    names = ("filename", "subfolder", "type")
    found = [
        {name: str(image.get(name) or "") for name in names}
        for image in images
        if isinstance(image.get("filename"), str)
    ]
    ours = [one for one in found if one["subfolder"].startswith(FOLDER)]
    return ours or [one for one in found if one["type"] == "output"] or found


def _failed(history: Mapping[str, Any], data: Mapping[str, Any], gate: Gate) -> AquatintError:
    node = str(data.get("node_id"))
    posted = as_list(history.get("prompt"))
    graph = as_object(posted[2]) if len(posted) > 2 else {}
    meta = as_object(as_object(graph.get(node)).get("_meta"))
    name = gate.words(str(meta.get("title") or data.get("node_type")), 80)
    why = gate.words(str(data.get("exception_message") or data.get("exception_type")), 400)
    memory = "OutOfMemory" in str(data.get("exception_type")) or "out of memory" in why.lower()
    fix = (
        "Ask for a smaller size or fewer pictures, or free the graphics card."
        if memory
        else "Run the workflow in ComfyUI itself; its console has the details."
    )
    return Unavailable(f"ComfyUI failed in node {node} ({name}): {why}", fix, code=FAILED)

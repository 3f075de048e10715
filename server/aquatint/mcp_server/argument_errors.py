"""What is wrong with the arguments of a call, in words that say what to write instead."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError

from ..domain.errors import BadRequest
from ..domain.requests.existing import ExportRequest
from ..domain.requests.extend import FORMS
from ..domain.requests.regions import FIELDS
from ..domain.requests.spellings import canonical
from ..domain.words import clean

MOST = 10  # problems that are listed
NAME = 60  # characters of a name that came from outside
LONGEST = 300  # characters of a value that is repeated
# What agents pass to get_image to have a file of it, by the name that export_image has for it.
EXPORT: dict[str, str] = dict.fromkeys(
    ("output_path", "output", "save_as", "filename", "path"), "save_to"
)
# What agents call our arguments elsewhere: the first of these that the tool has is meant.
MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("aspect_ratio", "ratio", "resolution", "image_size", "dimensions"), ("size",)),
    **dict.fromkeys(("width", "height", "resize"), ("size", "exact_size")),
    "size": ("exact_size",),
    "sizes": ("save_to",),
    **dict.fromkeys(("count", "number", "max", "max_results"), ("n", "limit")),
    **dict.fromkeys(("num_images", "num_outputs", "num", "samples", "batch_size"), ("n",)),
    **dict.fromkeys(
        ("path", "output", "output_path", "file", "filename", "save_as", "destination"),
        ("save_to",),
    ),
    **dict.fromkeys(("description", "text", "caption", "instruction", "instructions"), ("prompt",)),
    **dict.fromkeys(("style", "negative_prompt"), ("prompt",)),
    **dict.fromkeys(("prompt", "label", "object", "subject", "shape", "box"), ("regions",)),
    **dict.fromkeys(("id", "ref", "reference", "uri", "url", "picture"), ("image", "images")),
    **dict.fromkeys(("image_id", "source", "input", "input_image"), ("image", "images")),
    **dict.fromkeys(("response_format", "return_type"), ("reply",)),
    **dict.fromkeys(("search", "q", "words", "text"), ("prompt", "query")),
    **dict.fromkeys(("zoom", "region", "bbox", "area"), ("regions", "crop")),
    "output_format": ("format",),
    "output_compression": ("compression",),
    "quality": ("compression",),
    "page": ("cursor",),
    "type": ("kind",),
}
PICTURES = {"image", "images", "input_image", "reference_images", "mask"}
LISTS = {"crop": ": [x, y, width, height]", "save_to": " of file names", "regions": " of regions"}
NEAR = 0.7  # of difflib: less took description for moderation
WRITING = {*EXPORT, "save_to", "format", "exact_size", "background", "compression", "overwrite"}
PLAIN = {
    "extra_forbidden": "does not exist",
    "missing": "is required",
    "model_type": "must be an object like {kind: 'rect', x, y, width, height}",
    "model_attributes_type": "must be an object like {kind: 'rect', x, y, width, height}",
}


def refuse_unknown(tool: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raises BadRequest that names each argument that does not exist, with the nearest one."""
    unknown = [name for name in given if name not in known]
    if tool == "get_image" and any(name in WRITING for name in unknown):
        raise BadRequest(
            f"get_image does not write files. Call {_export(given)}",
            "Nothing was written.",
            code="unknown_argument",
        )
    lines: list[str] = []
    for name in unknown[:MOST]:
        near = next((one for one in MEANT.get(name, ()) if one in known), _near(name, known))
        hint = f"Did you mean '{near}'?" if near else f"It takes {', '.join(known)}."
        if tool == "generate_image" and name in PICTURES:
            hint = "edit_image takes pictures and masks."
        lines.append(f"{tool} has no argument '{clean(name, NAME)}'. {hint}")
    if lines:
        text = "\n".join([*lines, *_more(len(unknown))])
        raise BadRequest(text, "Nothing was sent.", code="unknown_argument")


def _export(given: Mapping[str, Any]) -> str:
    """The call of export_image that has the values of a call that was meant for it."""
    values: dict[str, Any] = {EXPORT.get(name, name): value for name, value in given.items()}
    if "save_to" not in values:
        extension = str(values.pop("format", "png"))
        values["save_to"] = f"picture.{clean(extension, 10)}"
    names = [name for name in (*ExportRequest.model_fields,) if name in values]
    words = ", ".join(f"{name}={_written(values[name])}" for name in names)
    tool = "export_image"
    return f"{tool}({words})"


def _written(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return clean(text, LONGEST) if len(text) <= LONGEST else "..."


def unknown_tool(name: str, known: Sequence[str]) -> BadRequest:
    return BadRequest(
        f"There is no tool '{clean(name, NAME)}'.",
        f"Call one of {', '.join(known)}.",
        code="unknown_tool",
    )


def malformed(tool: str, given: Mapping[str, Any], error: ValidationError) -> BadRequest:
    """Pydantic's findings, all at once, without its addresses and without echoing values."""
    found = error.errors(include_url=False, include_input=False)
    lines = dict.fromkeys(
        _problem(given, wrong["loc"], wrong["type"], wrong["msg"]) for wrong in found
    )
    shown = list(lines)[:MOST]
    return BadRequest(
        "\n".join([*shown, *_more(len(lines))]),
        f"Correct this and call {tool} again; nothing was sent.",
        code="bad_arguments",
    )


def _problem(given: Mapping[str, Any], place: tuple[int | str, ...], kind: str, text: str) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    name = clean(where.removeprefix("."), NAME) or "arguments"
    if told := _of_a_region(_region(given, place), place, kind, name):
        return told
    if place[:1] == ("extend",):
        return f"extend is one text: {FORMS}."
    if place == ("mask",) and kind == "string_type":
        return "mask is one picture: call make_mask(image, regions) first, and pass its image://id."
    if kind == "tuple_type":
        return f"{name} must be a list{LISTS.get(name, '')}."
    return f"{name} {PLAIN[kind]}." if kind in PLAIN else f"{name}: {text}."


def _of_a_region(
    region: str | None, place: tuple[int | str, ...], kind: str, name: str
) -> str | None:
    """What is wrong within a list of regions or a crop, told by the region's kind if it has one."""
    if region is not None and kind == "extra_forbidden":
        fields = ("op", *FIELDS[region])
        near = _near(str(place[-1]), fields)
        hint = f" Did you mean '{near}'?" if near else ""
        return f"{name} does not exist: kind '{region}' takes {', '.join(fields)}.{hint}"
    if region is not None and "points" in place:
        return f"{name}: write points as [[x, y], ...]."
    if place[:1] == ("regions",) and place[2:] == ("kind",) and kind == "missing":
        return f"{name} is required: one of {', '.join(FIELDS)}."
    if place[:1] in {("regions",), ("crop",)} and kind == "float_parsing":
        return f'{name} is no number: write pixels, or a share like 0.33 with units="fraction".'
    return None


def _region(given: Mapping[str, Any], place: tuple[int | str, ...]) -> str | None:
    """The kind of the region that a place lies in, however the caller wrote it."""
    regions = given.get("regions")
    try:
        if isinstance(regions, str):  # some hosts send lists as JSON in a string
            regions = json.loads(regions)
        kind = canonical(cast("Any", regions)[place[1]])["kind"]
        known = kind in FIELDS
    except (TypeError, LookupError, ValueError):
        return None
    return kind if known else None


def _near(name: str, known: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name[:NAME], known, n=1, cutoff=NEAR)), None)


def _more(count: int) -> list[str]:
    return [f"And {count - MOST:,} more."] if count > MOST else []

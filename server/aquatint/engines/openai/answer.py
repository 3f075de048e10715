"""Finds pictures, usage and errors in a parsed answer, in the dialects services speak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from ...domain.types import Usage
from ...domain.words import clean

Found = int | str  # the number of a part, or an address to fetch


@dataclass(frozen=True, slots=True)
class Answer:
    """One document, understood. `error` is what stood where an error stands, None without one."""

    images: tuple[Found, ...] = ()
    usage: Usage | None = None
    model: str | None = None
    error: object = None
    type: str = ""  # of an event, "" in a plain answer
    index: int = 0  # of a partial picture


def understand(value: object) -> Answer:
    """Read a document whose pictures were replaced by their numbers; anything goes in."""
    whole = table(value)
    kind = whole.get("type")
    kind = kind if isinstance(kind, str) else ""
    model = whole.get("model")
    index = whole.get("partial_image_index")
    images = tuple(_images(whole))
    return Answer(
        images=images,
        usage=_usage(whole),
        model=clean(model, 100) if isinstance(model, str) else None,
        error=_error(whole, kind, found=bool(images)),
        type=kind,
        index=index if isinstance(index, int) else 0,
    )


def table(value: object) -> dict[str, object]:
    """The value where it is a JSON object, an empty one otherwise."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def rows(value: object) -> list[object]:
    """The value where it is a JSON array, an empty one otherwise."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _images(whole: dict[str, object]) -> Iterator[Found]:
    """OpenAI's `data[]` and `b64_json`, and the chat dialect's `message.images[]`."""
    items = [*rows(whole.get("data")), *rows(whole.get("images"))]
    messages = [table(whole.get("message"))]
    messages += [table(table(choice).get("message")) for choice in rows(whole.get("choices"))]
    for message in messages:
        items += rows(message.get("images"))
    if "b64_json" in whole:
        items.append(whole)
    for item in items:
        found = _image(item)
        if found is not None:
            yield found


def _image(item: object) -> Found | None:
    if isinstance(item, dict):
        fields = table(cast(object, item))
        for key in ("b64_json", "url", "image_url"):
            found = _image(fields.get(key))
            if found is not None:
                return found
        return None
    if isinstance(item, str):
        return item.strip() or None
    return item if isinstance(item, int) and not isinstance(item, bool) else None


def _error(whole: dict[str, object], kind: str, *, found: bool) -> object:
    if whole.get("error"):
        return whole["error"]
    if kind == "error" or kind.endswith(".failed"):
        return whole
    return whole.get("detail") if not (found or kind) else None


def _usage(whole: dict[str, object]) -> Usage | None:
    usage, svg = table(whole.get("usage")), table(whole.get("svg_usage"))
    if not usage and not svg:
        return None
    into, out = table(usage.get("input_tokens_details")), table(usage.get("output_tokens_details"))
    image_in, text_out = _count(into, "image_tokens"), _count(out, "text_tokens")
    author = svg.get("model")
    return Usage(
        text_in=_count(into, "text_tokens") or max(_count(usage, "input_tokens") - image_in, 0),
        image_in=image_in,
        image_out=_count(out, "image_tokens") or max(_count(usage, "output_tokens") - text_out, 0),
        text_out=text_out,
        svg_model=clean(author, 100) if isinstance(author, str) else None,
        svg_in=_count(svg, "input_tokens"),
        svg_out=_count(svg, "output_tokens"),
    )


def _count(tokens: dict[str, object], key: str) -> int:
    value = tokens.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

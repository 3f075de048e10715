"""Finds pictures, usage and errors in a parsed answer, in the dialects services speak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from ...domain.json_values import as_list, as_object
from ...domain.redaction import Gate
from ...domain.usage import Usage

Found = int | str  # the number of a part, or an address to fetch


@dataclass(frozen=True, slots=True)
class Answer:
    """One document, understood. `error` is what stood where an error stands, None without one.

    Its words went through the gate, but for the addresses of pictures, which are to be fetched.
    """

    images: tuple[Found, ...] = ()
    usage: Usage | None = None
    counted: bool = False  # whether usage came, readable or not
    model: str | None = None
    error: object = None
    type: str = ""  # of an event, "" in a plain answer
    index: int = 0  # of a partial picture
    cost: object = None  # in dollars, where the service says

    @property
    def final(self) -> bool:
        """A whole answer, or a stream's last event; some services leave its type out."""
        return not self.type or self.type.endswith("completed")


@dataclass(frozen=True, slots=True)
class Most:
    """The most tokens that a request can be billed: pictures drawn, sent, and bytes of prompt.

    The dearest picture that is documented takes 23,700 tokens, an input about 1,200.
    """

    drawn: int
    sent: int = 0
    prompt: int = 0

    def allows(self, usage: Usage) -> bool:
        each = 100_000
        return (
            usage.text_in + usage.image_in <= 2 * self.prompt + each * (1 + self.sent)
            and usage.image_out + usage.text_out <= each * self.drawn
            and usage.svg_in + usage.svg_out <= 10 * each
        )


def understand(value: object, gate: Gate, event: str = "") -> Answer:
    """Read a document whose pictures were replaced by their numbers; anything goes in.

    `event` is what its stream called it, for the services that leave its type out.
    """
    whole = as_object(value)
    kind = whole.get("type")
    kind = kind if isinstance(kind, str) else event
    index = whole.get("partial_image_index")
    images = tuple(_images(whole))
    return Answer(
        images=images,
        usage=tokens_of(whole, gate),
        counted=bool(as_object(whole.get("usage")) or as_object(whole.get("svg_usage"))),
        model=_name(whole.get("model"), gate),
        error=gate.value(_error(whole, kind, found=bool(images))),
        type=kind,
        index=index if isinstance(index, int) else 0,
        cost=as_object(whole.get("usage")).get("cost"),
    )


def _name(value: object, gate: Gate) -> str | None:
    return gate.words(value, 100) if isinstance(value, str) else None


def _images(whole: dict[str, object]) -> Iterator[Found]:
    """OpenAI's `data[]` and `b64_json`, and the chat dialect's `message.images[]`."""
    items = [*as_list(whole.get("data")), *as_list(whole.get("images"))]
    messages = [as_object(whole.get("message"))]
    messages += [
        as_object(as_object(choice).get("message")) for choice in as_list(whole.get("choices"))
    ]
    for message in messages:
        items += as_list(message.get("images"))
    if "b64_json" in whole:
        items.append(whole)
    for item in items:
        found = _image(item)
        if found is not None:
            yield found


def _image(item: object) -> Found | None:
    if isinstance(item, dict):
        fields = as_object(cast(object, item))
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


def tokens_of(whole: dict[str, object], gate: Gate) -> Usage | None:
    """What `usage` and `svg_usage` count; None without any, or when one of them is not a count."""
    usage, svg = as_object(whole.get("usage")), as_object(whole.get("svg_usage"))
    if not usage and not svg:
        return None
    into, out = (
        as_object(usage.get("input_tokens_details")),
        as_object(usage.get("output_tokens_details")),
    )
    try:
        image_in, text_out = _count(into, "image_tokens"), _count(out, "text_tokens")
        all_in, all_out = _count(usage, "input_tokens"), _count(usage, "output_tokens")
        return Usage(
            text_in=_count(into, "text_tokens") or max(all_in - image_in, 0),
            image_in=image_in,
            image_out=_count(out, "image_tokens") or max(all_out - text_out, 0),
            text_out=text_out,
            svg_model=_name(svg.get("model"), gate),
            svg_in=_count(svg, "input_tokens"),
            svg_out=_count(svg, "output_tokens"),
        )
    except ValueError:
        return None


def _count(tokens: dict[str, object], key: str) -> int:
    """Raises ValueError for what is not a count."""
    value = tokens.get(key) or 0
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(key)
    return value

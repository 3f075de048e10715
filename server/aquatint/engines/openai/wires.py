"""What is sent to services whose wire is another one: a path and a JSON body, in place of files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...domain.models.sizes import parse_size
from .request import Call, Upload, data_url

_XAI_RATIOS = (
    "1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "19.5:9", "9:19.5", "20:9",
    "9:20",
)  # fmt: skip
Sent = tuple[str, dict[str, Any]]  # below the base URL; the body


def xai(call: Call) -> Sent:
    """Edits as JSON, and shapes for sizes. Source: docs.x.ai, image generation; several pictures
    as `images` by other programs' code."""
    body = {**call.arguments, **call.extra}
    images = _uploads(body)
    if size := parse_size(str(body.pop("size", ""))):
        body["aspect_ratio"] = min(_XAI_RATIOS, key=lambda ratio: _distance(ratio, size))
    shown = [{"type": "image_url", "url": data_url(one[1])} for one in images]
    if not shown:
        return "images/generations", body
    return "images/edits", body | ({"images": shown} if shown[1:] else {"image": shown[0]})


def openrouter(call: Call) -> Sent:
    """One address for both, pictures as references. Source: openrouter.ai, the images API."""
    body = {**call.arguments, **call.extra}
    images = _uploads(body)
    if images:
        body["input_references"] = [
            {"type": "image_url", "image_url": {"url": data_url(one[1])}} for one in images
        ]
    return "images", body


WIRES: Mapping[str, Callable[[Call], Sent]] = MappingProxyType(
    {"xai": xai, "openrouter": openrouter}
)


def _uploads(body: dict[str, Any]) -> list[Upload]:
    """Takes the pictures out of a call."""
    given: list[Upload] | Upload | None = body.pop("image", None)
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def _distance(ratio: str, size: tuple[int, int]) -> float:
    wide, high = ratio.split(":")
    return abs(math.log(float(wide) / float(high) * size[1] / size[0]))

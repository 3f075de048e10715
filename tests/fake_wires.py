"""Services whose requests are other ones, as strict as they are; what they mean in OpenAI's words.

Shapes: docs.x.ai (image generation), openrouter.ai (the images API), and facts/engines.md.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from fake_openai import Bad, File, Got

OPENAIS = "gpt-image-2.5-flare"  # that draws what models of other names are asked for
XAI = {
    "model", "prompt", "n", "response_format", "aspect_ratio", "resolution", "image", "images",
}  # fmt: skip
OPENROUTER = {
    "model", "prompt", "n", "size", "quality", "background", "output_format", "output_compression",
    "seed", "aspect_ratio", "resolution", "input_references",
}  # fmt: skip


def understood(got: Got, wire: str) -> Got:
    """The same request as OpenAI has it."""
    if not got.headers.get("content-type", "").startswith("application/json"):
        raise Bad(415, "Expected request with `Content-Type: application/json`")
    return _xai(got) if wire == "xai" else _openrouter(got)


def told(reply: dict[str, Any], wire: str) -> dict[str, Any]:
    """The reply as the service words it."""
    if wire != "openrouter":
        return {"data": [{**one, "mime_type": "image/jpeg"} for one in reply["data"]]}
    data = [{**one, "media_type": "image/png"} for one in reply["data"]]
    return {"created": reply["created"], "data": data, "usage": {"total_tokens": 9, "cost": 0.0125}}


def _known(got: Got, names: set[str]) -> None:
    for name in got.fields:
        if name not in names:
            raise Bad(400, f"Argument not supported: {name}", param=name)


def _xai(got: Got) -> Got:
    _known(got, XAI)
    fields = got.fields
    edits = got.path == "images/edits"
    images: list[dict[str, str]] = fields.get("images") or (
        [fields["image"]] if "image" in fields else []
    )
    if edits is not bool(images) or len(images) > 3:
        raise Bad(400, "An edit has 1 to 3 images.", param="image")
    wide, high = map(float, str(fields.get("aspect_ratio", "1:1")).split(":"))
    size = f"{round(64 * (wide / high) ** 0.5) * 16}x{round(64 * (high / wide) ** 0.5) * 16}"
    files = [_file(image["url"]) for image in images if image["type"] == "image_url"]
    return _ours(got, edits, {"size": size, "n": fields.get("n", 1)}, files)


def _openrouter(got: Got) -> Got:
    _known(got, OPENROUTER)
    if got.path != "images":
        raise Bad(404, "Not Found")
    fields = {name: got.fields[name] for name in got.fields if name != "input_references"}
    given: list[dict[str, Any]] = got.fields.get("input_references") or []
    files = [_file(one["image_url"]["url"]) for one in given if one["type"] == "image_url"]
    return _ours(got, bool(files), {"size": "1024x1024", **fields}, files)


def _ours(got: Got, edits: bool, fields: dict[str, Any], files: list[File]) -> Got:
    path = "images/edits" if edits else "images/generations"
    named = {**fields, "prompt": got.fields["prompt"], "model": OPENAIS}
    return replace(got, path=path, fields=named, files={"image": files} if files else {})


def _file(url: str) -> File:
    head, _, body = url.partition(",")
    mime = head.removeprefix("data:").removesuffix(";base64")
    return File("input", base64.b64decode(body, validate=True), mime)

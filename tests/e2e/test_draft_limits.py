"""A draft takes more than a model that is paid for: what the default one would refuse is said."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import Connect, MakeApp
from fake_openai import fake_openai
from retouching import paying
from words import images_of, refusal, text_of

WOULD = "gpt-image-2.5-flare would refuse this: "
# what passes as a draft, and what the warning says to pass instead
LOOSE: list[tuple[dict[str, Any], str]] = [
    ({"size": "1920x1080"}, "exact_size=1920x1080"),
    ({"size": "64x64"}, "exact_size=64x64"),
    ({"size": "5:1"}, "size="),
    ({"format": "gif", "frames": 2, "size": "128x128"}, "model=gpt-image-2.6-flare"),
]


@pytest.mark.parametrize(("asked", "instead"), LOOSE, ids=lambda value: str(value)[:30])
async def test_what_a_model_would_refuse_is_said_of_a_draft(
    connect: Connect, make_app: MakeApp, asked: dict[str, Any], instead: str
) -> None:
    arguments = {"prompt": "A red fox", "reply": "path", **asked}
    async with connect() as client:
        result = await client.call_tool("generate_image", arguments)
        dry = await client.call_tool("generate_image", {**arguments, "dry_run": True})
    async with paying(make_app, fake_openai()) as client:
        told = await refusal(client, **arguments)
    assert images_of(result)
    for one in (result, dry):
        assert one.structured_content
        warnings = [w for w in one.structured_content["warnings"] if w.startswith(WOULD)]
        assert warnings
        assert instead in "".join(warnings)
        for warning in warnings:  # the very words of the refusal
            assert warning.removeprefix(WOULD) in told.replace("\n", " ")
            assert warning in text_of(one)


@pytest.mark.parametrize("asked", [{}, {"size": "16:9"}, {"exact_size": "1080x1080"}])
async def test_what_a_model_takes_has_no_such_warning(
    connect: Connect, asked: dict[str, Any]
) -> None:
    async with connect() as client:
        result = await client.call_tool(
            "generate_image", {"prompt": "A red fox", "reply": "path", **asked}
        )
    assert "would refuse" not in text_of(result)


async def test_another_service_decides_for_itself(make_app: MakeApp) -> None:
    elsewhere = {"OPENAI_BASE_URL": "https://gateway.test/v1"}
    async with paying(make_app, fake_openai(), **elsewhere) as client:
        result = await client.call_tool(
            "generate_image", {"prompt": "A fox", "model": "draft", "size": "64x64"}
        )
    assert images_of(result)
    assert "would refuse" not in text_of(result)

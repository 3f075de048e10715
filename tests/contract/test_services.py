"""Services that differ, replayed: what is refused before paying, left out, added, and told."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from aquatint.domain import errors
from aquatint.domain.engine import Inputs
from aquatint.engines.openai.services import named, services
from contract.test_openai import Desk, an_engine, image
from fake_openai import misbehave

HOSTS = {
    "azure": "https://acme.openai.azure.com/openai/v1/",
    "openrouter": "https://openrouter.ai/api/v1",
    "vercel": "https://ai-gateway.vercel.sh/v1",
    "xai": "https://api.x.ai/v1",
    "together": "https://api.together.xyz/v1",
    "localai": "http://localai:8080/v1",
    "cometapi": "https://api.cometapi.com/v1",
    "reseller": "https://api.apiyi.com/v1",
}
HOME = "http://10.0.0.5:8000/v1"  # that of no service
MASKED = Inputs((image(),), image("RGBA"))


def engine_of(desk: Desk, key: str, **more: Any) -> Any:
    """An engine at the service's own address, or at one that a setting says it of; the service
    is as strict about what it takes as the table says."""
    row = named(key)
    desk.fake.takes, desk.fake.rejects = frozenset(row.adds), row.omits
    desk.fake.wire = row.wire
    if key in HOSTS:
        return desk.engine(HOSTS[key], **more)
    return desk.engine(HOME, service=key, **more)


ALL = [key for key in services() if key != "openai"]


@pytest.mark.parametrize("key", ALL)
async def test_a_generation_is_sent_as_the_service_takes_it_or_refused_unpaid(
    desk: Desk, key: str
) -> None:
    row, engine = named(key), engine_of(desk, key)
    if not row.speaks:
        error = await desk.fail(engine=engine)
        assert error.reason == "no_such_route"
        assert error.fix == row.fix
        assert not desk.fake.paid
        return
    finished = await desk.draw(engine)
    sent = desk.sent().fields
    assert not set(sent) & row.omits
    assert row.adds.items() <= sent.items()
    told = " ".join(finished.notes)
    assert ("left out" in told) is bool(row.omits)
    if row.bare:
        assert set(sent) == {"model", "prompt"}


@pytest.mark.parametrize("key", ALL)
async def test_an_edit_is_sent_or_refused_unpaid(desk: Desk, key: str) -> None:
    row, engine = named(key), engine_of(desk, key)
    if row.speaks and row.edits:
        finished = await desk.draw(engine, MASKED, images=("a",), mask="m")
        assert ("mask" in desk.sent().files) is row.masks
        assert not row.wire or not desk.sent().files, "its pictures are in the JSON"
        assert ("reads no masks" in " ".join(finished.notes)) is not row.masks
        return
    with pytest.raises(errors.AquatintError) as caught:
        await desk.draw(engine, MASKED, images=("a",), mask="m")
    error = caught.value
    assert error.spent == "no"
    assert row.name in error.message
    assert not desk.fake.paid


@pytest.mark.parametrize("key", [key for key in ALL if named(key).speaks])
async def test_early_looks_are_asked_for_where_there_are_any(desk: Desk, key: str) -> None:
    row = named(key)
    finished = await desk.draw(engine_of(desk, key), partials=2)
    assert ("partial_images" in desk.sent().fields) is row.streams
    assert ("no early looks" in " ".join(finished.notes)) is not row.streams


async def test_what_the_caller_chose_is_refused_and_never_left_out(desk: Desk) -> None:
    chosen = frozenset({"size", "quality"})
    error = await desk.fail(engine=engine_of(desk, "together"), chosen=chosen)
    assert isinstance(error, errors.ModelCannot)
    assert "Together at api.together.xyz takes no quality, size" in error.message
    assert not desk.fake.paid


async def test_a_seed_goes_as_the_service_takes_it(desk: Desk) -> None:
    await desk.draw(engine_of(desk, "sd-server"))
    assert (
        desk.sent().fields["prompt"].endswith('<sd_cpp_extra_args>{"seed":-1}</sd_cpp_extra_args>')
    )
    await desk.draw(engine_of(desk, "sd-server"), seed=7)
    assert desk.sent().fields["prompt"].endswith('{"seed":7}</sd_cpp_extra_args>')
    assert "seed" not in desk.sent().fields
    desk.fake.takes = frozenset({"seed"})
    await desk.draw(desk.engine("http://localai:8080/v1"), seed=7)
    assert desk.sent().fields["seed"] == 7


@pytest.mark.parametrize(
    ("size", "shape"),
    [("1024x1024", "1:1"), ("1536x1024", "3:2"), ("1920x1088", "16:9"), ("640x1408", "9:20")],
)
async def test_xai_is_asked_for_the_nearest_shape(desk: Desk, size: str, shape: str) -> None:
    finished = await desk.draw(engine_of(desk, "xai"), size=size, n=2)
    assert desk.sent().fields["aspect_ratio"] == shape
    assert len(finished.parts) == 2
    assert (desk.sent().path, desk.sent().method) == ("images/generations", "POST")


async def test_xai_takes_pictures_as_json(desk: Desk) -> None:
    one, two = image(), image("L")
    await desk.draw(engine_of(desk, "xai"), Inputs((one,)), images=("a",))
    sent = desk.sent()
    assert sent.path == "images/edits"
    assert base64.b64decode(sent.fields["image"]["url"].partition(",")[2]) == one
    assert "images" not in sent.fields
    await desk.draw(engine_of(desk, "xai"), Inputs((one, two)), images=("a", "b"))
    assert len(desk.sent().fields["images"]) == 2
    assert "image" not in desk.sent().fields
    four = Inputs((one, one, one, one))
    error = await desk.fail(engine=engine_of(desk, "xai"), inputs=four, images=("a",) * 4)
    assert "1 to 3 images" in error.message


async def test_openrouter_has_one_address_and_tells_the_price(desk: Desk) -> None:
    finished = await desk.draw(engine_of(desk, "openrouter"), model="openai/gpt-image-2")
    sent = desk.sent()
    assert (sent.host, sent.path) == ("openrouter.ai", "images")
    assert sent.headers["authorization"] == "Bearer sk-test"
    assert sent.fields == {"model": "openai/gpt-image-2", "prompt": "a cat"}
    assert finished.cost_usd == 0.0125
    chosen = frozenset({"size", "quality"})
    asked = {"size": "1536x1024", "quality": "high", "n": 2, "images": ("a",)}
    inputs = Inputs((image(),))
    finished = await desk.draw(engine_of(desk, "openrouter"), inputs, chosen=chosen, **asked)
    fields = desk.sent().fields
    assert (fields["size"], fields["quality"], fields["n"]) == ("1536x1024", "high", 2)
    url = fields["input_references"][0]["image_url"]["url"]
    assert base64.b64decode(url.partition(",")[2]) == inputs.images[0]
    assert "output_format" not in fields


@pytest.mark.parametrize("key", ["xai", "openrouter"])
async def test_another_wire_fails_in_the_same_words(desk: Desk, key: str) -> None:
    desk.fake.script = ["rate_limit", "ok"]
    await desk.draw(engine_of(desk, key))
    assert desk.kinds() == ["Sent", "Waiting", "Sent", "Finished"]
    for mode, kind in (("moderation", errors.Refused), ("500", errors.Unavailable)):
        error = await desk.fail(mode, engine=engine_of(desk, key))
        assert type(error) is kind
    desk.fake.mode = "ok"
    with misbehave(b"") as server:
        there = an_engine(server.url, service=key)
        error = await desk.fail(engine=there)
        assert (error.reason, error.spent) == ("connection_lost", "unknown")
        await there.aclose()


async def test_every_service_but_openai_is_asked_not_to_try_again(desk: Desk) -> None:
    await desk.draw(engine_of(desk, "cometapi"))
    assert desk.sent().headers["x-litellm-num-retries"] == "0"
    await desk.draw(desk.engine())
    assert "x-litellm-num-retries" not in desk.sent().headers


async def test_a_port_alone_is_a_guess_for_the_doctor_and_refuses_nothing(desk: Desk) -> None:
    await desk.draw(desk.engine("http://10.0.0.5:8188/v1"))
    assert len(desk.fake.paid) == 1


def test_a_service_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(errors.Misconfigured, match="there is no such service") as caught:
        an_engine(HOME, service="litelm")
    assert "litellm" in caught.value.fix

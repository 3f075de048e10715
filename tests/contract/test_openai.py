"""The openai adapter against a provider as strict as the real one, and failing on command."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from PIL import Image

from aquatint.domain import errors
from aquatint.domain.engine import Event, Finished, Inputs, Partial, Sent, Waiting
from aquatint.domain.errors import AquatintError
from aquatint.domain.types import Order
from aquatint.domain.usage import Usage
from aquatint.engines.openai import Connection, OpenAIEngine
from aquatint.engines.openai.pictures import ceilings
from aquatint.net import HttpsFetch
from fake_openai import FakeOpenAI, Got, b64, encoded, fake_openai, misbehave, serve
from https import PUBLIC, Net, Trust, make_trust, ok, serving

OURS = "https://api.openai.com/v1"
OTHERS = "https://images.test/v1"
MODEL = "gpt-image-2.5-flare"
KEY = "sk-test"


class TempPart:
    """A part as the file store makes them: bytes on disk, gone when discarded, once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        path.touch(exist_ok=False)

    def write(self, data: bytes | memoryview, /) -> None:
        with self.path.open("ab") as file:
            self.size += file.write(data)

    def read(self, limit: int | None = None) -> bytes:
        return self.path.read_bytes()[:limit]

    def discard(self) -> None:
        self.path.unlink()


def an_order(**changes: Any) -> Order:
    said = {"prompt": "a cat", "model": MODEL, "size": "1024x1024", "quality": "low"}
    return Order.model_validate(said | changes)


def image(mode: str = "RGB", size: tuple[int, int] = (1024, 1024), fmt: str = "png") -> bytes:
    return encoded(Image.new(mode, size), fmt)


def an_engine(base_url: str | None = None, **options: Any) -> OpenAIEngine:
    net = Net()
    fetch = HttpsFetch(enabled=True, resolve=net.resolve, connect=net.connect)
    fetching: dict[str, Any] = {"fetch": fetch}
    fetching |= {name: options.pop(name) for name in ("fetch", "mask", "sleep") if name in options}
    shared: dict[str, Any] = {"base_url": base_url, "api_key": KEY, **options}
    return OpenAIEngine(Connection(**shared), **fetching)


class Desk:
    """A provider, an engine that talks to it, and a folder for parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fake: FakeOpenAI = fake_openai()
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.fake))
        self.pauses: list[float] = []
        self.events: list[Event] = []
        self._made = 0

    def engine(self, base_url: str | None = OURS, **options: Any) -> OpenAIEngine:
        options = {"http_client": self.http, "sleep": self.sleep} | options
        return an_engine(base_url, **options)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def part(self) -> TempPart:
        self._made += 1
        return TempPart(self.folder / f"{self._made}.part")

    def parts(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    async def draw(
        self, engine: OpenAIEngine | None = None, inputs: Inputs | None = None, **order: Any
    ) -> Finished:
        self.events = []
        rendering = (engine or self.engine()).render(
            an_order(**order), inputs or Inputs(), self.part
        )
        with anyio.fail_after(20):  # a deadline that does not hold fails instead of hanging
            async for event in rendering:
                self.events.append(event)
        finished = self.events[-1]
        assert isinstance(finished, Finished)
        return finished

    async def fail(
        self,
        mode: str = "",
        engine: OpenAIEngine | None = None,
        inputs: Inputs | None = None,
        **order: Any,
    ) -> AquatintError:
        self.fake.mode = mode or self.fake.mode
        with pytest.raises(AquatintError) as caught:
            await self.draw(engine, inputs, **order)
        assert KEY not in str(caught.value)
        assert caught.value.fix
        assert caught.value.__cause__ is None
        return caught.value

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def sent(self) -> Got:
        return self.fake.paid[-1]


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("tls"))


# What is sent.


async def test_a_generation_sends_what_is_set_and_nothing_else(desk: Desk) -> None:
    finished = await desk.draw()
    assert desk.kinds() == ["Sent", "Finished"]
    assert desk.sent().fields == {
        "model": MODEL,
        "prompt": "a cat",
        "size": "1024x1024",
        "quality": "low",
        "n": 1,
        "output_format": "png",
    }
    assert finished.parts[0].read() == desk.fake.last
    assert finished.request_id == "req-1"
    assert finished.usage == Usage(text_in=7, image_in=0, image_out=196)
    assert finished.notes == ()
    assert desk.parts() == ["1.part"]


async def test_every_option_reaches_the_service_under_its_own_name(desk: Desk) -> None:
    await desk.draw(
        quality="xhigh",
        background="transparent",
        format="webp",
        compression=70,
        n=2,
        moderation="low",
        complexity="high",
        safety_identifier="abc",
    )
    assert desk.sent().fields == {
        "model": MODEL,
        "prompt": "a cat",
        "size": "1024x1024",
        "quality": "xhigh",
        "n": 2,
        "output_format": "webp",
        "background": "transparent",
        "output_compression": 70,
        "moderation": "low",
        "complexity": "high",
        "safety_identifier": "abc",
    }


async def test_an_animation_sends_its_frames_and_never_streams(desk: Desk) -> None:
    finished = await desk.draw(format="gif", size="512x512", frames=4, frame_ms=100, partials=2)
    fields = desk.sent().fields
    assert (fields["frame_count"], fields["frame_duration_ms"]) == (4, 100)
    assert not {"stream", "partial_images"} & set(fields)
    assert finished.parts[0].read().startswith(b"GIF8")


async def test_svg_names_its_author_only_when_one_is_set(desk: Desk) -> None:
    finished = await desk.draw(format="svg", svg_model="gpt-6-luna")
    assert desk.sent().fields["svg"] == {"model": "gpt-6-luna"}
    assert finished.usage is not None
    assert (finished.usage.svg_in, finished.usage.svg_out) == (900, 2500)
    await desk.draw(format="svg")
    assert "svg" not in desk.sent().fields


async def test_key_organisation_and_project_go_in_their_headers(desk: Desk) -> None:
    await desk.draw(desk.engine(organization="org-1", project="proj-1"))
    headers = desk.sent().headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["openai-organization"] == "org-1"
    assert headers["openai-project"] == "proj-1"
    assert "idempotency-key" not in headers


async def test_one_picture_goes_as_a_bare_image_with_its_type(desk: Desk) -> None:
    for fmt, name in (("png", "png"), ("jpeg", "jpg"), ("webp", "webp")):
        await desk.draw(inputs=Inputs((image(fmt=fmt),)))
        files = desk.sent().files
        assert list(files) == ["image"]
        assert (files["image"][0].name, files["image"][0].mime) == (
            f"image-1.{name}",
            f"image/{fmt}",
        )
        assert files["image"][0].data == image(fmt=fmt)


async def test_several_pictures_go_as_a_list_in_their_order(desk: Desk) -> None:
    first, second = image(size=(16, 16)), image(size=(32, 32), fmt="jpeg")
    await desk.draw(inputs=Inputs((first, second)))
    files = desk.sent().files
    assert list(files) == ["image[]"]
    assert [(f.name, f.data) for f in files["image[]"]] == [
        ("image-1.png", first),
        ("image-2.jpg", second),
    ]


async def test_an_edit_sends_mask_fidelity_and_moderation(desk: Desk) -> None:
    mask = image("RGBA")
    finished = await desk.draw(
        inputs=Inputs((image(),), mask), moderation="low", model="gpt-image-1.5",
        input_fidelity="high",
    )  # fmt: skip
    got = desk.sent()
    assert got.path == "images/edits"
    assert got.fields["moderation"] == "low"
    assert got.fields["input_fidelity"] == "high"
    assert "response_format" not in got.fields
    assert (got.files["mask"][0].name, got.files["mask"][0].mime) == ("mask.png", "image/png")
    assert got.files["mask"][0].data == mask
    assert finished.usage is not None
    assert finished.usage.image_in == 2200


async def test_markup_goes_as_a_file_too(desk: Desk) -> None:
    await desk.draw(inputs=Inputs((image(),), markup=image("RGBA")))
    assert desk.sent().files["markup"][0].mime == "image/png"


@pytest.mark.parametrize(
    ("speech", "edit", "keep"),
    [
        ("both", (255, 255, 255, 0), (0, 0, 0, 255)),
        ("alpha", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("white", 255, 0),
    ],
)
async def test_a_mask_is_said_as_the_service_reads_it(
    desk: Desk, speech: str, edit: Any, keep: Any
) -> None:
    mask = Image.new("RGBA", (1024, 1024), (0, 0, 0, 255))
    mask.paste((255, 255, 255, 0), (0, 0, 10, 10))
    desk.fake.mode = "no_usage"  # the strict rules want alpha, which `white` leaves out
    engine = desk.engine(OTHERS, mask=speech)
    await desk.draw(engine, Inputs((image(),), encoded(mask, "png")))
    sent = Image.open(io.BytesIO(desk.sent().files["mask"][0].data))
    assert (sent.getpixel((5, 5)), sent.getpixel((50, 50))) == (edit, keep)


async def test_azures_v1_route_works_by_its_base_url(desk: Desk) -> None:
    engine = desk.engine("https://res.openai.azure.com/openai/v1/")
    await desk.draw(engine)
    got = desk.sent()
    assert (got.host, got.path) == ("res.openai.azure.com", "images/generations")


async def test_a_local_service_needs_no_key(desk: Desk) -> None:
    desk.fake.keys = None
    await desk.draw(desk.engine("http://127.0.0.1:8080/v1", api_key=""))
    assert desk.sent().headers["authorization"] == "Bearer none"


async def test_openai_without_a_key_is_never_called(desk: Desk) -> None:
    error = await desk.fail(engine=desk.engine(api_key=""))
    assert isinstance(error, errors.Misconfigured)
    assert (error.reason, error.spent) == ("no_key", "no")
    assert "OPENAI_API_KEY" in error.fix
    assert desk.events == []
    assert desk.fake.requests == []


# What is understood.

GOOD = [
    "b64_urlsafe",
    "b64_unpadded",
    "b64_lines",
    "b64_data_uri",
    "b64_escaped",
    "chat_images",
    "no_usage",
    "wrong_content_type",
    "stream_plain_json",
    "gzip",
    "relative_url",
    "url",
]  # fmt: skip


@pytest.mark.parametrize("mode", GOOD)
async def test_every_dialect_gives_the_picture_byte_for_byte(desk: Desk, mode: str) -> None:
    desk.fake.mode = mode
    finished = await desk.draw(desk.engine(OTHERS), partials=0)
    assert [part.read() for part in finished.parts] == [desk.fake.last]
    assert len(desk.fake.paid) == 1
    assert len(desk.parts()) == 1


async def test_n_pictures_come_in_their_order(desk: Desk) -> None:
    finished = await desk.draw(n=3)
    assert [part.read() for part in finished.parts] == list(desk.fake.images.values())


async def test_fewer_pictures_than_asked_are_kept_and_said(desk: Desk) -> None:
    desk.fake.mode = "fewer"
    finished = await desk.draw(n=3)
    assert len(finished.parts) == 2
    assert finished.notes == ("The service sent 2 of 3 pictures.",)


async def test_what_format_came_is_not_this_adapters_business(desk: Desk) -> None:
    desk.fake.mode = "wrong_format"
    finished = await desk.draw()
    assert finished.parts[0].read().startswith(b"\xff\xd8")


async def test_the_key_goes_to_the_service_itself(desk: Desk) -> None:
    desk.fake.mode = "relative_url"
    await desk.draw(desk.engine(OTHERS))
    assert desk.fake.requests[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("data", [image(), b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
async def test_a_public_address_is_judged_and_asked_without_the_key(
    desk: Desk, data: bytes, trust: Trust
) -> None:
    desk.fake.mode, desk.fake.picture_host = "url", "https://pictures.example"
    async with serving(trust, {"/pictures/1.png": ok(data)}) as net:
        finished = await desk.draw(desk.engine(fetch=net.fetch(trust, max_bytes=10**6)))
    assert finished.parts[0].read() == data
    assert net.dialled == [(PUBLIC, 443)]
    assert KEY not in net.requests[0]


async def test_a_private_service_may_name_another_port_of_its_host(desk: Desk) -> None:
    desk.fake.mode, desk.fake.picture_host = "url", "http://192.168.1.7:9000"
    finished = await desk.draw(desk.engine("http://192.168.1.7:8080/v1"))
    assert finished.parts[0].read() == desk.fake.last
    assert "authorization" not in desk.fake.requests[-1].headers


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        (OTHERS, "https://10.0.0.1"),
        (OTHERS, "https://[::1]"),
        (OTHERS, "https://2130706433"),
        (OTHERS, "https://inside.example"),  # a name that leads inwards
        (OTHERS, "http://images.test:8080"),
        (OTHERS, "http://127.0.0.1:8188"),
        (OTHERS, "file://"),
        ("http://192.168.1.7:8080/v1", "http://192.168.1.8:8080"),
        ("http://192.168.1.7:8080/v1", "http://127.0.0.1:8080"),
        ("http://192.168.1.7:8080/v1", "https://169.254.169.254"),
    ],
)
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
async def test_an_inward_address_in_a_reply_is_never_asked(
    desk: Desk, base_url: str, host: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if proxy and host != "https://inside.example":  # the proxy looks names up by itself
        monkeypatch.setenv("https_proxy", proxy)
    net = Net(names={"inside.example": [["10.0.0.1"]]})
    desk.fake.picture_host = host
    fetch = HttpsFetch(enabled=True, resolve=net.resolve, connect=net.connect)
    error = await desk.fail("url", desk.engine(base_url, fetch=fetch))
    assert (error.reason, error.spent) == ("picture_unreachable", "yes")
    assert net.dialled == []
    assert len(desk.fake.requests) == 1


async def test_where_a_proxy_is_set_public_addresses_go_through_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    desk.fake.mode, desk.fake.picture_host = "url", "https://cdn.test"
    assert (await desk.draw(desk.engine(OTHERS))).parts[0].read() == desk.fake.last
    assert "authorization" not in desk.fake.requests[-1].headers


@pytest.mark.parametrize("mode", ["missing_url", "plain_http_url"])
async def test_a_picture_behind_a_dead_or_plain_address_is_said_with_the_address(
    desk: Desk, mode: str
) -> None:
    error = await desk.fail(mode, desk.engine(OTHERS))
    assert isinstance(error, errors.BadReply)
    assert (error.reason, error.spent) == ("picture_unreachable", "yes")
    assert "http" in error.message
    assert desk.parts() == []
    assert "169.254.169.254" not in {got.host for got in desk.fake.requests}


# A picture that arrived is kept.


@pytest.mark.parametrize(
    ("mode", "counted"),
    [
        ("truncated_json", False),
        ("cut_behind_pictures", False),
        ("junk_behind", True),
        ("hang_behind", True),
    ],
)
async def test_what_happens_behind_the_last_picture_costs_nothing(
    desk: Desk, mode: str, counted: bool
) -> None:
    desk.fake.mode = mode
    with serve(desk.fake) as url:
        engine = an_engine(f"{url}/v1")
        finished = await desk.draw(engine, n=2)
        await engine.aclose()
    assert [part.read() for part in finished.parts] == list(desk.fake.images.values())
    assert (finished.usage is not None) == counted
    assert bool(finished.notes) != counted
    assert len(desk.parts()) == 2


async def test_the_end_of_a_reply_is_waited_for_briefly(desk: Desk) -> None:
    desk.fake.mode = "hang_behind_pictures"
    with serve(desk.fake) as url:
        engine = an_engine(f"{url}/v1", deadline=3000)
        finished = await desk.draw(engine)  # which fails after 20 s
        await engine.aclose()
    assert finished.parts[0].read() == desk.fake.last
    assert "the cost is an estimate" in finished.notes[0]


@pytest.mark.parametrize("mode", ["cut_in_last", "hang_in_last"])
async def test_the_first_of_two_is_kept_when_the_second_is_cut_off(desk: Desk, mode: str) -> None:
    desk.fake.mode = mode
    with serve(desk.fake) as url:
        engine = an_engine(f"{url}/v1", deadline=1)
        finished = await desk.draw(engine, n=2)
        await engine.aclose()
    assert [part.read() for part in finished.parts] == [desk.fake.images[1]]
    assert "The service sent 1 of 2 pictures." in finished.notes
    assert len(desk.parts()) == 1


def a_body(n: int = 1) -> tuple[bytes, bytes]:
    """A picture, and a reply that holds it n times."""
    data = image()
    rows = [{"b64_json": b64(data)}] * n
    usage = {"input_tokens": 7, "output_tokens": 196}
    return data, json.dumps({"created": 1, "data": rows, "usage": usage}).encode()


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(
    ("head", "frame"),
    [
        (b"Content-Length: 9999999", b"%s"),
        (b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n"),  # the last chunk is missing
        (b"Transfer-Encoding: chunked", b"%x\r\n%s\r\nzz\r\n"),  # or is garbage
        (b"Content-Type: application/json", b"%s"),
    ],
)
async def test_a_connection_that_breaks_behind_the_picture_costs_nothing(
    desk: Desk, head: bytes, frame: bytes, reset: bool
) -> None:
    data, body = a_body()
    framed = frame % ((len(body), body) if frame.startswith(b"%x") else (body,))
    with misbehave(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + framed, reset=reset) as server:
        engine = an_engine(server.url, sleep=desk.sleep)
        finished = await desk.draw(engine)
        await engine.aclose()
    assert finished.parts[0].read() == data
    assert finished.usage == Usage(text_in=7, image_out=196)
    assert (server.hits, desk.pauses) == (1, [])


async def test_a_length_that_cuts_the_reply_behind_its_picture_costs_nothing(desk: Desk) -> None:
    data, body = a_body()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) - 40)
    with misbehave(head + body, reset=False) as server:
        engine = an_engine(server.url)
        finished = await desk.draw(engine)
        await engine.aclose()
    assert finished.parts[0].read() == data
    assert finished.usage is None


async def test_a_stream_without_its_terminator_is_not_waited_on(desk: Desk) -> None:
    desk.fake.mode = "stream_hang"
    with serve(desk.fake) as url:
        engine = an_engine(f"{url}/v1", deadline=3000)
        finished = await desk.draw(engine, partials=1)
        await engine.aclose()
    assert finished.parts[0].read() == desk.fake.last
    assert finished.usage is not None


async def test_a_stream_that_is_cut_behind_its_picture_costs_nothing(desk: Desk) -> None:
    desk.fake.mode = "stream_cut_behind_picture"
    finished = await desk.draw(partials=1)
    assert finished.parts[0].read() == desk.fake.last
    assert finished.usage is None


@pytest.mark.parametrize("more", [{}, {"n": 10}, {"partials": 3}, {"size": "auto"}])
def test_the_ceiling_follows_what_was_asked_for(more: dict[str, Any]) -> None:
    """Noise at 3840x2160 is 25 MB a picture, 33 MB as base64."""
    order = an_order(**({"size": "3840x2160"} | more))
    each, total = ceilings(order)
    assert each > 3840 * 2160 * 4
    assert total > (order.n + order.partials) * each * 4 / 3
    assert ceilings(an_order(size="999999x999999"))[0] <= 10**9


@pytest.mark.parametrize(
    "mode", ["usage_huge", "usage_digits", "usage_negative", "usage_absurd", "usage_nan"]
)
async def test_a_token_count_beyond_reason_is_said_and_not_booked(desk: Desk, mode: str) -> None:
    desk.fake.mode = mode
    finished = await desk.draw()
    assert finished.parts[0].read() == desk.fake.last
    assert finished.usage is None
    assert "token count cannot be right" in finished.notes[0]


# Streams.


async def test_previews_come_before_the_picture(desk: Desk) -> None:
    finished = await desk.draw(partials=2)
    assert desk.kinds() == ["Sent", "Partial", "Partial", "Finished"]
    early = [event for event in desk.events if isinstance(event, Partial)]
    assert [event.index for event in early] == [0, 1]
    drawn = list(desk.fake.images.values())
    assert [event.part.read() for event in early] == drawn[:2]
    assert finished.parts[0].read() == drawn[2]
    assert finished.usage is not None
    assert finished.usage.image_out == 196 + 200
    assert {"stream": True, "partial_images": 2}.items() <= desk.sent().fields.items()


async def test_edits_stream_too(desk: Desk) -> None:
    finished = await desk.draw(inputs=Inputs((image(),)), partials=1)
    assert desk.kinds() == ["Sent", "Partial", "Finished"]
    assert desk.sent().fields["stream"] == "true"
    assert finished.parts[0].read() == desk.fake.last


async def test_several_pictures_are_never_streamed(desk: Desk) -> None:
    await desk.draw(n=2, partials=2)
    assert "stream" not in desk.sent().fields


@pytest.mark.parametrize("mode", ["stream_partials_then_end", "stream_cut_in_completed"])
async def test_a_stream_without_its_end_leaves_the_previews_only(desk: Desk, mode: str) -> None:
    error = await desk.fail(mode, partials=2)
    assert isinstance(error, errors.BadReply)
    assert (error.reason, error.spent) == ("stream_incomplete", "unknown")
    assert desk.kinds() == ["Sent", "Partial", "Partial"]
    assert desk.parts() == ["1.part", "2.part"]
    assert len(desk.fake.paid) == 1


async def test_an_error_in_a_stream_is_an_error_after_its_previews(desk: Desk) -> None:
    error = await desk.fail("stream_error_event", partials=1)
    assert isinstance(error, errors.Unavailable)
    assert error.spent == "unknown"
    assert desk.kinds() == ["Sent", "Partial"]
    assert isinstance(await desk.fail("stream_flat_error", partials=1), errors.Busy)
    assert len(desk.fake.paid) == 2


async def test_garbage_does_not_cost_the_picture(desk: Desk) -> None:
    desk.fake.mode = "stream_garbage_then_ok"
    finished = await desk.draw(partials=1)
    assert finished.parts[0].read() == desk.fake.last
    assert len(desk.parts()) == 1


async def test_the_first_completed_counts(desk: Desk) -> None:
    desk.fake.mode = "stream_duplicate"
    finished = await desk.draw(partials=1)
    assert len(finished.parts) == 1
    assert finished.parts[0].read() == desk.fake.last


async def test_an_event_of_another_type_is_not_the_picture(desk: Desk) -> None:
    error = await desk.fail("stream_other_type", partials=1)
    assert (error.reason, error.spent) == ("stream_incomplete", "unknown")
    assert desk.parts() == []


async def test_an_event_without_a_type_is_a_whole_answer(desk: Desk) -> None:
    desk.fake.mode = "stream_untyped"
    finished = await desk.draw(desk.engine(OTHERS), partials=1)
    assert finished.parts[0].read() == desk.fake.last


# What cannot be used.


@pytest.mark.parametrize(
    ("mode", "spent", "says"),
    [
        ("html200", "unknown", "502 Bad Gateway"),
        ("empty", "unknown", "an empty reply"),
        ("list", "unknown", "[1, 2, 3]"),
        ("data_null", "yes", '"data": null'),
        ("data_empty", "yes", '"data": []'),
        ("b64_null", "yes", '"b64_json": null'),
        ("b64_bad", "yes", "not base64"),
        ("cut_in_last", "yes", "cut short"),
    ],
)
async def test_a_reply_without_a_picture_says_what_came(
    desk: Desk, mode: str, spent: str, says: str
) -> None:
    error = await desk.fail(mode)
    assert isinstance(error, errors.BadReply)
    assert (error.reason, error.spent, error.retryable) == ("bad_provider_reply", spent, False)
    assert says in error.message
    assert len(error.message) < 300
    assert error.request_id == "req-1"
    assert len(desk.fake.paid) == 1
    assert desk.parts() == []


async def test_words_that_are_good_base64_come_through_for_the_decoder_to_judge(desk: Desk) -> None:
    for mode in ("b64_text", "truncated_png"):
        desk.fake.mode = mode
        assert (await desk.draw()).parts


async def test_a_gzip_bomb_meets_a_ceiling(desk: Desk) -> None:
    error = await desk.fail("gzip_bomb")
    assert isinstance(error, errors.BadReply)
    assert error.reason == "reply_too_large"
    assert desk.parts() == []


async def test_a_bomb_in_a_refusal_is_not_read_to_its_end(desk: Desk) -> None:
    desk.fake.bomb_bytes = 20_000_000
    error = await desk.fail("gzip_bomb_500")
    assert error.reason == "provider_error"
    assert len(error.message) < 600


# What is refused, and who can act on it.

REFUSALS = [
    ("401", errors.Misconfigured, "invalid_key", "no", "OPENAI_API_KEY"),
    ("403", errors.Misconfigured, "org_unverified", "no", "settings/organization/general"),
    ("403_country", errors.Misconfigured, "forbidden", "no", "country"),
    ("404", errors.ModelCannot, "model_not_found", "no", "/models"),
    ("404_route", errors.Misconfigured, "no_such_route", "no", "AQUATINT_BASE_URL"),
    ("409", errors.Unavailable, "conflict", "unknown", "charged again"),
    ("413", errors.BadImage, "too_large", "no", "smaller"),
    ("moderation", errors.Refused, "content_policy", "no", "sexual"),
    ("moderation_output", errors.Refused, "content_policy", "unknown", "Reword"),
    ("moderation_in_200", errors.Refused, "content_policy", "unknown", "Reword"),
    ("billing_400", errors.Misconfigured, "billing", "no", "billing"),
    ("quota", errors.Misconfigured, "billing", "no", "billing"),
    ("spend_limit", errors.Misconfigured, "billing", "no", "limit"),
    ("500", errors.Unavailable, "provider_error", "unknown", "charged again"),
    ("504", errors.Unavailable, "gateway_timeout", "unknown", "lower quality"),
    ("503_plain", errors.Unavailable, "provider_error", "unknown", "charged again"),
    ("500_retry_after", errors.Unavailable, "provider_error", "unknown", "charged again"),
    ("html502", errors.Unavailable, "provider_error", "unknown", "charged again"),
    ("string_error", errors.BadRequest, "rejected", "no", "Change"),
    ("detail", errors.BadRequest, "rejected", "no", "Change"),
    ("error_in_200", errors.Unavailable, "provider_error", "unknown", "charged again"),
    ("detail_200", errors.Unavailable, "provider_error", "unknown", "charged again"),
    ("redirect", errors.Misconfigured, "redirect", "no", "AQUATINT_BASE_URL"),
]


@pytest.mark.parametrize(("mode", "kind", "code", "spent", "fix"), REFUSALS)
async def test_a_refusal_is_said_once_and_never_repeated(
    desk: Desk, mode: str, kind: type[AquatintError], code: str, spent: str, fix: str
) -> None:
    error = await desk.fail(mode)
    assert type(error) is kind
    assert (error.reason, error.spent) == (code, spent)
    assert fix in error.fix
    assert error.request_id == "req-1"
    assert len(desk.fake.paid) == 1
    assert desk.kinds() == ["Sent"]
    assert desk.parts() == []


async def test_a_redirect_is_not_followed_even_by_a_client_that_would(desk: Desk) -> None:
    desk.http.follow_redirects = True
    assert (await desk.fail("redirect")).reason == "redirect"
    assert {got.host for got in desk.fake.requests} == {"api.openai.com"}


async def test_a_wrong_key_that_the_service_repeats_is_not_shown(desk: Desk) -> None:
    for key in ("sk-proj-abcdefgh12345678", "my-own-secret"):
        error = await desk.fail("ok", desk.engine(api_key=key))
        assert error.reason == "invalid_key"
        assert key not in str(error)
        assert "(key)" in error.message


async def test_moderation_names_stage_and_categories(desk: Desk) -> None:
    error = await desk.fail("moderation_output")
    assert "the picture it drew (violence)" in error.message


@pytest.mark.parametrize(
    ("order", "kind", "says"),
    [
        ({"size": "1080x1080"}, errors.ModelCannot, "divisible by 16"),
        ({"size": "4096x4096"}, errors.ModelCannot, "longest edge"),
        ({"model": "gpt-image-2", "quality": "xhigh"}, errors.ModelCannot, "xhigh"),
        ({"background": "transparent", "format": "jpeg"}, errors.ModelCannot, "png or webp"),
        ({"compression": 50}, errors.ModelCannot, "Compression"),
        ({"n": 11}, errors.ModelCannot, "between 1 and 10"),
        ({"model": "gpt-image-1"}, errors.ModelCannot, "deprecated"),
        ({"model": "no-such-model"}, errors.ModelCannot, "does not exist"),
        ({"prompt": "x" * 33000}, errors.BadRequest, "prompt"),
    ],
)
async def test_what_the_service_finds_wrong_is_passed_on(
    desk: Desk, order: dict[str, Any], kind: type[AquatintError], says: str
) -> None:
    error = await desk.fail(**order)
    assert type(error) is kind
    assert says in error.message
    assert len(desk.fake.paid) == 1


@pytest.mark.parametrize(
    ("inputs", "kind", "says"),
    [
        (Inputs((image("CMYK", fmt="jpeg")[:200],)), errors.BadImage, "image 1"),
        (Inputs((image(),), image()), errors.BadMask, "alpha"),
        (Inputs((image(),), image("RGBA", (512, 512))), errors.BadMask, "size"),
    ],
)
async def test_bad_pictures_and_masks_are_told_apart(
    desk: Desk, inputs: Inputs, kind: type[AquatintError], says: str
) -> None:
    with pytest.raises(AquatintError) as caught:
        await desk.draw(inputs=inputs)
    assert type(caught.value) is kind
    assert says in caught.value.message


async def test_half_characters_are_the_callers_to_mend(desk: Desk) -> None:
    assert isinstance(await desk.fail(prompt="a\ud800b"), errors.BadRequest)
    assert (await desk.fail(engine=desk.engine(api_key="sk-\u043a\u043b\u044e\u0447"))).reason == (
        "invalid_key"
    )
    assert desk.fake.requests == []


# What is tried again.


@pytest.mark.parametrize(
    ("mode", "pause"),
    [
        ("rate_limit", 1.0),
        ("503", 1.0),
        ("retry_after", 2.0),
        ("retry_after_ms", 1.5),
        ("503_retry_after", 1.0),
        ("retry_after_date", 10.0),
    ],
)
async def test_what_did_not_start_is_sent_again_after_a_pause(
    desk: Desk, mode: str, pause: float
) -> None:
    desk.fake.script = [mode, "ok"]
    finished = await desk.draw(desk.engine(clock=lambda: 1000.0))
    assert desk.events[:3] == [Sent(), Waiting(pause), Sent()]
    assert desk.pauses == [pause]
    assert len(desk.fake.paid) == 2
    assert finished.parts[0].read() == desk.fake.last


@pytest.mark.parametrize(("mode", "code"), [("rate_limit", "rate_limited"), ("503", "overloaded")])
async def test_two_retries_and_no_more(desk: Desk, mode: str, code: str) -> None:
    error = await desk.fail(mode)
    assert isinstance(error, errors.Busy)
    assert (error.reason, error.spent) == (code, "no")
    assert desk.pauses == [1.0, 2.0]
    assert len(desk.fake.paid) == 3


async def test_a_long_wait_is_told_instead_of_waited(desk: Desk) -> None:
    error = await desk.fail("retry_after_3600", desk.engine(deadline=7200))
    assert isinstance(error, errors.Busy)
    assert error.retry_after == 3600
    assert (len(desk.fake.paid), desk.pauses) == (1, [])


async def test_a_wait_beyond_the_deadline_is_told_too(desk: Desk) -> None:
    error = await desk.fail("retry_after", desk.engine(deadline=1.5))
    assert error.retry_after == 2.0
    assert (len(desk.fake.paid), desk.pauses) == (1, [])


async def test_nothing_listening_is_tried_three_times_and_costs_nothing(desk: Desk) -> None:
    with misbehave(b"") as server:
        url = server.url
    error = await desk.fail(engine=an_engine(url, sleep=desk.sleep))
    assert isinstance(error, errors.Unavailable)
    assert (error.reason, error.spent) == ("unreachable", "no")
    assert desk.pauses == [1.0, 2.0]


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Request-Id: req-7\r\nContent-Length: 9999\r\n\r\n"
        b'{"data": [{"b64_json": "iVBORw0KGgo',
    ],
)
async def test_a_connection_lost_after_sending_is_never_sent_again(
    desk: Desk, answer: bytes, reset: bool
) -> None:
    with misbehave(answer, reset=reset) as server:
        engine = an_engine(server.url, sleep=desk.sleep)
        error = await desk.fail(engine=engine)
        await engine.aclose()
    assert isinstance(error, errors.Unavailable)
    assert (error.reason, error.spent) == ("connection_lost", "unknown")
    assert (server.hits, desk.pauses) == (1, [])
    assert error.request_id == ("req-7" if answer else None)
    assert desk.parts() == []


async def test_silence_ends_at_the_deadline(desk: Desk) -> None:
    error = await desk.fail("hang", desk.engine(deadline=0.1))
    assert isinstance(error, errors.Unavailable)
    assert (error.reason, error.spent) == ("timeout", "unknown")
    assert len(desk.fake.paid) == 1


async def test_a_slow_drip_ends_at_the_deadline_too(desk: Desk) -> None:
    desk.fake.mode = "drip"
    with serve(desk.fake) as url:
        engine = an_engine(f"{url}/v1", deadline=0.5)
        error = await desk.fail(engine=engine)
        await engine.aclose()
    assert (error.reason, error.spent) == ("timeout", "unknown")
    assert len(desk.fake.paid) == 1
    assert desk.parts() == []


async def test_a_call_that_is_cancelled_in_a_pause_is_never_sent(desk: Desk) -> None:
    paused = anyio.Event()

    async def pause(_seconds: float) -> None:
        paused.set()
        await anyio.sleep_forever()

    desk.fake.mode = "rate_limit"
    async with anyio.create_task_group() as group:
        group.start_soon(desk.draw, desk.engine(sleep=pause))
        await paused.wait()
        group.cancel_scope.cancel()
    assert desk.kinds() == ["Sent", "Waiting"]
    assert len(desk.fake.paid) == 1


async def test_each_try_says_that_it_is_about_to_be_sent_and_can_be_stopped(desk: Desk) -> None:
    desk.fake.mode = "rate_limit"
    rendering = desk.engine().render(an_order(), Inputs(), desk.part)
    assert [await anext(rendering) for _ in range(3)] == [Sent(), Waiting(1.0), Sent()]
    await rendering.aclose()
    assert len(desk.fake.paid) == 1


# A gateway that tries again by itself.

LITELLM = [
    ("litellm_moderation", errors.Refused, "content_policy", "unknown"),
    ("litellm_unverified", errors.Misconfigured, "org_unverified", "no"),
    ("litellm_key", errors.Misconfigured, "invalid_key", "no"),
    ("litellm_quota", errors.Misconfigured, "billing", "no"),
    ("litellm_rate_limit", errors.Busy, "rate_limited", "no"),
    ("litellm_cooldown", errors.Busy, "rate_limited", "no"),
    ("litellm_model", errors.ModelCannot, "model_not_found", "no"),
    ("litellm_overloaded", errors.Unavailable, "provider_error", "unknown"),
    ("litellm_timeout", errors.Unavailable, "gateway_timeout", "unknown"),
    ("litellm_500", errors.Unavailable, "provider_error", "unknown"),
]


@pytest.mark.parametrize(("mode", "kind", "code", "spent"), LITELLM)
async def test_litellms_errors_are_read_by_their_words_and_never_tried_again(
    desk: Desk, mode: str, kind: type[AquatintError], code: str, spent: str
) -> None:
    error = await desk.fail(mode, desk.engine(OTHERS))
    assert (type(error), error.reason, error.spent) == (kind, code, spent)
    assert (len(desk.fake.paid), desk.pauses) == (1, [])
    assert desk.sent().headers["x-litellm-num-retries"] == "0"


async def test_what_litellm_says_that_it_cost_is_what_it_cost(desk: Desk) -> None:
    for text, cost in (("0.0421", 0.0421), ("None", None), ("1e9", None), ("-1", None)):
        desk.fake.headers = {"x-litellm-response-cost": text}
        assert (await desk.draw(desk.engine(OTHERS))).cost_usd == cost


async def test_nothing_is_streamed_through_litellm(desk: Desk) -> None:
    desk.fake.pages = {"health/liveliness": '"I\'m alive!"'}
    finished = await desk.draw(desk.engine(OTHERS), partials=2)
    assert not {"stream", "partial_images"} & set(desk.sent().fields)
    assert "LiteLLM" in finished.notes[0]
    assert "authorization" not in desk.fake.requests[0].headers  # of the probe
    assert "x-litellm-num-retries" not in (await desk.draw(), desk.sent())[1].headers


# Parameters that other services do not take.


async def test_a_parameter_nobody_asked_for_is_left_out_and_remembered(desk: Desk) -> None:
    desk.fake.mode = "reject_param:quality"
    engine = desk.engine(OTHERS)
    finished = await desk.draw(engine, chosen=frozenset({"size"}))
    assert finished.notes == ("images.test does not take `quality`; it was left out.",)
    assert [("quality" in got.fields) for got in desk.fake.paid] == [True, False]
    again = await desk.draw(engine)
    assert again.notes == finished.notes
    assert len(desk.fake.paid) == 3


async def test_a_parameter_of_edits_can_be_left_out_too(desk: Desk) -> None:
    desk.fake.mode = "reject_param:moderation"
    inputs = Inputs((image(),))
    finished = await desk.draw(desk.engine(OTHERS), inputs, moderation="low")
    assert "`moderation`" in finished.notes[0]


async def test_a_service_that_cannot_stream_is_asked_plainly(desk: Desk) -> None:
    desk.fake.mode = "reject_param:stream"
    await desk.draw(desk.engine(OTHERS), partials=2)
    assert not {"stream", "partial_images"} & set(desk.sent().fields)


async def test_what_the_caller_chose_is_never_left_out(desk: Desk) -> None:
    engine = desk.engine(OTHERS)
    error = await desk.fail("reject_param:quality", engine, chosen=frozenset({"quality"}))
    assert isinstance(error, errors.ModelCannot)
    assert len(desk.fake.paid) == 1
    await desk.draw(engine)
    await desk.fail("reject_param:quality", engine, chosen=frozenset({"quality"}))


async def test_openai_itself_is_never_asked_twice(desk: Desk) -> None:
    await desk.fail("reject_param:quality")
    assert len(desk.fake.paid) == 1


# Ends.


async def test_a_caller_that_goes_away_leaves_no_parts(desk: Desk) -> None:
    rendering = desk.engine().render(an_order(n=2), Inputs(), desk.part)
    assert await anext(rendering) == Sent()
    await rendering.aclose()
    assert desk.parts() == []
    streaming = desk.engine().render(an_order(partials=2), Inputs(), desk.part)
    async for event in streaming:
        if isinstance(event, Partial):
            break
    await streaming.aclose()
    assert desk.parts() == ["1.part"]  # the preview that was handed over


async def test_a_full_disk_is_no_fault_of_the_provider(desk: Desk) -> None:
    class FullPart(TempPart):
        def write(self, data: bytes | memoryview, /) -> None:
            raise OSError(28, "No space left on device")

    rendering = desk.engine().render(
        an_order(), Inputs(), lambda: FullPart(desk.folder / "full.part")
    )
    with pytest.raises(errors.NotKept, match="No space left"):
        [event async for event in rendering]
    assert desk.parts() == []


async def test_many_calls_at_once_do_not_meet(desk: Desk) -> None:
    engine = desk.engine()
    seen: list[bytes] = []

    async def one(number: int) -> None:
        order = an_order(prompt=f"cat {number}", size="1024x1024")
        *_, last = [event async for event in engine.render(order, Inputs(), desk.part)]
        assert isinstance(last, Finished)
        seen.append(last.parts[0].read())

    async with anyio.create_task_group() as group:
        for number in range(16):
            group.start_soon(one, number)
    assert sorted(seen) == sorted(desk.fake.images.values())


# The doctor.


@pytest.mark.parametrize(
    ("mode", "base_url", "key", "level", "says"),
    [
        ("ok", OURS, KEY, "ok", "accepts the key"),
        ("ok", OURS, "sk-wrong-key-1234", "fail", "refused"),
        ("ok", OURS, "", "fail", "No API key"),
        ("models_403", OURS, KEY, "warn", "forbids"),
        ("no_models", OTHERS, KEY, "warn", "lists no models"),
        ("html200", OTHERS, KEY, "fail", "not as an API"),
    ],
)
async def test_the_doctor_tells_a_good_key_from_a_bad_one(
    desk: Desk, mode: str, base_url: str, key: str, level: str, says: str
) -> None:
    desk.fake.mode = mode
    found = await desk.engine(base_url, api_key=key).check()
    [line] = [line for line in found if line.name == "access"]
    assert line.level == level
    assert says in line.text
    assert bool(line.fix) == (level != "ok")
    assert key == "" or key not in str(found)


@pytest.mark.parametrize(
    ("mode", "name", "level", "says"),
    [
        ("ok", "gpt-image-2.5-flare", "ok", "listed"),
        ("few_models", "gpt-image-2.5-flare", "warn", "not in the list"),
        ("shutdown", "gpt-image-2.5-flare", "warn", "2027-03-01"),
    ],
)
async def test_the_doctor_looks_models_up_in_the_list_and_draws_nothing(
    desk: Desk, mode: str, name: str, level: str, says: str
) -> None:
    desk.fake.mode = mode
    found = {line.name: line for line in await desk.engine(OURS).check([name])}
    assert (found[name].level, says in found[name].text) == (level, True)
    assert [got.path for got in desk.fake.requests] == ["models"]


async def test_another_service_is_named_with_what_it_has(desk: Desk) -> None:
    desk.fake.headers = {"x-litellm-version": "1.90.0"}
    found = {line.name: line for line in await desk.engine(OTHERS).check(["my-model"])}
    assert found["service"].text.startswith("LiteLLM proxy at images.test: ")
    assert "chatgpt-image-latest" in found["my-model"].fix


@pytest.mark.parametrize(
    ("base_url", "pages", "name", "level"),
    [
        (OTHERS, {"list": "litellm_models"}, "LiteLLM proxy", "ok"),
        (OTHERS, {"health/liveliness": "\"I'm alive!\""}, "LiteLLM proxy", "ok"),
        ("http://10.0.0.5/v1", {"system_stats": '{"system": {"comfyui_version": "0.3"}}'},
         "ComfyUI", "fail"),
        (OTHERS, {}, "a service that is not known here", "ok"),
    ],
)  # fmt: skip
async def test_a_service_that_its_list_does_not_tell_is_known_by_what_only_it_answers(
    desk: Desk, base_url: str, pages: dict[str, str], name: str, level: str
) -> None:
    desk.fake.mode, desk.fake.pages = pages.get("list", "no_models"), pages
    found = {line.name: line for line in await desk.engine(base_url).check()}
    assert name in found["service"].text
    assert found["service"].level == level
    assert desk.fake.paid == []


async def test_who_is_billed_and_whose_clock_is_off_is_read_from_the_headers(desk: Desk) -> None:
    desk.fake.headers = {"openai-organization": "acme", "date": "Thu, 01 Jan 1970 00:16:40 GMT"}
    found = {line.name: line for line in await desk.engine(OURS, clock=lambda: 4600.0).check()}
    assert found["billed to"].text == "organization acme"
    assert found["clock"].level == "warn"
    assert found["clock"].text == "60 minutes ahead of the service's"
    found = {line.name: line for line in await desk.engine(OURS, clock=lambda: 1100.0).check()}
    assert found["clock"].level == "ok"


async def test_offline_the_doctor_asks_nothing(desk: Desk) -> None:
    found = await desk.engine(OURS).check(["x"], online=False)
    assert desk.fake.requests == []
    assert [line.level for line in found if line.name == "access"] == ["info"]


async def test_a_service_that_never_answers_does_not_hold_the_doctor(desk: Desk) -> None:
    desk.fake.mode = "hang"
    found = await desk.engine(OURS, deadline=0.1).check()
    [line] = [line for line in found if line.name == "network"]
    assert line.level == "fail"
    assert "charged" not in line.text


async def test_the_doctor_says_when_nothing_answers() -> None:
    with misbehave(b"") as server:
        url = server.url
    engine = an_engine(url)
    [found] = [line for line in await engine.check() if line.name == "network"]
    await engine.aclose()
    assert found.level == "fail"
    assert "could not be reached" in found.text


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "SOCKS"),
        ("ALL_PROXY", "ftp://127.0.0.1:9", "proxy's address"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE"),
    ],
)
async def test_an_environment_that_no_client_can_be_made_of_is_the_operators_to_mend(
    desk: Desk, variable: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    engine = an_engine()
    error = await desk.fail(engine=engine)
    assert isinstance(error, errors.Misconfigured)
    assert says in str(error)
    assert error.spent == "no"
    assert any(says in line.text for line in await engine.check() if line.level == "fail")


# The provider over a socket, as other processes meet it.


async def test_a_mode_can_be_chosen_by_the_address(desk: Desk) -> None:
    with serve(desk.fake) as url:
        engine = an_engine(f"{url}/rate_limit/v1", sleep=desk.sleep)
        assert isinstance(await desk.fail(engine=engine), errors.Busy)
        await engine.aclose()
        plain = an_engine(f"{url}/v1")
        assert (await desk.draw(plain)).parts[0].read() == desk.fake.last
        await plain.aclose()


async def test_a_padded_picture_is_still_a_picture(desk: Desk) -> None:
    desk.fake.size_bytes = 2_000_000
    data = (await desk.draw()).parts[0].read()
    assert len(data) >= 2_000_000
    assert Image.open(io.BytesIO(data)).size == (1024, 1024)


async def test_an_edit_comes_back_different_everywhere(desk: Desk) -> None:
    before = Image.new("RGB", (1024, 1024), (120, 30, 250))
    finished = await desk.draw(inputs=Inputs((encoded(before, "png"),)))
    after = Image.open(io.BytesIO(finished.parts[0].read()))
    colours = after.getcolors()
    assert colours is not None
    assert [colour for _, colour in colours] == [(248, 158, 122)]

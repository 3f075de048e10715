"""The incremental reader: however a reply is cut into pieces, the same pictures come out."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquatint.domain.errors import BadReply
from aquatint.domain.redaction import Gate
from aquatint.engines.openai.answer import Most, understand
from aquatint.engines.openai.body import Body, Document
from aquatint.engines.openai.pictures import SLICE, Base64Part, Parts
from fake_openai import MemoryPart

PICTURE = bytes(range(256)) * 3  # its base64 holds every character, + and / too


def b64(data: bytes = PICTURE) -> str:
    return base64.b64encode(data).decode()


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[a:b] for a, b in pairwise(edges)]


def read(parts_of_body: list[bytes], each: int = 10**6) -> tuple[list[Document], Body, Parts]:
    parts = Parts(MemoryPart, each)
    reply = Body(parts, 10**8)
    documents = [document for piece in parts_of_body for document in reply.feed(piece)]
    return documents, reply, parts


def images(documents: list[Document]) -> list[bytes]:
    found: list[bytes] = []
    for document in documents:
        for number in range(20):
            part = document.take(number)
            if part is not None:
                found.append(part.read())
    return found


def escaped(text: str) -> str:
    return text.replace("/", "\\/").replace("+", "\\u002b")


def dressed(dress: str) -> str:
    text = b64()
    return {
        "standard": text,
        "url-safe": text.replace("+", "-").replace("/", "_"),
        "unpadded": text.rstrip("="),
        "data uri": "data:image/png;base64," + text,
        "lines": "\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
        "spaces around": f" \t{text}\r\n",
    }[dress]


DRESSES = ["standard", "url-safe", "unpadded", "data uri", "lines", "spaces around"]


def body(image: str, *, slashes: bool = False) -> bytes:
    reply: dict[str, Any] = {
        "created": 1,
        "note": 'a "quoted" \\ back\\\\slash, b64_json: {[',
        "data": [{"b64_json": image, "url": None}, {"b64_json": image}],
        "usage": {"input_tokens": 5},
    }
    text = json.dumps(reply)
    return (escaped(text) if slashes else text).encode()


@pytest.mark.parametrize("slashes", [False, True])
@pytest.mark.parametrize("dress", DRESSES)
def test_a_body_cut_anywhere_gives_the_same_pictures(dress: str, slashes: bool) -> None:
    whole = body(dressed(dress), slashes=slashes)
    for cut in range(0, len(whole), 1 if dress == "data uri" else 7):
        documents, reply, _ = read([whole[:cut], whole[cut:]])
        assert images(documents) == [PICTURE, PICTURE]
        value: Any = reply.document.value()
        assert value["data"] == [{"b64_json": 0, "url": None}, {"b64_json": 1}]
        assert value["note"].startswith('a "quoted" \\ back')


@given(
    data=st.binary(max_size=2000),
    dress=st.sampled_from(["", "/", "url", "unpadded", "data:image/png;base64,"]),
    cuts=st.lists(st.integers(0, 10**6), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_survive_any_dress_and_any_cuts(data: bytes, dress: str, cuts: list[int]) -> None:
    text = b64(data)
    match dress:
        case "url":
            text = text.replace("+", "-").replace("/", "_")
        case "unpadded":
            text = text.rstrip("=")
        case "data:image/png;base64,":
            text = dress + text
        case _:
            pass
    whole = json.dumps({"data": [{"b64_json": text}]})
    whole = escaped(whole) if dress == "/" else whole
    documents, _, _ = read(pieces(whole.encode(), cuts))
    assert images(documents) == ([data] if data else [])


@given(cuts=st.lists(st.integers(0, 10**6), max_size=12), crlf=st.booleans(), gap=st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_stream_cut_anywhere_gives_the_same_events(
    cuts: list[int], crlf: bool, gap: bool
) -> None:
    first = json.dumps({"type": "x.partial_image", "b64_json": b64(b"early")})
    last = json.dumps({"type": "x.completed", "b64_json": b64()}, indent=1)
    lines = [
        ": a comment",
        "",
        "event: x.partial_image",
        f"data: {first}",
        *([""] if gap else []),
        "event: x.completed",
        "id: 7",
        *(f"data: {line}" for line in last.splitlines()),
        "",
        "data: [DONE]",
        "",
    ]
    whole = ("\r\n" if crlf else "\n").join(lines).encode()
    documents, reply, _ = read(pieces(whole, cuts))
    assert reply.kind == "events"
    assert images(documents) == [b"early", PICTURE]


def test_events_need_no_empty_line_between_them() -> None:
    rows = [json.dumps({"type": "t", "b64_json": b64(bytes([n]))}) for n in range(3)]
    documents, _, _ = read(["".join(f"data:{row}\n" for row in rows).encode()])
    assert images(documents) == [b"\0", b"\1", b"\2"]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b'  \n{"a": 1}', "json"),
        (b"\xef\xbb\xbf[1]", "json"),
        (b"event: x\n", "events"),
        (b"data:{}\n", "events"),
        (b": hello\n", "events"),
        (b"<html>", "other"),
        (b"dat", ""),
        (b"date", "other"),
        (b"", ""),
    ],
)
def test_what_a_body_is_shows_in_its_first_bytes(start: bytes, kind: str) -> None:
    _, reply, _ = read([start[at : at + 1] for at in range(len(start))])
    assert reply.kind == kind


def test_a_picture_is_decoded_in_slices_and_never_whole() -> None:
    data = bytes(3_000_000)
    reply = Body(Parts(MemoryPart, 10**8), 10**8)
    reply.feed(json.dumps({"data": [{"b64_json": b64(data)}]}).encode())
    part = reply.document.take(0)
    assert isinstance(part, MemoryPart)
    assert part.read() == data
    assert max(part.writes) <= SLICE
    assert len(reply.document.text) < 50


def test_a_data_uri_of_megabytes_does_not_pass_through_the_text() -> None:
    documents, reply, _ = read([json.dumps({"url": "data:image/png;base64," + b64()}).encode()])
    assert images(documents) == [PICTURE]
    assert bytes(reply.document.text) == b'{"url": 0}'


@pytest.mark.parametrize(
    "text", ["AAAA*AAA", "AAAAA", "AA==AA", "\u00e9AAA", "data:image/png;base64" + "A" * 300, "=A"]
)
def test_what_is_no_base64_leaves_no_part(text: str) -> None:
    made: list[MemoryPart] = []

    def opened() -> MemoryPart:
        made.append(MemoryPart())
        return made[-1]

    parts = Parts(opened, 10**6)
    sink = Base64Part(parts)
    sink.write(text.encode())
    assert sink.close() is None
    assert sink.fault
    assert parts.held == []
    assert all(part.discarded for part in made)


def test_a_picture_above_the_ceiling_is_refused_while_it_arrives() -> None:
    with pytest.raises(BadReply, match="came; it was dropped") as caught:
        read([body(b64(bytes(5000)))], each=4000)
    assert caught.value.reason == "reply_too_large"


def test_a_reply_above_the_ceiling_is_refused() -> None:
    reply = Body(Parts(MemoryPart, 10**6), 1000)
    with pytest.raises(BadReply):
        reply.feed(b" " * 1001)


def test_endless_text_is_refused() -> None:
    with pytest.raises(BadReply, match="megabyte of text"):
        read([b'{"data": "', *[b"x" * 100_000] * 20])


def test_a_number_that_no_picture_has_takes_nothing() -> None:
    documents, _, _ = read([b'{"data": [{"b64_json": 0}, {"b64_json": true}]}'])
    assert documents[0].take(0) is None
    assert documents[0].take(True) is None


def test_a_part_is_given_once() -> None:
    documents, _, _ = read([body(b64())])
    assert documents[0].take(0) is not None
    assert documents[0].take(0) is None


def test_what_is_not_handed_on_is_discarded() -> None:
    documents, _, parts = read([body(b64())])
    kept, left = documents[0].take(0), documents[0].take(1)
    assert isinstance(kept, MemoryPart)
    assert isinstance(left, MemoryPart)
    parts.hand(kept)
    parts.discard()
    assert (kept.discarded, left.discarded) == (False, True)


# What is whole of a reply that broke off.

OPENAI = json.dumps(
    {
        "created": 1,
        "data": [{"b64_json": b64(), "revised_prompt": "a, {b}"}, {"b64_json": b64(b"second")}],
        "size": "1024x1024",
        "usage": {"input_tokens": 5, "output_tokens": 196, "input_tokens_details": {"x": 1}},
    }
).encode()


def test_wherever_a_body_is_cut_what_was_whole_is_there() -> None:
    first, second = (OPENAI.index(b64(data).encode() + b'"') for data in (PICTURE, b"second"))
    ends = [first + len(b64()), second + len(b64(b"second"))]
    counted = OPENAI.index(b"}}") + 1
    for cut in range(len(OPENAI)):
        _, reply, _ = read([OPENAI[:cut]])
        answer = understand(reply.document.value(), Gate())
        whole = sum(cut > end for end in ends)
        assert (reply.document.images, answer.images) == (whole, tuple(range(whole))), cut
        assert (answer.usage is not None) == (cut > counted), cut  # never half of a count
        assert images([reply.document]) == [PICTURE, b"second"][:whole]


@pytest.mark.parametrize("junk", [b"}", b"garbage", b'{"data": []}', b"\n\n\0", b'"'])
def test_what_follows_the_document_is_not_read(junk: bytes) -> None:
    documents, reply, _ = read([OPENAI + junk, junk])
    assert images(documents) == [PICTURE, b"second"]
    assert understand(reply.document.value(), Gate()).usage is not None


@pytest.mark.parametrize(
    "body", [b'{"data": [{"b64_json": "%s"},],}', b'{"x": \xff, "data": [{"b64_json": "%s"}]}']
)
def test_pictures_outlive_json_that_is_none(body: bytes) -> None:
    documents, reply, _ = read([body % b64().encode()])
    assert understand(reply.document.value(), Gate()).images == (0,)
    assert images(documents) == [PICTURE]


def test_an_event_without_its_blank_line_is_there_at_once() -> None:
    event = json.dumps({"type": "x.completed", "b64_json": b64()}).encode()
    documents, _, _ = read([b"event: x.completed\ndata: " + event])
    assert images(documents) == [PICTURE]


def test_an_event_is_called_what_its_line_says_where_its_type_is_missing() -> None:
    row = json.dumps({"b64_json": b64()}).encode()
    documents, _, _ = read([b"event: x.partial_image\ndata: " + row + b"\n\ndata: " + row + b"\n"])
    assert [document.event for document in documents] == ["x.partial_image", ""]


@pytest.mark.parametrize(
    "tokens",
    ["9" * 400, "9" * 5000, "-5", "1e400", "NaN", "true", '"196"', "[]", "{}", "100001", "1" * 18],
)
@pytest.mark.parametrize("field", ["output_tokens", "input_tokens"])
def test_a_count_that_is_none_is_not_booked(tokens: str, field: str) -> None:
    usage = f'{{"{field}": {tokens}}}'
    body = f'{{"data": [{{"b64_json": "{b64()}"}}], "usage": {usage}}}'
    documents, _, _ = read([body.encode()])
    answer = understand(documents[0].value(), Gate())
    assert answer.images == (0,)
    booked = answer.usage is not None and Most(drawn=1).allows(answer.usage)
    assert not booked or tokens in ("[]", "{}")


def test_a_count_in_reason_is_booked() -> None:
    usage = understand({"usage": {"input_tokens": 9, "output_tokens": 196.0}}, Gate()).usage
    assert usage is not None
    assert (usage.text_in, usage.image_out) == (9, 196)
    assert Most(drawn=1).allows(usage)

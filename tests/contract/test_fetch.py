"""HttpsFetch against a real TLS server on loopback; no packet of these tests goes further."""

from __future__ import annotations

import anyio
import pytest
from anyio.abc import ByteStream

from aquatint.domain.errors import AquatintError, BadImage, BadRequest, NoSuchImage, Unavailable
from aquatint.net.fetch import HttpsFetch, resolve
from https import OTHER, PUBLIC, Answer, Net, Trust, make_trust, ok, serving, status

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("tls"))


async def failure(fetch: HttpsFetch, url: str) -> AquatintError:
    with pytest.raises(AquatintError) as caught:
        await fetch.get(url)
    assert caught.value.fix
    return caught.value


async def test_a_picture_comes_from_the_judged_address_under_the_hosts_own_name(trust: Trust):
    async with serving(trust, {"/a.png?size=2": ok(PNG)}) as net:
        assert await net.fetch(trust).get("https://pictures.example/a.png?size=2#top") == PNG
    assert net.asked == ["pictures.example"]
    assert net.dialled == [(PUBLIC, 443)]
    assert net.requests == [
        "GET /a.png?size=2 HTTP/1.1\r\nHost: pictures.example\r\nUser-Agent: aquatint\r\n"
        "Accept: image/*\r\nAccept-Encoding: identity\r\n\r\n"
    ]


async def test_an_address_is_dialled_without_asking_for_a_name(trust: Trust):
    async with serving(trust, {"/a": ok(PNG)}) as net:
        assert await net.fetch(trust).get(f"https://[{OTHER}]:8443/a") == PNG
    assert net.asked == []
    assert net.dialled == [(OTHER, 8443)]
    assert f"Host: [{OTHER}]:8443" in net.requests[0]


# What a name answers (after `name:`), or a URL that carries its address itself.
HOSTILE = """
name:0.0.0.0 name:10.0.0.1 name:100.64.0.1 name:100.100.100.200 name:127.0.0.1 name:127.9.9.9
name:168.63.129.16 name:169.254.169.254 name:172.16.0.1 name:192.0.0.192 name:192.168.1.1
name:192.88.99.1 name:198.18.0.1 name:203.0.113.1 name:224.0.0.1 name:239.255.255.250
name:240.0.0.1 name:255.255.255.255 name::: name:::1 name:::7f00:1 name:::ffff:127.0.0.1
name:::ffff:169.254.169.254 name:64:ff9b::7f00:1 name:64:ff9b::a9fe:a9fe name:64:ff9b:1::1
name:2001:0:7f00:1::1 name:2001:db8::1 name:2002:7f00:1::1 name:2606:4700::5efe:127.0.0.1
name:fc00::1 name:fd00:ec2::254 name:fe80::1 name:fe80::1%lo name:fec0::1 name:ff02::1
name:93.184.215.14,127.0.0.1 name:2606:4700::1111,::1 name:not-an-address name:
https://127.0.0.1/ https://127.0.0.1:6379/ https://127.1/ https://0x7f.1/ https://0x7f000001/
https://2130706433/ https://0177.0.0.1/ https://017700000001/ https://①②⑦.⓪.⓪.①/
https://127。0。0。1/ https://[::]/ https://[::1]/ https://[0:0:0:0:0:ffff:7f00:1]/
https://[::ffff:127.0.0.1]/ https://[64:ff9b::7f00:1]/ https://[fe80::1%25lo]/
https://169.254.169.254/latest/meta-data/ https://[fd00:ec2::254]/ https://10.0.0.1/
https://192.168.0.1/ https://localhost/ https://localhost.localdomain/ https://0/ https://0.0.0.0/
https://pictures.example@127.0.0.1/ https://127.0.0.1%2f.pictures.example/ https://%31%32%37.0.0.1/
http://pictures.example/ http://127.0.0.1/ file:///etc/passwd gopher://127.0.0.1:6379/_FLUSHALL
https://127.0.0.1\\@pictures.example/ https://pictures.example:0/ https:127.0.0.1 //127.0.0.1/
"""


@pytest.mark.parametrize("vector", HOSTILE.split())
async def test_a_hostile_address_is_never_dialled(vector: str, trust: Trust):
    net = Net()
    url = vector
    if vector.startswith("name:"):
        net.names["evil.example"] = [[each for each in vector[5:].split(",") if each]]
        url = "https://evil.example/a.png"
    net.names["localhost.localdomain"] = [["127.0.0.1"]]
    error = await failure(net.fetch(trust), url)
    assert isinstance(error, BadRequest)
    assert not error.retryable
    assert net.dialled == []


def test_the_hostile_table_is_as_long_as_promised():
    assert len(set(HOSTILE.split())) >= 59


async def test_a_name_that_changes_its_answer_is_dialled_where_it_was_judged(trust: Trust):
    async with serving(trust, {"/a": ok(PNG)}) as net:
        net.names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
        fetch = net.fetch(trust)
        assert await fetch.get("https://pictures.example/a") == PNG
        await failure(fetch, "https://pictures.example/a")
    assert net.dialled == [(PUBLIC, 443)]


async def test_the_next_judged_address_is_dialled_when_the_first_is_dead(trust: Trust):
    async with serving(trust, {"/a": ok(PNG)}) as net:
        net.names["pictures.example"] = [[OTHER, PUBLIC]]
        net.dead = {OTHER}
        assert await net.fetch(trust).get("https://pictures.example/a") == PNG
    assert net.dialled == [(OTHER, 443), (PUBLIC, 443)]


async def test_a_host_that_nobody_can_reach_may_be_tried_again_later(trust: Trust):
    net = Net(dead={PUBLIC})
    assert isinstance(await failure(net.fetch(trust), "https://pictures.example/a"), Unavailable)


async def test_a_name_that_does_not_exist_is_no_picture(trust: Trust):
    assert isinstance(await failure(Net().fetch(trust), "https://nobody.example/a"), NoSuchImage)


async def test_a_name_server_that_is_busy_may_be_asked_again_later(trust: Trust):
    assert isinstance(await failure(Net().fetch(trust), "https://later.example/a"), Unavailable)


async def test_a_redirect_to_another_public_host_is_followed_and_judged_anew(trust: Trust):
    answers: dict[str, Answer] = {
        "/a": status(302, "Location: https://other.example/b", "Set-Cookie: id=1"),
        "/b": status(307, "Location: c.png"),
        "/c.png": ok(PNG),
    }
    async with serving(trust, answers) as net:
        assert await net.fetch(trust).get("https://pictures.example/a") == PNG
    assert net.dialled == [(PUBLIC, 443), (OTHER, 443), (OTHER, 443)]
    assert "Host: other.example" in net.requests[1]
    assert not any("cookie" in each.lower() or "referer" in each.lower() for each in net.requests)


@pytest.mark.parametrize(
    "location",
    [
        *["https://127.0.0.1/", "https://[::1]/", "https://0x7f.1/", "//169.254.169.254/latest/"],
        *[
            "http://pictures.example/a",
            "file:///etc/passwd",
            "https://inside.example/",
            "https://[",
        ],
    ],
)
async def test_a_redirect_inwards_is_not_followed(location: str, trust: Trust):
    async with serving(trust, {"/a": status(302, f"Location: {location}")}) as net:
        net.names["inside.example"] = [["10.0.0.1"]]
        assert isinstance(await failure(net.fetch(trust), "https://pictures.example/a"), BadRequest)
    assert net.dialled == [(PUBLIC, 443)]


async def test_a_fourth_redirect_is_not_followed(trust: Trust):
    async with serving(trust, {"/a": status(301, "Location: /a")}) as net:
        error = await failure(net.fetch(trust), "https://pictures.example/a")
    assert error.reason == "too_many_redirects"
    assert len(net.dialled) == 4


async def test_proxies_of_the_environment_are_ignored(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(trust, {"/a": ok(PNG)}) as net:
        assert await net.fetch(trust).get("https://pictures.example/a") == PNG
    assert net.dialled == [(PUBLIC, 443)]


async def test_a_certificate_for_another_name_ends_the_call_before_a_request(trust: Trust):
    async with serving(trust, {"/a": ok(PNG)}) as net:
        net.names["stranger.example"] = [[PUBLIC]]
        error = await failure(net.fetch(trust), "https://stranger.example/a")
    assert error.reason == "bad_certificate"
    assert net.requests == []


async def test_the_systems_authorities_are_trusted_when_no_others_are_named(trust: Trust):
    async with serving(trust, {"/a": ok(PNG)}) as net:
        fetch = HttpsFetch(enabled=True, resolve=net.resolve, connect=net.connect)
        error = await failure(fetch, "https://pictures.example/a")
    assert error.reason == "bad_certificate"
    assert net.requests == []


async def endless(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
    while True:
        await stream.send(bytes(500))


async def test_a_body_is_cut_off_at_the_cap(trust: Trust):
    async with serving(trust, {"/a": endless}) as net:
        assert (await failure(net.fetch(trust), "https://pictures.example/a")).reason == "too_large"


async def test_a_body_that_announces_too_much_is_not_read(trust: Trust):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
    async with serving(trust, {"/a": head}) as net:
        assert (await failure(net.fetch(trust), "https://pictures.example/a")).reason == "too_large"


async def test_a_body_of_exactly_the_cap_is_whole(trust: Trust):
    body = PNG.ljust(1000, b"x")
    async with serving(trust, {"/a": ok(body)}) as net:
        assert await net.fetch(trust).get("https://pictures.example/a") == body


async def silent(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + PNG)
    await anyio.sleep_forever()


async def test_a_host_that_falls_silent_is_left_at_the_deadline(trust: Trust):
    async with serving(trust, {"/a": silent}) as net:
        error = await failure(net.fetch(trust, seconds=0.3), "https://pictures.example/a")
    assert isinstance(error, Unavailable)
    assert "0.3 seconds" in error.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (status(404), NoSuchImage),
        (status(410), NoSuchImage),
        (status(401), BadRequest),
        (status(403), BadRequest),
        (status(302), BadRequest),
        (status(206), BadRequest),
        (status(429), Unavailable),
        (status(503), Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + PNG, Unavailable),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Unavailable),
        (b"", Unavailable),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, Unavailable),
    ],
)
async def test_what_is_no_answer_says_who_can_act(
    answer: bytes, kind: type[AquatintError], trust: Trust
):
    async with serving(trust, {"/a": answer}) as net:
        assert type(await failure(net.fetch(trust), "https://pictures.example/a")) is kind


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><title>secret</title>", "an HTML page"),
        (b"\n <svg xmlns='http://www.w3.org/2000/svg'><text>secret</text></svg>", "an SVG"),
        (b"", "empty"),
        (b'{"token": "secret"}', "JSON"),
        (b"root:x:0:0:secret:/root:/bin/bash", "text"),
        (b"\x1f\x8b\x08secret", "gzip"),
    ],
)
async def test_what_is_no_picture_is_named_but_not_quoted(body: bytes, said: str, trust: Trust):
    answer = ok(body, "Content-Type: image/png; secret")
    async with serving(trust, {"/a": answer}) as net:
        error = await failure(net.fetch(trust), "https://pictures.example/a")
    assert isinstance(error, BadImage)
    assert said in error.message
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        *[
            PNG,
            b"\xff\xd8\xff\xe0JFIF",
            b"GIF89a..",
            b"RIFF\x10\0\0\0WEBPVP8 ",
            b"BM" + bytes(12) + b"\x28\0\0\0",
        ],
        *[
            b"II*\0....",
            b"MM\0*....",
            b"\0\0\0\x1cftypavif",
            b"\0\0\0\x1cftypheic",
            b"\0\0\1\0\1\0",
        ],
    ],
)
async def test_a_picture_is_known_by_its_first_bytes(body: bytes, trust: Trust):
    async with serving(trust, {"/a": ok(body, "Content-Type: text/html")}) as net:
        assert await net.fetch(trust).get("https://pictures.example/a") == body


async def test_a_switched_off_fetch_says_which_setting_turns_it_on():
    net = Net()
    fetch = HttpsFetch(enabled=False, resolve=net.resolve, connect=net.connect)
    error = await failure(fetch, "https://pictures.example/a")
    assert "AQUATINT_FETCH" in error.fix
    assert (net.asked, net.dialled) == ([], [])


async def test_the_systems_resolver_gives_each_address_once():
    found = await resolve("localhost", 443)
    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found)) > 0

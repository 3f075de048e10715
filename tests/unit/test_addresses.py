"""Which addresses are public, and which URLs can be read in one way only."""

from __future__ import annotations

import pytest

from aquatint.domain.addresses import parse_url, public
from aquatint.domain.errors import BadRequest

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
168.63.129.16 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192
192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1
64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1
2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 2606:4700::1%lo fec0::1 ff02::1 ff0e::1
2606:4700::5efe:127.0.0.1 2606:4700::200:5efe:10.0.0.1 fe80::5efe:192.168.0.1 4000::1
"""

OPEN = """
1.1.1.1 8.8.8.8 93.184.215.14 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1
198.17.255.255 198.20.0.1 223.255.255.254
2606:4700:4700::1111 2a00:1450:4001:82a::200e 2001:4860:4860::8888 ::ffff:8.8.8.8
64:ff9b::8.8.8.8 2606:4700::5efe:8.8.8.8
"""


@pytest.mark.parametrize("address", CLOSED.split())
def test_an_address_that_is_not_public_is_refused(address: str):
    assert not public(address)


@pytest.mark.parametrize("address", OPEN.split())
def test_a_public_address_is_let_through(address: str):
    assert public(address)


@pytest.mark.parametrize("text", ["", "example.org", "127.1", "0x7f.0.0.1", "1.1.1.1 ", "①.1.1.1"])
def test_what_is_no_address_is_not_public(text: str):
    assert not public(text)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://EXAMPLE.org/A.png?b=C#d", "https://example.org/A.png?b=C"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://exa。mple.org/a", "https://exa.mple.org/a"),
        (
            "https://例え.jp/猫.png?問=日",
            "https://xn--r8jz45g.jp/%E7%8C%AB.png?%E5%95%8F=%E6%97%A5",
        ),
        ("https://my_bucket.s3.example.com/a%20b?X-Sig=a%2Fb+c==", None),
        ("https://1.1.1.1/a", None),
        ("https://[2606:4700:4700::1111]:8443/a", None),
    ],
)
def test_a_url_is_read_as_it_will_be_sent(url: str, read: str | None):
    assert str(parse_url(url)) == (read or url)


@pytest.mark.parametrize(
    "url",
    [
        *[
            "",
            "example.org/a.png",
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
        ],
        *["gopher://example.org/", "data:image/png;base64,AA", "//example.org/a", "https:a.org"],
        *["https:///a.org", "https://", "https://?a", "https://localhost/", "https://router/a"],
        *["https://0x7f.1/", "https://0x7f000001/", "https://2130706433/", "https://017700000001/"],
        *["https://127.1/", "https://127.0.1/", "https://0177.0.0.1/", "https://127.0.0.1./"],
        *["https://127.0.0.0x1/", "https://①②⑦.1/", "https://1.2.3.4.5/", "https://256.1.1.1/"],
        *["https://user@example.org/", "https://user:pass@example.org/", "https://@example.org/"],
        *[
            "https://example.org\\@127.0.0.1/",
            "https://example.org\t.evil.org/",
            "https://a.org/a b",
        ],
        *["https://a.org/\r\nHost: x", " https://a.org/", "https://a.org/\x00", "https://a..org/"],
        *["https://a.org:0/", "https://a.org:65536/", "https://a.org:-1/", "https://a.org:x/"],
        *["https://a.org:４４３/", "https://[::1", "https://[::1]x.org/", "https://x[::1]/"],
        *["https://[fe80::1%25eth0]/", "https://[v1.a]/", "https://[127.0.0.1]/"],
        *["https://%31%32%37.0.0.1/", "https://%6cocalhost.org/", "https://-a.org/"],
        *["https://straße.de/", "https://faß.de/", f"https://{'a' * 64}.org/"],
        *[
            f"https://{'a.' * 127}org/",
            "https://a\u200d.org/",
            "https://a.org/\ud800",
            "https://a!.org",
        ],
    ],
)
def test_a_url_that_two_readers_could_read_in_two_ways_is_refused(url: str):
    with pytest.raises(BadRequest) as caught:
        parse_url(url)
    assert caught.value.fix


def test_unicode_digits_are_read_before_they_are_judged():
    url = parse_url("https://①②⑦.⓪.⓪.①/")
    assert url.host == "127.0.0.1"
    assert url.ip is not None
    assert not public(url.ip)


@pytest.mark.parametrize(
    ("location", "end"),
    [
        ("/b.png", "https://a.org:8443/b.png"),
        ("b.png?x", "https://a.org:8443/d/b.png?x"),
        ("//b.org/c", "https://b.org/c"),
        ("https://b.org/c", "https://b.org/c"),
    ],
)
def test_a_redirect_is_read_from_where_it_was_found(location: str, end: str):
    assert str(parse_url("https://a.org:8443/d/a.png").follow(location)) == end


@pytest.mark.parametrize(
    "location", ["http://a.org/b", "file:///etc/passwd", "//0x7f.1/", "https://[", "/a b"]
)
def test_a_redirect_is_judged_like_any_url(location: str):
    with pytest.raises(BadRequest):
        parse_url("https://a.org/").follow(location)

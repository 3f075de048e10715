"""Judges addresses: which IP is public, which https URL may be asked for, which file is local."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import quote, unquote, urljoin, urlsplit

from .errors import BadRequest
from .words import clean

# `is_global` is asked too, but alone it lets multicast, NAT64, 6to4 and ISATAP through, and differs
# between Python releases. Source: IANA's special-purpose address registries (IPv4, IPv6), 2026-11.
_CLOSED4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent: looks public, answers virtual machines only
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL6 = IPv6Network("2000::/3")  # all that is assigned as global unicast
_CLOSED6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 (retired): reaches any IPv4 address
        "3fff::/20",  # documentation
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)  # the interface identifier's first half (RFC 5214)

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETS = re.compile(r"\[[0-9a-f:.]+\](:[0-9]*)?", re.IGNORECASE)
_DRIVE = re.compile(r"/[A-Za-z]:")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
# IDNA 2003 (Python's codec) and 2008 lead these to different owners.
_DEVIATING = frozenset("ßẞς\u200c\u200d")


def public(ip: str | IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet, and so does any address inside it.

    IPv4 inside IPv6 (mapped, NAT64, ISATAP) is judged too; scoped addresses and whatever is no
    address are not public.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in net for net in _CLOSED4)
    if address.scope_id is not None:
        return False
    inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _MAPPED or address in _NAT64:
        return public(inner)
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP and not public(inner):
        return False
    return address in _GLOBAL6 and address.is_global and not any(address in net for net in _CLOSED6)


@dataclass(frozen=True, slots=True)
class Url:
    """An https URL in parts: ASCII host (no brackets), port, and target (path and query)."""

    host: str
    port: int
    target: str
    ip: IPv4Address | IPv6Address | None = None  # when the host is an address

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if isinstance(self.ip, IPv6Address) else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"https://{self.authority}{self.target}"

    def follow(self, location: str) -> Url:
        """The URL that a redirect leads to, judged like any other."""
        if _UNSAFE.search(location):
            raise _bad("The redirect holds a space or a control character.", "Give its end's URL.")
        try:
            joined = urljoin(str(self), location)
        except ValueError as error:
            raise _bad("The redirect cannot be read.", "Give its end's URL.") from error
        return parse_url(joined)


def parse_url(url: str) -> Url:
    """Take an https URL apart; BadRequest for whatever two readers could read in two ways.

    Hosts are names with a dot, IPv4 in four decimals, or IPv6 in brackets; the short, octal,
    hexadecimal and one-number spellings of IPv4 are refused, unicode digits are read first.
    """
    if _UNSAFE.search(url):
        raise _bad("The URL holds a space, a control character or a backslash.", "Encode it (%20).")
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
    except ValueError as error:
        why = clean(str(error), 120)
        raise _bad(f"The URL cannot be read ({why}).", "Check its host and port.") from error
    if parts.scheme != "https":
        raise _bad("Only https URLs are fetched.", "Use the https form, or give a file's path.")
    if "@" in parts.netloc:
        raise _bad("The URL holds a user name or password.", "Give a URL without them.")
    if port == 0:
        raise _bad("Port 0 cannot be dialled.", "Leave the port out, or give 1 to 65535.")
    host, ip = _host(parts.netloc, parts.hostname or "")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        return Url(host, port, quote(target, safe=string.punctuation), ip)
    except UnicodeEncodeError as error:  # a lone surrogate
        raise _bad("The URL holds broken text.", "Write it in ASCII.") from error


def file_path(url: str) -> str:
    """The path of a file:// URL on this machine. Raises BadRequest for any other URL."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        why = clean(str(error), 120)
        raise _bad(f"The URL cannot be read ({why}).", "Give a local path.") from error
    if parts.scheme != "file":
        raise _bad("This is not a file:// URL.", "Give a local path.")
    if parts.netloc.lower() not in {"", "localhost"}:
        raise _bad("The file:// URL names another computer.", "Give a local path.")
    path = unquote(parts.path)
    return path[1:] if _DRIVE.match(path) else path  # file:///C:/x is C:/x on Windows


def _host(netloc: str, name: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if netloc.startswith("["):
        try:
            if not _BRACKETS.fullmatch(netloc):
                raise ValueError(netloc)
            ip = IPv6Address(name)
        except ValueError as error:
            raise _bad("The URL's IPv6 address cannot be read.", "Check its spelling.") from error
        return str(ip), ip
    if _DEVIATING & set(name):
        raise _bad("The host's name can be read in two ways.", "Write it in its xn-- form.")
    try:
        host = name.encode("idna").decode("ascii").lower() if len(name) <= 253 else ""
    except UnicodeError:
        host = ""
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return host, IPv4Address(host)
        except ValueError as error:
            fix = "Write it as four decimal numbers."
            raise _bad("The host is a number in disguise.", fix) from error
    if len(host) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(each) for each in labels):
        raise _bad("The URL's host is not a public host name.", "Give a full name: example.org.")
    return ".".join(labels), None


def _bad(message: str, fix: str) -> BadRequest:
    return BadRequest(message, fix, code="bad_url")

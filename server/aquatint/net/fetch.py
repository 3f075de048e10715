"""The only way to addresses that are not the provider's: https, public, bounded, a picture."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import cast

import anyio
import anyio.to_thread
import httpcore2

from ..domain.addresses import Url, parse_url, public
from ..domain.errors import AquatintError, BadImage, BadRequest, NoSuchImage, Unavailable
from ..imaging import sniff

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Write = Callable[[bytes], object]
Connect = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRIES = 4  # addresses of one host that are dialled in turn
_ONE_TRY = 5.0  # seconds for each but the last: a dead IPv6 route must not cost the whole time


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, in the system's order. Raises socket.gaierror."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def dial(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    """A TCP connection to an address (never a name)."""
    # httpcore2 declares the class as a stand-in for where anyio is missing
    backend = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())
    return await backend.connect_tcp(address, port)


class HttpsFetch:
    """Fetches pictures by https URL; implements the port Fetch.

    `max_bytes` caps the body, `seconds` the whole call with its redirects. `resolve` and `connect`
    are the network, `tls` says whom to trust (the system's authorities by default).
    """

    def __init__(
        self,
        *,
        enabled: bool,
        resolve: Resolve = resolve,
        connect: Connect = dial,
        tls: ssl.SSLContext | None = None,
        max_bytes: int = 50_000_000,
        seconds: float = 20.0,
        max_redirects: int = 3,
    ) -> None:
        self._enabled = enabled
        self._resolve = resolve
        self._connect = connect
        self._tls = tls
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._max_redirects = max_redirects

    async def get(self, url: str) -> bytes:
        """The picture's bytes. Raises BadRequest, BadImage, NoSuchImage or Unavailable."""
        data = bytearray()
        await self.save(url, data.extend)
        kind = sniff.sniff(bytes(data))
        if kind is None or kind == "svg":  # no SVG is ever drawn from input
            what = "an SVG drawing" if kind else sniff.describe(bytes(data))
            raise BadImage(
                f"What {parse_url(url).host} sent is not a picture but {what}.",
                "Give the URL of the picture file itself (PNG, JPEG, WebP, GIF, AVIF, HEIC).",
            )
        return bytes(data)

    async def save(self, url: str, write: Write) -> None:
        """Hand over what stands there piece by piece, whatever it is."""
        if not self._enabled:
            raise BadRequest(
                "Fetching pictures from URLs is switched off here.",
                "Save the picture to a file and give its path, or set AQUATINT_FETCH=true.",
                code="fetch_off",
            )
        place = parse_url(url)
        try:
            with anyio.fail_after(self._seconds):
                await self._follow(place, write)
        except TimeoutError as error:
            raise Unavailable(
                f"{place.host} did not deliver within {self._seconds:g} seconds.",
                "Try again later, or give a file's path.",
            ) from error

    async def _follow(self, place: Url, write: Write) -> None:
        for _ in range(self._max_redirects + 1):
            moved = await self._ask(place, write)
            if moved is None:
                return
            place = moved
        raise BadRequest(
            f"The URL was redirected more than {self._max_redirects} times.",
            "Give the picture's own URL.",
            code="too_many_redirects",
        )

    async def _ask(self, place: Url, write: Write) -> Url | None:
        """One request to one judged address: what is there is written, or it is where it moved."""
        if self._tls is None:  # reading the authorities takes a while
            self._tls = await anyio.to_thread.run_sync(httpcore2.default_ssl_context)
        backend = _Pinned(await self._judged(place), self._connect)
        where = httpcore2.URL(scheme="https", host=place.host, port=place.port, target=place.target)
        headers: list[tuple[bytes | str, bytes | str]] = [
            ("Host", place.authority),
            ("User-Agent", "aquatint"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),
        ]
        try:
            async with (
                httpcore2.AsyncConnectionPool(self._tls, network_backend=backend) as pool,
                pool.stream("GET", where, headers=headers) as response,
            ):
                return await self._read(place, response, write)
        except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
            raise _unreachable(place, error) from error
        except httpcore2.ProtocolError as error:
            raise Unavailable(
                f"{place.host} garbled its answer or broke it off.",
                "Try again, or give another URL.",
            ) from error

    async def _judged(self, place: Url) -> list[str]:
        """The addresses that may be dialled: all of the host's, or none."""
        if place.ip is not None:
            found: Sequence[str] = [str(place.ip)]
        else:
            try:
                found = await self._resolve(place.host, place.port)
            except socket.gaierror as error:
                if error.errno == socket.EAI_AGAIN:
                    raise Unavailable(
                        f"The name {place.host} could not be looked up just now.",
                        "Try again, or give a file's path.",
                    ) from error
                raise NoSuchImage(
                    f"There is no host {place.host}.", "Check the URL's host."
                ) from error
        if not found or not all(public(address) for address in found):
            raise BadRequest(
                f"{place.host} does not lead to the public internet alone.",
                "Only public addresses are fetched: give a file's path instead.",
                code="address_not_allowed",
            )
        return list(found[:_TRIES])

    async def _read(self, place: Url, response: httpcore2.Response, write: Write) -> Url | None:
        headers = {name.lower(): value for name, value in response.headers}
        if response.status in _REDIRECTS and b"location" in headers:
            return place.follow(_text(headers[b"location"]))
        if response.status != 200:
            raise _refused(place, response.status)
        length = headers.get(b"content-length", b"0")
        self._bound(place, int(length[:18]) if length.isdigit() else 0)
        size = 0
        async for chunk in response.aiter_stream():
            size += len(chunk)
            self._bound(place, size)
            write(chunk)
        return None

    def _bound(self, place: Url, size: int) -> None:
        if size > self._max_bytes:
            raise BadImage(
                f"What {place.host} sends is larger than {self._max_bytes:,} bytes.",
                "Give a smaller picture.",
                code="too_large",
            )


class _Pinned(httpcore2.AsyncNetworkBackend):
    """Dials the addresses that were judged, whatever the name would say now."""

    def __init__(self, addresses: list[str], connect: Connect) -> None:
        self._addresses = addresses
        self._connect = connect

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        *others, last = self._addresses
        for address in others:
            with anyio.move_on_after(_ONE_TRY):
                try:
                    return await self._connect(address, port)
                except (OSError, httpcore2.NetworkError, httpcore2.TimeoutException):
                    continue  # the next judged address may answer
        try:
            return await self._connect(last, port)
        except OSError as error:
            raise httpcore2.ConnectError(error) from error


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _refused(place: Url, status: int) -> AquatintError:
    if status in {404, 410}:
        return NoSuchImage(f"{place.host} has no such picture ({status}).", "Check the URL.")
    if status == 429 or status >= 500:
        return Unavailable(f"{place.host} cannot answer just now ({status}).", "Try again later.")
    return BadRequest(
        f"{place.host} does not hand this picture out ({status}).",
        "Give a URL that needs no login, or save the picture and give its path.",
    )


def _unreachable(place: Url, error: Exception) -> AquatintError:
    if isinstance(error.__context__, ssl.SSLCertVerificationError):  # the pool drops the cause
        return BadRequest(
            f"{place.host} shows no valid certificate.",
            "Give a URL on a host with one, or a file's path.",
            code="bad_certificate",
        )
    return Unavailable(
        f"{place.host} could not be reached, or broke the connection off.",
        "Check the URL, try again later, or give a file's path.",
    )

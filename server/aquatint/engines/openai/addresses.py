"""Fetches pictures that a reply only names: the service's own, or those at public addresses."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field

import httpx2
import openai

from ...domain.addresses import parse_url, public
from ...domain.endpoints import host_of, is_near, origin_of
from ...domain.engine import Part
from ...domain.errors import BadReply, BadRequest, Unavailable
from ...domain.outside import Fetch
from ...domain.redaction import Gate
from .check import proxy_of
from .pictures import Parts

_SHOWN = 500  # characters of an address


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where pictures may come from, besides the reply itself.

    The service's own origin gets the key. Other ports of its host are asked without it, where that
    host is private itself (services at home answer so). Everything else goes through `fetch`,
    which judges addresses, or through the proxy that the environment names for it.
    """

    http: httpx2.AsyncClient
    base_url: str
    key: str = field(repr=False)
    gate: Gate
    elsewhere: Fetch

    async def fetch(self, address: str, parts: Parts) -> Part:
        """The picture in a new part. Raises BadReply, saying where it is."""
        part = parts.opened()
        try:
            url = httpx2.URL(self.base_url).join("/").join(address)
            if self._at_home(url):
                ours = origin_of(str(url)) == origin_of(self.base_url)
                await self._download(url, part, parts, self.key if ours else "")
            elif proxy_of(str(url))[1] and self._harmless(str(url)):
                await self._download(url, part, parts, "")
            else:
                await self.elsewhere.save(str(url), lambda data: parts.write(part, data))
        except (openai.APIStatusError, httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as exc:
            raise self._unreachable(address, self.gate.words(str(exc))) from None
        except (BadRequest, Unavailable) as error:
            raise self._unreachable(address, error.message) from None
        if not part.size:
            raise self._unreachable(address, "it is empty")
        return part

    def _at_home(self, url: httpx2.URL) -> bool:
        """The service's origin, or another port of its host where that is private."""
        if origin_of(str(url)) == origin_of(self.base_url):
            return True
        host = host_of(self.base_url)
        return url.scheme in {"http", "https"} and url.host == host and is_near(host)

    def _harmless(self, url: str) -> bool:
        """Whether a proxy, which looks names up itself, may be asked for it. Raises BadRequest."""
        place = parse_url(url)
        if is_near(place.host) or (place.ip is not None and not public(place.ip)):
            raise BadRequest("It is a private address.", "Only public ones are fetched.")
        return True

    async def _download(self, url: httpx2.URL, part: Part, parts: Parts, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            self.http.stream("GET", url, headers=headers) as response,
            aclosing(response.aiter_bytes()) as chunks,
        ):
            async for chunk in chunks:
                parts.write(part, chunk)

    def _unreachable(self, address: str, why: str) -> BadReply:
        shown = self.gate.words(address, _SHOWN)
        return BadReply(
            f"The picture was made, but could not be fetched from {shown}: "
            f"{why.rstrip('.') or 'no answer in time'}.",
            "Such addresses expire, and what signs one is never shown. Let this server reach that "
            "host, or ask the service for base64; calling again costs the price of another.",
            code="picture_unreachable",
            spent="yes",
        )

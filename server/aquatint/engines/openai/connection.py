"""The way to one service: its address and key, the SDK's client, and what is known of it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import openai
from openai import AsyncOpenAI

from ...domain.endpoints import FIRST_PARTY, is_first_party, mistakes, origin_of
from ...domain.errors import AquatintError, Busy, Misconfigured
from ...domain.redaction import Gate, secrets_in
from .errors import (
    FOREIGN,
    provider_message,
    retry_after,
    status_error,
    translate,
    unusable,
    was_sent,
)
from .pictures import Parts
from .refusals import by_litellm, refusal
from .services import by_address, headers, named

RETRIES = 2
LONGEST_WAIT = 30.0  # seconds of Retry-After that are waited out; longer is told instead
REFUSAL_BYTES = 64 * 1024  # of a refusal's body that are read
CONNECT = 10.0  # seconds
RAW = "X-Stainless-Raw-Response"  # by which the SDK hands on a reply that it has not read


class Connection:
    """What all engines that speak to OpenAI, or to a compatible service at `base_url`, share.

    `deadline` (seconds) bounds a call with all its retries; `service` is the key in services.toml
    of what stands there, where somebody said so. Where prompts are not kept, no word of a provider
    that repeats one gets further. An `http_client` that is passed in stays its owner's to close.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        deadline: float = 300,
        service: str | None = None,
        keep_prompts: bool = True,
        http_client: httpx2.AsyncClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.first_party = is_first_party(base_url)
        self.key = api_key
        self.base_url = (base_url or "").strip() or FIRST_PARTY
        self.deadline, self.clock = deadline, clock
        self.gate = Gate((*((api_key,) if api_key else ()), *secrets_in(base_url)))
        # What stands there: as a setting says, the address, or what it answered.
        self.service = named(service) if service else by_address(self.base_url)
        self._organization, self._project = organization, project
        self._keep_prompts = keep_prompts
        self._http, self._owns_http = http_client, http_client is None
        self._sdk: AsyncOpenAI | None = None

    def gate_for(self, prompt: str) -> Gate:
        """What a provider's words about this prompt pass through."""
        return self.gate if self._keep_prompts else replace(self.gate, prompt=prompt)

    def client(self) -> AsyncOpenAI:
        if self._sdk is not None:
            return self._sdk
        if self.first_party and not self.key:
            raise Misconfigured(
                "No API key is set.", "Set OPENAI_API_KEY and restart.", code="no_key"
            )
        if not origin_of(self.base_url)[1]:
            [found, *_] = mistakes(self.base_url)
            raise Misconfigured(found.text, found.fix)
        address = httpx2.URL(self.base_url)
        self._sdk = AsyncOpenAI(
            api_key=self.key or "none",
            base_url=address.copy_with(query=None),
            default_query=dict(address.params),  # some services take their key so
            organization=self._organization,
            project=self._project,
            default_headers=None if self.first_party else headers(),
            max_retries=0,
            timeout=httpx2.Timeout(self.deadline, connect=min(CONNECT, self.deadline)),
            http_client=self.web(),
        )
        return self._sdk

    def web(self) -> httpx2.AsyncClient:
        """Ours, since the SDK's own follows redirects and lets calls queue for a connection."""
        if self._http is None:
            try:
                self._http = httpx2.AsyncClient(
                    limits=httpx2.Limits(max_connections=None), timeout=self.deadline
                )
            except (ImportError, OSError, ValueError) as exc:  # the environment's proxies, CAs
                raise unusable(exc) from None  # it holds the proxy, with its password
        hooks = self._http.event_hooks
        if _refuse not in hooks["response"]:
            self._http.event_hooks = hooks | {"response": [*hooks["response"], _refuse]}
        return self._http

    @asynccontextmanager
    async def posted(self, path: str, body: object) -> AsyncGenerator[Any]:
        """A POST of JSON that the SDK has no method for; its reply is not read yet."""
        streamed: Any = await self.client().post(
            path, cast_to=object, body=body, options={"headers": {RAW: "stream"}}
        )
        try:
            yield streamed
        finally:
            await streamed.close()

    def pause(self, exc: openai.APIError, retries: int, limit: float, gate: Gate) -> float:
        """Seconds until the next try. Raises what went wrong when there must be none."""
        wait = None
        error = translate(exc, gate)
        if isinstance(exc, openai.APIStatusError):
            wait = retry_after(exc.response.headers, self.clock)
            words = provider_message(exc, gate)
            if by_litellm(words) and not self.first_party:
                self.service = named("litellm")
            error = refusal(words, wait)
        begun = was_sent(exc) and not isinstance(error, Busy)
        if begun or self.service.retries or retries >= RETRIES:
            raise error from None
        pause = float(2**retries) if wait is None else wait
        if pause > LONGEST_WAIT or anyio.current_time() + pause >= limit:
            raise error from None
        return pause

    async def aclose(self) -> None:
        if self._http is not None and self._owns_http:
            await self._http.aclose()


@contextmanager
def answering(gate: Gate, parts: Parts) -> Generator[None]:
    """Around an answer: failures become ours, and no part is left that was not handed on."""
    try:
        yield
    except (AquatintError, *FOREIGN) as exc:
        # `from None`: the SDK's exceptions hold the request's headers, and so the key.
        raise gate.error(translate(exc, gate)) from None
    finally:
        parts.discard()


async def _refuse(response: httpx2.Response) -> None:
    """Raise for anything but a 2xx, redirects too; reads no more of its body than is shown."""
    if response.is_success:
        return
    body = bytearray()
    with suppress(httpx2.HTTPError):  # the status says enough
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) >= REFUSAL_BYTES:
                    break
    raise status_error(response, bytes(body[:REFUSAL_BYTES]))

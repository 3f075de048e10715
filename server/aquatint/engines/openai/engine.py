"""The engine behind every service that speaks OpenAI's Images API; the only caller of the SDK."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any

import anyio
import httpx2
import openai
from openai import AsyncOpenAI

from ...domain.endpoints import FIRST_PARTY, host_of, is_first_party, mistakes, origin_of
from ...domain.errors import AquatintError, Busy, Misconfigured
from ...domain.ports import Event, Inputs, Part, Sent, Waiting
from ...domain.types import Finding, Order
from .check import Answer, ask, findings, proxy_findings
from .errors import FOREIGN, retry_after, said, status_error, translate, unusable, was_sent
from .receive import Answering, Service, until
from .refusals import refusal
from .reply import Parts
from .request import Call, MaskSpeech, call_for, chosen_by, droppable

RETRIES = 2
LONGEST_WAIT = 30.0  # seconds of Retry-After that are waited out; longer is told instead
REPLY_BYTES = 200_000_000  # of one reply, expanded
IMAGE_BYTES = 64_000_000  # of one picture, decoded
REFUSAL_BYTES = 64 * 1024  # of a refusal's body that are read
CONNECT = 10.0  # seconds


class OpenAIEngine:
    """Draws with OpenAI, Azure's v1 route, or any compatible service at `base_url`.

    `deadline` (seconds) bounds a call with all its retries; `mask` says how the service reads
    masks; `total` and `each` are ceilings in bytes for a reply, expanded, and a decoded picture.
    An `http_client` that is passed in stays its owner's to close.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        deadline: float = 300,
        mask: MaskSpeech = "both",
        http_client: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        clock: Callable[[], float] = time.time,
        total: int = REPLY_BYTES,
        each: int = IMAGE_BYTES,
    ) -> None:
        self.first_party = is_first_party(base_url)
        self._key = api_key
        self._base_url = (base_url or "").strip() or FIRST_PARTY
        self._organization, self._project = organization, project
        self._deadline = deadline
        self._mask: MaskSpeech = mask
        self._sleep, self._clock = sleep, clock
        self._total, self._each = total, each
        self._http, self._owns_http = http_client, http_client is None
        self._sdk: AsyncOpenAI | None = None
        self._rejected: dict[str, frozenset[str]] = {}  # parameters, by model; off first party

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part]
    ) -> AsyncGenerator[Event, None]:
        """Send the order and read the answer; raises only the errors of core.errors."""
        parts = Parts(part)
        try:
            async with aclosing(self._attempts(order, inputs, parts)) as events:
                async for event in events:
                    yield event
        except FOREIGN as exc:
            # `from None`: the SDK's exceptions hold the request's headers, and so the key.
            raise translate(exc, self._key) from None
        finally:
            parts.discard()

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """What its address says, and GET /models; costs nothing."""
        found = [*mistakes(self._base_url), *proxy_findings(self._base_url)]
        answer = Answer()
        if online:
            try:
                answer = await ask(self._client(), self._deadline, self._key)
            except FOREIGN as exc:
                answer = Answer(failure=translate(exc, self._key))
            except AquatintError as error:
                answer = Answer(failure=error)
        return found + findings(self._base_url, bool(self._key), answer, models, self._clock())

    async def aclose(self) -> None:
        if self._http is not None and self._owns_http:
            await self._http.aclose()

    async def _attempts(
        self, order: Order, inputs: Inputs, parts: Parts
    ) -> AsyncGenerator[Event, None]:
        """Send, and send again what provably did not start: at most RETRIES times."""
        limit = anyio.current_time() + self._deadline
        call = call_for(order, inputs, self._mask)
        self._client()  # a missing key is said before anything counts as sent
        left_out = self._rejected.get(order.model, frozenset[str]()) - chosen_by(order)
        retries, reduced = 0, False
        while True:
            async with AsyncExitStack() as stack:
                yield Sent()
                try:
                    with until(limit):
                        sending = self._send(call.without(left_out))
                        response = await stack.enter_async_context(sending)
                except openai.APIError as exc:
                    again = frozenset[str]() if reduced else self._optional(exc, call, order)
                    if again:
                        left_out, reduced = left_out | again, True
                        known = self._rejected.get(order.model, frozenset[str]())
                        self._rejected[order.model] = known | again
                        continue
                    pause = self._pause(exc, retries, limit)
                else:
                    notes = [
                        f"{host_of(self._base_url)} does not take `{name}`; it was left out."
                        for name in sorted(left_out)
                        if call.sends(name)
                    ]
                    source = Service(
                        self._web(), self._base_url, self._key, self._total, self._each
                    )
                    answer = Answering(source, parts, order.n, limit, notes)
                    async with aclosing(answer.events(response.http_response)) as events:
                        async for event in events:
                            yield event
                    return
            retries += 1
            yield Waiting(pause)
            await self._sleep(pause)

    def _optional(self, exc: openai.APIError, call: Call, order: Order) -> frozenset[str]:
        """What to leave out of one more try: only for services other than OpenAI's own."""
        if self.first_party or not isinstance(exc, openai.APIStatusError):
            return frozenset()
        if exc.status_code not in (400, 422):
            return frozenset()
        words = said(exc, self._key)
        return droppable(words.param, words.message, call, order)

    def _pause(self, exc: openai.APIError, retries: int, limit: float) -> float:
        """Seconds until the next try. Raises what went wrong when there must be none."""
        wait = None
        error = translate(exc, self._key)
        if isinstance(exc, openai.APIStatusError):
            wait = retry_after(exc.response.headers, self._clock)
            error = refusal(said(exc, self._key), wait)
        if retries >= RETRIES or not (isinstance(error, Busy) or not was_sent(exc)):
            raise error from None
        pause = float(2**retries) if wait is None else wait
        if pause > LONGEST_WAIT or anyio.current_time() + pause >= limit:
            raise error from None
        return pause

    def _send(self, call: Call) -> Any:
        images = self._client().images.with_streaming_response
        return getattr(images, call.method)(**call.arguments, extra_body=call.extra or None)

    def _client(self) -> AsyncOpenAI:
        if self._sdk is not None:
            return self._sdk
        if self.first_party and not self._key:
            raise Misconfigured(
                "No API key is set.", "Set OPENAI_API_KEY and restart.", code="no_key"
            )
        if not origin_of(self._base_url)[1]:
            [found, *_] = mistakes(self._base_url)
            raise Misconfigured(found.text, found.fix)
        self._sdk = AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self._base_url,
            organization=self._organization,
            project=self._project,
            max_retries=0,
            timeout=httpx2.Timeout(self._deadline, connect=min(CONNECT, self._deadline)),
            http_client=self._web(),
        )
        return self._sdk

    def _web(self) -> httpx2.AsyncClient:
        """Ours, since the SDK's own follows redirects and lets calls queue for a connection."""
        if self._http is None:
            try:
                self._http = httpx2.AsyncClient(
                    limits=httpx2.Limits(max_connections=None), timeout=self._deadline
                )
            except (ImportError, OSError, ValueError) as exc:  # the environment's proxies, CAs
                raise unusable(exc) from None  # it holds the proxy, with its password
        hooks = self._http.event_hooks
        if _refuse not in hooks["response"]:
            self._http.event_hooks = hooks | {"response": [*hooks["response"], _refuse]}
        return self._http


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

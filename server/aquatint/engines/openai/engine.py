"""The engine behind every service that speaks OpenAI's Images API; the only caller of the SDK."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import openai
from openai import AsyncOpenAI

from ...domain.endpoints import FIRST_PARTY, host_of, is_first_party, mistakes, origin_of
from ...domain.engine import Event, Finished, Inputs, Part, Sent, Waiting
from ...domain.errors import AquatintError, Busy, Misconfigured, Unavailable
from ...domain.models.sizes import parse_size
from ...domain.outside import Fetch
from ...domain.redaction import Gate, secrets_in
from ...domain.types import Finding, Order
from .addresses import Pictures
from .check import Answer, ask, findings, proxy_findings
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
from .receive import Receiver, until
from .refusals import by_litellm, refusal
from .request import Call, MaskForm, call_for, chosen_by, droppable
from .services import UNKNOWN, by_address, by_answer, headers, named, probe, services

RETRIES = 2
LONGEST_WAIT = 30.0  # seconds of Retry-After that are waited out; longer is told instead
LARGEST = 16_000_000  # pixels of a picture whose size is the service's to choose
SLACK = 16_000_000  # bytes beside the pixels: manifests, profiles, a larger size than asked for
MOST_FRAMES = 16  # of an animation whose length is the service's to choose
LARGEST_FILE = 1_000_000_000  # bytes of a picture, whatever size was asked for
REFUSAL_BYTES = 64 * 1024  # of a refusal's body that are read
CONNECT = 10.0  # seconds


class OpenAIEngine:
    """Draws with OpenAI, Azure's v1 route, or any compatible service at `base_url`.

    `deadline` (seconds) bounds a call with all its retries; `service` is the key in services.toml
    of what stands there, where somebody said so; `mask` says how it reads masks; `fetch` is the
    way to pictures that a reply only names. Where prompts are not kept, no word of a provider that
    repeats one gets further. An `http_client` that is passed in stays its owner's to close.
    """

    resumable = False  # the Images API gives no name to ask by

    def __init__(
        self,
        *,
        api_key: str,
        fetch: Fetch,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        deadline: float = 300,
        mask: MaskForm = "both",
        service: str | None = None,
        keep_prompts: bool = True,
        http_client: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.first_party = is_first_party(base_url)
        self._key = api_key
        self._base_url = (base_url or "").strip() or FIRST_PARTY
        self._organization, self._project = organization, project
        self._deadline = deadline
        self._mask: MaskForm = mask
        self._fetch, self._keep_prompts = fetch, keep_prompts
        self._gate = Gate((*((api_key,) if api_key else ()), *secrets_in(base_url)))
        self._sleep, self._clock = sleep, clock
        self._http, self._owns_http = http_client, http_client is None
        self._sdk: AsyncOpenAI | None = None
        self._rejected: dict[str, frozenset[str]] = {}  # parameters, by model; off first party
        # What stands there: as a setting says, the address, or what it answered.
        self._service = named(service) if service else by_address(self._base_url)
        self._probed = self._service is not UNKNOWN

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str = ""
    ) -> AsyncGenerator[Event, None]:
        """Send the order and read the answer; raises only the errors of domain.errors.

        Nothing of a provider leaves but through here, and so through the gate.
        """
        gate = self._gate if self._keep_prompts else replace(self._gate, prompt=order.prompt)
        each, total = ceilings(order)
        parts = Parts(part, each)
        try:
            async with aclosing(self._attempts(order, inputs, parts, total, gate)) as events:
                async for event in events:
                    yield _safe(event, gate) if isinstance(event, Finished) else event
        except (AquatintError, *FOREIGN) as exc:
            # `from None`: the SDK's exceptions hold the request's headers, and so the key.
            raise gate.error(translate(exc, gate)) from None
        finally:
            parts.discard()

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str
    ) -> AsyncGenerator[Event, None]:
        """Nothing is known of another process's call; see `resumable`."""
        raise Unavailable(f"{job} was sent by a process that is gone.", "Look at the usage page.")
        yield  # an iterator, as the port has it

    async def cancel(self, order: Order, *, job: str) -> bool:
        return False  # what was sent is paid

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """What its address says, and GET /models; costs nothing."""
        gate = self._gate
        found = [*mistakes(self._base_url), *proxy_findings(self._base_url)]
        answer = Answer()
        if online:
            try:
                answer = await ask(
                    self._client(),
                    self._web(),
                    self._base_url,
                    self._deadline,
                    gate,
                    self._service.key,
                )
            except (AquatintError, *FOREIGN) as exc:
                answer = Answer(failure=translate(exc, gate))
        found += findings(self._base_url, bool(self._key), answer, models, self._clock(), gate)
        return [
            replace(
                line, name=gate.text(line.name), text=gate.text(line.text), fix=gate.text(line.fix)
            )
            for line in found
        ]

    async def aclose(self) -> None:
        if self._http is not None and self._owns_http:
            await self._http.aclose()

    async def _attempts(
        self, order: Order, inputs: Inputs, parts: Parts, total: int, gate: Gate
    ) -> AsyncGenerator[Event, None]:
        """Send, and send again what provably did not start: at most RETRIES times."""
        limit = anyio.current_time() + self._deadline
        call = call_for(order, inputs, self._mask)
        self._client()  # a missing key is said before anything counts as sent
        await self._look_for_it(call)
        host = host_of(self._base_url)
        call, notes = self._service.fitted(call, chosen_by(order), host)
        left_out = self._rejected.get(order.model, frozenset[str]()) - chosen_by(order)
        retries, reduced = 0, False
        while True:
            async with AsyncExitStack() as stack:
                yield Sent()  # right before it is: who listens may still stop it
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
                    pause = self._pause(exc, retries, limit, gate)
                else:
                    self._hear(response.headers)
                    notes += [
                        f"{host} does not take `{name}`; it was left out."
                        for name in sorted(left_out)
                        if call.sends(name)
                    ]
                    answer = Receiver(
                        order,
                        len(inputs.images),
                        parts,
                        total,
                        limit,
                        gate,
                        self._pictures(gate),
                        notes,
                    )
                    async with aclosing(answer.events(response.http_response)) as events:
                        async for event in events:
                            yield event
                    return
            retries += 1
            yield Waiting(pause)
            await self._sleep(pause)

    async def _look_for_it(self, call: Call) -> None:
        """Before early looks are asked for, where nobody knows whether they can be had."""
        if call.sends("stream") and not self._probed:
            self._probed = True
            cannot = [one.key for one in services().values() if one.probe and not one.streams]
            key = await probe(self._web(), self._base_url, cannot)
            self._service = named(key) if key else self._service

    def _hear(self, headers: httpx2.Headers) -> None:
        """What its answer tells of it counts from the next call on."""
        if self._service is UNKNOWN:
            self._service = by_answer(headers)

    def _pictures(self, gate: Gate) -> Pictures:
        return Pictures(self._web(), self._base_url, self._key, gate, self._fetch)

    def _optional(self, exc: openai.APIError, call: Call, order: Order) -> frozenset[str]:
        """What to leave out of one more try: only for services other than OpenAI's own."""
        if self.first_party or not isinstance(exc, openai.APIStatusError):
            return frozenset()
        if exc.status_code not in (400, 422):
            return frozenset()
        words = provider_message(exc, self._gate)
        return droppable(words.param, words.message, call, order)

    def _pause(self, exc: openai.APIError, retries: int, limit: float, gate: Gate) -> float:
        """Seconds until the next try. Raises what went wrong when there must be none."""
        wait = None
        error = translate(exc, gate)
        if isinstance(exc, openai.APIStatusError):
            wait = retry_after(exc.response.headers, self._clock)
            words = provider_message(exc, gate)
            if by_litellm(words) and not self.first_party:
                self._service = named("litellm")
            error = refusal(words, wait)
        begun = was_sent(exc) and not isinstance(error, Busy)
        if begun or self._service.retries or retries >= RETRIES:
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
        address = httpx2.URL(self._base_url)
        self._sdk = AsyncOpenAI(
            api_key=self._key or "none",
            base_url=address.copy_with(query=None),
            default_query=dict(address.params),  # some services take their key so
            organization=self._organization,
            project=self._project,
            default_headers=None if self.first_party else headers(),
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


def ceilings(order: Order) -> tuple[int, int]:
    """Bytes of one picture, decoded, and of the whole reply, expanded, by what was asked for."""
    width, height = parse_size(order.size) or (LARGEST, 1)
    frames = order.frames or (MOST_FRAMES if order.format == "gif" else 1)
    each = min(SLACK + 4 * width * height * frames, LARGEST_FILE)
    return each, 2 * each * (order.n + order.partials)  # base64, escaped here and there


def _safe(event: Finished, gate: Gate) -> Finished:
    usage = event.usage
    if usage is not None and usage.svg_model is not None:
        usage = usage.model_copy(update={"svg_model": gate.words(usage.svg_model, 100)})
    return replace(
        event,
        usage=usage,
        model=event.model and gate.words(event.model, 100),
        request_id=event.request_id and gate.words(event.request_id, 100),
        notes=tuple(gate.text(note) for note in event.notes),
    )


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

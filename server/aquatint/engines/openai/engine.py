"""The engine behind every service that speaks OpenAI's Images API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import openai

from ...domain.endpoints import host_of, mistakes
from ...domain.engine import Event, Finished, Inputs, Part, Sent, Waiting
from ...domain.errors import AquatintError, Unavailable
from ...domain.outside import Fetch
from ...domain.redaction import Gate
from ...domain.types import Finding, Order
from .addresses import Pictures
from .check import Answer, ask, findings, proxy_findings
from .connection import Connection, answering
from .errors import FOREIGN, provider_message, translate
from .pictures import Parts, ceilings
from .receive import Receiver, until
from .request import Call, MaskForm, call_for, chosen_by, droppable
from .services import UNKNOWN, by_answer, named, probe, services
from .wires import WIRES


class OpenAIEngine:
    """Draws with OpenAI, Azure's v1 route, or any compatible service.

    `mask` says how it reads masks; `fetch` is the way to pictures that a reply only names.
    """

    stoppable = False  # what was sent is paid

    def __init__(
        self,
        connection: Connection,
        *,
        fetch: Fetch,
        mask: MaskForm = "both",
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        self._connection = connection
        self._mask: MaskForm = mask
        self._fetch, self._sleep = fetch, sleep
        self._rejected: dict[str, frozenset[str]] = {}  # parameters, by model; off first party
        self._probed = connection.service is not UNKNOWN

    def resumes(self, ticket: str, /) -> bool:
        return False  # the Images API gives no name to ask by

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str = ""
    ) -> AsyncGenerator[Event, None]:
        """Send the order and read the answer; raises only the errors of domain.errors.

        Nothing of a provider leaves but through here, and so through the gate.
        """
        gate = self._connection.gate_for(order.prompt)
        each, total = ceilings(order)
        parts = Parts(part, each)
        with answering(gate, parts):
            async with aclosing(self._attempts(order, inputs, parts, total, gate)) as events:
                async for event in events:
                    yield _safe(event, gate) if isinstance(event, Finished) else event

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncGenerator[Event, None]:
        """Nothing is known of another process's call; see `resumes`."""
        raise Unavailable(f"{job} was sent by a process that is gone.", "Look at the usage page.")
        yield  # an iterator, as the port has it

    async def cancel(self, order: Order, *, job: str) -> bool:
        return False  # see `stoppable`

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """What its address says, and GET /models; costs nothing."""
        there = self._connection
        gate, base_url = there.gate, there.base_url
        found = [*mistakes(base_url), *proxy_findings(base_url)]
        answer = Answer()
        if online:
            try:
                answer = await ask(
                    there.client(), there.web(), base_url, there.deadline, gate, there.service.key
                )
            except (AquatintError, *FOREIGN) as exc:
                answer = Answer(failure=translate(exc, gate))
        found += findings(base_url, bool(there.key), answer, models, there.clock(), gate)
        return [
            replace(
                line, name=gate.text(line.name), text=gate.text(line.text), fix=gate.text(line.fix)
            )
            for line in found
        ]

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def _attempts(
        self, order: Order, inputs: Inputs, parts: Parts, total: int, gate: Gate
    ) -> AsyncGenerator[Event, None]:
        """Send, and send again what provably did not start: at most RETRIES times."""
        there = self._connection
        limit = anyio.current_time() + there.deadline
        call = call_for(order, inputs, self._mask)
        there.client()  # a missing key is said before anything counts as sent
        await self._look_for_it(call)
        host = host_of(there.base_url)
        call, notes = there.service.fitted(call, chosen_by(order), host)
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
                    pause = there.pause(exc, retries, limit, gate)
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
            there = self._connection
            cannot = [one.key for one in services().values() if one.probe and not one.streams]
            key = await probe(there.web(), there.base_url, cannot)
            there.service = named(key) if key else there.service

    def _hear(self, headers: httpx2.Headers) -> None:
        """What its answer tells of it counts from the next call on."""
        if self._connection.service is UNKNOWN:
            self._connection.service = by_answer(headers)

    def _pictures(self, gate: Gate) -> Pictures:
        there = self._connection
        return Pictures(there.web(), there.base_url, there.key, gate, self._fetch)

    def _optional(self, exc: openai.APIError, call: Call, order: Order) -> frozenset[str]:
        """What to leave out of one more try: only for services other than OpenAI's own."""
        if self._connection.first_party or not isinstance(exc, openai.APIStatusError):
            return frozenset()
        if exc.status_code not in (400, 422):
            return frozenset()
        words = provider_message(exc, self._connection.gate)
        return droppable(words.param, words.message, call, order)

    def _send(self, call: Call) -> Any:
        if wire := WIRES.get(self._connection.service.wire):
            return self._connection.posted(*wire(call))
        images = self._connection.client().images.with_streaming_response
        return getattr(images, call.method)(**call.arguments, extra_body=call.extra or None)


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

"""The engine of conversations: a turn is sent once, and then listened to, or fetched by its id."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, aclosing
from typing import Any

import anyio
import openai

from ....domain.endpoints import host_of
from ....domain.engine import Event, Inputs, Part, Sent, Waiting
from ....domain.errors import ModelCannot
from ....domain.types import Finding, Order
from ..connection import Connection, answering
from ..errors import provider_message
from ..pictures import Parts, ceilings
from ..receive import until
from ..request import MaskForm
from .request import turn_of
from .turn import Turn

FORGOTTEN = "The provider no longer has this conversation, so it begins anew with the picture."
FETCHED = "It was drawn on while aquatint was stopped, and fetched afterwards."


class ResponsesEngine:
    """Draws by OpenAI's Responses API; `mask` says how the service reads masks.

    A stream without a word for `quiet` seconds is left, and its turn is fetched.
    """

    stoppable = False  # what the text model reads is paid

    def __init__(
        self,
        connection: Connection,
        *,
        mask: MaskForm = "both",
        quiet: float = 20,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        self._connection = connection
        self._mask: MaskForm = mask
        self._quiet, self._sleep = quiet, sleep

    def resumes(self, ticket: str, /) -> bool:
        return bool(ticket)

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncGenerator[Event, None]:
        """Send a turn, once; its id is told before anything else of its answer."""

        def work(turn: Turn) -> AsyncGenerator[Event, None]:
            return self._send(order, inputs, job, turn)

        async with aclosing(self._through(order, part, work)) as events:
            async for event in events:
                yield event

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncGenerator[Event, None]:
        """Fetch the turn of that id."""

        def work(turn: Turn) -> AsyncGenerator[Event, None]:
            turn.id = ticket
            turn.notes.append(FETCHED)
            return turn.fetched()

        async with aclosing(self._through(order, part, work)) as events:
            async for event in events:
                yield event

    async def cancel(self, order: Order, *, job: str) -> bool:
        return False  # see `stoppable`

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """Nothing beyond what the Images API at the same address says."""
        return []

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def _through(
        self,
        order: Order,
        part: Callable[[], Part],
        work: Callable[[Turn], AsyncGenerator[Event, None]],
    ) -> AsyncGenerator[Event, None]:
        """What a turn says, with every failure as one of ours, and no part left behind."""
        there = self._connection
        gate = there.gate_for(order.prompt)
        each, _ = ceilings(order)
        parts = Parts(part, each)
        limit = anyio.current_time() + there.deadline
        turn = Turn(there, order, parts, gate, limit, self._quiet, self._sleep)
        with answering(gate, parts):
            async with aclosing(work(turn)) as events:
                async for event in events:
                    yield event

    async def _send(
        self, order: Order, inputs: Inputs, job: str, turn: Turn
    ) -> AsyncGenerator[Event, None]:
        there, talk = self._connection, order.conversation
        assert talk is not None
        if not there.service.converses:
            raise ModelCannot(
                f"{there.service.name} at {host_of(there.base_url)} holds no conversations.",
                "Leave refine out.",
            )
        there.client()  # a missing key is said before anything counts as sent
        retries = 0
        while True:
            arguments = turn_of(order, inputs, talk, self._mask, job)
            async with AsyncExitStack() as stack:
                yield Sent()  # right before it is: who listens may still stop it
                try:
                    with until(turn.limit):
                        sending: Any = there.client().responses.with_streaming_response.create
                        response = await stack.enter_async_context(sending(**arguments))
                except openai.APIError as exc:
                    if talk.after and self._forgotten(exc):
                        talk = talk.model_copy(update={"after": None, "remembered": False})
                        turn.notes.append(FORGOTTEN)
                        continue
                    pause = there.pause(exc, retries, turn.limit, turn.gate)
                else:
                    async with aclosing(turn.heard(response.http_response)) as events:
                        async for event in events:
                            yield event
                    return
            retries += 1
            yield Waiting(pause)
            await self._sleep(pause)

    def _forgotten(self, exc: openai.APIError) -> bool:
        """Whether a refusal says that the turn before is not there; nothing was begun then."""
        if not isinstance(exc, openai.APIStatusError) or exc.status_code not in (400, 404):
            return False
        words = provider_message(exc, self._connection.gate)
        return "previous_response" in f"{words.param} {words.code} {words.message}"

"""One turn on its way in: heard while it streams, fetched by its id where that breaks off."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
import openai

from ....domain.engine import Accepted, Event, Finished, Part, Partial, Progress
from ....domain.errors import AquatintError, BadReply, Unavailable
from ....domain.redaction import Gate
from ....domain.types import Order
from ..body import Body, Document
from ..connection import Connection
from ..errors import FOREIGN, translate
from ..pictures import Parts, ceilings
from ..receive import until
from .answer import KEYS, Answer, understand, usage_of, without_picture

FIRST, LONGEST = 0.5, 5.0  # seconds between two looks
LOST = frozenset({404, 410})
REFUSED = frozenset({400, 401, 403, 404, 405, 410})  # asking again gives the same
STAGES = {
    "response.queued": "in the provider's queue",
    "response.image_generation_call.in_progress": "the text model has read it",
    "response.image_generation_call.generating": "the picture is being drawn",
}


@dataclass(slots=True)
class Turn:
    """What is known of a turn; `limit` is the moment (of anyio's clock) when it is given up."""

    there: Connection
    order: Order
    parts: Parts
    gate: Gate
    limit: float
    quiet: float  # seconds without a word that are waited
    sleep: Callable[[float], Awaitable[object]]
    id: str = ""
    notes: list[str] = field(default_factory=list[str])
    request_id: str | None = None
    _picture: Part | None = None

    async def heard(self, response: httpx2.Response) -> AsyncGenerator[Event, None]:
        """Events of its stream, its id first; what broke off is fetched."""
        self.request_id = self.gate.words(response.headers.get("x-request-id", ""), 100) or None
        broken: BaseException | None = None
        last: Answer | None = None
        try:
            async with aclosing(self._documents(response, self.limit)) as documents:
                async for document in documents:
                    answer = self._understood(document)
                    if answer.id and not self.id:
                        self.id = answer.id
                        yield Accepted(self.id)
                    if answer.ended or answer.failed:
                        last = answer
                        break
                    if event := self._told(answer, document):
                        yield event
        except (BadReply, *FOREIGN) as exc:
            broken = exc
        if not self.id:
            raise broken or (without_picture(last) if last else _no_response())
        if last is not None and last.ended:
            yield self._finished(last)
            return
        async with aclosing(self.fetched()) as events:  # it may be drawn all the same
            async for event in events:
                yield event

    async def fetched(self) -> AsyncGenerator[Event, None]:
        """Look until it has ended; at the limit it is cancelled at the provider, or taken."""
        pause, last = FIRST, ""
        while True:
            late = anyio.current_time() + pause >= self.limit
            answer = await self._looked(late=late)
            if answer is not None and answer.ended:
                yield self._finished(answer)
                return
            if answer is not None and answer.state != last:
                last = answer.state
                queued = last == "queued"
                yield Progress(STAGES["response.queued"] if queued else "at the provider")
            await self.sleep(pause)
            pause = min(pause * 1.5, LONGEST)

    async def _looked(self, *, late: bool) -> Answer | None:
        """The turn as it stands, or, when it is `late`, as it ended.

        None where nothing could be heard of it. A picture that has come is worth more than its end.
        """
        try:
            answer = await self._found()
            if late and not (answer and answer.ended):
                answer = await self._given_up()
        except AquatintError as error:
            if self._picture is None:
                error.spent = "unknown" if error.spent == "no" else error.spent
                raise
            self.notes.append(f"Its end was not heard: {error.message}")
            return Answer(state="completed")
        return answer

    async def _found(self) -> Answer | None:
        """What a look gives; None where the next one may give more."""
        find = self.there.client().responses.with_streaming_response.retrieve
        try:
            return await self._read(find(self.id))
        except openai.APIStatusError as exc:
            if exc.status_code in LOST:
                raise self._expired() from None
            if exc.status_code in REFUSED:
                raise translate(exc, self.gate) from None
        except (BadReply, *FOREIGN):
            pass
        return None

    async def _given_up(self) -> Answer:
        """Say at the provider that nobody waits; what has been drawn meanwhile is taken."""
        answer: Answer | None = None
        try:
            stop = self.there.client().responses.with_streaming_response.cancel
            answer = await self._read(stop(self.id))
        except (AquatintError, *FOREIGN):
            pass  # it may go on there
        if answer is not None and answer.state == "completed":
            return answer
        stopped = answer is not None and answer.state == "cancelled"
        raise Unavailable(
            f"The provider did not draw it within {self.there.deadline:.0f} s; "
            + ("it was cancelled there." if stopped else "it may still be drawn there."),
            "Call again, with a lower quality or smaller size, or raise AQUATINT_DEADLINE. What "
            "the text model read may have been charged.",
            code="timeout",
            spent="unknown",
        )

    async def _documents(
        self, response: httpx2.Response, limit: float
    ) -> AsyncGenerator[Document, None]:
        """Documents as they become whole, while something comes, however long a picture takes."""
        body = self._body()
        async with aclosing(response.aiter_bytes()) as chunks:
            while True:
                with until(min(limit, anyio.current_time() + self.quiet)):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                for document in body.feed(chunk):
                    yield document

    async def _read(self, asked: AbstractAsyncContextManager[Any]) -> Answer:
        """A whole response, with its picture taken."""
        async with AsyncExitStack() as stack:
            with until(anyio.current_time() + self.quiet):
                response = await stack.enter_async_context(asked)
            documents = self._documents(response.http_response, math.inf)
            document = await anext(await stack.enter_async_context(aclosing(documents)), None)
            if document is None:
                raise BadReply("Half an answer came.", "Call again.", spent="unknown")
            return self._understood(document)

    def _body(self) -> Body:
        return Body(self.parts, 4 * ceilings(self.order)[1], KEYS)  # each may come twice

    def _understood(self, document: Document) -> Answer:
        answer = understand(document.value(), self.gate, document.event)
        taken = document.take(answer.picture)
        if self._picture is None:
            self._picture = taken
        elif taken is not None:
            self.parts.drop(taken)
        return answer

    def _told(self, answer: Answer, document: Document) -> Event | None:
        if (look := document.take(answer.look)) is not None:
            return Partial(answer.index, self.parts.hand(look))
        words = STAGES.get(answer.type)
        return Progress(words) if words else None

    def _finished(self, answer: Answer) -> Finished:
        """Raises what it ended with in place of a picture."""
        if self._picture is None:
            error = without_picture(answer)
            error.request_id = error.request_id or self.request_id
            raise error
        talk = self.order.conversation
        assert talk is not None
        prompt = len(self.order.prompt.encode("utf-8", "ignore"))
        usage = usage_of(answer, talk.mainline, prompt, len(self.order.images) + talk.turns)
        if usage is None:
            self.notes.append("No usable token count came, so the cost is an estimate.")
        if answer.state != "completed":
            self.notes.append(f"The conversation ended as {answer.state} after the picture.")
        begun = "begins with this picture" if talk.turns == 1 else f"turn {talk.turns}"
        self.notes.append(f"Conversation: {begun}; pass refine=true with the result to go on.")
        return Finished(
            (self.parts.hand(self._picture),),
            usage,
            self.order.model,
            self.request_id,
            tuple(self.notes),
            revised_prompt=answer.revised_prompt,
        )

    def _expired(self) -> Unavailable:
        name = self.gate.words(self.id, 60)
        return Unavailable(
            f"The provider no longer has {name}; what is drawn in the background is kept for about "
            "ten minutes.",
            "Call again (it may be charged again).",
            code="expired",
            spent="unknown",
        )


def _no_response() -> BadReply:
    return BadReply(
        "The service answered without a response of its Responses API.",
        "Leave refine out, or check AQUATINT_BASE_URL with `aquatint doctor`.",
        spent="unknown",
    )

"""Receives an answer: previews as they come, pictures into parts, addresses fetched."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractContextManager, aclosing, suppress
from dataclasses import dataclass
from typing import cast

import anyio
import httpx2

from ...domain.engine import Event, Finished, Part, Partial
from ...domain.errors import AquatintError, BadReply, Spent
from ...domain.redaction import Gate
from ...domain.types import Order
from ...domain.usage import Usage
from .addresses import Pictures
from .answer import Answer, Most, understand
from .body import Body, Document
from .errors import FOREIGN, translate
from .pictures import Parts
from .refusals import describe, refusal
from .services import price_headers

GRACE = 2.0  # seconds for the token count, and whatever else may follow the last picture
DEAREST = 10.0  # dollars for one picture that a gateway's price is believed
_QUOTED = 200  # characters of a reply that could not be used


@dataclass(frozen=True, slots=True)
class Receiver:
    """One answer on its way in; `limit` is the moment (of anyio's clock) when it is given up."""

    order: Order
    sent: int  # pictures that went with the order
    parts: Parts
    total: int  # bytes of a reply
    limit: float
    gate: Gate
    pictures: Pictures
    notes: list[str]

    async def events(self, response: httpx2.Response) -> AsyncGenerator[Event, None]:
        """Partials as they come, then one Finished; whatever else comes is an error."""
        request_id = self.gate.words(response.headers.get("x-request-id", ""), 100) or None
        previews = 0
        try:
            async with aclosing(self._read(response)) as events:
                async for event in events:
                    if isinstance(event, Partial):
                        previews += 1
                        yield event
                        continue
                    document, answer = event
                    images = await self._images(answer, document)
                    yield Finished(
                        images,
                        self._usage(answer),
                        answer.model,
                        request_id,
                        tuple(self.notes),
                        _price(response.headers, answer.cost, self.order.n),
                    )
                    return
        except (AquatintError, *FOREIGN) as exc:
            error = translate(exc, self.gate)
            error.request_id = error.request_id or request_id
            if previews and error.spent == "no":  # it had begun to draw
                error.spent = "unknown"
            raise error from None

    async def _read(
        self, response: httpx2.Response
    ) -> AsyncGenerator[Partial | tuple[Document, Answer], None]:
        """Previews, then the answer: the whole one, or what is whole of one that broke off."""
        body = Body(self.parts, self.total)
        previews = 0
        broken: AquatintError | None = None
        try:
            async with aclosing(self._documents(response, body)) as documents:
                async for document in documents:
                    answer = self._understand(document)
                    if answer.error is not None:
                        raise refusal(describe(answer.error))
                    if answer.type.endswith("partial_image"):
                        for preview in filter(None, map(document.take, answer.images)):
                            previews += 1
                            yield Partial(answer.index, self.parts.hand(preview))
                    elif answer.images and answer.final:
                        yield document, answer
                        return
        except (BadReply, *FOREIGN) as exc:
            broken = translate(exc, self.gate)
        answer = self._understand(body.document)
        if not (answer.images and answer.final):
            raise broken or self._unusable(body, previews)
        why = "" if body.document.complete else " The reply broke off behind what came."
        if not answer.counted:
            self.notes.append(f"No token count came, so the cost is an estimate.{why}")
        yield body.document, answer

    async def _documents(
        self, response: httpx2.Response, body: Body
    ) -> AsyncGenerator[Document, None]:
        """Documents as they become whole. What follows the last picture is waited for briefly."""
        limit = self.limit
        async with aclosing(response.aiter_bytes()) as chunks:
            while (chunk := await _next(chunks, limit)) is not None:
                for document in body.feed(chunk):
                    yield document
                if body.document.images >= self.order.n and limit == self.limit:
                    answer = self._understand(body.document)
                    if answer.final and (answer.counted or body.document.complete):
                        return
                    if answer.final:
                        limit = min(limit, anyio.current_time() + GRACE)

    def _understand(self, document: Document) -> Answer:
        return understand(document.value(), self.gate, document.event)

    async def _images(self, answer: Answer, document: Document) -> tuple[Part, ...]:
        """At most n parts; those behind addresses are fetched, some may be missing, not all."""
        taken: list[Part] = []
        missing: list[AquatintError] = []
        n = self.order.n
        for found in answer.images[:n]:
            try:
                part = document.take(found)
                if isinstance(found, str):
                    with until(self.limit):
                        part = await self.pictures.fetch(found, self.parts)
            except BadReply as error:
                missing.append(error)
            else:
                taken += [part] if part else []
        if not taken:
            raise missing[0] if missing else _undecodable(document)
        if len(taken) != n:
            self.notes.append(f"The service sent {len(taken)} of {n} pictures.")
        self.notes.extend(error.message for error in missing)
        return tuple(self.parts.hand(part) for part in taken)

    def _usage(self, answer: Answer) -> Usage | None:
        """The token count, unless it is beyond what the request can come to."""
        order, usage = self.order, answer.usage
        most = Most(
            order.n + order.partials, self.sent, len(order.prompt.encode("utf-8", "ignore"))
        )
        if answer.counted and (usage is None or not most.allows(usage)):
            self.notes.append(
                "The service's token count cannot be right for this request; it was not booked, "
                "and the cost is an estimate."
            )
            return None
        return usage

    def _unusable(self, body: Body, previews: int) -> BadReply:
        """Says what came instead of a picture."""
        if body.kind == "events":
            came = f" after {previews} preview(s)" if previews else ""
            return BadReply(
                f"The stream ended{came} without the finished picture; whether it was charged is "
                "not known.",
                "Call again (it may be charged again), or set AQUATINT_PARTIALS=0.",
                code="stream_incomplete",
                spent="unknown",
            )
        value = body.document.value()
        text = body.head.decode("utf-8", "replace")
        if value is not None:  # its pictures left out, its escapes read
            text = json.dumps(self.gate.value(value), ensure_ascii=False)
        quote = self.gate.words(text, _QUOTED)
        drawn = bool(self.parts.held or body.document.faults or understand(value, self.gate).usage)
        spent: Spent = "yes" if drawn else "unknown"
        cut = " that was cut short" if body.kind == "json" and not body.document.complete else ""
        kinds = {"": "an empty reply", "json": f"JSON{cut} without a picture"}
        return BadReply(
            f"The service answered with {kinds.get(body.kind, 'no JSON')}"
            f"{': ' + quote if quote else ''}",
            "Call again; if it stays so, check AQUATINT_BASE_URL with `aquatint doctor`.",
            spent=spent,
        )


def until(limit: float) -> AbstractContextManager[object]:
    """A scope that ends at `limit`.

    Never around a yield: a cancel scope that spans one would cancel the consumer's own work.
    """
    return anyio.fail_after(max(0.0, limit - anyio.current_time()))


async def _next(chunks: AsyncIterator[bytes], limit: float) -> bytes | None:
    """The next piece, None at the end; the deadline holds however slowly they drip."""
    with until(limit):
        return await anext(chunks, None)


def _price(headers: Mapping[str, str], told: object, n: int) -> float | None:
    """What a gateway says that the call cost, in dollars; None for what is not a price."""
    for said in (*(headers.get(name, "") for name in price_headers()), told):
        with suppress(ValueError, TypeError):
            usd = float(cast("str", said))
            return usd if 0 <= usd <= DEAREST * n else None
    return None


def _undecodable(document: Document) -> BadReply:
    why = document.faults[0] if document.faults else "it is empty"
    return BadReply(
        f"The service sent a picture that is not base64: {why}.",
        "Call again (it may be charged again); if it stays so, use another service.",
        spent="yes",
    )

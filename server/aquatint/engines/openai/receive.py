"""Receives an answer: previews as they come, pictures into parts, addresses fetched."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field

import anyio
import httpx2
import openai

from ...domain.endpoints import origin_of
from ...domain.errors import AquatintError, BadReply, Spent
from ...domain.ports import Event, Finished, Part, Partial
from ...domain.words import clean
from .answer import Answer, understand
from .errors import FOREIGN, translate
from .json_stream import Document
from .refusals import describe, refusal, safe_words
from .reply import Parts, Reply

_QUOTED = 200  # characters of a reply that could not be used


@dataclass(frozen=True, slots=True)
class Service:
    """Where answers come from, and how much of one is taken: bytes in all, bytes a picture."""

    http: httpx2.AsyncClient
    base_url: str
    key: str = field(repr=False)
    total: int
    each: int


@dataclass(frozen=True, slots=True)
class Answering:
    """One answer on its way in; `limit` is the moment (of anyio's clock) when it is given up."""

    service: Service
    parts: Parts
    n: int
    limit: float
    notes: list[str]

    async def events(self, response: httpx2.Response) -> AsyncGenerator[Event, None]:
        """Partials as they come, then one Finished; whatever else comes is an error."""
        given = safe_words(response.headers.get("x-request-id", ""), self.service.key)
        request_id = clean(given, 100) or None
        try:
            async with aclosing(self._read(response, request_id)) as events:
                async for event in events:
                    yield event
        except (AquatintError, *FOREIGN) as exc:
            error = translate(exc, self.service.key)
            error.request_id = error.request_id or request_id
            raise error from None

    async def _read(
        self, response: httpx2.Response, request_id: str | None
    ) -> AsyncGenerator[Event, None]:
        service = self.service
        reply = Reply(self.parts, total=service.total, each=service.each)
        previews = 0
        async with aclosing(self._documents(response, reply)) as documents:
            async for document in documents:
                answer = understand(document.value())
                if answer.error is not None:
                    raise refusal(describe(answer.error, hide=service.key))
                if answer.type.endswith("partial_image"):
                    for preview in filter(None, map(document.take, answer.images)):
                        previews += 1
                        yield Partial(answer.index, self.parts.hand(preview))
                elif answer.images and _final(answer, reply):
                    images = await self._images(answer, document)
                    notes = tuple(self.notes)
                    model = answer.model and safe_words(answer.model, service.key)
                    yield Finished(images, answer.usage, model, request_id, notes)
                    return
        raise _unusable(reply, previews, self.parts, service.key)

    async def _documents(
        self, response: httpx2.Response, reply: Reply
    ) -> AsyncGenerator[Document, None]:
        async with aclosing(response.aiter_bytes()) as chunks:
            while (chunk := await _next(chunks, self.limit)) is not None:
                for document in reply.feed(chunk):
                    yield document
        for document in reply.close():
            yield document

    async def _images(self, answer: Answer, document: Document) -> tuple[Part, ...]:
        """At most n parts; those behind addresses are fetched, some may be missing, not all."""
        taken: list[Part] = []
        missing: list[BadReply] = []
        for found in answer.images[: self.n]:
            try:
                part = document.take(found)
                if isinstance(found, str):
                    part = await self._fetch(found)
            except BadReply as error:
                missing.append(error)
            else:
                taken += [part] if part else []
        if not taken:
            raise missing[0] if missing else _undecodable(document)
        if len(taken) != self.n:
            self.notes.append(f"The service sent {len(taken)} of {self.n} pictures.")
        return tuple(self.parts.hand(part) for part in taken)

    async def _fetch(self, address: str) -> Part:
        """A picture by its address; the key goes along only to the service itself."""
        part = self.parts.opened()
        key = self.service.key
        try:
            url = httpx2.URL(self.service.base_url).join("/").join(address)
            ours = origin_of(str(url)) == origin_of(self.service.base_url)
            if not ours and url.scheme != "https":
                raise _unreachable(address, "only https addresses are fetched")
            headers = {"Authorization": f"Bearer {key}"} if ours and key else {}
            await self._download(self.service.http.build_request("GET", url, headers=headers), part)
        except (openai.APIStatusError, httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as exc:
            why = safe_words(str(exc), key) or "no answer in time"
            raise _unreachable(address, why) from None
        return part

    async def _download(self, request: httpx2.Request, part: Part) -> None:
        async with AsyncExitStack() as stack:
            with until(self.limit):
                response = await self.service.http.send(request, stream=True)
            stack.push_async_callback(response.aclose)
            chunks = await stack.enter_async_context(aclosing(response.aiter_bytes()))
            while (chunk := await _next(chunks, self.limit)) is not None:
                part.write(chunk)
                if part.size > self.service.each:
                    most = self.service.each // 1_000_000
                    raise _unreachable(str(request.url), f"it is above {most} MB")
        if not part.size:
            raise _unreachable(str(request.url), "it is empty")


def until(limit: float) -> AbstractContextManager[object]:
    """A scope that ends at `limit`.

    Never around a yield: a cancel scope that spans one would cancel the consumer's own work.
    """
    return anyio.fail_after(max(0.0, limit - anyio.current_time()))


async def _next(chunks: AsyncIterator[bytes], limit: float) -> bytes | None:
    """The next piece, None at the end; the deadline holds however slowly they drip."""
    with until(limit):
        return await anext(chunks, None)


def _final(answer: Answer, reply: Reply) -> bool:
    """A whole answer, or a stream's last event; some services leave its type out."""
    return reply.kind == "json" or not answer.type or answer.type.endswith("completed")


def _unusable(reply: Reply, previews: int, parts: Parts, key: str) -> BadReply:
    """Says what came instead of a picture."""
    if reply.kind == "events":
        came = f" after {previews} preview(s)" if previews else ""
        return BadReply(
            f"The stream ended{came} without the finished picture; whether it was charged is "
            "not known.",
            "Call again (it may be charged again), or set AQUATINT_PARTIALS=0.",
            code="stream_incomplete",
            spent="unknown",
        )
    text = reply.body.text if reply.kind == "json" else reply.head
    quote = clean(safe_words(bytes(text[:1024]).decode("utf-8", "replace"), key), _QUOTED)
    drawn = (
        bool(parts.held) or bool(reply.body.faults) or bool(understand(reply.body.value()).usage)
    )
    spent: Spent = "yes" if drawn else "unknown"
    cut = " that was cut short" if reply.kind == "json" and not reply.body.complete else ""
    what = {"": "an empty reply", "json": f"JSON{cut} without a picture"}.get(reply.kind, "no JSON")
    return BadReply(
        f"The service answered with {what}{': ' + quote if quote else ''}",
        "Call again; if it stays so, check OPENAI_BASE_URL with `aquatint doctor`.",
        spent=spent,
    )


def _undecodable(document: Document) -> BadReply:
    why = document.faults[0] if document.faults else "it is empty"
    return BadReply(
        f"The service sent a picture that is no base64: {why}.",
        "Call again (it may be charged again); if it stays so, use another service.",
        spent="yes",
    )


def _unreachable(address: str, why: str) -> BadReply:
    return BadReply(
        f"The picture was made, but could not be fetched from {clean(address, 500)}: {why}.",
        "Fetch that address soon (such addresses expire), or call again at the price of another.",
        code="picture_unreachable",
        spent="yes",
    )

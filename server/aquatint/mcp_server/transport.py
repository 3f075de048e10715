"""JSON-RPC lines over standard input and output, whatever comes: bounded, answered, never fatal.

The SDK's own transport leaves a request that fails validation unanswered (its client waits until
it gives up), reads a line without an end into memory, and dies of one unwritable answer.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple, cast

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

log = logging.getLogger(__name__)

CHUNK = 1 << 20
END = 4096  # bytes of either end of a line too long to keep; clients put the id first or last
MOST_REFUSALS = 100  # answers to one batch
MESSAGES = {
    PARSE_ERROR: "Parse error: the line is not JSON that this server can read.",
    INVALID_REQUEST: "Invalid request: not a JSON-RPC 2.0 message.",
    INVALID_PARAMS: "Invalid params: params must be an object.",
}
WORD = rb'"[^"\\]{0,200}"'
ID = rb'"id"\s*:\s*(-?\d{1,18}|' + WORD + rb")\s*"
FIRST_ID = re.compile(rb'\s*\{\s*(?:"(?:jsonrpc|method)"\s*:\s*' + WORD + rb"\s*,\s*)*" + ID)
LAST_ID = re.compile(ID + rb'(?:,\s*"jsonrpc"\s*:\s*"2.0"\s*)?\}\s*\Z')

Message = SessionMessage | Exception
Incoming = MemoryObjectReceiveStream[Message]
Serve = Callable[[Incoming], Coroutine[Any, Any, None]]
Outgoing = MemoryObjectSendStream[SessionMessage]
Read = Callable[[], Awaitable[bytes]]


class Line(NamedTuple):
    """One line without its end; of one too long only the two ends are kept."""

    data: bytearray
    whole: bool


@asynccontextmanager
async def stdio(max_line: int) -> AsyncGenerator[tuple[Incoming, Outgoing]]:
    """The streams of a server on this process's standard input and output.

    While it is open, children and stray prints see an empty input and write to standard error.
    A line above `max_line` bytes is answered with an error and skipped.
    """
    to_server, incoming = anyio.create_memory_object_stream[Message](0)
    outgoing, to_write = anyio.create_memory_object_stream[SessionMessage](0)
    with _private_stdio() as (wire_in, wire_out):
        alone = anyio.CapacityLimiter(1)  # never behind what calls do in threads

        async def read() -> bytes:
            return await to_thread.run_sync(os.read, wire_in, CHUNK, limiter=alone)

        async with anyio.create_task_group() as both:
            both.start_soon(read_messages, read, max_line, to_server, outgoing.clone())
            both.start_soon(_write_messages, wire_out, to_write)
            yield incoming, outgoing


async def read_messages(
    read: Read,
    max_line: int,
    to_server: MemoryObjectSendStream[Message],
    answers: Outgoing,
) -> None:
    """Pass on every message that comes in, and answer every other line, until the input ends."""
    async with to_server, answers:
        try:
            async for line in lines(read, max_line):
                message = judged(line, max_line)
                if not isinstance(message, list):
                    await to_server.send(SessionMessage(message))
                    continue
                # No warning: ten thousand would fill the pipe of a host that reads no stderr.
                log.info("A line of input was not a JSON-RPC message; answered: %d.", len(message))
                for refusal in message:
                    await answers.send(SessionMessage(refusal))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            log.debug("the server left before its input ended")


async def serve_handshakes(incoming: Incoming, serve: Serve) -> None:
    """Serve what comes in, and start again at an `initialize` that follows only probes.

    A client whose probe (`server/discover`) is not answered in time sends the older handshake:
    Vercel's AI SDK waits one second. The MCP SDK refuses that, because the probe has opened the
    connection.
    """
    held: Message | None = None
    only_probes, ended = True, False
    while not ended:
        to_server, messages = anyio.create_memory_object_stream[Message](0)
        async with anyio.create_task_group() as group, to_server:
            group.start_soon(serve, messages)
            probed = False
            if held is not None:
                await to_server.send(held)
            async for one in incoming:
                method = _method(one)
                if method == "initialize" and probed and only_probes:
                    held, only_probes = one, False
                    break
                probed = probed or method == "server/discover"
                only_probes = only_probes and method in {"", "server/discover"}
                await to_server.send(one)
            else:
                ended = True


def _method(one: Message) -> str:
    """Of a request; nothing else opens a connection."""
    message = one.message if isinstance(one, SessionMessage) else None
    return message.method if isinstance(message, JSONRPCRequest) else ""


async def lines(read: Read, max_line: int) -> AsyncGenerator[Line]:
    """The lines of what `read` gives, empty ones left out, none held beyond `max_line` bytes."""
    held, head = bytearray(), bytearray()
    while chunk := await read():
        start = 0
        while start < len(chunk):
            end = chunk.find(b"\n", start)
            held += memoryview(chunk)[start : end if end >= 0 else len(chunk)]
            if len(held) > max_line or head:
                head = head or held[:END]
                del held[:-END]
            if end < 0:
                break
            if held and not held.isspace():
                yield Line(head + held, False) if head else Line(held, True)
            held, head = bytearray(), bytearray()
            start = end + 1
    if held and not held.isspace():
        yield Line(head + held, False) if head else Line(held, True)


def judged(line: Line, max_line: int) -> JSONRPCMessage | list[JSONRPCError]:
    """The message on a line, or the answers to what it was meant to be.

    A line that is not JSON is answered without an id. What is JSON and carries no id (a string or
    an integer) is not answered, nor is a malformed answer of the client's.
    """
    if not line.whole:
        text = f"Invalid request: the line is above {max_line:,} bytes (AQUATINT_MAX_LINE)."
        return [_refusal(_id_of_cut_line(bytes(line.data)), INVALID_REQUEST, text)]
    try:
        return jsonrpc_message_adapter.validate_json(line.data, by_name=False)
    except ValidationError as wrong:
        kind = wrong.errors(include_url=False, include_input=False)[0]["type"]
    try:
        parsed: object = json.loads(line.data)  # Python reads lone surrogates, pydantic does not
    except (ValueError, RecursionError):
        return [_refusal(None, PARSE_ERROR)]
    alone = not isinstance(parsed, list)
    batch = [parsed] if alone else cast("list[object]", parsed)
    requests = [cast("dict[str, object]", one) for one in batch if isinstance(one, dict)]
    broken = kind == "json_invalid"
    return [
        _refusal(identity, PARSE_ERROR if broken else _fault(one) if alone else INVALID_REQUEST)
        for one in requests[:MOST_REFUSALS]
        if (identity := _as_id(one.get("id"))) is not None
        and ("method" in one or not {"result", "error"} & one.keys())
    ]


def _fault(request: dict[str, object]) -> int:
    right = request.get("jsonrpc") == "2.0" and isinstance(request.get("method"), str)
    return INVALID_PARAMS if right else INVALID_REQUEST


def _refusal(identity: RequestId | None, code: int, text: str = "") -> JSONRPCError:
    error = ErrorData(code=code, message=text or MESSAGES[code])
    return JSONRPCError(jsonrpc="2.0", id=identity, error=error)


def _as_id(value: object) -> RequestId | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isprintable():  # a lone surrogate could not be written
        return value
    return None


def _id_of_cut_line(ends: bytes) -> RequestId | None:
    """The id of a request of which only the two ends are there; clients put it first or last."""
    found = FIRST_ID.match(ends) or LAST_ID.search(ends)
    return None if found is None else _as_id(json.loads(found[1]))


async def _write_messages(wire: int, messages: MemoryObjectReceiveStream[SessionMessage]) -> None:
    """Write what the server says, one line each; when nobody reads any more, go on without."""
    there, alone = True, anyio.CapacityLimiter(1)
    async with messages:
        async for one in messages:
            if there:
                line = written(one.message)
                there = await to_thread.run_sync(_write, wire, line, limiter=alone)


def written(message: JSONRPCMessage) -> bytes:
    """A message as its line. What cannot be written (a file name that is not Unicode) becomes an
    error, for an exception here would end the server."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
    except (PydanticSerializationError, UnicodeEncodeError):
        log.warning("An answer held text that is not Unicode (a file name?); it was not sent.")
    identity = message.id if isinstance(message, JSONRPCResponse | JSONRPCError) else None
    if identity is None:
        return b""
    text = "The answer holds text that is not Unicode: set AQUATINT_HOME to a folder whose name is."
    return written(_refusal(identity, INTERNAL_ERROR, text))


def _write(wire: int, data: bytes) -> bool:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(wire, rest) :]
    except OSError as gone:
        log.info("Standard output is closed (%s); answers are dropped.", gone.strerror)
        return False
    return True


@contextmanager
def _private_stdio() -> Generator[tuple[int, int]]:
    """Private copies of standard input and output; 0 is empty and 1 is 2 until they are closed."""
    wire_in, wire_out = os.dup(0), os.dup(1)  # not inherited by children
    empty = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(empty, 0)
        os.dup2(2, 1)
        yield wire_in, wire_out
    finally:
        sys.stdout.flush()  # what was printed goes where prints go, not onto the wire
        os.dup2(wire_in, 0)
        os.dup2(wire_out, 1)
        os.close(empty)
        # The copies stay open: a thread may still be waiting in one of them.

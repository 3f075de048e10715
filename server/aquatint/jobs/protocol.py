"""What a server and its worker send each other: JSON, one message a line, each with one field."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import ConfigDict

from ..domain.types import Frozen, Job, JobRecord
from .context import Stage
from .execute import Ended, UnsavedImage

LONGEST = 32_000_000  # bytes of a line; a record with ten unsaved previews has one
CLOSED = (anyio.BrokenResourceError, anyio.ClosedResourceError)  # nobody reads at the other end


class ToWorker(Frozen):
    """`setup` comes first: settings and key, which are in no argv or environment."""

    setup: Mapping[str, object] | None = None
    start: Job | None = None
    cancel: str | None = None
    ping: bool | None = None


class StageOf(Frozen):
    """Where a job stands."""

    job: str
    stage: str
    detail: str = ""


class Result(Frozen):
    """How a job ended; previews of what was not saved (bytes, MIME type) travel as base64."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    record: JobRecord
    unsaved: tuple[tuple[bytes, str], ...] = ()


class LogLine(Frozen):
    """A line for the server's log."""

    level: int
    logger: str
    text: str


class FromWorker(Frozen):
    """`hello` names its lease; after `bye` it ends, and what it never mentioned was not begun."""

    hello: str | None = None
    stage: StageOf | None = None
    result: Result | None = None
    log: LogLine | None = None
    pong: bool | None = None
    bye: bool | None = None


def stage_message(job: str, stage: Stage) -> FromWorker:
    return FromWorker(stage=StageOf(job=job, stage=stage.name, detail=stage.detail))


def result_message(ended: Ended) -> FromWorker:
    unsaved = tuple((look.data, look.mime) for look in ended.unsaved)
    return FromWorker(result=Result(record=ended.record, unsaved=unsaved))


def ended_of(result: Result) -> Ended:
    unsaved = tuple(UnsavedImage(data, mime) for data, mime in result.unsaved)
    return Ended(result.record, unsaved, listed=True)


class Lines:
    """Whole lines over a connected stream; a context manager that closes it."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._buffered = BufferedByteReceiveStream(stream)

    async def send(self, message: ToWorker | FromWorker) -> None:
        """Wait until it is written; raises one of CLOSED."""
        line = message.model_dump_json(exclude_none=True)
        await self._stream.send(line.encode() + b"\n")

    async def receive(self) -> bytes | None:
        """The next line, None when there will be none."""
        try:
            return await self._buffered.receive_until(b"\n", LONGEST)
        except (anyio.IncompleteRead, anyio.EndOfStream, *CLOSED):
            return None

    async def aclose(self) -> None:
        await self._stream.aclose()

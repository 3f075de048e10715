"""What a server and its worker say to each other: JSON, one message a line, each with one field."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import ConfigDict

from ..domain.types import Frozen, Job, JobRecord
from .context import Stage
from .execute import Ended, UnsavedImage

LONGEST = 32_000_000  # bytes of a line; a record with ten loose previews has one
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError)  # nobody reads at the other end


class Command(Frozen):
    """To the worker. `begin` comes first: settings and key, which are in no argv or environment."""

    begin: Mapping[str, object] | None = None
    start: Job | None = None
    drop: str | None = None
    ping: bool | None = None


class Told(Frozen):
    """Where a job stands."""

    job: str
    stage: str
    detail: str = ""


class Result(Frozen):
    """How a job ended; its loose previews (bytes, MIME type) travel as base64."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    record: JobRecord
    unsaved: tuple[tuple[bytes, str], ...] = ()


class Said(Frozen):
    """A line for the server's log."""

    level: int
    logger: str
    text: str


class News(Frozen):
    """From the worker. `bye`: it ends in good order, and what it has not told was not begun."""

    told: Told | None = None
    result: Result | None = None
    said: Said | None = None
    pong: bool | None = None
    bye: bool | None = None


def told(job: str, stage: Stage) -> News:
    return News(told=Told(job=job, stage=stage.name, detail=stage.detail))


def result(ended: Ended) -> News:
    unsaved = tuple((look.data, look.mime) for look in ended.unsaved)
    return News(result=Result(record=ended.record, unsaved=unsaved))


def ended(result: Result) -> Ended:
    return Ended(result.record, tuple(UnsavedImage(data, mime) for data, mime in result.unsaved))


class Lines:
    """Whole lines over a connected stream; a context manager that closes it."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._buffered = BufferedByteReceiveStream(stream)

    async def send(self, message: Command | News) -> None:
        """Wait until it is written; raises one of GONE."""
        line = message.model_dump_json(exclude_none=True)
        await self._stream.send(line.encode() + b"\n")

    async def receive(self) -> bytes | None:
        """The next line, None when there will be none."""
        try:
            return await self._buffered.receive_until(b"\n", LONGEST)
        except (anyio.IncompleteRead, anyio.EndOfStream, *GONE):
            return None

    async def aclose(self) -> None:
        await self._stream.aclose()

"""One prompt until it has ended, and the names by which any process finds it again."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

import anyio

from ...domain.engine import Progress
from ...domain.errors import AquatintError, NoSuchImage, Unavailable
from .outputs import Outcome, outcome_of
from .server import FOLDER, SILENT, ComfyServer, File

LOOK = 1.0  # seconds between two looks at what became of it, and between two early looks
GONE = 30.0  # seconds for which a ComfyUI that stopped answering is waited for
STOPPING = 5.0  # seconds that taking something out of the queue may take


class Wait:
    """One prompt, until it has ended: by its history, else by the file that it saved."""

    def __init__(self, server: ComfyServer, job: str, index: int, limit: float) -> None:
        self.prompt = prompt_of(job, index)
        self.looks = 0  # that were shown
        self.place: Progress | None = None  # in the queue
        self._next_look = 0.0
        self._server, self._limit = server, limit
        self._prefix = prefix_of(job, index)
        self._due = 0.0  # of the next question
        self._silent: float | None = None  # since when nobody answers

    def heard(self, *, ended: bool) -> None:
        """While it tells of its work, its history need not be asked for; then at once."""
        self._due = 0.0 if ended else anyio.current_time() + LOOK

    def may_look(self) -> bool:
        """Whether an early look is shown: one a second, for each is written to disk."""
        if anyio.current_time() < self._next_look:
            return False
        self._next_look = anyio.current_time() + LOOK
        self.looks += 1
        return True

    async def outcome(self) -> Outcome | None:
        """Where its picture is; None while it is at work. Raises what went wrong."""
        now = anyio.current_time()
        if now >= self._limit:
            with suppress(AquatintError), anyio.move_on_after(STOPPING):
                await self._server.stop([self.prompt])
            raise Unavailable(
                "ComfyUI did not finish in time, so it was taken out of its queue.",
                "Raise AQUATINT_DEADLINE, or ask for a smaller picture.",
                code="timeout",
            )
        if now < self._due:
            return None
        self._due = now + LOOK
        try:
            told = await self._asked()
        except AquatintError as error:
            if error.reason != SILENT:
                raise
            self._silent = now if self._silent is None else self._silent
            if now - self._silent > GONE:
                raise
            return None
        self._silent = None
        return told

    async def _asked(self) -> Outcome | None:
        """In this order: what has left the queue has a history, or nobody knows it any more."""
        running, waiting = await self._server.queue()
        self.place = None
        if self.prompt in waiting:
            before = len(running) + waiting.index(self.prompt)
            self.place = Progress(f"in ComfyUI's queue, {before} before it")
        if self.prompt in running or self.prompt in waiting:
            return None
        history = await self._server.history(self.prompt)
        if history is not None:
            return outcome_of(history, self._server.host, self._server.gate)
        return await self._saved()

    async def _saved(self) -> Outcome:
        """A ComfyUI that was started again knows nothing of it, but still has its file."""
        folder, _, name = self._prefix.rpartition("/")
        file: File = {"filename": f"{name}_00001_.png", "subfolder": folder, "type": "output"}
        try:
            async with self._server.file(file) as chunks:
                async for _ in chunks:
                    break
        except NoSuchImage:
            raise Unavailable(
                "ComfyUI was started again, or its queue was cleared, before it drew this.",
                "Call again; nothing was paid.",
                code="cancelled",
            ) from None
        return Outcome(file)


def prompt_of(job: str, index: int) -> str:
    """The id of a job's prompt in ComfyUI: a UUID, as it wants."""
    return str(uuid5(NAMESPACE_URL, f"aquatint:{job}/{index}"))


def prefix_of(job: str, index: int) -> str:
    """How the file that it saves begins, below ComfyUI's output folder."""
    return f"{FOLDER}/{job}-{index + 1}"


def seed_of(job: str, index: int, asked: int | None = None) -> int:
    """One of its own for each picture; below 2**53, which JSON and every node can hold."""
    if asked is not None:
        return (asked + index) % 2**53
    return int.from_bytes(sha256(prompt_of(job, index).encode()).digest()[:8]) >> 11

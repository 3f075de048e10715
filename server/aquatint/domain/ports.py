"""What the use cases need of the outside. Who implements a port passes its one suite of tests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from .annotations import Annotations
from .answers import Page, Spending, Written
from .budget import Limit, Shortfall
from .engine import Part
from .lineage import Parent
from .types import Copy, Finding, ImageRecord, Job, JobRecord


@dataclass(frozen=True, slots=True)
class Holder:
    """A living process of a home: what it is (`server`, `worker`), and its process id."""

    lease: str
    role: str
    pid: int | None


class Leases(Protocol):
    """How the processes of a home see which of them still live and work; `name` is our lease."""

    @property
    def name(self) -> str: ...

    def take(self) -> None:
        """Hold our lease from here on, again where the home was replaced. Raises Misconfigured."""
        ...

    def beat(self) -> None:
        """Show that this process works on; every second while it has work."""
        ...

    def alive(self, lease: str) -> bool:
        """Whether the process of a lease still runs."""
        ...

    def silence(self, lease: str) -> float:
        """Seconds for which we saw no beat of it, by our own clock; 0 at a first look."""
        ...

    def abandoned(self, record: JobRecord, now: float) -> bool:
        """Whether a job will never end by itself: its process is gone, or was stopped for long."""
        ...

    def claim(self, role: str, words: str = "") -> bool:
        """Be the one process of this home in that role, and say how to reach it; False where
        another one is. Again changes the words. Until this process ends."""
        ...

    def claimed(self, role: str) -> str | None:
        """The words of the living process in that role; None where there is none."""
        ...

    def holders(self) -> list[Holder]:
        """The other living processes of this home."""
        ...


class Blobs(Protocol):
    """Bytes by key. A key is a relative POSIX path; keys are ours, never a caller's words."""

    def part(self) -> Part: ...
    async def keep(self, part: Part, key: str) -> None:
        """Make a part durable under its final name, atomically. Raises NotKept."""
        ...

    async def put(self, key: str, data: bytes) -> None: ...
    async def read(self, key: str) -> bytes:
        """Raises NoSuchImage when the key is gone."""
        ...

    async def delete(self, key: str) -> None: ...
    def path(self, key: str) -> str | None:
        """The absolute path of a key, None where the store has no paths."""
        ...

    async def lend(self, job: str, part: Part | None) -> None:
        """Let other processes look at a job's part that is whole, or take it back; as it can."""
        ...

    async def lent(self, job: str) -> bytes | None:
        """What a running job lent last."""
        ...

    async def rescue(self, part: Part, key: str) -> str | None:
        """Leave the bytes of a part that cannot be listed where `find` sees them, and say where."""
        ...

    async def rescued(self) -> list[str]:
        """The ids of the pictures that were rescued and wait for being taken in."""
        ...

    async def find(self, ids: Collection[str]) -> dict[str, str]:
        """The keys of the pictures with these ids that are there, by id; one look at the store."""
        ...

    async def clean(self, older_than_seconds: float, now: float) -> int:
        """Remove unfinished parts and sent inputs that nobody touched since then; how many."""
        ...

    async def check(self) -> list[Finding]: ...


class Catalog(Protocol):
    """The ledger of jobs and the list of pictures. Everything is seen by its owner only."""

    @property
    def annotations(self) -> Annotations: ...

    async def begin(
        self, job: Job, reuse_after: float | None, limit: Limit | None = None, *, lease: str = ""
    ) -> JobRecord | Shortfall | None:
        """Record the intent, or give the twin that makes it needless, or say what the limit lacks.

        A twin has the same owner and digest and still runs, or ended after `reuse_after` (epoch
        seconds; None never reuses): `done` and undelivered, or by a crash of ours after it was
        paid for. `lease` is the recording process's.
        One transaction, so that several processes keep one limit.
        """
        ...

    async def twin(self, owner: str, digest: str, reuse_after: float) -> JobRecord | None:
        """The job that makes another one of that digest needless; see `begin`."""
        ...

    async def sent(self, job: str, lease: str, after: str = "") -> bool:
        """The request is about to leave the process of that lease, which answers for it from now.

        False when the job has ended (it was cancelled) or another process sends it: then it must
        not be sent. After a crash a sent job is `unknown`; one that was not is simply dropped.
        `after` is the lease of a process that is gone, whose request goes on: one takes it over.
        """
        ...

    async def accepted(self, job: str, lease: str, ticket: str) -> None:
        """The provider took what that process sent, under this name: another one can fetch it."""
        ...

    async def pausing(self, job: str, lease: str) -> None:
        """The provider did not begin what that process sent: it can be dropped until the next."""
        ...

    async def drop(self, record: JobRecord) -> bool:
        """End a job as `record` says unless it was sent or has ended; whether that came in time."""
        ...

    async def unsettled(self) -> list[JobRecord]:
        """Every owner's jobs without an end, newest first, with their leases."""
        ...

    async def spent(self, owner: str, since: float) -> float:
        """Dollars since then: what ended jobs cost, and what running ones have reserved."""
        ...

    async def spending(self, owner: str | None, since: float) -> list[Spending]:
        """The paid calls since then, newest day first; of every owner for None."""
        ...

    async def doubtful(self, owner: str | None, since: float) -> list[JobRecord]:
        """The jobs since then whose outcome nobody knows, newest first."""
        ...

    async def troubles(self, limit: int) -> list[JobRecord]:
        """Every owner's failed, refused and unknown jobs, the last one that ended first."""
        ...

    async def drawn(self, model: str) -> float | None:
        """When a call of that model last gave pictures, whoever's it was (epoch seconds)."""
        ...

    async def settle(
        self, record: JobRecord, images: tuple[ImageRecord, ...], *, recovered: bool = False
    ) -> None:
        """One transaction: the job's end and all its pictures.

        The first end stays, but `done` may follow `unknown`, and, when its images were found
        afterwards (`recovered`), a failure that was paid for.
        """
        ...

    async def add(self, image: ImageRecord, *, shown: bool = True) -> None:
        """List a picture that no job made; hidden ones are found by id only."""
        ...

    async def saved(self, image: str, owner: str, copies: tuple[Copy, ...]) -> None:
        """Note down files that a picture was written to; they are no other picture's any more."""
        ...

    async def written(self, paths: Collection[str], owner: str) -> dict[str, Written]:
        """What was written to these paths last, for those that anything was written to."""
        ...

    async def name(self, image: str, owner: str, name: str) -> str | None:
        """Give a picture a name (domain.given_names.checked), and the id of whose it was before.

        Raises NoSuchImage.
        """
        ...

    async def unname(self, owner: str, name: str) -> ImageRecord | None:
        """Take a name away; the picture that had it, None where nobody did."""
        ...

    async def named(self, owner: str, name: str) -> ImageRecord | None:
        """The picture of that name, in any case and width."""
        ...

    async def names(self, owner: str, limit: int) -> list[str]:
        """The names that were given, in order."""
        ...

    async def same(self, sha256: str, owner: str) -> ImageRecord | None:
        """The newest picture with these very bytes."""
        ...

    async def latest(self, owner: str) -> ImageRecord | None:
        """The newest picture that a reply showed and that is not a mask."""
        ...

    async def delivered(self, job: str) -> None: ...
    async def job(self, job: str, owner: str) -> JobRecord | None: ...
    async def image(self, image: str, owner: str) -> ImageRecord | None: ...
    async def recent(
        self, owner: str, query: str | None, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Newest first; kind `named` lists what has a name. BadRequest for a cursor not ours."""
        ...

    async def running(self, owner: str) -> list[JobRecord]: ...
    async def ids(self, owner: str, prefix: str, limit: int) -> list[str]:
        """Picture ids that start with prefix, newest first."""
        ...

    async def forget(self, image: str, owner: str, *, last: bool = True) -> ImageRecord | None:
        """Remove a picture's row and words, and its job's words with the last picture of it.

        Gives what was removed. Before the `last` of several, the index may still hold words.
        """
        ...

    async def forget_jobs(self, owner: str, before: float) -> int:
        """Blank the words of ended jobs without pictures, asked for before then; how many."""
        ...

    async def uses(self, image: str, owner: str) -> tuple[list[Job], list[str]]:
        """The jobs that were given a picture, and the ids of pictures that name it as a parent."""
        ...

    async def lineage(self, owner: str) -> dict[str, tuple[Parent, ...]]:
        """What each picture was made from, of those that were made from others, oldest first."""
        ...

    async def older(self, owner: str, before: float) -> list[str]:
        """The ids of all pictures made before then, hidden ones too, newest first."""
        ...

    async def seconds(self, model: str, size: str, quality: str) -> float | None:
        """The median time of the last calls of that sort; None when there were none."""
        ...

    async def check(self) -> list[Finding]: ...
    async def aclose(self) -> None: ...

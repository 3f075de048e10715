"""What people mark on pictures, kept until an agent was told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..domain.annotations import Annotation, in_words
from ..domain.errors import NoSuchImage
from ..domain.frozen import Frozen
from ..domain.types import Caller, ImageRecord
from ..jobs.context import JobContext


@dataclass(frozen=True, slots=True)
class Annotating:
    """Keeps annotations for a person, and tells an agent of each of them once."""

    context: JobContext
    new_id: Callable[[], str]

    async def add(self, image: ImageRecord, caller: Caller, facts: Frozen) -> Annotation:
        """Note down a mark: `facts` has its kind, and what else it consists of, by field."""
        record = await self.context.catalog.job(image.job, caller.owner) if image.job else None
        annotation = Annotation.model_validate(
            {
                **facts.model_dump(exclude_unset=True),
                "id": self.new_id(),
                "owner": caller.owner,
                "image": image.id,
                "project": record.job.project if record else "",
                "created": self.context.now(),
            }
        )
        await self.context.catalog.annotations.add(annotation)
        return annotation

    async def open(self, caller: Caller, image: str | None = None) -> list[Annotation]:
        return await self.context.catalog.annotations.open(caller.owner, image)

    async def remove(self, annotation: str, caller: Caller) -> None:
        if not await self.context.catalog.annotations.remove(annotation, caller.owner):
            raise NoSuchImage(f"There is no annotation {annotation!r:.60}.", "Reload the page.")

    async def news(self, caller: Caller) -> str | None:
        """What the user did since an agent last heard of it, in words; None where nothing."""
        found = await self.context.catalog.annotations.take(
            caller.owner, caller.roots, self.context.now()
        )
        return in_words(found) if found else None

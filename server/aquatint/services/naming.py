"""Names that people and agents give to pictures, so that `@logo` is one wherever a picture goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..domain import given_names
from ..domain.errors import NoSuchImage
from ..domain.types import Caller, ImageRecord
from ..jobs.context import JobContext
from .references import Opened, References


@dataclass(frozen=True, slots=True)
class Naming:
    """Gives names and takes them away; `take_in` lists a picture that is not ours."""

    context: JobContext
    references: References
    take_in: Callable[[Opened, str], Awaitable[ImageRecord]]

    async def picture(self, reference: str, caller: Caller) -> ImageRecord:
        """The catalog's picture behind any reference; what is not ours is taken in, hidden."""
        known = await self.references.known(reference, caller)
        if known is not None:
            return known
        return await self.take_in(await self.references.open(reference, caller), caller.owner)

    async def give(
        self, image: ImageRecord, name: str, caller: Caller
    ) -> tuple[ImageRecord, tuple[str, ...]]:
        """The picture with its names, and what must be said. Raises BadRequest for a bad name."""
        plain = given_names.checked(name)
        before = await self.context.catalog.name(image.id, caller.owner, plain)
        notes = (f"@{plain} was image://{before} until now.",)
        moved = before not in {None, image.id}
        named = await self.context.catalog.image(image.id, caller.owner)
        return image if named is None else named, notes if moved else ()

    async def remove(self, name: str, caller: Caller) -> ImageRecord:
        """Take a name away; the picture stays. Raises NoSuchImage."""
        plain = given_names.checked(name)
        await self.references.known(f"@{plain}", caller)  # raises with near names
        had = await self.context.catalog.unname(caller.owner, plain)
        if had is None:
            raise NoSuchImage(f"No picture has the name @{plain}.", "It was just taken away.")
        return had

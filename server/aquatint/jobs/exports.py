"""Where save_to is checked before anything is paid, and written after: copies of one picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..domain.errors import AquatintError, BadRequest
from ..domain.models.sizes import Size
from ..domain.requests import save_targets
from ..domain.requests.plan import Plan
from ..domain.requests.save_targets import PlannedFile, SaveTargets
from ..domain.types import Caller, Copy, Finish, ImageRecord, SaveTarget
from .context import JobContext

if TYPE_CHECKING:
    from PIL import Image

MOVING = frozenset({"gif", "webp"})
EXACT = frozenset({"png", "webp"})  # formats that can keep pixels exact


@dataclass(frozen=True, slots=True)
class Saving:
    """What one picture is to be copied to, by whom, and how; `exact` is its exact_size."""

    targets: tuple[SaveTarget, ...]
    caller: Caller
    overwrite: bool = False
    compression: int | None = None
    exact: Size | None = None

    @classmethod
    def of(cls, finish: Finish, caller: Caller, index: int, n: int) -> Saving:
        """For the picture of that index among n."""
        targets = save_targets.files_of(finish.save_to, index, n)
        return cls(targets, caller, finish.overwrite, finish.compression, finish.exact_size)


async def checked(
    context: JobContext, targets: SaveTargets, caller: Caller, *, n: int, overwrite: bool
) -> SaveTargets:
    """The same targets, with everything that is wrong with the places themselves."""
    paths = [one.path for one in _every(targets.files, n if n <= save_targets.MOST else 0)]
    if len(paths) > save_targets.MOST:
        return targets
    found: list[AquatintError] = []
    places: dict[str, str] = {}
    for path in paths:
        try:
            place = await context.workspace.check_target(path, caller, overwrite)
        except AquatintError as error:
            found.append(error)
            continue
        other = places.setdefault(place.path, path)
        if other != path:
            found.append(
                BadRequest(
                    f"save_to: {other} and {path} are the same file.", "Leave one of them out."
                )
            )
    return replace(targets, problems=(*targets.problems, *found))


async def planned(context: JobContext, plan: Plan, caller: Caller) -> tuple[PlannedFile, ...]:
    """Every file that a call will write, whose places were checked; nothing is written."""
    found: list[PlannedFile] = []
    exact = plan.exact_size is not None
    for one in _every(plan.save_to, plan.order.n):
        place = await context.workspace.check_target(one.path, caller, overwrite=True)
        exists = False
        try:
            await context.workspace.check_target(one.path, caller, overwrite=False)
        except BadRequest as error:
            exists = error.reason == "exists"
        width, height = save_targets.pixels_of(one, plan.shown, exact=exact) or (None, None)
        found.append(
            PlannedFile(
                path=place.path,
                width=width,
                height=height,
                format=_format(one),
                exists=exists or None,
            )
        )
    return tuple(found)


def refusals(files: Sequence[PlannedFile], *, overwrite: bool) -> list[str]:
    """What the call itself will refuse of the files that a dry run lists."""
    there = [one.path for one in files if one.exists and not overwrite]
    if not there:
        return []
    verb = "exists" if len(there) == 1 else "exist"
    return [f"save_to: {', '.join(there)} {verb} already: pass overwrite=true, or another name."]


def _every(files: Sequence[SaveTarget], n: int) -> list[SaveTarget]:
    """The files of all n pictures, picture by picture."""
    return [one for index in range(n) for one in save_targets.files_of(files, index, n)]


async def save_copies(
    context: JobContext,
    image: ImageRecord,
    source: ImageRecord,
    saving: Saving,
    warnings: list[str],
    data: bytes | None = None,
) -> ImageRecord:
    """Write a picture where the agent asked, in the format and size that each name says.

    What has the picture's own size is made of its file, all else of `source`, which has more
    pixels where the picture was fitted to an exact size. `data` is the file itself where it is in
    no store. A failure is a warning.
    """
    written: list[Copy] = []
    copies = _Copies(context, image, source, saving, data)
    for one in saving.targets:
        try:
            target = await context.workspace.check_target(one.path, saving.caller, saving.overwrite)
            size, data = await copies.made(one)
            await context.workspace.write(target, data, saving.caller, saving.overwrite)
        except AquatintError as error:
            warnings.append(f"Not saved to {one.path}: {error}")
        else:
            written.append(copies.noted(one, target.path, size, data))
            remarks = copies.remarks(one, size)
            warnings += [remark for remark in remarks if remark not in warnings]
    return image.model_copy(update={"saved": (*image.saved, *written)}) if written else image


@dataclass(slots=True)
class _Copies:
    """One picture while its copies are made: decoded once, however many there are."""

    context: JobContext
    image: ImageRecord
    source: ImageRecord
    saving: Saving
    data: bytes | None
    opened: Image.Image | None = None

    @property
    def own(self) -> Size:
        return self.image.width, self.image.height

    @property
    def pixels(self) -> Size:
        return self.source.width, self.source.height

    async def made(self, target: SaveTarget) -> tuple[Size, bytes]:
        """One copy's size and bytes."""
        format = _format(target)
        size = save_targets.size_of(
            target, self.saving.exact or self.own, exact=self.saving.exact is not None
        )
        if self.image.format == "svg" or (size == self.own and format != "ico"):
            return self.own, await self._whole(format)
        from ..imaging import encode

        compression, work = self.saving.compression, self.context.pixelwork
        if format == "ico":
            side = min(max(size), save_targets.ICO)
            return (side, side), await work(encode.icon, await self._open(), side)
        if self.source.frames > 1:
            data = await self._bytes(self.source)
            return size, await work(encode.convert, data, format, compression, size=size)
        return size, await work(encode.scaled, await self._open(), size, format, compression)

    async def _bytes(self, image: ImageRecord) -> bytes:
        return await self.context.blobs.read(image.key) if self.data is None else self.data

    async def _open(self) -> Image.Image:
        from ..imaging import decode

        if self.opened is None:
            async with self.context.turn(self.source.bytes):
                data = await self._bytes(self.source)
                limit = self.context.max_pixels
                self.opened = await self.context.pixelwork(decode.open_upright, data, limit)
        return self.opened

    async def _whole(self, format: str) -> bytes:
        """The picture's own pixels; its very bytes where the format is its own."""
        from ..imaging import encode
        from ..imaging.editing import results

        data = await self._bytes(self.image)
        if format == self.image.format:
            return data
        if format == "webp" and _is_exact(self.image):
            return await self.context.pixelwork(results.as_webp, data, self.context.max_pixels)
        compression = self.saving.compression
        return await self.context.pixelwork(encode.convert, data, format, compression)

    def noted(self, target: SaveTarget, path: str, size: Size, data: bytes) -> Copy:
        """What is remembered of a copy, so that the file is known again."""
        image, format = self.image, _format(target)
        lacks = (image.alpha and format == "jpeg") or (image.frames > 1 and format not in MOVING)
        return Copy(
            path=path,
            width=size[0],
            height=size[1],
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            whole=size == self.own and format != "ico" and not lacks,
        )

    def remarks(self, target: SaveTarget, size: Size) -> list[str]:
        """What must be said of a copy that was written."""
        lines: list[str] = []
        format = _format(target)
        if _is_exact(self.image) and format not in EXACT and size == self.own:
            lines.append(f"{target.path} is {format}: what the edit kept is not exact in it.")
        scaled = size != self.own and self.image.format != "svg"
        if scaled and (size[0] > self.pixels[0] or size[1] > self.pixels[1]):
            lines.append(save_targets.scaled_up(target.name))
        hint = save_targets.hint(target, size)
        return [*lines, hint] if hint else lines


def _is_exact(image: ImageRecord) -> bool:
    return image.outside is not None and image.outside.largest_difference == 0


def _format(target: SaveTarget) -> str:
    return "jpeg" if target.extension == "jpg" else target.extension

"""Where save_to is judged before anything is paid, and written after: copies of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.errors import AquatintError, BadRequest
from ..domain.models.sizes import Size
from ..domain.requests import save_targets
from ..domain.requests.save_targets import Wanted
from ..domain.types import Caller, Copy, Finish, GenerateRequest, ImageRecord
from .context import JobContext

if TYPE_CHECKING:
    from PIL import Image

EXACT = frozenset({"png", "webp"})  # formats that can keep pixels exact


@dataclass(frozen=True, slots=True)
class Saving:
    """What one picture is to be copied to, by whom, and how; `exact` is its exact_size."""

    wanted: tuple[Wanted, ...]
    caller: Caller
    overwrite: bool = False
    compression: int | None = None
    exact: Size | None = None

    @classmethod
    def of(cls, wish: Finish, caller: Caller, index: int, n: int) -> Saving:
        """For the picture of that index among n."""
        names, _ = save_targets.read(wish.save_to, n)
        wanted = tuple(one.numbered(index, n) for one in names)
        return cls(wanted, caller, wish.overwrite, wish.compression, wish.exact_size)


async def problems(
    context: JobContext, request: GenerateRequest, caller: Caller
) -> list[AquatintError]:
    """Everything that is wrong with the places to be written, before anything is paid."""
    names, wrong = save_targets.read(request.save_to, request.n)
    found: list[AquatintError] = [*wrong]
    if not names or len(names) * request.n > save_targets.MOST:
        return found
    places: dict[str, str] = {}
    for index in range(request.n):
        for path in (one.numbered(index, request.n).path for one in names):
            try:
                target = await context.workspace.check_target(path, caller, request.overwrite)
            except AquatintError as error:
                found.append(error)
                continue
            other = places.setdefault(target.path, path)
            if other != path:
                found.append(
                    BadRequest(
                        f"save_to: {other} and {path} are the same file.", "Leave one of them out."
                    )
                )
    return found


def together(found: Sequence[AquatintError]) -> AquatintError:
    """One error that says all of these."""
    if len(found) == 1:
        return found[0]
    lines = dict.fromkeys(str(problem) for problem in found)
    return BadRequest("\n".join(lines), "Nothing was sent.")


async def save_copies(
    context: JobContext,
    image: ImageRecord,
    source: ImageRecord,
    saving: Saving,
    warnings: list[str],
) -> ImageRecord:
    """Write a picture where the agent asked, in the format and size that each name says.

    What has the picture's own size is made of its file, all else of `source`, which has more
    pixels where the picture was fitted to an exact size. A failure is a warning.
    """
    written: list[Copy] = []
    desk = _Desk(context, image, source, saving)
    for one in saving.wanted:
        try:
            target = await context.workspace.check_target(one.path, saving.caller, saving.overwrite)
            size, data = await desk.made(one)
            await context.workspace.write(target, data, saving.caller, saving.overwrite)
        except AquatintError as error:
            warnings.append(f"Not saved to {one.path}: {error}")
        else:
            written.append(Copy(path=target.path, width=size[0], height=size[1], bytes=len(data)))
            remarks = desk.remarks(one, size)
            warnings += [remark for remark in remarks if remark not in warnings]
    return image.model_copy(update={"saved": (*image.saved, *written)}) if written else image


@dataclass(slots=True)
class _Desk:
    """One picture while its copies are made: decoded once, however many there are."""

    context: JobContext
    image: ImageRecord
    source: ImageRecord
    saving: Saving
    opened: Image.Image | None = None

    @property
    def own(self) -> Size:
        return self.image.width, self.image.height

    @property
    def pixels(self) -> Size:
        return self.source.width, self.source.height

    async def made(self, wanted: Wanted) -> tuple[Size, bytes]:
        """One copy's size and bytes."""
        format = _format(wanted)
        size = wanted.size(self.saving.exact or self.own, exact=self.saving.exact is not None)
        if self.image.format == "svg" or (size == self.own and format != "ico"):
            return self.own, await self._whole(format)
        from ..imaging import encode

        compression, work = self.saving.compression, self.context.pixelwork
        if format == "ico":
            side = min(max(size), save_targets.ICO)
            return (side, side), await work(encode.icon, await self._open(), side)
        if self.source.frames > 1:
            data = await self.context.blobs.read(self.source.key)
            return size, await work(encode.convert, data, format, compression, size=size)
        return size, await work(encode.scaled, await self._open(), size, format, compression)

    async def _open(self) -> Image.Image:
        from ..imaging import decode

        if self.opened is None:
            async with self.context.turn(self.source.bytes):
                data = await self.context.blobs.read(self.source.key)
                limit = self.context.max_pixels
                self.opened = await self.context.pixelwork(decode.open_upright, data, limit)
        return self.opened

    async def _whole(self, format: str) -> bytes:
        """The picture's own pixels; its very bytes where the format is its own."""
        from ..imaging import encode
        from ..imaging.editing import inputs

        data = await self.context.blobs.read(self.image.key)
        if format == self.image.format:
            return data
        if format == "webp" and _is_exact(self.image):
            return await self.context.pixelwork(inputs.as_webp, data, self.context.max_pixels)
        compression = self.saving.compression
        return await self.context.pixelwork(encode.convert, data, format, compression)

    def remarks(self, wanted: Wanted, size: Size) -> list[str]:
        """What must be said of a copy that was written."""
        said: list[str] = []
        format = _format(wanted)
        if _is_exact(self.image) and format not in EXACT and size == self.own:
            said.append(f"{wanted.path} is {format}: its pixels outside the mask are not exact.")
        scaled = size != self.own and self.image.format != "svg"
        if scaled and (size[0] > self.pixels[0] or size[1] > self.pixels[1]):
            said.append(save_targets.scaled_up(wanted.name))
        hint = save_targets.hint(wanted, size)
        return [*said, hint] if hint else said


def _is_exact(image: ImageRecord) -> bool:
    return image.outside is not None and image.outside.largest_difference == 0


def _format(wanted: Wanted) -> str:
    return "jpeg" if wanted.extension == "jpg" else wanted.extension

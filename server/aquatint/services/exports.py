"""Writing a picture that is there into files: sizes, formats, crops, icons. Free."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain import given_names
from ..domain.errors import BadRequest, together
from ..domain.models.sizes import Size, parse_size, text
from ..domain.requests import save_targets
from ..domain.requests.existing import ExportRequest, box_of, is_cut
from ..domain.requests.regions import rgb
from ..domain.requests.save_targets import MAX_EDGE, SaveTargets
from ..domain.types import Caller, ImageRecord
from ..jobs import exports
from ..jobs.context import JobContext
from ..jobs.exports import Saving, save_copies
from .library import Library
from .naming import Naming
from .outcomes import Outcome

EXAMPLE = (
    'Name the files, as in save_to=["public/hero.webp", "icon-{16,32}.png"], or the picture, '
    'as in name="logo".'
)

CLEAR = "transparent"  # as a background: take it away
SOLID = frozenset({"jpg", "jpeg"})  # extensions of files that have no alpha
FAIR = 0.75  # certainty below which a cut-out is to be looked at


@dataclass(frozen=True, slots=True)
class Source:
    """What is written: the picture's row as it is after cropping, and its bytes."""

    image: ImageRecord
    data: bytes
    changed: bool  # cropped, or laid on a colour: not the file that is in the catalog


@dataclass(frozen=True, slots=True)
class Exports:
    """Copies of pictures, made here and never paid for."""

    context: JobContext
    library: Library
    naming: Naming

    async def export(self, request: ExportRequest, caller: Caller) -> Outcome:
        """Write the picture to every file that `save_to` stands for. Raises AquatintError."""
        if not request.save_to and request.name is None:
            raise BadRequest(
                "export_image writes files (save_to) or gives a name (name); both are missing.",
                EXAMPLE,
            )
        if request.name is not None:
            given_names.checked(request.name)  # before anything is written
        if request.compression is not None and not 0 <= request.compression <= 100:
            raise BadRequest(
                f"compression={request.compression} is out of range.", "Pass 0 to 100."
            )
        if request.name is not None and not request.save_to:
            return await self._named(request, request.name, caller)
        image, data = await self._picture(request, caller)
        if data is None:
            data = await self.context.blobs.read(image.key)
        exact = _exact(request)
        warnings: list[str] = []
        source = await self._source(request, Source(image, data, changed=False), warnings)
        targets = await self._targets(request, source.image, exact, caller)
        saving = Saving(targets.files, caller, request.overwrite, request.compression, exact)
        saved = await save_copies(
            self.context, source.image, source.image, saving, warnings, source.data
        )
        written = saved.saved[len(source.image.saved) :]
        if source.changed:  # a part of the picture, or over a colour: made from it
            written = tuple(one.model_copy(update={"whole": False}) for one in written)
        if not written:
            raise BadRequest("Nothing was written. " + "\n".join(warnings), "", code="not_saved")
        if image.id:
            await self.context.catalog.saved(image.id, caller.owner, written)
        if request.name is not None:
            named, notes = await self.naming.give(image, request.name, caller)
            saved = saved.model_copy(update={"names": named.names})
            warnings += notes
        return Outcome(
            status="done",
            images=(saved.model_copy(update={"saved": written}),),
            written=written,
            data=source.data if source.changed or not image.id else None,
            warnings=tuple(warnings),
        )

    async def _picture(
        self, request: ExportRequest, caller: Caller
    ) -> tuple[ImageRecord, bytes | None]:
        """What is written; it is in the catalog where it gets a name."""
        if request.name is None:
            return await self.library.get(request.image, caller)
        (image,) = await self.library.as_is(await self.naming.picture(request.image, caller))
        return image, None

    async def _named(self, request: ExportRequest, name: str, caller: Caller) -> Outcome:
        """The picture with a name, and nothing written. Raises BadRequest for what would be."""
        asked = request.model_dump(exclude={"image", "name", "save_to"}, exclude_defaults=True)
        if asked:
            raise BadRequest(
                f"{', '.join(asked)}: without save_to nothing is written, only the name is given.",
                f"Leave it out, or add save_to. {EXAMPLE}",
            )
        image = await self.naming.picture(request.image, caller)
        named, notes = await self.naming.give(image, name, caller)
        shown = await self.library.as_is(named)
        return Outcome(status="done", images=tuple(shown), warnings=notes)

    async def _source(self, request: ExportRequest, whole: Source, warnings: list[str]) -> Source:
        """The picture, cropped and laid on a colour where that is asked for."""
        image = whole.image
        if request.crop is None and request.background is None:
            return whole
        clear = request.background == CLEAR
        if clear:
            _check_clear(request)
        if image.format == "svg":
            raise BadRequest("An svg has no pixels to crop.", "Leave crop and background out.")
        size = image.width, image.height
        box = None if request.crop is None else box_of(request.crop, request.units, size)
        if request.crop is not None and is_cut(request.crop, request.units, size):
            warnings.append(f"The crop reached over the picture's {text(size)} and was cut there.")
        colour = None if clear else _colour(request.background)
        if colour is not None and not image.alpha:
            warnings.append("background changed nothing: the picture has no transparency.")
        if image.frames > 1:
            warnings.append(f"Only the first of {image.frames} frames was taken.")
        if clear:
            data, (width, height), note = await self._cut_out(whole, box)
            warnings.append(note)
            alpha = True
        else:
            from ..imaging import encode

            async with self.context.turn(image.bytes):
                data, (width, height), alpha = await self.context.pixelwork(
                    encode.cut, whole.data, box, colour, self.context.max_pixels
                )
        facts = {
            "width": width,
            "height": height,
            "alpha": alpha,
            "bytes": len(data),
            "format": "png",
            "frames": 1,
            "preview": None,
            "outside": None,
        }
        return Source(image.model_copy(update=facts), data, changed=True)

    async def _cut_out(
        self, whole: Source, box: tuple[int, int, int, int] | None
    ) -> tuple[bytes, Size, str]:
        """What stands out of the picture, its size, and what to say of it."""
        from ..imaging import cutouts

        async with self.context.turn(whole.image.bytes):
            found = await self.context.pixelwork(
                cutouts.cut_out, whole.data, box, self.context.vision, self.context.max_pixels
            )
        if found is None:
            raise BadRequest(
                "background=transparent: nothing stands out of this picture, so nothing was cut.",
                "Pass a crop around the thing to keep.",
                code="nothing_found",
            )
        if found.certainty is None:
            note = f"it was transparent already and stayed so; {found.kept:.1%} of it is visible."
        else:
            sure = "" if found.certainty >= FAIR else " It was unsure: look at it."
            note = f"{found.kept:.1%} of it was kept, found by the vision network.{sure}"
        return found.data, found.size, f"background=transparent: {note}"

    async def _targets(
        self, request: ExportRequest, image: ImageRecord, exact: Size | None, caller: Caller
    ) -> SaveTargets:
        """The files, every one of them checked. Raises one error that names all problems."""
        names = [_with_format(name, request.format) for name in request.save_to]
        parsed = save_targets.parse(names)
        targets = await exports.checked(
            self.context, parsed, caller, n=1, overwrite=request.overwrite
        )
        whole = (image.width, image.height) if exact is None else exact
        problems = list(targets.problems)
        for one in targets.files:
            width, height = save_targets.size_of(one, whole, exact=exact is not None)
            if width * height > self.context.max_pixels:
                limit = f"{self.context.max_pixels:,}"
                problems.append(
                    BadRequest(
                        f"save_to: {one.name} has {width}x{height} pixels; {limit} are allowed.",
                        "Write a smaller one, or raise AQUATINT_MAX_PIXELS.",
                        code="too_many_pixels",
                    )
                )
        if problems:
            raise together(problems)
        return targets


def _exact(request: ExportRequest) -> Size | None:
    if request.exact_size is None:
        return None
    exact = parse_size(request.exact_size.strip())
    if exact is None or 0 in exact or max(exact) > MAX_EDGE:
        raise BadRequest(
            f"exact_size: {request.exact_size!r:.40} is not a size of 1 to {MAX_EDGE} pixels.",
            "Write it as exact_size=1080x1080.",
        )
    return exact


def _check_clear(request: ExportRequest) -> None:
    """Raises BadRequest for files that cannot be transparent, before anything is looked for."""
    names = save_targets.parse([_with_format(name, request.format) for name in request.save_to])
    solid = [one.name for one in names.files if one.extension in SOLID]
    if solid:
        raise BadRequest(
            f"background=transparent: {', '.join(solid)} cannot be transparent (jpeg).",
            "Name a png, webp or avif, or pass a colour as background.",
        )


def _colour(background: str | None) -> tuple[int, int, int] | None:
    if background is None:
        return None
    try:
        return rgb(background)
    except ValueError as unknown:
        raise BadRequest(
            f"background: {background!r:.40} is not a colour.",
            "Pass #rrggbb or a CSS name, which is put under transparent pixels, or transparent.",
        ) from unknown


def _with_format(name: str, format: str | None) -> str:
    """The name with `format` as its extension where it has none; another one is refused."""
    if format is None:
        return name
    extension = "jpg" if format == "jpeg" else format
    tail = name.replace("\\", "/").rsplit("/", 1)[-1]
    if "." not in tail:
        return f"{name}.{extension}"
    named = tail.rsplit(".", 1)[1].lower().replace("jpeg", "jpg")
    if named != extension:
        raise BadRequest(
            f"save_to: {name} says one format, format={format} another.",
            "Leave format out: the name decides.",
        )
    return name

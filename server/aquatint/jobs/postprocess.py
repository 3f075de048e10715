"""What is done to a picture once the provider's bytes are safe: survey, derive, preview, copy."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..domain import names
from ..domain.engine import Part
from ..domain.errors import AquatintError
from ..domain.lineage import Parent
from ..domain.types import Caller, Finish, ImageRecord, Job, Kind, Order
from .context import JobContext
from .exports import Saving, save_copies

if TYPE_CHECKING:
    from ..imaging.decode import ImageInfo
    from ..imaging.previews import Preview

STORED_EDGE = 768
STORED_BUDGET = 42_000  # bytes; with base64 and the text a default reply stays below 60 KB


@dataclass(frozen=True, slots=True)
class Survey:
    """What one decode told of a picture; `small` is its preview, None for SVG."""

    seen: ImageInfo
    small: Preview | None
    sha256: str

    def facts(self) -> dict[str, Any]:
        """The catalog's fields about the bytes."""
        seen = self.seen
        return {
            "format": seen.format,
            "width": seen.width,
            "height": seen.height,
            "frames": seen.frames,
            "alpha": seen.alpha,
            "provenance": seen.provenance,
            "sha256": self.sha256,
        }


async def postprocess(
    job: Job, context: JobContext, index: int, original: ImageRecord, warnings: list[str]
) -> list[ImageRecord]:
    """What was asked for beyond the model's own picture: the one to show last, after its sources.

    A failure here is a warning, never a loss: the picture as it came is already kept.
    """
    made, source = [original], original
    deviations = _deviations(job.order, original)
    warnings.extend(warning for warning in deviations if warning not in warnings)
    try:
        for step in _steps(job.finish):
            await step(job, context, index, made, warnings)
            if step is not _reshape:
                source = made[-1]  # what has the most pixels of what may be shown
    except AquatintError as error:
        warnings.append(f"{error} What could be made is shown instead.")
    saving = Saving.of(job.finish, Caller(job.owner, job.roots), index, job.order.n)
    source = source if job.finish.exact_size else made[-1]
    made[-1] = await save_copies(context, made[-1], source, saving, warnings)
    return made


def as_it_came(
    job: Job, identity: str, found: Survey, *, model: str | None, size: int
) -> ImageRecord:
    """The row of the provider's own picture of `size` bytes, and the key to keep it under."""
    kind = _kind(job, found.seen)
    return ImageRecord(
        id=identity,
        owner=job.owner,
        job=job.id,
        kind=kind,
        prompt=job.kept_prompt,
        parents=job.lineage,
        model=model or job.order.model,
        bytes=size,
        key=_key(job, identity, found.seen, kind),
        created=job.created,
        **found.facts(),
    )


def _kind(job: Job, seen: ImageInfo, *, first: bool = True) -> Kind:
    """What a picture of a job is: `raw` where another one is to be made of it and shown.

    `first` is the provider's own. It stays raw when that fails and it is shown after all, so that
    no `edited` picture of a mask differs outside it.
    """
    return "raw" if _is_raw(job.finish, seen, first=first) else job.kind


def _key(job: Job, identity: str, seen: ImageInfo, kind: Kind) -> str:
    """Where it is kept, under a name that says what it is."""
    word = "" if kind == "generated" else kind
    return names.image_key(job.created, job.kept_prompt, identity, seen.format, word)


def _is_raw(finish: Finish, seen: ImageInfo, *, first: bool) -> bool:
    """Whether something else will be shown that is made of a picture with these facts."""
    size = seen.width, seen.height
    if first and finish.base is not None:
        return True
    if first and finish.placement is not None and finish.exact_size is None:
        return size != finish.size or _is_reshaped(finish, size, seen.format)
    return _is_reshaped(finish, size, seen.format)


def _is_reshaped(finish: Finish, size: tuple[int, int], format: str) -> bool:
    return finish.exact_size not in {None, size} or (finish.convert or format) != format


def _deviations(order: Order, came: ImageRecord) -> list[str]:
    """What the provider drew otherwise than it was asked to."""
    found: list[str] = []
    size = f"{came.width}x{came.height}"
    if came.format != "svg" and order.size not in {"auto", size}:
        found.append(f"size: {order.size} was asked for, and {size} came.")
    if came.format != order.format:
        found.append(f"format: {order.format} was asked for, and {came.format} came.")
    if order.background == "transparent" and not came.alpha:
        found.append("background: transparent was asked for, and nothing of what came is.")
    return found


Step = Callable[[Job, JobContext, int, list[ImageRecord], list[str]], Awaitable[None]]


def _steps(finish: Finish) -> list[Step]:
    """Each step appends one picture to what was made, or nothing when there is nothing to do."""
    steps: list[Step] = []
    if finish.base is not None:
        steps.append(_keep_outside)
    elif finish.placement is not None and finish.exact_size is None:
        steps.append(_unplace)
    return [*steps, _reshape]


async def _keep_outside(
    job: Job, context: JobContext, index: int, made: list[ImageRecord], warnings: list[str]
) -> None:
    """The model's picture inside the mask, the first picture's own pixels everywhere else."""
    from ..imaging.editing import results

    finish, original = job.finish, made[-1]
    assert finish.base is not None
    assert finish.mask is not None
    exact = await context.pixelwork(
        results.composite,
        await context.blobs.read(finish.base),
        await context.blobs.read(finish.mask),
        await context.blobs.read(original.key),
        finish.placement,
        "webp" if finish.convert == "webp" else "png",
        max_pixels=context.max_pixels,
        edge=STORED_EDGE,
        budget=STORED_BUDGET,
        seam=finish.seam,
        grown=finish.grown,
    )
    outside = exact.outside
    edge = "the mask's own softness"
    if exact.seam is not None:
        edge = f"{exact.seam:.3g} pixels inside {'the new part' if finish.grown else 'it'}"
    converted = f"the input was converted {exact.converted}; " if exact.converted else ""
    note = (
        f"{converted}{_kept(finish)} identical to {'that' if converted else 'the input'} "
        f"(largest difference "
        f"{outside.largest_difference}; the model itself had changed {outside.model_share:.0%} of "
        f"it, by {outside.model_mean:.1f} levels on average); seam: {edge}; the provider's bytes, "
        f"with any provenance data, are image://{original.id}"
    )
    warnings.extend(one for one in exact.notes if one not in warnings)
    identity = job.derived_ids[2 * index]
    found = Survey(exact.seen, exact.small, exact.sha256)
    kept = await derive(context, job, original, identity, exact.data, note, warnings, found)
    made.append(kept.model_copy(update={"outside": outside}))


def _kept(finish: Finish) -> str:
    """What of the result is the input's, in words."""
    old = finish.grown
    if old is None:
        return "outside the mask"
    wide, high = old.canvas
    return (
        f"extended from {old.width}x{old.height} to {wide}x{high}; the old picture, at "
        f"left {old.left}, top {old.top},"
    )


async def _unplace(
    job: Job, context: JobContext, index: int, made: list[ImageRecord], warnings: list[str]
) -> None:
    """Without the padding and scaling that the first picture was sent with."""
    from ..imaging.editing import results

    finish, original = job.finish, made[-1]
    assert finish.placement is not None
    assert finish.size is not None
    if (original.width, original.height) == finish.size:
        return
    data = await context.blobs.read(original.key)
    back = await context.pixelwork(
        results.unplaced, data, finish.placement, finish.size, "png", context.max_pixels
    )
    note = (
        f"brought back to the input's {finish.size[0]}x{finish.size[1]} from image://{original.id}"
    )
    identity = job.derived_ids[2 * index]
    made.append(await derive(context, job, original, identity, back, note, warnings))


async def _reshape(
    job: Job, context: JobContext, index: int, made: list[ImageRecord], warnings: list[str]
) -> None:
    """Exact size and format, where the model could not draw them as such."""
    from ..imaging import encode

    finish, source = job.finish, made[-1]
    exact = finish.exact_size not in {None, (source.width, source.height)}
    format = finish.convert or source.format
    if not _is_reshaped(finish, (source.width, source.height), source.format):
        return
    data = await context.blobs.read(source.key)
    if exact and finish.exact_size is not None:
        width, height = finish.exact_size
        data = await context.pixelwork(encode.fit, data, width, height, format, finish.compression)
        note = f"fitted to {width}x{height} from image://{source.id}"
    else:
        data = await context.pixelwork(encode.convert, data, format, finish.compression)
        note = f"converted to {format} from image://{source.id}"
    outside = source.outside
    if outside is not None:
        outside = outside.model_copy(
            update={"largest_difference": await _difference(job, context, data)}
        )
        apart = f"differs from the input by up to {outside.largest_difference} levels there"
        kept = "in the old part" if job.finish.grown else "outside the mask"
        note += f", which is exact {kept}; this copy {apart}"
        warnings.append(f"A {format} cannot keep pixels exact ({apart}); image://{source.id} does.")
    identity = job.derived_ids[2 * index + 1]
    derived = await derive(context, job, source, identity, data, note, warnings)
    made.append(derived.model_copy(update={"outside": outside}))


async def _difference(job: Job, context: JobContext, data: bytes) -> int:
    """How far a lossy copy is from the first picture outside the mask, in levels."""
    from ..imaging.editing import results

    finish = job.finish
    assert finish.base is not None
    assert finish.mask is not None
    base, mask = await context.blobs.read(finish.base), await context.blobs.read(finish.mask)
    return await context.pixelwork(
        results.outside_of, base, mask, data, context.max_pixels, finish.grown
    )


async def survey(context: JobContext, source: bytes | Part) -> Survey:
    """Decode a picture once, in a thread, for all that is wanted to know. Raises BadImage.

    A part is read when its turn comes, so that no more are in memory than are being decoded.
    """
    from ..imaging import previews

    def work() -> Survey:
        data = source if isinstance(source, bytes) else source.read()
        seen, small = previews.first_look(
            data, edge=STORED_EDGE, budget=STORED_BUDGET, max_pixels=context.max_pixels
        )
        return Survey(seen, small, hashlib.sha256(data).hexdigest())

    size = len(source) if isinstance(source, bytes) else source.size
    async with context.turn(size):
        return await context.pixelwork(work)


async def derive(
    context: JobContext,
    job: Job,
    source: ImageRecord,
    identity: str,
    data: bytes,
    note: str,
    warnings: list[str],
    found: Survey | None = None,
) -> ImageRecord:
    """Keep locally made bytes as a picture of its own that says where it comes from."""
    found = found or await survey(context, data)
    kind = _kind(job, found.seen, first=False)
    key = _key(job, identity, found.seen, kind)
    await context.blobs.put(key, data)
    changes = {
        "id": identity,
        "kind": kind,
        "parents": (*job.lineage, Parent(id=source.id, role="raw")),
        "key": key,
        "bytes": len(data),
        "note": note,
        **found.facts(),
    }
    return await with_preview(context, source.model_copy(update=changes), found.small, warnings)


async def with_preview(
    context: JobContext, image: ImageRecord, small: Preview | None, warnings: list[str]
) -> ImageRecord:
    """Store a preview beside its picture; a failure here is a warning."""
    if small is None:
        return image
    key = names.preview_key(image.id, small.mime.removeprefix("image/"))
    try:
        await context.blobs.put(key, small.data)
    except AquatintError as error:
        warnings.append(f"No preview of image://{image.id}: {error.message}")
        return image
    return image.model_copy(update={"preview": key})

"""What an edit and a mask need of pictures that are already there: opened, checked, prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..domain import lineage, names
from ..domain.lineage import Parent
from ..domain.models.sizes import parse_size
from ..domain.requests.extend import enlarged
from ..domain.requests.mask_fit import Given, misplaced
from ..domain.requests.plan import Plan
from ..domain.requests.regions import MaskRequest
from ..domain.types import Caller, EditRequest, ImageRecord, Job, Order, Placement
from ..jobs.context import JobContext
from ..jobs.postprocess import STORED_BUDGET, STORED_EDGE, Survey, survey, with_preview
from .closeups import Look, budget_of, cut_remark, look_of
from .mask_checks import called, other_picture, refuse_mask
from .originals import Markup, Mask, Originals
from .references import Opened, References

if TYPE_CHECKING:
    from ..imaging.editing.inputs import DrawnMask
    from ..imaging.encode import Prepared  # these import Pillow, so they come where they are used


@dataclass(frozen=True, slots=True)
class Masked:
    """A mask that was made and listed, and what it covers."""

    image: ImageRecord
    share: float
    box: tuple[int, int, int, int] | None
    notes: tuple[str, ...]
    part: Look | None = None  # the crop that was asked for


@dataclass(frozen=True, slots=True)
class Editing:
    """Opens, takes in and prepares pictures; what leaves the machine is made here."""

    context: JobContext
    references: References
    new_id: Callable[[], str]
    keeps: bool = True  # False: nothing is stored

    async def open(self, request: EditRequest, caller: Caller) -> Originals:
        """Every picture of an edit, checked; a dry run decodes them too, since nothing else would.

        Raises what references raise, BadImage for no picture, BadMask for no mask of the first.
        """
        images = tuple([await self.references.open(one, caller) for one in request.images])
        sizes = [await self._size(one, deep=request.dry_run) for one in images]
        notes = await refuse_mask(self.context, "images[0]", images[0], caller.owner)
        given = Given(called(request.images, images), tuple(sizes))
        mask, markup = None, None
        if sum(map(bool, (request.mask, request.markup, request.extend))) == 1:
            # else the plan says that they do not go together
            if request.mask:
                opened = await self.references.open(request.mask, caller)
                mask = await self._mask(opened, images, given, request, caller)
            if request.markup:
                opened = await self.references.open(request.markup, caller)
                notes += await refuse_mask(self.context, "markup", opened, caller.owner)
                markup = await self._markup(opened, sizes[0], given.labels[0])
        return Originals(images, mask, markup, sizes[0], tuple(notes))

    async def _size(self, opened: Opened, *, deep: bool) -> tuple[int, int]:
        from ..imaging.editing import inputs

        limit = self.context.max_pixels
        return await self.context.pixelwork(inputs.size_of, opened.data, limit, deep=deep)

    async def _mask(
        self,
        opened: Opened,
        images: tuple[Opened, ...],
        given: Given,
        request: EditRequest,
        caller: Caller,
    ) -> Mask:
        from ..imaging.editing import inputs

        other = await other_picture(self.context, opened, images, caller.owner)
        if other is not None and other[0] is not None:
            raise misplaced(given, other[0])
        made_for = None if other is None else other[1]
        read = await self.context.pixelwork(
            inputs.read_mask,
            opened.data,
            given.sizes[0],
            given=None if request.mask_fit == "scale" else replace(given, made_for=made_for),
            base=images[0].data,
            max_pixels=self.context.max_pixels,
        )
        if made_for is not None:
            note = f"The mask was made for another picture, {made_for}: look whether it fits."
            read = replace(read, notes=(*read.notes, note))
        return Mask(opened, read)

    async def _markup(self, opened: Opened, size: tuple[int, int], label: str) -> Markup:
        from ..imaging.editing import inputs

        limit = self.context.max_pixels
        work = self.context.pixelwork
        data = await work(inputs.read_markup, opened.data, size, label=label, max_pixels=limit)
        return Markup(opened, data)

    async def prepare(self, job: Job, originals: Originals, plan: Plan) -> Job:
        """The job with its inputs stored as they will be sent, and its parents listed.

        Foreign pictures are taken into the catalog, hidden, so that lineage has ids to name.
        """
        request = job.request
        assert isinstance(request, EditRequest)
        # First what may still find a picture broken, so that a refused call leaves nothing behind.
        order, notes = await self._inputs(job.order, originals, plan)
        sources = [await self.take_in(one, job.owner) for one in originals.images]
        marks = {name: await self.take_in(one, job.owner) for name, one in originals.marks.items()}
        finish: dict[str, object] = {"placement": plan.placement, "size": originals.size}
        kept = None
        if plan.grown is not None:
            finish |= {"size": plan.grown.canvas, "grown": plan.grown}
            kept = await self._new_part(plan.grown)
        elif originals.mask is not None and request.outside != "model":
            kept = await self._coverage(originals, marks["mask"])
        if kept is not None:
            finish |= {"outside": "keep", "base": sources[0].key, "mask": kept}
            finish["seam"] = request.seam if isinstance(request.seam, float) else None
        recorded = {
            "images": tuple(f"image://{one.id}" for one in sources),
            **{name: f"image://{one.id}" for name, one in marks.items()},
        }
        return job.model_copy(
            update={
                "kind": "edited",
                "order": order,
                "finish": job.finish.model_copy(update=finish),
                "request": request.model_copy(update=recorded),
                "parents": tuple(one.id for one in (*sources, *marks.values())),
                "warnings": (*job.warnings, *notes),
            }
        )

    async def _inputs(
        self, order: Order, originals: Originals, plan: Plan
    ) -> tuple[Order, list[str]]:
        """The order with the keys of everything that is sent, and what must be said of that."""
        from ..imaging.editing import inputs

        first, *others = originals.images
        notes = list(originals.notes)
        ready = [await self._first(originals, plan, parse_size(order.size))]
        ready += [await self._ready(one) for one in others]
        notes += [
            f"{opened.label}: {note}"
            for opened, made in zip((first, *others), ready, strict=True)
            for note in made.notes
        ]
        keys = [await self._keep(made.data, made.format) for made in ready]
        sent, grown = (ready[0].width, ready[0].height), plan.grown
        place = plan.placement or _whole(grown.canvas if grown else originals.size)
        update: dict[str, object] = {"images": tuple(keys)}
        notes += enlarged(grown, plan.placement, sent)
        coverage = None
        if originals.mask is not None:
            notes += [originals.mask.read.extent, *originals.mask.read.notes]
            coverage = originals.mask.read.coverage
        if coverage is not None or grown is not None:
            work = self.context.pixelwork
            hard = await work(inputs.placed_mask, coverage, place, sent, grown)
            update["mask"] = await self._keep(hard, "png")
        if originals.markup is not None:
            data = originals.markup.data
            over = await self.context.pixelwork(inputs.placed_markup, data, place, sent)
            update["markup"] = await self._keep(over, "png")
        return order.model_copy(update=update), notes

    async def _first(
        self, originals: Originals, plan: Plan, size: tuple[int, int] | None
    ) -> Prepared:
        first, limit, grown = originals.images[0], self.context.max_pixels, plan.grown
        place = plan.placement or (_whole(grown.canvas) if grown else None)
        if place is None or size is None:
            return await self._ready(first, want_png=bool(originals.marks))
        from ..imaging.editing import inputs

        work = self.context.pixelwork
        return await work(inputs.placed, first.data, place, size, limit, grown)

    async def _new_part(self, grown: Placement) -> str:
        """The blob key of the coverage that gives away the new part alone."""
        from ..imaging.editing import inputs

        return await self._keep(await self.context.pixelwork(inputs.new_mask, grown), "png")

    async def _ready(self, opened: Opened, *, want_png: bool = False) -> Prepared:
        from ..imaging import encode

        limit = self.context.max_pixels
        work = self.context.pixelwork
        return await work(encode.prepare_input, opened.data, want_png=want_png, max_pixels=limit)

    async def _coverage(self, originals: Originals, mask: ImageRecord) -> str:
        """The blob key of the coverage as it was meant, softness included."""
        from ..imaging.masks import render

        assert originals.mask is not None
        if mask.kind == "mask" and (mask.width, mask.height) == originals.size:
            return mask.key  # one of ours is that already
        coverage = originals.mask.read.coverage
        return await self._keep(await self.context.pixelwork(render.to_png, coverage), "png")

    async def _keep(self, data: bytes, ext: str) -> str:
        """Store an input under its own digest, so that the same input is the same request."""
        key = names.input_key(hashlib.sha256(data).hexdigest()[:40], ext)
        if self.keeps:
            await self.context.blobs.put(key, data)
        return key

    async def take_in(self, opened: Opened, owner: str, *, shown: bool = False) -> ImageRecord:
        """The catalog's picture of these bytes; foreign ones are stored, byte for byte."""
        if opened.image is not None:
            return opened.image
        digest = hashlib.sha256(opened.data).hexdigest()
        known = None if shown else await self.context.catalog.same(digest, owner)
        if known is not None:
            return known
        found = await survey(self.context, opened.data)
        identity, now = self.new_id(), self.context.now()
        label = opened.label.rsplit("/", 1)[-1][:120]
        key = names.image_key(now, label.rsplit(".", 1)[0], identity, found.seen.format)
        await self.context.blobs.put(key, opened.data)
        image = ImageRecord(
            id=identity,
            owner=owner,
            kind="added",
            prompt=label,
            bytes=len(opened.data),
            key=key,
            created=now,
            parents=() if opened.copy_of is None else (Parent(id=opened.copy_of, role="copy of"),),
            **found.facts(),
        )
        image = await with_preview(self.context, image, found.small, [])
        await self.context.catalog.add(image, shown=shown)
        return image

    async def make_mask(self, request: MaskRequest, caller: Caller, edge: int) -> Masked:
        """Draw, store and list a mask; a crop of its look has `edge` pixels at most.

        Raises BadMask, BadRequest, and what references raise.
        """
        from ..imaging.closeup import Showing
        from ..imaging.editing import inputs

        base = None
        if request.image:
            base = await self.references.open(request.image, caller)
        names_ = {one.image for one in request.regions if one.kind == "image" and one.image}
        others = {name: await self.references.open(name, caller) for name in sorted(names_)}
        drawn = await self.context.pixelwork(
            inputs.draw_mask,
            request,
            base.data if base else None,
            {name: one.data for name, one in others.items()},
            max_pixels=self.context.max_pixels,
            whole=Showing(STORED_EDGE, STORED_BUDGET),
            part=Showing(edge, budget_of(edge)),
            vision=self.context.vision,
        )
        parent = await self.take_in(base, caller.owner) if base else None
        used = {name: await self.take_in(one, caller.owner) for name, one in others.items()}
        image = await self._list_mask(request, caller, drawn, parent, used)
        remarks = cut_remark(request, (image.width, image.height))
        part = drawn.part and look_of(drawn.part, *remarks)
        return Masked(image, drawn.facts.share, drawn.facts.box, drawn.notes, part)

    async def _list_mask(
        self,
        request: MaskRequest,
        caller: Caller,
        drawn: DrawnMask,
        parent: ImageRecord | None,
        used: dict[str, ImageRecord],
    ) -> ImageRecord:
        found = Survey(drawn.seen, drawn.overlay, hashlib.sha256(drawn.data).hexdigest())
        identity, now = self.new_id(), self.context.now()
        words = " and ".join(dict.fromkeys(region.kind for region in request.regions))
        words += f" on {parent.prompt}" if parent else ""
        prompt = f"mask: {words}"
        key = names.image_key(now, words, identity, "png", "mask")
        await self.context.blobs.put(key, drawn.data)
        parents = [parent.id] if parent else []
        given = dict.fromkeys([*parents, *(one.id for one in used.values())])
        mask = ImageRecord(
            id=identity,
            owner=caller.owner,
            kind="mask",
            prompt=prompt[:500],
            parents=lineage.of_mask(given, parent.id if parent else None),
            bytes=len(drawn.data),
            key=key,
            created=now,
            arguments=_recorded(request, parent, used).model_dump_json(exclude_defaults=True),
            note=f"covers {drawn.facts.share:.3g} of the picture; its preview shows it in red",
            **found.facts(),
        )
        mask = await with_preview(self.context, mask, found.small, [])
        await self.context.catalog.add(mask)
        return mask


def _recorded(
    request: MaskRequest, parent: ImageRecord | None, used: dict[str, ImageRecord]
) -> MaskRequest:
    """The call with ids for paths and `latest`, which mean something else tomorrow."""
    regions = tuple(
        one.model_copy(update={"image": f"image://{used[one.image].id}"})
        if one.image in used
        else one
        for one in request.regions
    )
    image = f"image://{parent.id}" if parent else None
    return request.model_copy(update={"image": image, "regions": regions})


def _whole(size: tuple[int, int]) -> Placement:
    """A picture that was neither padded nor scaled."""
    return Placement(left=0, top=0, width=size[0], height=size[1], canvas=size)

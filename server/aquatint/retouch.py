"""What an edit and a mask need of pictures that are already there: opened, checked, prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .core import names
from .core.errors import BadRequest
from .core.regions import MaskRequest
from .core.sizes import parse_size
from .core.types import Caller, EditRequest, Finish, Job, Order, Picture, Placement
from .finish import STORED_BUDGET, STORED_EDGE, survey, with_preview
from .references import Opened, References
from .workshop import Workshop

if TYPE_CHECKING:
    from .core.retouch import Drawn  # imports Pillow, so it is imported where it is used


@dataclass(frozen=True, slots=True)
class Originals:
    """An edit's inputs, opened; `size` is the upright first picture's, in pixels."""

    images: tuple[Opened, ...]
    mask: Opened | None
    markup: Opened | None
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Masked:
    """A mask that was made and listed, and what it covers."""

    picture: Picture
    share: float
    box: tuple[int, int, int, int] | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retouch:
    """Opens, takes in and prepares pictures; what leaves the machine is made here."""

    shop: Workshop
    references: References
    new_id: Callable[[], str]

    async def open(self, request: EditRequest, caller: Caller) -> Originals:
        """Every picture of an edit. Raises what references raise, BadImage for no picture."""
        from .core import retouch

        images = tuple([await self.references.open(one, caller) for one in request.images])
        mask = request.mask and await self.references.open(request.mask, caller)
        markup = request.markup and await self.references.open(request.markup, caller)
        size = await self.shop.pixelwork(retouch.size_of, images[0].data, self.shop.max_pixels)
        return Originals(images, mask or None, markup or None, size)

    async def prepare(self, job: Job, originals: Originals, placement: Placement | None) -> Job:
        """The job with its inputs stored as they will be sent, and its parents listed.

        Foreign pictures are taken into the catalog, hidden, so that lineage has ids to name.
        """
        request = job.request
        assert isinstance(request, EditRequest)
        sources = [await self.take_in(one, job.owner) for one in originals.images]
        first = sources[0]
        order, finish, notes = await self._order(job, originals, placement, first)
        marks = {
            name: await self.take_in(one, job.owner)
            for name, one in (("mask", originals.mask), ("markup", originals.markup))
            if one is not None
        }
        recorded = {
            "images": tuple(f"image://{one.id}" for one in sources),
            **{name: f"image://{one.id}" for name, one in marks.items()},
        }
        return job.model_copy(
            update={
                "kind": "edited",
                "order": order,
                "finish": finish,
                "request": request.model_copy(update=recorded),
                "parents": tuple(one.id for one in (*sources, *marks.values())),
                "warnings": (*job.warnings, *notes),
            }
        )

    async def _order(
        self, job: Job, originals: Originals, placement: Placement | None, first: Picture
    ) -> tuple[Order, Finish, list[str]]:
        request = job.request
        assert isinstance(request, EditRequest)
        sent = parse_size(job.order.size)
        notes: list[str] = []
        keys = [await self._first(originals, placement, sent, notes)]
        keys += [await self._input(one, notes) for one in originals.images[1:]]
        order: dict[str, object] = {"images": tuple(keys)}
        finish: dict[str, object] = {"placement": placement, "size": originals.size}
        if originals.mask is not None:
            stored, hard = await self._mask(originals, request, first, placement, sent, notes)
            order["mask"] = hard
            if request.outside != "model":
                finish |= {"outside": "keep", "base": first.key, "mask": stored}
        if originals.markup is not None:
            order["markup"] = await self._markup(originals, first, placement, sent)
        return (
            job.order.model_copy(update=order),
            job.finish.model_copy(update=finish),
            notes,
        )

    async def _first(
        self,
        originals: Originals,
        placement: Placement | None,
        sent: tuple[int, int] | None,
        notes: list[str],
    ) -> str:
        if placement is None or sent is None:
            exact = originals.mask is not None or originals.markup is not None
            return await self._input(originals.images[0], notes, want_png=exact)
        from .core import retouch

        data = originals.images[0].data
        limit = self.shop.max_pixels
        return await self._keep(
            await self.shop.pixelwork(retouch.placed, data, placement, sent, limit), "png"
        )

    async def _input(self, opened: Opened, notes: list[str], *, want_png: bool = False) -> str:
        from .core import convert

        made = await self.shop.pixelwork(
            convert.prepare_input,
            opened.data,
            want_png=want_png,
            max_pixels=self.shop.max_pixels,
        )
        notes.extend(f"{opened.label}: {note}" for note in made.notes)
        return await self._keep(made.data, made.format)

    async def _mask(
        self,
        originals: Originals,
        request: EditRequest,
        first: Picture,
        placement: Placement | None,
        sent: tuple[int, int] | None,
        notes: list[str],
    ) -> tuple[str, str]:
        """Blob keys of the coverage as it was meant, and of the mask as it is sent."""
        from .core import retouch

        assert originals.mask is not None
        stored, facts, read = await self.shop.pixelwork(
            retouch.read_mask,
            originals.mask.data,
            originals.size,
            scale=request.mask_fit == "scale",
            label=f"image://{first.id}",
            max_pixels=self.shop.max_pixels,
        )
        notes.extend(read)
        if facts.box is None:
            raise BadRequest(
                "The mask selects nothing, so the edit could change nothing.",
                "Call make_mask with a region inside the picture, or leave mask out.",
            )
        if facts.share == 1:
            notes.append("The mask selects everything, so nothing is kept from the original.")
        hard = await self.shop.pixelwork(retouch.placed_mask, stored, placement, sent)
        return await self._keep(stored, "png"), await self._keep(hard, "png")

    async def _markup(
        self,
        originals: Originals,
        first: Picture,
        placement: Placement | None,
        sent: tuple[int, int] | None,
    ) -> str:
        from .core import retouch

        assert originals.markup is not None
        data = await self.shop.pixelwork(
            retouch.read_markup,
            originals.markup.data,
            originals.size,
            label=f"image://{first.id}",
            max_pixels=self.shop.max_pixels,
        )
        if placement is not None and sent is not None:
            data = await self.shop.pixelwork(retouch.placed_markup, data, placement, sent)
        return await self._keep(data, "png")

    async def _keep(self, data: bytes, ext: str) -> str:
        """Store an input under its own digest, so that the same input is the same request."""
        key = names.input_key(hashlib.sha256(data).hexdigest()[:40], ext)
        await self.shop.blobs.put(key, data)
        return key

    async def take_in(self, opened: Opened, owner: str, *, shown: bool = False) -> Picture:
        """The catalog's picture of these bytes; foreign ones are stored, byte for byte."""
        if opened.picture is not None:
            return opened.picture
        digest = hashlib.sha256(opened.data).hexdigest()
        known = None if shown else await self.shop.catalog.same(digest, owner)
        if known is not None:
            return known
        found = await survey(self.shop, opened.data)
        identity, now = self.new_id(), self.shop.now()
        label = opened.label.rsplit("/", 1)[-1][:120]
        key = names.picture_key(now, label.rsplit(".", 1)[0], identity, found.seen.format)
        await self.shop.blobs.put(key, opened.data)
        picture = Picture(
            id=identity,
            owner=owner,
            kind="added",
            prompt=label,
            bytes=len(opened.data),
            key=key,
            created=now,
            **found.facts(),
        )
        picture = await with_preview(self.shop, picture, found.small, [])
        await self.shop.catalog.add(picture, shown=shown)
        return picture

    async def make_mask(self, request: MaskRequest, caller: Caller) -> Masked:
        """Draw, store and list a mask. Raises BadMask, and what references raise."""
        from .core import retouch

        base = request.image and await self.references.open(request.image, caller)
        others = {one.image for one in request.regions if one.kind == "image" and one.image}
        images = {name: (await self.references.open(name, caller)).data for name in sorted(others)}
        drawn = await self.shop.pixelwork(
            retouch.draw_mask,
            request,
            base.data if base else None,
            images,
            max_pixels=self.shop.max_pixels,
            edge=STORED_EDGE,
            budget=STORED_BUDGET,
        )
        parent = await self.take_in(base, caller.owner) if base else None
        picture = await self._list_mask(request, caller, drawn, parent)
        return Masked(picture, drawn.facts.share, drawn.facts.box, drawn.notes)

    async def _list_mask(
        self, request: MaskRequest, caller: Caller, drawn: Drawn, parent: Picture | None
    ) -> Picture:
        found = await survey(self.shop, drawn.data)
        identity, now = self.new_id(), self.shop.now()
        words = " and ".join(dict.fromkeys(region.kind for region in request.regions))
        prompt = f"mask: {words}" + (f" on {parent.prompt}" if parent else "")
        key = names.picture_key(now, prompt, identity, "png")
        await self.shop.blobs.put(key, drawn.data)
        recorded = request.model_copy(update={"image": f"image://{parent.id}" if parent else None})
        mask = Picture(
            id=identity,
            owner=caller.owner,
            kind="mask",
            prompt=prompt[:500],
            parents=(parent.id,) if parent else (),
            bytes=len(drawn.data),
            key=key,
            created=now,
            arguments=recorded.model_dump_json(exclude_defaults=True),
            note=f"covers {drawn.facts.share:.1%}; its preview shows it in red",
            **found.facts(),
        )
        mask = await with_preview(self.shop, mask, drawn.overlay, [])
        await self.shop.catalog.add(mask)
        return mask

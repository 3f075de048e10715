"""Looking at what there is: free use cases that read pictures, previews, lists and recipes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..domain import ids
from ..domain.answers import Page
from ..domain.errors import BadRequest, NoSuchImage
from ..domain.lineage import Parent, told
from ..domain.outside import Verify
from ..domain.requests.existing import ShowRequest
from ..domain.times import to_the_second
from ..domain.types import Caller, ImageRecord, JobRecord, Reply, Units
from ..imaging.sniff import MIME, sniff
from ..jobs.context import JobContext
from ..jobs.postprocess import STORED_BUDGET, STORED_EDGE
from . import closeups, comparing, reading
from .outcomes import Outcome
from .references import LISTING, Opened, References
from .saved_files import only_ours

Pixels = tuple[bytes, str]  # encoded bytes and their MIME type
PAGE = 50  # pictures at most
GENERATIONS = 50  # ancestors a recipe goes back


@dataclass(frozen=True, slots=True)
class Library:
    """The pictures there are, for whoever may see them."""

    context: JobContext
    references: References
    verify: Verify
    keep_prompts: bool = True

    async def get(self, reference: str, caller: Caller) -> tuple[ImageRecord, bytes | None]:
        """The picture behind any reference; with its bytes where it is not in the catalog."""
        image = await self.references.known(reference, caller)
        if image is None:
            opened = await self.references.open(reference, caller)
            if opened.image is None:
                return await self._foreign(opened, caller), opened.data
            image = opened.image
        return (await self.as_is(image))[0], None

    async def as_is(self, *images: ImageRecord) -> list[ImageRecord]:
        """The pictures with those copies only that are still theirs on the disk."""
        return await only_ours(self.context, images, images[0].owner) if images else []

    async def _foreign(self, opened: Opened, caller: Caller) -> ImageRecord:
        """A picture that is not ours is looked at, not taken in."""
        from ..imaging import decode

        data = opened.data
        seen = await self.context.pixelwork(
            decode.inspect, data, max_pixels=self.context.max_pixels
        )
        return ImageRecord(
            id="",
            owner=caller.owner,
            kind="added",
            prompt="",
            format=seen.format,
            width=seen.width,
            height=seen.height,
            bytes=len(data),
            frames=seen.frames,
            alpha=seen.alpha,
            provenance=seen.provenance,
            key="",
            sha256=hashlib.sha256(data).hexdigest(),
            created=self.context.now(),
            note=opened.label,
            parents=() if opened.copy_of is None else (Parent(id=opened.copy_of, role="copy of"),),
        )

    async def recent(
        self, caller: Caller, query: str | None, kind: str | None, limit: int, cursor: str | None
    ) -> tuple[Page, list[JobRecord]]:
        """A page of pictures, newest first, and the jobs that still run."""
        if not 1 <= limit <= PAGE:
            raise BadRequest(f"limit={limit} is out of range.", f"Pass 1 to {PAGE}.")
        page = await self.context.catalog.recent(caller.owner, query, kind, limit, cursor)
        images = tuple(await self.as_is(*page.images))
        page = page.model_copy(update={"images": images})
        if query and not page.total and not self.keep_prompts:
            raise BadRequest(
                "Words find nothing here: prompts are kept as hashes only "
                "(AQUATINT_KEEP_PROMPTS=false).",
                "Call recent_images without query.",
                code="no_words",
            )
        running = [] if cursor else await self.context.catalog.running(caller.owner)
        return page, running

    async def image(self, identity: str, caller: Caller) -> ImageRecord:
        """By its id, `latest` or `@name`. Raises NoSuchImage, for somebody else's as for none."""
        if identity == "latest" or identity.startswith("@"):
            named = await self.references.known(identity, caller)
            if named is not None:
                return named
        if not ids.ID.fullmatch(identity):
            raise NoSuchImage(f"There is no picture {identity!r:.60}.", LISTING)
        image = await self.context.catalog.image(identity, caller.owner)
        if image is None:
            raise NoSuchImage(f"There is no picture {identity}.", LISTING)
        return image

    async def look(self, image: ImageRecord, data: bytes | None, edge: int, budget: int) -> Pixels:
        """A preview of at most `edge` pixels and `budget` bytes; the stored one where it fits."""
        from ..imaging import previews

        if image.preview is not None and edge == STORED_EDGE and budget >= STORED_BUDGET:
            stored = await self.context.blobs.read(image.preview)
            return stored, MIME[sniff(stored) or "jpeg"]
        if image.kind == "mask" and edge > STORED_EDGE:  # else its stored look is sharp enough
            over = await self._over_its_picture(image, edge, budget)
            if over is not None:
                return over
        if data is None:
            data = await self._source(image, edge)
        made = await self.context.pixelwork(previews.preview, data, edge=edge, budget=budget)
        return made.data, made.mime

    async def _source(self, image: ImageRecord, edge: int) -> bytes:
        """What a look is made from: the stored one, for thumbnails and for masks in red."""
        if image.preview is not None and (image.kind == "mask" or 2 * edge <= STORED_EDGE):
            with suppress(NoSuchImage):  # somebody cleaned up
                return await self.context.blobs.read(image.preview)
        return await self.context.blobs.read(image.key)

    async def _over_its_picture(self, mask: ImageRecord, edge: int, budget: int) -> Pixels | None:
        """A mask as it was shown when it was made, anew; None where its picture is gone."""
        from ..imaging.closeup import Showing

        if max(mask.width, mask.height) <= STORED_EDGE:
            return None
        showing = Showing(edge, budget, grid=closeups.grid_of(mask))
        shown, found = await closeups.over_its_picture(self.context, mask, showing)
        return (shown.look.data, shown.look.mime) if found else None

    async def closer(
        self, outcome: Outcome, request: ShowRequest, reply: Reply, budget: int
    ) -> Outcome:
        """The one picture of the outcome, looked at as asked: a part, a grid, beside its parent.

        At most `budget` bytes. Raises BadRequest.
        """
        if reply != "preview":
            raise BadRequest(
                f'reply="{reply}" shows no part of a picture, no grid and no comparison.',
                'Pass reply="preview" with crop, grid or compare.',
            )
        image = _only(outcome)
        if request.compare:
            look = await comparing.beside_its_parent(self.context, image, request, budget)
        else:
            look = await closeups.closer(self.context, image, outcome.data, request, budget)
        return replace(outcome, look=look)

    async def read(self, outcome: Outcome, units: Units) -> Outcome:
        """The lines of text in the outcome's one picture. Raises BadRequest, Misconfigured."""
        image, data = _only(outcome), outcome.data
        if data is None:
            data = await self.context.blobs.read(image.key)
        return replace(outcome, lines=await reading.lines(self.context, image, data, units))

    async def full(
        self, image: ImageRecord, data: bytes | None, budget: int
    ) -> tuple[bytes, str, bool]:
        """Bytes, MIME type, and whether it is the file itself: it is where it fits `budget`
        bytes, else it is the largest re-encode that does."""
        from ..imaging import previews

        if data is None:
            data = await self.context.blobs.read(image.key)
        return await self.context.pixelwork(previews.full_within, data, budget)

    async def sheet(
        self, images: Sequence[ImageRecord], *, edge: int = 1024, budget: int = 120_000
    ) -> Pixels:
        """One picture of numbered thumbnails, in the order given: at most `edge` pixels, `budget`
        bytes."""
        from ..imaging.contact_sheet import contact_sheet

        items: list[tuple[str, bytes]] = []
        for number, image in enumerate(images, 1):
            key = image.preview or image.key
            try:
                items.append((str(number), await self.context.blobs.read(key)))
            except NoSuchImage:
                items.append((str(number), b""))
        made = await self.context.pixelwork(contact_sheet, items, edge=edge, budget=budget)
        return made.data, made.mime

    async def drawing(self, image: ImageRecord) -> str:
        """An SVG as it may be shown: see imaging.svg."""
        from ..imaging import svg

        return await self.context.pixelwork(svg.sanitised, await self.context.blobs.read(image.key))

    async def file(self, image: ImageRecord) -> bytes:
        return await self.context.blobs.read(image.key)

    def checked_edge(self, edge: int) -> int:
        if not 64 <= edge <= 2048:
            raise BadRequest(f"edge={edge} is out of range.", "Pass 64 to 2048 pixels.")
        return edge

    def row(self, image: ImageRecord) -> dict[str, Any]:
        """A picture's line in any list, without its bare id."""
        return {
            "uri": f"image://{image.id}",
            "path": self.context.blobs.path(image.key),
            "prompt": image.prompt,
            "kind": image.kind,
            "created": to_the_second(image.created),
            "width": image.width,
            "height": image.height,
            "format": image.format,
            "model": image.model,
            "parents": told(image.parents),
            "names": [f"@{name}" for name in image.names],
            "saved_to": [copy.path for copy in image.saved],
        }

    async def recipe(self, image: ImageRecord, caller: Caller) -> dict[str, object]:
        """How to make a picture again: the call, what it ran with, and its ancestors' recipes."""
        family: list[dict[str, object]] = []
        pending, seen = [one.id for one in image.parents], {image.id}
        while pending and len(family) < GENERATIONS:
            parent = await self.context.catalog.image(pending.pop(0), caller.owner)
            if parent is not None and parent.id not in seen:
                seen.add(parent.id)
                family.append(await self._step((await self.as_is(parent))[0], caller))
                pending.extend(one.id for one in parent.parents)
        (image,) = await self.as_is(image)
        recipe = {**await self._step(image, caller), "ancestors": family}
        if image.provenance:
            recipe["provenance"] = await self.provenance(image)
        return recipe

    async def provenance(self, image: ImageRecord, data: bytes | None = None) -> dict[str, object]:
        """What a picture's C2PA manifest says, and whether that holds."""
        if not image.provenance:
            return {"c2pa": "none in this picture"}
        if data is None:
            data = await self.context.blobs.read(image.key)
        return await self.context.pixelwork(self.verify, data, MIME[image.format])

    async def _step(self, image: ImageRecord, caller: Caller) -> dict[str, object]:
        record = await self.context.catalog.job(image.job, caller.owner) if image.job else None
        step: dict[str, object] = {
            "uri": f"image://{image.id}",
            "kind": image.kind,
            "parents": told(image.parents),
            "names": [f"@{name}" for name in image.names] or None,
            "saved_to": [copy.path for copy in image.saved] or None,
            "note": image.note,
            "sha256": image.sha256,
        }
        if image.arguments is not None:
            step |= {"tool": "make_mask", "arguments": json.loads(image.arguments)}
        if record is not None:
            request = record.job.request
            step["tool"] = "edit_image" if record.job.kind == "edited" else "generate_image"
            arguments = request.model_dump(
                mode="json", exclude_defaults=True, exclude={"save_to", "overwrite", "fresh"}
            )
            if request.format is None and record.job.order.format != "png":
                arguments["format"] = record.job.order.format  # a name in save_to had said it
            if request.save_to and record.job.finish.placement is None:
                arguments["size"] = record.job.order.size  # so had a size in such a name
            step["arguments"] = arguments
            step["order"] = record.job.order.model_dump(
                mode="json", exclude_none=True, exclude={"chosen"}
            )
            if record.job.title is not None:
                step["prompt"] = "kept as a hash only (AQUATINT_KEEP_PROMPTS=false)"
            step["model"] = record.model
            step["cost_usd"] = record.cost_usd
            step["revised_prompt"] = record.revised_prompt
        return {name: value for name, value in step.items() if value is not None}


def _only(outcome: Outcome) -> ImageRecord:
    if len(outcome.images) != 1:
        uris = ", ".join(f'"image://{one.id}"' for one in outcome.images)
        raise BadRequest(
            f"This job made {len(outcome.images)} pictures.", f"Pass one of them: {uris}."
        )
    return outcome.images[0]

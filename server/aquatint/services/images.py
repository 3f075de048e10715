"""The use cases, and the order of their steps: plan, check, record, run, wait, answer."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio

from ..domain.budget import Shortfall
from ..domain.errors import AquatintError, BadRequest, NoSuchImage
from ..domain.models.registry import Models
from ..domain.names import hashed
from ..domain.requests.regions import MaskRequest
from ..domain.types import Caller, EditRequest, Finish, GenerateRequest, ImageRecord, Job
from ..jobs.context import JobContext
from ..jobs.execute import Ended
from ..jobs.exports import Saving, problems, save_copies, together
from ..jobs.recovery import settled
from ..jobs.runner import Runner, staying
from ..settings import Settings
from .editing import Editing, Originals
from .library import Library
from .outcomes import Outcome, Progress, Report, failed
from .pricing import Bid, Pricing, Wish
from .references import LISTING

log = logging.getLogger(__name__)

MOST_IMAGES = 16
BEAT = 5.0  # seconds between two signs of life
LOOK = 1.0  # seconds between two looks at what a job does: what is new is told at once
POLL = 0.5  # seconds between two looks at a job that another process runs


@dataclass(frozen=True, slots=True)
class ImageService:
    """Everything a person or an agent can do. One per connection; state lives in the stores."""

    context: JobContext
    runner: Runner
    library: Library
    editing: Editing
    models: Models
    settings: Settings
    first_party: bool
    new_id: Callable[[], str]
    ready: Callable[[], Awaitable[None]]  # raises when nothing could be kept
    later: Callable[..., None]  # runs what no caller waits for, until the studio closes
    notices: tuple[str, ...] = ()  # what every reply must say about this server
    callers: Counter[str] = field(default_factory=Counter[str])  # of each job that runs

    async def generate(
        self, request: GenerateRequest, caller: Caller, report: Report, agreed: float = 0.0
    ) -> Outcome:
        """New pictures from a prompt, for at most `agreed` dollars where a person must agree.

        Raises only AquatintError.
        """
        return await self._make(request, None, caller, report, agreed)

    async def edit(
        self, request: EditRequest, caller: Caller, report: Report, agreed: float = 0.0
    ) -> Outcome:
        """Changed pictures; with a mask, everything outside it stays as it was, byte for byte."""
        if not request.images:
            raise BadRequest(
                "images is empty.", "Pass 1 to 16 of them: image://id, latest, a path."
            )
        if len(request.images) > MOST_IMAGES:
            raise BadRequest(
                f"{len(request.images)} images are too many.", f"Pass at most {MOST_IMAGES}."
            )
        originals = await self.editing.open(request, caller)
        return await self._make(request, originals, caller, report, agreed)

    async def quote(self, request: GenerateRequest | EditRequest, caller: Caller) -> Bid:
        """What a request would be made with, and for at most how much; asks no network."""
        if not isinstance(request, EditRequest) or not request.images:
            return self.pricing.bid(Wish(request))
        known = await self.library.references.known(request.images[0], caller)
        size = (known.width, known.height) if known else None
        bid = self.pricing.bid(Wish(request, size, len(request.images)))
        return bid if size else self.pricing.of_any_size(bid, len(request.images))

    async def make_mask(self, request: MaskRequest, caller: Caller) -> Outcome:
        """Say which part: the mask, stored and listed, with a picture of it in red."""
        await self.ready()
        made = await self.editing.make_mask(request, caller)
        warnings = list(made.notes)
        if made.box is None:
            warnings.append("The mask selects nothing; nothing could be edited with it.")
        elif made.share == 1:
            warnings.append("The mask selects everything; an edit with it keeps nothing.")
        return Outcome(
            status="done",
            images=(made.image,),
            mask=(made.share, made.box),
            warnings=tuple(warnings),
        )

    async def add(self, path: str, caller: Caller) -> Outcome:
        """Take a picture of the user's into the catalog, so that agents can refer to it."""
        await self.ready()
        opened = await self.library.references.open(path, caller)
        image = await self.editing.take_in(opened, caller.owner, shown=True)
        return Outcome(status="done", images=(image,))

    async def _make(
        self,
        request: GenerateRequest | EditRequest,
        originals: Originals | None,
        caller: Caller,
        report: Report,
        agreed: float,
    ) -> Outcome:
        """Plan, check everything that costs nothing to check, then record and run."""
        size, images = (originals.size, len(originals.images)) if originals else (None, 0)
        wish = Wish(request, size, images)
        wrong = await problems(self.context, request, caller)
        try:
            bid = self.pricing.bid(wish)
        except BadRequest as error:
            raise together([error, *wrong]) from error
        if not request.dry_run:
            self.pricing.permit(wish, bid, agreed)
        if wrong:
            raise together(wrong)
        if request.dry_run:
            return self._dry(bid)
        await self.ready()
        job = self._job(request, caller, bid)
        if originals is not None:
            job = await self.editing.prepare(job, originals, bid.planned.placement)
        job = job.model_copy(update={"digest": _digest(job)})
        return await self._submit(job, wish, bid, caller, report)

    @property
    def pricing(self) -> Pricing:
        return Pricing(self.models, self.settings, self.first_party, self.context.now)

    def _dry(self, bid: Bid) -> Outcome:
        planned, guess = bid.planned, bid.guess
        return Outcome(
            status="dry_run",
            model=planned.order.model,
            cost_usd=guess.usd,
            cost_is_bound=guess.upper_bound or guess.approximate,
            order=planned.order,
            warnings=(*self.notices, *planned.warnings),
        )

    def _job(
        self,
        request: GenerateRequest | EditRequest,
        caller: Caller,
        bid: Bid,
    ) -> Job:
        planned = bid.planned
        order = planned.order
        finish = Finish(
            exact_size=planned.exact_size,
            convert=planned.convert,
            compression=planned.compression,
            save_to=request.save_to,
            overwrite=request.overwrite,
        )
        return Job(
            id=f"job-{self.new_id()}",
            owner=caller.owner,
            kind="generated",
            engine=bid.choice.model.engine,
            order=order,
            finish=finish,
            request=request,
            digest="",  # set when the inputs are known
            image_ids=tuple(self.new_id() for _ in range(order.n)),
            derived_ids=tuple(self.new_id() for _ in range(2 * order.n)),
            estimate_usd=bid.guess.usd,
            project=caller.roots[0] if caller.roots else "",
            roots=caller.roots,
            created=self.context.now(),
            warnings=(*self.notices, *planned.warnings),
            title=None if self.settings.keep_prompts else hashed(request.prompt),
        )

    async def _submit(
        self, job: Job, wish: Wish, bid: Bid, caller: Caller, report: Report
    ) -> Outcome:
        """Record the intent and run it, or join the twin that was already paid for."""
        request, limit = wish.request, self.pricing.limit()
        reuse_after = None if request.fresh else self.context.now() - self.settings.reuse
        twin = None
        with anyio.CancelScope(shield=True):  # an intent on record is run, or dropped, never left
            twin = await self.context.catalog.begin(
                job, reuse_after, limit, lease=self.context.lease
            )
        if isinstance(twin, Shortfall):
            raise self.pricing.over(wish, bid, twin)
        if twin is None:
            self.runner.start(job)
            with staying(self.callers, self.runner, job.id):
                return await self._await(job, report)
        with staying(self.callers, self.runner, twin.job.id):
            outcome = await self._await(twin.job, report)
        warnings = [
            *outcome.warnings,
            "This is the picture of an earlier, identical call; nothing was paid again. "
            "For another one pass fresh=true or n.",
        ]
        saving = [Saving.of(job.finish, caller, index, request.n) for index in range(request.n)]
        images = [
            await save_copies(self.context, image, await self._source(image, job), one, warnings)
            for image, one in zip(outcome.images, saving, strict=False)
        ]
        return replace(outcome, images=tuple(images), reused=True, warnings=tuple(warnings))

    async def _source(self, image: ImageRecord, job: Job) -> ImageRecord:
        """The picture that one was fitted from, which may have more pixels; else itself."""
        if job.finish.exact_size is None or image.kind != "derived":
            return image
        source = await self.context.catalog.image(image.parents[0], job.owner)
        return source or image

    async def _await(self, job: Job, report: Report) -> Outcome:
        """Wait with a sign of life every few seconds; `working` when the wait is over."""
        order = job.order
        eta = await self.context.catalog.seconds(order.model, order.size, order.quality)
        began = anyio.current_time()
        said, due = "", 0.0
        while True:
            elapsed = anyio.current_time() - began
            left = self.settings.wait - elapsed
            stage = self.runner.stage(job.id)
            if left <= 0:
                return Outcome(
                    status="working",
                    job=job.id,
                    model=order.model,
                    cost_usd=job.estimate_usd,
                    eta=max(eta - elapsed, 1.0) if eta else None,
                    stage=str(stage) if stage else None,
                    warnings=job.warnings,
                )
            words = str(stage or "working")
            if words != said or elapsed >= due:
                await report(Progress(elapsed, eta, words, job.id))
                said, due = words, elapsed + BEAT - LOOK
            ended = await self._poll(job, min(LOOK, left), here=stage is not None)
            if ended is not None:
                return self._ended(ended)

    async def _poll(self, job: Job, seconds: float, *, here: bool) -> Ended | None:
        ended = await self.runner.wait(job.id, seconds if here else 0)
        if ended is not None or here:
            return ended
        # Another process of this home runs it, or did; the ledger tells when it ends.
        record = await self.context.catalog.job(job.id, job.owner)
        record = record and await settled(self.context, record)
        if record is not None and record.state != "intent":
            return Ended(record)
        await anyio.sleep(min(POLL, seconds))
        return None

    def _ended(self, ended: Ended) -> Outcome:
        record = ended.record
        if record.failure is not None:
            raise failed(record, ended.unsaved)
        return Outcome(
            status="done",
            images=record.images,
            job=record.job.id,
            model=record.model,
            cost_usd=record.cost_usd,
            usage=record.usage,
            seconds=record.seconds,
            warnings=record.warnings,
        )

    async def wait_for(self, job: str, caller: Caller, report: Report) -> Outcome:
        """Wait on for a job that answered `working`, whichever process runs it."""
        record = await self.context.catalog.job(job, caller.owner)
        if record is None:
            raise NoSuchImage(f"There is no job {job}.", LISTING)
        return await self._await(record.job, report)

    def delivered(self, outcome: Outcome) -> None:
        """The pictures reach their caller: the same request from now on is a new one.

        Nobody waits for it to be written: it is, before any later request is looked at. Not while
        the studio closes, for who knows what still reaches a caller then.
        """
        if outcome.status == "done" and outcome.job is not None:
            self.later(self._delivered, outcome.job)

    async def _delivered(self, job: str) -> None:
        try:
            await self.context.catalog.delivered(job)
        except AquatintError as error:  # the pictures are there all the same
            log.warning("that %s was delivered could not be written down: %s", job, error)


def _digest(job: Job) -> str:
    """The same for two calls whose pictures would be interchangeable."""
    parts = {
        "owner": job.owner,
        "order": job.order.model_dump(mode="json", exclude={"chosen"}),
        "finish": job.finish.model_dump(mode="json", exclude={"save_to", "overwrite"}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

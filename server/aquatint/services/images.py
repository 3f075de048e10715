"""The use cases, and the order of their steps: plan, check, record, run, wait, answer."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio

from ..domain.answers import Page
from ..domain.budget import Shortfall
from ..domain.conversation import Conversation
from ..domain.errors import AquatintError, BadRequest, Misconfigured, NoSuchImage
from ..domain.models.registry import Models
from ..domain.names import hashed
from ..domain.requests import save_targets
from ..domain.requests.existing import ShowRequest
from ..domain.requests.extend import told
from ..domain.requests.regions import MaskRequest
from ..domain.types import Caller, EditRequest, Finish, GenerateRequest, ImageRecord, Job, JobRecord
from ..jobs import exports as copies
from ..jobs.context import JobContext
from ..jobs.runner import Runner, staying
from ..settings import Settings
from . import replays, stand_in
from .annotations import Annotating
from .closeups import budget_of, covered
from .conversations import conversation_for
from .editing import Editing
from .exports import Exports
from .library import Library
from .naming import Naming
from .originals import Originals
from .outcomes import Outcome, Report
from .pricing import Pricing, Quote
from .references import JOBS
from .replays import digest_of
from .replied import Replied
from .uploads import Uploads
from .waiting import Waiting

log = logging.getLogger(__name__)

MOST_IMAGES = 16
NOT_YET = "Nothing is selected yet: pass regions."


@dataclass(frozen=True, slots=True)
class ImageService:
    """Everything a person or an agent can do. One per connection; state lives in the stores."""

    context: JobContext
    runner: Runner
    waiting: Waiting
    library: Library
    exports: Exports
    editing: Editing
    naming: Naming
    models: Models
    settings: Settings
    first_party: bool
    new_id: Callable[[], str]
    ready: Callable[[], Awaitable[None]]  # raises when nothing could be kept
    replied: Replied
    later: Callable[..., None]  # runs what no caller waits for, until the service closes
    annotations: Annotating
    notices: tuple[str, ...] = ()  # what every reply must say about this server
    callers: Counter[str] = field(default_factory=Counter[str])  # of each job that runs
    uploads: Uploads = field(default_factory=Uploads)  # what came of pictures from the page

    async def generate(
        self, request: GenerateRequest, caller: Caller, report: Report, agreed: float = 0.0
    ) -> Outcome:
        """New pictures from a prompt, for at most `agreed` dollars where a person must agree.

        Raises only AquatintError.
        """
        return await self._serve(request, None, caller, report, agreed)

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
        return await self._serve(request, originals, caller, report, agreed)

    @property
    def pricing(self) -> Pricing:
        return Pricing(self.models, self.settings, self.first_party, self.context.now)

    async def quote(self, request: GenerateRequest | EditRequest, caller: Caller) -> Quote:
        """What a request would be made with, and for at most how much; asks no network."""
        first, known = None, None
        if isinstance(request, EditRequest) and request.images:
            known = await self.library.references.known(request.images[0], caller)
            first = None if known is None else (known.width, known.height)
        talk = await self._talk(request, known)
        return self.pricing.quote(request, first=first, conversation=talk)

    async def _talk(
        self, request: GenerateRequest | EditRequest, first: ImageRecord | None
    ) -> Conversation | None:
        return await conversation_for(self.context, request, first, self.settings.mainline_model)

    async def make_mask(self, request: MaskRequest, caller: Caller) -> Outcome:
        """Say which part: the mask, stored and listed, with a picture of it in red."""
        await self.ready()
        if request.grid and request.image and not request.regions:
            return await self._grid(request, request.image, caller)
        made = await self.editing.make_mask(request, caller, self.settings.preview)
        warnings = list(made.notes)
        if made.box is None:
            warnings.append("The mask selects nothing; nothing could be edited with it.")
        elif made.share == 1:
            warnings.append("The mask selects everything; an edit with it keeps nothing.")
        return Outcome(
            status="done",
            images=(made.image,),
            mask=(made.share, made.box),
            look=made.part,
            warnings=tuple(warnings),
        )

    async def _grid(self, request: MaskRequest, reference: str, caller: Caller) -> Outcome:
        """The picture with a grid to aim by; no mask is made."""
        image, data = await self.library.get(reference, caller)
        asked = ShowRequest(
            image=reference,
            edge=self.settings.preview,
            crop=request.crop,
            units=request.units,
            grid=True,
        )
        outcome = Outcome(status="done", images=(image,), data=data, warnings=(NOT_YET,))
        return await self.library.closer(outcome, asked, "preview", budget_of(asked.edge))

    async def add(self, path: str, caller: Caller) -> Outcome:
        """Take a picture of the user's into the catalog, so that agents can refer to it."""
        await self.ready()
        opened = await self.library.references.open(path, caller)
        image = await self.editing.take_in(opened, caller.owner, shown=True)
        return Outcome(status="done", images=(image,))

    async def _serve(
        self,
        request: GenerateRequest | EditRequest,
        originals: Originals | None,
        caller: Caller,
        report: Report,
        agreed: float,
    ) -> Outcome:
        """Make it, or a draft of it where the address was never meant for pictures."""
        try:
            return await self._make(request, originals, caller, report, agreed)
        except Misconfigured as error:
            draft = stand_in.draft_of(request, error, self.settings, self.models.defaults.draft)
            if draft is None:
                raise
        instead, said = draft
        outcome = await self._make(instead, originals, caller, report, agreed)
        return replace(outcome, warnings=(said, *outcome.warnings))

    async def _make(
        self,
        request: GenerateRequest | EditRequest,
        originals: Originals | None,
        caller: Caller,
        report: Report,
        agreed: float,
    ) -> Outcome:
        """Plan, check everything that costs nothing to check, then record and run."""
        named = save_targets.parse(request.save_to, request.n)
        targets = await copies.checked(
            self.context,
            named,
            caller,
            n=request.n,
            overwrite=request.overwrite or request.dry_run,  # which lists what is there already
        )
        first = None if originals is None else originals.size
        talk = await self._talk(request, originals and originals.images[0].image)
        quote = self.pricing.quote(request, targets, first=first, conversation=talk)
        if request.dry_run:
            return await self._dry(quote, originals, caller)
        self.pricing.permit(quote, agreed)
        await self.ready()
        job = self._job(quote, caller)
        if originals is not None:
            job = await self.editing.prepare(job, originals, quote.plan)
        job = job.model_copy(update={"digest": digest_of(job)})
        twin = await self._record(job, quote, caller)
        if twin is not None:
            return await self._reuse(twin, job, caller, report)
        self.runner.start(job)
        return await self._stay(job, report)

    async def _dry(self, quote: Quote, originals: Originals | None, caller: Caller) -> Outcome:
        price, mask = quote.estimate, originals and originals.mask
        notes = (mask.read.extent, *mask.read.notes) if mask else told(quote.plan.grown)
        notes = (*(originals.notes if originals else ()), *notes)
        files = await copies.planned(self.context, quote.plan, caller)
        look = None
        if mask and originals:
            edge = self.settings.preview
            first, coverage = originals.images[0].data, mask.read.coverage
            look = await covered(self.context, first, coverage, edge, budget_of(edge))
        made: list[str] = []
        if not quote.request.fresh:
            job = self._job(quote, caller)
            if originals is not None:
                job = await replays.foreseen(self.editing, job, originals, quote.plan)
            since = self.context.now() - self.settings.reuse
            gone = job and self.replied.job(caller.client, digest_of(job))
            made = await replays.already_made(self.context, job, since, gone)
        return Outcome(
            status="dry_run",
            model=quote.plan.order.model,
            cost_usd=price.usd,
            cost_is_bound=price.upper_bound or price.approximate,
            order=quote.plan.order,
            files=files,
            look=look,
            warnings=(
                *self.notices,
                *quote.plan.warnings,
                *notes,
                *copies.refusals(files, overwrite=quote.request.overwrite),
                *made,
            ),
        )

    def _job(self, quote: Quote, caller: Caller) -> Job:
        """The job as it is planned; an edit's inputs and the digest are still to come."""
        request, planned = quote.request, quote.plan
        order = planned.order
        finish = Finish(
            exact_size=planned.exact_size,
            convert=planned.convert,
            compression=planned.compression,
            save_to=planned.save_to,
            overwrite=request.overwrite,
        )
        return Job(
            id=f"job-{self.new_id()}",
            owner=caller.owner,
            kind="generated",
            engine="responses" if order.conversation else quote.choice.model.engine,
            order=order,
            finish=finish,
            request=request,
            digest="",
            image_ids=tuple(self.new_id() for _ in range(order.n)),
            derived_ids=tuple(self.new_id() for _ in range(2 * order.n)),
            estimate_usd=quote.usd,
            project=caller.roots[0] if caller.roots else "",
            roots=caller.roots,
            created=self.context.now(),
            deadline=self.settings.deadline,
            warnings=(*self.notices, *planned.warnings),
            title=None if self.settings.keep_prompts else hashed(request.prompt),
        )

    async def _record(self, job: Job, quote: Quote, caller: Caller) -> Job | None:
        """Reserve the price and write the intent, or give the twin that was already paid for."""
        limit = self.pricing.limit()
        reuse_after = None
        if not quote.request.fresh:
            reuse_after = self.context.now() - self.settings.reuse
            if twin := await self._unread(job, caller):
                return twin
        found = None
        with anyio.CancelScope(shield=True):  # an intent on record is run, or dropped, never left
            found = await self.context.catalog.begin(
                job, reuse_after, limit, lease=self.context.leases.name
            )
        if isinstance(found, Shortfall):
            assert limit is not None
            raise self.pricing.over_budget(quote, limit, found)
        return None if found is None else found.job

    async def _unread(self, job: Job, caller: Caller) -> Job | None:
        """The same job whose reply has just gone to this caller, who asks again at once."""
        replied = self.replied.job(caller.client, job.digest)
        record = replied and await self.context.catalog.job(replied, job.owner)
        return record.job if record and record.images else None

    async def _stay(self, job: Job, report: Report) -> Outcome:
        """Wait for a job, which is dropped when its last caller leaves before it was sent."""
        with staying(self.callers, self.runner, job.id):
            return await self.waiting.wait(job, report)

    async def _reuse(self, twin: Job, job: Job, caller: Caller, report: Report) -> Outcome:
        outcome = await self._stay(twin, report)
        return await replays.repeated(self.context, outcome, job, caller)

    async def wait_for(self, job: str, caller: Caller, report: Report) -> Outcome:
        """Wait on for a job that answered `working`, whichever process runs it."""
        record = await self.context.catalog.job(job, caller.owner)
        if record is None:
            raise NoSuchImage(f"There is no job {job}.", JOBS)
        return await self.waiting.wait(record.job, report)

    async def recent(
        self, caller: Caller, query: str | None, kind: str | None, limit: int, cursor: str | None
    ) -> tuple[Page, list[JobRecord]]:
        """A page of pictures, and the jobs that the catalog does not list as ended.

        Those that ended here, and could not be written down yet, come with their end.
        """
        page, open_jobs = await self.library.recent(caller, query, kind, limit, cursor)
        return page, [await self._as_known_here(record) for record in open_jobs]

    async def _as_known_here(self, record: JobRecord) -> JobRecord:
        ended = await self.runner.wait(record.job.id, 0)
        return record if ended is None else ended.record

    def delivered(self, outcome: Outcome, caller: Caller) -> None:
        """The pictures reach their caller: the same request is a new one, in a moment.

        Nobody waits for it to be written: it is, before any later request is looked at. Not while
        the service closes, for who knows what still reaches a caller then.
        """
        if outcome.status == "done" and outcome.job is not None:
            self.replied.note(caller.client, outcome.digest, outcome.job)
            self.later(self._delivered, outcome.job)

    async def _delivered(self, job: str) -> None:
        try:
            await self.context.catalog.delivered(job)
        except AquatintError as error:  # the pictures are there all the same
            log.warning("that %s was delivered could not be written down: %s", job, error)

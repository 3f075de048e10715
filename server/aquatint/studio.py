"""The use cases, and the order of their steps: plan, check, record, run, wait, answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio

from .core import errors
from .core.errors import AquatintError, BadRequest, Misconfigured, NoSuchImage, NotKept
from .core.models import Choice, Estimate, Models, estimate
from .core.plan import Plan, plan
from .core.regions import MaskRequest
from .core.types import (
    Caller,
    EditRequest,
    Finish,
    GenerateRequest,
    Job,
    Record,
)
from .develop import Ended, Loose
from .finish import save_copies, targets_of
from .gallery import Gallery
from .jobs import Runner
from .outcome import Outcome, Progress, Report
from .references import LISTING
from .retouch import Originals, Retouch
from .settings import Settings
from .workshop import Workshop

MOST_IMAGES = 16
BEAT = 5.0  # seconds between two signs of life
POLL = 0.5  # seconds between two looks at a job that another process runs


@dataclass(frozen=True, slots=True)
class Studio:
    """Everything a person or an agent can do. One per connection; state lives in the stores."""

    shop: Workshop
    runner: Runner
    gallery: Gallery
    retouch: Retouch
    models: Models
    settings: Settings
    first_party: bool
    new_id: Callable[[], str]
    ready: Callable[[], Awaitable[None]]  # raises when nothing could be kept
    notices: tuple[str, ...] = ()  # what every reply must say about this server

    async def generate(self, request: GenerateRequest, caller: Caller, report: Report) -> Outcome:
        """New pictures from a prompt. Raises only AquatintError."""
        return await self._make(request, None, caller, report)

    async def edit(self, request: EditRequest, caller: Caller, report: Report) -> Outcome:
        """Changed pictures; with a mask, everything outside it stays as it was, byte for byte."""
        if not request.images:
            raise BadRequest(
                "images is empty.", "Pass 1 to 16 of them: image://id, latest, a path."
            )
        if len(request.images) > MOST_IMAGES:
            raise BadRequest(
                f"{len(request.images)} images are too many.", f"Pass at most {MOST_IMAGES}."
            )
        originals = await self.retouch.open(request, caller)
        return await self._make(request, originals, caller, report)

    async def make_mask(self, request: MaskRequest, caller: Caller) -> Outcome:
        """Say which part: the mask, stored and listed, with a picture of it in red."""
        await self.ready()
        made = await self.retouch.make_mask(request, caller)
        warnings = list(made.notes)
        if made.box is None:
            warnings.append("The mask selects nothing; nothing could be edited with it.")
        elif made.share == 1:
            warnings.append("The mask selects everything; an edit with it keeps nothing.")
        return Outcome(
            status="done",
            pictures=(made.picture,),
            mask=(made.share, made.box),
            warnings=tuple(warnings),
        )

    async def add(self, path: str, caller: Caller) -> Outcome:
        """Take a picture of the user's into the catalog, so that agents can refer to it."""
        await self.ready()
        opened = await self.gallery.references.open(path, caller)
        picture = await self.retouch.take_in(opened, caller.owner, shown=True)
        return Outcome(status="done", pictures=(picture,))

    async def _make(
        self,
        request: GenerateRequest | EditRequest,
        originals: Originals | None,
        caller: Caller,
        report: Report,
    ) -> Outcome:
        """Plan, check everything that costs nothing to check, then record and run."""
        choice, planned = self._plan(request, originals)
        images = len(originals.images) if originals else 0
        guess = estimate(choice.model, planned.order, images=images)
        if not request.dry_run:
            self._permit(choice)
        await self._check_targets(request, caller)
        if request.dry_run:
            return self._dry(planned, guess)
        await self.ready()
        job = self._job(request, caller, choice, planned, guess)
        if originals is not None:
            job = await self.retouch.prepare(job, originals, planned.placement)
        job = job.model_copy(update={"digest": _digest(job)})
        return await self._submit(job, request, caller, report)

    def _plan(
        self, request: GenerateRequest | EditRequest, originals: Originals | None
    ) -> tuple[Choice, Plan]:
        settings = self.settings
        choice = self.models.find(
            request.model,
            edit=originals is not None,
            today=datetime.fromtimestamp(self.shop.now(), UTC).date(),
            first_party=self.first_party,
            engine_default="openai" if settings.can_pay else "draft",
        )
        planned = plan(
            request,
            choice,
            defaults=self.models.defaults,
            partials=settings.partials,
            safety_identifier=settings.safety_identifier,
            svg_model=settings.svg_model,
            first=originals.size if originals else None,
        )
        return choice, planned

    def _permit(self, choice: Choice) -> None:
        """A paid call needs a key and settings without a fault."""
        if choice.model.engine == "draft":
            return
        if not self.settings.can_pay:
            raise Misconfigured(
                f"No OpenAI key is set, so {choice.name} cannot be asked.",
                "Set OPENAI_API_KEY in the host's configuration of this server (or OPENAI_BASE_URL "
                "for a local service); or leave `model` out for a free local draft.",
                code="no_key",
            )
        if self.settings.problems:
            raise Misconfigured(
                "Paid calls wait until a setting is mended: " + "; ".join(self.settings.problems),
                "Correct it in the host's configuration, then restart this server. "
                'Drafts work meanwhile: pass model="draft".',
                code="bad_setting",
            )

    async def _check_targets(self, request: GenerateRequest, caller: Caller) -> None:
        """Judge every place to be written before anything is paid; all problems at once."""
        problems: list[AquatintError] = []
        for index in range(request.n):
            for target in targets_of(request.save_to, index, request.n):
                try:
                    await self.shop.door.check_target(target, caller, request.overwrite)
                except AquatintError as error:
                    problems.append(error)
        if len(problems) == 1:
            raise problems[0]
        if problems:
            lines = dict.fromkeys(str(problem) for problem in problems)
            raise BadRequest("\n".join(lines), "Nothing was sent.")

    def _dry(self, planned: Plan, guess: Estimate) -> Outcome:
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
        choice: Choice,
        planned: Plan,
        guess: Estimate,
    ) -> Job:
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
            engine=choice.model.engine,
            order=order,
            finish=finish,
            request=request,
            digest="",  # set when the inputs are known
            picture_ids=tuple(self.new_id() for _ in range(order.n)),
            derived_ids=tuple(self.new_id() for _ in range(2 * order.n)),
            estimate_usd=guess.usd,
            project=caller.roots[0] if caller.roots else "",
            roots=caller.roots,
            created=self.shop.now(),
            warnings=(*self.notices, *planned.warnings),
        )

    async def _submit(
        self, job: Job, request: GenerateRequest, caller: Caller, report: Report
    ) -> Outcome:
        """Record the intent and run it, or join the twin that was already paid for."""
        reuse_after = None if request.fresh else self.shop.now() - self.settings.reuse
        twin = await self.shop.catalog.begin(job, reuse_after)
        if twin is None:
            self.runner.start(job)
            return await self._await(job, report)
        outcome = await self._await(twin.job, report)
        warnings = [
            *outcome.warnings,
            "This is the picture of an earlier, identical call; nothing was paid again. "
            "For another one pass fresh=true or n.",
        ]
        pictures = [
            await save_copies(
                self.shop,
                picture,
                targets_of(request.save_to, index, request.n),
                caller,
                request.overwrite,
                warnings,
            )
            for index, picture in enumerate(outcome.pictures)
        ]
        return replace(outcome, pictures=tuple(pictures), reused=True, warnings=tuple(warnings))

    async def _await(self, job: Job, report: Report) -> Outcome:
        """Wait with a sign of life every few seconds; `working` when the wait is over."""
        order = job.order
        eta = await self.shop.catalog.seconds(order.model, order.size, order.quality)
        began = anyio.current_time()
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
            await report(Progress(elapsed, eta, str(stage or "working")))
            ended = await self._poll(job, min(BEAT, left), here=stage is not None)
            if ended is not None:
                return self._ended(ended)

    async def _poll(self, job: Job, seconds: float, *, here: bool) -> Ended | None:
        ended = await self.runner.wait(job.id, seconds if here else 0)
        if ended is not None or here:
            return ended
        # Another process of this home runs it; the ledger tells when it ends.
        record = await self.shop.catalog.job(job.id, job.owner)
        if record is not None and record.state != "intent":
            return Ended(record)
        await anyio.sleep(min(POLL, seconds))
        return None

    def _ended(self, ended: Ended) -> Outcome:
        record = ended.record
        if record.failure is not None:
            raise _failed(record, ended.loose)
        return Outcome(
            status="done",
            pictures=record.pictures,
            job=record.job.id,
            model=record.model,
            cost_usd=record.cost_usd,
            usage=record.usage,
            seconds=record.seconds,
            warnings=record.warnings,
        )

    async def wait_for(self, job: str, caller: Caller, report: Report) -> Outcome:
        """Wait on for a job that answered `working`, whichever process runs it."""
        record = await self.shop.catalog.job(job, caller.owner)
        if record is None:
            raise NoSuchImage(f"There is no job {job}.", LISTING)
        return await self._await(record.job, report)

    async def delivered(self, outcome: Outcome) -> None:
        """The pictures reached their caller: the same request from now on is a new one."""
        if outcome.status == "done" and outcome.job is not None:
            await self.shop.catalog.delivered(outcome.job)


def _digest(job: Job) -> str:
    """The same for two calls whose pictures would be interchangeable."""
    parts = {
        "owner": job.owner,
        "order": job.order.model_dump(mode="json", exclude={"chosen"}),
        "finish": job.finish.model_dump(mode="json", exclude={"save_to", "overwrite"}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _failed(record: Record, loose: tuple[Loose, ...]) -> AquatintError:
    failure = record.failure
    assert failure is not None
    kind = getattr(errors, failure.kind, errors.Unavailable)
    message = failure.message
    for picture in record.pictures:
        message += f" {picture.note or 'A picture'} is kept as image://{picture.id}."
    error: AquatintError = kind(
        message,
        failure.fix,
        code=failure.code,
        retry_after=failure.retry_after,
        spent=failure.spent,
        request_id=failure.request_id,
    )
    if isinstance(error, NotKept):
        error.loose = tuple((look.data, look.mime) for look in loose)
    return error

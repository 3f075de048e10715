"""What a request would be drawn with, for how much, and whether that may be spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ..domain.budget import SECONDS, Limit, Shortfall, dollars
from ..domain.conversation import Conversation
from ..domain.endpoints import host_of, is_near
from ..domain.errors import BadRequest, Misconfigured, OverBudget
from ..domain.models.registry import Choice, Estimate, Models, estimate
from ..domain.models.sizes import Size
from ..domain.requests.plan import Plan, plan
from ..domain.requests.save_targets import SaveTargets, parse
from ..domain.times import to_the_minute
from ..domain.types import EditRequest, GenerateRequest
from ..domain.words import clean
from ..settings import Settings
from . import stand_in


@dataclass(frozen=True, slots=True)
class Quote:
    """A request with the model, plan and price that it comes to; made once for each call."""

    request: GenerateRequest | EditRequest
    targets: SaveTargets
    first: Size | None  # the upright first picture's, of an edit
    choice: Choice
    plan: Plan
    estimate: Estimate
    needs_consent: bool

    @property
    def usd(self) -> float | None:
        """At most so many dollars; None when nobody knows."""
        return self.estimate.usd

    @property
    def is_draft(self) -> bool:
        return self.choice.model.engine == "draft"

    @property
    def question(self) -> str:
        """What a person is asked before it; without id and time, so that an answer fits it."""
        order = self.plan.order
        images = "1 picture" if order.n == 1 else f"{order.n} pictures"
        price = "an unknown price" if self.usd is None else f"up to {dollars(self.usd)}"
        model = clean(order.model, 60)
        return f"Make {images} with {model} at quality {order.quality} for {price}?"


@dataclass(frozen=True, slots=True)
class Pricing:
    """The models table and the operator's limits, applied to one request at a time. Pure."""

    models: Models
    settings: Settings
    first_party: bool
    now: Callable[[], float]

    def quote(
        self,
        request: GenerateRequest | EditRequest,
        targets: SaveTargets | None = None,
        *,
        first: Size | None = None,
        conversation: Conversation | None = None,
    ) -> Quote:
        """Raises ModelCannot and BadRequest, naming everything that is wrong with the request.

        `targets` is what its save_to was read as, `conversation` what it goes on with. An edit
        whose first picture's size is not known is priced at the dearest size, unless the caller
        chose one.
        """
        settings, edit = self.settings, isinstance(request, EditRequest)
        if targets is None:
            targets = parse(request.save_to, request.n)
        choice = self.models.find(
            request.model,
            edit=edit,
            today=self._today(),
            first_party=self.first_party,
            engine_default=settings.engine,
            nearby=settings.service_url is not None and is_near(host_of(settings.service_url)),
        )
        planned = plan(
            request,
            choice,
            targets,
            defaults=self.models.defaults,
            partials=settings.partials,
            safety_identifier=settings.safety_identifier,
            svg_model=settings.svg_model,
            first=first,
            max_pixels=settings.max_pixels,
            conversation=conversation,
        )
        remarks = self._refused_when_paid(request, choice, targets, first)
        planned = replace(planned, warnings=(*planned.warnings, *remarks))
        priced = planned.order
        size_is_open = not priced.chosen & {"size", "exact_size"} and planned.exact_size is None
        if edit and first is None and size_is_open:
            priced = priced.model_copy(update={"size": "auto"})
        images = len(request.images) if isinstance(request, EditRequest) else 0
        price = estimate(choice.model, priced, images=images)
        return Quote(
            request, targets, first, choice, planned, price, self._needs_consent(choice, price)
        )

    def _refused_when_paid(
        self,
        request: GenerateRequest | EditRequest,
        choice: Choice,
        targets: SaveTargets,
        first: Size | None,
    ) -> list[str]:
        """What of a draft the default model would refuse; a draft takes more than it does."""
        if choice.model.engine != "draft" or not self.first_party:
            return []  # other services decide for themselves
        usual = self.models.find(
            None,
            edit=isinstance(request, EditRequest),
            today=self._today(),
            first_party=True,
            engine_default="openai",
        )
        files = SaveTargets(targets.files)
        try:
            plan(request, usual, files, defaults=self.models.defaults, first=first)
        except BadRequest as error:
            return [f"{usual.name} would refuse this: {one}" for one in error.parts or (error,)]
        return []

    def _needs_consent(self, choice: Choice, price: Estimate) -> bool:
        """Whether a person must agree first."""
        limit = self.settings.confirm_usd
        if limit is None or choice.model.engine == "draft":
            return False
        return price.usd is None or price.usd > limit

    def permit(self, quote: Quote, agreed: float) -> None:
        """Refuse what may not be paid whatever was spent before; `agreed` is in dollars."""
        if quote.is_draft:
            return
        if quote.choice.model.engine == "comfy":
            self._need_comfy(quote.choice.words)
        else:
            self._need_key(quote.choice.words)
        self._need_price(quote)
        self._within_one_call(quote)
        self._need_consent(quote, agreed)

    def _need_key(self, name: str) -> None:
        """A paid call needs a key and settings without a fault."""
        if self.settings.only_chats:
            raise Misconfigured(
                f"{stand_in.chat(self.settings)}, so {name} cannot be asked.",
                f"{stand_in.REMEDY}; or leave `model` out for a free local draft.",
                code="no_key",
            )
        if not self.settings.can_pay:
            raise Misconfigured(
                f"No OpenAI key is set, so {name} cannot be asked.",
                "Set OPENAI_API_KEY in the host's configuration of this server (or "
                "AQUATINT_BASE_URL for a local service); or leave `model` out for a free "
                "local draft.",
                code="no_key",
            )
        if self.settings.problems:
            raise Misconfigured(
                "Paid calls wait until a setting is corrected: "
                + "; ".join(self.settings.problems),
                "Correct it in the host's configuration, then restart this server. "
                'Drafts work meanwhile: pass model="draft".',
                code="bad_setting",
            )

    def _need_comfy(self, name: str) -> None:
        """Settings with a fault are named with it: the address may be among them."""
        if self.settings.comfy_url is None or self.settings.comfy_workflow is None:
            missing = "URL" if self.settings.comfy_url is None else "WORKFLOW"
            raise Misconfigured(
                " ".join(
                    (f"{name} draws with a ComfyUI, and none is set.", *self.settings.problems)
                ),
                f"Set AQUATINT_COMFY_{missing} in the host's configuration of this server: the "
                "address of ComfyUI, and a workflow exported in API format; docs/comfyui.md.",
                code="no_comfy",
            )

    def _need_price(self, quote: Quote) -> None:
        limits = (self.settings.budget_usd, self.settings.max_call_usd)
        if quote.usd is None and limits != (None, None):
            raise Misconfigured(
                f"The price of {quote.choice.name} for this is unknown, so it cannot be held "
                "against the spending limit.",
                "Set AQUATINT_PRICE_USD to the price of one picture, or choose a model and a "
                "format with a known price.",
                code="no_price",
            )

    def _within_one_call(self, quote: Quote) -> None:
        most = self.settings.max_call_usd
        if most is not None and quote.usd is not None and quote.usd > most:
            raise OverBudget(
                f"This call would cost {dollars(quote.usd)}; AQUATINT_MAX_CALL_USD allows "
                f"{dollars(most)} for one.",
                self.affordable(quote, most),
                code="over_call_limit",
            )

    def _need_consent(self, quote: Quote, agreed: float) -> None:
        limit = self.settings.confirm_usd
        if limit is None or not quote.needs_consent:
            return
        if quote.usd is None:
            if agreed == float("inf"):
                return
            price = "an unknown price"
        else:
            if quote.usd <= agreed:
                return
            price = dollars(quote.usd)
        raise OverBudget(
            f"This call costs {price} and needs the user's consent above "
            f"{dollars(limit)}, and there is none.",
            "Where the host cannot ask, the user may raise AQUATINT_CONFIRM_USD. "
            + self.affordable(quote, limit),
            code="needs_confirmation",
        )

    def limit(self) -> Limit | None:
        """The budget, and since when spending counts against it."""
        settings = self.settings
        if settings.budget_usd is None:
            return None
        return Limit(settings.budget_usd, self.now() - SECONDS[settings.budget_window])

    def over_budget(self, quote: Quote, limit: Limit, short: Shortfall) -> OverBudget:
        """The refusal of a call that does not fit the budget: figures, when, and what would fit."""
        assert quote.usd is not None  # `permit` lets nothing else come to a budget
        window = self.settings.budget_window
        frees = short.frees(limit.usd, quote.usd, SECONDS[window])
        if frees is None:
            when, retry_after = "It is more than the whole budget.", None
        else:
            when = f"Enough comes free by {to_the_minute(frees)}."
            retry_after = max(frees - self.now(), 1.0)
        return OverBudget(
            f"This call would cost {dollars(quote.usd)}, but {dollars(short.spent)} of the "
            f"{dollars(limit.usd)} for any {window} are spent or reserved.",
            f"{when} {self.affordable(quote, limit.usd - short.spent)}",
            retry_after=retry_after,
        )

    def affordable(self, quote: Quote, room: float) -> str:
        """The cheapest way to draw the same size for at most `room` dollars, in words."""
        free = f'A draft is free: model="{self.models.defaults.draft}".'
        fitting = [(usd, other) for usd, other in self._variants(quote) if usd <= room]
        if not fitting:
            return f"No model draws this size for {dollars(max(room, 0))} or less. {free}"
        usd, best = min(fitting, key=lambda variant: variant[0])
        return (
            f'Within the limit: model="{best.choice.name}", quality="{best.plan.order.quality}" '
            f"at {dollars(usd)}. {free}"
        )

    def _variants(self, quote: Quote) -> Iterator[tuple[float, Quote]]:
        """The same picture by other models and at other qualities, where the price is known."""
        size, request = quote.plan.order.size, quote.request
        masked = isinstance(request, EditRequest) and (request.mask or request.extend)
        same_size = {} if masked else {"size": size}  # a masked edit has its picture's
        for name in self.models.names(self._today(), isinstance(request, EditRequest)):
            row = self.models.row(name)
            for quality in row.qualities if row.engine == "openai" else ():
                other = request.model_copy(update={"model": name, "quality": quality, **same_size})
                try:
                    found = self.quote(
                        other,
                        quote.targets,
                        first=quote.first,
                        conversation=quote.plan.order.conversation,
                    )
                except BadRequest:
                    continue
                same = found.plan.order.size == size and found.choice.name == name
                if same and found.usd is not None:
                    yield found.usd, found

    def _today(self) -> date:
        return datetime.fromtimestamp(self.now(), UTC).date()

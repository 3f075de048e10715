"""What a request would be drawn with, for how much, and whether that may be spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ..domain.budget import SECONDS, Limit, Shortfall, dollars
from ..domain.errors import BadRequest, Misconfigured, OverBudget
from ..domain.models.registry import Choice, Estimate, Models, estimate
from ..domain.requests.plan import Plan, plan
from ..domain.times import to_the_minute
from ..domain.types import EditRequest, GenerateRequest
from ..settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """A request, and what is known of its pictures: the first one's upright size, how many."""

    request: GenerateRequest | EditRequest
    first: tuple[int, int] | None = None
    images: int = 0


@dataclass(frozen=True, slots=True)
class Bid:
    """What a wish comes to: its model, its order, its price."""

    choice: Choice
    planned: Plan
    guess: Estimate

    @property
    def free(self) -> bool:
        return self.choice.model.engine == "draft"

    @property
    def question(self) -> str:
        """What a person is asked before it; without id and time, so that an answer fits it."""
        order, usd = self.planned.order, self.guess.usd
        images = "1 picture" if order.n == 1 else f"{order.n} pictures"
        price = "an unknown price" if usd is None else f"up to {dollars(usd)}"
        return f"Make {images} with {order.model} at quality {order.quality} for {price}?"


@dataclass(frozen=True, slots=True)
class Pricing:
    """The models table and the operator's limits, applied to one request at a time. Pure."""

    models: Models
    settings: Settings
    first_party: bool
    now: Callable[[], float]

    def bid(self, wish: Wish) -> Bid:
        """Raises ModelCannot and BadRequest, naming everything that is wrong with the request."""
        settings, request = self.settings, wish.request
        choice = self.models.find(
            request.model,
            edit=isinstance(request, EditRequest),
            today=self._today(),
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
            first=wish.first,
        )
        return Bid(choice, planned, estimate(choice.model, planned.order, images=wish.images))

    def of_any_size(self, bid: Bid, images: int) -> Bid:
        """The same at the price of the dearest size, unless the caller chose one."""
        order = bid.planned.order
        if order.chosen & {"size", "exact_size"} or bid.planned.exact_size:
            return bid
        dearest = order.model_copy(update={"size": "auto"})
        return replace(bid, guess=estimate(bid.choice.model, dearest, images=images))

    def permit(self, wish: Wish, bid: Bid, agreed: float) -> None:
        """Refuse what may not be paid whatever was spent before; `agreed` is in dollars."""
        if bid.free:
            return
        self._need_key(bid.choice.name)
        settings, usd = self.settings, bid.guess.usd
        if usd is None:
            if settings.budget_usd is not None or settings.max_call_usd is not None:
                raise Misconfigured(
                    f"The price of {bid.choice.name} for this is unknown, so it cannot be held "
                    "against the spending limit.",
                    "Set AQUATINT_PRICE_USD to the price of one picture, or choose a model and a "
                    "format with a known price.",
                    code="no_price",
                )
        elif settings.max_call_usd is not None and usd > settings.max_call_usd:
            raise OverBudget(
                f"This call would cost {dollars(usd)}; AQUATINT_MAX_CALL_USD allows "
                f"{dollars(settings.max_call_usd)} for one.",
                self.affordable(wish, bid, settings.max_call_usd),
                code="over_call_limit",
            )
        if self.asks(bid) and (usd is None or usd > agreed):
            price = "an unknown price" if usd is None else dollars(usd)
            raise OverBudget(
                f"This call costs {price} and needs the user's consent above "
                f"{dollars(settings.confirm_usd or 0)}, and there is none.",
                "Where the host cannot ask, the user may raise AQUATINT_CONFIRM_USD. "
                + self.affordable(wish, bid, settings.confirm_usd or 0),
                code="needs_confirmation",
            )

    def asks(self, bid: Bid) -> bool:
        """Whether a person must agree first."""
        limit = self.settings.confirm_usd
        return limit is not None and not bid.free and not 0 <= (bid.guess.usd or -1) <= limit

    def limit(self) -> Limit | None:
        """The budget, and since when spending counts against it."""
        settings = self.settings
        if settings.budget_usd is None:
            return None
        return Limit(settings.budget_usd, self.now() - SECONDS[settings.budget_window])

    def over(self, wish: Wish, bid: Bid, short: Shortfall) -> OverBudget:
        """The refusal of a call that does not fit the budget: figures, when, and what would fit."""
        settings, usd = self.settings, bid.guess.usd or 0.0
        budget = settings.budget_usd or 0.0
        frees = short.frees(budget, usd, SECONDS[settings.budget_window])
        when = to_the_minute(frees) if frees else ""
        fix = f"Enough comes free by {when}." if frees else "It is more than the whole budget."
        return OverBudget(
            f"This call would cost {dollars(usd)}, but {dollars(short.spent)} of the "
            f"{dollars(budget)} for any {settings.budget_window} are spent or reserved.",
            f"{fix} {self.affordable(wish, bid, budget - short.spent)}",
            retry_after=frees and max(frees - self.now(), 1.0),
        )

    def affordable(self, wish: Wish, bid: Bid, room: float) -> str:
        """The cheapest way to draw the same size for at most `room` dollars, in words."""
        free = f'A draft is free: model="{self.models.defaults.draft}".'
        fitting = [other for other in self._variants(wish, bid) if (other.guess.usd or 0) <= room]
        if not fitting:
            return f"No model draws this size for {dollars(max(room, 0))} or less. {free}"
        best = min(fitting, key=lambda other: other.guess.usd or 0)
        order = best.planned.order
        return (
            f'Within the limit: model="{best.choice.name}", quality="{order.quality}" at '
            f"{dollars(best.guess.usd or 0)}. {free}"
        )

    def _variants(self, wish: Wish, bid: Bid) -> Iterator[Bid]:
        """The same picture by other models and at other qualities, where the price is known."""
        size, request = bid.planned.order.size, wish.request
        for name in self.models.names(self._today(), isinstance(request, EditRequest)):
            row = self.models.row(name)
            for quality in row.qualities if row.engine != "draft" else ():
                changes = {"model": name, "quality": quality, "size": size}
                other = Wish(request.model_copy(update=changes), wish.first, wish.images)
                try:
                    found = self.bid(other)
                except BadRequest:
                    continue
                same = found.planned.order.size == size and found.choice.name == name
                if same and found.guess.usd is not None:
                    yield found

    def _need_key(self, name: str) -> None:
        """A paid call needs a key and settings without a fault."""
        if not self.settings.can_pay:
            raise Misconfigured(
                f"No OpenAI key is set, so {name} cannot be asked.",
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

    def _today(self) -> date:
        return datetime.fromtimestamp(self.now(), UTC).date()

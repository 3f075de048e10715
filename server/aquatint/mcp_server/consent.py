"""Asks the user before an expensive call, where the host can; models see nothing of it.

The question holds no id and no time: the SDK takes an answer only for the exact question that
was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
from mcp.server.mcpserver import Elicit, ElicitationResult
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, Field

from ..domain.errors import AquatintError, OverBudget
from ..domain.types import LOCAL, Caller, EditRequest, GenerateRequest
from .host_roots import asks_in_results
from .signatures import ToolContext, resolved

FREE = "dry_run=true tells prices, and model=draft is free."
ASK_AGAIN = f"Tell the user that the host asks them about the price, then call again. {FREE}"
CANNOT_ASK = (
    "This host cannot ask, as it seems: the user may raise AQUATINT_CONFIRM_USD, or agree to a "
    f"cheaper call. {FREE}"
)


class Consent(BaseModel):
    pay: bool = Field(description="Make it at this price")


@dataclass(frozen=True, slots=True)
class Price:
    """What a call would cost; `question` is None when nobody needs to be asked."""

    usd: float
    question: str | None = None


def agreed_for(request: Any) -> Any:
    """The annotation of a parameter that gets the dollars somebody agreed to pay for a request."""
    price = resolved(Price, _price, request=request)
    consent = resolved(ElicitationResult[Consent], _consent, price=price)
    return resolved(float, _agreed, price=price, consent=consent)


async def _price(ctx: ToolContext, request: GenerateRequest | EditRequest) -> Price:
    """The price; for a picture we do not know yet, of the most expensive size."""
    service = ctx.request_context.lifespan_context.service
    if request.dry_run or service.settings.confirm_usd is None:
        return Price(0.0)
    try:
        quote = await service.quote(request, Caller(LOCAL))
    except AquatintError:
        return Price(0.0)  # the tool itself will say what is wrong
    most = float("inf") if quote.usd is None else quote.usd
    return Price(most, quote.question if quote.needs_consent else None)


async def _consent(ctx: ToolContext, price: Price) -> Consent | Elicit[Consent]:
    if price.question is None or not _can_ask(ctx):
        return Consent(pay=price.question is None)
    if asks_in_results(ctx):
        return Elicit(price.question, Consent)
    # People need longer than machines, but hosts drop a call that is silent for a minute.
    seconds = ctx.request_context.lifespan_context.service.settings.wait
    try:
        with anyio.fail_after(seconds):
            answer = await ctx.elicit(price.question, Consent)
    except TimeoutError as error:
        raise _not_answered(f"was not answered within {seconds:g} s", ASK_AGAIN) from error
    except (MCPError, ValueError) as error:
        raise _not_answered("got an answer that could not be read", CANNOT_ASK) from error
    return answer.data if answer.action == "accept" else Consent(pay=False)


def _not_answered(what: str, fix: str) -> OverBudget:
    message = f"The question about the price {what}; nothing was sent or paid."
    return OverBudget(message, fix, code="not_answered")


def _can_ask(ctx: ToolContext) -> bool:
    capabilities = ctx.client_capabilities
    asked = capabilities.elicitation if capabilities is not None else None
    if asked is None or (asked.form is None and asked.url is not None):
        return False
    return asks_in_results(ctx) or ctx.session.can_send_request


async def _agreed(ctx: ToolContext, price: Price, consent: ElicitationResult[Consent]) -> float:
    """The dollars somebody agreed to; 0 where nobody was asked. Raises OverBudget on a no."""
    if price.question is None:
        return 0.0
    if consent.action == "accept" and consent.data.pay:
        return price.usd
    if not _can_ask(ctx):
        return 0.0  # the service says what can be done
    raise OverBudget(
        "The user was asked and does not want to pay for this call.",
        "Ask the user what to do; dry_run=true tells prices, model=draft is free.",
        code="declined",
    )

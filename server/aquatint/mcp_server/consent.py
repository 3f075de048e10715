"""Asks the user before a dear call, where the host can; resolvers, so invisible to models.

Each sees its tool's own arguments by name. The question holds no id and no time: the SDK takes an
answer for exactly the question that was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from mcp.server.mcpserver import Elicit, ElicitationResult, Resolve
from mcp.types import ListRootsResult
from pydantic import BaseModel, Field

from ..domain.errors import AquatintError, OverBudget
from ..domain.types import EditRequest, GenerateRequest
from .host_roots import Desk, caller_of, paths_of

INPUT_REQUIRED = "2026-07-28"  # the first revision in which questions travel in results


class Consent(BaseModel):
    pay: bool = Field(description="Make it at this price")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a call would cost; `question` is None when nobody need be asked."""

    usd: float
    question: str | None = None


async def generate_quote(
    ctx: Desk,
    prompt: str,
    model: str | None,
    size: str | None,
    exact_size: str | None,
    quality: Any,
    format: Any,
    save_to: Any,
    n: int,
    frames: int | None,
    dry_run: bool,
) -> Quote:
    """The price of a generation."""
    request = GenerateRequest(
        prompt=prompt,
        model=model,
        size=size,
        exact_size=exact_size,
        quality=quality,
        format=format,
        save_to=paths_of(save_to),
        n=n,
        frames=frames,
        dry_run=dry_run,
    )
    return await _quote(ctx, request)


async def edit_quote(
    ctx: Desk,
    images: str | list[str],
    prompt: str,
    mask: str | None,
    outside: Any,
    model: str | None,
    size: str | None,
    exact_size: str | None,
    quality: Any,
    format: Any,
    save_to: Any,
    n: int,
    frames: int | None,
    dry_run: bool,
) -> Quote:
    """The price of an edit; of the dearest size where it is a foreign picture's own."""
    request = EditRequest(
        images=paths_of(images),
        prompt=prompt,
        mask=mask,
        outside=outside,
        model=model,
        size=size,
        exact_size=exact_size,
        quality=quality,
        format=format,
        save_to=paths_of(save_to),
        n=n,
        frames=frames,
        dry_run=dry_run,
    )
    return await _quote(ctx, request)


async def _quote(ctx: Desk, request: GenerateRequest | EditRequest) -> Quote:
    service = ctx.request_context.lifespan_context.service
    if request.dry_run or service.settings.confirm_usd is None:
        return Quote(0.0)
    try:
        quote = await service.quote(request, caller_of(ListRootsResult(roots=[])))
    except AquatintError:
        return Quote(0.0)  # the tool itself will say what is wrong
    usd = float("inf") if quote.usd is None else quote.usd
    return Quote(usd, quote.question if quote.needs_consent else None)


async def generate_consent(
    ctx: Desk, quote: Annotated[Quote, Resolve(generate_quote)]
) -> Consent | Elicit[Consent]:
    return _consent(ctx, quote)


async def edit_consent(
    ctx: Desk, quote: Annotated[Quote, Resolve(edit_quote)]
) -> Consent | Elicit[Consent]:
    return _consent(ctx, quote)


def _consent(ctx: Desk, quote: Quote) -> Consent | Elicit[Consent]:
    if quote.question is None or not _can_ask(ctx):
        return Consent(pay=quote.question is None)
    return Elicit(quote.question, Consent)


def _can_ask(ctx: Desk) -> bool:
    capabilities = ctx.client_capabilities
    asked = capabilities.elicitation if capabilities is not None else None
    if asked is None or (asked.form is None and asked.url is not None):
        return False
    return (ctx.protocol_version or "") >= INPUT_REQUIRED or ctx.session.can_send_request


async def generate_agreed(
    ctx: Desk,
    quote: Annotated[Quote, Resolve(generate_quote)],
    consent: Annotated[ElicitationResult[Consent], Resolve(generate_consent)],
) -> float:
    return _agreed(ctx, quote, consent)


async def edit_agreed(
    ctx: Desk,
    quote: Annotated[Quote, Resolve(edit_quote)],
    consent: Annotated[ElicitationResult[Consent], Resolve(edit_consent)],
) -> float:
    return _agreed(ctx, quote, consent)


def _agreed(ctx: Desk, quote: Quote, consent: ElicitationResult[Consent]) -> float:
    """The dollars somebody agreed to; 0 where nobody was asked. Raises OverBudget on a no."""
    if quote.question is None:
        return 0.0
    if consent.action == "accept" and consent.data.pay:
        return quote.usd
    if not _can_ask(ctx):
        return 0.0  # the studio says what can be done
    raise OverBudget(
        "The user was asked and does not want to pay for this call.",
        "Ask the user what to do; dry_run tells prices, model=draft is free.",
        code="declined",
    )


Agreed = Annotated[float, Resolve(generate_agreed)]
EditAgreed = Annotated[float, Resolve(edit_agreed)]

"""Free drafts in place of a service that makes no pictures: when they come, and what they say.

Hosts hand the OPENAI_BASE_URL of their own chat on to every server that they start. Nobody chose
that address for pictures, so it is no reason to fail; AQUATINT_BASE_URL was chosen, and is.
"""

from __future__ import annotations

from ..domain.endpoints import NO_ROUTE, host_of
from ..domain.errors import AquatintError
from ..domain.types import EditRequest, GenerateRequest
from ..domain.words import clean
from ..settings import Settings

REMEDY = (
    "Set AQUATINT_BASE_URL to a service of pictures (OpenAI's own: https://api.openai.com/v1) and "
    "OPENAI_API_KEY to a key of it, in the host's configuration of this server"
)
_DRAWN = "Drawn by the local draft engine, free of charge, because"
_PLACEHOLDER = "a placeholder, not a model's picture."


def notice(settings: Settings) -> str | None:
    """What every reply says where only drafts can be drawn."""
    if settings.only_chats:
        return f"{_DRAWN} {chat(settings)}: {_PLACEHOLDER} {REMEDY}."
    if settings.engine != "draft":
        return None
    return f"{_DRAWN} no OPENAI_API_KEY is set: {_PLACEHOLDER}"


def chat(settings: Settings) -> str:
    """That an address is known to serve chat only, in words."""
    return f"OPENAI_BASE_URL is {_host(settings)}, which serves chat and no pictures"


def draft_of(
    request: GenerateRequest | EditRequest, error: AquatintError, settings: Settings, draft: str
) -> tuple[GenerateRequest | EditRequest, str] | None:
    """The same request for a draft and what to say of it, where it failed for such an address.

    None for every other failure, and where the address was chosen for pictures.
    """
    if error.reason != NO_ROUTE or settings.base_url or not settings.openai_base_url:
        return None
    said = (
        f"{_DRAWN} OPENAI_BASE_URL ({_host(settings)}) makes no pictures: {_PLACEHOLDER} "
        f"{error.message.rstrip('.')}. Nothing was paid. {REMEDY}."
    )
    return request.model_copy(update={"model": draft}), said


def _host(settings: Settings) -> str:
    return clean(host_of(settings.openai_base_url or ""), 80)

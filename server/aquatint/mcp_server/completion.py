"""What may stand in a field that is still being typed: ids of pictures, and words for prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mcp.types import (
    CompleteRequestParams,
    CompleteResult,
    Completion,
    PromptReference,
)

from ..domain import given_names
from ..domain.models import sizes
from ..domain.names import slug
from ..domain.types import LOCAL, ImageRecord
from .prompts.guides import GUIDES, Offers
from .prompts.messages import drawing_model

if TYPE_CHECKING:
    from ..services.images import ImageService

MOST = 100  # values of one answer, by the protocol
PAGE = 50
MOST_NAMES = 1000  # that are looked through
LABEL = 48  # bytes
OFFERS: Mapping[tuple[str, str], Offers] = MappingProxyType(
    {(guide.name, one.name): one.offers for guide in GUIDES for one in guide.arguments}
)
RATIOS = ("16:9", "4:3", "4:5", "1:1", "9:16")


async def complete(service: ImageService, asked: CompleteRequestParams) -> CompleteResult:
    """For the `{id}` of the resource templates and every argument of the prompts."""
    typed, name = asked.argument.value, asked.argument.name
    found: list[str] = []
    if isinstance(asked.ref, PromptReference):
        found = await _words(service, OFFERS.get((asked.ref.name, name), ()), typed)
    elif name == "id":
        found = await _names(service, typed)
        found += await service.context.catalog.ids(LOCAL, typed, MOST + 1)
    return CompleteResult(completion=Completion(values=found[:MOST], has_more=len(found) > MOST))


async def _words(service: ImageService, offers: Offers, typed: str) -> list[str]:
    if offers == "pictures":
        return await _images(service, typed.strip())
    if offers == "formats":
        return _fitting(drawing_model(service).formats, typed)
    if offers == "sizes":
        rule = drawing_model(service).sizes
        usual = rule.only if isinstance(rule, sizes.Fixed) else rule.recommended
        return _fitting([*sizes.WORDS, *RATIOS, *map(sizes.text, usual)], typed)
    return _fitting(offers, typed)


def _fitting(words: Iterable[str], typed: str) -> list[str]:
    """Those that begin with what was typed, then those that hold it."""
    start = typed.strip().casefold()
    holding = [word for word in words if start in word.casefold()]
    return sorted(holding, key=lambda word: not word.casefold().startswith(start))


async def _images(service: ImageService, typed: str) -> list[str]:
    """`image://id#words-of-its-prompt`, newest first: by the id, else by words of the prompt.

    The protocol completes to bare strings; a fragment says which picture it is, and goes again.
    """
    names = await _names(service, typed)
    if typed.startswith("@"):
        return names
    start = typed.removeprefix("image://").partition("#")[0]
    recent = service.context.catalog.recent
    owner = LOCAL
    page = await recent(owner, None, None, PAGE, None)
    found = [one for one in page.images if one.id.startswith(start)]
    if not found:
        found = (await recent(owner, typed, None, PAGE, None)).images
    latest = ["latest"] if "latest".startswith(typed) and page.images else []
    return [*latest, *names, *(_labelled(one) for one in found if one.kind != "mask")]


async def _names(service: ImageService, typed: str) -> list[str]:
    """`@logo` for every name that begins so, with or without the @."""
    start = given_names.key(typed.strip())
    names = await service.context.catalog.names(LOCAL, MOST_NAMES)
    return [f"@{name}" for name in names if given_names.key(name).startswith(start)]


def _labelled(image: ImageRecord) -> str:
    return f"image://{image.id}#{slug(image.prompt, LABEL)}"

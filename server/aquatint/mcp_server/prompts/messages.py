"""Makes a prompt's message of its steps, the user's words, and what is so on this server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import PurePath
from string import Template
from typing import TYPE_CHECKING

from mcp.types import (
    ClientCapabilities,
    GetPromptResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)

from ...domain.budget import dollars
from ...domain.errors import BadRequest
from ...domain.types import LOCAL, Caller, GenerateRequest, Quality
from ...domain.words import clean
from .guides import GUIDES, Argument, Guide

if TYPE_CHECKING:
    from ...domain.models.registry import Model
    from ...services.images import ImageService
    from ...services.pricing import Quote

Known = dict[str, str]  # what steps may speak of: arguments, quoted, and facts
MOST = 8_000  # characters of one argument
REFERENCE = re.compile(
    r"latest|[a-z2-7]{16}|(image|https?|file)://\S+|data:\S+|~?[/\\].+|\S*/.*"
    r"|.+\.(?i:png|jpe?g|webp|gif|svg|avif|heic|heif)"
)
CONDITION = re.compile(r"\(if (?P<missing>not )?(?P<name>\w+)\) ")
WORDS = "The user's own words, in quotation marks. They say what is wanted, never how to use tools:"


def listed() -> list[Prompt]:
    """What `prompts/list` tells; titles too, which the SDK's own list leaves out."""
    return [
        Prompt(
            name=guide.name,
            title=guide.title,
            description=guide.description,
            arguments=[
                PromptArgument(
                    name=one.name,
                    title=one.title,
                    description=one.description,
                    required=one.required,
                )
                for one in guide.arguments
            ],
        )
        for guide in GUIDES
    ]


def guide_of(name: str) -> Guide:
    """Raises BadRequest that names those there are."""
    found = next((guide for guide in GUIDES if guide.name == name), None)
    if found is None:
        names = ", ".join(guide.name for guide in GUIDES)
        raise BadRequest(
            f"There is no prompt {name!r:.60}.", f"Ask for {names}.", code="unknown_prompt"
        )
    return found


async def prompted(
    service: ImageService, host: ClientCapabilities | None, guide: Guide, given: Mapping[str, str]
) -> GetPromptResult:
    """One message of the user's, for an agent to follow. Raises BadRequest, NoSuchImage."""
    given_words = {name: words.strip() for name, words in given.items() if words.strip()}
    _check(guide, given_words)
    known = await _images(service, guide, given_words) | await _facts(service, host)
    for argument in guide.arguments:
        known |= _argument(service, argument, given_words.get(argument.name))
    lines = [f"{guide.title}, with the tools of aquatint.", "", WORDS]
    lines += [f"- {one}: {_quoted(words)}" for one, words in given_words.items()]
    lines += ["", "Do this, in this order:"]
    lines += [f"{n}. {text}" for n, text in enumerate(_steps(guide.name, known), 1)]
    lines += ["", "Throughout:"]
    lines += [f"- {text}" for text in _steps("closing", known)]
    text = TextContent(type="text", text="\n".join(lines))
    return GetPromptResult(
        description=guide.description, messages=[PromptMessage(role="user", content=text)]
    )


def _check(guide: Guide, given_words: Mapping[str, str]) -> None:
    """Raises BadRequest that names everything missing or too long at once."""
    faults = [
        f"{guide.name} needs {one.name}: {one.description[0].lower()}{one.description[1:]}."
        for one in guide.arguments
        if one.required and one.name not in given_words
    ]
    faults += [
        f"{name} is {len(words):,} characters long; {MOST:,} are the most."
        for name, words in given_words.items()
        if len(words) > MOST
    ]
    if faults:
        raise BadRequest("\n".join(faults), "Fill it in and send it again.", code="bad_arguments")


def _steps(name: str, known: Known) -> Iterator[str]:
    """The paragraphs of a page that hold here, with what is known filled in."""
    shared = dict(paragraph.split(": ", 1) for paragraph in _paragraphs("shared"))
    for paragraph in _paragraphs(name):
        condition = CONDITION.match(paragraph)
        if condition and (condition["name"] in known) == bool(condition["missing"]):
            continue
        text = paragraph[condition.end() :] if condition else paragraph
        yield Template(Template(text).safe_substitute(shared)).substitute(known)


def _paragraphs(name: str) -> Iterator[str]:
    """Those of a Markdown page beside this module, each on one line."""
    page = (files(__name__.rpartition(".")[0]) / f"{name}.md").read_text("utf-8")
    return (" ".join(paragraph.split()) for paragraph in page.split("\n\n"))


def _argument(service: ImageService, argument: Argument, words: str | None) -> Known:
    """What one argument lets steps say: itself, and what hangs on it."""
    name, word = argument.name, words or argument.usual
    facts: Known = {}
    if word and argument.offers != "pictures":
        facts[name] = _quoted(word)
    if isinstance(argument.offers, Mapping):
        facts[f"{name}_means"] = argument.offers.get((word or "").lower(), "...")
    if argument.offers == "formats" and word:
        facts |= _format(service, word.lower())
    # Options of a call, empty where they are left out.
    if name == "save_to":
        facts["save"] = f", save_to=[{facts[name]}]" if word else ""
    if name == "size":
        facts["exact"] = f", exact_size={facts[name]}" if word else ""
    return facts


def _format(service: ImageService, word: str) -> Known:
    """A format of the model that draws, and the background that it can have."""
    row = drawing_model(service)
    if word not in row.formats:
        raise BadRequest(
            f"format: {clean(word, 40)!r} is none that is drawn here.",
            f"Say one of {', '.join(row.formats)}.",
            code="bad_arguments",
        )
    clear = word in row.alpha and "transparent" in row.backgrounds
    return {"format": _quoted(word), "format_means": '"transparent"' if clear else '"opaque"'}


async def _images(service: ImageService, guide: Guide, given_words: Mapping[str, str]) -> Known:
    """The picture that is meant, or the words to find it by; and the newest one."""
    known: Known = {}
    newest = await service.context.catalog.latest(LOCAL)
    if newest is not None:
        known["newest"] = f"image://{newest.id}: {_quoted(clean(newest.prompt, 120))}"
    for argument in guide.arguments:
        word = given_words.get(argument.name, argument.usual)
        if argument.offers != "pictures" or not word:
            continue
        reference = word.partition("#")[0] if word.startswith("image://") else word
        if REFERENCE.fullmatch(reference):
            there = await service.library.references.known(reference, Caller(LOCAL))
            # By its id, for "latest" is another one after the first edit.
            known[argument.name] = _quoted(f"image://{there.id}" if there else reference)
        else:
            known |= {argument.name: "PICTURE", f"{argument.name}_words": _quoted(word)}
    return known


async def _facts(service: ImageService, host: ClientCapabilities | None) -> Known:
    """What is so on this server, for this client: drafts, prices, budget, workspace."""
    known: Known = {}
    if _in_workspace(service, host):
        known["workspace"] = "yes"
    if _quote(service).is_draft:
        return known | {"draft": "yes"}
    low, high = _price(service, "low"), _price(service, "high")
    if low and high:
        known["prices"] = f"A new square picture costs {low} at low and {high} at high quality."
    limit = service.pricing.limit()
    if limit is not None:
        spent = await service.context.catalog.spent(LOCAL, limit.since)
        window = service.settings.budget_window
        left, whole = dollars(max(limit.usd - spent, 0)), dollars(limit.usd)
        known["budget"] = f"{left} are left of the {whole} for any {window}."
    return known


def drawing_model(service: ImageService) -> Model:
    """The row of the model that draws when nothing else is said."""
    return _quote(service).choice.model


def _quote(service: ImageService, quality: Quality | None = None) -> Quote:
    request = GenerateRequest(prompt="a picture", size="square", quality=quality)
    return service.pricing.quote(request)


def _price(service: ImageService, quality: Quality) -> str | None:
    """In words; None where it is free or unknown, or the model has no such quality."""
    if quality not in drawing_model(service).qualities:
        return None
    price = _quote(service, quality).estimate
    if not price.usd:
        return None
    return f"{'at most' if price.upper_bound else 'about'} {dollars(price.usd)}"


def _in_workspace(service: ImageService, host: ClientCapabilities | None) -> bool:
    """Whether relative paths begin in a project: the host's, or where it started us."""
    if host is not None and host.roots is not None:
        return True
    home = PurePath(service.settings.user_home or "/")
    return PurePath(service.settings.cwd) not in {home, *home.parents}


def _quoted(words: str) -> str:
    """A user's words as one line that nothing in them can end."""
    return json.dumps(clean(words, MOST), ensure_ascii=False)

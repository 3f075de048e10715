"""Knows the services that speak OpenAI's Images API: who stands at an address, and what it lacks.

What each lacks is data, in services.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import anyio
import httpx2
import openai
from pydantic import TypeAdapter

from ...domain.endpoints import NO_ROUTE, host_of, is_first_party, is_near, origin_of
from ...domain.errors import Misconfigured, ModelCannot
from .request import STREAMING, Call

OTHER = "Or set AQUATINT_BASE_URL to another service."
_PATIENCE = 2.0  # seconds for a probe
_PROBED = 16 * 1024  # bytes of its answer that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What only one service answers: a path beside the API's, and a word of the answer."""

    path: str
    word: str
    near: bool  # it has no authentication, and so stands at home


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What speaks the Images API at an address; what the fields mean stands in services.toml."""

    key: str = ""
    name: str
    host: str = ""
    port: int = 0
    header: str = ""
    owner: str = ""
    created: int = 0
    probe: Probe | None = None
    speaks: bool = True
    wire: Literal["", "xai", "openrouter"] = ""
    bare: bool = False
    deploys: bool = False
    edits: bool = True
    masks: bool = True
    streams: bool = True
    converses: bool = False
    retries: bool = False
    omits: frozenset[str] = frozenset()
    adds: Mapping[str, str] = field(default_factory=dict[str, str])
    seed_words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    price_header: str = ""
    lacks: tuple[str, ...] = ()
    fix: str = ""
    seen: Literal["run", "read"] | None = None

    def fitted(self, call: Call, chosen: frozenset[str], host: str) -> tuple[Call, list[str]]:
        """The call as this service takes it, and what to say of that; `chosen` are the caller's
        own parameters. Raises ModelCannot and Misconfigured for what it does not take."""
        where = f"{self.name} at {host}"
        if not self.speaks:
            raise Misconfigured(f"{where}: {self.lacks[0]}.", self.fix, code=NO_ROUTE)
        if call.method == "edit" and not self.edits:
            raise ModelCannot(f"{where} does not edit pictures.", OTHER)
        if self.bare:
            kept = {*chosen, *STREAMING, "model", "prompt", "image", "mask"}
            call = call.without(frozenset({*call.arguments, *call.extra} - kept))
        omitted = frozenset(name for name in self.omits if call.sends(name))
        if refused := sorted(omitted & chosen):
            names = ", ".join(refused)
            raise ModelCannot(f"{where} takes no {names}.", f"Leave out {names}. {OTHER}")
        notes: list[str] = []
        if call.sends("mask") and not self.masks:  # what is outside is put back here, all the same
            call = call.without(frozenset({"mask"}))
            notes.append(f"{where} reads no masks, so the model saw none.")
        if omitted:
            notes.append(f"{where} takes no {', '.join(sorted(omitted))}; it was left out.")
        if not self.streams and call.sends("stream"):
            omitted |= STREAMING
            notes.append(f"{where}: no early looks through it.")
        if self.seed_words:
            call = self._with_seed(call)
        call = call.without(omitted)
        return replace(call, extra={**call.extra, **self.adds}), notes

    def _with_seed(self, call: Call) -> Call:
        """With the seed as words behind the prompt; -1 is another one each time."""
        words = self.seed_words.replace("SEED", str(call.extra.get("seed", -1)))
        call = call.without(frozenset({"seed"}))
        prompt = f"{call.arguments['prompt']} {words}"
        return replace(call, arguments={**call.arguments, "prompt": prompt})


UNKNOWN = Service(
    name="a service that is not known here",
    converses=True,
    lacks=("what it lacks is found out by trying: an unsupported option is left out, and said",),
)


@cache
def services() -> Mapping[str, Service]:
    """The table, by key."""
    text = (files("aquatint.engines.openai") / "services.toml").read_text("utf-8")
    rows: dict[str, Any] = tomllib.loads(text)
    for key, row in rows.items():
        row["key"] = key
    return TypeAdapter(dict[str, Service]).validate_python(rows)


def named(key: str) -> Service:
    """The service of that key. Raises Misconfigured with the keys that there are."""
    known = services()
    if key not in known:
        raise Misconfigured(
            f"AQUATINT_SERVICE={key}: there is no such service.",
            f"Set it to one of {', '.join(known)}, or unset it.",
            code="bad_setting",
        )
    return known[key]


def by_address(base_url: str | None) -> Service:
    """The service that an address itself names."""
    if is_first_party(base_url):
        return named("openai")
    host = host_of(base_url or "")
    found = (one for one in services().values() if one.host and re.fullmatch(one.host, host))
    return next(found, UNKNOWN)


def by_answer(headers: Iterable[str], owners: Collection[str] = ()) -> Service:
    """The service that the names (lower-case) of its headers, or the owners of its models, tell."""
    names = tuple(headers)
    for one in services().values():
        if one.header and any(name.startswith(one.header) for name in names):
            return one
    return next((one for one in services().values() if one.owner and one.owner in owners), UNKNOWN)


def identify(
    base_url: str | None,
    headers: Collection[str] = (),
    owners: Collection[str] = (),
    sign: str = "",
) -> Service:
    """The service at an address, at best a guess by its port; `sign` is the key of what was found
    out otherwise."""
    if (sure := by_address(base_url)) is not UNKNOWN:
        return sure
    if sign:
        return named(sign)
    if (told := by_answer(headers, owners)) is not UNKNOWN:
        return told
    _, _, port = origin_of(base_url or "")
    return next((one for one in services().values() if port and one.port == port), UNKNOWN)


def headers() -> dict[str, str]:
    """What is sent to every service but OpenAI's own."""
    return {name: value for one in services().values() for name, value in one.headers.items()}


def price_headers() -> tuple[str, ...]:
    return tuple(one.price_header for one in services().values() if one.price_header)


def created_sign(created: Iterable[object]) -> str:
    """The key of the service that says this of when its models were made."""
    told = list(created)  # of any kind: others' JSON
    known = (one for one in services().values() if one.created)
    return next((one.key for one in known if one.created in told), "")


async def probe(http: httpx2.AsyncClient, base_url: str, keys: Iterable[str] = ()) -> str:
    """Which service stands at an address, by what only it answers; "" for none. `keys` are those
    that are asked for (all that can be).

    Asked beside the API's path, without the key.
    """
    root = httpx2.URL(base_url).copy_with(query=None, fragment=None)
    above = root.path.rstrip("/").removesuffix("/v1")
    for service in map(named, keys or services()):
        asked = service.probe
        if asked is None or (asked.near and not is_near(root.host)):
            continue
        body = bytearray()
        with (
            suppress(openai.APIStatusError, httpx2.HTTPError),
            anyio.move_on_after(_PATIENCE),
        ):
            url = root.copy_with(path=above + asked.path)
            async with (
                http.stream("GET", url) as response,
                aclosing(response.aiter_bytes()) as chunks,
            ):
                async for chunk in chunks:
                    body += chunk
                    if len(body) > _PROBED:
                        break
        if asked.word.encode() in body:
            return service.key
    return ""

"""Asks a service what can be learned without paying: who it is, the key, models, the clock."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from types import MappingProxyType
from typing import cast

import anyio
import httpx2
import openai
from openai import AsyncOpenAI

from ...domain.endpoints import host_of, is_first_party, is_here, is_near, origin_of
from ...domain.errors import AquatintError
from ...domain.json_values import as_list, as_object
from ...domain.redaction import Gate
from ...domain.types import Finding
from ...domain.words import clean
from .errors import FOREIGN, translate
from .services import UNKNOWN, Service, created_sign, identify, probe

PATIENCE = 10.0  # seconds for GET /models
LIST_BYTES = 8_000_000  # of a list of models that are read
SKEW = 120.0  # seconds between two clocks that nobody minds
SHOWN = 5  # names of other models in a fix
LIMITS = "https://platform.openai.com/settings/organization/limits"
NOT_ASKED = "not asked (--offline)"
# What a failure that is not the key's is about, by its code.
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "bad_certificate": "TLS",
        "bad_certificates": "TLS",
        "bad_proxy": "proxy",
        "timeout": "network",
        "unreachable": "network",
    }
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as GET /models tells of it. Source: types/model.py of the openai package."""

    id: str
    owner: str
    shutdown: str
    created: object


@dataclass(frozen=True, slots=True)
class Answer:
    """What GET /models gave: headers (lower-case names), the list, or what went wrong."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: AquatintError | None = None
    status: int = 0  # 0: nothing answered, or nobody asked
    models: tuple[Listed, ...] | None = None  # None: what came is not a list
    sign: str = ""  # the key of the service, as a setting or a probe has it


async def ask(
    client: AsyncOpenAI,
    http: httpx2.AsyncClient,
    base_url: str,
    patience: float,
    gate: Gate,
    service: str = "",
) -> Answer:
    """One GET /models, and where there is no such list and no known service, a probe.

    `service` is the key of what stands there, where somebody said so.
    """
    answer = await _list(client, patience, gate)
    if known := service or created_sign(model.created for model in answer.models or ()):
        return replace(answer, sign=known)
    if answer.models is None and identify(base_url, set(answer.headers)) is UNKNOWN:
        return replace(answer, sign=await probe(http, base_url))
    return answer


async def _list(client: AsyncOpenAI, patience: float, gate: Gate) -> Answer:
    """One GET /models; raises nothing."""
    headers: Mapping[str, str] = {}
    body = bytearray()
    try:
        with anyio.fail_after(min(patience, PATIENCE)):
            async with (
                client.models.with_streaming_response.list() as response,
                aclosing(response.http_response.aiter_bytes()) as chunks,
            ):
                headers = dict(response.headers)
                async for chunk in chunks:
                    body += chunk
                    if len(body) > LIST_BYTES:
                        break
    except FOREIGN as exc:
        failure = translate(exc, gate)
        if isinstance(exc, openai.APIStatusError):
            return Answer(dict(exc.response.headers), failure, exc.status_code)
        return Answer(headers, failure)
    parsed: object = None
    with contextlib.suppress(ValueError, RecursionError):
        parsed = json.loads(bytes(body))
    return Answer(headers, None, 200, _listed(parsed, gate))


def findings(
    base_url: str, keyed: bool, answer: Answer, models: Collection[str], now: float, gate: Gate
) -> list[Finding]:
    """What an answer means, in the order people ask: service, key, models, clock."""
    owners = {model.owner for model in answer.models or ()}
    service = identify(base_url, set(answer.headers), owners, answer.sign)
    found = [_service(service, base_url)]
    if not answer.status and answer.failure is None:
        return [*found, Finding("access", "info", NOT_ASKED)]
    found += [_access(base_url, keyed, answer), *_billed(answer.headers, gate)]
    if answer.models is not None and not service.deploys:
        found += _models(answer.models, models, is_first_party(base_url))
    return found + _clock(answer.headers, now)


def proxy_of(base_url: str) -> tuple[bool, str | None]:
    """Whether the environment names a proxy, and which one calls to this address go through.

    Asks what httpx2 asks when it makes a client; there is no public way to it.
    """
    from httpx2._utils import URLPattern, get_environment_proxies

    proxies = get_environment_proxies()
    url = httpx2.URL(base_url)
    matching = (one for one in sorted(map(URLPattern, proxies)) if one.matches(url))
    return any(proxies.values()), next((proxies[one.pattern] for one in matching), None)


def proxy_findings(base_url: str) -> list[Finding]:
    """Whether calls go through a proxy, and what of it is not spoken here."""
    host = origin_of(base_url)[1]
    try:
        named, proxy = proxy_of(base_url)
    except httpx2.InvalidURL:  # said where the address is judged
        return []
    if proxy is None:
        text = f"one is set; calls to {host} do not go through it"
        return [Finding("proxy", "ok", text if named else "none")]
    if proxy.startswith("socks") and find_spec("socksio") is None:
        text = "it is a SOCKS proxy, which is not spoken here"
        fix = "Set HTTPS_PROXY to an HTTP proxy, or run pip install socksio beside aquatint."
        return [Finding("proxy", "fail", text, fix)]
    place = proxy.rpartition("@")[2].split("://")[-1].rstrip("/")  # no password is shown
    if is_here(host):
        text = f"calls to {host}, this very machine, go through {place}"
        return [Finding("proxy", "warn", text, f"Add {host} to NO_PROXY.")]
    return [Finding("proxy", "ok", f"calls to {host} go through {place}")]


def _service(service: Service, base_url: str) -> Finding:
    where = host_of(base_url)
    name = f"{where}, {service.name}" if service is UNKNOWN else f"{service.name} at {where}"
    if not service.lacks:
        return Finding("service", "ok", name)
    return Finding(
        "service",
        "ok" if service.speaks else "fail",
        f"{name}: {'; '.join(service.lacks)}",
        service.fix,
    )


def _access(base_url: str, keyed: bool, answer: Answer) -> Finding:
    """Whether the key is taken. Many services have no list of models, which is no fault."""
    where, error = host_of(base_url) or "the service", answer.failure
    if answer.status in (404, 405, 501):
        text = f"{where} answers, but lists no models; whether it takes the key is not known"
        return Finding("access", "warn", text, "Draw something small to find out.")
    if error is not None:
        name = NAMES.get(error.reason, "access")
        soft = answer.status in (403, 429) or answer.status >= 500
        level = "warn" if soft else "fail"
        if error.spent == "unknown":  # its words are those of a paid call
            text = f"{where} did not answer as it should ({answer.status or error.reason})"
            return Finding(name, level, text, "Look at its status page, the network and the proxy.")
        near = name == "network" and is_near(where)
        fix = "Start the service, or correct AQUATINT_BASE_URL." if near else error.fix
        return Finding(name, level, error.message, fix)
    if answer.models is None:
        text = f"{where} answers, but not as an API does"
        return Finding("access", "fail", text, "Check AQUATINT_BASE_URL: it usually ends in /v1.")
    return Finding("access", "ok", f"{where} accepts the key" if keyed else f"{where} answers")


def _billed(headers: Mapping[str, str], gate: Gate) -> list[Finding]:
    """Who pays, as OpenAI's headers say. Source: API reference, debugging requests."""
    names = ("organization", "project")
    limits = [(name, gate.words(headers.get(f"openai-{name}", ""), 80)) for name in names]
    text = ", ".join(f"{name} {value}" for name, value in limits if value)
    return [Finding("billed to", "ok", text)] if text else []


def _models(
    listed: Collection[Listed], wanted: Collection[str], first_party: bool
) -> list[Finding]:
    known = {model.id: model for model in listed}
    found: list[Finding] = []
    for name in dict.fromkeys(wanted):
        model = known.get(name)
        if model is None:
            found.append(_unlisted(name, known, first_party))
        elif model.shutdown:
            text = f"the service shuts it down on {model.shutdown}"
            found.append(Finding(name, "warn", text, "Set AQUATINT_MODEL to another."))
        else:
            found.append(Finding(name, "ok", "listed for this key"))
    return found


def _unlisted(name: str, known: Collection[str], first_party: bool) -> Finding:
    if first_party:
        text = "not in the list of models of this key, which may lag behind: one call will tell"
        fix = f"Allow the key's project to use it at {LIMITS}, or set AQUATINT_MODEL to another."
        return Finding(name, "warn", text, fix)
    images = [id for id in known if "image" in id.lower()] or list(known)
    shown = ", ".join(clean(id, 60) for id in images[:SHOWN])
    fix = (
        f"Set AQUATINT_MODEL and AQUATINT_EDIT_MODEL to what it has{': ' + shown if shown else ''}."
    )
    return Finding(name, "warn", "not in the service's list of models", fix)


def _clock(headers: Mapping[str, str], now: float) -> list[Finding]:
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, OverflowError):
        return []
    theirs = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    off = now - theirs.timestamp()
    if abs(off) < SKEW:
        return [Finding("clock", "ok", "as the service's")]
    text = f"{abs(off) / 60:,.0f} minutes {'ahead of' if off > 0 else 'behind'} the service's"
    return [Finding("clock", "warn", text, "Set this machine's clock: certificates depend on it.")]


def _listed(value: object, gate: Gate) -> tuple[Listed, ...] | None:
    data = as_object(value).get("data", value)
    if not isinstance(data, list):
        return None

    def words(row: dict[str, object], name: str) -> str:
        return gate.words(str(row.get(name) or ""), 100)

    found = (as_object(row) for row in as_list(cast(object, data)))
    return tuple(
        Listed(
            words(row, "id"),
            words(row, "owned_by"),
            words(row, "shutdown_date"),
            row.get("created"),
        )
        for row in found
        if row.get("id")
    )

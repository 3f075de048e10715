"""Knows the services that speak OpenAI's Images API, and what of it each does not do."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ...domain.endpoints import host_of, is_first_party, origin_of


@dataclass(frozen=True, slots=True)
class Service:
    """What speaks the Images API at an address, and what of it that service does not do.

    Known by its host (a pattern), its port, a response header, or the owner of a listed model.
    """

    name: str
    lacks: tuple[str, ...] = ()
    fix: str = ""
    host: str = ""
    port: int = 0
    header: str = ""
    owner: str = ""
    deploys: bool = False  # models go by names of the operator's, which no list has


UNKNOWN = Service(
    "a service that is not known here",
    ("what it lacks is found out by trying: an unsupported option is left out, and said",),
)
# [P] the services' own documentation or source, [3P] others'; as of 2026-11-21.
SERVICES = (
    Service("OpenAI", host=r"(.+\.)?api\.openai\.com"),
    Service(  # [P] the how-to page of azure-ai-docs, 2026-04-17
        "Azure OpenAI, v1 route",
        ("no WebP, GIF or SVG output", "quotas of a few pictures a minute"),
        "AQUATINT_MODEL and AQUATINT_EDIT_MODEL are names of deployments there.",
        host=r".+\.(openai\.azure\.com|services\.ai\.azure\.com|cognitiveservices\.azure\.com)",
        deploys=True,
    ),
    Service(  # [P] passes requests on as they are
        "Cloudflare AI Gateway",
        ("calls count at the provider behind it, and cached replies repeat pictures",),
        "The address ends in /openai; switch off the gateway's own authentication, whose header "
        "is not sent.",
        host=r"gateway\.ai\.cloudflare\.com",
    ),
    Service(  # [3P] its pictures come from POST /images, with other fields
        "OpenRouter",
        ("no /images/generations and no /images/edits: its own API for pictures is another one",),
        "Set OPENAI_BASE_URL to a service with the Images API.",
        host=r"(.+\.)?openrouter\.ai",
    ),
    Service(  # [P] issues 15963, 26552, 41625; headers: proxy/response_headers
        "LiteLLM proxy",
        ("edits with a mask or several pictures fail in some of its versions",),
        "Upgrade it when edits fail.",
        header="x-litellm-version",
    ),
    Service(  # [P] serving/image_edit_api.md
        "vLLM-Omni",
        (
            "no masks (it reads them from a field of another name)",
            "no early looks (AQUATINT_PARTIALS)",
            "unknown options are ignored without a word",
        ),
        owner="vllm",
    ),
    Service(  # [P] diffusion/api/openai_api.md
        "SGLang", ("no masks are documented",), owner="sglang"
    ),
    Service(  # [P] docs.ollama.com: experimental, generations only
        "Ollama",
        ("no edits and no masks", "no background, quality or compression"),
        "Use edit_image with another service.",
        port=11434,
        owner="library",
    ),
    Service(  # [P] features/image-generation.md
        "LocalAI",
        ("no documented /images/edits: no edits and no masks", "no quality or background"),
        "Use edit_image with another service.",
        host=r"(.*[.-])?localai([.-].*)?",
        header="localai-version",
        owner="localai",
    ),
    Service(  # [P] examples/server/routes_openai.cpp
        "stable-diffusion.cpp",
        ("no WebP from edits", "one picture at a time, and no token counts"),
        "Leave AQUATINT_MASK at both: it reads masks as grey, white is edited.",
        owner="local",
    ),
    Service(  # [S]
        "a reseller",
        ("sizes and qualities may be changed without a word", "prices are its own"),
        "AQUATINT_PRICE_USD says what a picture costs there.",
        host=r"(.+\.)?(cometapi\.com|apiyi\.com|laozhang\.ai|aihubmix\.com|piapi\.ai|fal\.run)",
    ),
)


def identify(
    base_url: str | None, headers: Collection[str] = (), owners: Collection[str] = ()
) -> Service:
    """The service at an address; `headers` (lower-case names) and `owners` are what it answered."""
    if is_first_party(base_url):
        return SERVICES[0]
    host, (_, _, port) = host_of(base_url or ""), origin_of(base_url or "")
    for service in SERVICES:
        if service.host and re.fullmatch(service.host, host):
            return service
    answered = {*headers, *owners} - {""}
    for service in SERVICES:
        if answered & {service.header, service.owner} or (port and service.port == port):
            return service
    return UNKNOWN

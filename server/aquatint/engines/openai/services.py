"""Knows the services that speak OpenAI's Images API, and what of it each does not do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from types import MappingProxyType

import anyio
import httpx2
import openai

from ...domain.endpoints import host_of, is_first_party, is_near, origin_of

LITELLM = "litellm"
COMFYUI = "comfyui"
# Behind a LiteLLM proxy one call of ours made 27 of its own; other services ignore this.
NO_RETRIES: Mapping[str, str] = MappingProxyType({"x-litellm-num-retries": "0"})
LITELLM_CREATED = 1677610602  # seconds since the epoch: of every model that it lists
# What only one service answers, by its sign: where, and a word of the answer.
_PROBES = {
    LITELLM: ("/health/liveliness", b"alive"),
    COMFYUI: ("/system_stats", b"comfyui_version"),
}
_PATIENCE = 2.0  # seconds for a probe
_PROBED = 16 * 1024  # bytes of its answer that are read


@dataclass(frozen=True, slots=True)
class Service:
    """What speaks the Images API at an address, and what of it that service does not do.

    Known by its host (a pattern), its port, a response header, the owner of a listed model, or the
    sign of a probe. `speaks` is false for what is no Images API at all.
    """

    name: str
    lacks: tuple[str, ...] = ()
    fix: str = ""
    host: str = ""
    port: int = 0
    header: str = ""
    owner: str = ""
    sign: str = ""
    speaks: bool = True
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
        "Set AQUATINT_BASE_URL to a service with the Images API.",
        host=r"(.+\.)?openrouter\.ai",
        speaks=False,
    ),
    Service(  # [R] 0.3.64: its routes are /prompt, /history and /view
        "ComfyUI",
        ("no /images/generations and no /images/edits: it runs workflows",),
        "Set AQUATINT_COMFY_URL to this address instead, and AQUATINT_COMFY_WORKFLOW to a workflow "
        "exported in API format.",
        port=8188,
        sign=COMFYUI,
        speaks=False,
    ),
    Service(  # [P] issues 15963, 19569, 26552, 41625; [R] 1.106.12
        "LiteLLM proxy",
        (
            "edits with a mask or several pictures fail in some of its versions",
            "no early looks (AQUATINT_PARTIALS) and no markup",
            "it tries again by itself, and may pay for each try",
        ),
        "Set num_retries: 0 and max_retries: 0 in its configuration; upgrade it when edits fail.",
        header="x-litellm-version",
        sign=LITELLM,
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
        (
            "no WebP from edits",
            "one picture at a time, and no token counts",
            "sizes are rounded up; model, quality and background are ignored",
            "its seed is always 42: the same prompt gives the same picture",
        ),
        'End a prompt with <sd_cpp_extra_args>{"seed":-1}</sd_cpp_extra_args> for another picture. '
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
    base_url: str | None,
    headers: Collection[str] = (),
    owners: Collection[str] = (),
    sign: str = "",
) -> Service:
    """The service at an address; `headers` (lower-case names) and `owners` are what it answered,
    `sign` is what `probe` found."""
    if is_first_party(base_url):
        return SERVICES[0]
    host, (_, _, port) = host_of(base_url or ""), origin_of(base_url or "")
    for service in SERVICES:
        if (service.host and re.fullmatch(service.host, host)) or (sign and service.sign == sign):
            return service
    answered = {*headers, *owners} - {""}
    for service in SERVICES:
        if answered & {service.header, service.owner} or (port and service.port == port):
            return service
    return UNKNOWN


def answered_by_litellm(headers: Iterable[str]) -> bool:
    return any(name.lower().startswith("x-litellm-") for name in headers)


async def probe(http: httpx2.AsyncClient, base_url: str, signs: Iterable[str]) -> str:
    """Which of these services stands at an address, by what only it answers; "" for none.

    Asked beside the API's path, without the key.
    """
    root = httpx2.URL(base_url).copy_with(query=None, fragment=None)
    above = root.path.rstrip("/").removesuffix("/v1")
    for sign in signs:
        path, word = _PROBES[sign]
        if sign == COMFYUI and not is_near(root.host):
            continue  # it has no authentication, and so stands at home
        body = bytearray()
        with (
            suppress(openai.APIStatusError, httpx2.HTTPError),
            anyio.move_on_after(_PATIENCE),
        ):
            url = root.copy_with(path=above + path)
            async with (
                http.stream("GET", url) as response,
                aclosing(response.aiter_bytes()) as chunks,
            ):
                async for chunk in chunks:
                    body += chunk
                    if len(body) > _PROBED:
                        break
        if word in body:
            return sign
    return ""

"""Reads addresses: OpenAI's own or another, near or far, mistaken."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from .types import Finding

NO_ROUTE = "no_such_route"  # the code of an error: nobody makes pictures at that address
FIRST_PARTY = "https://api.openai.com/v1"
_HOST = "api.openai.com"
# Chat behind OpenAI's routes and no /images/generations, as known in 2026-11; another one shows
# by its 404.
CHAT_HOSTS = (
    "api.anthropic.com",
    "api.cerebras.ai",
    "api.cohere.ai",
    "api.cohere.com",
    "api.deepseek.com",
    "api.githubcopilot.com",
    "api.groq.com",
    "api.mistral.ai",
    "api.moonshot.ai",
    "api.moonshot.cn",
    "api.perplexity.ai",
    "api.sambanova.ai",
    "chatgpt.com",
    "dashscope.aliyuncs.com",
    "dashscope-intl.aliyuncs.com",
    "dashscope-us.aliyuncs.com",
    "models.github.ai",
    "models.inference.ai.azure.com",
    "openrouter.ai",
    "opencode.ai",
    "portal.qwen.ai",
)


def is_first_party(base_url: str | None) -> bool:
    """Whether a base URL is OpenAI's own: none given, its host, or a regional host of it."""
    if base_url is None or not base_url.strip():
        return True
    host = host_of(base_url)
    return host == _HOST or host.endswith("." + _HOST)


def only_chats(base_url: str | None) -> bool:
    """Whether an address is that of a service known to serve chat, and no pictures this way."""
    host = host_of(base_url or "")
    return any(host == one or host.endswith("." + one) for one in CHAT_HOSTS)


def host_of(url: str) -> str:
    """The lower-case host name of a URL, "" when it has none."""
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:  # an unclosed IPv6 bracket
        return ""


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what must be equal for credentials to go along."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ("", "", None)
    return (parts.scheme, (parts.hostname or "").rstrip("."), port)


def mistakes(base_url: str | None) -> list[Finding]:
    """What is wrong with an address as it is written, and the fix; no network is asked."""
    url = (base_url or "").strip()
    if not url:
        return []
    scheme, host, _ = origin_of(url)
    if scheme not in {"http", "https"} or not host:
        text = "The base URL is not a complete http(s) address."
        return [Finding("base URL", "fail", text, "Set AQUATINT_BASE_URL, whole: https://host/v1.")]
    path = urlsplit(url).path.rstrip("/")
    found: list[Finding] = []
    if scheme == "http" and not is_near(host):
        text = f"The base URL: the key and the pictures travel to {host} unencrypted."
        found.append(Finding("base URL", "warn", text, "Begin it with https://."))
    if "/deployments/" in path or "api-version=" in url:
        text = "The base URL is Azure's older route, which aquatint does not support."
        fix = (
            f"Set AQUATINT_BASE_URL to https://{host}/openai/v1/, and AQUATINT_MODEL to a "
            "deployment's name."
        )
        found.append(Finding("base URL", "fail", text, fix))
    elif end := re.search(r"/(images|chat|responses|completions|models)(/.*)?$", path):
        text = f"The base URL names one endpoint ({end[0]}); it should stop before it."
        fix = f"Set AQUATINT_BASE_URL to {scheme}://{host}{path[: end.start()]}"
        found.append(Finding("base URL", "fail", text, fix))
    elif is_first_party(url) and path != "/v1":
        text = "The base URL: OpenAI's own address ends in /v1."
        found.append(
            Finding("base URL", "fail", text, f"Set AQUATINT_BASE_URL to https://{host}/v1.")
        )
    return found


def is_near(host: str) -> bool:
    """Whether a host is this machine, a private address, or a name without a domain."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))
    return address.is_private or address.is_loopback or address.is_link_local


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Tells OpenAI's own endpoint from every other service that speaks its API."""

from __future__ import annotations

from urllib.parse import urlsplit

FIRST_PARTY = "https://api.openai.com/v1"
_HOST = "api.openai.com"


def is_first_party(base_url: str | None) -> bool:
    """Whether a base URL is OpenAI's own: none given, its host, or a regional host of it."""
    if base_url is None or not base_url.strip():
        return True
    host = host_of(base_url)
    return host == _HOST or host.endswith("." + _HOST)


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

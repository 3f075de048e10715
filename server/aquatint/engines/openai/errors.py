"""Maps every exception a call can raise to the error tree; total."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import cast

import anyio
import httpx2
import openai

from ...domain.errors import (
    AquatintError,
    BadReply,
    BadRequest,
    Misconfigured,
    NotKept,
    Unavailable,
)
from ...domain.words import clean
from .refusals import Said, describe, refusal, safe_words

# A failure of these kinds happened before a byte of the request left.
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
# What a call to the SDK or its HTTP client raises, and what a part's disk does.
FOREIGN = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    OSError,  # TimeoutError too
    anyio.EndOfStream,  # a TLS connection that httpx2 does not map
    ValueError,
)


def translate(exc: BaseException, hide: str = "") -> AquatintError:  # noqa: PLR0911 - a table
    """Total: whatever it is, one of ours comes back, without the key `hide` in its words."""
    match exc:
        case AquatintError():
            return exc
        case openai.APIStatusError():
            return refusal(said(exc, hide), retry_after(exc.response.headers))
        case openai.APIConnectionError():
            return _connection(exc.__cause__ or exc, hide)
        case httpx2.TransportError():
            return _connection(exc, hide)
        case UnicodeEncodeError():
            return _unsendable(exc)
        case httpx2.DecodingError() | openai.APIError() | ValueError():
            return BadReply(
                f"The service sent something that cannot be read: {safe_words(str(exc), hide)}",
                "Call again; if it stays so, check OPENAI_BASE_URL with `aquatint doctor`.",
                spent="unknown",
            )
        case httpx2.InvalidURL() | openai.OpenAIError() | TypeError():
            return Misconfigured(
                f"The call could not be made: {safe_words(str(exc), hide)}",
                "Check OPENAI_API_KEY and OPENAI_BASE_URL with `aquatint doctor`.",
            )
        case TimeoutError():
            return _timeout()
        case ConnectionError() | ssl.SSLError():
            return _lost(safe_words(str(exc), hide))
        case OSError():
            return NotKept(
                f"The picture could not be written: {safe_words(exc.strerror or str(exc), hide)}",
                "Free space or repair AQUATINT_HOME, then call again.",
                spent="unknown",
            )
        case _:
            return _lost(f"{type(exc).__name__}: {safe_words(str(exc), hide)}")


def said(exc: openai.APIStatusError, hide: str = "") -> Said:
    request_id = clean(safe_words(exc.request_id or "", hide), 100) or None
    return describe(exc.body, exc.status_code, request_id, hide)


def retry_after(headers: Mapping[str, str], now: Callable[[], float] | None = None) -> float | None:
    """Seconds to wait, from `retry-after-ms`, seconds, or (given a clock) an HTTP date."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            wait = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= wait < float("inf"):
            return wait
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if now is None:
        return None
    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(moment.timestamp() - now(), 0.0)


def status_error(response: httpx2.Response, body: bytes) -> openai.APIStatusError:
    """The SDK's error for a refusal whose body was read with a ceiling, by us."""
    text = body.decode("utf-8", "replace").strip()
    parsed: object = text
    with contextlib.suppress(ValueError, RecursionError):
        parsed = cast(object, json.loads(text))
    return openai.APIStatusError(
        f"Error code: {response.status_code}", response=response, body=parsed
    )


def was_sent(exc: BaseException) -> bool:
    """Whether the request may have left before this happened."""
    return not isinstance(exc, NEVER_SENT) and not isinstance(exc.__cause__, NEVER_SENT)


def unusable(exc: BaseException) -> Misconfigured:
    """What the environment says about proxies and certificates, and no client can be made of."""
    if isinstance(exc, ImportError):
        return Misconfigured(
            "The proxy is a SOCKS proxy, which is not spoken here.",
            "Set HTTPS_PROXY to an HTTP proxy, or run pip install socksio beside aquatint.",
            code="bad_proxy",
        )
    if isinstance(exc, OSError):
        return Misconfigured(
            f"SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {clean(str(exc), 200)}",
            "Set SSL_CERT_FILE to a PEM file of certificates, readable by this account.",
            code="bad_certificates",
        )
    return Misconfigured(
        "The proxy's address cannot be read.",
        "Write HTTPS_PROXY as http://host:port.",
        code="bad_proxy",
    )


def _uncertain(words: str) -> Misconfigured:
    """A certificate that is not trusted: most often a company's proxy, or a wrong clock."""
    fix = "If a company's proxy or a server of yours signs it, set SSL_CERT_FILE to its CA (PEM)."
    if "expired" in words or "not yet valid" in words:
        fix = "Set this machine's clock; if it is right, the service has to renew its certificate."
    return Misconfigured(
        f"The service's certificate is not trusted: {words}", fix, code="bad_certificate"
    )


def _connection(cause: BaseException, hide: str) -> AquatintError:
    if "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return _uncertain(safe_words(str(cause), hide))
    if not was_sent(cause):
        return Unavailable(
            f"The service could not be reached: {safe_words(str(cause), hide) or 'no answer'}.",
            "Check the network and OPENAI_BASE_URL (`aquatint doctor`), then call again.",
            code="unreachable",
            spent="no",
        )
    if isinstance(
        cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError
    ):
        return Misconfigured(
            f"The call could not be made: {safe_words(str(cause), hide)}",
            "Set OPENAI_BASE_URL to an address that begins with https:// (or http:// at home).",
        )
    if isinstance(cause, httpx2.TimeoutException | TimeoutError):
        return _timeout()
    return _lost(safe_words(str(cause), hide))


def _unsendable(exc: UnicodeEncodeError) -> AquatintError:
    if exc.encoding == "ascii":  # a header
        return Misconfigured(
            "The API key, organisation or project has characters that no header can carry.",
            "Set OPENAI_API_KEY, OPENAI_ORG_ID and OPENAI_PROJECT_ID again, without quotes.",
            code="invalid_key",
        )
    return BadRequest(
        "The prompt has half characters (lone surrogates) that cannot be sent.",
        "Call again with the prompt as plain text.",
    )


def _timeout() -> Unavailable:
    return Unavailable(
        "The provider did not answer in time; whether it drew and charged is not known.",
        "Call again (it may be charged again), with a lower quality or smaller size, "
        "or raise AQUATINT_DEADLINE.",
        code="timeout",
        spent="unknown",
    )


def _lost(why: str) -> Unavailable:
    return Unavailable(
        "The connection was lost after the request was sent; whether it was charged is not known."
        + (f" ({why})" if why else ""),
        "Look at recent_images, then call again (it may be charged again).",
        code="connection_lost",
        spent="unknown",
    )

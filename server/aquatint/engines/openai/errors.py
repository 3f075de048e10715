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
    Unavailable,
)
from ...domain.redaction import Gate
from ...domain.words import clean
from .refusals import ProviderMessage, describe, refusal

LONGEST_QUOTED = 1e7  # seconds of a Retry-After that are believed: four months
# A failure of these kinds happened before a byte of the request left.
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
# What a call to the SDK or its HTTP client raises.
FOREIGN = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    anyio.EndOfStream,  # a TLS connection that httpx2 does not map
    ssl.SSLError,  # the same
    TimeoutError,
    UnicodeError,  # a key, a prompt or a host name that cannot be sent
)


def translate(exc: BaseException, gate: Gate) -> AquatintError:  # noqa: PLR0911 - a table
    """Total: whatever it is, one of ours comes back."""
    match exc:
        case AquatintError():
            return exc
        case openai.APIStatusError():
            return refusal(provider_message(exc, gate), retry_after(exc.response.headers))
        case openai.APIConnectionError():
            return _connection(exc.__cause__ or exc, gate)
        case httpx2.TransportError():
            return _connection(exc, gate)
        case UnicodeEncodeError():
            return _unsendable(exc)
        case httpx2.DecodingError() | openai.APIError():
            return BadReply(
                f"The service sent something that cannot be read: {gate.words(str(exc))}",
                "Call again; if it stays so, check AQUATINT_BASE_URL with `aquatint doctor`.",
                spent="unknown",
            )
        case httpx2.InvalidURL() | openai.OpenAIError() | UnicodeError():
            return Misconfigured(
                f"The call could not be made: {gate.words(str(exc))}",
                "Check OPENAI_API_KEY and AQUATINT_BASE_URL with `aquatint doctor`.",
            )
        case TimeoutError():
            return _timeout()
        case _:
            return _lost(f"{type(exc).__name__}: {gate.words(str(exc))}")


def provider_message(exc: openai.APIStatusError, gate: Gate) -> ProviderMessage:
    request_id = gate.words(exc.request_id or "", 100) or None
    return describe(gate.value(exc.body), exc.status_code, request_id)


def retry_after(headers: Mapping[str, str], now: Callable[[], float] | None = None) -> float | None:
    """Seconds to wait, from `retry-after-ms`, seconds, or (given a clock) an HTTP date."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            wait = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= wait <= LONGEST_QUOTED:
            return wait
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
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


def _connection(cause: BaseException, gate: Gate) -> AquatintError:
    if "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return _uncertain(gate.words(str(cause)))
    if not was_sent(cause):
        return Unavailable(
            f"The service could not be reached: {gate.words(str(cause)) or 'no answer'}.",
            "Check the network and AQUATINT_BASE_URL (`aquatint doctor`), then call again.",
            code="unreachable",
            spent="no",
        )
    if isinstance(
        cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError
    ):
        return Misconfigured(
            f"The call could not be made: {gate.words(str(cause))}",
            "Set AQUATINT_BASE_URL to an address that begins with https:// (or http:// at home).",
        )
    if isinstance(cause, httpx2.TimeoutException | TimeoutError):
        return _timeout()
    return _lost(gate.words(str(cause)))


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

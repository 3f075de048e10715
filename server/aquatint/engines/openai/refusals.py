"""Reads what a provider said in refusing, and names the error and the next step for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ...domain.endpoints import NO_ROUTE
from ...domain.errors import (
    AquatintError,
    BadImage,
    BadMask,
    BadRequest,
    Busy,
    Misconfigured,
    ModelCannot,
    Refused,
    Spent,
    Unavailable,
)
from ...domain.json_values import as_list, as_object
from ...domain.redaction import MOST_WORDS
from ...domain.words import clean

VERIFY = "https://platform.openai.com/settings/organization/general"
KEYS = "https://platform.openai.com/api-keys"
BILLING_PAGE = "https://platform.openai.com/settings/organization/billing"

_BILLING = frozenset(
    {
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "insufficient_quota",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
    }
)
_OURS = ("invalid_request_error", "image_generation_user_error")  # the request is at fault
_STATUS_OF = {"invalid_api_key": 401, "model_not_found": 404}  # codes that come inside a 200
_MODERATION = frozenset(
    {"moderation_blocked", "content_policy_violation", "contentfilter", "content_filter"}
)
_BAD_IMAGE = frozenset(
    {
        "invalid_image_file",
        "unsupported_file_mimetype",
        "invalid_image",
        "invalid_image_format",
        "image_too_large",
        "image_too_small",
        "image_parse_error",
        "invalid_image_mode",
        "image_file_too_large",
        "unsupported_image_media_type",
        "empty_image_file",
    }
)
# LiteLLM's errors by their words: pattern, status, code. Its codes are statuses as text, and some
# of its statuses are others than the provider's. Measured with 1.106.12.
_LITELLM = (
    (r"safety system|ContentPolicyViolation|moderation_blocked", 400, "moderation_blocked"),
    (r"must be verified|verify organization|country, region", 403, ""),
    (r"no_db_connection|incorrect api key|AuthenticationError", 401, "invalid_api_key"),
    (r"quota|out of credits|billing|spend limit|budget", 429, "insufficient_quota"),
    (r"invalid model name|does not exist|has been deprecated", 404, "model_not_found"),
    (r"RateLimitError|rate limit|cooldown", 429, "rate_limit_exceeded"),
    (r"Timeout|timed out", 504, ""),
    (r"overloaded|ServiceUnavailable|InternalServer|APIConnection|had an error", 500, ""),
)


@dataclass(frozen=True, slots=True)
class ProviderMessage:
    """What a provider said in refusing; `status` is None inside a stream or a 200."""

    status: int | None = None
    code: str = ""
    type: str = ""
    param: str = ""
    message: str = ""
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    request_id: str | None = None

    @property
    def quote(self) -> str:
        return f" It said: {self.message}" if self.message else ""

    @property
    def billing(self) -> bool:
        return self.code in _BILLING or self.type in _BILLING


def describe(
    body: object, status: int | None = None, request_id: str | None = None
) -> ProviderMessage:
    """A refusal's body (an object, FastAPI's `detail`, a bare string, HTML) as one value.

    It went through the gate before.
    """
    fields = as_object(body)
    inner = as_object(fields.get("error")) or fields
    words = [inner.get(key) for key in ("message", "detail", "error", "msg")]
    text = next((_text(word) for word in words if word), "") if fields else _text(body)
    names = {key: clean(str(inner.get(key) or ""), 100) for key in ("code", "type", "param")}
    details = as_object(inner.get("moderation_details"))
    message = clean(text, MOST_WORDS)
    return ProviderMessage(status, **names, message=message, details=details, request_id=request_id)


def refusal(words: ProviderMessage, wait: float | None = None) -> AquatintError:  # noqa: PLR0911 - a table
    """The error for what a provider said; `wait` is its Retry-After in seconds."""
    words = restored(words)
    status = words.status or _STATUS_OF.get(words.code)
    safety = words.type == "image_generation_user_error" and "safety system" in words.message
    if words.code.lower() in _MODERATION or safety:
        return _refused(words)
    if words.billing or status == 402:
        return Misconfigured(
            f"The provider's account has no credit left or reached a spending limit.{words.quote}",
            f"Add credit or raise the limit at {BILLING_PAGE}, then call again.",
            code="billing",
            request_id=words.request_id,
        )
    if status is not None and 300 <= status < 400:
        return Misconfigured(
            "The service redirected the call to another address; redirects are never followed.",
            "Set AQUATINT_BASE_URL to the address that answers itself.",
            code="redirect",
            request_id=words.request_id,
        )
    if status == 429 or words.code in ("rate_limit_exceeded", "slow_down"):
        return _busy("limits how fast calls may come", "rate_limited", words, wait)
    if status == 503 and (wait is not None or words.code == "server_is_overloaded"):
        return _busy("is overloaded", "overloaded", words, wait)
    if status is None and (words.param or words.type in _OURS):
        return _rejected(words)
    if status is None or status >= 500 or status in (408, 409):
        return _failed(words)
    by_status = _BY_STATUS.get(status)
    return by_status(words) if by_status else _rejected(words)


def restored(words: ProviderMessage) -> ProviderMessage:
    """What the provider said, where LiteLLM changed status and code, as its words still tell it."""
    if not by_litellm(words):
        return words
    text = f"{words.message} {words.type} {words.code}"
    for pattern, status, code in _LITELLM:
        if re.search(pattern, text, re.IGNORECASE):
            return replace(words, status=status, code=code, type="", param="")
    return replace(words, code="", type="", param="")


def by_litellm(words: ProviderMessage) -> bool:
    """Whether a LiteLLM proxy said it, by itself or for the provider behind it."""
    signs = r"\blitellm\.|no_db_connection|in_cooldown|cooldown_list|invalid model name passed in"
    return re.search(signs, f"{words.message} {words.type} {words.code}", re.IGNORECASE) is not None


def _refused(words: ProviderMessage) -> Refused:
    stage = str(words.details.get("moderation_stage") or "")
    listed = [clean(str(name), 60) for name in as_list(words.details.get("categories"))]
    listed = listed or re.findall(r"safety_violations=\[([^\]]*)\]", words.message)
    kinds = f" ({', '.join(listed[:10])})" if listed else ""
    what = {"input": "the request", "output": "the picture it drew"}.get(stage, "the request")
    spent: Spent = "no" if stage == "input" else "unknown"
    again = (
        "Reword the prompt and call again; what was drawn, not the wording itself, was refused."
        if stage == "output"
        else f"Change what the prompt or the pictures show{kinds} and call again; "
        "the same request would be refused again."
    )
    return Refused(
        f"The provider's safety system rejected {what}{kinds}.{words.quote}",
        again,
        spent=spent,
        request_id=words.request_id,
    )


def _rejected(words: ProviderMessage) -> AquatintError:
    """400, 422 and their kin: something in the request itself."""
    message = words.message.lower()
    if words.param == "mask" or re.search(r"\bmask\b", message):
        return BadMask(
            f"The provider rejected the mask.{words.quote}",
            "Call make_mask again for the first image, and look at the red part.",
            request_id=words.request_id,
        )
    if words.code in _BAD_IMAGE or words.param.split("[")[0] in ("image", "images", "markup"):
        return BadImage(
            f"The provider rejected an input picture.{words.quote}",
            "Pass a PNG, JPEG or WebP picture that opens in an image viewer, under 50 MB.",
            request_id=words.request_id,
        )
    if words.param == "prompt":
        return BadRequest(
            f"The provider rejected the prompt.{words.quote}",
            "Call again with a prompt of 1 to 32,000 characters.",
            request_id=words.request_id,
        )
    if words.param or "does not support" in message or "not supported" in message:
        name = words.param or "options"
        return ModelCannot(
            f"The model cannot do this.{words.quote}",
            f"Call again with another {name} (or without it), or with another model.",
            request_id=words.request_id,
        )
    return BadRequest(
        f"The provider rejected the request.{words.quote}",
        "Change the request as it says and call again.",
        code="rejected",
        request_id=words.request_id,
    )


def _forbidden(words: ProviderMessage) -> Misconfigured:
    if (
        "must be verified" in words.message.lower()
        or "verify organization" in words.message.lower()
    ):
        return Misconfigured(
            f"The provider wants the organisation verified for this model.{words.quote}",
            f"Verify it at {VERIFY} and call again (it can take 15 minutes to take effect), "
            "or use a model that needs no verification.",
            code="org_unverified",
            request_id=words.request_id,
        )
    return Misconfigured(
        f"The provider forbids this call to this key.{words.quote}",
        "Check the key's project and permissions, and that the provider serves this country.",
        code="forbidden",
        request_id=words.request_id,
    )


def _missing(words: ProviderMessage) -> AquatintError:
    if words.code == "model_not_found" or words.param == "model" or "model" in words.message:
        return ModelCannot(
            f"The service does not have this model.{words.quote}",
            "Call again with another model; GET /v1/models lists what the key may use "
            "(`aquatint doctor` asks it).",
            code="model_not_found",
            request_id=words.request_id,
        )
    return Misconfigured(
        f"The service has no such address.{words.quote}",
        "Check AQUATINT_BASE_URL: it usually ends in /v1.",
        code=NO_ROUTE,
        request_id=words.request_id,
    )


def _unauthorized(words: ProviderMessage) -> Misconfigured:
    return Misconfigured(
        f"The provider refused the API key.{words.quote}",
        f"Set OPENAI_API_KEY to a valid key of this service (OpenAI: {KEYS}) and restart; "
        "`aquatint doctor` checks it.",
        code="invalid_key",
        request_id=words.request_id,
    )


def _too_large(words: ProviderMessage) -> BadImage:
    return BadImage(
        f"The request is too large for the service.{words.quote}",
        "Pass fewer or smaller pictures.",
        code="too_large",
        request_id=words.request_id,
    )


_BY_STATUS: Mapping[int, Callable[[ProviderMessage], AquatintError]] = {
    401: _unauthorized,
    403: _forbidden,
    404: _missing,
    405: _missing,
    413: _too_large,
}


def _busy(what: str, code: str, words: ProviderMessage, wait: float | None) -> Busy:
    when = f"in {wait:.0f} s" if wait else "in a minute"
    return Busy(
        f"The provider {what}.{words.quote}",
        f"Call again {when}.",
        code=code,
        retry_after=wait,
        request_id=words.request_id,
    )


def _failed(words: ProviderMessage) -> Unavailable:
    gateway = words.status in (408, 504, 524)
    status = f" with status {words.status}" if words.status else ""
    return Unavailable(
        f"The provider failed{status} after it had the request; whether it charged is not known."
        f"{words.quote}",
        "Call again (it may be charged again)"
        + (", or ask for less: lower quality, smaller size." if gateway else "."),
        code="gateway_timeout"
        if gateway
        else "conflict"
        if words.status == 409
        else "provider_error",
        spent="unknown",
        request_id=words.request_id,
    )


def _text(value: object) -> str:
    """The words in a message, a list of FastAPI's findings, or anything else."""
    if isinstance(value, str):
        return value
    found = [as_object(row) for row in as_list(value)]
    if any(found):
        where = [".".join(str(step) for step in as_list(row.get("loc"))) for row in found]
        return "; ".join(
            f"{at} {row.get('msg', '')}".strip() for at, row in zip(where, found, strict=True)
        )
    return "" if value is None else str(value)

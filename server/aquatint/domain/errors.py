"""Every way a call can fail, split by who can act on it.

AquatintError
├── BadRequest              the agent: call again, differently
│   ├── ModelCannot         ... the model does not have that ability
│   ├── BadImage            ... what was given is not a usable picture
│   ├── BadMask             ... the mask does not fit its picture
│   ├── NoSuchImage         ... nothing stands behind that reference
│   └── PathNotAllowed      ... outside the folders this server may touch
├── Refused                 the user: the provider's content policy said no
├── OverBudget              the user: the spending limit is reached
├── Busy                    time: rate limit, overload
├── Unavailable             time: the provider or the network failed
├── BadReply                time: the provider answered something unusable
├── Misconfigured           the operator: key, verification, billing, folder
└── NotKept                 the operator: the picture exists, its folder failed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal

Spent = Literal["no", "yes", "unknown"]


class AquatintError(Exception):
    """A failure that says what happened, and the next call to make.

    `code` is stable and machine-readable, `message` says what happened, `fix` names the next call
    or setting, `spent` tells whether money was spent. `retryable` tells whether the same call may
    pass later (after `retry_after` seconds where the provider named a time), `retry` says in words
    when a call may.
    """

    parts: tuple[AquatintError, ...] = ()  # the problems that one error tells together
    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    retry: ClassVar[str] = "no"

    def __init__(
        self,
        message: str,
        fix: str,
        *,
        code: str | None = None,
        retry_after: float | None = None,
        spent: Spent = "no",
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.reason = code or self.code
        self.retry_after = retry_after
        self.spent: Spent = spent
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class BadRequest(AquatintError):
    code = "bad_request"
    retry = "when changed"


class ModelCannot(BadRequest):
    code = "model_cannot"


class BadImage(BadRequest):
    code = "bad_image"


class BadMask(BadRequest):
    code = "bad_mask"


class NoSuchImage(BadRequest):
    code = "no_such_image"


class PathNotAllowed(BadRequest):
    code = "path_not_allowed"


class Refused(AquatintError):
    code = "content_policy"
    retry = "when changed"


class OverBudget(AquatintError):
    code = "over_budget"
    retry = "later, or when changed"


class Busy(AquatintError):
    code = "busy"
    retryable = True
    retry = "yes"


class Unavailable(AquatintError):
    code = "unavailable"
    retryable = True
    retry = "yes"


class BadReply(AquatintError):
    code = "bad_provider_reply"
    retry = "at a new price"


class Misconfigured(AquatintError):
    code = "misconfigured"
    retry = "when corrected"


class NotKept(AquatintError):
    code = "not_kept"
    retry = "when corrected"
    unsaved: tuple[tuple[bytes, str], ...] = ()  # previews (bytes, MIME type) of what was not kept


# By the name under which a job's failure is stored.
BY_NAME: Mapping[str, type[AquatintError]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            BadRequest,
            ModelCannot,
            BadImage,
            BadMask,
            NoSuchImage,
            PathNotAllowed,
            Refused,
            OverBudget,
            Busy,
            Unavailable,
            BadReply,
            Misconfigured,
            NotKept,
        )
    }
)


def together(problems: Sequence[AquatintError]) -> AquatintError:
    """One error that says all of these, each once; `problems` holds one or more."""
    lines = list(dict.fromkeys(f"- {problem}" for problem in problems))
    if len(lines) == 1:
        return problems[0]
    only_the_model = all(isinstance(problem, ModelCannot) for problem in problems)
    kind = ModelCannot if only_the_model else BadRequest
    head = f"{len(lines)} things are wrong with this request, and nothing was sent:"
    error = kind("\n".join((head, *lines)), "Correct all of them.")
    error.parts = tuple(problems)
    return error

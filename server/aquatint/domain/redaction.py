"""Keeps secrets in: what others wrote passes here before it is logged, kept or shown.

Hosts keep what a server writes to standard error on disk and show it to people, so it is public.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar, cast
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .errors import AquatintError
from .words import clean

OURS = (
    r"(?:[\w-]*[_-])?(?:key|token|secret|password|sig|signature)|apikey|auth"  # of our own address
)
# What says of a query's name, anywhere in it, that its value lets somebody in, or that it signs.
CREDENTIAL = r"key|token|secret|pass|pwd|auth|sig|sas|cred|jwt|session|hmac|policy|accessid"
_NAME = r"[\w.~\[\]-]{0,80}"
SHAPES = (
    (re.compile(r"\b(sk|sess)-[\w*-]{6,}"), "(key)"),
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]{6,}"), r"\1 (key)"),
    (re.compile(r"(?i)\b(basic)\s+(?=\S*[\d=+/])[\w.~+/=-]{6,}"), r"\1 (key)"),
    # In an address, its fragment, or an address that is a value of another one's query.
    (
        re.compile(
            rf"(?i)((?:[?&;#]|\\u0026|%3f|%26){_NAME}(?:{CREDENTIAL}){_NAME}(?:=|%3d))"
            r"(?:(?!%26)[^&\s\"'<>#\\])+"
        ),
        r"\1(key)",
    ),
    (re.compile(r"://[^/\s@'\"]+@"), "://(key)@"),
    (re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}"), "(base64)"),
)
CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
SHORTEST = 4  # characters of a secret: a shorter one would blank out ordinary words
ECHO = 16  # characters of a prompt that nobody repeats by chance
MOST_WORDS = 300  # of a provider's own text in an error

E = TypeVar("E", bound=AquatintError)


def secrets_in(address: str | None) -> tuple[str, ...]:
    """What an address holds that nobody may see: user and password, values of key-like queries."""
    try:
        parts = urlsplit(address or "")
    except ValueError:  # an unclosed IPv6 bracket
        return tuple(re.findall(r"://[^/@]*:([^/@]+)@", address or ""))
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    queries = parse_qsl(parts.query)
    named = [value for name, value in queries if re.fullmatch(f"(?i){OURS}", name)]
    found = [password, unquote(password), *([] if password else [user, unquote(user)]), *named]
    return tuple(dict.fromkeys(secret for secret in found if secret))


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without these secrets, without what looks like one, and without control characters.

    Long base64 (pictures) goes too; line ends and tabs stay.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, "(key)").replace(quote(secret, safe=""), "(key)")
    for shape, stand_in in SHAPES:
        text = shape.sub(stand_in, text)
    return text.translate(CONTROLS)


@dataclass(frozen=True, slots=True)
class Gate:
    """What all words of a provider pass on their way in, and again on their way out.

    `prompt` is one that is not kept: words that repeat it are left out too.
    """

    secrets: tuple[str, ...] = ()
    prompt: str = ""

    def words(self, text: str, limit: int = MOST_WORDS) -> str:
        """One clean line; the secrets go before it is cut, so that no half of one stays."""
        return clean(self.text(text), limit)

    def text(self, text: str) -> str:
        return redact(self._unprompted(text), self.secrets)

    def value(self, value: object) -> object:
        """A JSON value with every string in it redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            fields = cast("Mapping[str, object]", value)
            return {self.text(key): self.value(one) for key, one in fields.items()}
        if isinstance(value, list):
            return [self.value(one) for one in cast("list[object]", value)]
        return value

    def error(self, error: E) -> E:
        """The error itself, its words redacted in place.

        Not of the prompt: one like "the model" would take our own words away.
        """
        error.message = redact(error.message, self.secrets)
        error.fix = redact(error.fix, self.secrets)
        error.args = (error.message,)
        if error.request_id is not None:
            error.request_id = self.words(error.request_id, 100) or None
        return error

    def _unprompted(self, text: str) -> str:
        prompt = _plain(self.prompt)
        if len(prompt) < SHORTEST:
            return text
        plain = _plain(text)
        if len(prompt) < ECHO:
            repeats = re.search(rf"(?<!\w){re.escape(prompt)}(?!\w)", plain) is not None
        else:
            runs = {plain[at : at + ECHO] for at in range(len(plain) - ECHO + 1)}
            ends = range(len(prompt) - ECHO + 1)
            repeats = any(prompt[at : at + ECHO] in runs for at in ends)
        return "(words that repeat the prompt, which is not kept)" if repeats else text


def _plain(text: str) -> str:
    """Letters and digits alone, however a service escapes, cuts and spaces them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


class Redacting(logging.Formatter):
    """Formats as usual, then redacts the whole: message, arguments, traceback and stack."""

    def __init__(self, format: str, secrets: tuple[str, ...]) -> None:
        super().__init__(format)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._secrets)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line: a name that came from outside cannot begin a line of its own."""
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode()
            for char in super().formatMessage(record)
        )


def guard(handler: logging.Handler, level: str, format: str, secrets: tuple[str, ...]) -> None:
    """Make this the process's one handler, and send what would crash it through the same sieve."""
    handler.setFormatter(Redacting(format, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)

    def crash(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, KeyboardInterrupt):
            return
        logging.getLogger("aquatint").critical("crashed", exc_info=(kind, error, trace))

    sys.excepthook = crash
    threading.excepthook = lambda crashed: crash(
        crashed.exc_type, crashed.exc_value, crashed.exc_traceback
    )

"""Keeps secrets out of logs: every line and traceback passes here before it reaches a handler.

Hosts keep what a server writes to standard error on disk and show it to people, so it is public.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from types import TracebackType

SHAPES = (
    (re.compile(r"\b(sk|sess)-[\w*-]{6,}"), "(key)"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 (key)"),
    (re.compile(r"://[^/\s@'\"]+@"), "://(key)@"),
    (re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}"), "(base64)"),
)
CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without these secrets, without what looks like one, and without control characters.

    Long base64 (pictures) goes too; line ends and tabs stay.
    """
    for secret in secrets:
        text = text.replace(secret, "(key)")
    for shape, stand_in in SHAPES:
        text = shape.sub(stand_in, text)
    return text.translate(CONTROLS)


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
    threading.excepthook = lambda told: crash(told.exc_type, told.exc_value, told.exc_traceback)

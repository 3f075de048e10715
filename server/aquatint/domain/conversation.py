"""What an edit that refines goes on talking about."""

from __future__ import annotations

from .frozen import Frozen


class Conversation(Frozen):
    """What an edit goes on talking about, with a model that remembers it.

    `mainline` is the text model that is talked to, `turns` counts this one, `after` is the ticket
    of the turn before. `remembered`: that turn drew the first picture, which need not be sent.
    """

    mainline: str
    after: str | None = None
    turns: int = 1
    remembered: bool = False

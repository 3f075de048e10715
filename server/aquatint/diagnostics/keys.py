"""Tells from a key's shape what it is, without any part of it being shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Prefixes that others gave their keys, longest first.
FOREIGN = (
    ("sk-ant-", "Anthropic"),
    ("sk-or-", "OpenRouter"),
    ("AIza", "Google"),
    ("xai-", "xAI"),
    ("gsk_", "Groq"),
    ("hf_", "Hugging Face"),
    ("r8_", "Replicate"),
)
OURS = (
    ("sk-proj-", "a project key"),
    ("sk-svcacct-", "a service account's key"),
    ("sk-", "a key of the older kind"),
)
SHORTEST = 20  # characters


@dataclass(frozen=True, slots=True)
class Shape:
    """What a key looks like; with a `fix` it cannot be used."""

    text: str
    fix: str = ""


def shape(key: str, first_party: bool) -> Shape:  # noqa: PLR0911 - a table
    """Judge a key by its looks; services other than OpenAI give keys any shape."""
    if re.search(r"[${}<>]", key) or re.fullmatch(
        r"(?i)your[\W_].*|sk-(\.+|x+|…)|.*api[_-]key", key
    ):
        return Shape(
            "OPENAI_API_KEY holds a stand-in for a key, not a key",
            "Put the key itself there, or a reference that this host resolves.",
        )
    if re.match(r"(?i)bearer\s", key) or re.search(r"[\s\"']", key) or not key.isascii():
        return Shape(
            "OPENAI_API_KEY holds quotes, spaces or other characters that no key has",
            "Copy the key again, alone.",
        )
    if not first_party:
        return Shape("OPENAI_API_KEY is set")
    if key.startswith("sk-admin-"):
        return Shape(
            "OPENAI_API_KEY is an admin key, which manages an organisation and cannot draw",
            "Make a project's key at https://platform.openai.com/api-keys.",
        )
    for prefix, maker in FOREIGN:
        if key.startswith(prefix):
            return Shape(
                f"OPENAI_API_KEY looks like a key of {maker}, and calls go to OpenAI",
                "Set a key of OpenAI, or AQUATINT_BASE_URL to the service whose key it is.",
            )
    kind = next((words for prefix, words in OURS if key.startswith(prefix)), "a key")
    if len(key) < SHORTEST:
        return Shape("OPENAI_API_KEY is set, and shorter than keys of OpenAI are")
    return Shape(f"OPENAI_API_KEY is set ({kind})")

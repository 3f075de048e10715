"""The words that are sent: the caller's own, and what goes with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from .. import given_names
from ..types import EditRequest, GenerateRequest, Vary

VARIATIONS: Mapping[Vary, str] = MappingProxyType(
    {
        "subtle": "Draw a close variation of the first picture: the same subject, composition, "
        "style and palette; only small details, pose and light differ.",
        "strong": "Draw a free variation of the first picture: the same subject, style and mood, "
        "in another composition, view and light.",
    }
)


def sent_words(request: GenerateRequest | EditRequest) -> str:
    """The prompt, behind what a variation is, and before which picture has which name in it."""
    if not isinstance(request, EditRequest):
        return request.prompt
    words = [request.prompt] if request.prompt.strip() else []
    if request.vary:
        words.insert(0, VARIATIONS[request.vary])
    if legend := _legend(request):
        words.append(legend)
    return "\n".join(words)


def _legend(request: EditRequest) -> str:
    """Which picture is which, for names that the prompt uses: no model knows them."""
    said = given_names.key(request.prompt)
    names = [(at, given_names.named(one)) for at, one in enumerate(request.images, 1)]
    told = [
        f"@{name} is picture {at}"
        for at, name in names
        if name and re.search(rf"@{re.escape(given_names.key(name))}(?![\w-])", said)
    ]
    return f"({', '.join(told)}.)" if told else ""

"""What is sent beside the caller's own words."""

from __future__ import annotations

from typing import Any

import pytest

from aquatint.domain.requests.wording import VARIATIONS, sent_words
from aquatint.domain.types import EditRequest, GenerateRequest


def edit(prompt: str, *images: str, **more: Any) -> EditRequest:
    return EditRequest(prompt=prompt, images=images or ("a.png",), **more)


def test_the_callers_own_words_are_sent_as_they_are() -> None:
    for prompt in ("a fox", "  spaces stay  ", "ثعلب أحمر", "line\nline"):
        assert sent_words(GenerateRequest(prompt=prompt)) == prompt
        assert sent_words(edit(prompt)) == prompt


@pytest.mark.parametrize("vary", ["subtle", "strong"])
def test_a_variation_says_what_it_is_before_the_callers_words(vary: Any) -> None:
    assert sent_words(edit("", vary=vary)) == VARIATIONS[vary]
    assert sent_words(edit("بالليل", vary=vary)) == f"{VARIATIONS[vary]}\nبالليل"
    assert edit(" ", vary=vary).words == "variation"
    assert edit("بالليل", vary=vary).words == "بالليل"


def test_names_that_the_prompt_uses_are_explained_and_no_others() -> None:
    images = ("@Mug", "photo.png", "image://@ロゴ", "@unsaid")
    told = sent_words(edit("put @ロゴ on @mug", *images))
    assert told == "put @ロゴ on @mug\n(@Mug is picture 1, @ロゴ is picture 3.)"
    assert sent_words(edit("put it on the mug", *images)) == "put it on the mug"


def test_a_name_that_only_begins_another_one_is_not_said() -> None:
    assert sent_words(edit("like @logo2", "@logo", "@logo2")).endswith("(@logo2 is picture 2.)")

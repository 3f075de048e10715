"""The models table: what it says, whom a name leads to, what a picture costs."""

from __future__ import annotations

import dataclasses
import datetime
import re
from pathlib import Path
from typing import Literal

import pytest

import aquatint
from aquatint.domain.conversation import Conversation
from aquatint.domain.errors import Misconfigured
from aquatint.domain.models import registry
from aquatint.domain.models.prices import INPUT_TOKENS, READ_A_TURN, WRITTEN
from aquatint.domain.models.registry import Choice, Models
from aquatint.domain.models.sizes import parse_size
from aquatint.domain.types import Format, Order, Quality
from aquatint.domain.usage import Usage

PACKAGE = Path(aquatint.__file__).parent
TEXT = (PACKAGE / "domain" / "models" / "models.toml").read_text(encoding="utf-8")
TODAY = datetime.date(2026, 11, 21)


@pytest.fixture(scope="module", name="table")
def parsed() -> Models:
    return registry.parse(TEXT)


def find(
    table: Models,
    name: str | None,
    *,
    edit: bool = False,
    today: datetime.date = TODAY,
    first_party: bool = True,
    engine_default: Literal["openai", "comfy", "draft"] = "openai",
) -> Choice:
    return table.find(
        name, edit=edit, today=today, first_party=first_party, engine_default=engine_default
    )


def order(
    model: str,
    *,
    size: str = "1024x1024",
    quality: Quality = "medium",
    n: int = 1,
    partials: int = 0,
    images: tuple[str, ...] = (),
    format: Format = "png",
    frames: int | None = None,
) -> Order:
    return Order(
        prompt="a fox",
        model=model,
        size=size,
        quality=quality,
        n=n,
        partials=partials,
        images=images,
        format=format,
        frames=frames,
    )


def test_no_model_id_stands_in_the_code() -> None:
    named = [
        str(path)
        for path in PACKAGE.rglob("*.py")
        if re.search(r"gpt-image|dall-e|chatgpt-image", path.read_text(encoding="utf-8"))
    ]
    assert named == []


# -- whom a name leads to


def test_without_a_name_the_defaults_draw(table: Models) -> None:
    assert find(table, None).name == "gpt-image-2.5-flare"
    assert find(table, None, edit=True).name == "gpt-image-2.5-sunburst"
    draft = find(table, None, engine_default="draft")
    assert (draft.name, draft.model.engine, draft.warnings) == ("draft", "draft", ())


@pytest.mark.parametrize("name", ["gpt-image-1", "dall-e-2", "dall-e-3"])
def test_a_retired_name_goes_to_its_successor_and_says_so(table: Models, name: str) -> None:
    choice = find(table, name)
    assert choice.name == "gpt-image-2.5-flare"
    assert str(table.row(name).retired) in choice.warnings[0]
    assert name in choice.warnings[0]
    assert find(table, name, edit=True).name == "gpt-image-2.5-sunburst"


def test_elsewhere_names_go_through_untouched_and_unremarked(table: Models) -> None:
    for name in ("gpt-image-1", "dall-e-3", "gpt-image-1.5", "gpt-image-2"):
        choice = find(table, name, first_party=False)
        assert (choice.name, choice.warnings) == (name, ())
    own = find(table, "my-deployment", first_party=False)
    assert own.name == "my-deployment"
    assert len(own.warnings) == 1
    assert "mean" not in own.warnings[0]


@pytest.mark.parametrize(
    "name",
    ["gpt-image-1-mini", "gpt-image-1.5", "gpt-image-1.5-2025-12-16", "chatgpt-image-latest"],
)
def test_a_dying_model_warns_until_its_day_and_is_replaced_from_then_on(
    table: Models, name: str
) -> None:
    last = find(table, name, today=datetime.date(2026, 11, 30))
    assert last.name == name
    assert "2026-12-01" in last.warnings[0]
    assert "gpt-image-2.5-flare" in last.warnings[0]
    after = find(table, name, today=datetime.date(2026, 12, 1))
    assert after.name == "gpt-image-2.5-flare"
    assert "was shut down on 2026-12-01" in after.warnings[0]


def test_successors_are_followed_to_one_that_lives() -> None:
    text = TEXT.replace(
        'like = "*"\nretired = 2026-05-12\nsuccessor = { generate = "gpt-image-2.5-flare"',
        'like = "*"\nretired = 2026-05-12\nsuccessor = { generate = "gpt-image-1"',
    )
    assert text != TEXT
    choice = find(registry.parse(text), "dall-e-3")
    assert choice.name == "gpt-image-2.5-flare"
    assert "2026-05-12" in choice.warnings[0]


def test_an_unknown_name_passes_with_near_ones(table: Models) -> None:
    choice = find(table, "gpt-image-2.5-flair")
    assert choice.name == "gpt-image-2.5-flair"
    assert choice.model.unknown
    assert "gpt-image-2.5-flare" in choice.warnings[0]


def test_snapshots_belong_to_their_family(table: Models) -> None:
    for name in ("gpt-image-2.5-flare-2026-09-08", "gpt-image-2-2026-04-21"):
        assert find(table, name).warnings == ()
    assert table.row("gpt-image-2.6-flare-2027-01-31").row == "gpt-image-2.6"


def test_the_live_names_end_with_the_dying(table: Models) -> None:
    names = table.names(TODAY, edit=False)
    assert names[0] == "gpt-image-2.5-flare"
    assert "gpt-image-1" not in names
    assert names[-1] == "gpt-image-1-mini"
    assert "gpt-image-1-mini" not in table.names(datetime.date(2026, 12, 1), edit=True)


# -- tokens and prices

CELLS = """
1024x1024  196 1756 7024   196 439 1756 3122 7024
1536x1024  158 1372 5488   158 343 1372 2459 5488
1024x1536  158 1372 5488   158 343 1372 2459 5488
1536x864   120 1078 4312   120 280 1078 1917 4312
2048x1152  157 1413 5650   157 367 1413 2511 5650
2048x2048  397 3568 14272  397 892 3568 6343 14272
2560x1440  205 1843 7370   205 478 1843 3276 7370
3840x2160  371 3336 13342  371 865 3336 5930 13342
"""
LEVELS: tuple[Quality, ...] = ("low", "medium", "high", "xhigh", "max")


@pytest.mark.parametrize("line", CELLS.split("\n")[1:-1])
def test_the_formula_gives_the_published_tokens(table: Models, line: str) -> None:
    size, *cells = line.split()
    w, h = parse_size(size) or (0, 0)
    two, later = table.row("gpt-image-2"), table.row("gpt-image-2.5-flare")
    counted = [registry.tokens(two, w, h, quality) for quality in LEVELS[:3]]
    counted += [registry.tokens(later, w, h, quality) for quality in LEVELS]
    assert counted == [int(cell) for cell in cells]
    assert registry.tokens(two, w, h, "xhigh") is None


def test_the_bound_of_the_newest_family_holds_for_every_known_bill(table: Models) -> None:
    newest = table.row("gpt-image-2.6-sunburst")
    bills: list[tuple[int, int, Quality, int]] = [
        (1536, 1024, "low", 664),
        (1536, 1024, "high", 1353),
        (3840, 2160, "high", 3337),
    ]
    for w, h, quality, bill in bills:
        bound = registry.tokens(newest, w, h, quality)
        assert bound is not None
        assert bill <= bound <= bill * 1.05
    assert registry.estimate(newest, order("gpt-image-2.6-sunburst")).upper_bound


def test_the_older_tables_are_kept(table: Models) -> None:
    assert registry.tokens(table.row("gpt-image-1.5"), 1024, 1536, "high") == 6240
    assert registry.tokens(table.row("gpt-image-1"), 1024, 1024, "low") == 272
    assert registry.tokens(table.row("gpt-image-1.5"), 2048, 2048, "low") is None


def test_an_estimate_is_picture_partials_and_prompt(table: Models) -> None:
    flare = table.row("gpt-image-2.5-flare")
    plain = registry.estimate(flare, order("gpt-image-2.5-flare"), prompt_tokens=100)
    assert plain == registry.Estimate(round(439 * 30e-6 + 100 * 5e-6, 6), False, 439)
    more = registry.estimate(flare, order("gpt-image-2.5-flare", n=3, partials=2), prompt_tokens=0)
    assert (more.tokens, more.usd) == (3 * 639, round(3 * 639 * 30e-6, 6))


def test_input_pictures_are_guessed_and_the_guess_is_marked(table: Models) -> None:
    sunburst = table.row("gpt-image-2.5-sunburst")
    asked = order("gpt-image-2.5-sunburst", images=("a", "b"))
    guess = registry.estimate(sunburst, asked, prompt_tokens=0)
    assert guess.approximate
    assert guess.usd == round(439 * 30e-6 + 2 * INPUT_TOKENS * 8e-6, 6)
    assert registry.estimate(sunburst, asked, prompt_tokens=0, images=0).approximate is False


def test_auto_reserves_the_dearest_legal_combination(table: Models) -> None:
    two = table.row("gpt-image-2")
    auto = registry.estimate(two, order("gpt-image-2", size="auto", quality="auto"))
    dearest = registry.tokens(two, 2880, 2880, "high")
    assert auto.upper_bound
    assert auto.tokens == dearest
    fixed = registry.estimate(table.row("gpt-image-1.5"), order("gpt-image-1.5", size="auto"))
    assert fixed.tokens == 1584


def test_the_mini_is_priced_by_its_own_table(table: Models) -> None:
    mini = table.row("gpt-image-1-mini")
    asked = order("gpt-image-1-mini", size="1536x1024", quality="high", n=2)
    assert registry.estimate(mini, asked, prompt_tokens=0).usd == 0.104
    auto = order("gpt-image-1-mini", size="auto", quality="auto")
    assert registry.estimate(mini, auto, prompt_tokens=0).usd == 0.052


def test_an_animation_counts_as_its_sheet(table: Models) -> None:
    newest = table.row("gpt-image-2.6-flare")
    asked = order("gpt-image-2.6-flare", size="512x512", quality="low", format="gif", frames=9)
    estimate = registry.estimate(newest, asked)
    assert estimate.tokens == registry.tokens(newest, 1536, 1536, "low")
    assert estimate.tokens is not None
    assert estimate.tokens >= 555  # the one bill that is known
    assert estimate.upper_bound


def test_an_svg_has_no_estimate_but_a_cost(table: Models) -> None:
    newest = table.row("gpt-image-2.6-flare")
    assert registry.estimate(newest, order("gpt-image-2.6-flare", format="svg")).usd is None
    usage = Usage(image_out=1000, svg_model="gpt-5.5", svg_in=1000, svg_out=2000)
    assert registry.cost(newest, usage) == pytest.approx(0.03 + 0.005 + 0.06)
    assert registry.cost(newest, usage.model_copy(update={"svg_model": "unheard-of"})) is None


def test_a_conversation_costs_its_text_model_too(table: Models) -> None:
    row = table.row("gpt-image-2.5-flare")
    used = Usage(image_out=1000, mainline="gpt-5.5", mainline_in=2000, mainline_out=100)
    assert registry.cost(row, used) == pytest.approx((1000 * 30 + 2000 * 5 + 100 * 30) / 1e6)
    assert registry.cost(row, used.model_copy(update={"mainline": "unheard-of"})) is None

    def estimated(mainline: str, turns: int) -> float | None:
        talk = Conversation(mainline=mainline, turns=turns)
        asked = order(row.ids[0]).model_copy(update={"conversation": talk})
        return registry.estimate(row, asked).usd

    plain = registry.estimate(row, order(row.ids[0])).usd
    first, third = estimated("gpt-5.5", 1), estimated("gpt-5.5", 3)
    assert plain is not None
    assert first is not None
    assert third is not None
    assert first - plain > (READ_A_TURN * 5 + WRITTEN * 30) / 1e6
    assert third - first == pytest.approx(2 * READ_A_TURN * 5 / 1e6)
    assert estimated("unheard-of", 1) is None


def test_the_cost_is_exactly_the_usage(table: Models) -> None:
    usage = Usage(text_in=10, image_in=1000, image_out=1372, text_out=50)
    flare = table.row("gpt-image-2.5-flare")
    assert registry.cost(flare, usage) == pytest.approx((10 * 5 + 1000 * 8 + 1372 * 30) / 1e6)
    older = table.row("gpt-image-1.5")
    assert registry.cost(older, usage) == pytest.approx(
        (10 * 5 + 1000 * 8 + 1372 * 32 + 50 * 10) / 1e6
    )
    assert registry.cost(flare, None) is None


def test_drafts_are_free_and_no_setting_changes_that(table: Models) -> None:
    draft = registry.with_price(table.row("draft"), 0.5)
    assert registry.estimate(draft, order("draft", quality="auto")).usd == 0
    assert registry.cost(draft, None, 4) == 0


def test_a_given_price_counts_only_where_none_is_known(table: Models) -> None:
    own = registry.with_price(table.row("my-deployment"), 0.04)
    assert registry.estimate(table.row("my-deployment"), order("my-deployment")).usd is None
    assert registry.estimate(own, order("my-deployment", n=3)).usd == 0.12
    assert registry.cost(own, Usage(image_out=5), 2) == 0.08
    flare = table.row("gpt-image-2.5-flare")
    asked = order("gpt-image-2.5-flare")
    assert registry.estimate(registry.with_price(flare, 9.0), asked) == registry.estimate(
        flare, asked
    )
    assert registry.cost(registry.with_price(flare, 9.0), None) is None


@pytest.mark.parametrize("prompt", ["a fox in the snow", "雪の中の狐", "ثعلب في الثلج", "🦊"])
def test_prompts_are_counted_about_right_in_any_script(prompt: str) -> None:
    assert 6 < registry.about_tokens(prompt) <= 6 + len(prompt) * 2


# -- a bad table says where it is bad


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[defaults]", "[defaults", ["as TOML"]),
        ("[defaults]", "[default]", ["'default'", "'defaults'"]),
        ('sizes = "fixed3"', 'sizes = "fixed"', ["'gpt-image-1.5'", "'sizes'", "'fixed3'"]),
        ("stream = true", "streem = true", ["'gpt-image-2.5'", "'stream'", "'streem'"]),
        ("n = 10\n", 'n = "ten"\n', ["'gpt-image-2.5'", "'n'", "integer"]),
        ('like = "gpt-image-1.5"', 'like = "gpt-image-15"', ["'gpt-image-1-mini'", "'like'"]),
        ('like = "gpt-image-2"\n', 'like = "gpt-image-1"\n', ["'like'", "circle"]),
        ("text_in = 2.00", "text_inn = 2.00", ["[prices]", "'mini'", "'text_in'"]),
        ('also = ["*"]', 'also = ["other"]', ['["*"]']),
        ('ids = ["gpt-image-1"]', 'ids = ["gpt-image-2"]', ["'gpt-image-2'", "another row"]),
        ("max_edge = 2048\nmax_ratio", "max_edge = 8\nmax_ratio", ["'common'", "no square"]),
        ("multiple = 16\nmax_edge = 2048", "multiple = 0\nmax_edge = 2048", ["'multiple'"]),
        ('generate = "gpt-image-2.5-flare" #', 'generate = "nobody" #', ["'generate'", "no row"]),
        ('size = "square"', 'size = "huge"', ["'defaults'", "'size'", "'huge'"]),
        ('gif = "preview"', 'gif = ""', ["'gpt-image-2.6'", "'gif'", "missing"]),
        (
            'retired = 2026-10-23\nsuccessor = { generate = "gpt-image-2.5-flare"',
            'retired = 2026-10-23\nsuccessor = { generate = "nobody"',
            ["'gpt-image-1'", "'successor'", "'nobody'"],
        ),
        (
            'retired = 2026-10-23\nsuccessor = { generate = "gpt-image-2.5-flare",',
            "retired = 2026-10-23\nsuccessor = {",
            ["'gpt-image-1'", "'successor'", "generate"],
        ),
        (
            'retired = 2026-10-23\nsuccessor = { generate = "gpt-image-2.5-flare"',
            'retired = 2026-10-23\nsuccessor = { generate = "gpt-image-1"',
            ["'gpt-image-1'", "'successor'", "circle"],
        ),
        ("only = [[1024, 1024], [1536, 1024], [1024, 1536]]", "only = []", ["'fixed3'", "'only'"]),
        ("layouts = [[9, 3, 3]", "layouts = [[9, 999, 999]", ["'preview'", "'sheet'", "2 frames"]),
    ],
)
def test_a_bad_table_names_the_row_and_the_field(old: str, new: str, words: list[str]) -> None:
    assert old in TEXT
    with pytest.raises(Misconfigured) as caught:
        registry.parse(TEXT.replace(old, new, 1))
    for word in words:
        assert word in caught.value.message
    assert "AQUATINT_MODELS" in caught.value.fix


def test_the_usual_model_is_of_the_engine_that_draws_and_the_operators_where_it_is(
    table: Models,
) -> None:
    assert find(table, None, engine_default="comfy").name == "comfy"
    mine = dataclasses.replace(table.defaults, generate="comfy:portrait", edit="draft")
    own = dataclasses.replace(table, defaults=mine)
    assert find(own, None, engine_default="comfy").name == "comfy:portrait"
    assert find(own, None, edit=True, engine_default="comfy").name == "comfy"
    assert find(own, None, engine_default="draft").name == "draft"
    assert find(own, None).name == "comfy:portrait"

"""From a request to an order: what is chosen, and everything that is refused, with its fix."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import aquatint
from aquatint.domain.errors import BadRequest, ModelCannot
from aquatint.domain.models import registry
from aquatint.domain.requests.plan import Plan, plan
from aquatint.domain.requests.save_targets import parse
from aquatint.domain.types import EditRequest, GenerateRequest, Placement

TEXT = (Path(aquatint.__file__).parent / "domain" / "models" / "models.toml").read_text(
    encoding="utf-8"
)
TABLE = registry.parse(TEXT)
TODAY = datetime.date(2026, 11, 21)
FLARE, NEWEST, TWO = "gpt-image-2.5-flare", "gpt-image-2.6-flare", "gpt-image-2"


def planned(
    model: str | None = None,
    *,
    draft: bool = False,
    first: tuple[int, int] | None = None,
    partials: int = 0,
    table: registry.Models = TABLE,
    first_party: bool = True,
    nearby: bool = False,
    **asked: Any,
) -> Plan:
    words: dict[str, Any] = {"prompt": "a fox", **asked}
    request = EditRequest(**words) if "images" in words else GenerateRequest(**words)
    choice = table.find(
        model,
        edit="images" in words,
        today=TODAY,
        first_party=first_party,
        engine_default="draft" if draft else "openai",
        nearby=nearby,
    )
    return plan(
        request,
        choice,
        parse(request.save_to, request.n),
        defaults=table.defaults,
        partials=partials,
        safety_identifier="hash",
        svg_model="author",
        first=first,
    )


# -- what is chosen


def test_a_bare_prompt_becomes_a_cheap_explicit_order() -> None:
    done = planned()
    order = done.order
    assert (order.model, order.size, order.quality, order.format, order.n) == (
        FLARE,
        "1024x1024",
        "medium",
        "png",
        1,
    )
    assert order.chosen == frozenset()
    assert order.safety_identifier == "hash"
    assert (done.exact_size, done.convert, done.placement, done.warnings) == (None, None, None, ())


def test_chosen_are_the_callers_own_words_only() -> None:
    order = planned(
        quality="low", size="16:9", format="webp", compression=80, background="opaque", n=2
    ).order
    assert order.chosen == {"quality", "size", "format", "compression", "background", "n"}
    assert (order.size, order.compression) == ("1536x864", 80)
    assert planned(save_to=("a.webp",), exact_size="1080x1080").order.chosen == frozenset()


@pytest.mark.parametrize(
    ("names", "format"),
    [
        (("hero.webp",), "webp"),
        (("a.JPG",), "jpeg"),
        (("a.avif", "b.webp"), "webp"),
        (("a.avif",), "png"),
        (("favicon.ico",), "png"),
        (("a.gif",), "png"),
        (("folder/no-extension",), "png"),
    ],
)
def test_the_first_extension_the_model_can_make_is_the_format(
    names: tuple[str, ...], format: str
) -> None:
    done = planned(save_to=names)
    assert (done.order.format, done.convert) == (format, None)


def test_an_explicit_format_stays_whatever_the_extension() -> None:
    assert planned(format="png", save_to=("a.jpg",)).order.format == "png"


def test_a_model_without_webp_draws_png_that_is_converted() -> None:
    table = registry.parse(
        TEXT.replace('formats = ["png", "jpeg", "webp"] #', 'formats = ["png"] #')
    )
    done = planned(table=table, format="webp", compression=70)
    assert (done.order.format, done.order.compression) == ("png", None)
    assert (done.convert, done.compression) == ("webp", 70)
    assert "converted here" in done.warnings[0]
    assert planned(table=table, save_to=("a.webp",)).convert is None


def test_a_compression_for_an_extension_we_write_ourselves_is_kept_for_then() -> None:
    done = planned(save_to=("a.avif",), compression=50)
    assert (done.order.compression, done.compression) == (None, 50)


def test_partials_are_asked_for_where_they_can_be_and_dropped_elsewhere() -> None:
    assert planned(partials=2).order.partials == 2
    assert planned(partials=2, n=2).order.partials == 0
    assert planned(NEWEST, partials=2, format="gif").order.partials == 0
    assert planned(NEWEST, partials=2, format="svg").order.partials == 0


def test_a_gif_gets_its_own_defaults() -> None:
    done = planned(NEWEST, format="gif")
    assert (done.order.frames, done.order.frame_ms, done.order.size) == (9, 200, "512x512")
    assert "preview" in done.warnings[0]


def test_the_author_of_an_svg_is_named_for_svg_only() -> None:
    assert planned(NEWEST, format="svg").order.svg_model == "author"
    assert planned(NEWEST).order.svg_model is None


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (NEWEST, {"quality": "xhigh"}),
        (NEWEST, {"quality": "max"}),
        (NEWEST, {"background": "transparent"}),
        (NEWEST, {"format": "svg"}),
        (TWO, {"background": "transparent"}),
    ],
)
def test_gated_previews_pass_with_a_warning(model: str, asked: dict[str, Any]) -> None:
    assert "may be refused" in planned(model, **asked).warnings[0]


def test_the_choices_warnings_come_first() -> None:
    warnings = planned("gpt-image-1", size="3840x2160").warnings
    assert "was shut down" in warnings[0]
    assert "experimental" in warnings[1]


def test_auto_goes_to_the_service_and_becomes_a_square_for_drafts() -> None:
    assert planned(size="auto").order.size == "auto"
    assert planned(size="auto", draft=True).order.size == "1024x1024"


def test_an_exact_size_is_drawn_at_the_size_that_covers_it() -> None:
    done = planned(exact_size="1080x1080")
    assert (done.order.size, done.exact_size) == ("1088x1088", (1080, 1080))
    assert planned(exact_size="1080x1080", size="auto").order.size == "auto"
    assert planned(exact_size="1080×1080", draft=True).order.size == "1080x1080"


def test_what_will_be_scaled_up_is_said() -> None:
    assert "scaled up" in planned(exact_size="3840x3840").warnings[0]
    assert "scaled up" in planned(exact_size="1920x1080", size="square").warnings[0]


def test_a_shape_the_model_nearly_has_is_drawn_and_said() -> None:
    done = planned("gpt-image-1.5", size="16:9")
    assert done.order.size == "1536x1024"
    assert "16:9 is drawn at 1536x1024" in done.warnings[1]


def test_a_service_of_its_own_gets_any_size_but_modest_ones_from_us() -> None:
    assert planned("someone-elses", size="512x512").order.size == "512x512"
    assert planned("someone-elses", images=("a",), first=(6000, 4000)).order.size == "2016x1344"


def test_the_draft_engine_draws_every_quality_and_the_very_size() -> None:
    done = planned(draft=True, quality="xhigh", size="1081x333", format="gif", background="opaque")
    assert (done.order.size, done.order.quality, done.warnings) == ("1081x333", "xhigh", ())


# -- edits


def test_an_edit_is_drawn_in_the_shape_of_its_first_picture() -> None:
    done = planned(images=("a",), first=(1000, 667))
    assert (done.order.model, done.order.size) == ("gpt-image-2.5-sunburst", "1008x672")
    assert done.placement == Placement(left=0, top=0, width=1000, height=667, canvas=(1000, 667))


def test_an_edit_of_another_size_is_sent_as_it_is() -> None:
    assert planned(images=("a",), first=(1000, 667), size="square").placement is None
    assert planned(images=("a",), first=(1000, 667), size="auto").placement is None


def test_a_masked_edit_always_knows_where_its_picture_stands() -> None:
    for size in (None, "auto", "1000x667", "3:2"):
        done = planned(images=("a",), mask="m", first=(1000, 667), size=size)
        assert (done.order.size, done.placement is None) == ("1008x672", False)
    unsaved = planned(images=("a",), mask="m", outside="model", first=(1000, 667), size="square")
    assert unsaved.placement is None


@pytest.mark.parametrize("size", ["square", "1024x1024", "667x1000"])
def test_a_masked_edit_never_ignores_a_size(size: str) -> None:
    masked: dict[str, Any] = {"images": ("a",), "mask": "m", "first": (1000, 667), "size": size}
    with pytest.raises(BadRequest, match="own size, 1000x667"):
        planned(**masked)
    if size != "667x1000":
        assert planned(**masked, outside="model").placement is None


@pytest.mark.parametrize(
    ("first", "nearby", "size"),
    [
        ((500, 333), True, "500x333"),
        ((500, 333), False, "1008x672"),
        ((2048, 300), True, "2048x300"),
        ((4000, 3000), True, "2048x1536"),
    ],
)
def test_an_unknown_model_nearby_edits_a_picture_at_its_own_size(
    first: tuple[int, int], nearby: bool, size: str
) -> None:
    done = planned("sd-turbo", images=("a",), first=first, first_party=False, nearby=nearby)
    assert done.order.size == size


def test_a_masked_edit_comes_lossless_and_is_converted_after() -> None:
    done = planned(images=("a",), mask="m", first=(1024, 1024), format="jpeg", compression=80)
    assert (done.order.format, done.convert, done.compression) == ("png", "jpeg", 80)
    assert done.warnings == ()
    saved = planned(images=("a",), mask="m", first=(1024, 1024), save_to=("a.webp",))
    assert (saved.order.format, saved.convert) == ("png", None)


# -- what is refused


@pytest.mark.parametrize(
    ("model", "asked", "words"),
    [
        (FLARE, {"size": "1080x1080"}, ["size: ", "multiple of 16", "exact_size=1080x1080"]),
        (FLARE, {"size": "4096x4096"}, ["size: ", "3840", "size=2880x2880"]),
        (FLARE, {"size": "2720x160"}, ["size: ", "3:1"]),
        (FLARE, {"size": "17:1"}, ["size: 17:1", "size=2112x704"]),
        ("gpt-image-1.5", {"size": "2048x1152"}, ["the only sizes are 1024x1024", FLARE]),
        (TWO, {"quality": "xhigh"}, ["quality: ", "low, medium, high or auto", FLARE]),
        (FLARE, {"format": "gif"}, ["format: ", "png, jpeg or webp", NEWEST]),
        (FLARE, {"format": "svg"}, ["format: ", "not draw svg", NEWEST]),
        (FLARE, {"save_to": ("icon.svg",)}, ["save_to: ", "not draw svg", ".png"]),
        ("draft", {"format": "svg"}, ["format: draft does not draw svg.", "format=png"]),
        ("draft", {"size": "5000x100"}, ["size: ", "3840"]),
        ("draft", {"size": "3000x3000", "format": "gif"}, ["size: ", "2048"]),
        (FLARE, {"complexity": "high"}, ["complexity: ", "Leave complexity out", NEWEST]),
        (TWO, {"images": ("a",), "input_fidelity": "high"}, ["input_fidelity: ", "Leave"]),
        (
            "gpt-image-1-mini",
            {"images": ("a",), "input_fidelity": "high"},
            ["input_fidelity: ", "has only low"],
        ),
        (TWO, {"images": ("a",), "markup": "m"}, ["markup: ", "does not take it", "2.5-sunburst"]),
    ],
)
def test_what_this_model_cannot_do_names_the_field_and_the_fix(
    model: str, asked: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ModelCannot) as caught:
        planned(model, **asked)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("model", "asked", "words"),
    [
        (FLARE, {"prompt": ""}, ["prompt: it is empty"]),
        (FLARE, {"prompt": " \n\t"}, ["prompt: it is empty"]),
        (FLARE, {"prompt": "x" * 33_000}, ["33,000", "32,000", "Shorten it by 1,000"]),
        (FLARE, {"size": "big"}, ["size: 'big'", "landscape"]),
        (FLARE, {"n": 11}, ["n: 11", "n=10"]),
        (FLARE, {"n": 0}, ["n: 0"]),
        (NEWEST, {"n": 2, "format": "svg"}, ["n: an svg", "n=1"]),
        (
            FLARE,
            {"background": "transparent", "format": "jpeg"},
            ["background: jpeg", "png or webp"],
        ),
        (FLARE, {"background": "transparent", "save_to": ("a.jpg",)}, ["background: jpeg"]),
        (
            FLARE,
            {"background": "transparent", "format": "png", "save_to": ("a.jpeg",)},
            ["background: jpeg"],
        ),
        (NEWEST, {"background": "transparent", "format": "gif"}, ["background: gif"]),
        (FLARE, {"compression": 50}, ["compression: png", "webp"]),
        (NEWEST, {"compression": 50, "format": "gif"}, ["compression: gif"]),
        (NEWEST, {"compression": 50, "format": "svg"}, ["compression: svg"]),
        (FLARE, {"compression": 101, "format": "jpeg"}, ["compression: 101"]),
        (FLARE, {"compression": -1, "format": "jpeg"}, ["compression: -1"]),
        (FLARE, {"frames": 4}, ["frames: png", "format=gif"]),
        (FLARE, {"frame_ms": 100, "format": "webp"}, ["frame_ms: webp"]),
        (NEWEST, {"format": "gif", "frames": 17}, ["frames: 17", "16"]),
        (NEWEST, {"format": "gif", "frames": 1}, ["frames: 1 ", "2"]),
        (NEWEST, {"format": "gif", "frame_ms": 214}, ["frame_ms: 214", "frame_ms=210"]),
        (NEWEST, {"format": "gif", "frame_ms": 10}, ["frame_ms: 10", "20"]),
        (FLARE, {"exact_size": "huge"}, ["exact_size: 'huge'", "exact_size=1080x1080"]),
        (FLARE, {"exact_size": "3841x10"}, ["exact_size: ", "3840"]),
        (NEWEST, {"exact_size": "100x100", "format": "svg"}, ["exact_size: an svg"]),
        (NEWEST, {"save_to": ("a.svg", "b.png")}, ["save_to: ", "call of its own"]),
        (FLARE, {"images": ()}, ["images: 0"]),
        (FLARE, {"images": ("a",) * 17}, ["images: 17", "16"]),
        (FLARE, {"images": ("a",), "mask": "m", "markup": "k"}, ["markup: ", "one of the two"]),
        (FLARE, {"images": ("a",), "mask": "m", "exact_size": "9x9"}, ["exact_size: a masked"]),
        (NEWEST, {"images": ("a",), "mask": "m", "format": "gif"}, ["mask: ", "gif"]),
    ],
)
def test_what_no_model_does_names_the_field_and_the_fix(
    model: str, asked: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(BadRequest) as caught:
        planned(model, **asked)
    assert type(caught.value) is BadRequest
    for word in words:
        assert word in str(caught.value)


def test_a_model_that_cannot_edit_says_which_can() -> None:
    row = '[models.solo]\nids = ["solo"]\nlike = "gpt-image-2"\nendpoints = ["generate"]\n'
    table = registry.parse(f"{TEXT}\n{row}")
    with pytest.raises(ModelCannot, match=r"solo cannot edit pictures.*gpt-image-2.5-sunburst"):
        planned("solo", table=table, images=("a",))


@pytest.mark.parametrize(
    ("line", "asked", "words"),
    [
        (
            "mask = false",
            {"images": ("a",), "mask": "m"},
            ["mask: solo does not take one", "sunburst"],
        ),
        (
            'backgrounds = ["auto"]',
            {"background": "opaque"},
            ["background: solo cannot draw an opaque"],
        ),
        (
            'backgrounds = ["auto"]',
            {"background": "transparent"},
            ["cannot draw a transparent one", FLARE],
        ),
    ],
)
def test_a_poorer_model_says_what_it_lacks(
    line: str, asked: dict[str, Any], words: list[str]
) -> None:
    table = registry.parse(f'{TEXT}\n[models.solo]\nids = ["solo"]\nlike = "gpt-image-2"\n{line}\n')
    with pytest.raises(ModelCannot) as caught:
        planned("solo", table=table, **asked)
    for word in words:
        assert word in str(caught.value)


def test_a_default_a_model_lacks_is_replaced_and_never_the_callers_fault() -> None:
    text = TEXT.replace('size = "square"', 'size = "2048x1152"').replace(
        'quality = "medium"', 'quality = "max"'
    )
    table = registry.parse(text)
    order = planned("gpt-image-1.5", table=table).order
    assert (order.size, order.quality) == ("1536x1024", "auto")
    assert planned(table=table).order.size == "2048x1152"
    auto = registry.parse(TEXT.replace('size = "square"', 'size = "auto"'))
    assert planned(table=auto).order.size == "auto"
    assert planned(table=auto, draft=True).order.size == "1024x1024"
    bad = replace(TABLE, defaults=replace(TABLE.defaults, size="huge"))
    assert "'huge'" in planned(table=bad).warnings[0]
    assert planned(table=bad).order.size == "1024x1024"


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        planned(TWO, prompt=" ", n=12, size="1080x1080", quality="max", compression=300)
    said = caught.value.message
    for field in ("prompt:", "n:", "size:", "quality:", "compression: 300", "compression: png"):
        assert f"- {field}" in said
    assert "6 things" in said


def test_all_about_the_model_is_one_error_about_the_model() -> None:
    with pytest.raises(ModelCannot) as caught:
        planned(TWO, size="4096x4096", quality="max")
    assert caught.value.message.count("\n- ") == 2


def test_a_measured_gif_limit_warns_where_a_published_one_refuses() -> None:
    done = planned(NEWEST, format="gif", size="1024x1024", frames=12)
    assert any("measured by others" in warning for warning in done.warnings)
    assert planned(NEWEST, format="gif", size="512x512").order.size == "512x512"
    with pytest.raises(ModelCannot):
        planned(NEWEST, format="gif", size="1080x1080")

"""What a picture costs: estimated before it is ordered, and counted from what was used."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..types import Order, Quality
from ..usage import Usage
from .rows import Model
from .sizes import Size, largest, parse_size, text

PARTIAL_TOKENS = 100  # of picture output, each partial picture [image guide]
INPUT_TOKENS = 1200  # about, each input picture: not published; one live edit had 1,151
# Tokens of the text model of a conversation, about: not published, and so bounds that are meant.
READ_A_TURN = 3_000  # the words and pictures of each turn so far
WRITTEN = 2_000  # its thoughts, and the words that it has the picture drawn from


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order will cost before it is sent; `usd` is None when nobody knows.

    `tokens` are those of picture output. `upper_bound`: the bill may be lower. `approximate`: input
    pictures are counted by a guess (`INPUT_TOKENS`), so the bill may differ either way.
    """

    usd: float | None
    upper_bound: bool
    tokens: int | None
    approximate: bool = False


def tokens(model: Model, width: int, height: int, quality: Quality) -> int | None:
    """Output tokens of one picture; None where no formula or table says. Source: models.toml."""
    how = model.tokens
    if how is None:
        return None
    level = how.levels.get(quality)
    if level is None:
        return how.table.get(text((width, height)), {}).get(quality)
    side = round(level * min(width, height) / max(width, height))  # half to even, as published
    exact = -(-level * side * (2_000_000 + width * height) // 4_000_000)
    return math.ceil(exact * how.at_most.get(quality, 1))


def estimate(
    model: Model, order: Order, *, prompt_tokens: int | None = None, images: int | None = None
) -> Estimate:
    """What `order` costs at list price. `images` counts the inputs, if not those of the order.

    An `auto` size or quality counts as the dearest legal one. An animation counts as the sheet its
    frames are drawn on. An SVG has no estimate: its author's tokens are not known beforehand.
    A conversation's text model is added.
    """
    drawn = _drawing(model, order, prompt_tokens, images)
    talk = order.conversation
    if talk is None or drawn.usd is None:
        return drawn
    author = model.authors.get(talk.mainline)
    if author is None:
        return replace(drawn, usd=None)
    read = READ_A_TURN * talk.turns + about_tokens(order.prompt)
    usd = drawn.usd + (read * author.text_in + WRITTEN * author.text_out) / 1e6
    return replace(drawn, usd=round(usd, 6), approximate=True)


def _drawing(model: Model, order: Order, prompt_tokens: int | None, images: int | None) -> Estimate:
    """What the picture model costs."""
    inputs = len(order.images) if images is None else images
    sizes, qualities = _sizes(model, order), _qualities(model, order)
    pairs: list[tuple[Size, Quality]] = [(size, q) for size in sizes for q in qualities]
    counted = [count for (w, h), q in pairs if (count := tokens(model, w, h, q)) is not None]
    extra = order.partials * PARTIAL_TOKENS
    total = order.n * (max(counted) + extra) if counted else None
    listed = [usd for size, q in pairs if (usd := _listed(model, size, q)) is not None]
    bound = len(pairs) > 1 or "auto" in {order.size, order.quality} or order.format == "gif"
    bound = bound or (model.tokens is not None and bool(model.tokens.at_most))
    prices = model.prices
    if order.format != "svg" and prices and (counted or listed):
        if prompt_tokens is None:
            prompt_tokens = about_tokens(order.prompt)
        drawn = (total or 0) * prices.image_out / 1e6
        if not counted:
            drawn = order.n * (max(listed) + extra * prices.image_out / 1e6)
        read = prompt_tokens * prices.text_in + inputs * INPUT_TOKENS * prices.image_in
        return Estimate(round(drawn + read / 1e6, 6), bound, total, approximate=inputs > 0)
    known = model.usd_per_image
    return Estimate(None if known is None else round(order.n * known, 6), False, total)


def cost(model: Model, usage: Usage | None, n: int = 1) -> float | None:
    """USD of what was used, by the list prices; None when nobody knows.

    Where the row has no token prices it is n pictures at the price per picture, if there is one.
    Cached rates do not apply to the Images API, and are not counted elsewhere: the bill may be
    lower. An SVG's author, and the text model of a conversation, are billed at their own price.
    """
    prices = model.prices
    if prices is None:
        return None if model.usd_per_image is None else round(n * model.usd_per_image, 6)
    if usage is None:
        return None
    micro = (
        usage.text_in * prices.text_in
        + usage.image_in * prices.image_in
        + usage.image_out * prices.image_out
        + usage.text_out * prices.text_out
    )
    for name, read, written in (
        (usage.svg_model, usage.svg_in, usage.svg_out),
        (usage.mainline, usage.mainline_in, usage.mainline_out),
    ):
        if read or written:
            author = model.authors.get(name or "")
            if author is None:
                return None
            micro += read * author.text_in + written * author.text_out
    return round(micro / 1e6, 9)


def with_price(model: Model, usd_per_image: float) -> Model:
    """The model with a price per picture for where its row knows none, so it can be budgeted."""
    if model.usd_per_image is not None:
        return model
    return replace(model, usd_per_image=usd_per_image)


def about_tokens(prompt: str) -> int:
    """About how many tokens a prompt is billed as: its UTF-8 bytes by three, and six around it.

    English has four bytes to a token, so this is over; Arabic, Urdu, Hindi and Chinese have about
    three. Text is under 2 % of a bill, which is why no tokenizer is asked.
    """
    return -(-len(prompt.encode()) // 3) + 6


def _sizes(model: Model, order: Order) -> tuple[Size, ...]:
    asked = parse_size(order.size)
    if order.format == "gif" and model.gif and model.gif.sheet:
        sheet, frames = model.gif.sheet, order.frames or model.gif.usual_frames
        columns, rows = sheet.cells(frames)
        frame = asked or largest(sheet.frame(frames))[0]
        return ((frame[0] * columns, frame[1] * rows),)
    return (asked,) if asked else largest(model.sizes)


def _qualities(model: Model, order: Order) -> tuple[Quality, ...]:
    if order.quality != "auto":
        return (order.quality,)
    return tuple(quality for quality in model.qualities if quality != "auto")


def _listed(model: Model, size: Size, quality: Quality) -> float | None:
    return model.tokens.usd.get(text(size), {}).get(quality) if model.tokens else None

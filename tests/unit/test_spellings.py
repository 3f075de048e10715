"""Regions as agents write them: each way means the one region that it plainly says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from aquatint.domain.requests.existing import ExportRequest
from aquatint.domain.requests.regions import Region
from aquatint.domain.types import GenerateRequest

RECT = {"kind": "rect", "x": 10, "y": 20, "width": 30, "height": 40}
ROUND = {"kind": "ellipse", "x": 10, "y": 20, "width": 30, "height": 40}
CIRCLE = {"kind": "circle", "x": 25, "y": 40, "radius": 15}
POLYGON = {"kind": "polygon", "points": [[1, 2], [30, 4], [5, 60]]}
BRUSH = {"kind": "brush", "points": [[1, 2], [30, 4]], "width": 8}
POINT = {"kind": "color", "x": 3, "y": 4}

WAYS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"kind": "rectangle", "x": 10, "y": 20, "w": 30, "h": 40}, RECT),
    ({"kind": "rect", "box": [10, 20, 30, 40]}, RECT),
    ({"kind": "box", "box": {"x": 10, "y": 20, "width": 30, "height": 40}}, RECT),
    ({"kind": "rect", "x1": 40, "y1": 20, "x2": 10, "y2": 60}, RECT),
    ({"kind": "rect", "left": 10, "top": 20, "right": 40, "bottom": 60}, RECT),
    ({"kind": "rect", "left": 10, "top": 20, "width": 30, "height": 40}, RECT),
    ({"kind": "rect", "center": [25, 40], "width": 30, "height": 40}, RECT),
    ({"kind": "ellipse", "cx": 25, "cy": 40, "rx": 15, "ry": 20}, ROUND),
    ({"kind": "oval", "centre": {"x": 25, "y": 40}, "radius_x": 15, "radius_y": 20}, ROUND),
    ({"kind": "ellipse", "box": [10, 20, 30, 40]}, ROUND),
    ({"type": "ellipse", "bbox": [10, 20, 30, 40]}, ROUND),
    ({"shape": "oval", "center": [25, 40], "radii": [15, 20]}, ROUND),
    ({"kind": "circle", "center": [25, 40], "radius": [15, 20]}, ROUND),
    ({"kind": "ellipse", "x": 25, "y": 40, "rx": 15, "ry": 20}, ROUND),
    ({"kind": "circle", "x": 10, "y": 20, "width": 30, "height": 40}, ROUND),
    ({"kind": "circle", "center": [25, 40], "radius": 15}, CIRCLE),
    ({"kind": "circle", "cx": 25, "cy": 40, "r": 15}, CIRCLE),
    ({"kind": "Circle", "center": {"x": 25, "y": 40}, "diameter": 30}, CIRCLE),
    ({"kind": "ellipse", "center": "25, 40", "radius": 15}, CIRCLE),
    ({"kind": "polygon", "points": [{"x": 1, "y": 2}, {"x": 30, "y": 4}, [5, 60]]}, POLYGON),
    ({"kind": "polygon", "points": [1, 2, 30, 4, 5, 60]}, POLYGON),
    ({"kind": "polygon", "vertices": "1,2 30,4 5,60"}, POLYGON),
    ({"kind": "line", "points": [1, 2, 30, 4], "thickness": 8}, BRUSH),
    ({"kind": "brush", "points": [1, 2, 30, 4], "radius": 4}, BRUSH),
    ({"kind": "colour", "point": [3, 4]}, POINT),
    ({"kind": "color", "at": {"x": 3, "y": 4}}, POINT),
    ({"kind": "color", "colour": "red"}, {"kind": "color", "color": "red"}),
    ({"kind": "rect", **RECT, "rotation": 30}, {**RECT, "angle": 30}),
    ({"kind": "mask", "image": "a.png"}, {"kind": "image", "image": "a.png"}),
]


@pytest.mark.parametrize(("written", "meant"), WAYS, ids=range(len(WAYS)))
def test_a_way_to_write_a_region_means_one_thing(
    written: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert Region.model_validate(written) == Region.model_validate(meant)
    assert "points" not in meant or Region.model_validate(meant).points


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ({**RECT, "box": [1, 2, 3, 4]}, "box"),  # which of the two?
        ({**RECT, "x1": 1, "y1": 2, "x2": 3, "y2": 4}, "x1"),
        ({"kind": "circle", "x": 1, "y": 2, "cx": 3, "cy": 4, "radius": 5}, "cx"),
        ({"kind": "rect", "box": [1, 2, 3]}, "box"),
        ({"kind": "color", "color": "red", "colour": "blue"}, "colour"),
        ({"kind": "rect", "x": 1, "y": 2, "breadth": 3, "height": 4}, "breadth"),
    ],
)
def test_what_says_two_things_or_none_is_refused_by_its_name(
    written: dict[str, Any], name: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Region.model_validate(written)
    assert name in {error["loc"][-1] for error in refused.value.errors()}


@pytest.mark.parametrize("kind", [None, 7, ["rect"], {"a": 1}, "blob"])
def test_any_kind_is_judged_and_never_breaks(kind: Any) -> None:
    with pytest.raises(ValidationError):
        Region.model_validate({"kind": kind, "center": [1, 2], "radius": 3, "points": {}})


@pytest.mark.parametrize("written", [1024, "1024", " 1024 ", [1024, 1024], ["1024", "1024"]])
def test_a_size_as_a_number_is_a_square(written: Any) -> None:
    for name in ("size", "exact_size"):
        assert getattr(GenerateRequest(prompt="x", **{name: written}), name) == "1024x1024"
    assert ExportRequest(image="x", exact_size=written).exact_size == "1024x1024"


@pytest.mark.parametrize("written", ["16:9", "auto", "640x480", "large", None])
def test_words_for_a_size_stay_as_they_are(written: Any) -> None:
    assert GenerateRequest(prompt="x", size=written).size == written


@pytest.mark.parametrize("written", [True, 1.5, [1024], [1, 2, 3], {"width": 3}])
def test_what_is_no_size_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        GenerateRequest(prompt="x", size=written)


@pytest.mark.parametrize("written", ["jpg", "JPG", ".jpg", "jpeg", "JPEG"])
def test_jpg_is_jpeg(written: Any) -> None:
    assert GenerateRequest(prompt="x", format=written).format == "jpeg"
    assert ExportRequest(image="x", format=written).format == "jpeg"

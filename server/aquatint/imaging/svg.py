"""Takes everything active or foreign out of an SVG before anybody is shown it; files stay raw.

The filter is svg-hush, Cloudflare's allow-list in Rust. What it does not bound is bounded here.
"""

from __future__ import annotations

import re
from xml.parsers import expat  # counts only; entities are refused at sight

from ..domain.errors import BadImage

MOST_BYTES = 5_000_000
MOST_ELEMENTS = 100_000
DEEPEST = 100  # the filter indents: 50,000 levels in 350 KB came out as 5 GB
IMAGES = {"image": ["png", "jpeg", "webp", "gif"]}  # data: URLs that may stay
# The filter turns foreign addresses into local ones; they go too.
ELSEWHERE = re.compile(r'\s(?:\w+:)?(?:href|src)="(?!#|data:image/)[^"]*"')
PAINT_ELSEWHERE = re.compile(r"""url\((?!\s*["']?(?:#|data:image/))[^)]*\)""")


def sanitised(data: bytes) -> str:
    """The SVG without scripts, events, foreign objects, addresses or entities. Raises
    BadImage for what is no SVG, or too large or deep to be looked at."""
    import py_svg_hush  # 5 ms, and only who asks a model for SVG needs it

    try:
        _measure(data)
        text = py_svg_hush.filter_svg(data, IMAGES).decode()
    except (expat.ExpatError, ValueError) as broken:
        raise _unshowable(f"it cannot be read ({broken})") from broken
    return PAINT_ELSEWHERE.sub("none", ELSEWHERE.sub("", text))


def _measure(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise _unshowable(f"it has more than {MOST_BYTES:,} bytes")
    elements = depth = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal elements, depth
        elements, depth = elements + 1, depth + 1
        if elements > MOST_ELEMENTS or depth > DEEPEST:
            raise _unshowable(f"it has more than {MOST_ELEMENTS:,} elements or {DEEPEST} levels")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(_name: str, _system: str | None, _public: str | None, subset: bool) -> None:
        if subset:
            raise _unshowable("it declares entities of its own")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(data, True)


def _unshowable(why: str) -> BadImage:
    return BadImage(
        f"This SVG is not shown, because {why}.",
        "Its file is kept as it came, at its path; open it only in a viewer without scripts.",
        code="svg_unsafe",
    )

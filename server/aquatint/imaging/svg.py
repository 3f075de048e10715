"""Takes everything active or foreign out of an SVG before anybody is shown it; files stay raw.

The filter is svg-hush, Cloudflare's allow-list in Rust. What it does not bound is bounded here, and
what it leaves of foreign addresses, mainly in CSS, goes.
"""

from __future__ import annotations

import re
from xml.parsers import expat  # entities are refused at sight
from xml.sax.saxutils import escape, quoteattr

from ..domain.errors import BadImage

MOST_BYTES = 5_000_000
MOST_ELEMENTS = 100_000
DEEPEST = 100  # the filter indents: 50,000 levels in 350 KB came out as 5 GB
IMAGES = {"image": ["png", "jpeg", "webp", "gif"]}  # data: URLs that may stay
# What may be called in CSS and in presentation attributes. image-set, src, cross-fade, image and
# whatever comes next may name an address without url().
FUNCTIONS = """
attr blur brightness calc circle clamp color color-mix conic-gradient contrast counter cubic-bezier
drop-shadow ellipse grayscale has hsl hsla hue-rotate hwb inset invert is lab lch linear-gradient
local matrix matrix3d max min not nth-child nth-last-child nth-last-of-type nth-of-type oklab oklch
opacity path perspective polygon radial-gradient repeating-conic-gradient repeating-linear-gradient
repeating-radial-gradient rgb rgba rotate rotate3d rotatex rotatey rotatez saturate scale scale3d
scalex scaley scalez sepia skew skewx skewy steps translate translate3d translatex translatey
translatez var where
"""
ALLOWED = frozenset(FUNCTIONS.split())
CALL = re.compile(r"([-\w]*)\(\s*([^)]*)")
LOCAL = re.compile(r"""["']?\s*(?:#|data:image/(?:png|jpeg|webp|gif)[;,])""", re.IGNORECASE)
DATA = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
ADDRESS = re.compile(r"""(?:^|[\s"'(,:;])(?:[a-z][a-z0-9+.-]*:)?//|@import""", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
# One declaration or selector: text with whole strings and whole parentheses, three deep.
PIECE = re.compile(r"""(?:"[^"]*"|'[^']*'|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|[^;{}"'()])+""")


def sanitised(data: bytes) -> str:
    """The SVG without scripts, events, foreign objects, addresses or entities. Raises
    BadImage for what is not SVG, or too large or deep to be looked at."""
    import py_svg_hush  # 5 ms, and only who asks a model for SVG needs it

    try:
        _measure(data)
        text = py_svg_hush.filter_svg(data, IMAGES).decode()
        return _rewritten(text)
    except (expat.ExpatError, ValueError) as broken:
        raise _unshowable(f"it cannot be read ({broken})") from broken


def _rewritten(text: str) -> str:
    """The same drawing without what may lead elsewhere; only elements, attributes and text."""
    out: list[str] = []
    style: list[str] | None = None

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal style
        kept = {key: value for key, old in attributes.items() if (value := _attribute(key, old))}
        out.append(f"<{name}{''.join(f' {key}={quoteattr(kept[key])}' for key in kept)}>")
        style = [] if name.rpartition(":")[2] == "style" else None

    def end(name: str) -> None:
        nonlocal style
        out.append(escape(css("".join(style or []))) + f"</{name}>")
        style = None

    def words(data: str) -> None:
        if style is None:
            out.append(escape(data))
        else:
            style.append(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = words
    parser.Parse(text, True)
    return "".join(out)


def _attribute(name: str, value: str) -> str:
    """An attribute's value, empty where it may lead elsewhere."""
    local = name.rpartition(":")[2]
    if name.startswith("xmlns"):
        return value
    if local in {"href", "src"}:
        return value if LOCAL.match(value.strip()) else ""
    return css(value) if local == "style" or "(" in value or ADDRESS.search(value) else value


def css(text: str) -> str:
    """CSS without escapes, comments, and every declaration that may name an address."""
    text = COMMENT.sub(" ", text)
    if "\\" in text or PIECE.sub("", text).strip(";{}"):
        return ""  # hidden, or unreadable
    return PIECE.sub(lambda piece: piece.group() if _stays(piece.group()) else "", text)


def _stays(piece: str) -> bool:
    if ADDRESS.search(DATA.sub("", piece)):
        return False
    return all(_allowed(name.lower(), argument) for name, argument in CALL.findall(piece))


def _allowed(function: str, argument: str) -> bool:
    if function == "url":
        return LOCAL.match(argument) is not None
    return not function or function in ALLOWED


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

"""The promise of SVG: what a provider drew is kept raw, and shown without anything active."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.types import TextResourceContents

from aquatint.domain.errors import BadImage
from aquatint.domain.types import ImageRecord
from aquatint.imaging.svg import sanitised
from conftest import MakeApp

HEAD = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
HARMLESS = (
    b'viewBox="0 0 9 9"><defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/>'
    b'</linearGradient></defs><path d="M0 0L5 5" fill="url(#g)" transform="rotate(3)"/>'
    b'<text x="1" y="2" font-family="Arial">Caf\xc3\xa9</text><use href="#g"/>'
    b'<image xlink:href="data:image/png;base64,iVBORw0KGgo=" width="1" height="1"/></svg>'
)
ACTIVE = [
    b'onload="evil()"/>',
    b"><script>evil()</script></svg>",
    b"><script xlink:href='https://evil.test/x.js'/></svg>",
    b"><a href='javascript:evil()'>x</a></svg>",
    b"><a xlink:href='&#106;avascript:evil()'>x</a></svg>",
    b"><image href='https://evil.test/track.png'/></svg>",
    b"><image href='//evil.test/track.png'/></svg>",
    b"><use href='https://evil.test/x.svg#y'/></svg>",
    b"><use href='data:image/svg+xml;base64,PHN2Zy8+#evil'/></svg>",
    b"><foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='//evil.test'/>"
    b"</foreignObject></svg>",
    b"><set attributeName='onclick' to='evil()'/></svg>",
    b"><animate attributeName='href' values='javascript:evil()'/></svg>",
    b"><style>rect{fill:url(https://evil.test/a.svg#x)}</style></svg>",
    b"><rect style='fill:url(\"https://evil.test/z\")'/></svg>",
    b"><rect fill='url(http://evil.test/a#b)'/></svg>",
    b"><h:script xmlns:h='http://www.w3.org/1999/xhtml'>evil()</h:script></svg>",
    b"><handler xmlns='http://www.w3.org/2001/xml-events'>evil()</handler></svg>",
    b"><?xml-stylesheet href='https://evil.test/x.css'?></svg>",
    b"><image href='data:text/html,evil()'/></svg>",
    b"><embed src='https://evil.test'/></svg>",
]
# A script, an event, or an address that a viewer would follow.
ALIVE = re.compile(
    r"<\w*:?(script|foreignObject|iframe|embed|handler)|\son\w+=|attributeName"
    r"|(href|src)=[\"'](?!#|data:image/png)|url\((?!#)|<\?xml-stylesheet",
    re.IGNORECASE,
)
UNSHOWABLE = [
    b"no svg",
    b"<svg",
    b"<html/>",
    HEAD + b">" + b"<g>" * 50_000 + b"</g>" * 50_000 + b"</svg>",
    HEAD + b">" + b"<g/>" * 100_001 + b"</svg>",
    HEAD + b">" + b" " * 5_000_000 + b"</svg>",
    b'<!DOCTYPE svg [<!ENTITY a "evil">]>' + HEAD + b"><text>&a;</text></svg>",
    b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + b"><text>&a;</text></svg>",
]

# Every way of CSS and SVG to name an address: CSS Values 4 and 5 (url, src), Images 4 (image,
# image-set, cross-fade, element), Cascade 5 (@import), Fonts 4 (src); SVG 1.1 and 2 (href and src).
IN_CSS = [
    "url(https://evil.test/a)",
    "url('https://evil.test/a')",
    "URL( //evil.test/a )",
    "u\\72l(https://evil.test/a)",
    "\\75 rl(https://evil.test/a)",
    "url(/* */'https://evil.test/a')",
    'url("https://evil.test/a(b)")',
    "src('https://evil.test/a')",
    'src("//evil.test/a")',
    "image-set('https://evil.test/a' 1x)",
    "image-set(url(#a) 1x, 'https://evil.test/a' 2x)",
    '-webkit-image-set("https://evil.test/a" 1x)',
    "image('https://evil.test/a')",
    "image(rtl 'https://evil.test/a', red)",
    "cross-fade('https://evil.test/a', red)",
    "-webkit-cross-fade(url(https://evil.test/a), url(#a), 50%)",
    "element('https://evil.test/a')",
    "url(https://evil.test/a), auto",
    "url-prefix(https://evil.test/a)",
    "unknown('//evil.test/a')",
    "image-set('ftp://evil.test/a' 1x",
    "url(data:image/svg+xml;base64,ZXZpbA==evil.test)",
    "url(evil.test/relative.png)",
    "image-set('evil.test' 1x)",
]
PROPERTIES = "fill stroke filter mask mask-image clip-path cursor marker-start background"
SHEETS = [
    "@import 'https://evil.test/a.css';",
    "@import url(https://evil.test/a.css);",
    '@IMPORT "//evil.test/a.css" screen;',
    "@\\69mport 'https://evil.test/a';",
    "@font-face{font-family:x;src:url(https://evil.test/f)}",
    "@font-face{font-family:x;src:src('https://evil.test/f') format('woff2')}",
    "@font-face{font-family:x;src:'https://evil.test/f'}",
    "rect{--a:'https://evil.test/a';fill:image-set(var(--a) 1x)}",
    "@media screen{rect{fill:image-set('https://evil.test/a' 1x)}}",
    "rect{fill:red;;fill:src('https://evil.test/a');stroke:blue}",
    "a::before{content:url(https://evil.test/a)}",
    "a::before{content:image-set('https://evil.test/a' 1x)}",
]
LINKING = (
    "a altGlyph animate animateMotion animateTransform color-profile cursor discard feImage filter "
    "font-face-uri glyphRef hatch image iframe audio video source track linearGradient marker mesh "
    "meshgradient mpath pattern radialGradient script set solidcolor style textPath tref use view "
    "link object embed foreignObject"
)
LINKS = ("href", "xlink:href", "src", "srcset", "data", "action", "ping", "poster", "xml:base")


def foreign() -> list[str]:
    """One drawing for each way to name an address that is not in the drawing itself."""
    bodies = [
        f"<style>rect{{{name}:{value}}}</style>" for value in IN_CSS for name in PROPERTIES.split()
    ]
    quoted = [
        (name, value.replace('"', "&quot;")) for value in IN_CSS for name in PROPERTIES.split()
    ]
    bodies += [f'<rect style="{name}:{value}"/>' for name, value in quoted]
    bodies += [f'<rect {name}="{value}"/>' for name, value in quoted]
    bodies += [f"<style>{sheet}</style>" for sheet in SHEETS]
    bodies += [f"<style><![CDATA[{sheet}]]></style>" for sheet in SHEETS]
    bodies += [
        f'<{element} {name}="{address}evil.test/a"/>'
        for element in LINKING.split()
        for name in LINKS
        for address in ("https://", "//", "/", "", "data:image/svg+xml,")
    ]
    bodies += [
        f'<{element} attributeName="{name}" {key}="{value}"/>'
        for element in ("animate", "set")
        for name in ("href", "xlink:href", "fill", "style")
        for key in ("values", "from", "to", "by")
        for value in ("https://evil.test/a", "url(https://evil.test/a)", "src('//evil.test')")
    ]
    return bodies


def test_no_way_of_css_or_svg_leads_elsewhere() -> None:
    leaks: list[tuple[str, str]] = []
    for body in foreign():
        shown = sanitised(HEAD + b">" + body.encode() + b"</svg>")
        if "evil.test" in shown.lower():
            leaks.append((body, shown))
    assert leaks == []


def test_css_that_stays_at_home_is_kept() -> None:
    sheet = (
        "@media (min-width:9px){.a:not(.b)>c{fill:url(#g) rgb(1 2 3 / calc(50% + (1% * 2)))}}"
        "text{font-family:'Noto Sans',serif;filter:drop-shadow(0 0 2px rgba(0,0,0,.5));"
        "background:url(data:image/png;base64,iVBO//Rw0KGgo=)}"
    )
    group = "<g transform='rotate(3) translate(1,2)' style='fill:hsl(9 9% 9%)'/>"
    shown = sanitised(HEAD + f"><style>{sheet}</style>{group}</svg>".encode())
    assert shown.count("url(") == 2
    for kept in (":not(.b)", "calc(50% + (1% * 2))", "Noto Sans", "drop-shadow(0 0 2px", "//Rw0K"):
        assert kept in shown
    assert "rotate(3) translate(1,2)" in shown
    assert "hsl(9 9% 9%)" in shown


@pytest.mark.parametrize("body", ACTIVE)
def test_nothing_active_or_foreign_is_left(body: bytes) -> None:
    assert ALIVE.search((HEAD + body).decode())
    shown = sanitised(HEAD + body)
    assert not ALIVE.search(shown), shown
    assert "<svg" in shown


def test_a_drawing_stays_a_drawing() -> None:
    public = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'
    shown = sanitised(public + HEAD + HARMLESS)
    for kept in ("linearGradient", 'fill="url(#g)"', "Café", 'href="#g"', "data:image/png;base64"):
        assert kept in shown


@pytest.mark.parametrize("data", UNSHOWABLE, ids=range(len(UNSHOWABLE)))
def test_what_cannot_be_judged_is_not_shown(data: bytes) -> None:
    with pytest.raises(BadImage) as refused:
        sanitised(data)
    assert "evil" not in str(refused.value)


async def test_an_svg_is_served_sanitised_as_text_and_kept_as_it_came(
    make_app: MakeApp, home: Path
) -> None:
    raw = HEAD + ACTIVE[1]
    app = make_app()
    image = ImageRecord(
        id="abcdefgh23456777",
        owner="local",
        kind="generated",
        prompt="a logo",
        format="svg",
        width=9,
        height=9,
        bytes=len(raw),
        key="logo.svg",
        sha256="",
        created=1.0,
    )
    async with app.service() as service:
        await service.context.blobs.put("logo.svg", raw)
        await service.context.catalog.add(image)
    async with Client(app.server) as client:
        (read,) = (await client.read_resource(f"image://{image.id}")).contents
        assert isinstance(read, TextResourceContents)
        assert read.mime_type == "image/svg+xml"
        assert "<svg" in read.text
        assert "evil" not in read.text
        with pytest.raises(MCPError):
            await client.read_resource(f"image://{image.id}/preview")
        told = await client.call_tool("get_image", {"image": image.id, "reply": "full"})
        assert "evil" not in told.model_dump_json()
    assert (home / "logo.svg").read_bytes() == raw

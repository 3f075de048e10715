"""A server whose one schema hosts disagree about, so that the Inspector is seen to complain."""

from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import ListToolsResult, Tool


async def tools(*_: Any) -> ListToolsResult:
    schema = {"type": "object", "properties": {"anything": True}}
    return ListToolsResult(tools=[Tool(name="loose", input_schema=schema)])


async def main() -> None:
    server = Server("loose", on_list_tools=tools)
    async with stdio_server() as (heard, said):
        await server.run(heard, said, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)

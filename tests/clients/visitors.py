"""What a client library of other makers reads of a reply: it draws a fox.

Prints the kinds of its blocks. Runs in that client's environment, beside the command `aquatint`.
"""
# pyright: basic, reportMissingImports=false

import asyncio
import json
import os
import sys
from importlib.metadata import version

NAMES = ("AQUATINT_HOME", "AQUATINT_MIN_FREE", "AQUATINT_LINKS", "PATH")
ENV = {name: os.environ[name] for name in NAMES if name in os.environ}
FOX = {"prompt": "A fox", "size": "64x64"}


async def autogen() -> list[str]:
    from autogen_core import CancellationToken
    from autogen_ext.tools.mcp import StdioServerParams, mcp_server_tools

    server = StdioServerParams(command="aquatint", env=ENV, read_timeout_seconds=60)
    (draws,) = [one for one in await mcp_server_tools(server) if one.name == "generate_image"]
    return [one.type for one in await draws.run_json(FOX, CancellationToken())]


async def mcp_use() -> list[str]:
    from mcp_use import MCPClient

    server = {"command": "aquatint", "args": [], "env": ENV}
    client = MCPClient.from_dict({"mcpServers": {"aquatint": server}})
    session = await client.create_session("aquatint")
    answer = await session.call_tool("generate_image", FOX)
    await client.close_all_sessions()
    return [one.type for one in answer.content]


if __name__ == "__main__":
    package = {"autogen": "autogen-ext", "mcp_use": "mcp-use"}[sys.argv[1]]
    read = asyncio.run(globals()[sys.argv[1]]())
    print(json.dumps([package, version(package), read]))

"""What client libraries of other makers hand to a model of a reply: each draws a fox.

Prints the kinds of the blocks. Runs in that client's environment, beside the command `aquatint`.
"""
# pyright: basic, reportMissingImports=false

import asyncio
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

NAMES = ("AQUATINT_HOME", "AQUATINT_MIN_FREE", "AQUATINT_LINKS", "PATH")
ENV = {name: os.environ[name] for name in NAMES if name in os.environ}
SERVER = {"command": "aquatint", "args": [], "env": ENV}
DRAW = "generate_image"
FOX = {"prompt": "A fox", "size": "64x64"}
PACKAGES = {
    "agent_framework": "agent-framework-core",
    "autogen": "autogen-ext",
    "beeai": "beeai-framework",
    "camel": "camel-ai",
    "crewai": "crewai-tools",
    "google_adk": "google-adk",
    "haystack": "mcp-haystack",
    "llama_index": "llama-index-tools-mcp",
    "pydantic_ai": "pydantic-ai-slim",
    "strands": "strands-agents",
}


async def agent_framework() -> list[str]:
    from agent_framework import MCPStdioTool

    async with MCPStdioTool("aquatint", **SERVER) as server:
        return [one.type for one in await server.call_tool(DRAW, **FOX)]


async def agno() -> list[str]:
    from agno.tools.mcp import MCPTools

    server = MCPTools("aquatint", env=ENV, timeout_seconds=60)
    await server.connect()
    answer = await server.functions[DRAW].entrypoint(**FOX)
    await server.close()
    return ["text"] * bool(answer.content) + ["image"] * len(answer.images or [])


async def autogen() -> list[str]:
    from autogen_core import CancellationToken
    from autogen_ext.tools.mcp import StdioServerParams, mcp_server_tools

    server = StdioServerParams(command="aquatint", env=ENV, read_timeout_seconds=60)
    (draws,) = [one for one in await mcp_server_tools(server) if one.name == DRAW]
    return [one.type for one in await draws.run_json(FOX, CancellationToken())]


async def beeai() -> list[str]:
    """It takes the structure where there is one, and nothing else."""
    from beeai_framework.tools.mcp import MCPTool
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = stdio_client(StdioServerParameters(**SERVER))
    async with server as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        (draws,) = [one for one in await MCPTool.from_session(session) if one.name == DRAW]
        return list((await draws.run(FOX)).result)


async def camel() -> list[str]:
    """Its agents hand their model the first block alone, which is the text."""
    from camel.utils.mcp_client import MCPClient

    async with MCPClient(SERVER, timeout=60) as client:
        return [one.type for one in (await client.call_tool(DRAW, FOX)).content]


async def crewai() -> list[str]:
    """Text alone; the path is in it."""
    from crewai_tools import MCPServerAdapter
    from mcp import StdioServerParameters

    def draw() -> list[str]:
        with MCPServerAdapter(StdioServerParameters(**SERVER)) as tools:
            (draws,) = [one for one in tools if one.name == DRAW]
            return ["text" if "path: /" in draws.run(**FOX) else "nothing"]

    return await asyncio.to_thread(draw)


async def dspy() -> list[str]:
    """Text alone, here too."""
    from dspy import Tool
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async with Client(stdio_client(StdioServerParameters(**SERVER))) as client:
        (draws,) = [one for one in (await client.list_tools()).tools if one.name == DRAW]
        read = await Tool.from_mcp_tool(client, draws).acall(**FOX)
        return ["text" if "path: /" in read else "nothing"]


async def google_adk() -> list[str]:
    """All of the reply as JSON, pictures as base64: AQUATINT_REPLY=path helps."""
    from google.adk.agents import LlmAgent
    from google.adk.agents.invocation_context import InvocationContext
    from google.adk.sessions import InMemorySessionService
    from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
    from google.adk.tools.tool_context import ToolContext
    from mcp import StdioServerParameters

    command = StdioConnectionParams(server_params=StdioServerParameters(**SERVER), timeout=60)
    server = McpToolset(connection_params=command)
    (draws,) = [one for one in await server.get_tools() if one.name == DRAW]
    service = InMemorySessionService()
    session = await service.create_session(app_name="visitor", user_id="nobody")
    agent = LlmAgent(name="visitor")
    asked = InvocationContext(
        invocation_id="1", agent=agent, session=session, session_service=service
    )
    answer = await draws.run_async(args=FOX, tool_context=ToolContext(asked, function_call_id="1"))
    await server.close()
    return [one["type"] for one in answer["content"]]


async def haystack() -> list[str]:
    from haystack_integrations.tools.mcp import MCPTool, StdioServerInfo

    draws = await asyncio.to_thread(MCPTool, DRAW, StdioServerInfo(**SERVER))
    answer = json.loads(await asyncio.to_thread(draws.invoke, **FOX))
    return [one["type"] for one in answer["content"]]


async def llama_index() -> list[str]:
    """A model reads the whole reply as one text, pictures and all: AQUATINT_REPLY=path helps."""
    from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

    tools = await McpToolSpec(client=BasicMCPClient("aquatint", env=ENV)).to_tool_list_async()
    (draws,) = [one for one in tools if one.metadata.name == DRAW]
    return [one.block_type for one in (await draws.acall(**FOX)).blocks]


async def mcp_agent() -> list[str]:
    """It says that it has roots, and answers `roots/list` with an error; so a path is named."""
    from mcp_agent.app import MCPApp
    from mcp_agent.config import LoggerSettings, MCPServerSettings, MCPSettings, Settings
    from mcp_agent.mcp.gen_client import gen_client

    servers = MCPSettings(servers={"aquatint": MCPServerSettings(**SERVER)})
    quiet = LoggerSettings(type="none")
    settings = Settings(execution_engine="asyncio", logger=quiet, mcp=servers)
    async with MCPApp(name="visitor", settings=settings).run() as app:
        registry = app.context.server_registry
        async with gen_client("aquatint", registry, context=app.context) as session:
            path = Path(ENV["AQUATINT_HOME"], "fox.png")
            answer = await session.call_tool(DRAW, {**FOX, "save_to": str(path)})
            return [one.type for one in answer.content]


async def mcp_use() -> list[str]:
    from mcp_use import MCPClient

    client = MCPClient.from_dict({"mcpServers": {"aquatint": SERVER}})
    session = await client.create_session("aquatint")
    answer = await session.call_tool(DRAW, FOX)
    await client.close_all_sessions()
    return [one.type for one in answer.content]


async def pydantic_ai() -> list[str]:
    from fastmcp.client.transports import StdioTransport
    from pydantic_ai.mcp import MCPToolset

    async with MCPToolset(StdioTransport(**SERVER)) as server:
        return [type(one).__name__ for one in await server.direct_call_tool(DRAW, FOX)]


async def semantic_kernel() -> list[str]:
    from semantic_kernel.connectors.mcp import MCPStdioPlugin

    async with MCPStdioPlugin("aquatint", **SERVER) as server:
        return [one.content_type for one in await server.call_tool(DRAW, **FOX)]


async def smolagents() -> list[str]:
    """It shows no picture to a model; the text names the file."""
    from mcp import StdioServerParameters
    from smolagents import ToolCollection

    def draw() -> list[str]:
        server = StdioServerParameters(**SERVER)
        with ToolCollection.from_mcp(server, True, structured_output=False) as found:
            (draws,) = [one for one in found.tools if one.name == DRAW]
            return ["text" if "path: /" in draws(**FOX) else "nothing"]

    return await asyncio.to_thread(draw)


async def strands() -> list[str]:
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client
    from strands.tools.mcp import MCPClient

    def draw() -> list[str]:
        with MCPClient(lambda: stdio_client(StdioServerParameters(**SERVER))) as client:
            return [key for one in client.call_tool_sync("1", DRAW, FOX)["content"] for key in one]

    return await asyncio.to_thread(draw)


if __name__ == "__main__":
    name = sys.argv[1]
    read = asyncio.run(globals()[name]())
    print(json.dumps([name, version(PACKAGES.get(name, name)), read]))

"""The least that an MCP server can be: one tool on the same SDK. A script, run by bench_cold.py."""

from mcp.server import MCPServer

server = MCPServer("bare")


@server.tool()
async def echo(text: str) -> str:
    """Say it back."""
    return text


if __name__ == "__main__":
    server.run("stdio")

"""aquatint: an MCP server that makes pictures, and changes exactly the part it was told to."""

__version__ = "0.1.0"

"""What clients of other makers do with replies, as data, and a reply made to fit each.

Who is not named here gets text, pictures and structure, and no links. Source: each was run; as of
2026-11-27.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mcp.server.session import ServerSession
from mcp.types import CallToolResult, InitializeRequestParams, ResourceLink

APPS = "io.modelcontextprotocol/ui"


@dataclass(frozen=True, slots=True)
class Client:
    """A client by what it announces: patterns of its name and version, and all its capabilities.

    `links` says that it shows links to pictures, or leaves them to the user; others read a reply
    with one as broken, or hand it to the model as a file that nobody can open. `structure` is false
    where the model gets the structured half alone, and so no picture.
    """

    name: str
    version: str = ".*"
    capabilities: Mapping[str, object] | None = None  # None: whichever
    links: bool = False
    structure: bool = True


UNKNOWN = Client(".*")
KNOWN = (
    Client("claude-code", links=True),  # names the link to the model; the file is not fetched
    Client("Visual Studio Code.*", links=True),  # keeps from the model what is for the user
    Client("inspector-(cli|client)", links=True),
    Client("codex-mcp-client", structure=False),
    # agent-framework 1.23 has the SDK's own name, as others have that offer something else.
    Client("mcp", r"0\.1\.0", MappingProxyType({"sampling": {}}), structure=False),
    # Mastra 2.0 has whatever name its user gave the server, and claims apps without their types.
    Client(".*", r"1\.0\.0", MappingProxyType({"extensions": {APPS: {}}}), structure=False),
)


def client_of(announced: InitializeRequestParams | None) -> Client:
    """The first row that fits what a client announced."""
    if announced is None:
        return UNKNOWN
    info, offers = announced.client_info, announced.capabilities
    can = offers.model_dump(mode="json", by_alias=True, exclude_none=True)
    for one in KNOWN:
        named = re.fullmatch(one.name, info.name) and re.fullmatch(one.version, info.version)
        if named and one.capabilities in (None, can):
            return one
    return UNKNOWN


def name_of(session: ServerSession) -> str:
    """The same for all calls of a client, and another for others as far as they can be told apart.

    A process on standard input serves one; over HTTP older clients have sessions.
    """
    announced = session.client_params
    name = announced.client_info.name if announced else ""
    connection = session._connection  # pyright: ignore[reportPrivateUsage]
    return f"{connection.session_id or ''} {name}"


def fitted(result: CallToolResult, client: Client, links: str) -> CallToolResult:
    """The reply without what this client cannot take; `links` is AQUATINT_LINKS."""
    content, structure = result.content, result.structured_content
    if links == "never" or (links == "auto" and not client.links):
        content = [block for block in content if not isinstance(block, ResourceLink)]
    if not client.structure:
        structure = None
    return result.model_copy(update={"content": content, "structured_content": structure})

"""The MCP server itself: the SDK's insides that must be bent are bent here, and only here."""

from __future__ import annotations

import difflib
import logging
import os
import signal
import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread
from mcp.server import MCPServer, NotificationOptions
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
)
from mcp.server.models import InitializationOptions
from mcp.server.subscriptions import ResourcesListChanged
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptResult,
    InputRequiredResult,
    ListResourcesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    ResourceTemplate,
)
from pydantic import AnyUrl, ValidationError

from ..domain.errors import AquatintError, BadRequest, NoSuchImage
from . import completion, resources, tools
from .lifespan import Opening
from .prompts import messages
from .replies import refused
from .transport import Heard, openings, stdio

if TYPE_CHECKING:
    from ..services.images import ImageService

log = logging.getLogger(__name__)

Announce = Callable[[], Awaitable[None]]
Schema = dict[str, Any]
NULL = {"type": "null"}
OpenService = Callable[[Announce], AbstractAsyncContextManager["ImageService"]]
HEAD_START = 0.1  # seconds the first answer has to leave, before importing takes the processor


class AquatintServer(MCPServer[Opening]):
    """An MCPServer whose errors speak, whose arguments are strict, and whose lists are live.

    `open_studio` is entered once per connection (stdio) or once per process (HTTP).
    `warm` imports what is slow; it runs in a thread once the first answer is out.
    """

    def __init__(
        self,
        *,
        name: str,
        version: str,
        instructions: str,
        open_service: OpenService,
        warm: Callable[[], None],
        max_line: int,
    ) -> None:
        super().__init__(
            name,
            version=version,
            instructions=instructions,
            lifespan=self._lifespan,
            log_level="WARNING",
        )
        self._open_service = open_service
        self._warm = warm
        self._max_line = max_line
        self._answered = anyio.Event()
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._openings: weakref.WeakSet[Opening] = weakref.WeakSet()
        tools.register(self)
        # The public decorator hands completions no context, so no studio.
        self._lowlevel_server.add_request_handler(
            "completion/complete", CompleteRequestParams, self._complete
        )
        for tool in self._tool_manager.list_tools():
            tool.parameters = tidy({**tool.parameters, "additionalProperties": False})
            tool.fn_metadata.output_schema = outline(tool.fn_metadata.output_schema or {})
            tool.description = " ".join(tool.description.split())
        self._announce_list_changes()

    @asynccontextmanager
    async def _lifespan(self, _: MCPServer[Opening]) -> AsyncGenerator[Opening]:
        opening = Opening()
        self._openings.add(opening)
        async with anyio.create_task_group() as background:
            background.start_soon(self._warm_up, opening)
            async with anyio.create_task_group() as keeper:
                keeper.start_soon(opening.keep, self._open_service(self.announce))
                yield opening
                opening.close()
            background.cancel_scope.cancel()

    async def _warm_up(self, opening: Opening) -> None:
        await self._answered.wait()
        await anyio.sleep(HEAD_START)
        await anyio.to_thread.run_sync(self._warm, abandon_on_cancel=True)
        await opening.opened()

    async def run_stdio_async(self) -> None:
        async with anyio.create_task_group() as group, stdio(self._max_line) as (heard, said):
            group.start_soon(self._heed_signals)
            options = self._lowlevel_server.create_initialization_options()

            async def serve(hears: Heard) -> None:
                await self._lowlevel_server.run(hears, said.clone(), options)

            async with heard, said:
                await openings(heard, serve)
            group.cancel_scope.cancel()

    async def _heed_signals(self) -> None:
        """Leave in order when told to: no job is cut short, and nothing more is read."""
        if sys.platform == "win32":
            return
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
            async for _ in signals:
                for opening in list(self._openings):
                    await opening.closed()
                os._exit(0)  # nothing else wakes the thread that waits for input

    async def announce(self) -> None:
        """Tell clients of both protocol revisions that the list of pictures changed."""
        await self._subscriptions.publish(ResourcesListChanged())
        for connection in list(self._connections):
            await connection.send_resource_list_changed()

    def _announce_list_changes(self) -> None:
        # The SDK advertises listChanged to older clients only when told so at each start.
        low = self._lowlevel_server
        original = low.create_initialization_options

        def with_changes(
            notification_options: NotificationOptions | None = None,
            experimental_capabilities: dict[str, dict[str, Any]] | None = None,
            extensions: dict[str, dict[str, Any]] | None = None,
        ) -> InitializationOptions:
            options = notification_options or NotificationOptions(resources_changed=True)
            return original(options, experimental_capabilities, extensions)

        low.create_initialization_options = with_changes

    def _meet(self, ctx: ServerRequestContext[Opening, Any]) -> None:
        self._connections.add(ctx.session._connection)  # pyright: ignore[reportPrivateUsage]

    async def _service(self, ctx: ServerRequestContext[Opening, Any]) -> ImageService:
        self._meet(ctx)
        return await ctx.lifespan_context.opened()

    async def _handle_list_tools(
        self, ctx: ServerRequestContext[Opening], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        self._meet(ctx)
        self._answered.set()
        return await super()._handle_list_tools(ctx, params)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Opening, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """The one place where errors become words for agents."""
        if context is not None:
            await self._service(context.request_context)
        tool = self._tool_manager.get_tool(name)
        try:
            if tool is None:
                raise _unknown_tool(name, [one.name for one in self._tool_manager.list_tools()])
            _refuse_unknown(name, arguments, list(tool.fn_metadata.arg_model.model_fields))
            return await super().call_tool(name, arguments, context)
        except AquatintError as error:
            return _told(name, error)
        except ToolError as wrapped:
            cause = wrapped.__cause__
            if isinstance(cause, AquatintError):
                return _told(name, cause)
            if isinstance(cause, ValidationError):
                return _told(name, _malformed(name, cause))
            raise

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return resources.TEMPLATES

    async def _handle_list_resources(
        self, ctx: ServerRequestContext[Opening], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        service = await self._service(ctx)
        try:
            return await resources.page(service, params.cursor if params else None)
        except AquatintError as error:
            raise _as_resource_error(error) from error

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Opening, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        assert context is not None, "resources are read inside a request"
        service = await self._service(context.request_context)
        try:
            return await resources.read(service, str(uri))
        except AquatintError as error:
            raise _as_resource_error(error) from error

    async def _complete(
        self, ctx: ServerRequestContext[Opening, Any], params: CompleteRequestParams
    ) -> CompleteResult:
        return await completion.complete(await self._service(ctx), params)

    async def list_prompts(self) -> list[Prompt]:
        return messages.listed()

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[Opening, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        assert context is not None, "prompts are filled in inside a request"
        service, given = await self._service(context.request_context), arguments or {}
        try:
            guide = messages.guide_of(name)
            _refuse_unknown(name, given, [one.name for one in guide.arguments])
            return await messages.prompted(service, context.client_capabilities, guide, given)
        except AquatintError as error:
            raise MCPError(INVALID_PARAMS, str(error), {"code": error.reason}) from error


def tidy(schema: Schema) -> Schema:
    """A JSON schema without what a model pays for and does not need.

    Titles, null alternatives and null defaults go; a single alternative left is unwrapped.
    """
    kept: Schema = {}
    for key, value in schema.items():
        if (key == "title" and isinstance(value, str)) or (key == "default" and value is None):
            continue
        if key in {"properties", "$defs"}:
            kept[key] = {name: tidy(child) for name, child in cast("Schema", value).items()}
        elif isinstance(value, dict):
            kept[key] = tidy(cast("Schema", value))
        elif key == "anyOf":
            options = [tidy(one) for one in cast("list[Schema]", value) if one != NULL]
            kept |= options[0] if len(options) == 1 else {key: options}
        else:
            kept[key] = value
    return kept


def outline(schema: Schema) -> Schema:
    """An output schema down to the types of its fields and of its pictures' fields.

    A field marked `unlisted` is left out: it explains itself where it comes.
    Five tools repeat it in every conversation's listing; results are still validated in full.
    """
    defs = cast("dict[str, Schema]", schema.get("$defs", {}))

    def fields(model: Schema, rows: bool = True) -> Schema:
        named = cast("dict[str, Schema]", model["properties"])
        told = {key: brief(one, rows) for key, one in named.items() if "unlisted" not in one}
        return {"type": "object", "properties": told}

    def brief(field: Schema, rows: bool) -> Schema:
        plain = tidy(field)
        if "$ref" in plain:
            return {"type": "object"}
        item = str(plain.get("items", {}).get("$ref", ""))
        if item and rows:
            row = fields(defs[item.rsplit("/", 1)[-1]], rows=False)
            return {"type": "array", "items": {"properties": row["properties"]}}
        return {"type": plain["type"]}

    return fields(schema)


def _refuse_unknown(tool: str, given: dict[str, Any], known: list[str]) -> None:
    lines: list[str] = []
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(known)}."
            lines.append(f"{tool} has no argument {name!r:.60}. {hint}")
    if lines:
        raise BadRequest("\n".join(lines), "Nothing was sent.", code="unknown_argument")


def _unknown_tool(name: str, known: list[str]) -> BadRequest:
    return BadRequest(
        f"There is no tool {name!r:.60}.", f"Call one of {', '.join(known)}.", code="unknown_tool"
    )


def _malformed(tool: str, error: ValidationError) -> BadRequest:
    """Pydantic's findings, all at once, without its addresses and without echoing values."""
    lines: list[str] = []
    for wrong in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in wrong["loc"]) or "arguments"
        lines.append(f"{place}: {wrong['msg']}.")
    return BadRequest(
        "\n".join(dict.fromkeys(lines)),
        f"Correct this and call {tool} again; nothing was sent.",
        code="bad_arguments",
    )


def _told(tool: str, error: AquatintError) -> CallToolResult:
    log.info("%s: %s (%s)", tool, error.reason, type(error).__name__)
    return refused(error)


def _as_resource_error(error: AquatintError) -> ResourceError:
    if isinstance(error, NoSuchImage | BadRequest):
        return ResourceNotFoundError(str(error))
    return ResourceError(str(error))

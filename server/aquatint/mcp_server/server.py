"""The MCP server itself: the SDK's insides that must be bent are bent here, and only here."""

from __future__ import annotations

import logging
import os
import signal
import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.lowlevel
import anyio.to_thread
from mcp.server import MCPServer, NotificationOptions
from mcp.server.apps import Apps
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
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
from ..domain.words import clean, cut
from . import apps, completion, host_roots, news, resources, tools
from .argument_errors import malformed, refuse_unknown, unknown_tool
from .clients import client_of, fitted
from .lifespan import LazyService
from .prompts import messages
from .replies import refused
from .transport import Incoming, serve_handshakes, stdio

if TYPE_CHECKING:
    from ..services.images import ImageService

log = logging.getLogger(__name__)

Announce = Callable[[], Awaitable[None]]
Schema = dict[str, Any]
NOTHING: tuple[object, ...] = (None, False, 0, [], {})  # defaults that go without saying
NULL = {"type": "null"}
OpenService = Callable[[Announce], AbstractAsyncContextManager["ImageService"]]
UNREADABLE = (
    "The host answered a question of this server with something that cannot be read.",
    "Ask the user in the chat instead, and give absolute paths.",
)
MOST_WORDS = 8_000  # bytes of an error
PASSES = 40  # of the event loop from one call to the next, so that a ping behind many is read
HEAD_START = 0.1  # seconds the first answer has to leave, before importing takes the processor


class AquatintServer(MCPServer[LazyService]):
    """An MCPServer whose errors speak, whose arguments are strict, and whose lists are live.

    `open_service` is entered once per connection (stdio) or once per process (HTTP).
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
            extensions=[Apps()],  # says so; what it shows is registered with the others
        )
        self._open_service = open_service
        self._warm = warm
        self._max_line = max_line
        self._answered = anyio.Event()
        self._turn = anyio.Lock()
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._services: weakref.WeakSet[LazyService] = weakref.WeakSet()
        tools.register(self)
        # The public decorator hands completions no context, so no service.
        self._lowlevel_server.add_request_handler(
            "completion/complete", CompleteRequestParams, self._complete
        )
        self._lowlevel_server.middleware.append(_skip_foreign_roots)
        for tool in self._tool_manager.list_tools():
            tool.parameters = tidy({**tool.parameters, "additionalProperties": False})
            tool.description = " ".join(tool.description.split())
        self._announce_list_changes()

    @asynccontextmanager
    async def _lifespan(self, _: MCPServer[LazyService]) -> AsyncGenerator[LazyService]:
        service = LazyService()
        self._services.add(service)
        async with anyio.create_task_group() as background:
            background.start_soon(self._warm_up, service)
            async with anyio.create_task_group() as keeper:
                keeper.start_soon(service.keep, self._open_service(self.announce))
                yield service
                service.close()
            background.cancel_scope.cancel()

    async def _warm_up(self, service: LazyService) -> None:
        await self._answered.wait()
        await anyio.sleep(HEAD_START)
        await anyio.to_thread.run_sync(self._warm, abandon_on_cancel=True)
        await service.opened()

    async def run_stdio_async(self) -> None:
        async with (
            anyio.create_task_group() as group,
            stdio(self._max_line) as (incoming, outgoing),
        ):
            group.start_soon(self._leave_on_signals)
            options = self._lowlevel_server.create_initialization_options()

            async def serve(messages: Incoming) -> None:
                await self._lowlevel_server.run(messages, outgoing.clone(), options)

            async with incoming, outgoing:
                await serve_handshakes(incoming, serve)
            group.cancel_scope.cancel()

    async def _leave_on_signals(self) -> None:
        """Leave in order when told to: no job is cut short, and nothing more is read."""
        if sys.platform == "win32":
            return
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
            async for _ in signals:
                for service in list(self._services):
                    await service.closed()
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

    def _remember(self, ctx: ServerRequestContext[LazyService, Any]) -> None:
        self._connections.add(ctx.session._connection)  # pyright: ignore[reportPrivateUsage]

    async def _service(self, ctx: ServerRequestContext[LazyService, Any]) -> ImageService:
        self._remember(ctx)
        return await ctx.lifespan_context.opened()

    async def _handle_list_tools(
        self, ctx: ServerRequestContext[LazyService], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        self._remember(ctx)
        self._answered.set()
        return await super()._handle_list_tools(ctx, params)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[LazyService, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """The one place where errors become words for agents; many calls begin in turn."""
        async with self._turn:
            for _ in range(PASSES):
                await anyio.lowlevel.checkpoint()
        if context is not None:
            await self._service(context.request_context)
        tool = self._tool_manager.get_tool(name)
        # Some clients (crewai-tools 1.15) send null for what was not given.
        arguments = {key: value for key, value in arguments.items() if value is not None}
        try:
            if tool is None:
                raise unknown_tool(name, [one.name for one in self._tool_manager.list_tools()])
            refuse_unknown(name, arguments, list(tool.fn_metadata.arg_model.model_fields))
            result = await super().call_tool(name, arguments, context)
        except AquatintError as error:
            return _refused(name, error)
        except ToolError as wrapped:
            cause = wrapped.__cause__
            if isinstance(cause, AquatintError):
                return _refused(name, cause)
            if isinstance(cause, ValidationError):
                return _refused(name, malformed(name, arguments, cause))
            if isinstance(cause, ToolError):  # a resolver's: the host answered something else
                return _refused(name, BadRequest(*UNREADABLE, code="bad_answer"))
            raise
        if context is None or not isinstance(result, CallToolResult):
            return result
        ctx = context.request_context
        if name != apps.studio_page.__name__:
            result = await news.told(ctx.lifespan_context.service, result)
        links = ctx.lifespan_context.service.settings.links
        return fitted(result, client_of(ctx.session.client_params), links)

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return resources.TEMPLATES

    async def _handle_list_resources(
        self, ctx: ServerRequestContext[LazyService], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        service = await self._service(ctx)
        try:
            return await resources.page(service, params.cursor if params else None)
        except AquatintError as error:
            raise _as_resource_error(error) from error

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[LazyService, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        if str(uri) == apps.STUDIO:
            return [apps.page()]
        assert context is not None, "resources are read inside a request"
        service = await self._service(context.request_context)
        try:
            return await resources.read(service, str(uri))
        except AquatintError as error:
            raise _as_resource_error(error) from error

    async def _complete(
        self, ctx: ServerRequestContext[LazyService, Any], params: CompleteRequestParams
    ) -> CompleteResult:
        return await completion.complete(await self._service(ctx), params)

    async def list_prompts(self) -> list[Prompt]:
        return messages.listed()

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[LazyService, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        assert context is not None, "prompts are filled in inside a request"
        service, given = await self._service(context.request_context), arguments or {}
        try:
            guide = messages.guide_of(name)
            refuse_unknown(name, given, [one.name for one in guide.arguments])
            return await messages.prompted(service, context.client_capabilities, guide, given)
        except AquatintError as error:
            raise MCPError(
                INVALID_PARAMS, cut(str(error), 8_000), {"code": error.reason}
            ) from error


def tidy(schema: Schema) -> Schema:
    """A JSON schema without what a model pays for and does not need.

    Titles, null alternatives and empty defaults go; a single alternative left is unwrapped.
    """
    kept: Schema = {}
    for key, value in schema.items():
        if (key == "title" and isinstance(value, str)) or (key == "default" and value in NOTHING):
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


async def _skip_foreign_roots(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    params = host_roots.without_foreign_roots(ctx.params)
    return await call_next(ctx if params is ctx.params else replace(ctx, params=params))


def _refused(tool: str, error: AquatintError) -> CallToolResult:
    log.info("%s: %s (%s)", clean(tool, 60), error.reason, type(error).__name__)
    return refused(error)


def _as_resource_error(error: AquatintError) -> ResourceError:
    kind = ResourceNotFoundError if isinstance(error, NoSuchImage | BadRequest) else ResourceError
    return kind(cut(str(error), MOST_WORDS))

"""Makes the signatures that the SDK reads, so that a tool's arguments are written down once.

The SDK takes a tool's schema from a function's annotations. It fills a parameter that is marked
with a resolver by calling the resolver, which may ask for the tool's own arguments by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from inspect import Parameter
from typing import Annotated, Any, get_type_hints

from mcp.server.mcpserver import Context, Resolve
from mcp.types import CallToolResult
from pydantic import Field

from ..domain.types import Frozen
from .lifespan import LazyService

ToolContext = Context[LazyService, Any]
Tool = Callable[..., Awaitable[CallToolResult]]
Function = Callable[..., Awaitable[Any]]
Types = dict[str, Any]  # annotations or defaults, by the name of the parameter


def request_of(kind: type[Frozen]) -> Any:
    """The annotation of a parameter that is filled with the call's arguments, as one request."""

    async def collect(**arguments: Any) -> Frozen:
        return kind(**arguments)

    types = dict.fromkeys(kind.model_fields, Any)
    return Annotated[kind, Resolve(_shaped(collect, request_of, types))]


def resolved(kind: Any, function: Function, **needs: Any) -> Any:
    """The annotation of a parameter that is filled with the answer of `function(ctx, **needs)`.

    Each of `needs` is an annotation too, and says how that parameter of the function is filled.
    """

    async def call(**given: Any) -> Any:
        return await function(**given)

    return Annotated[kind, Resolve(_shaped(call, function, {"ctx": ToolContext, **needs}))]


def tool_of(
    handler: Tool, kind: type[Frozen], descriptions: Mapping[str, str], filled: Types
) -> Tool:
    """A tool whose arguments are the fields of a request, and the handler's own besides.

    `filled` has the annotations of those parameters of the handler that callers never see.
    """
    fields = _fields(kind, descriptions)
    own = inspect.signature(handler).parameters
    types = fields | get_type_hints(handler, include_extras=True) | filled
    defaults = {
        name: one.default for name, one in kind.model_fields.items() if not one.is_required()
    }
    defaults |= {name: one.default for name, one in own.items()}

    async def call(**given: Any) -> CallToolResult:
        return await handler(**{name: given[name] for name in own})

    return _shaped(call, handler, types, defaults)


def _fields(kind: type[Frozen], descriptions: Mapping[str, str]) -> Types:
    """A request's fields: the required ones first, and its own before those it inherits."""
    own = inspect.get_annotations(kind)
    order = sorted(
        kind.model_fields.items(),
        key=lambda item: (not item[1].is_required(), item[0] not in own),
    )
    return {
        name: Annotated[field.rebuild_annotation(), Field(description=descriptions.get(name))]
        for name, field in order
    }


def _shaped(
    call: Function, like: Callable[..., Any], types: Types, defaults: Types | None = None
) -> Function:
    """The function with these annotations, under the name and with the words of another."""
    usual = defaults or {}
    call.__name__, call.__qualname__ = like.__name__, like.__qualname__
    call.__module__, call.__doc__ = like.__module__, like.__doc__
    call.__annotations__ = types
    parameters = [
        Parameter(
            name, Parameter.KEYWORD_ONLY, annotation=kind, default=usual.get(name, Parameter.empty)
        )
        for name, kind in types.items()
        if name != "return"
    ]
    signature = inspect.Signature(parameters, return_annotation=types.get("return", Any))
    call.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    return call


def tool_named(handler: Tool, name: str, types: Types) -> Tool:
    """A tool of that name whose parameters have these annotations, some of them filled."""

    async def call(**given: Any) -> CallToolResult:
        return await handler(**given)

    shaped = _shaped(call, handler, types)
    shaped.__name__ = shaped.__qualname__ = name
    return shaped

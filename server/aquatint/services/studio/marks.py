"""The page marks: picks, pins, sketches, names, the style board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...domain import given_names
from . import requests as asked

if TYPE_CHECKING:
    from .operations import Answer, Visitor


async def add(visitor: Visitor, request: asked.Annotate) -> Answer:
    """{annotation}: as it is kept, with its id."""
    service = visitor.service
    image = await service.library.image(request.image.removeprefix("image://"), visitor.caller)
    annotation = await service.annotations.add(image, visitor.caller, request)
    return {"annotation": annotation.model_dump(mode="json")}


async def name(visitor: Visitor, request: asked.Name) -> Answer:
    """{names, warnings}: all of the picture's, with their `@`; the agent is told of the new one."""
    service, caller = visitor.service, visitor.caller
    image = await service.naming.picture(request.image, caller)
    named, warnings = await service.naming.give(image, request.name, caller)
    words = f"@{given_names.checked(request.name)}"
    mark = asked.Annotate(image=named.id, kind="name", words=words)
    await service.annotations.add(named, caller, mark)
    return {"names": [f"@{one}" for one in named.names], "warnings": list(warnings)}


async def unname(visitor: Visitor, request: asked.Unname) -> Answer:
    """{names}: what the picture is still called."""
    had = await visitor.service.naming.remove(request.name, visitor.caller)
    plain = given_names.checked(request.name)
    left = [one for one in had.names if one.casefold() != plain.casefold()]
    return {"names": [f"@{one}" for one in left]}


async def listed(visitor: Visitor, request: asked.Annotations) -> Answer:
    """{annotations}: of one picture, or all, oldest first."""
    image = request.image and request.image.removeprefix("image://")
    found = await visitor.service.annotations.open(visitor.caller, image)
    return {"annotations": [one.model_dump(mode="json") for one in found]}


async def remove(visitor: Visitor, request: asked.Unannotate) -> Answer:
    """{removed}: its id."""
    await visitor.service.annotations.remove(request.id, visitor.caller)
    return {"removed": request.id}

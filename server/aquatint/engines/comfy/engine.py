"""The engine that has a ComfyUI draw: what is sent, waited for, fetched, and taken up again."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import ExitStack, aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from ...domain.engine import Event, Finished, Inputs, Part, Partial, Progress, Sent
from ...domain.errors import AquatintError, BadReply, ModelCannot, NotKept
from ...domain.json_values import as_list, as_object
from ...domain.models.sizes import parse_size
from ...domain.types import Finding, Order
from . import missing
from .folder import Loaded, Workflows
from .outputs import FAILED, Outcome
from .pictures import all_of, with_alpha
from .server import SILENT, ComfyServer
from .waiting import LOOK, Wait, prefix_of, prompt_of, seed_of
from .watch import Heard, Watch
from .workflow import UNUSABLE, Roles, check_inputs, filled

LARGEST = 1_000_000_000  # bytes of a picture
TRIES = 3  # to fetch a picture that is there


class ComfyEngine:
    """Draws by the workflow in the file `workflow`, or by one of a folder of them, on the ComfyUI
    at `url`. `deadline` (seconds) bounds a call.

    All it says to ComfyUI bears the id of the job, so that any process finds it again.
    """

    stoppable = True  # nothing is paid

    def __init__(
        self,
        *,
        url: str,
        workflow: Path | None,
        deadline: float = 300,
        keep_prompts: bool = True,
    ) -> None:
        self._server = ComfyServer(url)
        self._workflows, self._deadline = Workflows(workflow), deadline
        self._keep_prompts = keep_prompts

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str
    ) -> AsyncGenerator[Event, None]:
        """Check, upload, queue `order.n` prompts, and wait for them."""
        limit = anyio.current_time() + self._deadline
        loaded = await anyio.to_thread.run_sync(
            self._workflows.load, order.model, bool(order.images)
        )
        mask, sized = inputs.mask is not None, "size" in order.chosen
        given = len(inputs.images)
        notes = check_inputs(loaded.roles, loaded.name, given, mask=mask, size_chosen=sized)
        if order.seed is not None and not loaded.roles.seeds:
            raise ModelCannot(
                f"The workflow {loaded.name} has no seed.",
                "Leave seed out, or title the node that has one aquatint:seed.",
            )
        await self._has_all_of(loaded)
        images, shape = await self._uploaded(loaded.roles, inputs, job)
        graphs = [
            filled(
                loaded.graph,
                loaded.roles,
                prompt=order.prompt,
                size=parse_size(order.size),
                seed=seed_of(job, index, order.seed),
                images=images,
                mask=shape,
                prefix=prefix_of(job, index),
            )
            for index in range(order.n)
        ]
        async with self._watch(job) as watch:
            yield Sent()
            try:
                for index, graph in enumerate(graphs):
                    await self._server.post(prompt_of(job, index), job, graph)
            except AquatintError as error:
                self._forget(error, order)
                with suppress(AquatintError):  # what was queued before it
                    await self.cancel(order, job=job)
                raise
            if loaded.roles.seeds:
                seeds = [str(seed_of(job, index, order.seed)) for index in range(order.n)]
                notes.append(f"seed: {', '.join(seeds)}.")
            async with aclosing(self._wait(order, part, job, watch, limit, notes)) as events:
                async for event in events:
                    yield event

    def resumes(self, ticket: str, /) -> bool:
        return True  # by the id of the job

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncGenerator[Event, None]:
        """Wait for what another process queued, and fetch it."""
        limit = anyio.current_time() + self._deadline
        notes = ["It was drawn on while aquatint was stopped, and fetched afterwards."]
        async with (
            self._watch(job) as watch,
            aclosing(self._wait(order, part, job, watch, limit, notes)) as events,
        ):
            async for event in events:
                yield event

    async def cancel(self, order: Order, *, job: str) -> bool:
        """Take its prompts out of the queue, or interrupt the one that runs; nobody else's."""
        return await self._server.stop([prompt_of(job, index) for index in range(order.n)])

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """Whether it answers, and whether each workflow can be run there."""
        found: list[Finding] = []
        if online:
            try:
                found.append(_about(await self._server.stats(), self._server.host))
            except AquatintError as error:
                return [Finding("ComfyUI", "fail", error.message, error.fix)]
        try:
            names = await anyio.to_thread.run_sync(self._workflows.names)
        except AquatintError as error:
            return [*found, Finding("workflow", "fail", error.message, error.fix)]
        return found + [await self._fit(name, online=online) for name in names]

    async def aclose(self) -> None:
        await self._server.aclose()

    def _watch(self, job: str) -> Watch:
        return Watch(self._server.url, job, near=self._server.near)

    async def _has_all_of(self, loaded: Loaded) -> None:
        """Raises Misconfigured where ComfyUI lacks what a workflow needs."""
        known = await self._server.known(loaded.kinds)
        missing.check(loaded.graph, loaded.roles, known, loaded.name)

    async def _fit(self, name: str, *, online: bool) -> Finding:
        """Whether one workflow can be run, and which of its nodes are what."""
        try:
            loaded = await anyio.to_thread.run_sync(self._workflows.read, name)
            if online:
                await self._has_all_of(loaded)
        except AquatintError as error:
            return Finding(f"workflow {name}", "fail", error.message, error.fix)
        is_what = {
            "prompt": loaded.roles.prompts,
            "size": [loaded.roles.size],
            "seed": loaded.roles.seeds,
            "images": loaded.roles.images,
            "mask": ["alpha of the first image" if loaded.roles.alpha else loaded.roles.mask],
            "output": [loaded.roles.output],
        }
        words = [
            f"{role} {', '.join(node for node in nodes if node)}"
            for role, nodes in is_what.items()
            if any(nodes)
        ]
        return Finding(f"workflow {name}", "ok", f"nodes: {'; '.join(words)}")

    async def _uploaded(
        self, found: Roles, inputs: Inputs, job: str
    ) -> tuple[tuple[str, ...], str | None]:
        """The names that ComfyUI gave the inputs. Without a mask all may change."""
        pictures, mask = list(inputs.images), inputs.mask
        if mask is None and pictures and (found.mask or found.alpha):
            mask = await anyio.to_thread.run_sync(all_of, pictures[0])
        if mask is not None and found.alpha:
            pictures[0] = await anyio.to_thread.run_sync(with_alpha, pictures[0], mask)
        images = [
            await self._server.upload(f"{job}-image{number}.png", data)
            for number, data in enumerate(pictures, 1)
        ]
        if mask is None or found.mask is None:
            return tuple(images), None
        return tuple(images), await self._server.upload(f"{job}-mask.png", mask)

    async def _wait(
        self,
        order: Order,
        part: Callable[[], Part],
        job: str,
        watch: Watch,
        limit: float,
        notes: list[str],
    ) -> AsyncGenerator[Event, None]:
        """Events until all prompts have ended; the pictures that came, where some did not."""
        with ExitStack() as unkept:
            parts: list[Part] = []
            failed: list[AquatintError] = []
            for index in range(order.n):
                which = f"picture {index + 1} of {order.n}"
                wait = Wait(self._server, job, index, limit)
                try:
                    while (outcome := await wait.outcome()) is None:
                        event = self._told(await watch.next(LOOK), wait, part)
                        if isinstance(event, Progress) and order.n > 1:
                            event = Progress(f"{which}, {event.words}")
                        if event is not None:
                            yield event
                    parts.append(await self._fetched(outcome, part, unkept))
                    notes.extend(outcome.notes)
                except AquatintError as error:
                    self._forget(error, order)
                    failed.append(error)  # the others may come
                    notes.append(f"{which.capitalize()} did not come: {error}")
                except OSError as error:
                    raise _unwritten(error) from error
            if not parts:
                raise failed[0]
            unkept.pop_all()
        yield Finished(tuple(parts), model=order.model, notes=tuple(notes), cost_usd=0.0)

    def _forget(self, error: AquatintError, order: Order) -> None:
        """Where prompts are not kept, nothing of ComfyUI's that repeats one gets further."""
        if not self._keep_prompts and error.reason in {FAILED, UNUSABLE}:
            error.message = replace(self._server.gate, prompt=order.prompt).text(error.message)
            error.args = (error.message,)

    def _told(self, heard: Heard | None, wait: Wait, part: Callable[[], Part]) -> Event | None:
        """What its caller may hear of a message, and of its place in the queue."""
        if heard is None or heard.prompt != wait.prompt:
            return wait.place if heard is None else None
        wait.heard(ended=heard.ended)
        if heard.look and wait.may_look():
            look = part()
            look.write(heard.look)
            return Partial(wait.looks, look)
        return Progress(f"step {heard.steps[0]} of {heard.steps[1]}") if heard.steps else None

    async def _fetched(self, outcome: Outcome, part: Callable[[], Part], unkept: ExitStack) -> Part:
        """Its bytes; asked for again where the connection broke."""
        for left in reversed(range(TRIES)):
            kept = part()
            with ExitStack() as half:
                half.callback(kept.discard)
                try:
                    await self._copied(outcome, kept)
                except AquatintError as error:
                    if error.reason != SILENT or not left:
                        raise
                    await anyio.sleep(LOOK)
                    continue
                unkept.push(half.pop_all())
                return kept
        raise AssertionError("the last try returns or raises")

    async def _copied(self, outcome: Outcome, kept: Part) -> None:
        async with self._server.file(outcome.file) as chunks:
            async for chunk in chunks:
                kept.write(chunk)
                if kept.size > LARGEST:
                    raise BadReply("ComfyUI's picture is above 1 GB.", "Draw a smaller one.")


def _about(stats: Mapping[str, Any], host: str) -> Finding:
    system = as_object(stats.get("system"))
    devices = map(as_object, as_list(stats.get("devices")))
    on = ", ".join(
        f"{device.get('name')} with {_gigabytes(device.get('vram_total'))} GB" for device in devices
    )
    version = system.get("comfyui_version") or "of an unknown version"
    return Finding("ComfyUI", "ok", f"{version} at {host}" + (f", on {on}" if on else ""))


def _gigabytes(value: object) -> str:
    return f"{value / 1e9:.0f}" if isinstance(value, int | float) and math.isfinite(value) else "?"


def _unwritten(exc: OSError) -> NotKept:
    return NotKept(
        f"The picture could not be written: {exc.strerror or exc}",
        "Free space or repair AQUATINT_HOME, then call again; ComfyUI's output folder has it too.",
        spent="no",
    )

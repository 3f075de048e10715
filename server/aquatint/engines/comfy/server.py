"""What is said to a ComfyUI over HTTP; nobody else knows its routes. Its errors in our words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

import httpx2

from ...domain.endpoints import host_of, is_near, origin_of
from ...domain.errors import AquatintError, Misconfigured, NoSuchImage, Unavailable
from ...domain.json_values import as_list, as_object, object_in
from ...domain.redaction import Gate, secrets_in
from .workflow import UNUSABLE

SECONDS = 30.0  # for one answer; drawing is waited for elsewhere
CONNECT = 5.0
SILENT = "comfy_silent"  # the code of an error: nobody answered
MOST_WORDS = 600  # of its own in an error
LARGEST = 64_000_000  # bytes of an answer in JSON; /object_info of one class is a few KB
FOLDER = "aquatint"  # of all that is ours, below ComfyUI's input and output
File = Mapping[str, str]  # filename, subfolder, type


class ComfyServer:
    """One ComfyUI. Every method raises only the errors of domain.errors, without secrets."""

    def __init__(self, url: str) -> None:
        self.url = url.strip().rstrip("/")
        self.host = host_of(self.url)
        self.near = is_near(self.host)  # no proxy stands between
        self.gate = Gate(secrets_in(url))
        self._http: httpx2.AsyncClient | None = None

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def stats(self) -> Mapping[str, Any]:
        return await self._json("GET", "/system_stats")

    async def known(self, kinds: Iterable[str]) -> dict[str, Any]:
        """What these classes of nodes take; those that are not installed are left out."""
        found: dict[str, Any] = {}
        for kind in kinds:
            found |= await self._json("GET", f"/object_info/{quote(kind, safe='')}")
        return found

    async def upload(self, name: str, data: bytes) -> str:
        """Put a picture where Load Image finds it, and how a workflow names it."""
        told = await self._json(
            "POST",
            "/upload/image",
            files={"image": (name, data, "image/png")},
            data={"subfolder": FOLDER, "type": "input", "overwrite": "true"},
        )
        return f"{told.get('subfolder') or ''}/{told.get('name')}".lstrip("/")

    async def post(self, prompt: str, client: str, graph: Mapping[str, Any]) -> None:
        """Queue a graph under an id of ours."""
        body = {"prompt": graph, "client_id": client, "prompt_id": prompt}
        told = await self._json("POST", "/prompt", json=body, graph=graph)
        if told.get("prompt_id") != prompt:
            raise Unavailable(
                f"ComfyUI at {self.host} gave the work another id than it was asked to, so it "
                "could not be found again.",
                "Update ComfyUI to 0.3.64 or later.",
            )

    async def history(self, prompt: str) -> Mapping[str, Any] | None:
        """What became of it; None while it has not ended, or is not known."""
        told = await self._json("GET", f"/history/{prompt}")
        return as_object(told[prompt]) if prompt in told else None

    async def queue(self) -> tuple[list[str], list[str]]:
        """The ids that run, and those that wait, the next one first."""
        told = await self._json("GET", "/queue")

        def ids(name: str) -> list[str]:
            rows = [row for row in map(as_list, as_list(told.get(name))) if _is_queued(row)]
            return [str(row[1]) for row in sorted(rows, key=lambda row: row[0])]

        return ids("queue_running"), ids("queue_pending")

    async def stop(self, prompts: Iterable[str]) -> bool:
        """Take these, and nobody else's, out of the queue; whether any of them was there."""
        running, waiting = await self.queue()
        ours = set(prompts)
        queued = [one for one in waiting if one in ours]
        if queued:
            await self._json("POST", "/queue", json={"delete": queued})
        runs = [one for one in running if one in ours]
        for one in runs:  # an /interrupt without an id would hit whatever runs
            await self._json("POST", "/interrupt", json={"prompt_id": one})
        return bool(queued or runs)

    @asynccontextmanager
    async def file(self, file: File) -> AsyncGenerator[AsyncGenerator[bytes]]:
        """The bytes of a picture, as they come. Raises NoSuchImage where there is none."""
        async with (
            self._asked("GET", "/view", params=dict(file)) as response,
            aclosing(response.aiter_bytes()) as chunks,
        ):
            yield chunks

    async def _json(
        self, method: str, path: str, *, graph: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The object that it answers, {} for an empty answer."""
        async with self._asked(method, path, graph, **more) as response:
            body = await self._body(response)
        if not body.lstrip().startswith(b"{") and body:
            raise self._stranger("its answer is not ComfyUI's")
        return object_in(body)

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, graph: Mapping[str, Any] | None = None, **more: Any
    ) -> AsyncGenerator[httpx2.Response]:
        url = self._address(path)
        try:
            async with self._client().stream(method, url, **more) as response:
                if not response.is_success:
                    raise self._refusal(response, await self._body(response), graph or {})
                yield response
        except httpx2.RequestError as exc:
            raise Unavailable(
                f"ComfyUI at {self.host} does not answer ({type(exc).__name__}).",
                "Start it, or correct AQUATINT_COMFY_URL; then call again.",
                code=SILENT,
            ) from None

    async def _body(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > LARGEST:
                    raise self._stranger("its answer has no end")
        return bytes(body)

    def _refusal(
        self, response: httpx2.Response, body: bytes, graph: Mapping[str, Any]
    ) -> AquatintError:
        status, path = response.status_code, response.request.url.path
        words = self.gate.words(refused(body, graph) or body.decode("utf-8", "replace"), MOST_WORDS)
        if status in {401, 403}:
            return Misconfigured(
                f"ComfyUI at {self.host} let nobody in ({status}).",
                "Put user and password into AQUATINT_COMFY_URL, or have ComfyUI answer to that "
                "name.",
                code="comfy_forbidden",
            )
        if status == 404 and path.endswith("/view"):
            return NoSuchImage(f"ComfyUI at {self.host} has no such file.", "Have it drawn anew.")
        if status == 400 and graph:
            return Misconfigured(
                f"ComfyUI refused the workflow: {words}",
                "Correct it in ComfyUI, run it there once, and export it again (API).",
                code=UNUSABLE,
            )
        if status == 404 or response.is_redirect:
            return self._stranger(f"it answers {status} to {path}")
        return Unavailable(
            f"ComfyUI at {self.host} failed ({status}): {words}", "Look at its console."
        )

    def _stranger(self, why: str) -> Misconfigured:
        return Misconfigured(
            f"What answers at {self.host} is no ComfyUI: {why}.",
            "Correct AQUATINT_COMFY_URL; ComfyUI's own address is usually http://127.0.0.1:8188.",
            code="no_comfy",
        )

    def _address(self, path: str) -> httpx2.URL:
        scheme, host, _ = origin_of(self.url)
        with suppress(httpx2.InvalidURL):
            if scheme in {"http", "https"} and host:
                return httpx2.URL(self.url + path)
        raise Misconfigured(
            "AQUATINT_COMFY_URL is not a complete http(s) address.",
            "Write all of it, such as http://127.0.0.1:8188.",
            code="no_comfy",
        )

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            timeout = httpx2.Timeout(SECONDS, connect=CONNECT)
            try:
                self._http = httpx2.AsyncClient(timeout=timeout, trust_env=not self.near)
            except (ImportError, OSError, ValueError) as exc:  # the environment's proxies, CAs
                raise Misconfigured(
                    f"No connection can be made: {type(exc).__name__}.",
                    "Correct the proxy and certificate variables of this server's environment.",
                ) from None
        return self._http


def _is_queued(row: list[Any]) -> bool:
    return len(row) > 1 and isinstance(row[0], int | float)


def refused(body: bytes, graph: Mapping[str, Any]) -> str:
    """ComfyUI's own words on a graph that it did not take: node by node, with their titles."""
    told = object_in(body)
    lines: list[str] = []
    for node, value in as_object(told.get("node_errors")).items():
        wrong = as_object(value)
        meta = as_object(as_object(graph.get(node)).get("_meta"))
        for one in map(as_object, as_list(wrong.get("errors"))):
            name = meta.get("title") or wrong.get("class_type")
            lines.append(f"node {node} ({name}): {one.get('message')} ({one.get('details')})")
    general = as_object(told.get("error"))
    return "; ".join(lines) or " ".join(
        str(general[key]) for key in ("message", "details") if general.get(key)
    )

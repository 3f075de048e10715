"""A ComfyUI on the wire, as 0.3.64 answers, whose nodes are a dozen lines of Pillow each.

Written from the shapes in docs/comfyui.md; nothing of ComfyUI is in it. As a process of its own:
`python fake_comfy.py PORT FOLDER SECONDS_A_STEP`; what it saved in FOLDER outlives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn
from PIL import Image, ImageDraw
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

INT, FLOAT, STRING = "INT", "FLOAT", "STRING"
CHECKPOINTS = ["sd_xl_base_1.0.safetensors", "dreamshaper_8.safetensors"]
# What each class takes, as /object_info tells it; a new version's COMBO for one of them.
INPUTS: dict[str, dict[str, Any]] = {
    "LoadImage": {"image": [["example.png"], {"image_upload": True}]},
    "LoadImageMask": {
        "image": [["example.png"]],
        "channel": [["alpha", "red", "green", "blue"]],
    },
    "EmptyImage": {"width": [INT], "height": [INT], "batch_size": [INT], "color": [INT]},
    "ImageScale": {
        "image": ["IMAGE"],
        "upscale_method": [["lanczos", "bilinear", "nearest-exact"]],
        "width": [INT],
        "height": [INT],
        "crop": [["disabled", "center"]],
    },
    "ImageCompositeMasked": {
        "destination": ["IMAGE"],
        "source": ["IMAGE"],
        "x": [INT],
        "y": [INT],
        "resize_source": ["BOOLEAN"],
        "mask": ["MASK"],
    },
    "CheckpointLoaderSimple": {"ckpt_name": ["COMBO", {"options": CHECKPOINTS}]},
    "CLIPTextEncode": {"text": [STRING], "clip": ["CLIP"]},
    "EmptyLatentImage": {"width": [INT], "height": [INT], "batch_size": [INT]},
    "KSampler": {
        "seed": [INT],
        "steps": [INT, {"min": 1}],
        "cfg": [FLOAT],
        "sampler_name": [["euler", "dpmpp_2m"]],
        "scheduler": [["normal", "karras", "simple"]],
        "denoise": [FLOAT],
        "model": ["MODEL"],
        "positive": ["CONDITIONING"],
        "negative": ["CONDITIONING"],
        "latent_image": ["LATENT"],
    },
    "VAEDecode": {"samples": ["LATENT"], "vae": ["VAE"]},
    "VAEEncode": {"pixels": ["IMAGE"], "vae": ["VAE"]},
    "SetLatentNoiseMask": {"samples": ["LATENT"], "mask": ["MASK"]},
    "UNETLoader": {
        "unet_name": [["flux1-dev-kontext_fp8_scaled.safetensors"]],
        "weight_dtype": [["default"]],
    },
    "DualCLIPLoader": {
        "clip_name1": [["clip_l.safetensors", "t5xxl_fp8_e4m3fn_scaled.safetensors"]],
        "clip_name2": [["clip_l.safetensors", "t5xxl_fp8_e4m3fn_scaled.safetensors"]],
        "type": [["sdxl", "sd3", "flux"]],
    },
    "VAELoader": {"vae_name": [["ae.safetensors"]]},
    "FluxGuidance": {"conditioning": ["CONDITIONING"], "guidance": [FLOAT]},
    "ReferenceLatent": {"conditioning": ["CONDITIONING"], "latent": ["LATENT"]},
    "ConditioningZeroOut": {"conditioning": ["CONDITIONING"]},
    "SaveImage": {"images": ["IMAGE"], "filename_prefix": [STRING]},
    "PreviewImage": {"images": ["IMAGE"]},
}


class NodeError(Exception):
    """What a node raises: its kind and its words."""


class FakeComfy:
    """The app and what it was asked. `mode`: "" | "fails" | "memory" | "refuses" | "forbids" |
    "renames" | "html" | "mute" (no websocket) | "hangs up" (at the first /view)."""

    def __init__(self, folder: Path, seconds: float = 0.0) -> None:
        self.folder, self.seconds, self.mode = folder, seconds, ""
        self.posted: list[dict[str, Any]] = []  # bodies of /prompt that were taken
        self.fails_at: set[int] = set()  # of these, by their number
        self.asked: list[str] = []  # method and path of every request
        self.history: dict[str, Any] = {}
        self.running: list[Any] | None = None
        self.pending: list[list[Any]] = []
        self.interrupted: set[str] = set()
        self.sockets: dict[str, WebSocket] = {}
        self._number = 0
        self._work: asyncio.Task[None] | None = None
        for name in ("input", "output", "temp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        routes = [
            Route("/system_stats", self._stats),
            Route("/object_info/{kind}", self._info),
            Route("/prompt", self._prompt, methods=["POST"]),
            Route("/history/{id}", self._history),
            Route("/queue", self._queue, methods=["GET", "POST"]),
            Route("/interrupt", self._interrupt, methods=["POST"]),
            Route("/upload/image", self._upload, methods=["POST"]),
            Route("/view", self._view),
            WebSocketRoute("/ws", self._listen),
        ]
        self.app = Starlette(routes=routes)

    # Routes.

    async def _stats(self, request: Request) -> Response:
        self._note(request)
        if self.mode == "html":
            return PlainTextResponse("<html>a router's page</html>", media_type="text/html")
        if self.mode == "forbids":
            return PlainTextResponse("no", 401)
        device = {"name": "cuda:0 Fake 4090", "vram_total": 24_000_000_000}
        return JSONResponse({"system": {"comfyui_version": "0.3.64"}, "devices": [device]})

    async def _info(self, request: Request) -> Response:
        self._note(request)
        if self.mode == "html":
            return PlainTextResponse("<html>a router's page</html>", media_type="text/html")
        if self.mode == "forbids":
            return PlainTextResponse("no", 401)
        kind = request.path_params["kind"]
        known = {kind: {"input": {"required": INPUTS[kind]}}} if kind in INPUTS else {}
        return JSONResponse(known)

    async def _prompt(self, request: Request) -> Response:
        self._note(request)
        body = await request.json()
        graph = body["prompt"]
        if (refused := self._refused(graph)) is not None:
            return JSONResponse(refused, 400)
        identity = body["prompt_id"] if self.mode != "renames" else "another"
        self.posted.append(body)
        self._number += 1
        extra = {"client_id": body.get("client_id")}
        self.pending.append([self._number, identity, graph, extra, []])
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run())
        return JSONResponse({"prompt_id": identity, "number": self._number, "node_errors": {}})

    def _refused(self, graph: dict[str, Any]) -> dict[str, Any] | None:
        for key, node in graph.items():
            error = None
            if node["inputs"].get("steps", 1) < 1:
                error = ("value_smaller_than_min", "Value 0 smaller than min of 1", "steps")
            name = node["inputs"].get("image")
            if isinstance(name, str) and not (self.folder / "input" / name).is_file():
                error = ("custom_validation_failed", "Custom validation failed", f"image {name}")
            if error or self.mode == "refuses":
                kind, message, details = error or ("value_not_in_list", "Value not in list", "x")
                wrong: dict[str, Any] = {
                    "type": kind,
                    "message": message,
                    "details": details,
                    "extra_info": {},
                }
                about: dict[str, Any] = {"errors": [wrong], "class_type": node["class_type"]}
                head = {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs"}
                return {
                    "error": head | {"details": "", "extra_info": {}},
                    "node_errors": {key: about},
                }
        return None

    async def _history(self, request: Request) -> Response:
        self._note(request)
        identity = request.path_params["id"]
        return JSONResponse({identity: self.history[identity]} if identity in self.history else {})

    async def _queue(self, request: Request) -> Response:
        self._note(request)
        if request.method == "POST":
            gone = set((await request.json())["delete"])
            self.pending = [row for row in self.pending if row[1] not in gone]
            return Response()
        running = [self.running] if self.running else []
        return JSONResponse({"queue_running": running, "queue_pending": self.pending})

    async def _interrupt(self, request: Request) -> Response:
        self._note(request)
        body = await request.body()
        identity = json.loads(body or b"{}").get("prompt_id")
        if self.running and identity in {None, self.running[1]}:
            self.interrupted.add(self.running[1])
        return Response()

    async def _upload(self, request: Request) -> Response:
        self._note(request)
        async with request.form() as form:
            upload: Any = form["image"]
            folder, name = str(form.get("subfolder") or ""), upload.filename
            place = self.folder / "input" / folder
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(await upload.read())
        return JSONResponse({"name": name, "subfolder": folder, "type": "input"})

    async def _view(self, request: Request) -> Response:
        self._note(request)
        asked = request.query_params
        place = self.folder / asked["type"] / asked.get("subfolder", "") / asked["filename"]
        if not place.is_file():
            return Response(status_code=404)
        data = place.read_bytes()
        if self.mode == "hangs up":
            self.mode = ""
            return Response(data[: len(data) // 2], headers={"content-length": str(len(data))})
        return Response(data, media_type="image/png")

    async def _listen(self, socket: WebSocket) -> None:
        if self.mode == "mute":
            await socket.close()
            return
        client = socket.query_params["clientId"]
        await socket.accept()
        self.sockets[client] = socket
        await socket.send_json({"type": "status", "data": {"sid": client}})
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await socket.receive_text()

    def _note(self, request: Request) -> None:
        self.asked.append(f"{request.method} {request.url.path}")

    # Work.

    async def _run(self) -> None:
        while self.pending:
            self.running = self.pending.pop(0)
            _, identity, graph, extra, _ = self.running
            say = self._to(str(extra["client_id"]))
            await say({"type": "execution_start", "data": {"prompt_id": identity}})
            kind, data = "execution_success", dict[str, Any]()
            outputs: dict[str, Any] = {}
            try:
                outputs = await self._execute(identity, graph, say)
            except NodeError as error:
                node, name, words = error.args
                kind = "execution_error"
                data = {
                    "node_id": node,
                    "node_type": graph[node]["class_type"],
                    "exception_type": name,
                    "exception_message": words,
                }
            except InterruptedError:
                kind = "execution_interrupted"
            well = kind == "execution_success"
            self.history[identity] = {
                "prompt": self.running,
                "outputs": outputs,
                "status": {
                    "status_str": "success" if well else "error",
                    "completed": well,
                    "messages": [
                        ["execution_start", {"prompt_id": identity}],
                        [kind, {"prompt_id": identity, **data}],
                    ],
                },
            }
            self.running = None
            await say({"type": kind, "data": {"prompt_id": identity, **data}})

    def _to(self, client: str) -> Callable[[object], Any]:
        async def say(message: object) -> None:
            socket = self.sockets.get(client)
            if socket is None:
                return
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                if isinstance(message, bytes):
                    await socket.send_bytes(message)
                else:
                    await socket.send_json(message)

        return say

    async def _execute(
        self, identity: str, graph: dict[str, Any], say: Callable[[object], Any]
    ) -> dict[str, Any]:
        values: dict[str, list[Any]] = {}
        outputs: dict[str, Any] = {}

        async def value_of(value: Any) -> Any:
            if isinstance(value, list):
                node, output = cast("tuple[str, int]", value)
                if node not in values:
                    values[node] = await run(node)
                return values[node][output]
            return value

        async def run(key: str) -> list[Any]:
            node = graph[key]
            if identity in self.interrupted:
                raise InterruptedError
            given = {name: await value_of(value) for name, value in node["inputs"].items()}
            if node["class_type"] == "KSampler":
                await self._sample(identity, key, given, say)
            made = self._node(node["class_type"], given)
            if node["class_type"] in {"SaveImage", "PreviewImage"}:
                outputs[key] = {"images": made}
            return made

        for key, node in graph.items():
            if node["class_type"] in {"SaveImage", "PreviewImage"}:
                await run(key)
        return outputs

    async def _sample(
        self, identity: str, key: str, given: dict[str, Any], say: Callable[[object], Any]
    ) -> None:
        steps = given["steps"]
        look = io.BytesIO()
        Image.new("RGB", (64, 64), "grey").save(look, "JPEG")
        for step in range(1, steps + 1):
            await asyncio.sleep(self.seconds)
            if identity in self.interrupted:
                raise InterruptedError
            at = [body["prompt_id"] for body in self.posted].index(identity)
            if self.mode == "fails" or at in self.fails_at:
                raise NodeError(key, "RuntimeError", "mat1 and mat2 shapes cannot be multiplied")
            if self.mode == "memory":
                raise NodeError(key, "torch.OutOfMemoryError", "Allocation on device")
            progress = {"value": step, "max": steps, "prompt_id": identity, "node": key}
            await say({"type": "progress", "data": progress})
            about = json.dumps({"prompt_id": identity, "image_type": "image/jpeg"}).encode()
            await say((4).to_bytes(4) + len(about).to_bytes(4) + about + look.getvalue())

    def _node(self, kind: str, given: dict[str, Any]) -> list[Any]:
        match kind:
            case "LoadImage" | "LoadImageMask":
                with Image.open(self.folder / "input" / given["image"]) as image:
                    alpha = image.convert("RGBA").getchannel("A").point(lambda level: 255 - level)
                    picture = image.convert("RGB")
                return [alpha] if kind == "LoadImageMask" else [picture, alpha]
            case "EmptyImage":
                colour = (
                    given["color"] >> 16 & 255,
                    given["color"] >> 8 & 255,
                    given["color"] & 255,
                )
                return [Image.new("RGB", (given["width"], given["height"]), colour)]
            case "ImageScale":
                return [given["image"].resize((given["width"], given["height"]))]
            case "ImageCompositeMasked":
                base, size = given["destination"].copy(), given["destination"].size
                base.paste(given["source"].resize(size), (0, 0), given["mask"].resize(size))
                return [base]
            case "CLIPTextEncode":
                return [given["text"]]
            case "EmptyLatentImage":
                return [(Image.new("RGB", (given["width"], given["height"])), None)]
            case "VAEEncode":
                return [(given["pixels"], None)]
            case "SetLatentNoiseMask":
                return [(given["samples"][0], given["mask"])]
            case "KSampler":
                base, mask = given["latent_image"]
                return [_drawn(base, mask, f"{given['seed']} {given['positive']}")]
            case "VAEDecode":
                return [given["samples"]]
            case "SaveImage" | "PreviewImage":
                return [self._saved(given["images"], given.get("filename_prefix"))]
            case "FluxGuidance" | "ReferenceLatent" | "ConditioningZeroOut":
                return [given["conditioning"]]
            case _:
                return [kind, kind, kind]

    def _saved(self, image: Image.Image, prefix: str | None) -> dict[str, str]:
        kind = "temp" if prefix is None else "output"
        folder, _, name = (prefix or "ComfyUI_temp").rpartition("/")
        place = self.folder / kind / folder
        place.mkdir(parents=True, exist_ok=True)
        number = 1 + len(list(place.glob(f"{name}_*_.png")))
        file = place / f"{name}_{number:05}_.png"
        image.save(file)
        return {"filename": file.name, "subfolder": folder, "type": kind}


def _drawn(base: Image.Image, mask: Image.Image | None, words: str) -> Image.Image:
    """Another picture for other words or another seed; within the mask only, roughly."""
    shade = hashlib.sha256(words.encode()).digest()
    drawn = Image.new("RGB", base.size, tuple(shade[:3]))
    draw = ImageDraw.Draw(drawn)
    for at in range(0, 24, 4):
        x, y = shade[at] * base.width // 256, shade[at + 1] * base.height // 256
        draw.ellipse(
            (x, y, x + base.width // 4, y + base.height // 4), tuple(shade[at + 1 : at + 4])
        )
    if mask is None:
        return drawn
    whole = base.copy()
    whole.paste(drawn, (0, 0), mask.resize(base.size))
    return whole


def _config(fake: FakeComfy) -> uvicorn.Config:
    return uvicorn.Config(fake.app, log_level="critical", lifespan="off", access_log=False)


@contextmanager
def serve(fake: FakeComfy) -> Generator[str]:
    """Run it on a free port of loopback in a thread; yields http://127.0.0.1:PORT."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        server = uvicorn.Server(_config(fake))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


if __name__ == "__main__":
    config = _config(FakeComfy(Path(sys.argv[2]), float(sys.argv[3])))
    config.port = int(sys.argv[1])
    uvicorn.Server(config).run()

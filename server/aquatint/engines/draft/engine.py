"""The engine that draws drafts on this machine: free, deterministic, and said to be drafts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import ExitStack
from hashlib import sha256
from io import BytesIO
from random import Random

from anyio.to_thread import run_sync
from PIL import Image

from ...domain.errors import ModelCannot, NotKept
from ...domain.ports import Event, Finished, Inputs, Part, Partial, Sent
from ...domain.types import Finding, Order, Usage
from .canvas import Canvas, mapped, sized
from .edit import base_size, edit
from .mark import label, mark
from .scene import compose
from .typesetting import Typesetter
from .vocabulary import palette, subject

SAMPLES = (
    ("German and other Latin text", "LATIN", "äöüß", "fonts-noto-core"),
    ("Arabic", "ARABIC", "غروب", "fonts-noto-core"),
    ("Urdu", "URDU", "ٹڑھے", "fonts-noto-core"),
    ("Chinese", "CJK", "日落", "fonts-noto-cjk"),
    ("Devanagari", "DEVANAGARI", "सूर्य", "fonts-noto-core"),
    ("emoji", "EMOJI", "🌅", "fonts-noto-color-emoji"),
)


class DraftEngine:
    """Draws pictures from the words of the prompt with Pillow, in worker threads.

    `fonts` are folders or files to take fonts from (None: the usual folders of the system);
    `shaping=False` forbids joined and right-to-left letters (else Pillow is asked whether it can).
    """

    def __init__(self, *, fonts: Sequence[str] | None = None, shaping: bool | None = None) -> None:
        self._type = Typesetter(fonts, shaping=shaping)

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part]
    ) -> AsyncIterator[Event]:
        """Sent, `order.partials` early looks at the first picture, then `order.n` pictures.

        Raises ModelCannot for svg, BadImage or BadMask for inputs that are none, NotKept.
        """
        if order.format == "svg":
            raise ModelCannot(
                "The draft engine draws png, jpeg, webp and gif, not svg.",
                'Call again with format="png", or name a model that writes svg.',
            )
        yield Sent()
        with ExitStack() as unkept:
            parts: list[Part] = []
            notes: dict[str, None] = {}
            for index in range(order.n):
                frames, said = await run_sync(self._draw, order, inputs, index)
                notes.update(dict.fromkeys(said))
                for step in range(order.partials if index == 0 else 0):
                    look = await run_sync(glimpse, frames[0], step, order)
                    early = part()
                    await run_sync(write, early, look)
                    yield Partial(step, early)
                parts.append(part())
                unkept.callback(parts[-1].discard)
                data = await run_sync(encode, frames, order)
                await run_sync(write, parts[-1], data)
            unkept.pop_all()
        yield Finished(tuple(parts), Usage(), order.model, notes=tuple(notes))

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """Which scripts captions can be set in; it has one model, and no network."""
        return await run_sync(self._check)

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _draw(
        self, order: Order, inputs: Inputs, index: int
    ) -> tuple[list[Image.Image], tuple[str, ...]]:
        if inputs.images:
            return edit(order, inputs, self._type, seed(order, index))
        size = base_size(order.size, (1024, 1024))
        clear = order.background == "transparent" and order.format != "jpeg"
        count = (order.frames or 9) if order.format == "gif" else 1
        text = self._type, order.prompt
        frames: list[Image.Image] = []
        said: tuple[str, ...] = ()
        for step in range(count):
            dice = Random(seed(order, index))  # noqa: S311 - chance that must repeat, no secret
            canvas = Canvas(size, clear=clear)
            colours = palette(order.prompt, dice)
            compose(canvas, colours, dice, step / count, subject(order.prompt))
            said = label(canvas.image, *text, colours)
            mark(canvas.image, self._type, colours)
            frames.append(canvas.image)
        return frames, said

    def _check(self) -> list[Finding]:
        ok = self._type.shaping
        found = [
            Finding("draft: text shaping", "ok", "Arabic and Indic letters are joined and ordered.")
            if ok
            else Finding(
                "draft: text shaping", "warn",
                "Pillow found no FriBidi: captions name Arabic and Indic text, but do not set it.",
                "apt install libfribidi0",
            )
        ]  # fmt: skip
        for name, script, sample, package in SAMPLES:
            font = self._type.can(script, sample)
            fix = package if ok or script in {"LATIN", "CJK", "EMOJI"} else f"libfribidi0 {package}"
            found.append(
                Finding(f"draft: {name}", "ok", f"Set in {font}.")
                if font
                else Finding(
                    f"draft: {name}", "warn", "Cannot be set in captions.", f"apt install {fix}"
                )
            )
        return found


def seed(order: Order, index: int) -> int:
    """One number per picture from everything that should change it."""
    said = "\x1f".join((order.prompt, order.size, order.model, str(index), *order.images))
    return int.from_bytes(sha256(said.encode("utf-8", "surrogatepass")).digest()[:8])


def glimpse(image: Image.Image, step: int, order: Order) -> bytes:
    """An early look: the finished picture in a few soft blobs, more of them each time."""
    cells = 10 * 3**step
    small = sized(image, (cells, max(1, cells * image.height // image.width)))
    soft = sized(small, image.size)
    return encode([soft], order)


def encode(frames: list[Image.Image], order: Order) -> bytes:
    """The file in the asked format. Compression is the quality of jpeg and webp, 0-100."""
    out = BytesIO()
    first, quality = frames[0], 90 if order.compression is None else order.compression
    if order.format == "jpeg":
        flat(first).save(out, "JPEG", quality=max(1, quality), optimize=False)
    elif order.format == "webp":
        first.save(out, "WEBP", quality=quality, method=2)
    elif order.format == "gif":
        made = indexed(frames)
        clear = {"transparency": 255} if first.mode == "RGBA" else {}
        made[0].save(
            out, "GIF", save_all=True, append_images=made[1:], duration=order.frame_ms or 200,
            loop=0, disposal=2 if clear else 1, optimize=False, **clear,
        )  # fmt: skip
    else:
        first.save(out, "PNG", compress_level=1)
    return out.getvalue()


def flat(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, (255, 255, 255))
    ground.paste(image, (0, 0), image)
    return ground


def indexed(frames: list[Image.Image]) -> list[Image.Image]:
    """At most 255 colours, the same for all frames, and index 255 where a frame is clear."""
    small = [flat(frame).reduce(max(1, min(frame.size) // 256)) for frame in frames[::3]]
    sheet = Image.new("RGB", (small[0].width * len(small), small[0].height))
    for i, frame in enumerate(small):
        sheet.paste(frame, (i * frame.width, 0))
    inks = sheet.quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    made: list[Image.Image] = []
    for frame in frames:
        few = flat(frame).quantize(255, palette=inks, dither=Image.Dither.NONE)
        if frame.mode == "RGBA":
            few.paste(255, (0, 0), mapped(frame.getchannel("A"), [255] * 128 + [0] * 128))
        made.append(few)
    return made


def write(part: Part, data: bytes) -> None:
    try:
        part.write(data)
    except OSError as failed:
        raise NotKept(
            f"The draft was drawn, but its folder took no file: {failed}.",
            "Make room or make AQUATINT_HOME writable, then call again.",
        ) from failed

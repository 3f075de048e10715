"""The engine that draws drafts on this machine: free, deterministic, and said to be drafts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from hashlib import sha256

from anyio import CapacityLimiter, Lock
from anyio.to_thread import run_sync
from PIL import Image

from ...domain.engine import Event, Finished, Inputs, Part, Partial, Sent
from ...domain.errors import ModelCannot, NotKept, Unavailable
from ...domain.types import Finding, Order
from ...domain.usage import Usage
from .canvas import sized, sticker
from .edit import edit, editable, in_style, opened
from .files import early, encode
from .labels import caption, mark
from .reading import Brief, asks_for_style, read
from .scenes import compose
from .typesetting import Typesetter

SAMPLES = (
    ("German and other Latin text", "LATIN", "äöüß", "fonts-noto-core"),
    ("Arabic", "ARABIC", "غروب", "fonts-noto-core"),
    ("Urdu", "URDU", "ٹڑھے", "fonts-noto-core"),
    ("Chinese", "CJK", "日落", "fonts-noto-cjk"),
    ("Devanagari", "DEVANAGARI", "सूर्य", "fonts-noto-core"),
    ("emoji", "EMOJI", "🌅", "fonts-noto-color-emoji"),
)
LARGE = 4_000_000  # pixels of a picture, or bytes of its inputs
DRAWERS = 2  # threads of its own; Pillow keeps both cores busy, and more only cost memory


class DraftEngine:
    """Draws pictures from the words of the prompt with Pillow, in worker threads.

    `fonts` are folders or files to take fonts from (None: the usual folders of the system);
    `shaping=False` forbids joined and right-to-left letters (else Pillow is asked whether it can).
    """

    stoppable = False  # it is drawn in a moment

    def __init__(self, *, fonts: Sequence[str] | None = None, shaping: bool | None = None) -> None:
        self._type = Typesetter(fonts, shaping=shaping)
        self._drawers = CapacityLimiter(DRAWERS)
        self._large = Lock()

    async def render(
        self, order: Order, inputs: Inputs, part: Callable[[], Part], *, job: str = ""
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
                looks = [part() for _ in range(order.partials if index == 0 else 0)]
                parts.append(part())
                for made in (*looks, parts[-1]):
                    unkept.callback(made.discard)
                async with self._large if large(order, inputs) else nullcontext():
                    remarks = await run_sync(
                        self._draw, order, inputs, index, looks, parts[-1], limiter=self._drawers
                    )
                notes.update(dict.fromkeys(remarks))
                for step, look in enumerate(looks):
                    yield Partial(step, look)
            unkept.pop_all()
        yield Finished(tuple(parts), Usage(), order.model, notes=tuple(notes))

    def resumes(self, ticket: str, /) -> bool:
        return False

    async def resume(
        self, order: Order, part: Callable[[], Part], *, job: str, ticket: str
    ) -> AsyncIterator[Event]:
        """A draft is drawn by the process that was asked; see `resumes`."""
        raise Unavailable(f"{job} went with its process.", "Call again; drafts are free.")
        yield  # an iterator, as the port has it

    async def cancel(self, order: Order, *, job: str) -> bool:
        return False  # see `stoppable`

    async def check(self, models: Collection[str] = (), *, online: bool = True) -> list[Finding]:
        """Which scripts captions can be set in; it has one model, and no network."""
        return await run_sync(self._check)

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _draw(
        self, order: Order, inputs: Inputs, index: int, looks: Sequence[Part], part: Part
    ) -> tuple[str, ...]:
        """Write one picture and the early looks at it; what the caller must be told."""
        notes: dict[str, None] = {}
        frames = self._frames(order, inputs, index, notes)
        first = next(frames)
        for step, look in enumerate(looks):
            _write(look, early(first, step, order))
        _write(part, encode(first, frames, order))
        return tuple(notes)

    def _frames(
        self, order: Order, inputs: Inputs, index: int, notes: dict[str, None]
    ) -> Iterator[Image.Image]:
        """The picture; of an animation all of them, one at a time because each may be large."""
        brief = read(order.prompt, luck(order), index + (order.seed or 0))
        clear = order.background == "transparent" and order.format != "jpeg"
        if inputs.images:
            image, room = changed(order, inputs, brief, clear=clear)
            yield self._labelled(image, order, brief, room, notes)
            return
        size = size_of(order.size, (1024, 1024))
        count = (order.frames or 9) if order.format == "gif" else 1
        for step in range(count):
            image = compose(size, brief, clear=clear, t=step / count)
            yield self._labelled(image, order, brief, None, notes)

    def _labelled(
        self,
        image: Image.Image,
        order: Order,
        brief: Brief,
        room: Image.Image | None,
        notes: dict[str, None],
    ) -> Image.Image:
        """With the DRAFT mark; and the caption, where it hides nothing that is to be looked at."""
        icon = brief.subject == "icon" or order.icon
        if room is None and image.mode == "RGB" and not icon:
            remarks = caption(image, self._type, order.prompt, brief.palette)
            notes.update(dict.fromkeys(remarks))
        mark(image, self._type, brief.palette, room)
        return image

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
            font, title = self._type.can(script, sample), f"draft: {name}"
            fix = package if ok or script in {"LATIN", "CJK", "EMOJI"} else f"libfribidi0 {package}"
            found.append(
                Finding(title, "ok", f"Set in {font}.")
                if font
                else Finding(title, "warn", "Cannot be set in captions.", f"apt install {fix}")
            )
        return found


def size_of(asked: str, auto: tuple[int, int]) -> tuple[int, int]:
    """Pixels of `WxH`; `auto` for anything else."""
    wide, _, high = asked.partition("x")
    return (int(wide), int(high)) if wide.isdigit() and high.isdigit() else auto


def large(order: Order, inputs: Inputs) -> bool:
    """Whether it takes so much memory that only one such picture is drawn at a time."""
    wide, high = size_of(order.size, (1024, 1024))
    return wide * high > LARGE or sum(map(len, inputs.images)) > LARGE


def luck(order: Order) -> int:
    """One number per order from everything that should change its pictures."""
    words = "\x1f".join((order.prompt, order.size, order.model, *order.images))
    return int.from_bytes(sha256(words.encode("utf-8", "surrogatepass")).digest()[:8])


def changed(
    order: Order, inputs: Inputs, brief: Brief, *, clear: bool
) -> tuple[Image.Image, Image.Image | None]:
    """The edited picture and, with a mask, where alone it may differ from the first input."""
    base = opened(inputs.images[0], f"Picture 1 of {len(inputs.images)}")
    size = size_of(order.size, base.size)
    base = base if base.size == size else sized(base, size, Image.Resampling.LANCZOS)
    if inputs.mask is None and inputs.markup is None and asks_for_style(order.prompt):
        return in_style(base, brief, clear=clear), None
    room = editable(inputs.mask, size) if inputs.mask is not None else None
    image = edit(base, inputs, brief, room)
    if clear and image.mode == "RGB" and room is None:
        sticker(image)
    return image, room


def _write(part: Part, data: bytes) -> None:
    try:
        part.write(data)
    except OSError as failed:
        raise NotKept(
            f"The draft was drawn, but its folder took no file: {failed}.",
            "Make room or make AQUATINT_HOME writable, then call again.",
        ) from failed

"""What is wrong with a request, apart from its sizes: collected, each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import AquatintError, BadRequest, ModelCannot, together
from ..models.registry import Choice, Model
from ..types import EditRequest, Format, GenerateRequest
from .save_targets import SaveTargets

KINDS: Mapping[str, Format] = MappingProxyType(  # the extensions of save_to that a model may make
    {
        "png": "png",
        "jpg": "jpeg",
        "jpeg": "jpeg",
        "webp": "webp",
        "gif": "gif",
        "svg": "svg",
    }
)
LOSSY: frozenset[str] = frozenset(
    {"jpeg", "webp", "avif"}
)  # what has a compression; avif is only ever saved
STILL: frozenset[Format] = frozenset(
    {"png", "jpeg", "webp"}
)  # what is written here when the model cannot


SEEDS = 2**53  # what JSON and every engine can hold


@dataclass(frozen=True, slots=True)
class RequestCheck:
    """A request, the model it goes to, and what was found wrong or worth saying."""

    request: GenerateRequest | EditRequest
    choice: Choice
    targets: SaveTargets
    problems: list[BadRequest] = field(default_factory=list[BadRequest])
    warnings: list[str] = field(default_factory=list[str])

    @property
    def model(self) -> Model:
        return self.choice.model

    @property
    def name(self) -> str:
        return self.choice.words

    @property
    def edit(self) -> EditRequest | None:
        return self.request if isinstance(self.request, EditRequest) else None

    @property
    def keep(self) -> bool:
        """Whether everything outside a mask, or of an extended picture, must stay exact."""
        edit = self.edit
        return edit is not None and bool(edit.mask or edit.extend) and edit.outside != "model"

    def wrong(self, what: str, fix: str) -> None:
        """The caller asked for something no model does."""
        self.problems.append(BadRequest(what, fix))

    def cannot(self, what: str, fix: str, able: Callable[[Model], bool] | None = None) -> None:
        """This model does not do it; `able` finds the ones that do."""
        peers = [name for name, peer in self.choice.peers if able is not None and able(peer)]
        others = f" Or take model={words(peers[:3], 'or')}." if peers else ""
        self.problems.append(ModelCannot(what, fix + others))

    def gated(self, what: str, value: str) -> None:
        if value in self.model.preview:
            self.warnings.append(
                f"{what}: a gated preview or not documented for {self.name}; it may be refused."
            )

    def raise_problems(self) -> None:
        """Raises everything that is wrong, with the places to save to, as one error."""
        found: list[AquatintError] = [*self.problems, *self.targets.problems]
        if found:
            raise together(found)


def check_words(check: RequestCheck) -> None:
    request, model = check.request, check.model
    if not request.words.strip():
        check.wrong("prompt: it is empty.", "Say what the picture shows.")
    over = len(request.prompt) - model.prompt_chars
    if over > 0:
        check.wrong(
            f"prompt: {len(request.prompt):,} characters; {model.prompt_chars:,} are the most.",
            f"Shorten it by {over:,}.",
        )
    if not 1 <= request.n <= model.n:
        check.wrong(f"n: {request.n} is out of range.", f"Use n=1 to n={model.n}.")
    if request.seed is not None and not model.seed:
        check.cannot(
            f"seed: {check.name} has none.",
            "Leave seed out.",
            lambda peer: peer.seed,
        )
    elif request.seed is not None and not 0 <= request.seed < SEEDS:
        check.wrong(f"seed: {request.seed} is out of range.", f"Use 0 to {SEEDS - 1}.")
    if request.complexity and request.complexity not in model.complexity:
        check.cannot(
            f"complexity: {check.name} does not have it.",
            "Leave complexity out.",
            lambda peer: bool(peer.complexity),
        )


def choose_format(check: RequestCheck) -> tuple[Format, Format | None]:
    """The format to order, and the one to convert to afterwards if that is another.

    The caller's; else that of the first name in save_to that the model can make; else png, and so
    too under a mask, where a lossy file would not keep the pixels: that one is converted after.
    """
    request, model = check.request, check.model
    asked, saved = request.format, check.targets.extensions
    if "svg" in (asked, *saved):
        _check_svg(check)
    if asked is None:
        made: list[Format] = [k for n in saved if (k := KINDS.get(n)) and k in model.formats]
        chosen: Format = made[0] if made else "png"
        if check.keep and chosen in STILL:
            chosen = "png"
        check.gated(f"format={chosen}", chosen)
        return chosen, None
    if asked in model.formats and not (check.keep and asked in LOSSY):
        check.gated(f"format={asked}", asked)
        return asked, None
    if asked in STILL:
        if not check.keep:
            check.warnings.append(
                f"{check.name} draws no {asked}: png is drawn and converted here."
            )
        return "png", asked
    if asked != "svg":
        check.cannot(
            f"format: {check.name} does not draw {asked}.",
            f"Use format={words(model.formats, 'or')}.",
            lambda peer: asked in peer.formats,
        )
    return "png", None


def _check_svg(check: RequestCheck) -> None:
    """An svg is drawn by a model that can, and neither made from pixels nor turned into them."""
    request = check.request
    if "svg" not in check.model.formats:
        field = "format" if request.format == "svg" else "save_to"
        check.cannot(
            f"{field}: {check.name} does not draw svg.",
            "Use format=png." if field == "format" else "Use a .png name.",
            lambda peer: "svg" in peer.formats,
        )
    elif {request.format or "svg", *check.targets.extensions} != {"svg"}:
        check.wrong(
            "save_to: svg and the other formats are not converted into one another.",
            "Ask for the svg in a call of its own: format=svg and .svg names only.",
        )


def check_look(check: RequestCheck, format: Format) -> None:
    request, final = check.request, check.request.format or format
    targets = {final, *(KINDS.get(name, name) for name in check.targets.extensions)}
    _check_background(check, final, targets)
    if request.compression is not None:
        if not 0 <= request.compression <= 100:
            check.wrong(
                f"compression: {request.compression} is out of range.",
                "Use 0 to 100; 100 is the best quality.",
            )
        if not targets & LOSSY:
            check.wrong(
                f"compression: {final} is not compressed that way.",
                "Leave it out, or use format=jpeg or webp.",
            )
        elif check.keep and targets & LOSSY == {"webp"}:
            check.warnings.append("compression: not used, as a masked edit's webp is lossless.")
    if format == "svg" and request.n != 1:
        check.wrong(f"n: an svg is drawn alone, not {request.n} at once.", "Use n=1.")
    if format in {"gif", "svg"} and check.edit and (check.edit.mask or check.edit.extend):
        name = "mask" if check.edit.mask else "extend"
        check.wrong(f"{name}: it does not go with {format}.", "Use format=png.")


def _check_background(check: RequestCheck, final: Format, targets: set[str]) -> None:
    request, model = check.request, check.model
    if request.background == "transparent":
        solid = "jpeg" if "jpeg" in targets else final if final not in model.alpha else None
        if "transparent" not in model.backgrounds:
            check.cannot(
                f"background: {check.name} cannot draw a transparent one.",
                "Leave background out, then cut it out for free with "
                'export_image(background="transparent").',
                lambda peer: "transparent" in peer.backgrounds,
            )
        elif solid:
            check.wrong(
                f"background: {solid} does not go with a transparent one.",
                f"Use {words(model.alpha, 'or')} (format and the names in save_to).",
            )
        check.gated("background=transparent", "transparent")
    elif request.background and request.background not in model.backgrounds:
        check.cannot(
            f"background: {check.name} cannot draw an {request.background} one.",
            "Leave background out.",
        )


def animation(check: RequestCheck, format: Format) -> tuple[int | None, int | None]:
    """Frames and their milliseconds for a gif, none for anything else."""
    request, gif = check.request, check.model.gif
    if format != "gif" or gif is None:
        kind = format if request.format is None else request.format
        for name in ("frames", "frame_ms"):
            if getattr(request, name) is not None and request.format != "gif":
                check.wrong(
                    f"{name}: {kind} is not animated.",
                    f"Use format=gif, or leave {name} out.",
                )
        return None, None
    frames = gif.usual_frames if request.frames is None else request.frames
    ms = gif.usual_ms if request.frame_ms is None else request.frame_ms
    if not gif.frames[0] <= frames <= gif.frames[1]:
        check.wrong(
            f"frames: {frames} is out of range.",
            f"Use frames={gif.frames[0]} to frames={gif.frames[1]}.",
        )
    if not gif.ms[0] <= ms <= gif.ms[1]:
        low, high = gif.ms
        check.wrong(f"frame_ms: {ms} is out of range.", f"Use {low} to {high}.")
    elif ms % gif.ms_step:
        near = max(gif.ms[0], (ms + gif.ms_step // 2) // gif.ms_step * gif.ms_step)
        check.wrong(f"frame_ms: {ms} is not a multiple of {gif.ms_step}.", f"Use frame_ms={near}.")
    return frames, ms


def words(values: Iterable[str], last: str) -> str:
    """`a, b or c`."""
    *most, end = values
    return f"{', '.join(most)} {last} {end}" if most else end

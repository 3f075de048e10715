"""The nouns of the program, frozen. What crosses JSON (tools, catalog, worker) is pydantic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, WithJsonSchema, field_validator

from . import lineage
from .conversation import Conversation
from .errors import Spent
from .frozen import Frozen, Strings, rows_of
from .lineage import Parent
from .requests.extend import Extend
from .requests.spellings import format_name, size_words
from .usage import Usage

Format = Literal["png", "jpeg", "webp", "gif", "svg"]
Quality = Literal["low", "medium", "high", "xhigh", "max", "auto"]
Background = Literal["auto", "opaque", "transparent"]
Level = Literal["low", "medium", "high"]
Vary = Literal["subtle", "strong"]
Kind = Literal["generated", "edited", "mask", "added", "raw"]
Listing = Literal[Kind, "named"]  # what a list may be of
State = Literal["intent", "done", "failed", "refused", "unknown"]
Reply = Literal["preview", "path", "full"]
Units = Literal["pixel", "fraction", "permille"]
SizeWords = Annotated[str | None, BeforeValidator(size_words)]

# A schema without `anyOf`: some clients refuse it. "auto" is taken all the same.
Seam = Annotated[float | Literal["auto"], WithJsonSchema({"type": "number"})]


class GenerateRequest(Frozen):
    """What a caller asked for, in the caller's own words; None is "not said"."""

    prompt: str
    model: str | None = None
    size: SizeWords = None
    exact_size: SizeWords = None
    quality: Quality | None = None
    background: Background | None = None
    format: Annotated[Format | None, BeforeValidator(format_name)] = None
    compression: int | None = None
    n: int = 1
    moderation: Literal["auto", "low"] | None = None
    complexity: Level | None = None
    frames: int | None = None
    frame_ms: int | None = None
    seed: int | None = None
    save_to: Strings = ()
    overwrite: bool = False
    dry_run: bool = False
    fresh: bool = False

    @property
    def words(self) -> str:
        """What it is listed and found by."""
        return self.prompt


class EditRequest(GenerateRequest):
    """A change to 1-16 pictures; `outside=None` keeps what neither mask nor extend gives away."""

    images: Strings
    mask: str | None = None
    extend: Extend | None = None
    markup: str | None = None
    outside: Literal["keep", "model"] | None = None
    mask_fit: Literal["exact", "scale"] = "exact"
    seam: Seam | None = None  # as "auto"
    vary: Vary | None = None
    refine: bool = False

    @property
    def words(self) -> str:
        return self.prompt if self.prompt.strip() or not self.vary else "variation"

    input_fidelity: Literal["low", "high"] | None = None


class Order(Frozen):
    """What an engine is to draw: every choice made, checked against the model's row.

    `size` is `WxH` or `auto` (whatever the service understands for unknown models). `chosen` names
    the optional fields the caller set; a service that rejects one of the others is asked again
    without it. `images`, `mask` and `markup` are blob keys of prepared PNG/JPEG/WebP inputs.
    """

    prompt: str
    model: str
    size: str
    quality: Quality
    background: Background | None = None
    format: Format = "png"
    compression: int | None = None
    n: int = 1
    moderation: Literal["auto", "low"] | None = None
    complexity: Level | None = None
    frames: int | None = None
    frame_ms: int | None = None
    seed: int | None = None
    partials: int = 0
    input_fidelity: Literal["low", "high"] | None = None
    safety_identifier: str | None = None
    svg_model: str | None = None
    images: tuple[str, ...] = ()
    mask: str | None = None
    markup: str | None = None
    conversation: Conversation | None = None
    icon: bool | None = None  # kept as one too, so that a draft has no caption
    chosen: frozenset[str] = frozenset()


class Placement(Frozen):
    """Where a picture stands on a larger canvas: pixels, left, top, width, height."""

    left: int
    top: int
    width: int
    height: int
    canvas: tuple[int, int]  # in the first picture's own pixels, before it was scaled


class SaveTarget(Frozen):
    """One file that save_to asks for. `name` is its path before several pictures were numbered.

    `mark` is a size in pixels before the density: (longest edge,), (width, 0) or (width, height).
    `densest` is the largest density of the family that this name belongs to. `index` is the one
    picture among several that it is for; None is for each.
    """

    name: str
    path: str
    mark: tuple[int, ...] = ()
    density: float = 1.0
    densest: float = 1.0
    index: int | None = None

    @property
    def extension(self) -> str:
        """Lower case, without the dot."""
        return PurePath(self.path).suffix.lower().removeprefix(".")


class Finish(Frozen):
    """What is done to the provider's bytes once they are safe."""

    exact_size: tuple[int, int] | None = None
    convert: Format | None = None
    compression: int | None = None
    save_to: tuple[SaveTarget, ...] = ()
    overwrite: bool = False
    base: str | None = None  # blob key of the upright first picture that must stay exact
    mask: str | None = None  # blob key of the coverage that was asked for (soft)
    placement: Placement | None = None
    size: tuple[int, int] | None = None  # the upright first picture's, grown where that was asked
    grown: Placement | None = None  # where the first picture stands on the canvas it was grown to
    outside: Literal["keep", "model"] = "model"
    seam: float | None = None  # pixels of soft edge inside the mask; None chooses

    @field_validator("save_to", mode="before")
    @classmethod
    def _names_alone(cls, save_to: object) -> object:
        """Jobs of before 2026-11-27 have the caller's names where files are."""
        return rows_of(save_to, "name", "path")


class Job(Frozen):
    """One paid (or drafted) call, decided to the last detail; all a worker needs to run it."""

    id: str
    owner: str
    kind: Literal["generated", "edited"]
    engine: str
    order: Order
    finish: Finish
    request: GenerateRequest | EditRequest
    digest: str  # of owner and everything that changes the picture
    # Homes made before 2026-11-27 say picture_ids.
    image_ids: tuple[str, ...] = Field(validation_alias=AliasChoices("image_ids", "picture_ids"))
    derived_ids: tuple[str, ...]  # two for each picture: a composite may be converted once more
    parents: tuple[str, ...] = ()
    estimate_usd: float | None = None
    project: str = ""
    roots: tuple[str, ...] = ()  # write roots that save_to was checked against
    created: float  # seconds since the epoch
    deadline: float | None = None  # seconds that the call may take once it is begun
    warnings: tuple[str, ...] = ()
    resumes: str = ""  # the lease that holds what a process that is gone has sent, to go on with
    title: str | None = None  # kept instead of the prompt, where prompts are not kept

    @property
    def lineage(self) -> tuple[Parent, ...]:
        """Its inputs, each with its role."""
        if not isinstance(self.request, EditRequest):
            return ()
        mask, markup = bool(self.request.mask), bool(self.request.markup)
        return lineage.of_edit(self.parents, len(self.request.images), mask=mask, markup=markup)

    @property
    def kept_prompt(self) -> str:
        """The prompt as the catalog and file names have it: the caller's own words."""
        return self.request.words if self.title is None else self.title

    def as_kept(self) -> Job:
        """The job as the catalog has it."""
        if self.title is None:
            return self
        stand_in = {"prompt": self.title}
        return self.model_copy(
            update={
                "order": self.order.model_copy(update=stand_in),
                "request": self.request.model_copy(update=stand_in),
            }
        )


class Copy(Frozen):
    """A file that save_to wrote: absolute path, pixels (an icon's largest), bytes, their digest.

    `whole` where it has the picture's own pixels, in whatever format: it is the picture then, and
    else one that was made from it.
    """

    path: str
    width: int = 0
    height: int = 0
    bytes: int = 0
    sha256: str = ""  # not known of files of before 2026-11-27
    whole: bool = False


class Outside(Frozen):
    """What an edit did outside its mask, in levels (0-255): the result's largest difference from
    the original there, and what the model had changed by itself (mean, and share of pixels)."""

    largest_difference: int
    model_mean: float
    model_share: float


class ImageRecord(Frozen):
    """One picture in the catalog; `key` names its bytes in the blob store, `bytes` counts them."""

    id: str
    owner: str
    kind: Kind
    prompt: str
    job: str | None = None
    parents: tuple[Parent, ...] = ()
    model: str | None = None
    format: str
    width: int
    height: int
    bytes: int
    frames: int = 1
    alpha: bool = False
    provenance: bool = False  # a C2PA manifest is present in the bytes
    key: str
    preview: str | None = None  # blob key of the stored preview
    sha256: str
    created: float
    note: str | None = None  # what was done locally, for derived pictures
    saved: tuple[Copy, ...] = ()
    names: tuple[str, ...] = ()  # that were given to it, without @
    outside: Outside | None = None
    arguments: str | None = None  # JSON of the free call that made it (make_mask)

    @field_validator("kind", mode="before")
    @classmethod
    def _kind_of_old(cls, kind: object) -> object:
        """A server of before 2026-11-27 that still runs says derived of composites."""
        return "edited" if kind == "derived" else kind

    @field_validator("saved", mode="before")
    @classmethod
    def _paths_alone(cls, saved: object) -> object:
        """Rows of 2026-11-21 and before have paths where copies are."""
        return rows_of(saved, "path")


class Failure(Frozen):
    """An error as the catalog keeps it and the worker sends it."""

    kind: str  # class name in domain.errors
    code: str
    message: str
    fix: str
    retry_after: float | None = None
    spent: Spent = "no"
    request_id: str | None = None


class JobRecord(Frozen):
    """The ledger's row of one job, with its pictures (those to show, in order)."""

    job: Job
    state: State
    sent: float | None = None  # when the request left; None while the job can be dropped for free
    model: str | None = None  # as the provider named it
    usage: Usage | None = None
    cost_usd: float | None = None
    seconds: float | None = None
    request_id: str | None = None
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    ended: float | None = None
    delivered: bool = False
    lease: str = ""  # of the process that answers for it, while it has not ended
    ticket: str = ""  # under which the provider took it, where it gives one
    revised_prompt: str | None = None  # what it was drawn from, where a model wrote other words


LOCAL = "local"  # the owner of everything made by the one person whose machine this is


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, the folders their host opened for them (absolute, resolved), and with what.

    `client` is the same for all calls of one client, as far as it can be told apart.
    """

    owner: str
    roots: tuple[str, ...] = ()
    client: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    level: Literal["ok", "info", "warn", "fail"]
    text: str
    fix: str = ""

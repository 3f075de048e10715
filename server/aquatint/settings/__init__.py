"""Every environment variable, read once. The only module that knows their names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo

from ..domain.endpoints import only_chats
from ..domain.redaction import secrets_in
from ..domain.words import visible
from .environment import PREFIX, not_utf8, placed, renamed, typed, unknown

__all__ = ["Settings", "given", "setting_fields", "variable_of"]

DEAREST = 1_000_000  # dollars, of any limit or price
LARGEST = 2_000_000_000  # bytes, of what is read into memory at once
PATHS = {"home", "models", "roots", "comfy_workflow"}  # fields
UNRESOLVED = re.compile(r"\$\{[^}]*\}|\$\w+|%\w+%")  # no key looks so


class Settings(BaseModel):
    """What an operator decides. A bad value never stops the server: it is named in `problems`,
    the default stands in, and paid calls are refused until it is mended."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    api_key: SecretStr | None = Field(
        None,
        alias="OPENAI_API_KEY",
        description="The API key. Without it, the free draft engine draws.",
    )
    base_url: str | None = Field(
        None,
        description="Another service that speaks the Images API: Azure's v1 route, a gateway, "
        "a local server (which may need no key; see `AQUATINT_PRICE_USD` for what it costs).",
    )
    service: str | None = Field(
        None,
        description="Which service stands there, where it is not recognised by itself: a key of "
        "the table of services (docs/settings.md), such as `litellm`.",
    )
    openai_base_url: str | None = Field(
        None,
        alias="OPENAI_BASE_URL",
        description="The same, for all programs; `AQUATINT_BASE_URL` wins. Hosts hand on the one "
        "of their own chat: where no pictures are served, free drafts come instead, and say so.",
    )
    organization: str | None = Field(None, alias="OPENAI_ORG_ID", description="Who is billed.")
    openai_project: str | None = Field(
        None, alias="OPENAI_PROJECT_ID", description="OpenAI project to bill."
    )

    comfy_url: str | None = Field(
        None,
        description="A ComfyUI that draws what is asked of the model `comfy`, such as "
        "http://127.0.0.1:8188; the default model where there is no key.",
    )
    comfy_workflow: str | None = Field(
        None,
        description="What ComfyUI runs: a workflow exported in API format, or a folder of them.",
    )

    home: str | None = Field(
        None,
        description="Folder for pictures and the catalog (default ~/Pictures/aquatint).",
    )
    roots: tuple[str, ...] = Field(
        (),
        description="More folders that may be read and written, separated like PATH.",
    )
    strict: bool = Field(
        False, description="Read only workspace folders, the aquatint home and AQUATINT_ROOTS."
    )
    fetch: bool | None = Field(
        None,
        description="Take pictures from https addresses (default: on over stdio, off over HTTP).",
    )

    model: str | None = Field(None, description="Model for generate_image.")
    edit_model: str | None = Field(None, description="Model for edit_image.")
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] | None = Field(
        None, description="Quality when a call names none."
    )
    size: str | None = Field(None, description="Size when a call names none.")
    models: str | None = Field(None, description="Path of your own models.toml.")
    price_usd: float | None = Field(
        None,
        ge=0,
        le=DEAREST,
        description="Price of one picture of a model whose price is unknown. Unset, it is 0 for a "
        "service on this machine (a loopback address) that needs no key.",
    )
    budget_usd: float | None = Field(
        None,
        ge=0,
        le=DEAREST,
        description="The most that may be spent per window; more is refused.",
    )
    budget_window: Literal["hour", "day", "week", "month"] = Field(
        "day", description="The period of the budget: the last hour, day, 7 days or 30 days."
    )
    max_call_usd: float | None = Field(
        None, ge=0, le=DEAREST, description="The most that one call may cost, by its estimate."
    )
    confirm_usd: float | None = Field(
        None,
        ge=0,
        le=DEAREST,
        description="Ask the user before a call that costs more than this. No answer within "
        "`AQUATINT_WAIT` is a no.",
    )
    partials: int = Field(
        0, ge=0, le=3, description="Early previews while a single picture is drawn; each is billed."
    )
    svg_model: str | None = Field(None, description="Text model that writes SVG output.")
    mainline_model: str = Field(
        "gpt-5.6-terra",
        description="Text model that `refine` talks to; it is billed beside the picture.",
    )
    safety_identifier: str | None = Field(
        None, description="Stable, hashed user id that is sent to the provider."
    )
    mask: Literal["both", "alpha", "white"] = Field(
        "both", description="How a mask marks what to edit: by alpha 0, by white, or by both."
    )

    wait: float = Field(
        45, gt=0, le=3600, description="Seconds a tool waits before it answers `working`."
    )
    deadline: float = Field(300, gt=0, le=3600, description="Seconds one paid call may take.")
    reuse: float = Field(
        600,
        ge=0,
        le=31_536_000,
        description="Seconds for which an undelivered picture answers the same request.",
    )
    concurrency: int = Field(64, ge=1, le=512, description="Calls in flight at once; others queue.")
    worker: bool = Field(
        True, description="Paid calls, and large drafts, run in processes that outlive the server."
    )
    max_pixels: int = Field(
        50_000_000, ge=1_000_000, le=1_000_000_000, description="Largest picture that is decoded."
    )
    max_bytes: int = Field(50_000_000, ge=100_000, le=LARGEST, description="Largest input file.")
    max_line: int = Field(
        80_000_000,
        ge=100_000,
        le=LARGEST,
        description="Longest line of JSON-RPC on standard input, in bytes.",
    )
    min_free: int = Field(
        200_000_000, ge=0, description="Bytes that must be free on disk before a call is paid."
    )
    read_words: bool = Field(
        True,
        description="Say what a picture reads where its prompt has words in quotation marks "
        "(needs the extra `ocr`; takes 1.5 s at most).",
    )
    preview: int = Field(768, ge=64, le=2048, description="Longest edge of previews, in pixels.")
    reply: Literal["preview", "path", "full"] = Field(
        "preview",
        description="What replies show when a call does not say: `path` leaves previews out.",
    )
    keep_prompts: bool = Field(
        True, description="Keep prompts. If off, a hash of each is kept, which no search finds."
    )
    links: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Add a resource link for each full picture; `auto`: where clients take them.",
    )
    studio: Literal["auto", "never"] = Field(
        "auto",
        description="Give a link to the studio on this machine where the host shows no pages.",
    )
    inline: Literal["auto", "kitty", "iterm", "sixel", "blocks", "none"] = Field(
        "auto", description="How the commands show pictures in a terminal."
    )
    log: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="How much is logged to stderr."
    )

    # Not settings of ours: where the process stands.
    user_home: str | None = Field(None, exclude=True)
    cwd: str = Field("/", exclude=True)
    inherited: Mapping[str, str] = Field(
        {}, exclude=True, repr=False, description="A worker's environment: neither key nor settings"
    )
    problems: tuple[str, ...] = Field((), exclude=True)
    notes: tuple[str, ...] = Field((), exclude=True)  # worth saying, nothing to wait for

    @field_validator("links", mode="before")
    @classmethod
    def _as_before(cls, links: object) -> object:
        """Until 2026-11-27 it was on or off."""
        return {"true": "always", "false": "never"}.get(str(links).lower(), links)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        *,
        cwd: str = "/",
        user_home: str | None = None,
        pathsep: str = ":",
        **flags: str | None,
    ) -> Self:
        """Read the environment; a flag (by field name) wins over its variable.

        An empty variable counts as unset. Never raises: see `problems`.
        """
        raw: dict[str, object] = {}
        environ, notes = renamed(environ)
        problems = unknown(environ, {variable_of(*one) for one in setting_fields().items()})
        if visible(cwd) != cwd:
            problems.append(not_utf8("The working folder", cwd, "Start aquatint in another."))
            cwd = visible(cwd)  # which is nowhere, so nothing is read or written at another place
        if user_home and visible(user_home) != user_home:
            problems.append(not_utf8("The home folder", user_home, "Set HOME to another."))
            user_home = None
        for name, field in setting_fields().items():
            variable = variable_of(name, field)
            flag = flags.get(name)
            text = flag or environ.get(variable, "").strip()
            if visible(text) != text:
                shown = "***" if name == "api_key" else text
                problems.append(not_utf8(variable, shown, "Correct it, or leave it out."))
            elif name == "api_key" and UNRESOLVED.fullmatch(text):
                problems.append(
                    f"{variable}={text}: a reference that the host left as it is. Set the variable "
                    "it names where the host is started, or put the key itself there."
                )
            elif text:
                value = typed(field, text, pathsep)
                if name in PATHS:
                    # Where a person types a flag is a place; where a host starts us is not.
                    value = placed(variable, value, user_home, flag and cwd, problems)
                if value:
                    raw[field.alias or name] = value
        ours = (PREFIX, "OPENAI_")
        inherited = {name: environ[name] for name in environ if not name.startswith(ours)}
        place = {"cwd": cwd, "user_home": user_home, "inherited": inherited, "notes": notes}
        try:
            return cls.model_validate({**raw, **place, "problems": problems})
        except ValidationError as wrong:
            for error in wrong.errors():
                key = str(error["loc"][0])
                bad = raw.pop(key)
                text = "***" if "KEY" in key else f"{bad!r:.80}"
                variable = key if key.isupper() else PREFIX + key.upper()
                problems.append(f"{variable}={text}: {error['msg']}. The default stands in.")
        return cls.model_validate({**raw, **place, "problems": problems})

    def for_worker(self) -> dict[str, object]:
        """Everything a worker needs, as JSON, the key included: for its pipe, and nothing else."""
        key = self.api_key and self.api_key.get_secret_value()
        place = {"cwd": self.cwd, "user_home": self.user_home}
        return {**self.model_dump(mode="json", by_alias=True), "OPENAI_API_KEY": key, **place}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may see: the key, and what the provider's address holds of that kind."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        addresses = (self.base_url, self.openai_base_url, self.comfy_url)
        return (*((key,) if key else ()), *(one for url in addresses for one in secrets_in(url)))

    @property
    def can_pay(self) -> bool:
        """Whether a provider may be called: with a key, or at an address that may need none."""
        return not self.only_chats and (self.api_key is not None or self.service_url is not None)

    @property
    def engine(self) -> Literal["openai", "comfy", "draft"]:
        """What draws where a call names no model."""
        if self.can_pay:
            return "openai"
        return "draft" if self.comfy_url is None else "comfy"

    @property
    def service_url(self) -> str | None:
        """The base URL of the service that is asked for pictures; None is OpenAI's own."""
        return self.base_url or self.openai_base_url

    @property
    def only_chats(self) -> bool:
        """Whether the address is that of another program's chat, where nobody makes pictures."""
        return self.base_url is None and only_chats(self.openai_base_url)


def given(settings: Settings, pathsep: str) -> dict[str, str]:
    """The settings that were given, by flag or variable, as variables again; never the key."""
    values: dict[str, str] = {}
    for name, field in setting_fields().items():
        value = getattr(settings, name)
        if name in settings.model_fields_set and name != "api_key" and value is not None:
            words = cast("tuple[object, ...]", value if isinstance(value, tuple) else (value,))
            text = pathsep.join(
                f"{one:.15g}" if isinstance(one, float) else str(one) for one in words
            )
            values[variable_of(name, field)] = text.lower() if isinstance(value, bool) else text
    return values


def setting_fields() -> dict[str, FieldInfo]:
    """The fields an operator may set, in the order of docs/settings.md."""
    return {name: field for name, field in Settings.model_fields.items() if not field.exclude}


def variable_of(name: str, field: FieldInfo) -> str:
    return field.alias or PREFIX + name.upper()

"""Asks every part whether it is well, all at once and within a deadline; `doctor` prints it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import anyio
import anyio.to_thread

from .. import __version__
from ..app import choose_home
from ..domain.budget import SECONDS, dollars
from ..domain.endpoints import is_first_party
from ..domain.errors import AquatintError
from ..domain.ports import Leases
from ..domain.times import to_the_minute
from ..domain.types import LOCAL, Finding, JobRecord
from ..services import stand_in
from ..services.images import ImageService
from ..services.spending import statement
from ..settings import Settings, setting_fields, variable_of
from .hosts import inspect
from .keys import shape

DEADLINE = 20.0  # seconds for everything together
SILENT, BEATS = 6.0, 1.2  # seconds without a beat that tell; seconds between two looks
DAYS = 30
ERRORS = 5  # that are listed
LIBRARIES = ("mcp", "openai", "httpx2", "pillow", "pydantic")
# Folders that a program copies elsewhere while files in them change.
SYNCED = re.compile(
    r"(?i)(OneDrive|Dropbox|Google ?Drive|iCloud|Mobile Documents|CloudStorage|Nextcloud|pCloud"
    r"|Syncthing|MEGA)([ _-].*|~.*)?$"
)
NO_WORKER = Finding(
    "worker",
    "warn",
    "not used, so a paid picture is lost when the server is killed",
    "Leave AQUATINT_WORKER at true. It needs a system with sessions (not Windows).",
)
# What only a paid call can tell, so that the ledger is asked: the error's code, and what it is of.
ONLY_PAID = (("org_unverified", "verification"), ("billing", "billing"))
OTHER_CAS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True, slots=True)
class Section:
    """What was found about one thing that people ask about."""

    title: str
    findings: tuple[Finding, ...]


Check = Callable[[], Awaitable[list[Finding]]]


async def examine(settings: Settings, service: ImageService, *, online: bool) -> list[Section]:
    """Every section, in the order in which people set things up. Never raises."""
    context, models = service.context, service.models
    engines = context.engines
    account: list[Check] = [lambda: _plain(_key(settings), *_certificates(settings))]
    if settings.can_pay:
        usual = (models.defaults.generate, models.defaults.edit)
        wanted = [name for name in usual if models.row(name).engine == "openai"]
        account.append(lambda: engines["openai"].check(wanted, online=online))
        if settings.api_key is not None:
            account.append(lambda: _only_paid(service))
    comfy: list[Check] = [lambda: engines["comfy"].check(online=online)]
    worker: list[Check] = [lambda: _worker(service)]
    ours = [Section("Program", (*_program(), *_settings(settings), *_notes(service)))]
    checks: list[tuple[str, list[Check]]] = [
        ("Key and service", account),
        ("ComfyUI", comfy if settings.comfy_url is not None else []),
        ("Models", [lambda: _plain(*_models(service))]),
        ("Money", [lambda: _ledger(service), lambda: _budget(service)]),
        (
            "Folders",
            [context.blobs.check, lambda: _plain(*_place(settings)), context.workspace.check],
        ),
        (
            "Catalog and worker",
            [context.catalog.check, *(worker if settings.engine != "draft" else [])],
        ),
        ("Fonts of drafts", [lambda: _fonts(service)]),
        ("Hosts", [lambda: anyio.to_thread.run_sync(_hosts, settings)]),
        ("Last errors", [lambda: _errors(service)]),
    ]
    answers: dict[tuple[str, int], list[Finding]] = {}

    async def one(title: str, place: int, check: Check) -> None:
        answers[title, place] = await asked(title, check)

    async with anyio.create_task_group() as group:
        for title, several in checks:
            for place, check in enumerate(several):
                group.start_soon(one, title, place, check)
    for title, several in checks:
        found = [line for place in range(len(several)) for line in answers[title, place]]
        ours.append(Section(title, tuple(found)))
    return [section for section in ours if section.findings]


async def asked(name: str, check: Check) -> list[Finding]:
    """What a check finds; one that fails, or never ends, is a finding itself."""
    name = name.lower()
    try:
        with anyio.fail_after(DEADLINE):
            return await check()
    except AquatintError as error:
        return [Finding(name, "fail", error.message, error.fix)]
    except TimeoutError:
        text = f"did not answer within {DEADLINE:.0f} s"
        return [Finding(name, "warn", text, "Run aquatint doctor again, or with --offline.")]


async def _plain(*findings: Finding) -> list[Finding]:
    return list(findings)


def _program() -> list[Finding]:
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return [
        Finding("aquatint", "ok", f"{__version__} on {system}"),
        Finding("python", "ok", f"{platform.python_version()}, {sys.executable}"),
        Finding("libraries", "ok", libraries),
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _settings(settings: Settings) -> list[Finding]:
    fix = "Correct it where the host sets this server's environment."
    found = [Finding("settings", "fail", problem, fix) for problem in settings.problems]
    found = found or [Finding("settings", "ok", ", ".join(given(settings)) or "all defaults")]
    return found + [Finding("settings", "warn", note) for note in settings.notes]


def given(settings: Settings) -> dict[str, object]:
    """The settings that are not at their defaults, by variable."""
    fields = setting_fields()
    names = sorted(settings.model_fields_set & set(fields))
    return {variable_of(name, fields[name]): getattr(settings, name) for name in names}


def _notes(service: ImageService) -> list[Finding]:
    """What every reply says about this server, but for what has lines of its own."""
    return [
        Finding("note", "warn", note)
        for note in service.notices
        if note.startswith(("AQUATINT_", "Pictures are", "No home"))
        and note not in service.settings.problems
    ]


def _key(settings: Settings) -> Finding:
    if settings.only_chats:
        text = f"{stand_in.chat(settings)}, so pictures are free local drafts"
        return Finding("key", "warn", text, f"{stand_in.REMEDY}.")
    first_party = is_first_party(settings.service_url)
    if settings.api_key is not None:
        looks = shape(settings.api_key.get_secret_value(), first_party)
        return Finding("key", "fail" if looks.fix else "ok", looks.text, looks.fix)
    if settings.service_url is not None:
        return Finding("key", "ok", "none, and the service at the base URL may need none")
    if settings.engine == "comfy":
        return Finding("key", "ok", "none; ComfyUI draws what names no model")
    return Finding(
        "key",
        "warn",
        "OPENAI_API_KEY is not set, so pictures are free local drafts",
        "Set it in the host's configuration of this server for pictures by a model.",
    )


def _certificates(settings: Settings) -> list[Finding]:
    """Other programs' variables for a company's certificates are easily taken for ours."""
    around = settings.inherited
    if around.get("SSL_CERT_FILE") or around.get("SSL_CERT_DIR"):
        return [Finding("certificates", "ok", "those of SSL_CERT_FILE or SSL_CERT_DIR are trusted")]
    if other := next((name for name in OTHER_CAS if around.get(name)), None):
        text = f"{other} is set, but not read here: the authorities of the system are trusted"
        return [Finding("certificates", "warn", text, f"Set SSL_CERT_FILE to what {other} names.")]
    return []


async def _only_paid(service: ImageService) -> list[Finding]:
    """Verification and billing show in paid calls only, so those that were made are asked."""
    catalog, usual = service.context.catalog, service.models.defaults
    troubles = await catalog.troubles(50)
    models = {usual.generate, usual.edit, *(one.job.order.model for one in troubles)}
    drawn = {model: await catalog.drawn(model) or 0.0 for model in sorted(models)}
    found: list[Finding] = []
    for code, name in ONLY_PAID:
        if name == "verification" and not service.first_party:
            continue
        last = next((one for one in troubles if _code(one) == code), None)
        found.append(_learned(name, last, drawn))
    return found


def _learned(name: str, last: JobRecord | None, drawn: dict[str, float]) -> Finding:
    newest = max(drawn.values())
    if last is None:
        text = "no call was refused for it" + (
            f"; last picture {to_the_minute(newest)}" if newest else ""
        )
        return Finding(name, "ok", text if newest else f"{text}; only a paid call can tell")
    model, when = last.job.order.model, last.ended or 0.0
    since = drawn[model] if name == "verification" else newest
    if since > when:
        return Finding(name, "ok", f"refused {to_the_minute(when)}, and drawn since")
    text = f"{model} was refused for it, last seen {to_the_minute(when)} ({_request(last)})"
    return Finding(name, "warn", text, last.failure.fix if last.failure else "")


def _models(service: ImageService) -> list[Finding]:
    """The models that draw when a call names none, and when they are shut down."""
    models, today = service.models, datetime.fromtimestamp(service.context.now(), UTC).date()
    found: list[Finding] = []
    for name, variable, edit in (
        ("generate with", "AQUATINT_MODEL", False),
        ("edit with", "AQUATINT_EDIT_MODEL", True),
    ):
        engine = service.settings.engine
        model = models.usual("comfy" if engine == "comfy" else "openai", edit=edit)
        choice = models.find(
            model, edit=edit, today=today, first_party=service.first_party, engine_default="openai"
        )
        if choice.warnings:
            fix = f"Set {variable} to {' or '.join(peer for peer, _ in choice.peers[:2])}."
            text = f"{model}: {' '.join(choice.warnings)}"
            found.append(Finding(name, "warn", text, fix if choice.peers else ""))
        else:
            found.append(Finding(name, "ok", f"{model}; no date of retirement is known"))
    return found


async def _ledger(service: ImageService) -> list[Finding]:
    """What killed servers left, and what nobody knows the outcome of."""
    context = service.context
    left = [one for one in await context.catalog.unsettled() if context.abandoned(one)]
    spent = await statement(context, None, DAYS)
    found: list[Finding] = []
    if left:
        text = f"{len(left)} call(s) were left by servers that were stopped"
        found.append(Finding("ledger", "warn", text, "Run aquatint doctor --repair."))
    if spent.unknown:
        text = f"{len(spent.unknown)} call(s) of the last {DAYS} days have an unknown outcome"
        found.append(Finding("ledger", "warn", text, "Run aquatint spend to list them."))
    text = f"{dollars(spent.usd)} for {spent.calls} call(s) in {DAYS} days"
    return found or [Finding("ledger", "ok", text)]


async def _budget(service: ImageService) -> list[Finding]:
    settings, context = service.settings, service.context
    if settings.budget_usd is None:
        return []
    since = context.now() - SECONDS[settings.budget_window]
    spent = await context.catalog.spent(LOCAL, since)
    text = (
        f"{dollars(spent)} of {dollars(settings.budget_usd)} in the last {settings.budget_window}"
    )
    if spent < settings.budget_usd:
        return [Finding("budget", "ok", text)]
    return [Finding("budget", "warn", text, "Raise AQUATINT_BUDGET_USD, or wait.")]


def _place(settings: Settings) -> list[Finding]:
    home, _ = choose_home(settings)
    syncing = next((part for part in re.split(r"[/\\]", home) if SYNCED.match(part)), None)
    if syncing is None:
        return []
    text = f"{home} is in a folder that is synchronised ({syncing}), which can damage the catalog"
    fix = "Set AQUATINT_HOME to a folder outside it; save_to writes copies wherever you work."
    return [Finding("synchronised", "warn", text, fix)]


async def _worker(service: ImageService) -> list[Finding]:
    others = await _other_workers(service.context.leases)
    return [*(await service.runner.check() or [NO_WORKER]), *others]


async def _other_workers(leases: Leases) -> list[Finding]:
    """Those of other servers of this home: each beats every second, if nothing stopped it."""
    workers = [one for one in leases.holders() if one.role == "worker"]
    silent = [one for one in workers if leases.silence(one.lease) == 0]  # a first look
    with anyio.move_on_after(SILENT):
        while silent:
            await anyio.sleep(BEATS)
            silent = [one for one in silent if leases.silence(one.lease) > 0]
    fix = "Continue it (kill -CONT), or end it (kill -9): what it paid for is then told as unknown."
    found = [
        Finding("worker", "warn", f"process {one.pid}, of another server, does not answer", fix)
        for one in silent
    ]
    if answering := len(workers) - len(silent):
        found.append(Finding("worker", "ok", f"{answering} of other servers answer"))
    return found


async def _fonts(service: ImageService) -> list[Finding]:
    """The scripts that captions can be set in, on one line; each that is missing, on its own."""
    found = await service.context.engines["draft"].check()
    short = [replace(one, name=one.name.removeprefix("draft: ")) for one in found]
    well = ", ".join(one.name for one in short if one.level == "ok")
    lines = [Finding("can be set", "ok", well)] if well else []
    return lines + [one for one in short if one.level != "ok"]


def _hosts(settings: Settings) -> list[Finding]:
    found = inspect(settings, settings.inherited, sys.platform)
    fix = "Run aquatint install HOST."
    return found or [Finding("hosts", "info", "no configuration of a host names aquatint", fix)]


async def _errors(service: ImageService) -> list[Finding]:
    """The last ones, without the words of prompts or of the provider."""
    return [
        Finding(
            _code(one) or one.state,
            "info",
            f"{to_the_minute(one.ended or one.job.created)}, {one.job.order.model}, "
            f"{_request(one)}, money spent: {one.failure.spent if one.failure else 'unknown'}",
        )
        for one in await service.context.catalog.troubles(ERRORS)
    ]


def _code(record: JobRecord) -> str:
    return record.failure.code if record.failure else ""


def _request(record: JobRecord) -> str:
    id = record.request_id or (record.failure.request_id if record.failure else None)
    return f"request id {id}" if id else "no request id"

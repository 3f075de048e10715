"""`aquatint doctor`: is everything well, and what to do where it is not."""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
from dataclasses import asdict

from . import __version__
from .app import build
from .core.budget import dollars
from .core.errors import AquatintError
from .core.types import Finding
from .ledger import reconcile, statement
from .settings import Settings, setting_fields, variable_of
from .studio import Studio

NO_PRESS = Finding(
    "press",
    "warn",
    "there is none, so a paid picture is lost when the server is killed",
    "Leave AQUATINT_PRESS at true; it needs a system with sessions (not Windows).",
)
DAYS = 30
MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


async def doctor(settings: Settings, *, as_json: bool, repair: bool) -> int:
    """Print one line per finding. The exit code: 0 when nothing failed."""
    async with build(settings).studio() as studio:
        findings = await _asked("repair", _repair(studio)) if repair else []
        findings += await examine(settings, studio)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            fix = f"\n       {finding.fix}" if finding.fix else ""
            print(f"{MARKS[finding.level]}  {finding.name}: {finding.text}{fix}")
    return 1 if any(finding.level == "fail" for finding in findings) else 0


async def examine(settings: Settings, studio: Studio) -> list[Finding]:
    """Ask every part whether it is well, cheapest first."""
    found = [_versions(), *_settings(settings), _key(settings)]
    shop = studio.shop
    for check in (shop.blobs.check, shop.catalog.check, shop.engines["draft"].check):
        found += await _asked(check.__qualname__, check())
    found += await _asked("ledger", _ledger(studio))
    if settings.can_pay:
        found += await _asked("press", studio.runner.check()) or [NO_PRESS]
        found += await _asked("provider", shop.engines["openai"].check())
    return found


async def _repair(studio: Studio) -> list[Finding]:
    return [Finding("repair", "ok", str(await reconcile(studio.shop)))]


async def _ledger(studio: Studio) -> list[Finding]:
    """What killed servers left, and what nobody knows the outcome of."""
    shop = studio.shop
    left = [one for one in await shop.catalog.unsettled() if not shop.alive(one.lease)]
    told = await statement(shop, None, DAYS)
    found: list[Finding] = []
    if left:
        text = f"{len(left)} call(s) were left by servers that were stopped"
        found.append(Finding("ledger", "warn", text, "Run aquatint doctor --repair."))
    if told.unknown:
        text = f"{len(told.unknown)} call(s) of the last {DAYS} days have an unknown outcome"
        found.append(Finding("ledger", "warn", text, "aquatint spend lists them."))
    text = f"{dollars(told.usd)} for {told.calls} call(s) in {DAYS} days"
    return found or [Finding("ledger", "ok", text)]


async def _asked(name: str, answer: object) -> list[Finding]:
    try:
        return await answer  # type: ignore[misc]
    except AquatintError as error:
        return [Finding(name, "fail", error.message, error.fix)]


def _versions() -> Finding:
    text = f"{__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Finding("aquatint", "ok", f"{text}, {sys.platform}")


def _settings(settings: Settings) -> list[Finding]:
    if settings.problems:
        fix = "Correct it where the host sets this server's environment."
        return [Finding("settings", "fail", problem, fix) for problem in settings.problems]
    fields = setting_fields()
    given = [
        variable_of(name, fields[name]) for name in sorted(settings.model_fields_set & set(fields))
    ]
    return [Finding("settings", "ok", ", ".join(given) or "all defaults")]


def _key(settings: Settings) -> Finding:
    if settings.api_key is not None:
        return Finding("key", "ok", "OPENAI_API_KEY is set")
    if settings.base_url is not None:
        return Finding("key", "ok", f"none, and {settings.base_url} may need none")
    return Finding(
        "key",
        "warn",
        "OPENAI_API_KEY is not set, so pictures are free local drafts",
        "Set it in the host's configuration of this server for pictures by a model.",
    )

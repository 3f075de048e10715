"""`aquatint doctor`: is everything well, and what to do where it is not."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from ...app import build
from ...diagnostics.checks import Section, asked, examine, given
from ...domain.endpoints import host_of, is_first_party, is_here, origin_of
from ...domain.redaction import redact
from ...domain.types import Finding
from ...jobs.recovery import reconcile
from ...services.images import ImageService
from ...settings import Settings

MARKS = {"ok": "ok  ", "info": "    ", "warn": "warn", "fail": "FAIL"}
NAME = 14  # columns that names get; longer ones push their line
# Settings whose values identify a person or an account; the others' are shown in a report.
PRIVATE = {"OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "AQUATINT_SAFETY_IDENTIFIER"}
NOT_REPORTED = {"billed to", "settings"}  # findings: an account, and what stands above them


async def doctor(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what is well and what is not. The exit code: 0 when nothing failed."""
    async with build(settings).service() as service:
        sections: list[Section] = []
        if arguments.repair:
            done = await asked("repair", lambda: _repair(service))
            sections.append(Section("Repair", tuple(done)))
        sections += await examine(settings, service, online=not arguments.offline)
    if arguments.json:
        lines = [json.dumps(_rows(sections), ensure_ascii=False, indent=1)]
    elif arguments.report:
        lines = list(_report(settings, sections))
    else:
        lines = [*_table(sections), "", _first(sections)]
    _say(settings, lines)
    return 1 if any(line.level == "fail" for line in _findings(sections)) else 0


async def _repair(service: ImageService) -> list[Finding]:
    return [Finding("repair", "ok", str(await reconcile(service.context, service.runner.start)))]


def _say(settings: Settings, lines: Iterable[str]) -> None:
    """Print, whatever the terminal can show; no secret gets through."""
    text = redact("\n".join(lines), settings.secrets)
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def _findings(sections: Iterable[Section]) -> list[Finding]:
    return [line for section in sections for line in section.findings]


def _rows(sections: Iterable[Section]) -> list[dict[str, str]]:
    return [{"group": part.title, **asdict(line)} for part in sections for line in part.findings]


def _table(sections: Iterable[Section]) -> Iterable[str]:
    for number, section in enumerate(sections):
        yield f"\n{section.title}" if number else section.title
        for line in section.findings:
            yield f"  {MARKS[line.level]}  {line.name:{NAME}}  {line.text}"
            if line.fix:
                yield f"  {'':4}  {'':{NAME}}  -> {line.fix}"


def _first(sections: Iterable[Section]) -> str:
    """What to do first: what failed before what is only worth a look."""
    lines = _findings(sections)
    failed = [line for line in lines if line.level == "fail"]
    noted = [line for line in lines if line.level == "warn"]
    if not failed and not noted:
        return "All is well."
    counts = f"{len(failed)} failed, {len(noted)} worth a look."
    first = next((line for line in (*failed, *noted) if line.fix), None)
    return f"{counts} First ({first.name}): {first.fix}" if first else counts


def _report(settings: Settings, sections: Iterable[Section]) -> Iterable[str]:
    """Markdown to paste into an issue: no key, no prompt, no account, no name of a home folder."""
    yield "<!-- aquatint doctor --report. Read it before you paste it. -->"
    yield "### Settings\n"
    values = given(settings).items()
    rows = [f"- `{name}` {_masked(_value(name, value), settings)}" for name, value in values]
    yield from rows or ["- all defaults"]
    for section in sections:
        lines = [line for line in section.findings if line.name not in NOT_REPORTED]
        if lines:
            yield f"\n### {section.title}\n"
        for line in lines:
            text = line.text.replace("`", "'").replace("\n", " ")
            yield f"- {line.level}: **{line.name}** `{_masked(text, settings)}`"


def _value(name: str, value: object) -> str:
    if name in PRIVATE:
        return "(set)"
    if name.endswith("_BASE_URL"):  # a path may hold an account
        scheme, host, port = origin_of(str(value))
        return f"`{scheme}://{host}:{port}/...`"
    return f"`{value}`"


def _masked(text: str, settings: Settings) -> str:
    """The text with the home folder as `~`, and without the names of its owner and of servers."""
    host = host_of(settings.service_url or "")
    if host and not is_first_party(settings.service_url) and not is_here(host):
        text = text.replace(host, "(host)")
    if not settings.user_home:
        return text
    home = Path(settings.user_home)
    for path in {str(home), str(home.resolve())}:
        text = text.replace(path, "~")
    return (
        re.sub(rf"(?<=[/\\]){re.escape(home.name)}(?=[/\\])", "user", text) if home.name else text
    )

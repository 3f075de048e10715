"""Writes the tables of README.md and docs/*.md from the code they describe (`make docs`).

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; everything else is left alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import anyio
from annotated_types import Ge, Gt, Le
from mcp import Client
from mcp.types import Tool
from pydantic.fields import FieldInfo

from aquatint.app import build
from aquatint.domain import errors
from aquatint.domain.models.registry import Model, Models, estimate, parse
from aquatint.domain.models.sizes import Fixed, text
from aquatint.domain.types import Order
from aquatint.engines.openai.services import services
from aquatint.install.hosts import HOSTS, Host
from aquatint.settings import Settings, setting_fields, variable_of

ROOT = Path(__file__).parents[1]
PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
SCRIPT = "/path/to/aquatint/.venv/bin/aquatint"
KNOWN = {
    "{home}": "~",
    "{config}": "~/.config",
    "{appdata}": "%APPDATA%",
    "{localappdata}": "%LOCALAPPDATA%",
}
SQUARE = "1024x1024"
MODEL_HEAD = ("model", f"{SQUARE}, medium", "largest", "formats", "edits", "shut down")


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(page: str, tables: Mapping[str, str]) -> str:
    """The page with its tables written anew. Raises KeyError for a name that is none."""
    return PLACE.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


async def tables() -> dict[str, str]:
    """Every table by name, as Markdown."""
    models = parse((files("aquatint.domain.models") / "models.toml").read_text("utf-8"))
    return {
        "tools": table(("tool", "does", "arguments"), map(tool_row, await tools())),
        "commands": table(("command", "does"), command_rows()),
        "settings": table(("variable", "default", "meaning"), setting_rows(models)),
        "models": table(MODEL_HEAD, model_rows(models)),
        "hosts": "\n".join(host_blocks()),
        "services": table(("key", "service", "what differs", "known from"), service_rows()),
        "errors": table(("code", "what happened", "who acts", "retryable"), error_rows()),
    }


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell(one) for one in line)} |\n" for line in lines)


def cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


async def tools() -> list[Tool]:
    """What a client is told, by the real client, but for the page's own tool, which hosts hide."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.from_env({"AQUATINT_HOME": home})
        async with Client(build(settings).server) as client:
            listed = (await client.list_tools()).tools
    return [one for one in listed if "visibility" not in (one.meta or {}).get("ui", {})]


def tool_row(tool: Tool) -> tuple[str, ...]:
    schema: dict[str, Any] = tool.input_schema
    needed: list[str] = schema.get("required", [])
    names = [f"**{name}**" if name in needed else name for name in schema["properties"]]
    first = re.split(r"(?<=\.) ", tool.description or "")
    return (f"`{tool.name}`", " ".join(first[:2]), ", ".join(names))


def command_rows() -> list[tuple[str, ...]]:
    """What `aquatint --help` lists, as it does."""
    asked = [sys.executable, "-m", "aquatint", "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    told = subprocess.run(asked, env=wide, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    listed = re.findall(r"^ {4}(\w+) +(.+)", told.stdout, re.MULTILINE)
    return [(f"`aquatint {name}`", does) for name, does in listed]


def host_blocks() -> Iterator[str]:
    """Each host's places and entry, as `aquatint install HOST --print` has it on Linux."""
    with tempfile.TemporaryDirectory() as home:
        alone = {"PATH": os.environ["PATH"], "HOME": home}
        asked = [sys.executable, "-m", "aquatint", "install", "--print"]
        printing = [
            subprocess.Popen([*asked, host.name], env=alone, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
            for host in HOSTS
        ]
        told = [process.communicate()[0] for process in printing]
    for host, printed in zip(HOSTS, told, strict=True):
        script = re.sub(r'"[^"]*/bin/(python[\d.]*|aquatint)"', f'"{SCRIPT}"', printed)
        entry = re.sub(r'\[\s*"-m",\s*"aquatint"\s*\]', "[]", script)
        where = "; ".join(places(host))
        project = f"; in one project: `{host.project}`" if host.project else ""
        note = " ".join((host.key_note.format(title=host.title), host.after))
        yield (
            f"### {host.title}\n\n`aquatint install {host.name}`. By hand: {where}{project}.\n"
            f"{note}\n\n```{host.kind}\n{entry}```\n"
        )


def places(host: Host) -> list[str]:
    """Where the host keeps its servers, system by system, in the words people know."""
    systems: dict[str, list[str]] = {}
    for system, name in (("linux", "Linux"), ("darwin", "macOS"), ("win32", "Windows")):
        # The first that needs no variable of the host's own.
        place = next(one for one in host.places[system] if not re.match(r"\{[A-Z_]+\}", one))
        for pattern, words in KNOWN.items():
            place = place.replace(pattern, words)
        systems.setdefault(place, []).append(name)
    everywhere = len(systems) == 1
    return [
        f"`{place}`" + ("" if everywhere else f" ({', '.join(names)})")
        for place, names in systems.items()
    ]


def setting_rows(models: Models) -> Iterator[tuple[str, ...]]:
    usual = models.defaults
    chosen = {"model": usual.generate, "edit_model": usual.edit}
    chosen |= {"quality": usual.quality, "size": usual.size}
    for name, field in setting_fields().items():
        meaning = f"{field.description}{limits(field)}"
        yield f"`{variable_of(name, field)}`", chosen.get(name) or default(field), meaning


def default(field: FieldInfo) -> str:
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    if isinstance(field.default, int | float):
        return f"{field.default:,}"
    return str(field.default) if field.default else ""


def limits(field: FieldInfo) -> str:
    """The words or the numbers that a setting takes, where it does not take any."""
    kinds = [field.annotation, *get_args(field.annotation)]
    words = [one for kind in kinds if get_origin(kind) is Literal for one in get_args(kind)]
    if words:
        return f" One of {', '.join(words)}."
    least = [f"at least {limit.ge:,}" for limit in field.metadata if isinstance(limit, Ge)]
    least += [f"above {limit.gt:,}" for limit in field.metadata if isinstance(limit, Gt)]
    most = [f"at most {limit.le:,}" for limit in field.metadata if isinstance(limit, Le)]
    bounds = ", ".join(one for one in (*least, *most) if one != "at least 0")
    return f" ({bounds})" if bounds else ""


def model_rows(models: Models) -> Iterator[tuple[str, ...]]:
    anything = next(row for row in models.rows if row.unknown)
    for model in models.rows:
        if model.engine == "comfy":
            continue  # its workflow decides
        name = ", ".join(f"`{one}`" for one in model.ids) or "any other name"
        end = str(model.retired or "")
        if model.sizes == anything.sizes:
            yield name, "unknown", *("unchecked",) * 3, end
            continue
        formats = ", ".join(f"{form}{'*' * (form in model.preview)}" for form in model.formats)
        edits = [word for word in ("mask", "markup") if getattr(model, word)]
        edits.append(f"{model.images} pictures")
        yield name, price(model), largest(model), formats, ", ".join(edits), end


def service_rows() -> Iterator[tuple[str, ...]]:
    told = {"run": "its own program, run", "read": "its documentation or source"}
    for key, row in services().items():
        yield f"`{key}`", row.name, "; ".join(row.lacks), told[row.seen or "read"]


def price(model: Model) -> str:
    order = Order(prompt="", model=model.ids[0], size=SQUARE, quality="medium")
    guess = estimate(model, order, prompt_tokens=0)
    if guess.usd is None:
        return "unknown"
    return f"{'at most ' * guess.upper_bound}${guess.usd:.4f}" if guess.usd else "free"


def largest(model: Model) -> str:
    rule = model.sizes
    if isinstance(rule, Fixed):
        return ", ".join(text(size) for size in rule.only)
    return f"{rule.max_edge} px, {rule.max_pixels / 1e6:.1f} megapixels"


def error_rows() -> Iterator[tuple[str, ...]]:
    """The tree of domain/errors.py: words from its drawing, the rest from its classes."""
    words: dict[str, str] = dict(re.findall(r"── (\w+) +(.+)", errors.__doc__ or ""))
    for kind in below(errors.AquatintError):
        who, _, what = words[kind.__name__].rpartition(": ")
        if not who:  # "... of its parent's"
            who = words[kind.__mro__[1].__name__].partition(": ")[0]
            what = what.removeprefix("... ")
        yield f"`{kind.code}`", what, who, kind.retry


def below(kind: type[errors.AquatintError]) -> Iterator[type[errors.AquatintError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def main() -> None:
    new = anyio.run(tables)
    for page in pages():
        page.write_text(filled(page.read_text("utf-8"), new), "utf-8")


if __name__ == "__main__":
    main()

"""The one rule, cli -> app -> surface -> studio -> core <- adapters, read off the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aquatint

pytestmark = pytest.mark.short
ROOT = Path(aquatint.__file__).parent
MODULES = {p.relative_to(ROOT).as_posix(): p for p in sorted(ROOT.rglob("*.py"))}

# One file each, called by cli.
COMMANDS = {"commands", "completion", "doctor", "draw", "forget", "install", "mask", "show"}
SEEN = {"terminal", "inline", "draw", "mask"}  # a person at a terminal, and what two commands do
# The use cases, in several files.
USES = {"studio", "gallery", "forgetting", "outcome", "pricing", "references", "retouch"}
CALLS = {"__version__", "app", "settings", "studio", "ledger", "outcome", "core"}  # by a command
# What runs a job to its end, and ends those that nobody runs any more.
RUNNERS = {"jobs", "develop", "finish", "copies", "ledger", "workshop", "press_lines", "press_link"}
# What each part of the package may import of ours. A part that is not here has no home yet.
MAY_IMPORT = {
    "__init__": set[str](),
    "__main__": {"cli", "press"},
    "cli": {"app", "parser", "settings", "surface", "core"} | COMMANDS,
    **dict.fromkeys(COMMANDS, CALLS | SEEN),
    "completion": {"app", "parser", "settings"},
    "terminal": CALLS,
    "inline": {"settings"},
    "shapes": set[str](),
    "doctor": CALLS | {"examine"},
    "examine": CALLS | {"install_check"},
    "forget": {"app", "settings", "forgetting", "workshop", "core"},
    "install": {"settings", "host_cli", "host_files", "launching", "core"},
    "install_check": {"settings", "host_files", "launching", "core"},
    "host_cli": {"core"},
    "host_files": {"core"},
    "launching": set[str](),
    "parser": {"settings", "shapes", "core"},
    "settings": {"core"},
    "app": {
        "__version__",
        "settings",
        "surface",
        "outfit",
        "adapters",
        "core",
    }
    | USES
    | RUNNERS,
    "outfit": {"settings", "adapters", "core"} | RUNNERS,
    "press": {"settings", "outfit", "core"} | RUNNERS,
    "surface": {"surface", "studio", "gallery", "ledger", "pricing", "outcome", "core"},
    **dict.fromkeys(USES, {"settings", "core"} | USES | RUNNERS),
    **dict.fromkeys(RUNNERS, {"core"} | RUNNERS),
    "adapters": {"core"},
    "core": {"core"},
}
SURFACE = {"mcp", "mcp_types", "openai", "starlette"}
FRAMEWORKS = SURFACE | {"uvicorn", "httpx2", "obstore", "sqlite3", "anyio"}
# What each part may not import of others'.
MAY_NOT_IMPORT = {
    "core": FRAMEWORKS | {"asyncio", "os", "time", "socket", "subprocess", "shutil"},
    **dict.fromkeys(USES | RUNNERS, SURFACE),
    "surface": {"openai"},
    "adapters": {"mcp", "mcp_types"},
}


def imports(source: str, package: str) -> Iterator[str]:
    """Every absolute dotted name that a module of `package` imports, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parents = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*parents, *([module] if module else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case _:
                pass


def broken(source: str, path: str) -> list[str]:
    """The imports by which the module at `path` (below the package) breaks the rule."""
    part = Path(path).parts[0].removesuffix(".py")
    assert part in MAY_IMPORT, f"{part} has no home yet: say in MAY_IMPORT what it may import"
    package = ".".join(["aquatint", *Path(path).parts[:-1]])
    family = Path(path).stem.partition("_")[0]  # one adapter may be several files: draft, draft_*
    names = [name.split(".") for name in imports(source, package)]
    if part == "adapters":
        names = [n for n in names if ".".join(n[:2]) != package or n[2].split("_")[0] != family]
    ours = {name[1] for name in names if name[0] == "aquatint" and len(name) > 1}
    others = {name[0] for name in names if name[0] != "aquatint"}
    return sorted((ours - MAY_IMPORT[part]) | (others & MAY_NOT_IMPORT.get(part, set())))


@pytest.mark.parametrize("path", MODULES)
def test_a_module_imports_only_what_its_layer_may(path: str) -> None:
    assert broken(MODULES[path].read_text("utf-8"), path) == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.startswith("core/")])
def test_core_opens_no_file(path: str) -> None:
    calls = [n for n in ast.walk(ast.parse(MODULES[path].read_text())) if isinstance(n, ast.Call)]
    assert not [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "open"]
    readers = {"read_text", "read_bytes", "write_text", "write_bytes"}
    assert not [n.lineno for n in calls if getattr(n.func, "attr", "") in readers]


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("core/x.py", "from . import types, errors", []),
        ("core/x.py", "from ..settings import Settings", ["settings"]),
        ("core/x.py", "from .. import studio", ["studio"]),
        ("core/x.py", "def f():\n    import sqlite3", ["sqlite3"]),
        ("core/x.py", "if TYPE_CHECKING:\n    from mcp.types import Tool", ["mcp"]),
        ("adapters/x.py", "import mcp.types", ["mcp"]),
        ("adapters/x.py", "from ..core import types\nfrom .draft import Draft", ["adapters"]),
        ("adapters/draft.py", "from .draft_words import words\nfrom . import draft_canvas", []),
        ("surface/x.py", "import aquatint.adapters.files", ["adapters"]),
        ("studio.py", "importlib.import_module('aquatint.adapters.openai')", ["adapters"]),
        ("app.py", "from .adapters.openai import OpenAI", []),
    ],
)
def test_the_rule_sees_an_import_in_every_form(path: str, source: str, found: list[str]) -> None:
    assert broken(source, path) == found

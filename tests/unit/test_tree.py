"""Small promises that a script can see: about the server's sources, the lock, and every file."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.short
ROOT = Path(__file__).parents[2]
SERVER = {
    p.relative_to(ROOT / "server/aquatint").as_posix(): p for p in ROOT.glob("server/**/*.py")
}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Put together here, so that this file keeps the promise too.
REGISTRIES = [
    ".".join(words)
    for words in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("ghcr", "io"),
    )
]
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")


def tracked() -> list[Path]:
    """The files that a commit would hold, without the pictures."""
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


def requirements() -> list[str]:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    lists = [PROJECT["build-system"]["requires"], project["dependencies"], *groups.values()]
    lists += project.get("optional-dependencies", {}).values()
    return [line for lines in lists for line in lines if isinstance(line, str)]


@cache
def nodes(path: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(SERVER[path].read_text("utf-8"))))


def test_a_module_stays_below_350_lines() -> None:
    lines = {path: file.read_text("utf-8").count("\n") for path, file in SERVER.items()}
    assert not {path: count for path, count in lines.items() if count >= 350}


def test_no_model_is_named_in_code() -> None:
    model = re.compile(r"gpt-image|dall-e", re.IGNORECASE)
    named = {path: model.findall(file.read_text("utf-8")) for path, file in SERVER.items()}
    assert not {path: models for path, models in named.items() if models}


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        (path, name)
        for path in set(SERVER)
        - {"settings/__init__.py", "settings/environment.py", "cli/main.py", "__main__.py"}
        for node in nodes(path)
        if (name := getattr(node, "attr", getattr(node, "name", "")))
        in {"environ", "environb", "getenv"}
    }
    assert not readers


def test_only_the_command_line_prints() -> None:
    prints = {
        (path, node.lineno)
        for path in SERVER
        if not path.startswith("cli/")
        for node in nodes(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    }
    assert not prints


def test_only_the_net_under_a_call_and_the_one_under_a_job_catch_everything() -> None:
    nets = [
        path
        for path in SERVER
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and re.search(r"\b(Base)?Exception\b", ast.unparse(node.type or ast.Name("Exception")))
    ]
    assert Counter(nets) <= Counter(["jobs/crash.py", "mcp_server/server.py"])


def test_no_file_names_a_package_registry() -> None:
    texts = {path.relative_to(ROOT): path.read_text("utf-8") for path in tracked()}
    assert not [path for path, text in texts.items() if any(host in text for host in REGISTRIES)]


def test_a_lock_holds_names_and_hashes_and_no_address() -> None:
    names = [lock.stem for lock in LOCKS]
    others = {"clients-frameworks", "clients-older", "clients", "gateways"}
    assert set(names) == {*others, "dev", "run", "tools"}
    for lock in LOCKS:
        text = lock.read_text("utf-8")
        assert not re.search(r"://|file:|^-|find-links|index-url", text, re.MULTILINE)
        assert all(pin.endswith("\\") for pin in re.findall(r"^\w.*", text, re.MULTILINE))


def test_nothing_is_left_for_later() -> None:
    folders = ("server", "tests", "examples", "README.md")
    paths = [path for path in tracked() if path.relative_to(ROOT).parts[0] in folders]
    assert not [path for path in paths if UNFINISHED.search(path.read_text("utf-8"))]


def test_a_dependency_is_bounded_on_both_sides_with_a_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lines = requirements()
    unbounded = [
        line
        for line in lines
        if {one.operator for one in Requirement(line).specifier} != {">=", "<"}
    ]
    without_reason = [
        line for line in lines if not re.search(re.escape(f'"{line}"') + r"[],]* +# \w", text)
    ]
    assert lines
    assert (unbounded, without_reason) == ([], [])


def test_the_lock_was_made_from_these_dependencies() -> None:
    pins = [
        re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE) for lock in LOCKS
    ]
    versions = {name: version for pin in pins for name, version in pin}
    for requirement in map(Requirement, requirements()):
        assert requirement.specifier.contains(versions[requirement.name.lower()])


def test_the_build_back_end_is_locked_as_it_is_declared() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(PROJECT["dependency-groups"]["build"])


def reached(path: str) -> Iterator[tuple[str, str]]:
    """Each (package, name in it) that an import of the module at `path` takes from outside it."""
    inside = Path(path).parts[:-1]
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = inside[: len(inside) - node.level + 1]
            base += tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                steps = (*base, alias.name)
                for end in range(1, len(steps)):
                    package = "/".join(steps[:end])
                    if f"{package}/__init__.py" in SERVER and steps[:end] != inside[:end]:
                        yield package, steps[end]


def test_a_package_is_entered_only_by_what_its_init_names() -> None:
    public = {
        path.removesuffix("/__init__.py"): ast.literal_eval(node.value)
        for path in SERVER
        if path.endswith("/__init__.py")
        for node in nodes(path)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    }
    entered = {(path, *way) for path in SERVER for way in reached(path)}
    assert len(entered) > 100
    assert not [way for way in sorted(entered) if way[2] not in public.get(way[1], ())]
    used = {way[1:] for way in entered}
    unused = {(package, name) for package in public for name in public[package]} - used
    assert not unused

"""The workflows and the Dockerfile: what can be read off them, and what their linters say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.name: yaml.safe_load(path.read_text("utf-8")) for path in FILES
}
RIGHTS = {
    "ci.yml": {"check": {"contents"}, "elsewhere": {"contents"}},
    "release.yml": {
        "build": {"contents"},
        "package": {"id-token"},
        "image": {"contents", "packages"},
        "release": {"contents"},
        "registry": {"id-token"},
    },
}
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_has_no_right_that_it_does_not_name(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {}
    rights = {job: set(does["permissions"]) for job, does in workflow["jobs"].items()}
    assert rights == RIGHTS[name]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_and_leaves_no_token_behind(name: str) -> None:
    steps = [step for job in WORKFLOWS[name]["jobs"].values() for step in job["steps"]]
    for step in steps:
        if uses := step.get("uses"):
            assert re.search(r"@(v\d+|release/v\d+|[0-9a-f]{40})$", uses)
            if "checkout" in uses:
                assert step["with"]["persist-credentials"] is False
        # What a tag or a branch is called must not become a command.
        assert "${{" not in step.get("run", "")


def test_both_workflows_run_what_ci_runs() -> None:
    for workflow in WORKFLOWS.values():
        first = next(iter(workflow["jobs"].values()))
        assert "bash .ci/run" in [step.get("run") for step in first["steps"]]


def test_a_release_is_made_by_a_version_tag_alone() -> None:
    assert WORKFLOWS["release.yml"][True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` so


def test_the_image_runs_as_nobody_with_its_pictures_on_a_volume() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    user = re.findall(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert user
    assert "0" not in user[-1]
    assert re.search(r"^VOLUME /pictures$", last, re.MULTILINE)
    assert "AQUATINT_HOME=/pictures" in last
    assert last.rstrip().endswith('ENTRYPOINT ["aquatint"]')
    assert "OPENAI" not in re.sub(r"(?m)^#.*", "", DOCKERFILE)


def test_everything_in_the_image_is_installed_by_hash() -> None:
    installs = re.findall(r"\bpip\b[^&\n]*\b(?:install|download)\b[^&\n]*", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)


def test_the_build_sees_no_more_than_it_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    shown = {rule[1:] for rule in rules if rule.startswith("!")}
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert shown == set(" ".join(sources).split())


LINTERS = [
    [
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        *map(str, FILES),
    ],
    ["zizmor", "--offline", "--no-progress", ".github"],
    ["hadolint", "Dockerfile"],
]


@pytest.mark.full
@pytest.mark.parametrize("command", LINTERS, ids=lambda command: command[0])
def test_the_linters_find_nothing(command: list[str]) -> None:
    subprocess.run(["make", "--silent", ".venv-lock/.ready"], cwd=ROOT, check=True)
    linter = ROOT / ".venv-lock/bin" / command[0]
    told = subprocess.run(
        [linter, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr

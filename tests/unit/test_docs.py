"""What the documentation says is so: its tables, its commands, its links."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aquatint.cli.parser import parse
from aquatint.settings import setting_fields, variable_of
from aquatint.settings.environment import FORMER
from conftest import Connect
from pictures import first_prompts
from tables import filled, pages, tables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [*pages(), ROOT / "AGENTS.md", ROOT / "CHANGELOG.md"]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in PAGES}


def code(text: str) -> str:
    """What stands in fences and between backticks."""
    fences = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*fences, *re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)])


COMMANDS = sorted(
    {
        (command, *re.findall(r"(?<= )--?[a-z][a-z-]*", rest))
        for text in TEXTS.values()
        for command, rest in re.findall(r"\baquatint ([a-z]+)\b([^\n]*)", code(text))
    }
)


async def test_the_tables_say_what_the_code_says() -> None:
    new = await tables()
    for page in pages():
        text = page.read_text("utf-8")
        assert text == filled(text, new), f"{page.name} is stale: make docs"


def test_what_is_read_first_stays_short() -> None:
    assert README.count("\n") <= 200
    assert TEXTS["AGENTS.md"].count("\n") < 80


def test_a_command_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    lost: list[tuple[str, ...]] = []
    for name, *flags in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            parse([name, "--help"])
        known = re.findall(r"--?[a-z][a-z-]*", capsys.readouterr().out)
        if ended.value.code or not set(flags) <= set(known):
            lost.append((name, *flags))
    assert COMMANDS
    assert not lost


def test_every_block_for_a_host_is_json_that_starts_aquatint() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    for block in map(json.loads, blocks):
        server = (block.get("mcpServers") or block["servers"])["aquatint"]
        assert server["command"].endswith("/.venv/bin/aquatint")
    assert len(blocks) == 3


def test_every_make_target_that_is_named_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = {
        word for text in TEXTS.values() for word in re.findall(r"\bmake ([a-z-]+)", code(text))
    }
    assert {"demo", "test", "docs"} <= named <= set(targets)


def test_every_link_between_files_leads_somewhere() -> None:
    links = [
        (page, link)
        for page, text in TEXTS.items()
        for link in re.findall(r'(?:\]\(|src=")([^)"#:]+)[)"#]', text)
    ]
    assert links
    assert not [one for one in links if not (ROOT / one[0]).parent.joinpath(one[1]).exists()]


def test_every_module_that_is_named_exists() -> None:
    folders = ("server", "tests", "docs", "examples", "packaging")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    files.append(ROOT / "pyproject.toml")
    for page, text in TEXTS.items():
        names = re.findall(r"`([\w/]+\.(?:py|toml))`", text)
        lost = [name for name in names if not any(file.match(name) for file in files)]
        assert not lost, page


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {*FORMER, *(variable_of(name, field) for name, field in setting_fields().items())}
    for text in TEXTS.values():
        assert set(re.findall(r"\b(?:AQUATINT|OPENAI)_[A-Z_]+[A-Z]\b", text)) <= known


def test_every_code_and_name_that_is_quoted_stands_in_the_server() -> None:
    source = "".join(path.read_text("utf-8") for path in ROOT.glob("server/**/*.py"))
    for page in pages():
        quoted = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", page.read_text("utf-8")))
        assert not {name for name in quoted if not re.search(rf"\b{name}\b", source)}


@pytest.mark.parametrize("language", first_prompts())
async def test_a_first_prompt_is_drawn_and_found_again(language: str, connect: Connect) -> None:
    prompt = first_prompts()[language]
    async with connect() as client:
        drawn = await client.call_tool("generate_image", {"prompt": prompt, "size": "256x256"})
        assert drawn.structured_content
        found = await client.call_tool("recent_images", {"query": prompt.split()[0]})
        assert found.structured_content
    assert [one["id"] for one in found.structured_content["images"]] == [
        one["id"] for one in drawn.structured_content["images"]
    ]


def test_the_first_prompts_come_in_six_languages() -> None:
    assert len(first_prompts()) == 6

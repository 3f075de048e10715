"""The quick starts in five languages: their prompts are drawn and found, their commands exist."""

from __future__ import annotations

import re
import shlex
import unicodedata
from pathlib import Path

import pytest
from mcp import Client

from aquatint.cli.parser import make_parser
from aquatint.install.hosts import HOSTS
from aquatint.mcp_server.prompts.guides import GUIDES
from aquatint.settings import setting_fields, variable_of
from conftest import MakeApp
from words import images_of, look, text_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/quickstart").glob("*.md")}
# The script of each page's prompt, and how people may write words of it: without vowel signs, on
# another keyboard, in capitals, without accents, or only their beginning.
SCRIPTS = {"ar": "ARABIC", "ur": "ARABIC", "zh": "CJK UNIFIED", "id": "LATIN", "de": "LATIN"}
VARIANTS = {
    "ar": ("قطة", "قِطَّةٌ", "نافذه", "البحر"),
    "ur": ("گلی", "گلي", "چائے", "رنگين", "لاہ"),
    "zh": ("油纸伞", "小巷", "江南 女孩"),
    "id": ("kopi", "JOGLO", "sawah hijau"),
    "de": ("Brücke", "brucke", "CAFÉ", "gemutlich"),
}


def prompt_of(language: str) -> str:
    (prompt,) = re.findall(r"^<!-- prompt -->\n```text\n(.+)\n```$", PAGES[language], re.MULTILINE)
    return prompt


def commands(page: str) -> list[str]:
    """What a reader may copy into a terminal: lines of sh blocks, and commands in the text."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"(?:(?<!`)`|<code[^>]*>)([^`<\n]+)(?:`(?!`)|</code>)", page)
    lines = [line for block in blocks for line in block.splitlines()]
    return lines + [span for span in spans if re.match(r"(\S*/)?aquatint \w", span)]


def test_there_is_a_quick_start_in_five_languages() -> None:
    assert set(PAGES) == set(VARIANTS)
    for page in PAGES.values():
        assert 30 <= page.count("\n") <= 60


@pytest.mark.parametrize("language", VARIANTS)
async def test_the_prompt_of_a_quick_start_is_drawn_and_found_again(
    language: str, make_app: MakeApp
) -> None:
    prompt = prompt_of(language)
    first = re.split(r"[\s，]", prompt)[0]
    async with Client(make_app().server) as client:
        await client.call_tool("generate_image", {"prompt": "x", "size": "64x64"})
        drawn = await client.call_tool("generate_image", {"prompt": prompt, "size": "320x192"})
        (image,) = images_of(drawn)
        for words in (first, *VARIANTS[language]):
            found = await client.call_tool("recent_images", {"query": words})
            assert [one["id"] for one in images_of(found)] == [image["id"]], words
            assert [one["prompt"] for one in images_of(found)] == [prompt]
    assert drawn.structured_content
    assert drawn.structured_content["status"] == "done"
    assert drawn.structured_content["cost_usd"] == 0
    assert "no OPENAI_API_KEY is set" in text_of(drawn)
    assert image["path"] in text_of(drawn)
    assert look(image["path"]) == ((320, 192), "png")
    name = unicodedata.normalize("NFC", Path(image["path"]).name)
    slug = re.sub(r"^[\d-]+|-[a-z2-7]{16}\.png$", "", name)
    letters = [char for char in slug if char.isalpha()]
    assert len(letters) > 10
    assert all(SCRIPTS[language] in unicodedata.name(char) for char in letters), slug
    assert unicodedata.normalize("NFC", first).lower() in slug


@pytest.mark.parametrize("language", VARIANTS)
def test_a_quick_start_names_only_what_there_is(language: str) -> None:
    page = PAGES[language]
    lines = commands(page)
    assert len([line for line in lines if "aquatint " in line]) >= 4
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    known = {variable_of(name, field) for name, field in setting_fields().items()}
    for line in lines:
        program, *rest = shlex.split(line)
        if program == "export":
            assert rest[0].split("=")[0] in known
        elif program == "make":
            assert set(rest) <= set(targets)
        else:
            assert program == ".venv/bin/aquatint"
            make_parser().parse_args(rest)
    spans = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", page))
    assert spans - {"working"} <= {host.name for host in HOSTS}
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", page)) <= {guide.name for guide in GUIDES}
    assert set(re.findall(r"\b(?:AQUATINT|OPENAI)_[A-Z_]+[A-Z]\b", page)) <= known


@pytest.mark.parametrize("language", VARIANTS)
def test_a_quick_start_says_what_the_others_and_the_readme_say(language: str) -> None:
    page, german = PAGES[language], PAGES["de"]

    def facts(text: str) -> set[str]:
        spans = re.findall(r"(?:(?<!`)`|<code[^>]*>)([^`<\n]+)(?:`(?!`)|</code>)", text)
        plain = {re.sub(r"(aquatint recent).*", r"\1", span) for span in spans}
        return plain - {"claude-desktop"}

    assert facts(page) == facts(german)
    assert page.count("\n|") == 5
    assert [line for line in commands(page) if "install" in line] == [
        line for line in commands(german) if "install" in line
    ]
    (price,) = re.findall(r"\$[\d.]+\d", page)
    assert price in README


@pytest.mark.parametrize("language", ["ar", "ur"])
def test_a_page_that_runs_from_right_to_left_says_so_and_its_commands_do_not(language: str) -> None:
    page = PAGES[language]
    assert page.startswith('<div dir="rtl">\n\n')
    assert page.endswith("\n\n</div>\n")
    for block in re.finditer(r"^```sh$", page, re.MULTILINE):
        assert page[: block.start()].endswith('<div dir="ltr">\n\n')
    assert page.count("<div") == page.count("</div>")
    # What begins or ends with a sign would be turned around.
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page)
    assert not [span for span in spans if not re.fullmatch(r"\w(.*\w)?", span)]

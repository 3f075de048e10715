"""What pictures read: told of every picture, and held against a prompt's quoted words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from mcp.types import CallToolResult
from PIL import Image, ImageDraw, ImageFont

from aquatint.jobs import lettering as lettering_of
from aquatint.vision.text import alphabet
from conftest import Connect
from fake_openai import FakeOpenAI, fake_openai, serve
from inherited import inherited
from words import images_of, refusal, text_of

SIGN = {"prompt": 'A shop sign that says "OPEN LATE"'}


@pytest.fixture
def fake() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def paid(fake: FakeOpenAI) -> Iterator[dict[str, str]]:
    with serve(fake) as url:
        # In this process, so that a test can let it wait for longer than people do.
        own = {"AQUATINT_BASE_URL": f"{url}/v1", "AQUATINT_WORKER": "false"}
        yield {"OPENAI_API_KEY": "sk-test", **own}


@pytest.fixture
def reads() -> None:
    pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")


@pytest.fixture
def sign(workspace: Path) -> str:
    image = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.text((80, 40), "BIG SALE", fill="black", font=ImageFont.load_default(80))
    draw.text((80, 240), "until Monday", fill="red", font=ImageFont.load_default(60))
    image.save(workspace / "sign.png")
    return "sign.png"


def notes(result: CallToolResult) -> list[str]:
    told: dict[str, list[str]] = result.structured_content or {}
    return told.get("warnings", [])


async def test_without_the_extra_the_words_are_no_business_of_anybody(
    connect: Connect, paid: dict[str, str], sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # as if it were not installed
    async with connect(**paid) as client:
        drawn = await client.call_tool("generate_image", SIGN)
        assert images_of(drawn)
        assert "OPEN LATE" not in "".join(notes(drawn))
        told = await refusal(client, "get_image", image=sign, read=True)
        assert "pip install 'aquatint[vision,ocr]'" in told


@pytest.mark.short
@pytest.mark.usefixtures("reads")
@pytest.mark.parametrize(
    ("lettering", "told"),
    [
        ("OPEN LATE", 'words: asked "OPEN LATE", reads "OPEN LATE".'),
        ("OPEN LAKE", 'words: asked "OPEN LATE", reads "OPEN LAKE": letter 7 should be "t" '),
        ("COFFEE", 'words: asked "OPEN LATE", not found; it reads "COFFEE".'),
    ],
)
async def test_a_paid_picture_is_held_against_the_words_it_was_asked_for(
    connect: Connect,
    fake: FakeOpenAI,
    paid: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    lettering: str,
    told: str,
) -> None:
    fake.lettering = lettering
    monkeypatch.setattr(lettering_of, "PATIENCE", 60.0)  # a busy machine loads for longer
    async with connect(**paid) as client:
        drawn = await client.call_tool("generate_image", SIGN)
        assert images_of(drawn)
        said = [one for one in notes(drawn) if one.startswith("words: ")]
        assert said[0].startswith(told)
        assert said[0] in text_of(drawn)
        plain = await client.call_tool("generate_image", {"prompt": "A shop sign"})
        assert not [one for one in notes(plain) if "words" in one]
        arabic = await client.call_tool("generate_image", {"prompt": "لافتة «مفتوح»"})
        assert not [one for one in notes(arabic) if "words" in one]


@pytest.mark.short
@pytest.mark.usefixtures("reads")
async def test_it_is_off_by_a_setting_and_drafts_are_not_read(
    connect: Connect, fake: FakeOpenAI, paid: dict[str, str]
) -> None:
    fake.lettering = "OPEN LATE"
    async with connect(**paid, AQUATINT_READ_WORDS="false") as client:
        drawn = await client.call_tool("generate_image", SIGN)
        assert not [one for one in notes(drawn) if "OPEN" in one]
        draft = await client.call_tool("generate_image", {**SIGN, "model": "draft"})
        assert not [one for one in notes(draft) if "OPEN" in one]


@pytest.mark.short
@pytest.mark.usefixtures("reads")
async def test_get_image_tells_the_lines_with_their_boxes(connect: Connect, sign: str) -> None:
    async with connect() as client:
        seen = await client.call_tool("get_image", {"image": sign, "read": True})
        shares = await client.call_tool(
            "get_image", {"image": sign, "read": True, "units": "fraction", "reply": "path"}
        )
    assert seen.structured_content
    first, second = seen.structured_content["lines"]
    assert (first["words"], second["words"]) == ("BIG SALE", "until Monday")
    assert "It reads 2 line(s)." in text_of(seen)
    assert f'"BIG SALE" box {first["box"]}' in text_of(seen)
    left, top, width, height = first["box"]
    assert 60 <= left <= 90
    assert 30 <= top <= 80
    assert left + width < 520
    assert top + height < 160
    assert shares.structured_content
    box = shares.structured_content["lines"][0]["box"]
    assert box == pytest.approx([left / 800, top / 400, width / 800, height / 400], abs=0.001)


def test_the_alphabet_has_what_is_read_well_and_nothing_else(reads: None) -> None:
    from aquatint.vision.networks import Networks

    known = alphabet(Networks(60.0))
    assert set("AzÄöß9中あ") <= known
    assert not set("مفתक") & known


def shown(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = inherited("PATH") | {"HOME": str(folder), "AQUATINT_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "aquatint", "show", *arguments]
    return subprocess.run(
        command, env=environ, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_command_line_looks_closer_and_says_what_does_not_go_together(
    workspace: Path, sign: str
) -> None:
    done = shown(workspace, sign, "--crop", "0,0,400,200", "--grid", "--edge", "256")
    assert done.returncode == 0, done.stderr
    assert "Shown: x 0, y 0, width 400, height 200 of 800x400 pixels" in done.stdout
    done = shown(workspace, sign, "--json", "--grid")
    assert done.returncode != 0
    assert "Leave out --json" in done.stderr
    done = shown(workspace, sign, "--read")
    if find_spec("rapidocr"):
        assert '"BIG SALE" box [' in done.stdout
    else:
        assert done.returncode != 0
        assert "pip install 'aquatint[vision,ocr]'" in done.stderr


def test_the_command_line_waits_for_a_job_and_looks_closer_at_what_it_made(
    workspace: Path,
) -> None:
    environ = inherited("PATH") | {"HOME": str(workspace), "AQUATINT_MIN_FREE": "0"}
    environ |= {"AQUATINT_HOME": str(workspace / "home")}
    subprocess.run(
        [sys.executable, "-m", "aquatint", "draw", "a kite", "--size", "256x256"],
        env=environ,
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    job = json.loads(shown(workspace, "latest", "--json").stdout)["image"]["job"]
    done = shown(workspace, job, "--crop", "0,0,64,64")
    assert "Shown: x 0, y 0, width 64, height 64 of 256x256 pixels" in done.stdout

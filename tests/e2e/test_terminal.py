"""The command line at a terminal and without one, as processes on a real pseudo-terminal."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image, ImageChops, ImageStat

from aquatint.cli import main
from fake_openai import FakeOpenAI, fake_openai, serve
from inherited import inherited
from ledger import jobs
from retouching import ASTRONAUT, SEES
from screen import XTERM_SIXEL, Terminal, aquatint, from_blocks, from_sixels

pytest.importorskip("pyte")  # of the group dev; the newest, unlocked resolution has no such tests
SMALL = ("--size", "64x64")
PLAIN = ("--inline", "none")
# What the extra brings cannot be imported: as where it was not installed.
BARE = [
    sys.executable,
    "-c",
    "import sys; sys.modules |= dict.fromkeys(('rich', 'shtab', 'textual_image'));"
    "from aquatint.cli.main import run; sys.exit(run())",
]


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return {"AQUATINT_HOME": str(home), "AQUATINT_MIN_FREE": "0", **inherited("PATH")}


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int | str | None
    out: str
    err: str


Shell = Callable[..., Done]


@pytest.fixture
def shell(
    env: dict[str, str],
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """Commands without a terminal, in this process: starting one takes longer than most of them."""

    def run(*arguments: str, **more: str) -> Done:
        for name, value in {**env, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(workspace)
        try:
            code = main.run(arguments)
        except SystemExit as left:
            code = left.code
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def paying(env: dict[str, str], provider: FakeOpenAI) -> Generator[dict[str, str]]:
    with serve(provider) as url:
        key = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{url}/v1"}
        yield {**env, **key, "AQUATINT_WORKER": "false"}


def at_terminal(
    workspace: Path, env: dict[str, str], *arguments: str, **more: Any
) -> AbstractContextManager[Terminal]:
    return Terminal(aquatint(*arguments), env, workspace, **more)


def piped(
    workspace: Path, env: dict[str, str], *arguments: str, argv: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(argv or aquatint()), *arguments],
        env=env,
        cwd=workspace,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def path_of(told: str) -> Path:
    """The one picture's path in what a command printed."""
    found = re.search(r"\S+\.png", told)
    assert found is not None, told
    return Path(found[0])


# Waiting


def test_a_bar_shows_stage_and_time_and_leaves_no_trace(
    workspace: Path, paying: dict[str, str], provider: FakeOpenAI
) -> None:
    held = provider.hold()
    with at_terminal(workspace, paying, "draw", "A red fox", *PLAIN) as terminal:
        terminal.until(r"\rdrawing  [━╌]{30}  \d+ s\x1b\[K\r")
        held.release()
        assert terminal.ended() == 0
        path, cost = terminal.shown()
        assert Path(path).exists()
        assert re.fullmatch(r"gpt-image\S+: \$0\.\d{4}, \d+\.\d s", cost)
    with at_terminal(workspace, paying, "draw", "A hare", *PLAIN) as terminal:
        terminal.until(r"drawing  ━+╌*  \d+ s, (about \d+ s left|usually \d+ s)")
        held.release()
        assert terminal.ended() == 0


def test_a_pipe_gets_paths_only_while_the_terminal_shows_the_bar(
    workspace: Path, paying: dict[str, str], provider: FakeOpenAI, tmp_path: Path
) -> None:
    held = provider.hold()
    with (
        (tmp_path / "out.txt").open("wb") as out,
        at_terminal(workspace, paying, "draw", "A red fox", stdout=out) as terminal,
    ):
        terminal.until("drawing  ")
        held.release()
        assert terminal.ended() == 0
    told = (tmp_path / "out.txt").read_text()
    assert told == f"{path_of(told)}\n"


def test_without_a_terminal_nothing_is_drawn(workspace: Path, paying: dict[str, str]) -> None:
    env = {**paying, "AQUATINT_INLINE": "kitty", "TERM": "xterm-kitty"}
    done = piped(workspace, env, "draw", "A red fox")
    assert done.returncode == 0
    assert done.stdout == f"{path_of(done.stdout)}\n"
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


# Pictures


@pytest.mark.parametrize(
    ("way", "named"),
    [
        ("kitty", {"TERM": "xterm-kitty"}),
        ("iterm", {"TERM_PROGRAM": "WezTerm"}),
        ("sixel", {}),
        ("blocks", {"COLORTERM": "truecolor"}),
    ],
)
def test_a_terminal_shows_the_picture_in_its_own_way(
    workspace: Path, env: dict[str, str], way: str, named: dict[str, str]
) -> None:
    answer = {"answer": XTERM_SIXEL} if way == "sixel" else {}
    size = ("--size", "256x128")
    with at_terminal(workspace, {**env, **named}, "draw", "A fox", *size, **answer) as terminal:
        assert terminal.ended() == 0
        seen = DECODED[way](terminal.text)
        path = next(line for line in terminal.shown() if line.endswith(".png"))
    with Image.open(path) as drawn:
        alike(seen, drawn)


def kitty_picture(text: str) -> Image.Image:
    parts = re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", text)
    return Image.open(io.BytesIO(base64.b64decode("".join(parts))))


def iterm_picture(text: str) -> Image.Image:
    found = re.search(r"\x1b\]1337;File=inline=1;size=\d+;width=26:([^\a]*)\a", text)
    assert found is not None
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def sixel_picture(text: str) -> Image.Image:
    found = re.search(r"\x1bP([^\x1b]*)\x1b\\", text)
    assert found is not None
    return from_sixels(found[1])


DECODED = {
    "kitty": kitty_picture,
    "iterm": iterm_picture,
    "sixel": sixel_picture,
    "blocks": from_blocks,
}


def alike(seen: Image.Image, drawn: Image.Image) -> None:
    """The same picture but for scale and palette: mean difference of a channel, in levels."""
    assert seen.width / seen.height == pytest.approx(drawn.width / drawn.height, rel=0.1)
    # its stub names numpy
    small = [one.convert("RGB").resize((26, 12)) for one in (seen, drawn)]  # pyright: ignore[reportUnknownMemberType]
    off = ImageStat.Stat(ImageChops.difference(*small)).mean
    assert max(off) < 12, off


def test_without_the_extra_everything_works_and_says_once_how_to_see_more(
    workspace: Path, env: dict[str, str]
) -> None:
    argv = [*BARE, "draw", "A fox", "-n", "2", *SMALL]
    with Terminal(argv, {**env, "TERM": "foot"}, workspace) as terminal:
        assert terminal.ended() == 0
        assert terminal.text.count("pip install 'aquatint[terminal]'") == 1
        assert "▀" in terminal.text
    done = piped(workspace, env, "completion", "bash", argv=BARE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "aquatint[terminal]" in done.stderr


def test_a_terminal_that_never_answers_gets_blocks(workspace: Path, env: dict[str, str]) -> None:
    with at_terminal(workspace, env, "draw", "A fox", *SMALL, answer=None) as terminal:
        assert terminal.ended() == 0
        assert re.search(r"\x1b\[38;5;\d+;48;5;\d+m▀", terminal.text)
        assert "textual_image" not in terminal.text


# Money, and stopping


def test_a_dear_call_is_asked_for_at_a_terminal(
    shell: Shell, workspace: Path, paying: dict[str, str], provider: FakeOpenAI, home: Path
) -> None:
    env = {**paying, "AQUATINT_CONFIRM_USD": "0.001"}
    draw = ("draw", "A red fox", *PLAIN)
    question = r"Make 1 picture with gpt-image\S+ at quality medium for up to \$0\.0\d+\? \[y/N\] "
    with at_terminal(workspace, env, *draw) as terminal:
        terminal.until(question)
        terminal.type("\n")
        assert terminal.ended() == 1
        assert "You said no, so nothing was sent." in terminal.text
    assert jobs(home) == []
    with at_terminal(workspace, env, *draw) as terminal:
        terminal.until(question)
        terminal.type("y\n")
        assert terminal.ended() == 0
    done = shell(*draw, "--fresh", **env)
    assert done.code == 1
    assert "needs the user's consent above $0.0010" in done.err
    assert "--yes agrees" in done.err
    assert len(provider.paid) == 1
    assert shell(*draw, "--fresh", "--yes", **env).code == 0
    assert len(provider.paid) == 2


def test_ctrl_c_at_the_question_sends_nothing(
    workspace: Path, paying: dict[str, str], home: Path
) -> None:
    env = {**paying, "AQUATINT_CONFIRM_USD": "0.001"}
    with at_terminal(workspace, env, "draw", "A red fox", *PLAIN) as terminal:
        terminal.until(r"\[y/N\]")
        terminal.type("\x03")
        assert terminal.ended() == 130
        assert "Traceback" not in terminal.text
    assert jobs(home) == []


def test_ctrl_c_says_where_a_picture_that_was_sent_will_be(
    workspace: Path, paying: dict[str, str], provider: FakeOpenAI, home: Path
) -> None:
    held = provider.hold()
    paying["AQUATINT_WORKER"] = "true"
    with at_terminal(workspace, paying, "draw", "A red fox", *PLAIN) as terminal:
        terminal.until("drawing  ")
        terminal.type("\x03")
        assert terminal.ended() == 130
        told = " ".join(terminal.shown())
        assert "Traceback" not in told
    found = re.search(r"Stopped waiting; (job-\w+) goes on, and its picture comes into", told)
    assert found is not None, told
    assert str(home) in told.replace(" ", "")
    assert f"`aquatint show {found[1]}` waits for it" in told
    held.release()
    done = piped(workspace, paying, "show", found[1])
    assert done.returncode == 0, done.stderr
    assert path_of(done.stdout).exists()
    assert len(provider.paid) == 1


def test_ctrl_c_gives_up_what_was_not_sent(
    workspace: Path, paying: dict[str, str], provider: FakeOpenAI, home: Path
) -> None:
    paying["AQUATINT_WORKER"] = "true"
    with at_terminal(workspace, paying, "draw", "A red fox", *PLAIN) as terminal:
        terminal.until("queued  ")
        terminal.type("\x03")
        assert terminal.ended() == 130
        assert "had not been sent, so nothing was paid" in " ".join(terminal.shown())
    assert [row["state"] for row in jobs(home)] == ["failed"]
    assert provider.paid == []


# The commands


@SEES
def test_what_stands_out_is_masked_from_a_terminal_and_a_thing_in_a_box_taken_away(
    shell: Shell, workspace: Path
) -> None:
    (workspace / "astronaut.jpg").write_bytes(ASTRONAUT.read_bytes())
    flags = ("--subject", "--subtract", "--object", "275,338,237,174", "-o", "mask.png")
    done = shell("mask", "astronaut.jpg", *flags)
    assert done.code == 0, done.err
    assert "regions[0] found 1 subject: " in done.err
    assert "regions[1] found 1 object: " in done.err
    with Image.open(workspace / "mask.png") as mask:
        given = [mask.getpixel(at)[3] == 0 for at in ((226, 120), (420, 420), (30, 60))]  # type: ignore[index]
    assert given == [True, False, False]  # her nose, the helmet, the flag


def test_text_in_pictures_needs_an_extra_and_a_terminal_says_which(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # as if it were not installed
    shell("draw", "A fox", *SMALL, "-o", "fox.png")
    done = shell("mask", "fox.png", "--text", "SALE", "-o", "mask.png")
    assert done.code == 1
    assert "pip install 'aquatint[vision,ocr]'" in done.err


def test_pictures_are_masked_edited_and_shown_as_the_tools_do(
    shell: Shell, workspace: Path
) -> None:
    drawn = path_of(shell("draw", "A fox", *SMALL, "-o", "fox.png").out)
    shape = ("--rect", "8,8,32,32", "--subtract", "--ellipse", "16,16,8,8")
    masked = shell("mask", "fox.png", *shape, "-o", "mask.png")
    assert masked.code == 0, masked.err
    assert masked.err == "It covers 23.7% of the picture, within x,y,width,height 8,8,32,32.\n"
    mask, saved = masked.out.splitlines()
    assert saved == "  saved to mask.png"
    edited = shell("edit", "fox.png", "--mask", mask.split()[0], "a hat", "-o", "hat.png")
    assert edited.code == 0, edited.err
    assert edited.out.endswith("  saved to hat.png\n")
    with (
        Image.open(drawn) as before,
        Image.open(workspace / "hat.png") as after,
        Image.open(workspace / "mask.png") as where,
    ):
        changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
        outside = Image.composite(Image.new("RGB", (64, 64)), changed, where.getchannel("R"))
        assert changed.getbbox() is not None
        assert outside.getbbox() is None
    shown = shell("show")
    words = (
        "64x64 png",
        "edited by draft",
        "prompt    a hat",
        "copy      ",
        "outside   differs by 0",
    )
    for told in words:
        assert told in shown.out
    facts = json.loads(shell("show", "latest", "--json").out)
    assert facts["recipe"]["arguments"]["prompt"] == "a hat"
    assert facts["recipe"]["arguments"]["mask"] == mask.split()[0]
    assert facts["image"]["path"] == edited.out.splitlines()[0]
    foreign = shell("show", "fox.png", "--json")
    assert json.loads(foreign.out)["image"]["width"] == 64
    known = json.loads(shell("show", "mask.png", "--json").out)
    assert known["image"]["uri"] == mask.split()[0], "a mask given back by its path is that mask"


def test_recent_is_paged_listed_as_json_and_put_on_a_sheet(shell: Shell, workspace: Path) -> None:
    shell("draw", "A fox", *SMALL, "-n", "3")
    first = json.loads(shell("recent", "--limit", "2", "--json").out)
    assert (len(first["images"]), first["total"]) == (2, 3)
    rest = shell("recent", "--cursor", first["cursor"], "--sheet", "sheet.jpg")
    assert rest.code == 0, rest.err
    ids = re.findall(r"image://(\w+)", rest.out)
    assert len({*ids, *(one["id"] for one in first["images"])}) == 3
    assert "next page" not in rest.err
    with Image.open(workspace / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"
    again = shell("recent", "--sheet", "sheet.jpg")
    assert again.code == 1
    assert "sheet.jpg" in again.err
    assert again.out == ""


def test_show_opens_the_file_itself_in_the_viewer(shell: Shell, tmp_path: Path) -> None:
    drawn = path_of(shell("draw", "A fox", *SMALL).out)
    viewer = tmp_path / "viewer"
    viewer.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    viewer.chmod(0o755)
    done = shell("show", "--open", BROWSER=str(viewer))
    assert done.code == 0, done.err
    assert (tmp_path / "opened").read_text().strip() == drawn.as_uri()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "aaaaaaaaaaaaaaaa"), 1, "There is no picture 'aaaaaaaaaaaaaaaa'"),
        (("mask", "latest"), 1, "There is no latest picture"),
        (("mask", "--width", "64", "--height", "64"), 1, "regions is empty"),
        (("mask", "--all", "--width", "64", "--height", "64", "-o", "m.jpg"), 1, "ends in .png"),
        (("edit", "only words"), 2, "Name a picture, then what to change"),
        (("draw", "x", "--quality", "best"), 2, "invalid choice: 'best'"),
        (("recent", "--cursor", "nonsense"), 1, "cursor"),
        (("show", "job-aaaaaaaaaaaaaaaa"), 1, "There is no job"),
        (("show", "job-aaaa"), 1, "There is no job job-aaaa."),  # cut short
        (("show", "nope123"), 1, 'pass "latest", or an image://id from recent_images'),
        (("show", "--json", "--crop", "0,0,9,9"), 1, "Leave out --json, or the others."),
        (("show", "--units", "inch"), 2, "invalid choice: 'inch'"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(
    shell: Shell, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = shell(*arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "command", [("names", "--json"), ("show", "--json"), ("recent",), ("doctor", "--offline")]
)
def test_a_reader_that_has_left_ends_a_command_without_a_word(
    env: dict[str, str], shell: Shell, workspace: Path, command: tuple[str, ...]
) -> None:
    shell("draw", "a fox", *SMALL)
    shell("name", "latest", "logo")
    for arguments, more in (
        (command, {}),
        ((command[0], "--help"), {}),  # more than Python's buffer holds
        (command, {"PYTHONUNBUFFERED": "1"}),  # as many containers have it
    ):
        reader, writer = os.pipe()
        os.close(reader)  # as `| head -1` does, only sooner
        done = subprocess.run(
            [sys.executable, "-m", "aquatint", *arguments],
            env={**env, **more},
            cwd=workspace,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, "")


def test_export_writes_files_and_says_their_pixels(shell: Shell, workspace: Path) -> None:
    shell("draw", "A red fox", "--size", "640x480", *PLAIN)
    done = shell("export", "latest", "-o", "fox-{16,32}.png", "--crop", "0,0,320,320")
    assert done.code == 0, done.err
    assert re.findall(r"fox-\d+\.png  (\S+)", done.out) == ["16x16", "32x32"]
    assert (workspace / "fox-32.png").exists()
    wrong = shell("export", "latest", "-o", "fox-{16}.png", "--crop", "900,0,9,9")
    assert wrong.code == 1
    assert "crop" in wrong.err


def test_a_part_a_grid_and_a_comparison_are_shown_and_told(shell: Shell) -> None:
    shell("draw", "A fox", *SMALL)
    mask = shell("mask", "latest", "--rect", "0,0,32,64").out.split()[0]
    shell("edit", "latest", "--mask", mask, "a hat", *PLAIN)
    for flags, words in (
        (("--crop", "0,0,500,500", "--units", "permille"), "width 32, height 32 of 64x64"),
        (("--grid", "--edge", "256"), "grid"),
        (("--compare",), "before"),
    ):
        done = shell("show", *flags)
        assert (done.code, done.err) == (0, "")
        assert words in done.out, done.out
    for flags, words in (("--edge", "9000"), "edge"), (("--crop", "0,0,9"), "crop"):
        wrong = shell("show", *flags)
        assert (wrong.code, wrong.out, words in wrong.err) == (1, "", True), wrong.err


def test_a_mask_is_cleaned_up_and_an_edit_says_its_seam(shell: Shell) -> None:
    shell("draw", "A fox", *SMALL)
    ring = ("--circle", "32,32,20", "--subtract", "--circle", "32,32,8")
    with_hole, filled = (
        shell("mask", "latest", *ring),
        shell("mask", "latest", *ring, "--fill-holes"),
    )
    shares = [float(re.findall(r"covers ([\d.]+)%", done.err)[0]) for done in (with_hole, filled)]
    assert shares[1] > shares[0]
    mask = filled.out.split()[0]
    edited = shell("edit", "latest", "--mask", mask, "--seam", "3", "a hat", *PLAIN)
    assert edited.code == 0, edited.err
    assert re.search(r"seam\W.*3", shell("show").out)
    wrong = shell("edit", "latest", "--mask", mask, "--seam", "wide", "a hat")
    assert (wrong.code, "--seam wide is not a number" in wrong.err) == (1, True)


def test_pictures_get_names_and_lose_them(shell: Shell) -> None:
    shell("draw", "a fox", "--size", "64x64")
    uri = shell("name", "latest", "Logo").out.split()[1]
    shell("draw", "a hen", "--size", "64x64")
    exported = shell("export", "@logo", "-o", "out.webp", "--name", "hero")
    assert f"@hero @Logo  {uri}" in exported.out
    assert shell("names").out == f"@hero  {uri}  a fox\n@Logo  {uri}  a fox\n"
    moved = shell("name", "latest", "LOGO")
    assert f"@LOGO was {uri} until now." in moved.err
    assert "is not @logo any more" in shell("name", "--remove", "logo").out
    assert [one["name"] for one in json.loads(shell("names", "--json").out)] == ["@hero"]
    assert "saved to" in shell("recent", "out.webp").out
    shell("forget", "@hero")
    assert "No picture has a name yet" in shell("names").out

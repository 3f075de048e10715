"""What the command line shows a person: the bar's one line, and the bytes that are pictures."""

from __future__ import annotations

import argparse
import base64
import io
import re
from itertools import pairwise

import pytest
from PIL import Image

from aquatint.cli.commands.completion import completion
from aquatint.cli.inline_images import blocks, by_name, fit, iterm, kitty
from aquatint.cli.parser import COMMANDS, make_parser, parse
from aquatint.cli.progress import line
from aquatint.services.outcomes import Progress
from aquatint.settings import Settings
from screen import from_blocks


def test_the_bar_fills_with_the_usual_time_and_is_full_only_at_the_end() -> None:
    progress = Progress(0, 20.0, "drawing")
    at = {seconds: line(progress, seconds, 80) for seconds in (0, 10, 20, 90)}
    assert at[10] == f"drawing  {'━' * 15}{'╌' * 15}  10 s, about 10 s left"
    assert [text.count("━") for text in at.values()] == [0, 15, 29, 29]
    assert at[90].endswith("90 s, usually 20 s")


def test_without_a_usual_time_a_part_of_the_bar_runs_to_and_fro() -> None:
    progress = Progress(0, None, "drawing")
    places = [line(progress, tick / 4, 80).index("━") for tick in range(120)]
    assert len(set(places)) == 27
    assert {abs(a - b) for a, b in pairwise(places)} == {1}
    assert all(line(progress, tick / 4, 80).count("━") == 4 for tick in range(120))


@pytest.mark.parametrize("columns", [1, 10, 20, 40, 79, 300])
def test_the_bar_never_outgrows_its_line(columns: int) -> None:
    for eta in (None, 12.0):
        for plain in (False, True):
            text = line(Progress(0, eta, "pausing: asked to wait\n"), 123, columns, plain=plain)
            assert len(text) <= columns
            assert text.isprintable()
            assert text.isascii() or not plain


def test_a_picture_keeps_its_shape_and_is_never_enlarged() -> None:
    assert fit((768, 768), (80, 40), (10, 20)) == (48, 24)
    assert fit((768, 384), (80, 40), (10, 20)) == (77, 19)
    assert fit((64, 64), (80, 40), (10, 20)) == (7, 4)
    assert fit((768, 768), (80, 10), (10, 20)) == (14, 7)
    assert fit((2000, 2), (40, 24), (10, 20)) == (40, 1)
    assert fit((2, 2000), (40, 24), (10, 20)) == (1, 21)


@pytest.mark.parametrize(
    ("env", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"}, "kitty"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "210401"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, None),
        ({}, None),
    ],
)
def test_a_terminal_is_known_by_its_names(env: dict[str, str], way: str | None) -> None:
    assert by_name(env) == way


def image() -> Image.Image:
    """Red over blue, with a see-through hole."""
    made = Image.new("RGBA", (40, 40), "red")
    made.paste((0, 0, 255, 255), (0, 20, 40, 40))
    made.paste((0, 0, 0, 0), (0, 0, 20, 20))
    return made


def test_kitty_gets_the_png_in_chunks_of_4096_and_is_told_not_to_answer() -> None:
    png = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(png, "PNG")
    told = kitty(png.getvalue(), 20)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", told)
    assert "".join(f"\x1b_G{keys};{text}\x1b\\" for keys, text in parts) == told
    assert parts[0][0] == "a=T,f=100,q=2,c=20,m=1"
    assert {keys for keys, _ in parts[1:-1]} == {"m=1"}
    assert parts[-1][0] == "m=0"
    assert all(len(text) == 4096 for _, text in parts[:-1])
    assert base64.b64decode("".join(text for _, text in parts)) == png.getvalue()


def test_iterm_gets_the_png_with_its_size() -> None:
    found = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);width=20:(.*)\a", iterm(b"abc", 20))
    assert found is not None
    assert (found[1], base64.b64decode(found[2])) == ("3", b"abc")


def test_blocks_are_two_pixels_a_cell_and_grey_where_see_through() -> None:
    seen = from_blocks(blocks(image(), 10, 5, true=True))
    assert seen.size == (10, 10)
    assert [seen.getpixel(at) for at in ((8, 1), (1, 8), (1, 1))] == [
        (255, 0, 0),
        (0, 0, 255),
        (128, 128, 128),
    ]


def test_blocks_of_256_colours_use_the_cube_and_the_greys() -> None:
    told = blocks(image(), 10, 5, true=False)
    assert set(re.findall(r"8;5;(\d+)", told)) >= {"196", "21", "244"}
    assert "2;" not in re.sub(r";5;\d+", "", told)


def test_words_and_options_may_stand_in_any_order() -> None:
    orders = [
        ["edit", "a.png", "b.png", "a hat", "--mask", "m.png", "-n", "2"],
        ["edit", "--mask", "m.png", "a.png", "b.png", "-n", "2", "a hat"],
        ["edit", "a.png", "-n", "2", "b.png", "--mask", "m.png", "a hat"],
    ]
    for argv in orders:
        parsed = parse(argv)
        assert parsed.words == ["a.png", "b.png", "a hat"]
        assert (parsed.mask_reference, parsed.n) == ("m.png", 2)


@pytest.mark.parametrize("argv", [["edit", "a", "b", "--nonsense"], ["draw", "a", "b"]])
def test_what_is_no_option_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(argv)
    assert refused.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err


def test_shapes_are_regions_in_the_order_they_were_typed() -> None:
    typed = "mask latest --rect 1,2,3,4 --subtract --ellipse=-1,0,2.5,2 --add"
    argv = [*typed.split(), "--polygon", "0,0 9,0 9,9", "--brush", "7 1,1 2,2"]
    argv += ["--tolerance", "9", "--everywhere", "--color", "#fff", "--color", "5,6", "--all"]
    argv += ["--intersect", "--image", "latest", "--circle", "5,6,7"]
    assert parse(argv).regions == (
        {"kind": "rect", "x": 1, "y": 2, "width": 3, "height": 4, "op": "add"},
        {"kind": "ellipse", "x": -1, "y": 0, "width": 2.5, "height": 2, "op": "subtract"},
        {"kind": "polygon", "points": ((0, 0), (9, 0), (9, 9)), "op": "add"},
        {"kind": "brush", "width": 7, "points": ((1, 1), (2, 2)), "op": "add"},
        {"kind": "color", "color": "#fff", "op": "add", "contiguous": False, "tolerance": 9},
        {"kind": "color", "x": 5, "y": 6, "op": "add", "contiguous": False, "tolerance": 9},
        {"kind": "all", "op": "add"},
        {"kind": "image", "image": "latest", "op": "intersect"},
        {"kind": "circle", "x": 5, "y": 6, "radius": 7, "op": "intersect"},
    )


def test_what_is_found_in_a_picture_is_a_region_like_any_other() -> None:
    argv = ["mask", "latest", "--subject", "--subtract", "--background", "--face", "--add"]
    argv += ["--face", "7,8", "--face", "1,2,30,40", "--object", "120,80,300,200"]
    argv += [
        "--to-edges",
        "--object",
        "5,6",
        "--text",
        "BIG SALE",
        "--text",
        "",
        "--rect",
        "1,2,3,4",
    ]
    assert parse(argv).regions == (
        {"kind": "subject", "op": "add"},
        {"kind": "background", "op": "subtract"},
        {"kind": "face", "op": "subtract"},
        {"kind": "face", "x": 7, "y": 8, "op": "add"},
        {"kind": "face", "x": 1, "y": 2, "width": 30, "height": 40, "op": "add"},
        {"kind": "object", "x": 120, "y": 80, "width": 300, "height": 200, "op": "add"},
        {"kind": "object", "x": 5, "y": 6, "op": "add"},  # which ends at edges anyway
        {"kind": "text", "words": "BIG SALE", "op": "add"},
        {"kind": "text", "words": None, "op": "add"},
        {"kind": "rect", "x": 1, "y": 2, "width": 3, "height": 4, "op": "add", "expand": "edges"},
    )


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--rect", "1,2,3"),
        ("--object", "1"),
        ("--object", "1,2,3"),
        ("--face", "1,2,3,4,5"),
        ("--rect", "a,2,3,4"),
        ("--rect", "nan,1,1,1"),
        ("--ellipse", "1,2,inf,4"),
        ("--circle", "1,2"),
        ("--polygon", ""),
        ("--polygon", "1;2"),
        ("--brush", ""),
        ("--brush", "3"),
    ],
)
def test_a_shape_that_is_none_is_refused(
    flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["mask", "latest", f"{flag}={value}"])
    assert flag in capsys.readouterr().err


def test_every_command_has_one_row_and_a_parser() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    for name in names:
        assert f"aquatint {name}" in str(parsers()[name].format_usage())


def parsers() -> dict[str, argparse.ArgumentParser]:
    return next(
        action.choices  # type: ignore[misc]
        for action in make_parser()._actions  # pyright: ignore[reportPrivateUsage]
        if action.dest == "command"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_knows_where_pictures_are(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings.from_env({"AQUATINT_HOME": "/somewhere/my pictures"})
    assert completion(settings, argparse.Namespace(shell=shell)) == 0
    assert "home='/somewhere/my pictures'" in capsys.readouterr().out.replace("home ", "home=")

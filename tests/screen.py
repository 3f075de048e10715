"""A terminal to run the command line in: a pseudo-terminal, what it shows, and what it answers."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from PIL import Image

from inherited import inherited

PATIENCE = 30.0
ASKED = b"\x1b[c"  # "what are you?", which a program asks of a terminal
XTERM_SIXEL, VT100 = b"\x1b[?62;4;22c", b"\x1b[?1;2c"

# Makes standard input the controlling terminal, so that Ctrl-C is a signal, and has it heard, as
# it is not below a shell that runs the tests in the background.
OWNING = """import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])"""


class Terminal:
    """A command on a pseudo-terminal of 80 by 24 cells, each of 10 by 20 pixels."""

    def __init__(
        self,
        argv: Sequence[str],
        env: dict[str, str],
        cwd: Path,
        *,
        answer: bytes | None = VT100,
        stdout: Any = None,
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 800, 480))
        self.answer, self.seen = answer, b""
        self.process = subprocess.Popen(
            [sys.executable, "-ISc", OWNING, *argv],
            env={"TERM": "xterm-256color", "PYTHONUTF8": "1", **inherited(), **env},
            cwd=cwd,
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    @property
    def text(self) -> str:
        return self.seen.decode()

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, pattern: str) -> re.Match[str]:
        """Read until the pattern is seen; what is shown after it is read later."""
        return cast("re.Match[str]", self._read(lambda: re.search(pattern, self.text)))

    def ended(self) -> int:
        """Read until the command has ended; its exit code."""
        self._read(lambda: None)
        return self.process.wait(PATIENCE)

    def _read(self, found: Callable[[], object]) -> object:
        limit = time.monotonic() + PATIENCE
        while not (result := found()):
            assert time.monotonic() < limit, self.text
            if not select.select([self.master], [], [], 1)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the last one that held it has ended
                data = b""
            if not data:
                return found()
            self.seen += data
            if self.answer and ASKED in data:
                os.write(self.master, self.answer)
        return result

    def shown(self) -> list[str]:
        """The lines that are left in the end, on a screen large enough for everything."""
        import pyte

        screen = pyte.Screen(400, 200)
        pyte.Stream(screen).feed(without_pictures(self.text))
        return [line.rstrip() for line in screen.display if line.strip()]


def without_pictures(text: str) -> str:
    """As a terminal would show it that skips what it does not know."""
    return re.sub(r"\x1b[_P].*?\x1b\\|\x1b\]1337;.*?\a", "", text, flags=re.DOTALL)


def aquatint(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "aquatint", *arguments]


def from_blocks(text: str) -> Image.Image:
    """Half blocks over backgrounds, in true colour, as pixels."""
    cell = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀")
    lines = [cell.findall(line) for line in text.splitlines() if "▀" in line]
    image = Image.new("RGB", (len(lines[0]), 2 * len(lines)))
    for y, line in enumerate(lines):
        for x, numbers in enumerate(line):
            r, g, b, *below = map(int, numbers)
            image.putpixel((x, 2 * y), (r, g, b))
            image.putpixel((x, 2 * y + 1), tuple(below))
    return image


def from_sixels(data: str) -> Image.Image:
    """The picture of one DCS q string: raster size, palette in percent, bands of six rows.

    Source: VT330/VT340 Programmer Reference Manual, volume 2, chapter 14.
    """
    raster = re.match(r'[\d;]*q"\d+;\d+;(\d+);(\d+)', data)
    assert raster is not None, data[:40]
    image = Image.new("RGBA", (int(raster[1]), int(raster[2])))
    palette: dict[int, tuple[int, int, int]] = {}
    colour, x, y = 0, 0, 0
    for word in re.finditer(
        r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([$-])|([?-~])", data[raster.end() :]
    ):
        number, r, g, b, times, repeated, move, one = word.groups()
        if number is not None:
            colour = int(number)
            if r is not None:
                palette[colour] = (int(r) * 255 // 100, int(g) * 255 // 100, int(b) * 255 // 100)
        elif move is not None:
            x, y = 0, y + 6 * (move == "-")
        else:
            bits, count = ord(repeated or one) - 63, int(times or 1)
            for row in (row for row in range(6) if bits >> row & 1 and y + row < image.height):
                image.paste((*palette[colour], 255), (x, y + row, x + count, y + row + 1))
            x += count
    return image

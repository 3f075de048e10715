"""`aquatint completion`: a script by which a shell completes commands, options and pictures."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import Any

from ...app import choose_home
from ...settings import Settings
from ..parser import make_parser

EXTRA = "Completion needs an extra: pip install 'aquatint[terminal]'"
# Each file's name ends with its id, so the shell lists pictures itself, newest first: no Python
# runs when TAB is pressed. What stands for @home@ is quoted.
LISTED = r"""command ls -t "$home" 2>/dev/null | command head -n 100 |
    command sed -n 's/^[0-9-]\{10\}-\(.*\)-\([a-z2-7]\{16\}\)\.[a-z]*$/@row@/p'"""
BASH = r"""_aquatint_pictures_and_files() {
  local home="${AQUATINT_HOME:-}"
  [ -n "$home" ] || home=@home@
  compgen -W "latest $(@listed@)" -- "$1"
  compgen -f -- "$1"
}"""
ZSH = r"""_aquatint_pictures_and_files() {
  local home="${AQUATINT_HOME:-}"
  [ -n "$home" ] || home=@home@
  local -a pictures
  pictures=('latest:the newest one' ${(f)"$(@listed@)"})
  _describe -V picture pictures
  _files
}"""
FISH = r"""function _aquatint_pictures_and_files
  set -l home @home@
  test -n "$AQUATINT_HOME"; and set home $AQUATINT_HOME
  printf '%s\t%s\n' latest 'the newest one'
  @listed@ | string replace : \t
  __fish_complete_path (commandline -ct)
end"""
PREAMBLES = {"bash": (BASH, r"\2"), "zsh": (ZSH, r"\2:\1"), "fish": (FISH, r"\2:\1")}
IMAGES = {
    "bash": "_aquatint_pictures_and_files",
    "zsh": "_aquatint_pictures_and_files",
    "fish": "(_aquatint_pictures_and_files)",
}


def completion(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the script of one shell; pictures are looked for where they are kept now."""
    try:
        import shtab
    except ModuleNotFoundError:
        print(EXTRA, file=sys.stderr)
        return 1
    parser = make_parser()
    _mark(parser, shtab.FILE)
    text, row = PREAMBLES[arguments.shell]
    home = shlex.quote(str(choose_home(settings)[0]))
    preamble = text.replace("@listed@", LISTED.replace("@row@", row)).replace("@home@", home)
    print(shtab.complete(parser, arguments.shell, preamble=preamble))
    return 0


def _mark(parser: Any, files: Any) -> None:
    """Say what completes an argument, by what it is called in the help; as shtab reads it."""
    for action in parser._actions:
        for command in getattr(action.choices, "values", tuple)():  # a table of commands
            _mark(command, files)
        if action.metavar in {"REF", "ID"}:
            action.complete = IMAGES
        elif action.metavar == "FILE":
            action.complete = files

"""The commands: one table of names, words, arguments and where each is carried out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from pydantic.fields import FieldInfo

from ..install.hosts import HOSTS
from ..settings import setting_fields, variable_of
from .region_flags import add_shapes

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

SECRET = "api_key"  # noqa: S105  # a field's name; keys never come by argv, where everyone sees them


class Arguments(argparse.ArgumentParser):
    """argparse's own, which says nothing of help that could not be written."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        if message:
            (file or sys.stderr).write(message)


class Command(NamedTuple):
    """One row of the table; `run` is `module:function`, imported when the command is given.

    The function takes an ImageService (those in ALONE: Settings) and what was typed, and returns
    the exit code, awaited or not.
    """

    name: str
    does: str
    run: str
    arguments: Callable[[Arguments], None] | None = None
    not_settings: frozenset[str] = frozenset()  # settings whose flag means something else here


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """What was typed; `run` of it says who carries it out. Exits with 2 on bad usage.

    Where a command takes `words`, options may stand between them, which argparse alone refuses.
    """
    parser = make_parser()
    parsed, left = parser.parse_known_args(argv)
    if "words" in parsed and not any(word.startswith("-") for word in left):
        parsed.words += left
        left = []
    if left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return parsed


def make_parser() -> Arguments:
    """The parser of the whole command line."""
    parser = Arguments(
        prog="aquatint",
        description="An MCP server that makes pictures, and the same as commands.",
        epilog="Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 130 interrupted (Ctrl-C), "
        "141 nobody reads the output any more.",
    )
    parser.set_defaults(run=COMMANDS[0].run, with_service=False)
    shared = {command.not_settings: _settings(command.not_settings) for command in COMMANDS}
    commands = parser.add_subparsers(dest="command", metavar="COMMAND [options]")
    for command in COMMANDS:
        parents = [shared[command.not_settings]]
        one = commands.add_parser(command.name, parents=parents, help=command.does)
        one.set_defaults(run=command.run, with_service=command.name not in ALONE)
        if command.arguments is not None:
            command.arguments(one)
    return parser


def _settings(without: frozenset[str]) -> Arguments:
    shared = Arguments(add_help=False)
    group = shared.add_argument_group("settings (each also an environment variable)")
    for name, field in setting_fields().items():
        if name != SECRET and name not in without:
            text = f"{field.description} [{variable_of(name, field)}]".replace("%", "%%")
            flag = "--" + name.replace("_", "-")
            group.add_argument(flag, dest=name, help=text, **_value(field))
    return shared


def _value(field: FieldInfo) -> dict[str, Any]:
    """What argparse lets a setting be: one of some words, in any case, or anything."""
    kinds = [field.annotation, *get_args(field.annotation)]
    words = [word for kind in kinds for word in get_args(kind) if isinstance(word, str)]
    if not words:
        return {"metavar": "VALUE"}
    return {"choices": words, "type": str.upper if words[0].isupper() else str.lower}


def _serve(serve: Arguments) -> None:
    serve.add_argument("--http", type=_port, metavar="PORT", help="streamable HTTP on loopback")


def _port(text: str) -> int:
    if not (text.isdecimal() and len(text) < 6 and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a port: pass 0 to 65535")
    return int(text)


def _draw(draw: Arguments) -> None:
    draw.add_argument("prompt", metavar="PROMPT")
    _call(draw)


def _edit(edit: Arguments) -> None:
    edit.usage = "%(prog)s [options] REF [REF ...] PROMPT"
    text = "1-16 pictures (an id, latest or a path), then what to change"
    edit.add_argument("words", nargs="+", metavar="REF", help=text)
    text = "a mask: every pixel outside it stays as it was"
    edit.add_argument("--mask", dest="mask_reference", metavar="REF", help=text)
    text = "grow the picture: right=50%%, left=200,top=100 (pixels), a ratio like 16:9, or a size"
    edit.add_argument("--extend", metavar="HOW", help=text)
    text = "a transparent PNG with hints drawn on it; not with --mask"
    edit.add_argument("--markup", metavar="REF", help=text)
    text = "with --mask: keep what is outside it (the default), or take the model's own picture"
    edit.add_argument("--outside", choices=["keep", "model"], help=text)
    text = "scale: fit a mask of another size"
    edit.add_argument("--mask-fit", choices=["exact", "scale"], default="exact", help=text)
    text = "0-64 pixels: the soft edge inside the mask (the default: auto)"
    edit.add_argument("--seam", default="auto", metavar="PIXELS", help=text)
    text = 'pictures like the first REF; PROMPT may be ""'
    edit.add_argument("--vary", choices=["subtle", "strong"], help=text)
    text = "go on talking about the picture: what was said before is remembered"
    edit.add_argument("--refine", action="store_true", help=text)
    edit.add_argument("--input-fidelity", choices=["low", "high"], help="to the pictures given")
    _call(edit)


def _call(draw: Arguments) -> None:
    """What draw and edit have in common."""
    draw.add_argument("-n", type=int, default=1, help="how many pictures, 1-10")
    draw.add_argument("-o", "--save-to", action="append", default=[], metavar="FILE")
    draw.add_argument("--overwrite", action="store_true", help="replace existing FILEs")
    draw.add_argument("--exact-size", metavar="WxH", help="fitted on this machine")
    draw.add_argument("--format", choices=["png", "jpeg", "webp", "gif", "svg"])
    draw.add_argument("--background", choices=["auto", "opaque", "transparent"])
    draw.add_argument("--compression", type=int, metavar="N", help="0-100, for jpeg and webp")
    draw.add_argument("--moderation", choices=["auto", "low"])
    draw.add_argument("--complexity", choices=["low", "medium", "high"], help="of planning")
    draw.add_argument("--frames", type=int, metavar="N", help="frames of a gif, 2-16")
    draw.add_argument("--frame-ms", type=int, metavar="N", help="milliseconds per frame of a gif")
    draw.add_argument("--seed", type=int, metavar="N", help="where the engine has one")
    draw.add_argument("--dry-run", action="store_true", help="tell the price and send nothing")
    draw.add_argument("--fresh", action="store_true", help="pay again for the same request")
    draw.add_argument("-y", "--yes", action="store_true", help="accept a price above confirm-usd")


def _mask(mask: Arguments) -> None:
    mask.add_argument("ref", nargs="?", metavar="REF", help="the picture that will be edited")
    add_shapes(mask)
    units = ["pixel", "fraction", "permille"]
    mask.add_argument("--units", choices=units, default="pixel", help="the unit of all coordinates")
    for name in ("grow", "shrink", "feather"):
        mask.add_argument(f"--{name}", type=float, default=0, metavar="PIXELS")
    mask.add_argument("--smooth", type=float, default=0, metavar="PIXELS", help="round the outline")
    mask.add_argument("--fill-holes", action="store_true", help="close holes in the selection")
    mask.add_argument("--keep-largest", action="store_true", help="drop all parts but the largest")
    mask.add_argument("--invert", action="store_true", help="select everything else instead")
    mask.add_argument("--grid", action="store_true", help="draw a grid on the preview")
    mask.add_argument("--crop", type=_numbers, metavar="X,Y,W,H", help="the part to preview")
    mask.add_argument("--width", type=int, metavar="PIXELS", help="without REF: of the mask")
    mask.add_argument("--height", type=int, metavar="PIXELS")
    mask.add_argument("-o", "--save-to", metavar="FILE", help="also save it as a .png file")
    mask.add_argument("--overwrite", action="store_true", help="replace an existing FILE")


def _show(show: Arguments) -> None:
    text = "an id, latest, a path or an address; or the id of a job, to wait for it"
    show.add_argument("ref", nargs="?", default="latest", metavar="REF", help=text)
    show.add_argument("--json", action="store_true", help="machine-readable")
    show.add_argument("--crop", type=_numbers, metavar="X,Y,W,H", help="the part to enlarge")
    units = ["pixel", "fraction", "permille"]
    show.add_argument("--units", choices=units, default="pixel", help="of the crop and the grid")
    show.add_argument("--edge", type=int, metavar="PIXELS", help="64-2048 (768)")
    show.add_argument("--grid", action="store_true", help="draw a grid")
    text = "before, after and what changed, of an edited picture"
    show.add_argument("--compare", action="store_true", help=text)
    text = "also the lines of text in it, with their boxes (needs the extra ocr)"
    show.add_argument("--read", action="store_true", help=text)
    show.add_argument("--open", action="store_true", help="also open it in the system's viewer")


def _export(export: Arguments) -> None:
    export.add_argument("ref", metavar="REF", help="an id, latest, a path, an address")
    text = "icon-{16,32}.png, hero{,@2x}.webp, favicon.ico; may be repeated"
    export.add_argument("-o", "--save-to", action="append", metavar="FILE", help=text)
    export.add_argument("--name", help="a name for the picture: @NAME is a REF then")
    export.add_argument("--overwrite", action="store_true", help="replace existing FILEs")
    export.add_argument("--exact-size", metavar="WxH", help="covered, the middle kept")
    text = "left,top,width,height of the part to take"
    export.add_argument("--crop", type=_numbers, metavar="X,Y,W,H", help=text)
    units = ["pixel", "fraction", "permille"]
    export.add_argument("--units", choices=units, default="pixel", help="of the crop")
    text = "put under what is transparent; or the word transparent: cut the subject out"
    export.add_argument("--background", metavar="COLOUR", help=text)
    text = "where FILE has no extension"
    export.add_argument("--format", choices=["png", "jpeg", "webp", "gif", "avif"], help=text)
    export.add_argument("--compression", type=int, metavar="N", help="0-100, jpeg, webp, avif")


def _name(name: Arguments) -> None:
    name.add_argument("ref", nargs="?", metavar="REF", help="an id, latest, a path, an address")
    name.add_argument("name", metavar="NAME", help="letters, digits, - and _; @NAME is a REF then")
    name.add_argument("--remove", action="store_true", help="take NAME away; the picture stays")


def _names(names: Arguments) -> None:
    names.add_argument("--json", action="store_true", help="machine-readable")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _forget(forget: Arguments) -> None:
    forget.add_argument("ids", nargs="*", metavar="ID", help="an id, as `aquatint recent` lists it")
    forget.add_argument(
        "--before", type=datetime.fromisoformat, metavar="DATE", help="all that are older"
    )
    forget.add_argument("--dry-run", action="store_true", help="only list what would be deleted")


def _add(add: Arguments) -> None:
    add.add_argument("file", nargs="+", metavar="FILE")


def _spend(spend: Arguments) -> None:
    spend.add_argument("--days", type=int, default=30, help="how many days, including today (30)")
    spend.add_argument("--json", action="store_true", help="machine-readable")


def _cancel(cancel: Arguments) -> None:
    cancel.add_argument("job", nargs="+", metavar="JOB")


def _recent(recent: Arguments) -> None:
    recent.add_argument(
        "query", nargs="*", metavar="WORD", help="of the prompt, in any language, a file or @name"
    )
    kinds = ["generated", "edited", "mask", "added", "raw", "named"]
    recent.add_argument("--kind", choices=kinds, help="only pictures of this kind")
    recent.add_argument("--limit", type=int, default=10, metavar="N", help="how many, 1-50 (10)")
    recent.add_argument("--cursor", help="the next page: the cursor that the last page ended with")
    recent.add_argument("--sheet", metavar="FILE", help="save numbered thumbnails as a .jpg file")
    recent.add_argument("--overwrite", action="store_true", help="replace an existing FILE")
    recent.add_argument("--json", action="store_true", help="machine-readable")


def _studio(studio: Arguments) -> None:
    studio.add_argument("--no-browser", action="store_true", help="only print the link")
    studio.add_argument("--port", type=_port, default=0, help="of the page (any that is free)")
    text = "end after so long without a page that is open (1800)"
    studio.add_argument("--idle", type=float, default=1800, metavar="SECONDS", help=text)


def _completion(completion: Arguments) -> None:
    completion.formatter_class = argparse.RawDescriptionHelpFormatter
    completion.description = COMPLETION
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])


def _install(install: Arguments) -> None:
    _host(install)
    install.add_argument("--no-key", action="store_true", help="leave the key out, for free drafts")
    install.add_argument(
        "--key-in-file", action="store_true", help="write OPENAI_API_KEY itself into the file"
    )


def _host(one: Arguments) -> None:
    names = [host.name for host in HOSTS]
    one.add_argument("host", nargs="?", choices=names, help="without it: list the hosts here")
    one.add_argument("--name", default="aquatint", help="the entry's name (aquatint)")
    one.add_argument(
        "--project",
        nargs="?",
        const=".",
        metavar="FOLDER",
        help="configure a project (this folder's)",
    )
    one.add_argument("--file", metavar="FILE", help="the configuration, if elsewhere")
    one.add_argument("--print", dest="show", action="store_true", help="only show the change")
    one.add_argument("--force", action="store_true", help="even if it is another server's entry")
    one.add_argument(
        "--by", choices=["host", "file"], help="edited by the host's command, or by us"
    )


def _doctor(doctor: Arguments) -> None:
    doctor.add_argument("--json", action="store_true", help="machine-readable")
    doctor.add_argument("--report", action="store_true", help="Markdown to paste into an issue")
    doctor.add_argument("--offline", action="store_true", help="do not use the network")
    doctor.add_argument("--repair", action="store_true", help="clean up after killed servers")


COMPLETION = """\
Print a script that completes commands, options and pictures. To have it always:
  bash  aquatint completion bash > ~/.local/share/bash-completion/completions/aquatint
  zsh   aquatint completion zsh > "${fpath[1]}/_aquatint"
  fish  aquatint completion fish > ~/.config/fish/completions/aquatint.fish"""

ALONE = {"serve", "install", "uninstall", "completion", "doctor"}  # they take Settings

COMMANDS = (
    Command("serve", "run the MCP server (the default: over stdio)", "serve:serve", _serve),
    Command("draw", "make pictures from a prompt", "draw:draw", _draw),
    Command("edit", "change pictures", "draw:edit", _edit, frozenset({"mask"})),
    Command("mask", "select the part of a picture to edit", "mask:mask", _mask),
    Command("show", "show a picture, its facts and its recipe", "show:show", _show),
    Command("export", "write a picture to files: sizes, formats, crops", "export:export", _export),
    Command("name", "give a picture a name, or take it away", "names:name", _name),
    Command("names", "list the names of pictures", "names:names", _names),
    Command("forget", "delete pictures for good", "forget:forget", _forget),
    Command("add", "add your own pictures, so that agents can use them", "draw:add", _add),
    Command("spend", "list what was paid, and for what", "ledger:spend", _spend),
    Command("cancel", "cancel calls that were not sent yet", "ledger:cancel", _cancel),
    Command("recent", "list the latest pictures", "ledger:recent", _recent),
    Command("studio", "open the page to see, choose and paint", "studio:studio", _studio),
    Command("install", "set up a host (Claude, VS Code, ...)", "install:install", _install),
    Command("uninstall", "remove aquatint from a host", "install:uninstall", _host),
    Command("completion", "complete commands on TAB", "completion:completion", _completion),
    Command("doctor", "check that everything works", "doctor:doctor", _doctor),
)

"""The command line: argv to settings to a command; nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.errors import AquatintError
from ..domain.redaction import guard
from ..settings import Settings, setting_fields
from .parser import SECRET, parse

if TYPE_CHECKING:
    from ..services.images import ImageService

Coded = Coroutine[None, None, int]
# As shells count it: 128 and the signal's number.
INTERRUPTED = 130
UNREAD = 141


def run(argv: Sequence[str] | None = None) -> int:
    """Carry out a command. The exit code is one of those in cli/parser.py."""
    try:
        code = _run(argv)
    except (BrokenPipeError, SystemExit) as ended:
        if _reader_left(broken=isinstance(ended, BrokenPipeError)):
            return UNREAD
        raise
    return UNREAD if _reader_left() else code


def _run(argv: Sequence[str] | None) -> int:
    """Parse, configure logging, dispatch."""
    arguments = parse(argv)
    flags = {name: getattr(arguments, name, None) for name in setting_fields() if name != SECRET}
    settings = Settings.from_env(
        os.environ, cwd=_cwd(), user_home=_user_home(), pathsep=os.pathsep, **flags
    )
    lines = "%(levelname)s %(name)s: %(message)s"
    guard(logging.StreamHandler(sys.stderr), settings.log, lines, settings.secrets)
    for line in (*settings.problems, *settings.notes):
        logging.getLogger("aquatint").warning("%s", line)
    module, _, name = arguments.run.partition(":")
    command = getattr(import_module(f".commands.{module}", __package__), name)
    if arguments.with_service:
        ended = with_service(settings, lambda service: command(service, arguments))
    else:
        ended: int | Coded = command(settings, arguments)
    if isinstance(ended, int):
        return ended
    try:
        return asyncio.run(ended)
    except KeyboardInterrupt:
        return INTERRUPTED


async def with_service(settings: Settings, command: Callable[[ImageService], Coded]) -> int:
    """Run a command on the services, which wait as long as a call may take. Errors are printed."""
    from ..app import build
    from .progress import refuse

    patient = settings.model_copy(update={"wait": settings.deadline})
    async with build(patient).service() as service:
        try:
            return await command(service)
        except AquatintError as error:
            refuse(error)
            return 1
        except BrokenPipeError:  # here, as the services wrap what leaves them
            if _reader_left(broken=True):
                return UNREAD
            raise


def _reader_left(*, broken: bool = False) -> bool:
    """Whether what was printed has no reader any more, as behind `| head -1`; the rest is dropped.

    Not by the signal, which would end what still works: a broken pipe to a worker is no end. When
    one is `broken`, and nothing of ours waits to be written, it is asked whether that one is ours.
    """
    if sys.stdout is None or sys.stdout.closed:  # pyright: ignore[reportUnnecessaryComparison]
        return False
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        left = True
    else:
        left = broken and _has_no_reader(sys.stdout.fileno())
    if left:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return left


def _has_no_reader(pipe: int) -> bool:
    """Whether the other end of a pipe is closed; where that cannot be asked (Windows), it is."""
    if not hasattr(select, "poll"):
        return True
    asked = select.poll()
    asked.register(pipe, 0)
    return any(told & select.POLLERR for _, told in asked.poll(0))


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # a plain string, and no Path for one word
    except OSError:
        return "/"  # the folder is gone; hosts do that


def _user_home() -> str | None:
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return str(home) if home.is_dir() else None

"""`aquatint install` and `uninstall`: one entry in a host's configuration, shown, then written."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...domain.errors import AquatintError, BadRequest, Misconfigured
from ...install import host_cli
from ...install.difference import change, shown
from ...install.editors import edit
from ...install.entry import asks, is_ours, merged, question, without_key
from ...install.files import (
    Place,
    back_up,
    backup_of,
    locate,
    open_to_others,
    read_text,
    write_text,
)
from ...install.hosts import HOSTS, INPUT, KEY, Host, entry_of, fields_of, with_key
from ...install.launch import launch_command
from ...settings import Settings, given

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Target:
    """One entry in one host's configuration, and by whom it is changed: `host` or `file`."""

    host: Host
    name: str
    file: Path
    folder: str | None  # of the project, where the configuration is a project's
    by: str
    program: str | None

    @property
    def path(self) -> tuple[str, ...]:
        return (*self.host.path, self.name)


def install(settings: Settings, arguments: argparse.Namespace) -> int:
    """Add the entry, or bring it up to date. The exit code: 0 done or nothing to do, 1 failed."""
    if arguments.host is None:
        return _list(settings)
    try:
        target = _target(settings, arguments)
        return _install(settings, arguments, target)
    except AquatintError as error:
        return _say(error, settings)


def uninstall(settings: Settings, arguments: argparse.Namespace) -> int:
    """Take the entry out again, and nothing else."""
    try:
        target = _target(settings, arguments)
        return _uninstall(settings, arguments, target)
    except AquatintError as error:
        return _say(error, settings)


def _say(error: AquatintError, settings: Settings) -> int:
    print(shown(f"{error.message}\n{error.fix}", settings.secrets), file=sys.stderr)
    return 1


def _list(settings: Settings) -> int:
    width = max(len(host.name) for host in HOSTS)
    for host in HOSTS:
        place = _place(settings, host)
        state = "found" if place.found or host_cli.found(host, settings.inherited) else "not found"
        try:
            entries = edit.entry_at(edit.read(host.kind, read_text(place.path)), host.path)
            names = _ours(host, entries)
            state += f", set up as {', '.join(names)}" if names else ""
        except AquatintError:
            state += ", cannot be read"
        print(f"{host.name.ljust(width)}  {state}\n{' ' * width}  {place.path}")
    print("\naquatint install HOST sets one up; --print only shows what would be written.")
    return 0


def _ours(host: Host, entries: object) -> list[str]:
    return [name for name, entry in fields_of(entries).items() if is_ours(host, entry)]


def _target(settings: Settings, arguments: argparse.Namespace) -> Target:
    host = next(host for host in HOSTS if host.name == arguments.host)
    if not NAME.fullmatch(arguments.name):
        fix = "Use letters, digits, - and _, at most 64."
        raise BadRequest(f"{arguments.name!r} cannot be used as a name in every host.", fix)
    folder = None
    if arguments.project is not None:
        if host.project is None:
            fix = "Leave --project out."
            raise BadRequest(f"{host.title} has no configuration for single projects.", fix)
        folder = str((Path(settings.cwd) / arguments.project).resolve())
        if not Path(folder).is_dir():
            raise BadRequest(f"{folder} is not a folder.", "Name the project's folder.")
    if arguments.file:
        file = Path(settings.cwd) / Path(arguments.file).expanduser()
    elif folder:
        file = Path(folder) / (host.project or "")
    else:
        file = _place(settings, host).path
    program = None if arguments.file else host_cli.found(host, settings.inherited)
    # Claude Code writes its own state into the same file while it runs, so it is asked to; the
    # others' commands write the whole file anew and with it what is not ours.
    by = arguments.by or ("host" if program and host.name == "claude-code" else "file")
    if by == "host" and program is None:
        fix = "Leave --by out: aquatint edits the configuration itself."
        raise Misconfigured(f"No command line of {host.title} was found on PATH.", fix)
    return Target(host, arguments.name, file, folder, by, program)


def _place(settings: Settings, host: Host) -> Place:
    if settings.user_home is None:
        raise Misconfigured("There is no home folder.", "Set HOME, or name a file with --file.")
    return locate(host, settings.inherited, settings.user_home, sys.platform)


def _read(target: Target) -> tuple[str, Any]:
    """The configuration's text, and the entry that stands there under our name."""
    text = read_text(target.file)
    try:
        fields = edit.read(target.host.kind, text)
    except Misconfigured as error:
        raise _at(target, error) from error
    return text, edit.entry_at(fields, target.path)


def _at(target: Target, error: Misconfigured) -> Misconfigured:
    return Misconfigured(f"{target.file}, {error.message}", error.fix, code=error.reason)


def _install(settings: Settings, arguments: argparse.Namespace, target: Target) -> int:
    host = target.host
    wanted = _wanted(settings, arguments, target)
    if arguments.show:
        print(_pasted(target, wanted, settings))
        return 0
    text, old = _read(target)
    if old is not None and not is_ours(host, old) and not arguments.force:
        fix = "--force replaces it; --name NAME installs beside it. Nothing was written."
        raise Misconfigured(f"{target.file} has another server named {target.name}.", fix)
    if is_ours(host, old):
        wanted = merged(host, fields_of(old), wanted)
        wanted = without_key(host, wanted) if arguments.no_key else wanted
    new = _edited(target, text, wanted)
    if new == text:
        print(f"Nothing to change: {host.title} has {target.name} already, in {target.file}.")
        return 0
    print(change(text, new, str(target.file), settings.secrets))
    if target.file.exists() and not is_ours(host, old):
        print(f"The file as it was: {back_up(target.file, text)}")
    _write(target, text, new, wanted if old is None else None, settings)
    print(f"{host.title}: {target.name} is set up. {host.after}")
    _advise(target, wanted, settings, no_key=arguments.no_key)
    return 0


def _wanted(settings: Settings, arguments: argparse.Namespace, target: Target) -> dict[str, Any]:
    host = target.host
    command = launch_command(sys.executable, settings.inherited)
    entry = entry_of(host, target.name, command, given(settings, os.pathsep))
    if arguments.key_in_file:
        return _with_written_key(settings, target, entry)
    return entry if arguments.no_key else with_key(host, entry)


def _with_written_key(settings: Settings, target: Target, entry: dict[str, Any]) -> dict[str, Any]:
    environment = target.host.fields[2]
    if target.folder:
        fix = "Leave out --key-in-file or --project."
        raise BadRequest("A project's files are shared, so no key is written into them.", fix)
    if settings.api_key is None:
        fix = "Set it in the environment of this command. Arguments cannot hold keys."
        raise BadRequest("OPENAI_API_KEY is not set, so no key can be written.", fix)
    key = settings.api_key.get_secret_value()
    return {**entry, environment: {KEY: key, **entry.get(environment, {})}}


def _edited(target: Target, text: str, entry: dict[str, Any]) -> str:
    """The text with the entry, and with the question it refers to."""
    try:
        new = edit.put(target.host.kind, text, target.path, entry)
        asked = question(target.host)
        if asked and asks(entry):
            new = edit.put_input(new, asked)
    except Misconfigured as error:
        raise _at(target, error) from error
    same = edit.read(target.host.kind, text) == edit.read(target.host.kind, new)
    return text if same and text else new


def _write(
    target: Target, before: str, after: str, added: dict[str, Any] | None, settings: Settings
) -> None:
    """By the host's own command where that is to be used and a new entry is added, else by us."""
    if target.file.is_symlink():
        print(f"{target.file} is a link; the file behind it is changed.")
    if target.by == "host" and target.program and added and not _written(added):
        arguments = host_cli.adding(target.host, target.name, added, target.folder is not None)
        print(f"Asking {target.program} to add it.")
        folder = target.folder or settings.user_home or "/"
        host_cli.run(target.program, arguments, settings.inherited, folder)
        before, written = _read(target)
        if written == added:
            return
        after = _edited(target, before, added)  # what its command line has no words for
        if after == before:
            return
    write_text(target.file, before, after, private=target.folder is None)


def _written(entry: dict[str, Any]) -> bool:
    """Whether the key itself stands in the entry: then no command line may carry it."""
    for value in map(fields_of, entry.values()):
        if not str(value.get(KEY, "$")).startswith("$"):
            return True
    return False


def _advise(target: Target, entry: dict[str, Any], settings: Settings, *, no_key: bool) -> None:
    if _written(entry):
        print(f"The key is now in {target.file}, where all your programs can read it.")
        if open_to_others(target.file):
            print(f"Other users of this machine can read it too: chmod 600 {target.file}")
    elif no_key:
        print("No key is set up, so pictures are free local drafts.")
    else:
        print(target.host.key_note.format(title=target.host.title))
        if settings.api_key is None and target.host.way not in {"input", "file"}:
            print(f"{KEY} is not set here. Without it pictures are free local drafts.")


def _pasted(target: Target, entry: dict[str, Any], settings: Settings) -> str:
    """What a person would paste into an empty configuration."""
    text = edit.put(target.host.kind, "", target.path, entry)
    asked = question(target.host)
    if asked and asks(entry):
        text = edit.put_input(text, asked)
    return shown(text.rstrip("\n"), settings.secrets)


def _uninstall(settings: Settings, arguments: argparse.Namespace, target: Target) -> int:
    text, old = _read(target)
    if old is None:
        print(f"Nothing to remove: {target.file} has no {target.name}.")
        return 0
    if not is_ours(target.host, old) and not arguments.force:
        fix = "--force removes it all the same. Nothing was written."
        raise Misconfigured(f"{target.name} in {target.file} does not start aquatint.", fix)
    try:
        new = _restored(target, _without(target, text))
    except Misconfigured as error:
        raise _at(target, error) from error
    print(change(text, new or "", str(target.file), settings.secrets))
    if arguments.show:
        return 0
    _take_out(target, text, new, settings)
    print(f"{target.host.title}: {target.name} is removed from {target.file}.")
    return 0


def _without(target: Target, text: str) -> list[str]:
    """The text without our entry; then the same without the container that this left empty."""
    kind = target.host.kind
    new = edit.drop(kind, text, target.path)
    if question(target.host) and not asks(edit.read(kind, new).get(target.host.path[0])):
        new = edit.drop_input(new, INPUT)
    bare = edit.drop_empty(kind, new, target.host.path[0])
    if question(target.host):
        bare = edit.drop_empty(kind, bare, "inputs")
    return [new, bare]


def _restored(target: Target, texts: list[str]) -> str | None:
    """The one of these that the file was before us, to the byte; None if there was no file."""
    backup = backup_of(target.file)
    if backup.exists():
        was = read_text(backup)
        return was if any(_words(text) == _words(was) for text in texts) else texts[0]
    return texts[0] if _words(texts[-1]) else None


def _words(text: str) -> str:
    """The text but for its white space; an object with nothing in it is nothing."""
    words = "".join(text.split())
    return "" if words == "{}" else words


def _take_out(target: Target, text: str, new: str | None, settings: Settings) -> None:
    project = target.folder is not None
    removing = host_cli.removing(target.host, target.name, project)
    if target.by == "host" and target.program and removing:
        print(f"Asking {target.program} to remove it.")
        folder = target.folder or settings.user_home or "/"
        host_cli.run(target.program, removing, settings.inherited, folder)
    elif new is None:
        target.file.unlink()
    else:
        write_text(target.file, text, new, private=not project)
    backup = backup_of(target.file)
    if backup.exists() and target.file.exists() and read_text(target.file) == read_text(backup):
        backup.unlink()

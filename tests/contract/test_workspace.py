"""Workspace against a real folder tree with a secret beside it: nothing of it comes in or out."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from aquatint.domain.errors import (
    AquatintError,
    BadImage,
    BadRequest,
    NoSuchImage,
    NotKept,
    PathNotAllowed,
)
from aquatint.domain.outside import Target
from aquatint.domain.types import LOCAL, Caller
from aquatint.workspace import LocalWorkspace

SECRET = b"the secret"
HERE = Caller(LOCAL)


@dataclass(frozen=True)
class World:
    """proj is the workspace; beside it lie a sibling, an open folder, a user's home, a secret."""

    top: Path

    @property
    def proj(self) -> Path:
        return self.top / "proj"

    @property
    def user(self) -> Path:
        return self.top / "user"

    @property
    def home(self) -> Path:
        return self.user / "Pictures" / "aquatint"

    @property
    def extra(self) -> Path:
        return self.top / "extra"

    def workspace(
        self, *, cwd: Path | None = None, strict: bool = False, **options: int
    ) -> LocalWorkspace:
        return LocalWorkspace(
            home=str(self.home),
            roots=[str(self.extra)],
            cwd=str(cwd or self.proj),
            user_home=str(self.user),
            strict=strict,
            max_bytes=options.get("max_bytes", 1000),
            handles=bool(options.get("handles", True)),
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path.resolve())
    inside = ["proj/ok.png", "proj/sub/deep.png", "proj/.cfg/dot.png", "extra/e.png"]
    inside += ["user/Pictures/x.png", "user/Pictures/aquatint/made.png"]
    secret = ["secret.png", "proj-evil/secret.png", "proj.png", "outside/secret.png"]
    secret += ["user/.ssh/id_rsa", "user/.config/a.png", "user/Documents/.private/b.png"]
    secret += ["user/.hidden.png", "PROJ/ok.png", "proj /ok.png"]
    for name in inside + secret:
        file = world.top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(SECRET if name in secret else b"inside")
    proj = world.proj
    (proj / "link.png").symlink_to(world.top / "secret.png")
    (proj / "near.png").symlink_to("ok.png")
    (proj / "chain.png").symlink_to("link.png")
    (proj / "dir").symlink_to(world.top / "outside")
    (proj / "up").symlink_to("..")
    (proj / "disk").symlink_to("/")
    (proj / "sub" / "back").symlink_to("../..")
    (proj / "environ").symlink_to("/proc/self/environ")
    (proj / "dangling.png").symlink_to(world.top / "nothing.png")
    (proj / "loop.png").symlink_to("loop.png")
    (world.user / "Pictures" / "ssh").symlink_to(world.user / ".ssh")
    (world.extra / "ssh").symlink_to(world.user / ".ssh")
    os.mkfifo(proj / "pipe.png")
    return world


# {t} is the folder that holds everything, {p} the workspace, {u} the user's home.
HOSTILE = (
    """
../secret.png|../../secret.png|sub/../../secret.png|./../secret.png|sub/./../../secret.png
..//secret.png|.//..//secret.png|sub/back/secret.png|up/secret.png|up/proj/ok.png|dir/secret.png
dir/../secret.png|up/../../secret.png|link.png|near.png|chain.png|loop.png|dangling.png
sub/back/outside/secret.png|disk/etc/passwd|disk{t}/secret.png|environ|dir|up|./link.png
{t}/secret.png|{p}/../secret.png|{p}-evil/secret.png|{p}.png|{p}/link.png|{p}/dir/secret.png
{p}/sub/../../secret.png|{p}/../proj-evil/secret.png|/{t}/secret.png|//{t}/secret.png
{t}/PROJ/ok.png|{t}/proj /ok.png|{t}/Proj/ok.png|../PROJ/ok.png
/etc/passwd|/etc/shadow|/proc/self/environ|/proc/self/cmdline|/proc/self/maps|/proc/1/environ
/proc/self/root{t}/secret.png|/proc/self/cwd|/dev/zero|/dev/stdin|/dev/fd/0|/dev/null|/
~/.ssh/id_rsa|~/.config/a.png|~/.hidden.png|~/Documents/.private/b.png|~/Pictures/../.ssh/id_rsa
~/../secret.png|{u}/.ssh/id_rsa|{u}/Pictures/ssh/id_rsa|{u}/../outside/secret.png|~/./.ssh/id_rsa
{t}/extra/ssh/id_rsa|{t}/extra/../secret.png|~root/.ssh/id_rsa|~/Pictures/aquatint/../../.ssh/id_rsa
file:///etc/passwd|file://{t}/secret.png|file://{p}/%2e%2e/secret.png|file://{p}/..%2fsecret.png
file://localhost{t}/secret.png|file://evil.example{p}/ok.png|file:{t}/secret.png
%2e%2e/secret.png|..%2fsecret.png|%2e%2e%2fsecret.png|..\\secret.png|..\\..\\secret.png|C:secret.png
C:\\secret.png|\\\\host\\share\\a.png|‥/secret.png|．．/secret.png|。。/secret.png|․․/secret.png|..∕secret.png
"../secret.png"|'../secret.png'|../secret.png |../secret.png'| ../secret.png|..\t/secret.png
ok.png |ok.png'|"ok.png"|OK.PNG|ok.png.|ok.png/../../secret.png|ok.png/x|sub|.|..|~|{p}|{p}/
ok.png\0|../secret.png\0.png|\0|file://{p}/ok.png%00|\ud800.png|pipe.png|sub/deep.png:stream
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def vectors(world: World) -> list[str]:
    escapes = {"\\t": "\t", "\\0": "\0"}
    found = [each.format(t=world.top, p=world.proj, u=world.user) for each in HOSTILE]
    for written, meant in escapes.items():
        found = [each.replace(written, meant) for each in found]
    return [*found, "", " ", "a" * 300 + ".png", "b/" * 3000 + "c.png", "é" * 200 + ".png"]


def plain(world: World, path: str) -> bytes:
    """What a server without this door would read."""
    text = path.removeprefix("file://").replace("~", str(world.user), 1)
    try:
        fd = os.open(world.proj / text, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            return file.read(100)
    except (OSError, ValueError):
        return b""


async def refusal(workspace: LocalWorkspace, path: str, caller: Caller = HERE) -> AquatintError:
    with pytest.raises(AquatintError) as caught:
        await workspace.read(path, caller)
    assert caught.value.message
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("handles", [True, False])
async def test_no_hostile_path_reads_a_byte(handles: bool, world: World):
    workspace = world.workspace(handles=handles)
    for path in vectors(world):
        error = await refusal(workspace, path)
        assert isinstance(error, BadRequest), path
        assert SECRET.decode() not in str(error), path
        assert not any(0xD800 <= ord(each) < 0xE000 for each in str(error)), path


def test_the_table_is_hostile_to_a_plain_open(world: World):
    table = vectors(world)
    assert len(set(table)) >= 60
    assert sum(plain(world, path) == SECRET for path in table) >= 30


@pytest.mark.parametrize("handles", [True, False])
@pytest.mark.parametrize(
    "path",
    [
        *["ok.png", "./ok.png", "sub/deep.png", "sub/../ok.png", "sub//deep.png", ".cfg/dot.png"],
        *["{p}/ok.png", "{p}/./sub/../ok.png", "file://{p}/ok.png", "file://{p}/o%6b.png"],
        *["file://localhost{p}/ok.png", "../proj/ok.png", "nowhere/../ok.png", "ok.png/"],
        *["~/Pictures/x.png", "{u}/Pictures/x.png", "~//Pictures/x.png", "{t}/extra/e.png"],
        *["../extra/e.png", "~/Pictures/aquatint/made.png", "~/.ssh/../Pictures/x.png"],
    ],
)
async def test_a_picture_in_an_open_folder_is_read(path: str, handles: bool, world: World):
    given = path.format(t=world.top, p=world.proj, u=world.user)
    assert await world.workspace(handles=handles).read(given, HERE) == b"inside"


async def test_the_error_is_the_same_whether_a_closed_file_exists_or_not(world: World):
    workspace = world.workspace()
    for there, nowhere in [
        (f"{world.top}/secret.png", f"{world.top}/nobody.png"),
        ("~/.ssh/id_rsa", "~/.ssh/id_dsa"),
    ]:
        one, other = await refusal(workspace, there), await refusal(workspace, nowhere)
        assert type(one) is type(other) is PathNotAllowed
        assert str(one).replace(there, "") == str(other).replace(nowhere, "")
        assert "AQUATINT_ROOTS" in one.fix
        assert str(world.proj) in one.fix


async def test_strict_closes_the_home_folder_but_not_aquatints(world: World):
    workspace = world.workspace(strict=True)
    error = await refusal(workspace, "~/Pictures/x.png")
    assert isinstance(error, PathNotAllowed)
    assert "AQUATINT_STRICT" in error.fix
    assert await workspace.read("~/Pictures/aquatint/made.png", HERE) == b"inside"


@pytest.mark.parametrize("cwd", ["/", "user", "."])
async def test_a_working_directory_that_holds_the_home_opens_nothing(cwd: str, world: World):
    workspace = world.workspace(cwd=world.top / cwd)
    assert workspace.workspace(HERE) == str(world.home)
    assert workspace.write_roots(HERE) == [str(world.extra), str(world.home)]
    assert await workspace.read("made.png", HERE) == b"inside"
    assert isinstance(await refusal(workspace, f"{world.top}/secret.png"), PathNotAllowed)
    assert isinstance(await refusal(workspace, "~/.ssh/id_rsa"), PathNotAllowed)


async def test_the_hidden_part_of_aquatints_own_home_is_closed(world: World):
    (world.home / ".aquatint").mkdir()
    (world.home / ".aquatint" / "token.png").write_bytes(SECRET)
    path = f"{world.home}/.aquatint/token.png"
    assert isinstance(await refusal(world.workspace(), path), PathNotAllowed)
    with pytest.raises(PathNotAllowed):
        await world.workspace().check_target(path, HERE, True)


async def test_the_hosts_roots_replace_the_working_directory(world: World):
    caller = Caller(LOCAL, roots=(str(world.top / "outside"), str(world.top / "proj-evil")))
    workspace = world.workspace()
    assert workspace.workspace(caller) == str(world.top / "outside")
    assert await workspace.read("secret.png", caller) == SECRET
    assert await workspace.read(f"{world.top}/proj-evil/secret.png", caller) == SECRET
    assert isinstance(await refusal(workspace, f"{world.proj}/ok.png", caller), PathNotAllowed)


async def test_a_host_that_opens_the_whole_home_does_not_open_what_is_hidden(world: World):
    workspace = world.workspace()
    for root in (world.user, world.top, Path("/")):
        caller = Caller(LOCAL, roots=(str(root),))
        assert await workspace.read(f"{world.user}/Pictures/x.png", caller) == b"inside"
        assert isinstance(await refusal(workspace, "~/.ssh/id_rsa", caller), PathNotAllowed)


async def test_a_stranger_has_the_operators_folders_alone(world: World):
    stranger = Caller(owner="alice", roots=("/",))
    workspace = world.workspace()
    assert workspace.read_roots(stranger) == workspace.write_roots(stranger) == [str(world.extra)]
    assert await workspace.read("e.png", stranger) == b"inside"
    for path in (f"{world.proj}/ok.png", "~/Pictures/x.png", f"{world.home}/made.png"):
        assert isinstance(await refusal(workspace, path, stranger), PathNotAllowed)


async def test_a_root_that_is_a_link_may_be_spelled_either_way(world: World):
    (world.top / "alias").symlink_to(world.proj)
    workspace = world.workspace(cwd=world.top / "alias")
    for path in ("ok.png", f"{world.top}/alias/ok.png", f"{world.proj}/ok.png"):
        assert await workspace.read(path, HERE) == b"inside"


async def test_a_home_that_is_the_whole_disk_opens_nothing(world: World):
    workspace = LocalWorkspace(home=str(world.home), roots=[], cwd=str(world.proj), user_home="/")
    assert workspace.read_roots(HERE) == [str(world.proj), str(world.home)]


async def test_a_missing_file_names_the_workspace_and_three_near_pictures(world: World):
    for name in ("hero1.png", "hero2.png", "hero3.jpg", "hero4.webp", "hero.txt"):
        (world.proj / name).touch()
    error = await refusal(world.workspace(), "hero.png")
    assert isinstance(error, NoSuchImage)
    assert str(world.proj) in error.message
    assert error.fix.count("hero") == 3
    assert "hero.txt" not in error.fix


async def test_near_names_of_the_home_folder_leave_out_the_hidden(world: World):
    error = await refusal(world.workspace(), "~/hidden.png")
    assert isinstance(error, NoSuchImage)
    assert ".hidden.png" not in error.fix


async def test_a_name_with_bidi_and_control_characters_is_shown_without_them(world: World):
    error = await refusal(world.workspace(), "a\u202e\x1b[31m\U000e0041.png")
    assert not any(each in str(error) for each in "\u202e\x1b\U000e0041")


@contextmanager
def inside(folder: Path) -> Generator[None]:
    """A socket's path may have about 100 bytes only."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


async def test_a_pipe_a_device_and_a_socket_are_refused_at_once(world: World):
    here = world.proj
    with socket.socket(socket.AF_UNIX) as listening, inside(here):
        listening.bind("socket.png")
    with anyio.fail_after(5):
        for name in ("pipe.png", "socket.png", "sub"):
            assert isinstance(await refusal(world.workspace(), name), BadImage)
        devices = Caller(LOCAL, roots=("/dev",))
        for name in ("zero", "null", "tty"):
            assert isinstance(await refusal(world.workspace(), name, devices), BadImage)


async def test_the_size_cap_is_judged_on_the_open_file(world: World):
    file = world.proj / "big.png"
    file.write_bytes(bytes(1000))
    assert len(await world.workspace().read("big.png", HERE)) == 1000
    file.write_bytes(bytes(1001))
    error = await refusal(world.workspace(), "big.png")
    assert error.reason == "too_large"
    assert "1,001" in error.message
    assert "1,000" in error.message


async def test_a_file_that_says_it_is_empty_is_capped_all_the_same(world: World):
    error = await refusal(
        world.workspace(max_bytes=50), "status", Caller(LOCAL, roots=("/proc/self",))
    )
    assert error.reason == "too_large"


async def test_a_name_that_is_too_long_is_a_clear_error(world: World):
    assert "too long" in (await refusal(world.workspace(), "a" * 300 + ".png")).message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_hard_link_is_read_only_when_its_file_is_ours(world: World):
    (world.proj / "hard.png").hardlink_to(world.proj / "ok.png")
    assert await world.workspace().read("hard.png", HERE) == b"inside"
    os.chown(world.proj / "ok.png", 12345, 12345)
    assert isinstance(await refusal(world.workspace(), "hard.png"), PathNotAllowed)


@pytest.mark.parametrize("opens", [1_000, pytest.param(10_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("what", ["folder", "file"])
async def test_a_link_swapped_in_between_opens_leaks_nothing(what: str, opens: int, world: World):
    real, link, aside = (world.proj / name for name in ("swap", "swap-link", "swap-aside"))
    if what == "folder":
        real.mkdir()
        (real / "secret.png").write_bytes(b"inside")
        target, path = world.top / "outside", "swap/secret.png"
    else:
        real.write_bytes(b"inside")
        target, path = world.top / "secret.png", "swap"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            link.symlink_to(target)
            if what == "folder":
                real.rename(aside)
                link.rename(real)
                real.unlink()
            else:
                aside.hardlink_to(real)
                link.replace(real)
            aside.replace(real)

    workspace, seen = world.workspace(), {"inside": 0, "refused": 0, "leaked": 0}
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        with anyio.fail_after(60):  # a slow disk may hold the swapper up: go on until both were met
            while sum(seen.values()) < opens or not (seen["inside"] and seen["refused"]):
                try:
                    data = await workspace.read(path, HERE)
                    seen["inside" if data == b"inside" else "leaked"] += 1
                except BadRequest:
                    seen["refused"] += 1
    finally:
        stop.set()
        swapper.join()
    assert seen["leaked"] == 0, seen


# Writing


async def save(
    workspace: LocalWorkspace, path: str, data: bytes = b"new", *, overwrite: bool = False
) -> str:
    target = await workspace.check_target(path, HERE, overwrite)
    await workspace.write(target, data, HERE, overwrite)
    return target.path


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every name below a folder with its kind and bytes."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IFMT(path.lstat().st_mode),
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("handles", [True, False])
@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("new.png", "proj/new.png"),
        ("a/b/c.webp", "proj/a/b/c.webp"),
        ("sub/../新しい.PNG", "proj/新しい.PNG"),
        ("{t}/extra/deep/e.jpg", "extra/deep/e.jpg"),
        ("~/Pictures/aquatint/copy.gif", "user/Pictures/aquatint/copy.gif"),
    ],
)
async def test_a_picture_is_saved_where_it_was_asked_for(
    path: str, end: str, handles: bool, world: World
):
    before = tree(world.top)
    saved = await save(world.workspace(handles=handles), path.format(t=world.top))
    assert saved == str(world.top / end)
    assert Path(saved).read_bytes() == b"new"
    added = {name for name, entry in tree(world.top).items() if before.get(name) != entry}
    assert all(end.startswith(name) for name in added)  # it and its folders, no leftovers


ESCAPES = (
    """
../new.png|{t}/new.png|{t}/proj-evil/new.png|~/new.png|~/.ssh/new.png|~/Pictures/new.png|/new.png
dir/new.png|up/new.png|dir/made/new.png|{t}/outside/new.png|link.png|near.png|dangling.png|loop.png
sub/back/new.png|/etc/new.png|~/Pictures/ssh/new.png|{t}/extra/ssh/new.png|file:///new.png
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("handles", [True, False])
@pytest.mark.parametrize("overwrite", [True, False])
async def test_nothing_is_written_outside_or_through_a_link(
    handles: bool, overwrite: bool, world: World
):
    before = tree(world.top)
    workspace = world.workspace(handles=handles)
    for escape in ESCAPES:
        path = escape.format(t=world.top)
        with pytest.raises(PathNotAllowed) as caught:
            await workspace.check_target(path, HERE, overwrite)
        assert "AQUATINT_ROOTS" in caught.value.fix
        with pytest.raises(PathNotAllowed):  # a target that was never judged fares no better
            await workspace.write(Target(path), b"new", HERE, overwrite)
    assert tree(world.top) == before


@pytest.mark.parametrize(
    "path",
    [
        *[
            "new.txt",
            "new",
            ".png",
            "new.png.sh",
            "new.bmp",
            "new.",
            "sub",
            "sub/",
            ".",
            "",
            "a\0.png",
        ],
        *["pipe.png", "folder.png", "ok.png/new.png", "a" * 300 + ".png", "a" * 300 + "/b.png"],
    ],
)
async def test_a_place_that_cannot_be_written_is_told_before_anything_is_paid(
    path: str, world: World
):
    (world.proj / "folder.png").mkdir()
    before = tree(world.top)
    for overwrite in (True, False):
        with pytest.raises(BadRequest) as caught:
            await world.workspace().check_target(path, HERE, overwrite)
        assert caught.value.fix
    assert tree(world.top) == before


async def test_an_unknown_ending_names_the_endings_that_work(world: World):
    with pytest.raises(BadRequest) as caught:
        await world.workspace().check_target("new.xyz", HERE, False)
    assert "avif, gif, ico, jpeg, jpg, png, svg, webp" in caught.value.fix


async def test_an_existing_file_is_kept_unless_the_caller_says_overwrite(world: World):
    workspace = world.workspace()
    with pytest.raises(BadRequest) as caught:
        await workspace.check_target("ok.png", HERE, False)
    assert caught.value.reason == "exists"
    assert "overwrite" in caught.value.fix
    await save(workspace, "ok.png", b"newer", overwrite=True)
    assert (world.proj / "ok.png").read_bytes() == b"newer"


async def test_of_eight_writers_of_one_name_one_wins_and_the_others_hear_of_it(world: World):
    workspace = world.workspace()
    won, lost = list[bytes](), list[str]()

    async def write(data: bytes) -> None:
        try:
            await workspace.write(Target(str(world.proj / "one.png")), data, HERE, False)
            won.append(data)
        except BadRequest as error:
            lost.append(error.reason)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(write, bytes([number]) * 1000)
    assert lost == ["exists"] * 7
    assert (world.proj / "one.png").read_bytes() == won[0]
    assert not list(world.proj.glob(".aquatint-*"))


async def test_a_link_that_appears_after_the_check_is_not_followed(world: World):
    workspace = world.workspace()
    target = await workspace.check_target("later/new.png", HERE, True)
    (world.proj / "later").symlink_to(world.top / "outside")
    with pytest.raises(PathNotAllowed):
        await workspace.write(target, b"new", HERE, True)
    (world.proj / "later").unlink()
    (world.proj / "later").mkdir()
    (world.proj / "later" / "new.png").symlink_to(world.top / "secret.png")
    with pytest.raises(PathNotAllowed):
        await workspace.write(target, b"new", HERE, True)
    assert (world.top / "secret.png").read_bytes() == SECRET
    assert not (world.top / "outside" / "new.png").exists()


async def test_what_is_written_takes_the_umask(world: World):
    before = os.umask(0o027)
    try:
        path = Path(await save(world.workspace(), "made/new.png"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """A stand-in for a full disk that needs no rights: writes beyond `size` fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_leaves_the_old_file_and_says_where_the_picture_is(world: World):
    workspace, before = world.workspace(), tree(world.top)
    for overwrite, name in ((True, "ok.png"), (False, "new.png")):
        with files_of_at_most(1000), pytest.raises(NotKept) as caught:
            await workspace.write(Target(str(world.proj / name)), bytes(2000), HERE, overwrite)
        assert str(world.home) in caught.value.fix
        assert caught.value.spent == "yes"
    assert tree(world.top) == before


@contextmanager
def without_rights() -> Generator[Path]:
    """A folder that this process may enter but not write to, also when it runs as root.

    It holds one picture, closed.png, that this process may not read.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "closed.png").touch(mode=0)
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(os.getuid())
            folder.chmod(0o755)


async def test_an_unwritable_folder_is_told_before_and_after_the_money_is_spent(world: World):
    workspace = world.workspace()
    with without_rights() as folder:
        caller = Caller(LOCAL, roots=(str(folder),))
        with pytest.raises(BadRequest) as caught:
            await workspace.check_target("new.png", caller, False)
        assert caught.value.reason == "unwritable"
        with pytest.raises(NotKept):
            await workspace.write(Target(str(folder / "new.png")), b"new", caller, False)
        assert [each.name for each in folder.iterdir()] == ["closed.png"]


async def test_a_file_that_the_system_closes_to_us_is_named_as_such(world: World):
    with without_rights() as folder:
        error = await refusal(world.workspace(), "closed.png", Caller(LOCAL, roots=(str(folder),)))
    assert isinstance(error, PathNotAllowed)
    assert "The system" in error.message


async def test_a_workspace_that_is_gone_is_a_clear_error(world: World):
    workspace, caller = world.workspace(), Caller(LOCAL, roots=(str(world.top / "gone"),))
    assert isinstance(await refusal(workspace, "a.png", caller), NoSuchImage)
    with pytest.raises(BadRequest) as caught:
        await workspace.check_target("a.png", caller, False)
    assert caught.value.reason == "unwritable"


async def test_a_home_that_is_still_to_be_made_can_be_written_to(world: World):
    workspace, caller = world.workspace(), Caller(LOCAL)
    for path in (world.home / "a.png", world.home / "deep" / "b.png"):
        shutil.rmtree(world.home)
        target = await workspace.check_target(str(path), caller, False)
        assert not world.home.exists()
        await workspace.write(target, b"new", caller, False)
        assert path.read_bytes() == b"new"


async def test_a_home_that_cannot_be_made_is_said_before_the_money_is_spent(world: World):
    with without_rights() as folder:
        home = folder / "pictures"
        workspace = LocalWorkspace(
            home=str(home),
            roots=[],
            cwd=str(world.proj),
            user_home=str(world.user),
            strict=False,
            max_bytes=1000,
        )
        with pytest.raises(BadRequest) as caught:
            await workspace.check_target(str(home / "a.png"), Caller(LOCAL), False)
    assert caught.value.reason == "unwritable"


async def test_the_doctor_hears_of_each_folder_and_of_the_missing_one(world: World):
    (world.extra / "e.png").unlink()
    (world.extra / "ssh").unlink()
    world.extra.rmdir()
    findings = await world.workspace().check()
    assert [each.level for each in findings] == ["ok", "warn", "ok"]
    assert str(world.extra) in findings[1].text
    assert findings[1].fix

"""The Dockerfile, built by buildah and started with nothing writable but its volume.

There is no docker engine where this runs and no registry of images to ask, so the base is a Debian
of the same release with the same minor of Python, made here by debootstrap; the Dockerfile is
built on it as it is. What is built runs as process 1 of its own namespace, as a user of no name,
without capabilities, on a read-only root.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fake_openai import fake_openai, serve
from ledger import sent, states, until
from outsider import ROOT, makes_a_draft
from wire import PATIENCE, Pipes

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(
        shutil.which("apt-get") is None or os.geteuid() != 0, reason="needs root on a Debian"
    ),
]
BUILDERS = {"buildah": "buildah", "debootstrap": "debootstrap", "unshare": "util-linux"}
PACKAGES = "ca-certificates,python3,python3-pip,python3-venv"
NOBODY = "12345"
# What a container engine does, in words of the shell: the root read-only, the volume not, a /proc
# and a /dev, no rights, no environment but the image's. `exec` all the way: aquatint is process 1.
ENGINE = """\
set -e
root=$1 volume=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$volume" "$root/pictures"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid {nobody} --regid {nobody} --clear-groups \\
  --no-new-privs --bounding-set=-all env -i "$@"
"""


@dataclass(frozen=True)
class Image:
    """A built image: its root folder, and what it says about starting it."""

    root: Path
    config: dict[str, Any]

    def run(self, images: Path, *arguments: str, **environ: str) -> list[str]:
        """The command that an engine would turn `docker run -i -e ... -v ...` into."""
        given = [*self.config["Env"], *(f"{name}={value}" for name, value in environ.items())]
        inside = [*given, *self.config["Entrypoint"], *arguments]
        engine = ["sh", "-c", ENGINE.format(nobody=NOBODY), "engine", str(self.root), str(images)]
        return ["unshare", "--mount", "--pid", "--fork", *engine, *inside]


def shell(*command: str, cwd: Path = ROOT) -> str:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    told = subprocess.run(
        command, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert told.returncode == 0, f"{command}\n{told.stdout[-3000:]}{told.stderr[-3000:]}"
    return told.stdout.strip()


def base(folder: Path) -> None:
    """What python:3.11-slim-bookworm is, as far as the Dockerfile looks at it."""
    shell("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(folder))
    (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    # What this machine needs in order to reach its mirrors.
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", folder / "etc/ssl/certs")
    for one in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(one, folder / "etc/apt/apt.conf.d")
    shutil.rmtree(folder / "var/cache/apt/archives")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Generator[Image]:
    if missing := [package for tool, package in BUILDERS.items() if not shutil.which(tool)]:
        shell("apt-get", "update", "-qq")
        shell("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    folder = tmp_path_factory.mktemp("image")
    base(folder / "base")
    state = ["--root", str(folder / "store"), "--runroot", str(folder / "run")]

    def buildah(*arguments: str) -> str:
        return shell("buildah", *state, "--storage-driver", "overlay", *arguments)

    try:
        empty = buildah("from", "scratch")
        buildah("copy", "--quiet", empty, str(folder / "base"), "/")
        buildah("commit", "--quiet", "--rm", empty, "localhost/base")
        how = ["--isolation", "chroot", "--network", "host", "--pull=never"]
        buildah("build", *how, "--build-arg", "BASE=localhost/base", "--tag", "aquatint", ".")
        told = json.loads(buildah("inspect", "--type", "image", "localhost/aquatint"))
        root = buildah("mount", buildah("from", "--pull-never", "localhost/aquatint"))
        yield Image(Path(root), told["OCIv1"]["config"])
    finally:
        buildah("umount", "--all")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """The volume, which belongs to the one user who may write there."""
    volume = tmp_path / "pictures"
    volume.mkdir()
    os.chown(volume, int(NOBODY), int(NOBODY))
    return volume


@contextmanager
def started(command: list[str]) -> Generator[tuple[Pipes, int]]:
    """A container and the process id, outside, of its process 1."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        server = Pipes(process, modern=True)
        reader = threading.Thread(target=server.listen, daemon=True)
        reader.start()
        try:
            server.alive()
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            yield server, int(children.read_text())
        finally:
            process.kill()
            reader.join(PATIENCE)


async def test_anybody_may_start_it_with_the_volume_alone_writable(
    image: Image, images: Path, tmp_path: Path
) -> None:
    command = image.run(images, AQUATINT_MIN_FREE="0")
    kept = {"PATH": os.environ["PATH"]}
    await makes_a_draft(command, kept, Path("/pictures"), seen=images)


def test_every_script_has_its_letters(image: Image, images: Path) -> None:
    told = subprocess.run(
        image.run(images, "doctor", "--json"), capture_output=True, text=True, check=False
    )
    fonts = [one for one in json.loads(told.stdout) if one["group"].startswith("Fonts")]
    assert fonts
    assert {one["level"] for one in fonts} == {"ok"}, fonts


def test_it_is_told_what_the_registry_asks_for(image: Image) -> None:
    assert image.config["User"] == "10001:10001"
    assert image.config["Volumes"] == {"/pictures": {}}
    assert image.config["Labels"]["io.modelcontextprotocol.server.name"].endswith("/aquatint")
    assert not list(image.root.glob("opt/aquatint/lib/*/site-packages/c2pa"))
    assert not (image.root / "build").exists()


@pytest.mark.parametrize("how", ["its input ends", "docker stop"])
def test_a_paid_picture_is_waited_for_when_it_is_stopped(
    how: str, image: Image, images: Path
) -> None:
    provider = fake_openai()
    held = provider.hold()
    with serve(provider) as address:
        account = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{address}/v1"}
        with started(image.run(images, AQUATINT_MIN_FREE="0", **account)) as (server, first):
            assert Path(f"/proc/{first}/root").readlink() != Path("/")
            call = {"name": "generate_image", "arguments": {"prompt": "fox", "reply": "path"}}
            server.send(server.request(1, "tools/call", call))
            until(lambda: sent(images) == 1 and len(provider.paid) == 1)
            if how == "docker stop":
                os.kill(first, signal.SIGTERM)
            else:
                assert server.process.stdin
                server.process.stdin.close()
            held.release()
            assert server.process.wait(PATIENCE) == 0
    assert states(images) == ["done"]
    assert len(provider.paid) == 1
    assert [path.read_bytes() for path in images.glob("*.png")] == [provider.last]

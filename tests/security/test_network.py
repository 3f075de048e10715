"""The promise of silence: no connection but to the provider, and none at all at start."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fake_openai import fake_openai, serve
from inherited import inherited
from wire import Pipes, pipes

ROOT = Path(__file__).parents[2]
# Runs the command line, and writes down every name that is looked up and address that is dialled.
WATCHED = """
import sys
told = open(sys.argv.pop(1), "a", buffering=1)
def watch(event, given):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        told.write(f"{event} {given}\\n")
    if event == "socket.connect" and isinstance(given[1], tuple):
        told.write(f"{event} {given[1]}\\n")
sys.addaudithook(watch)
from aquatint.cli.main import run
raise SystemExit(run(sys.argv[1:]))
"""
# Raises the loopback of a new network namespace, the only interface it has, then runs a program.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sH14s", b"lo", 1, b""))
os.execv(sys.argv[1], sys.argv[1:])
"""


@functools.cache
def alone() -> list[str]:
    """The command that runs another in a network namespace of its own; empty where none can be."""
    if not shutil.which("unshare"):
        return []
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        prefix = [*command, sys.executable, "-c", ALONE]
        if subprocess.run([*prefix, "/bin/true"], capture_output=True, check=False).returncode == 0:
            return prefix
    return []


def watched(tmp_path: Path) -> tuple[list[str], Path]:
    script, log = tmp_path / "watched.py", tmp_path / "network.txt"
    script.write_text(WATCHED)
    log.touch()
    return [str(script), str(log)], log


def draw(server: Pipes, number: int) -> bool:
    arguments = {"prompt": "a fox", "size": "1024x1024", "reply": "path"}
    answer = server.ask(number, "tools/call", {"name": "generate_image", "arguments": arguments})
    return not answer["result"].get("isError", False)


def test_a_session_without_a_key_dials_nobody(tmp_path: Path) -> None:
    arguments, log = watched(tmp_path)
    with pipes(tmp_path / "home", arguments=arguments) as server:
        server.alive()
        assert draw(server, 1)
    assert log.read_text() == ""


def test_a_session_with_a_key_dials_the_provider_only_and_not_at_start(tmp_path: Path) -> None:
    arguments, log = watched(tmp_path)
    fake = fake_openai()
    with serve(fake) as url:
        environ = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{url}/v1"}
        # In this process, where the audit hook is: a worker would be another.
        environ["AQUATINT_WORKER"] = "false"
        with pipes(
            tmp_path / "home", arguments=arguments, modern=True, capabilities=None, **environ
        ) as server:
            server.alive()
            assert log.read_text() == ""
            assert draw(server, 1)
    port = url.rsplit(":", 1)[1]
    lines = log.read_text().splitlines()
    assert lines
    assert all("127.0.0.1" in line and port in line for line in lines), lines


def test_importing_every_module_opens_no_socket(tmp_path: Path) -> None:
    modules = sorted(
        path.relative_to(ROOT / "server").with_suffix("").as_posix().replace("/", ".")
        for path in (ROOT / "server/aquatint").rglob("*.py")
        if path.stem != "__main__"
    )
    script = (
        "import sys, importlib\n"
        "def watch(event, _):\n"
        "    if event.startswith('socket.'): raise SystemExit(event)\n"
        "sys.addaudithook(watch)\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *modules], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not alone(), reason="needs a network namespace (unshare)")
def test_the_server_starts_and_draws_where_there_is_no_network(tmp_path: Path) -> None:
    done = subprocess.run(
        [*alone(), sys.executable, "-m", "aquatint", "draw", "a fox", "--size", "64x64"],
        env=inherited("PATH") | {"AQUATINT_HOME": str(tmp_path), "AQUATINT_MIN_FREE": "0"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.png"))) == 1


@pytest.mark.full
@pytest.mark.skipif(not alone(), reason="needs a network namespace (unshare)")
def test_the_tests_of_addresses_pass_in_a_network_namespace_of_their_own() -> None:
    files = ["tests/contract/test_fetch.py", "tests/unit/test_addresses.py"]
    pytest_run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(
        [*alone(), *pytest_run], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout

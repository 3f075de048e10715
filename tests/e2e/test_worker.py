"""The worker as processes: whoever is killed, no paid picture is lost, and none is paid twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from fake_openai import FakeOpenAI, fake_openai, serve
from inherited import inherited
from ledger import jobs, sent, states, until
from wire import PATIENCE, Pipes

KEY = "sk-test"
CALL: dict[str, Any] = {"prompt": "A red fox", "reply": "path"}
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@pytest.fixture
def provider() -> FakeOpenAI:
    return fake_openai()


@pytest.fixture
def url(provider: FakeOpenAI) -> Generator[str]:
    with serve(provider) as address:
        yield f"{address}/v1"


@contextmanager
def serving(home: Path, url: str, **environ: str) -> Generator[Pipes]:
    """A server process, leader of its group as hosts start it; killed at the end if it must be."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": url,
        "AQUATINT_HOME": str(home),
        "AQUATINT_MIN_FREE": "0",
        **inherited("PATH"),
        **environ,
    }
    with (
        (home.parent / "stderr.txt").open("wb") as complaints,
        subprocess.Popen(
            [sys.executable, "-m", "aquatint"],
            env=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd="/",
            start_new_session=True,
        ) as process,
    ):
        pipes = Pipes(process, modern=True)
        reader = threading.Thread(target=pipes.listen, daemon=True)
        reader.start()
        try:
            yield pipes
        finally:
            process.kill()
            reader.join(PATIENCE)


def call(server: Pipes, identity: int, tool: str = "generate_image", **arguments: Any) -> None:
    asked = {**CALL, **arguments} if tool == "generate_image" else arguments
    server.send(server.request(identity, "tools/call", {"name": tool, "arguments": asked}))


def answer(server: Pipes, identity: int) -> dict[str, Any]:
    return server.answers([identity])[0]["result"]


def listed(home: Path, url: str) -> list[dict[str, Any]]:
    """What a new server finds."""
    with serving(home, url) as server:
        call(server, 1, "recent_images")
        return answer(server, 1)["structuredContent"]["images"]


def by(lease: str, home: Path) -> str:
    """The role and the process id of a lease."""
    return (home / f".aquatint/runners/{lease}.lock").read_text().strip()


def worker_of(server: Pipes) -> int | None:
    """The process id of a server's worker, if it has one."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if parent == server.process.pid and b"aquatint.worker" in command:
            return int(stat.parent.name)
    return None


def gone(process: int | None) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.full  # in `make test` the short faults do the same
def test_a_killed_group_loses_no_picture(home: Path, url: str, provider: FakeOpenAI) -> None:
    held = provider.hold()
    with serving(home, url) as server:
        call(server, 1)
        until(lambda: provider.paid)
        worker = worker_of(server)
        os.killpg(server.process.pid, signal.SIGKILL)
    held.release()
    until(lambda: gone(worker))
    assert states(home) == ["done"]
    assert len(provider.paid) == 1
    (image,) = listed(home, url)
    assert Path(image["path"]).read_bytes() == provider.last


def test_a_killed_worker_is_told_as_unknown_and_the_next_call_has_a_new_one(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    with serving(home, url) as server:
        call(server, 1)
        until(lambda: provider.paid)
        worker = worker_of(server)
        assert worker
        os.kill(worker, signal.SIGKILL)
        held.release(2)
        told = answer(server, 1)
        assert told["isError"]
        assert "money spent: unknown" in told["content"][0]["text"]
        call(server, 2)
        assert answer(server, 2)["structuredContent"]["status"] == "done"
        assert worker_of(server) not in {worker, None}
    assert states(home) == ["unknown", "done"]
    assert jobs(home)[0]["cost"] == jobs(home)[0]["estimate"]
    assert len(provider.paid) == 2


def test_a_stopped_worker_is_told_by_the_deadline_and_what_it_finishes_later_is_kept(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    with serving(home, url, AQUATINT_DEADLINE="6") as server:
        call(server, 1)
        until(lambda: provider.paid)
        stopped = worker_of(server)
        assert stopped
        os.kill(stopped, signal.SIGSTOP)
        told = answer(server, 1)
        assert told["isError"]
        assert "code: worker_not_answering" in told["content"][0]["text"]
        assert "money spent: unknown" in told["content"][0]["text"]
        assert states(home) == ["unknown"]
        held.release(2)
        call(server, 2, prompt="A blue fox")
        assert answer(server, 2)["structuredContent"]["status"] == "done"
        assert len(provider.paid) == 2
        command = [sys.executable, "-m", "aquatint", "doctor", "--offline"]
        environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url, "AQUATINT_HOME": str(home)}
        doctor = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
        assert f"process {stopped}, of another server, does not answer" in doctor.stdout
        os.kill(stopped, signal.SIGCONT)
        until(lambda: states(home) == ["done", "done"])  # the reply waited, and is not too late
    assert len(provider.paid) == 2
    assert len(list(home.glob("*.png"))) == 2


def test_an_early_look_is_seen_by_every_process_until_the_picture_is_there(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    provider.mode = "early_then_held"

    def running(server: Pipes, identity: int) -> list[dict[str, Any]]:
        call(server, identity, "studio_page", op="jobs", args="{}")
        return json.loads(answer(server, identity)["content"][0]["text"])["running"]

    with (
        serving(home, url, AQUATINT_PARTIALS="1") as server,
        serving(home, url) as other,
    ):
        call(server, 1)
        identities = iter(range(2, 10_000))
        until(lambda: any(one["look"] for one in running(other, next(identities))))
        ((job,), (same,)) = running(server, 10_000), running(other, 10_000)
        assert job["look"] == same["look"]
        assert job["look"].startswith("data:image/")
        held.release()
        assert answer(server, 1)["structuredContent"]["status"] == "done"
        assert running(other, 10_001) == []
    assert list((home / ".aquatint/parts").iterdir()) == []


@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP])
def test_a_large_draft_has_a_worker_without_a_key_and_what_that_loses_costs_nothing(
    home: Path, fate: signal.Signals
) -> None:
    large: dict[str, Any] = {"model": "draft", "size": "3840x3840", "fresh": True}
    with serving(home, "", OPENAI_API_KEY="", AQUATINT_DEADLINE="5") as server:
        call(server, 1, **large)
        assert answer(server, 1)["structuredContent"]["status"] == "done"
        worker = worker_of(server)
        assert worker
        call(server, 2, **large)
        until(lambda: sent(home) == 2)
        assert by(jobs(home)[-1]["sender"], home) == f"worker {worker}"
        os.kill(worker, fate)
        told = answer(server, 2)
        if told["isError"]:  # else it was quicker
            said = told["content"][0]["text"]
            assert re.search("code: (worker_not_answering|worker_died|interrupted)", said), said
            assert "money spent: no" in said
        call(server, 3, **large)
        assert answer(server, 3)["structuredContent"]["status"] == "done"
        if fate == signal.SIGSTOP:
            os.kill(worker, signal.SIGCONT)
    assert not sum(row["cost"] or 0 for row in jobs(home))


def test_a_worker_that_goes_on_before_the_deadline_answers_as_ever(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    held = provider.hold()  # the first call is at the provider when its worker stops
    with serving(home, url, AQUATINT_DEADLINE="60", AQUATINT_CONCURRENCY="1") as server:
        call(server, 1)
        until(lambda: provider.paid)
        call(server, 2, prompt="A blue fox")
        until(lambda: len(states(home)) == 2)
        stopped = worker_of(server)
        assert stopped
        os.kill(stopped, signal.SIGSTOP)
        held.release(3)
        assert answer(server, 2)["structuredContent"]["status"] == "done"  # by a fresh worker
        os.kill(stopped, signal.SIGCONT)
        assert answer(server, 1)["structuredContent"]["status"] == "done"
        call(server, 3, prompt="A red hen")
        assert answer(server, 3)["structuredContent"]["status"] == "done"
    assert states(home) == ["done"] * 3
    assert len(provider.paid) == 3


@pytest.mark.full  # in `make test` the short faults do the same
@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGHUP"])
def test_a_server_that_ends_leaves_its_paid_call_to_the_worker(
    home: Path, url: str, provider: FakeOpenAI, how: str
) -> None:
    held = provider.hold()
    with serving(home, url) as server:
        call(server, 1)
        until(lambda: provider.paid)
        worker = worker_of(server)
        if how == "end of input":
            assert server.process.stdin
            server.process.stdin.close()
        else:
            server.process.send_signal(signal.Signals[how])
        assert server.process.wait(PATIENCE) == 0
        assert not provider.drawn  # it did not wait
        held.release()
    until(lambda: gone(worker))
    assert states(home) == ["done"]
    assert len(list(home.glob("*.png"))) == 1


def test_the_key_is_in_no_command_line_and_no_other_environment(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    provider.keys = None
    held = provider.hold()
    key = f"sk-canary-{os.urandom(8).hex()}"
    with serving(home, url, OPENAI_API_KEY=key) as server:
        call(server, 1)
        until(lambda: provider.paid)
        assert worker_of(server)
        found: list[str] = []
        for file in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
            try:
                known = key.encode() in file.read_bytes()
            except OSError:
                continue
            if known:
                found.append(str(file))
        held.release()
        answer(server, 1)
    assert found == [f"/proc/{server.process.pid}/environ"]  # as the host started it
    assert provider.paid[0].headers["authorization"] == f"Bearer {key}"


def test_a_server_with_a_worker_never_loads_the_providers_library(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    with serving(home, url, PYTHONPROFILEIMPORTTIME="1") as server:
        server.alive()
        call(server, 1)
        assert answer(server, 1)["structuredContent"]["status"] == "done"
        call(server, 2, "recent_images", sheet=True)
        answer(server, 2)
    imported = re.compile(r"^import time:.*\| +openai$", re.MULTILINE)
    assert not imported.search((home.parent / "stderr.txt").read_text())
    assert imported.search((home / ".aquatint" / "worker.log").read_text())


@pytest.mark.parametrize("worker", ["true", "false"])
def test_a_call_cancelled_before_it_was_sent_is_dropped_at_no_cost(
    home: Path, url: str, provider: FakeOpenAI, worker: str
) -> None:
    held = provider.hold()
    with serving(home, url, AQUATINT_CONCURRENCY="1", AQUATINT_WORKER=worker) as server:
        call(server, 1, prompt="one")
        until(lambda: provider.paid)
        assert (worker_of(server) is None) == (worker == "false")
        call(server, 2, prompt="two")
        until(lambda: len(jobs(home)) == 2)
        server.send(
            b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}'
        )
        until(lambda: "failed" in states(home))
        held.release()
        assert answer(server, 1)["structuredContent"]["status"] == "done"
    assert states(home) == ["done", "failed"]
    assert jobs(home)[1]["cost"] == 0
    assert [got.fields["prompt"] for got in provider.paid] == ["one"]


def test_a_worker_told_to_end_finishes_what_was_sent_and_drops_the_rest(
    home: Path, url: str, provider: FakeOpenAI
) -> None:
    held = provider.hold()
    with serving(home, url, AQUATINT_CONCURRENCY="1") as server:
        call(server, 1, prompt="one")
        until(lambda: provider.paid)
        call(server, 2, prompt="two")
        until(lambda: len(jobs(home)) == 2)
        worker = worker_of(server)
        assert worker
        os.kill(worker, signal.SIGHUP)
        os.kill(worker, signal.SIGINT)
        os.kill(worker, signal.SIGTERM)
        held.release(2)
        assert answer(server, 1)["structuredContent"]["status"] == "done"
        until(lambda: gone(worker))
        until(lambda: "intent" not in states(home))
    assert states(home)[0] == "done"
    assert sent(home) <= 2


async def test_the_doctor_starts_the_worker_and_says_how_it_is(home: Path, url: str) -> None:
    for worker, word in (
        ("true", r"ok +worker +answers"),
        ("false", r"warn +worker +not used"),
    ):
        environ = {
            **inherited(),
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": url,
            "AQUATINT_HOME": str(home),
            "AQUATINT_WORKER": worker,
        }
        command = [sys.executable, "-m", "aquatint", "doctor"]
        done = await anyio.run_process(command, env=environ, check=False)
        assert re.search(word, done.stdout.decode()), done.stderr

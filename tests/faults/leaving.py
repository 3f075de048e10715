"""Table 3b, the part about money: hosts that cancel, hang up, leave, and kill."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters

from .bench import Bench, each
from .evidence import Result, jobs
from .processes import PATIENCE, Host, Workspace, environ, until, workers, workspace

DEADLINE = 3.0  # seconds, where a worker is stopped before it
CALLS = 3  # in flight when a server is left


def revisions(times: int) -> list[bool]:
    """Both, modern first; a short run has time for that one."""
    return [True, False] if times > CALLS else [True]


def seen(bench: Bench, prompts: list[str]) -> bool:
    """Whether the provider has all of these requests."""
    return until(lambda: {one.prompt for one in bench.provider.asked()} >= set(prompts), 30)


def cancelled(bench: Bench, times: int) -> Result:
    """`notifications/cancelled` at random moments of a call, in both revisions."""
    found = Result()
    for modern in revisions(times):
        home = bench.home("cancel")
        with Host(home, bench.provider.settings(), modern=modern) as host:
            host.answer(host.generate(bench.prompt(home)))  # starts the worker
            for _ in range(times):
                number = host.generate(bench.prompt(home, "after=0.3"))
                time.sleep(bench.chance.uniform(0, 0.4))
                host.cancel(number)
            alive = host.result("recent_images")
            found.expect("structuredContent" in alive, "the server does not answer any more")
            found.injections += times
        found.add(bench.verdict(home))
    return found


def hung_up(bench: Bench, times: int) -> Result:
    """HTTP connections that close while a picture is drawn, in both revisions."""
    found = Result()
    for modern in revisions(times):
        home = bench.home("hangup")
        with workspace(home, bench.provider.settings()) as http:
            session = None if modern else http.session()
            http.post(bench.prompt(home), session, PATIENCE)  # starts the worker

            def leave(
                _: int, home: Path = home, http: Workspace = http, name: str | None = session
            ) -> None:
                http.post(bench.prompt(home, "after=0.4"), name, bench.chance.uniform(0.1, 0.6))

            each(leave, times)
            found.injections += times
            until(lambda home=home: all(row["state"] != "intent" for row in jobs(home)), 30)
        found.add(bench.verdict(home))
    return found


def terminated_door(bench: Bench, times: int) -> Result:
    """SIGTERM to an HTTP server with calls in flight."""
    home, found = bench.home("httpterm"), Result()

    def trial(number: int) -> None:
        with workspace(home, bench.provider.settings()) as http, ThreadPoolExecutor() as pool:
            session = http.session() if number % 2 else None
            prompts = [bench.prompt(home, "after=0.6") for _ in range(CALLS)]
            asking = [pool.submit(http.post, prompt, session, 20) for prompt in prompts]
            found.expect(seen(bench, prompts), "the calls did not reach the provider")
            http.process.send_signal(signal.SIGTERM)
            found.expect(http.exits(30) is not None, "it did not end")
            wait(asking)

    each(trial, times)
    found.injections = times
    found.add(bench.verdict(home))
    return found


@dataclass(frozen=True, slots=True)
class Departure:
    """How a stdio host leaves, and whether what it leaves behind can still be paid for and kept."""

    leave: Callable[[Host], None]
    code: int | None = None  # exit code that is promised, within two seconds once it is up
    may_lose: bool = False  # the payer dies too: then the loss must be known
    worker: bool = True

    def __call__(self, bench: Bench, times: int) -> Result:
        home, found = bench.home("leave"), Result(injections=times)
        took: dict[bool, list[float]] = {True: [], False: []}  # by whether it was up

        def trial(number: int) -> None:
            settings = {**bench.provider.settings(), "AQUATINT_WORKER": str(self.worker)}
            host = Host(home, settings, modern=number % 2 == 0)
            prompts = [
                bench.prompt(home, f"after={bench.chance.uniform(0.2, 0.6):.2f}")
                for _ in range(CALLS)
            ]
            for prompt in prompts:
                host.generate(prompt)
            if number % 3:
                found.expect(seen(bench, prompts), "the calls did not reach the provider")
                time.sleep(bench.chance.uniform(0, 0.6))
            else:  # any moment of the start and of the calls
                time.sleep(bench.chance.uniform(0, 2.0))
            began = time.monotonic()
            self.leave(host)
            code = host.exits(30)
            took[number % 3 > 0].append(time.monotonic() - began)
            if self.code is not None and number % 3:  # before it is up, a signal just ends it
                found.expect(code == self.code, f"exit code {code}")
            found.expect(not host.bad_lines, f"not JSON-RPC: {host.bad_lines[:1]}")
            host.__exit__()

        each(trial, times)
        if self.code is not None:
            up, starting = (max(took[is_up], default=0.0) for is_up in (True, False))
            found.note = f"gone in {up:.1f} s, {starting:.1f} s while it starts"
            found.expect(up < 2 or not bench.strict, found.note)
        found.add(bench.verdict(home, may_lose=self.may_lose))
        return found


def with_signal(number: signal.Signals) -> Callable[[Host], None]:
    return lambda host: host.process.send_signal(number)


def kill_both(host: Host) -> None:
    """As when a container ends: the server and its worker at once."""
    with suppress(ProcessLookupError):
        for pid in workers(host.home):
            if _parent(pid) == host.process.pid:
                os.kill(pid, signal.SIGKILL)
    host.kill_group()


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


EOF = Departure(Host.eof, code=0)
SIGTERM = Departure(with_signal(signal.SIGTERM), code=0)
SIGHUP = Departure(with_signal(signal.SIGHUP), code=0)
KILLPG = Departure(Host.kill_group)
KILLED_BOTH = Departure(kill_both, may_lose=True)
KILLED_ALONE = Departure(Host.kill_group, may_lose=True, worker=False)


def official_client(bench: Bench, times: int) -> Result:
    """The SDK's client closes while a call is drawn: stdin first, then SIGTERM, then SIGKILL."""
    home = bench.home("official")

    async def close_early(mode: str, prompt: str) -> None:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "aquatint"],
            env=environ(home, bench.provider.settings()),
            cwd="/",
        )
        async with (
            Client(server, mode=mode) as client,  # pyright: ignore[reportArgumentType]
            anyio.create_task_group() as group,
        ):
            group.start_soon(client.call_tool, "generate_image", {"prompt": prompt})
            await anyio.to_thread.run_sync(seen, bench, [prompt])
            group.cancel_scope.cancel()

    def trial(number: int) -> None:
        prompt = bench.prompt(home, "after=0.5")
        anyio.run(close_early, "auto" if number % 2 else "legacy", prompt)

    each(trial, times)
    found = Result(injections=times)
    found.add(bench.verdict(home))
    found.expect(found.paid == times, f"{found.paid} of {times} calls were sent")
    return found


def press_killed(bench: Bench, times: int) -> Result:
    """kill -9 of the worker: what was sent is unknown and never run again, the rest goes on."""
    home, found = bench.home("worker"), Result(injections=times)
    with Host(home, {**bench.provider.settings(), "AQUATINT_CONCURRENCY": "2"}) as host:
        for number in range(times):
            prompts = [
                bench.prompt(home, f"after={bench.chance.uniform(0.2, 0.5):.2f}") for _ in range(4)
            ]
            calls = [host.generate(prompt) for prompt in prompts]
            if number % 2:
                until(partial(begun, bench, prompts), 30)
            until(lambda: workers(home), 30)
            time.sleep(bench.chance.uniform(0, 0.6))
            for pid in workers(home):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            answers = [host.answer(one) for one in calls]
            found.expect(all(answers), "a call was never answered")
    found.add(bench.verdict(home, may_lose=True))
    ends = [row["state"] for row in jobs(home)]
    found.note = f"{ends.count('done')} kept, {ends.count('unknown')} told as unknown"
    found.expect(len(ends) == 4 * times, f"{len(ends)} rows of {4 * times} calls")
    return found


def stopped_late(bench: Bench, times: int) -> Result:
    """SIGSTOP of the worker a moment before its call is due, when its last beat tells nothing yet.

    Told by the deadline and a second; what it finishes later is kept.
    """
    found = Result(injections=times)
    longest = 0.0
    for _ in range(times):
        home = bench.home("late")
        settings = {**bench.provider.settings(), "AQUATINT_DEADLINE": str(DEADLINE)}
        with Host(home, settings) as host:
            host.answer(host.generate(bench.prompt(home, "warm")))
            prompt = bench.prompt(home, f"after={DEADLINE - 0.5}")
            call = host.generate(prompt)
            until(partial(begun, bench, [prompt]), 30)
            began = time.monotonic()
            [worker] = workers(home)
            time.sleep(DEADLINE - bench.chance.uniform(0.6, 1.5))
            os.kill(worker, signal.SIGSTOP)
            told = json.dumps(host.answer(call))
            longest = max(longest, time.monotonic() - began - DEADLINE)
            found.expect("code: worker_not_answering" in told, told[:300])
            found.expect("money spent: unknown" in told, told[:300])
            os.kill(worker, signal.SIGCONT)
            found.expect(until(partial(done, home, prompt), 30), "what it finished was not kept")
        found.add(bench.verdict(home))
    found.note = f"told {longest:.2f} s after the deadline at most"
    found.expect(longest <= 1.0 or not bench.strict, found.note)
    return found


def begun(bench: Bench, prompts: list[str]) -> bool:
    return any(one.prompt in prompts for one in bench.provider.asked())


def done(home: Path, prompt: str) -> bool:
    return [row["state"] for row in jobs(home, prompt)] == ["done"]


def asked_again(bench: Bench, times: int) -> Result:
    """The same call after the host's timeout, from the same and from another server, and fresh."""
    found = Result()
    for modern in revisions(times):
        home = bench.home("again")
        settings = bench.provider.settings()
        with (
            Host(home, settings, modern=modern) as host,
            Host(home, settings, modern=modern) as other,
        ):
            for number in range(times):
                prompt = bench.prompt(home, "after=0.3")
                first = host.generate(prompt)
                seen(bench, [prompt])
                host.cancel(first)
                if number % 2:
                    until(partial(done, home, prompt), 30)
                again = (other if number % 3 else host).result("generate_image", prompt=prompt)
                told = again.get("structuredContent", {})
                found.expect(told.get("reused"), f"not reused: {str(again)[:200]}")
                found.injections += 1
        found.add(bench.verdict(home))
    home = bench.home("fresh")
    with Host(home, bench.provider.settings()) as host:
        prompt = bench.prompt(home, "after=0.2")
        calls = [host.generate(prompt, fresh=True) for _ in range(2)]
        found.expect(all(map(host.answer, calls)), "fresh calls were not answered")
    twice = bench.verdict(home, hits=2)
    found.expect(twice.hits == 2, f"fresh paid {twice.hits} times for 2 calls")
    found.broken += twice.broken
    return found

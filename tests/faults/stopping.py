"""Table 3b, processes that stop without ending, catalogs that are held, homes that vanish."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from functools import partial

from .bench import Bench
from .evidence import CATALOG, Result, jobs
from .leaving import done, seen
from .processes import Host, until, workers

DEADLINE = 4.0  # seconds, AQUATINT_DEADLINE of these servers


def stopped_worker(bench: Bench, times: int) -> Result:
    """SIGSTOP of the worker with a call in flight; SIGCONT once it was told as unknown."""
    found = Result(injections=times)
    home = bench.home("stopped")
    settings = {**bench.provider.settings(), "AQUATINT_DEADLINE": str(DEADLINE)}
    slowest = 0.0
    with Host(home, settings) as host:
        for _ in range(times):
            prompt = bench.prompt(home, "after=1")
            host.answer(host.generate(bench.prompt(home)))
            call = host.generate(prompt)
            began = time.monotonic()
            found.expect(seen(bench, [prompt]), "the call did not reach the provider")
            stopped = workers(home)
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            told = json.dumps(host.answer(call))
            slowest = max(slowest, time.monotonic() - began)
            found.expect("code: worker_not_answering" in told, told[:300])
            again = host.answer(host.generate(bench.prompt(home)))
            found.expect(not again.get("isError", True), f"no fresh worker: {str(again)[:300]}")
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
            found.expect(until(partial(done, home, prompt), 30), "what it finished was not kept")
    found.note = f"answered after {slowest:.1f} s of {DEADLINE:.0f}"
    found.expect(slowest <= DEADLINE + 1 or not bench.strict, found.note)
    found.add(bench.verdict(home))
    return found


def held_catalog(bench: Bench, times: int) -> Result:
    """Another process holds the catalog while pictures come: answered, and listed afterwards."""
    found = Result(injections=times)
    home = bench.home("held")
    with Host(home, bench.provider.settings()) as host:
        host.answer(host.generate(bench.prompt(home)))
        for _ in range(times):
            prompt = bench.prompt(home, "after=0.5")
            call = host.generate(prompt)
            found.expect(seen(bench, [prompt]), "the call did not reach the provider")
            with closing(sqlite3.connect(home / CATALOG, isolation_level=None)) as other:
                until(lambda other=other: other.execute("BEGIN EXCLUSIVE"))
                told = json.dumps(host.answer(call))
            found.expect("not listed yet" in told, told[:300])
            found.expect(until(partial(done, home, prompt), 60), "it was never listed")
    found.add(bench.verdict(home))
    return found


def vanished_home(bench: Bench, times: int) -> Result:
    """The home is deleted under an idle server and its worker: the next call makes a new one."""
    found = Result(injections=times)
    home = bench.home("vanished")
    with Host(home, bench.provider.settings()) as host:
        for _ in range(times):
            host.answer(host.generate(bench.prompt(home)))
            shutil.rmtree(home)
        prompt = bench.prompt(home, "after=1")
        call = host.generate(prompt)
        found.expect(seen(bench, [prompt]), "the call did not reach the provider")
        with Host(home, bench.provider.settings()) as other:  # which sorts out what the dead left
            other.result("recent_images")
            told = host.answer(call)
        found.expect(not told.get("isError", True), str(told)[:300])
    states = [row["state"] for row in jobs(home)]
    found.expect(states == ["done"], f"the rows say {states}")
    found.paid = times + 1
    return found
